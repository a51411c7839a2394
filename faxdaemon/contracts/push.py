"""What a provider may tell us by itself: a status, or a received fax.

A push is a hint wherever the provider can be asked: a status push makes its job due for asking; a push of a received
fax makes the inbox due.  Where a push carries the document itself and the inbox could no longer give it, it is recorded
like a listed fax whose document came along, and is answered only after that is durable.

A provider module that understands pushes has `understand(options, request) -> Understood`.  It never answers: the web
server does, with 2xx only after everything in `Understood` is recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from faxdaemon.contracts.provider import JobStatus
from faxdaemon.core.model import Listed


@dataclass(frozen=True, slots=True)
class Push:
    """One request to an account's push address."""

    kind: str
    """What stands behind the secret part of the address: `status` or `fax`."""
    method: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Lower-case names."""
    body: bytes
    """Whole; larger ones were refused before."""


@dataclass(frozen=True, slots=True)
class PushedFax:
    """A received fax; with its document when the push carried it."""

    listed: Listed
    document: bytes | None = None


@dataclass(frozen=True, slots=True)
class Understood:
    """What a push says; empty lists mean "nothing of ours", which is answered with 2xx all the same."""

    statuses: tuple[JobStatus, ...] = ()
    references: Mapping[str, str] = field(default_factory=dict)
    """Our reference by provider id, where the push gives it: it may come before the answer to the submission."""
    faxes: tuple[PushedFax, ...] = ()
    reply: bytes = b""
    reply_type: str = "text/plain"
    """What the provider expects as the body of the 2xx."""


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """It is no push of this provider; answered with 400 and the reason, recorded nowhere but in the log."""

    reason: str
