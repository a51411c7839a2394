"""The received documents that the service has handed out and reserved for us.

Promise   holds at most `ROOM` documents; one that was not fetched yet never makes room for another.  What is known of a
          reservation outlives its document.
Needs     a clock.  Used by several threads at once.
Crash     all of it is gone: a cache.  The service hands the documents out again when their reservations end.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, TypeVar

from faxdaemon.contracts.clock import Clock
from faxdaemon.core.model import Listed

ROOM = 8
"""Documents kept at the same time."""
_REMEMBERED = 10_000
"""Reservations and deleted faxes that are remembered."""
_BLOCK = 64 * 1024

T = TypeVar("T")


@dataclass(slots=True)
class Held:
    """One document, reserved for us."""

    listed: Listed
    doc_id: str
    until: float
    """The end of the reservation, on the monotonic clock: early rather than late."""
    file: BinaryIO
    fetched: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def copy(self, write: Callable[[bytes], object]) -> bool:
        """Pass it on; False when it was given up meanwhile.  What `write` raises passes."""
        with self.lock:
            if self.file.closed:
                return False
            self.file.seek(0)
            while piece := self.file.read(_BLOCK):
                write(piece)
            self.fetched = True
            return True

    def close(self) -> None:
        """Give the document up."""
        with self.lock:
            self.file.close()


@dataclass(frozen=True, slots=True)
class Reservation:
    """By what a document is deleted, and for how long that name is surely good."""

    doc_id: str
    until: float


class Shelf:
    """What one account holds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held: OrderedDict[str, Held] = OrderedDict()
        self._reserved: OrderedDict[str, Reservation] = OrderedDict()
        self._ours: OrderedDict[str, str] = OrderedDict()
        """What tells a fax that may be deleted at the service from another one of its name, by name."""
        self._lock = threading.Lock()
        self.taking = threading.Lock()
        """Held by whoever takes in what waits."""

    def room(self) -> bool:
        """Whether another document fits; makes room where that does no harm."""
        now = self._clock.monotonic()
        with self._lock:
            spare = [n for n, h in self._held.items() if h.fetched] + [
                n for n, h in self._held.items() if h.until < now
            ]
            gone = [self._held.pop(name) for name in spare[:1]] if len(self._held) >= ROOM else []
            free = len(self._held) < ROOM
        for held in gone:
            held.close()
        return free

    def put(self, held: Held) -> bool:
        """Keep a document; False when one of that name was here already and is replaced."""
        name = held.listed.provider_id
        with self._lock:
            before = self._held.pop(name, None)
            self._held[name] = held
            _remember(self._reserved, name, Reservation(held.doc_id, held.until))
        if before:
            before.close()
        return before is None

    def get(self, name: str) -> Held | None:
        """The document of that name."""
        with self._lock:
            return self._held.get(name)

    def listed(self) -> list[Listed]:
        """What is here, in the order in which it came."""
        with self._lock:
            return [held.listed for held in self._held.values()]

    def reservation(self, name: str) -> Reservation | None:
        """The latest reservation of that fax, if this process had one."""
        with self._lock:
            return self._reserved.get(name)

    def allow_delete(self, name: str, print_: str) -> None:
        """From now on the fax may be deleted at the service whenever it is met."""
        with self._lock:
            _remember(self._ours, name, print_)

    def may_delete(self, name: str) -> str | None:
        """What `allow_delete` was told of that fax; None when it may not be deleted."""
        with self._lock:
            return self._ours.get(name)

    def drop(self, name: str) -> None:
        """It is gone at the service."""
        with self._lock:
            held = self._held.pop(name, None)
            self._reserved.pop(name, None)
        if held:
            held.close()

    def close(self) -> None:
        """Give everything up."""
        with self._lock:
            held = list(self._held.values())
            self._held.clear()
        for one in held:
            one.close()


def _remember(known: OrderedDict[str, T], name: str, value: T) -> None:
    known[name] = value
    known.move_to_end(name)
    while len(known) > _REMEMBERED:
        known.popitem(last=False)


def text_of(metadata: Mapping[str, Any], name: str) -> str:
    """A text in what a fax was listed with; empty when there is none."""
    value = metadata.get(name)
    return value if isinstance(value, str) else ""
