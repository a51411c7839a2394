"""What a provider may tell us by itself: a status, or a received fax.

A push is a hint wherever the provider can be asked: a status push makes its job due for asking; a push of a received
fax makes the inbox due.  Where a push carries the document itself, the fax is recorded like a listed one whose document
came along, and the push is answered only after that is durable.

A provider module that understands pushes has `understand(options, request) -> Understood | NotUnderstood`.  It never
answers: the web server does, with 2xx only after everything in `Understood` is recorded.  It changes nothing and
remembers nothing, so a push that comes twice is understood twice in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from faxdaemon.contracts.provider import JobStatus
from faxdaemon.core.model import Listed


class Kind(StrEnum):
    """What stands behind the secret part of an account's push address."""

    STATUS = "status"
    FAX = "fax"


@dataclass(frozen=True, slots=True)
class Push:
    """One request to an account's push address."""

    kind: str
    """One of `Kind`."""
    method: str
    """`GET` or `POST`."""
    query: Mapping[str, str]
    """The parameters of the address, decoded."""
    headers: Mapping[str, str]
    """Lower-case names."""
    body: bytes
    """Whole; larger ones were refused before."""


@dataclass(frozen=True, slots=True)
class PushedFax:
    """A received fax; with its document when the push carried it.

    `listed.provider_id` is the very name under which the provider's list shows the fax, so that it is not taken twice.
    """

    listed: Listed
    document: bytes | None = None


@dataclass(frozen=True, slots=True)
class Understood:
    """What a push says; nothing in it means "nothing of ours", which is answered with 2xx all the same."""

    statuses: tuple[JobStatus, ...] = ()
    references: Mapping[str, str] = field(default_factory=dict)
    """Our reference by provider id, as the provider carries it (`Capabilities.reference_length`), where the push gives
    it: it may come before, or instead of, the answer to the submission."""
    faxes: tuple[PushedFax, ...] = ()
    reply: bytes = b""
    """What the provider expects as the body of the 2xx."""
    reply_type: str = "text/plain"


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """It is no push of this provider; answered with 400, recorded nowhere but in the log."""

    reason: str
    """For the log: quotes nothing of the request."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a push."""

    status: int
    body: bytes = b""
    media: str = "text/plain"
    retry_after: int | None = None
    """Seconds."""


class Receiver(Protocol):
    """Takes the pushes of one account."""

    def take(self, push: Push) -> Reply:
        """Record what the push says, then answer.  2xx: it is durable, or nothing of ours.  4xx: this very push will
        never be taken.  5xx: not now.  `JournalError` passes."""
        ...
