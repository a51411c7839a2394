"""How far did the request get: the one table that decides between *not sent* and *unknown*.

Promise   every exception of httpx and httpcore has a row; whatever has none counts as unknown.  *Not sent*
          takes two witnesses: the row allows it, and the wire saw no byte of the request leave.
Needs     nothing.
Crash     keeps nothing.

The text of an exception is shown only where it comes from the operating system before the request was written
(`SHOW_CAUSE`); h11 quotes the offending header in its messages, and a header may be a credential.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

import httpcore
import httpx

from faxdaemon.core.errors import NotSent, OutcomeUnknown


class Reach(Enum):
    """What an exception by itself says about the request."""

    NEVER_LEFT = "never left"
    MAY_HAVE_LEFT = "may have left"


class TooLate(Exception):
    """The total time was used up before the first byte of the request left."""


_NO, _MAYBE = Reach.NEVER_LEFT, Reach.MAY_HAVE_LEFT

REACH: Mapping[type[Exception], tuple[Reach, str]] = MappingProxyType(
    {
        TooLate: (_NO, "the total time was used up before anything was sent"),
        # connecting
        httpx.ConnectError: (_NO, "could not be reached"),
        httpcore.ConnectError: (_NO, "could not be reached"),
        httpx.ConnectTimeout: (_NO, "did not accept a connection in time"),
        httpcore.ConnectTimeout: (_NO, "did not accept a connection in time"),
        httpx.PoolTimeout: (_NO, "all our connections to it were busy"),
        httpcore.PoolTimeout: (_NO, "all our connections to it were busy"),
        httpx.ProxyError: (_NO, "the proxy gave no connection"),
        httpcore.ProxyError: (_NO, "the proxy gave no connection"),
        httpcore.ConnectionNotAvailable: (_NO, "the connection was taken"),
        # before anything is opened
        httpx.UnsupportedProtocol: (_NO, "the address is neither http:// nor https://"),
        httpcore.UnsupportedProtocol: (_NO, "the address is neither http:// nor https://"),
        httpx.InvalidURL: (_NO, "the address cannot be read"),
        # a malformed header is found before the first byte, a wrong body length after it: the wire decides
        httpx.LocalProtocolError: (_NO, "the request was not proper HTTP (a bug of ours)"),
        httpcore.LocalProtocolError: (_NO, "the request was not proper HTTP (a bug of ours)"),
        # while the request leaves or the reply comes
        httpx.WriteError: (_MAYBE, "the connection broke while the request was sent"),
        httpcore.WriteError: (_MAYBE, "the connection broke while the request was sent"),
        httpx.WriteTimeout: (_MAYBE, "did not take the request in time"),
        httpcore.WriteTimeout: (_MAYBE, "did not take the request in time"),
        httpx.ReadError: (_MAYBE, "the connection broke before the reply was complete"),
        httpcore.ReadError: (_MAYBE, "the connection broke before the reply was complete"),
        httpx.ReadTimeout: (_MAYBE, "did not reply in time"),
        httpcore.ReadTimeout: (_MAYBE, "did not reply in time"),
        httpx.CloseError: (_MAYBE, "the connection could not be closed"),
        httpx.RemoteProtocolError: (_MAYBE, "closed the connection early or did not reply with proper HTTP"),
        httpcore.RemoteProtocolError: (
            _MAYBE,
            "closed the connection early or did not reply with proper HTTP",
        ),
        httpx.DecodingError: (_MAYBE, "the reply's compression is damaged"),
        # families: a member that is new to us is met as its own class, and then has no row
        httpx.HTTPError: (_MAYBE, "failed"),
        httpx.RequestError: (_MAYBE, "failed"),
        httpx.TransportError: (_MAYBE, "failed"),
        httpx.TimeoutException: (_MAYBE, "was too slow"),
        httpcore.TimeoutException: (_MAYBE, "was too slow"),
        httpx.NetworkError: (_MAYBE, "the network failed"),
        httpcore.NetworkError: (_MAYBE, "the network failed"),
        httpx.ProtocolError: (_MAYBE, "the exchange was not proper HTTP"),
        httpcore.ProtocolError: (_MAYBE, "the exchange was not proper HTTP"),
        # raised by parts of httpx that we do not use
        httpx.HTTPStatusError: (_MAYBE, "answered with an error"),
        httpx.TooManyRedirects: (_MAYBE, "redirected too often"),
        httpx.CookieConflict: (_MAYBE, "set conflicting cookies"),
        httpx.StreamError: (_MAYBE, "the exchange was read wrongly (a bug of ours)"),
        httpx.StreamConsumed: (_MAYBE, "the exchange was read twice (a bug of ours)"),
        httpx.StreamClosed: (_MAYBE, "the exchange was read after its end (a bug of ours)"),
        httpx.ResponseNotRead: (_MAYBE, "the reply was not read (a bug of ours)"),
        httpx.RequestNotRead: (_MAYBE, "the request was not read (a bug of ours)"),
    }
)

#: Exceptions whose text is the operating system's or OpenSSL's about a connection that never came to be.
SHOW_CAUSE = (httpx.ConnectError, httpcore.ConnectError)


def failure(error: Exception, *, may_have_left: bool, where: str) -> NotSent | OutcomeUnknown:
    """The exception to raise for `error`; `where` is method and address, `may_have_left` what the wire
    saw."""
    reach, words = REACH.get(type(error), (_MAYBE, f"failed unexpectedly ({type(error).__name__})"))
    cause = f" ({error})" if isinstance(error, SHOW_CAUSE) and not may_have_left else ""
    text = f"{where}: {words}{cause}"
    return NotSent(text) if reach is _NO and not may_have_left else OutcomeUnknown(text)
