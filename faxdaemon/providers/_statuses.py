"""What an HTTP status says of a submission, where the service itself has said nothing.

Promise   *refused* and *not now* are concluded only from statuses that cannot come after the work: those that a web
          server gives before a service runs (RFC 9110, 6585, 8470).  All 5xx, 302 and 303 (a service that has done its
          work may send us on to a page about it), and what has no row are unknown.
Needs     nothing.
Crash     keeps nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from faxdaemon.contracts.provider import AccountRefused, Answer, NotNow, Refused, Unknown

ADDRESS = frozenset({301, 307, 308, 401, 403, 404, 405, 407, 410, 451})
"""Asking again does not help until a person has put the address, the credentials or the network right."""
LETS_NOBODY_IN = frozenset({401, 403, 407})
"""Those of them that speak of credentials."""
REQUEST = frozenset({400, 411, 413, 414, 415, 417, 431})
"""It is this request that is not wanted."""
LATER = frozenset({408, 421, 425, 429})
"""Only for now."""

_NONE: Mapping[int, str] = MappingProxyType({})


def answer_of(service: str, status: int, retry_after: float | None, own: Mapping[int, str] = _NONE) -> Answer:
    """The answer to a submission that came back with nothing but a status.  `own`: further statuses by which this
    service refuses a request, or its words for them."""
    said = f"{service} answered HTTP {status}"
    if status in ADDRESS:
        return AccountRefused(f"{said}: the address, the credentials, the permission or the network are wrong")
    if status in own or status in REQUEST:
        usual = "the document is too large" if status == 413 else "it does not take such a request"
        return Refused(f"{said}: {own.get(status, usual)}")
    return NotNow(f"{said}: not now", retry_after) if status in LATER else Unknown(said)
