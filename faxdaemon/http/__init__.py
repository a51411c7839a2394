"""The HTTP client of the product: every request of every provider goes through here.

Promise   a request that fails is `NotSent` (no byte of it can have left) or `OutcomeUnknown`, never anything
          between; which one is decided by `certainty` from what `wire` saw.  No wait passes the total time
          limit.  No text of an exception or log line holds a body, a query, a header or a user name from an
          address.
Needs     a clock, a time limit, the certificates to trust.
Crash     a request that was on its way is unknown to the next process; its intent is in the journal.

A reply of any status is an answer and is returned; what it means is the provider module's business.
Redirects are answers too and are not followed: whether the first address already acted on the request, only
its owner knows.  Nothing is sent twice: no retries, no cookies, no proxies or credentials from the
environment.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TypeVar

import httpx
import structlog

from faxdaemon import __version__
from faxdaemon.contracts.clock import Clock
from faxdaemon.core.errors import ConfigError, NotSent, OutcomeUnknown, ProviderTrouble
from faxdaemon.http.certainty import failure
from faxdaemon.http.wire import Attempt, Wire

__all__ = ["LONGEST_WAIT", "MAX_REPLY", "Http", "Reply", "SizedStream"]

MAX_REPLY = 8 * 1024 * 1024
"""The longest reply that is kept in memory, in bytes."""

LONGEST_WAIT = 24 * 3600.0
"""Seconds of a `Retry-After` that are believed at most: a slip of its writer must not silence an account for years."""

log = structlog.get_logger()
for _noisy in ("httpx", "httpcore"):  # they log addresses with their query, and the headers of replies
    logging.getLogger(_noisy).setLevel(logging.WARNING)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SizedStream:
    """A request body that is made while it leaves: its exact length in bytes, and what makes it."""

    size: int
    chunks: Callable[[], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply of any status."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    """Empty when it was streamed elsewhere."""
    framed: bool
    """Whether the reply told its own length.  If not, a reply that was cut off looks like a whole one."""
    retry_after: float | None = None
    """Seconds that the other side asked us to wait."""

    @property
    def media(self) -> str:
        """The media type, lower case, without parameters; empty when not told."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as UTF-8; what is not is replaced."""
        return self.body.decode("utf-8", "replace")


@cache
def _trusting_the_system() -> ssl.SSLContext:
    """One for all accounts: to read the system's certificates takes some 30 ms.  Nobody may change it."""
    return ssl.create_default_context()


class Http:
    """The client of one account.  Used by several threads at once."""

    def __init__(
        self,
        *,
        timeout: float,
        clock: Clock,
        ca: Path | None = None,
        max_connections: int = 8,
        connect: float = 10.0,
        silence: float = 60.0,
    ) -> None:
        """`timeout`: seconds for a whole exchange; `connect`: for a connection; `silence`: without a byte
        moving.

        `ca`: certificates (PEM) to trust instead of the system's; `ConfigError` when they cannot be read.
        """
        self._timeout = timeout
        self._limits = {"connect": connect, "read": silence, "write": silence, "pool": connect}
        self._clock = clock
        try:
            tls = ssl.create_default_context(cafile=str(ca)) if ca else _trusting_the_system()
        except OSError as error:
            raise ConfigError([f"ca: {ca} cannot be used as certificates: {error.strerror or error}"]) from error
        self._wire = Wire(clock, tls, max_connections)

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | SizedStream = b"",
        limit: int = MAX_REPLY,
        fresh: bool = False,
    ) -> Reply:
        """Send and read the whole reply, at most `limit` bytes (a longer one is `OutcomeUnknown`).

        `fresh` takes a new connection: for requests whose repetition would do harm.
        """
        with self._exchange(method, url, headers, content, fresh) as exchange:
            body = exchange.rest(limit)
        return replace(exchange.head, body=body)

    def download(
        self,
        method: str,
        url: str,
        *,
        write: Callable[[bytes], object],
        wanted: Callable[[Reply], bool],
        limit: int,
        headers: Mapping[str, str] | None = None,
        content: bytes | SizedStream = b"",
    ) -> Reply:
        """Send, and pass the reply's body to `write` piece by piece if its head is `wanted`; else return it
        as `send` does.

        More than `limit` bytes are `ProviderTrouble`.  What `write` raises passes unchanged.
        """
        with self._exchange(method, url, headers, content, fresh=False) as exchange:
            if not wanted(exchange.head):
                return replace(exchange.head, body=exchange.rest(MAX_REPLY))
            for piece in exchange.pieces():
                if exchange.received > limit:
                    raise ProviderTrouble(f"{exchange.where}: the document is larger than {limit} bytes")
                write(piece)
        return exchange.head

    def close(self) -> None:
        """Give up every connection."""
        self._wire.close()

    @contextmanager
    def _exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        content: bytes | SizedStream,
        fresh: bool,
    ) -> Iterator[_Exchange]:
        where = f"{method} {_bare(url)}"
        with self._wire.attempt(self._timeout) as attempt, _Source(content, where) as source:
            fields = {
                "user-agent": f"faxdaemon/{__version__}",
                "accept-encoding": "identity",
                **(headers or {}),
            }
            extensions = {"timeout": self._limits, "fresh": fresh}

            def begin() -> httpx.Response:
                if source.size or method != "GET":
                    fields["content-length"] = str(source.size)
                request = httpx.Request(method, url, headers=fields, content=source.body, extensions=extensions)
                return self._wire.handle_request(request)

            exchange = _Exchange(attempt, where, _guarded(begin, attempt, where), self._clock.now())
            with closing(exchange):
                yield exchange


