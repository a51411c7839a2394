"""Asking Concord and reading whether it did what was asked.

Promise   only a whole, readable answer counts.  `return` false is a definite no; what it means is told by the number
          beside it, and where nobody knows the number, by a control question: the account's settings, which need the
          same credentials and nothing else.  If that is refused, too, it is the account; if not, it was this request.
Needs     the account's identity.
Crash     keeps nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from faxdaemon.core.errors import CredentialsRefused, ProviderTrouble
from faxdaemon.http import Reply
from faxdaemon.providers._statuses import LETS_NOBODY_IN
from faxdaemon.providers.concord import values
from faxdaemon.providers.concord.errors import Errors, Kind
from faxdaemon.providers.concord.voice import Fields, Spoken, Voice

SETTINGS = "GetFaxAccountSettings"
CUT_OFF = "Concord's answer does not tell its own length, so it may have been cut off"
UNREADABLE = "Concord's answer could not be read"
_OF_THE_ACCOUNT = frozenset({Kind.CREDENTIALS, Kind.UNCLASSIFIED})

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Talk:
    """See the module."""

    voice: Voice
    who: Mapping[str, str] = field(repr=False)
    """The identity: the PIN is in it."""
    errors: Errors

    def ask(
        self, operation: str, fields: Fields, expected: Collection[Kind] = (), *, fresh: bool = False
    ) -> tuple[Kind | None, Mapping[str, Any]]:
        """A request that may be repeated: the `expected` error that it met, or None, and the answer's fields."""
        spoken = self.voice.ask(operation, {**self.who, **fields}, fresh=fresh)
        return self.judged(operation, spoken, expected), spoken.said or {}

    def judged(self, operation: str, spoken: Spoken, expected: Collection[Kind]) -> Kind | None:
        """The `expected` error of an answer, or None; every other one is raised."""
        said = heard(spoken)
        if values.truth(said.get("return")):
            return None
        code = code_of(said)
        kind = self.kind(code, operation, spoken.reply)
        if kind in expected:
            return kind
        raise (CredentialsRefused if kind is Kind.CREDENTIALS else ProviderTrouble)(self.errors.sentence(code))

    def sentence(self, said: Mapping[str, Any]) -> str:
        """The error of an answer, for people."""
        return self.errors.sentence(code_of(said))

    def kind(self, code: int | None, operation: str, reply: Reply) -> Kind:
        """What a refusal means; the control question is asked where the table does not tell.  Raises as `ask`."""
        log.warning(
            "concord.refused", operation=operation, error=code, activity=reply.headers.get("x-ch-activity-id", "")[:64]
        )
        kind = self.errors.kind(code)
        if kind is Kind.UNCLASSIFIED and operation != SETTINGS and self._account_refused():
            raise CredentialsRefused(
                f"{self.errors.sentence(code)}; it does not tell the account's settings either, so it is the user id, "
                "its PIN, or what the account may do"
            )
        return kind

    def _account_refused(self) -> bool:
        said = heard(self.voice.ask(SETTINGS, self.who))
        if values.truth(said.get("return")):
            return False
        if self.errors.kind(code_of(said)) in _OF_THE_ACCOUNT:
            return True
        raise ProviderTrouble(self.sentence(said))


def heard(spoken: Spoken) -> Mapping[str, Any]:
    """A whole answer, `return` true or false.  Raises `ProviderTrouble` or `CredentialsRefused` for anything else."""
    said = entire(spoken)
    if values.truth(said.get("return")) is None:
        raise ProviderTrouble(UNREADABLE)
    return said


def entire(spoken: Spoken) -> Mapping[str, Any]:
    """A whole answer, whatever `return` is.  Raises as `heard`."""
    reply = spoken.reply
    if reply.status in LETS_NOBODY_IN:
        raise CredentialsRefused(f"Concord answered HTTP {reply.status}: it does not let us in")
    if spoken.fault:
        raise ProviderTrouble(f"Concord answered with a SOAP fault ({fault_of(spoken)}, HTTP {reply.status})")
    if reply.status != 200:
        raise ProviderTrouble(f"Concord answered HTTP {reply.status}", reply.retry_after)
    if not reply.framed:
        raise ProviderTrouble(CUT_OFF)
    if spoken.said is None:
        raise ProviderTrouble(UNREADABLE)
    return spoken.said


def code_of(said: Mapping[str, Any]) -> int | None:
    """The error's number beside a `return` that is false."""
    error = said.get("WSError")
    return values.whole(error.get("ErrorCode")) if isinstance(error, Mapping) else None


def fault_of(spoken: Spoken) -> str:
    """A fault's code as far as it is one of SOAP's own words."""
    words = ("Client", "Server", "VersionMismatch", "MustUnderstand", "Sender", "Receiver")
    return spoken.fault if spoken.fault in words else "of another kind"
