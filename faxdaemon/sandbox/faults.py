"""What can go wrong on the way to a provider and back, as data.

Promise   a fault plays exactly `count` times, on the requests that it matches, after letting `skip` of them
          pass; a request plays at most one fault, the first that matches.
Needs     nothing.
Crash     keeps nothing: faults are gone with the sandbox.

Operations are the provider's names (`sendfax`, `status`, `listfax`, `getfax`, `delfax`, ...); `notify` is the
call-back.  A fault that names none plays where it makes sense for the provider at hand, which roles tell."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from types import MappingProxyType


class Play(StrEnum):
    """The behaviours; the words are those of the control API."""

    DROP_EARLY = "drop-early"
    """Reset the connection as soon as the headers are there: nothing was accepted."""
    DROP_BEFORE_ACCEPT = "drop-before-accept"
    """Read the whole request, then reset the connection: nothing was accepted."""
    ACCEPT_THEN_DROP = "accept-then-drop"
    """Act, then reset the connection instead of answering."""
    ACCEPT_LATE = "accept-late"
    """Like `accept-then-drop`, and the listings show the job only after `seconds`."""
    INDEX_LATE = "index-late"
    """Answer well, but the listings show the job only after `seconds`."""
    ANSWER = "answer"
    """Do not act; answer with `status` and `body`."""
    ACCEPT_THEN_ANSWER = "accept-then-answer"
    """Act, then answer with `status` and `body` as if it had not worked."""
    HTTP_ERROR = "http-error"
    """Do not act; answer `status` (503) with a page in HTML."""
    ERR01 = "err01"
    """Do not act; the provider's own words for an internal error."""
    WRONG_CREDENTIALS = "wrong-credentials"
    """Do not act; the provider's own words for a wrong password."""
    GARBAGE = "garbage"
    """Do not act; HTTP 200 with a page that means nothing."""
    SLOW_BEFORE = "slow-before"
    """Wait `seconds`, then act and answer."""
    SLOW_REPLY = "slow-reply"
    """Act, wait `seconds`, then answer."""
    STALL = "stall"
    """Act, say nothing for `seconds` (60) and reset the connection."""
    CUT_REPLY = "cut-reply"
    """Act, send half of the answer, reset the connection."""
    TRUNCATE = "truncate"
    """A download that ends half-way and claims to be whole (its length says so, too)."""
    ITEM_AGAIN = "item-again"
    """Say that a received fax was deleted, and keep it."""
    DELETED_ELSEWHERE = "deleted-elsewhere"
    """Another client deletes the received fax just before this request."""
    PURGE = "purge"
    """The provider forgets the jobs that the request asks for just before it."""
    STATUS_CACHE = "status-cache"
    """For `seconds` (30), answer the same question with the same answer."""
    NOTIFY_EARLY = "notify-early"
    """The call ends at once, and the call-back comes before the answer to the request."""
    NOTIFY_LATE = "notify-late"
    """The call-back comes `seconds` late."""
    NOTIFY_TWICE = "notify-twice"
    """The call-back comes twice."""
    NOTIFY_LOST = "notify-lost"
    """The call-back never comes."""
    NOTIFY_AFTER_NEXT = "notify-after-next"
    """The call-back comes after the one of the next job."""


class Role(Enum):
    """What a request does, whatever the provider calls it."""

    SEND = "send"
    STATUS = "status"
    FETCH = "fetch"
    """Hands out a received fax."""
    IMAGE = "image"
    """Hands out another document."""
    DELETE = "delete"
    """Gives up a received fax."""
    NOTIFY = "notify"
    """The provider's own call-back."""


_SEND = frozenset({Role.SEND})
_CALL_BACK = frozenset({Role.NOTIFY})
#: What a fault without an operation plays on; those not named here play on any request.
_USUAL: Mapping[Play, frozenset[Role]] = MappingProxyType(
    {
        Play.ACCEPT_THEN_DROP: _SEND,
        Play.DROP_BEFORE_ACCEPT: _SEND,
        Play.ACCEPT_LATE: _SEND,
        Play.INDEX_LATE: _SEND,
        Play.ACCEPT_THEN_ANSWER: _SEND,
        Play.NOTIFY_EARLY: _SEND,
        Play.TRUNCATE: frozenset({Role.FETCH, Role.IMAGE}),
        Play.DELETED_ELSEWHERE: frozenset({Role.FETCH}),
        Play.ITEM_AGAIN: frozenset({Role.DELETE}),
        Play.PURGE: frozenset({Role.STATUS}),
        Play.STATUS_CACHE: frozenset({Role.STATUS}),
        Play.NOTIFY_LATE: _CALL_BACK,
        Play.NOTIFY_TWICE: _CALL_BACK,
        Play.NOTIFY_LOST: _CALL_BACK,
        Play.NOTIFY_AFTER_NEXT: _CALL_BACK,
    }
)


@dataclass(slots=True, eq=False)
class Fault:
    """One fault to play.  `play` may be given as text."""

    play: Play | str
    operation: str | None = None
    """Only on this operation; None for the usual ones of the play."""
    account: str | None = None
    """Only on requests of this account."""
    number: str | None = None
    """Only on requests that send to this number (E.164 or the ten digits)."""
    skip: int = 0
    """Matching requests that pass unharmed before."""
    count: int = 1
    """How often it plays; 0 for ever."""
    seconds: float = 0.0
    status: int = 0
    """HTTP status of an answer; 0 for the play's own."""
    body: str | None = None
    """Text of an answer; None for the play's own."""
    played: int = field(default=0, init=False)
    """How often it has played."""

    def __post_init__(self) -> None:
        self.play = Play(self.play)


class Faults:
    """The faults that are armed; used by every request at once."""

    def __init__(self) -> None:
        self._armed: list[Fault] = []
        self._lock = threading.Lock()

    def arm(self, fault: Fault) -> Fault:
        """Let `fault` play from now on."""
        with self._lock:
            self._armed.append(fault)
        return fault

    def clear(self) -> None:
        """Play nothing any more."""
        with self._lock:
            self._armed.clear()

    def early(self) -> Fault | None:
        """The fault for a request of which only the headers are known."""
        with self._lock:
            return next((f for f in list(self._armed) if f.play is Play.DROP_EARLY and self._turn(f)), None)

    def match(self, operation: str, role: Role | None, account: str | None, number: str | None = None) -> Fault | None:
        """The fault that this request plays, if any."""
        with self._lock:
            fitting = [f for f in self._armed if f.play is not Play.DROP_EARLY]
            fitting = [f for f in fitting if _fits(f, operation, role, account, number)]
            return next((fault for fault in fitting if self._turn(fault)), None)

    def _turn(self, fault: Fault) -> bool:
        if fault.skip > 0:
            fault.skip -= 1
            return False
        fault.played += 1
        if fault.played == fault.count:
            self._armed.remove(fault)
        return True


def _fits(fault: Fault, operation: str, role: Role | None, account: str | None, number: str | None) -> bool:
    usual = _USUAL.get(Play(fault.play))
    if fault.operation is not None:
        if fault.operation != operation:
            return False
    elif role not in usual if usual is not None else role is Role.NOTIFY:
        return False
    if fault.account is not None and fault.account != account:
        return False
    return fault.number is None or (number is not None and fault.number[-10:] == number[-10:])