class _Exchange:
    """A reply whose head has come and whose body is being read."""

    def __init__(self, attempt: Attempt, where: str, response: httpx.Response, now: datetime) -> None:
        self.where = where
        self.received = 0
        self._attempt = attempt
        self._response = response
        headers = {name.lower(): value for name, value in response.headers.items()}
        empty = response.status_code in (204, 304)
        self.head = Reply(
            status=response.status_code,
            headers=headers,
            body=b"",
            framed=empty or "content-length" in headers or "chunked" in headers.get("transfer-encoding", ""),
            retry_after=_seconds(headers.get("retry-after"), now),
        )

    def pieces(self) -> Iterator[bytes]:
        """The body, each piece counted in `received`.  Only the network is guarded, not what is done with a
        piece.

        A compressed one, which we did not ask for, is not read: a few bytes of it may stand for gigabytes."""
        if self.head.headers.get("content-encoding", "").strip().lower() not in ("", "identity"):
            raise OutcomeUnknown(f"{self.where}: the reply is compressed, which was not asked for")
        source = self._response.iter_raw()
        while (piece := _guarded(lambda: next(source, None), self._attempt, self.where)) is not None:
            self.received += len(piece)
            yield piece

    def rest(self, limit: int) -> bytes:
        """The whole body; `OutcomeUnknown` when it is longer than `limit` bytes."""
        kept = []
        for piece in self.pieces():
            if self.received > limit:
                raise OutcomeUnknown(f"{self.where}: the reply is longer than {limit} bytes")
            kept.append(piece)
        return b"".join(kept)

    def close(self) -> None:
        """Give the connection back, or up when the reply was not read to its end."""
        self._response.close()
        log.debug(
            "http.exchange",
            request=self.where,
            status=self.head.status,
            received=self.received,
            seconds=round(self._attempt.spent(), 3),
        )


class _Source:
    """A request body with its first piece already made, so that a document that cannot be read is found
    before any byte of the request has left."""

    def __init__(self, content: bytes | SizedStream, where: str) -> None:
        self._where = where
        self._chunks: Iterator[bytes] = iter(())
        self._stream = content if isinstance(content, SizedStream) else None
        self.size = self._stream.size if self._stream else len(content) if isinstance(content, bytes) else 0
        self.body: bytes | Iterator[bytes] = content if isinstance(content, bytes) else b""

    def __enter__(self) -> _Source:
        if self._stream:
            reason = "the document is empty"
            try:
                self._chunks = self._stream.chunks()
                self.body = chain([next(self._chunks)], self._chunks)
            except StopIteration:
                self.body = b""
            except Exception as error:  # noqa: BLE001 - nothing has been sent, whatever went wrong
                reason = f"the document cannot be read ({type(error).__name__})"
            if self.body == b"":
                raise NotSent(f"{self._where}: {reason}")
        return self

    def __exit__(self, *_: object) -> None:
        close = getattr(self._chunks, "close", None)
        if close:  # a generator; it holds the document open until told
            close()


def _guarded(act: Callable[[], T], attempt: Attempt, where: str) -> T:
    """Do a network act; what goes wrong becomes `NotSent` or `OutcomeUnknown`.

    Raised outside of the handler on purpose: as a cause, the library's exception would carry the request,
    credentials included, into tracebacks.
    """
    try:
        return act()
    except Exception as error:  # noqa: BLE001 - the table has a row for the unexpected
        problem = failure(error, may_have_left=attempt.may_have_left, where=where)
        kind = type(error).__name__
    log.info(
        "http.failed",
        request=where,
        error=kind,
        certain=isinstance(problem, NotSent),
        seconds=round(attempt.spent(), 3),
    )
    raise problem


def _bare(url: str) -> str:
    """Scheme, host, port and path: the only parts of an address that may be shown."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError, ValueError):
        return "(unreadable address)"
    port = f":{parsed.port}" if parsed.port else ""
    return f"{parsed.scheme}://{parsed.host}{port}{parsed.path}"


def _seconds(value: str | None, now: datetime) -> float | None:
    """`Retry-After` (RFC 9110 10.2.3): seconds or a date."""
    if not value:
        return None
    if value.strip().isascii() and value.strip().isdigit():
        return min(float(value), LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    seconds = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    return min(max(0.0, seconds), LONGEST_WAIT)
