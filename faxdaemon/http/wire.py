"""The network below the HTTP client: sockets that keep one total time limit and remember whether a byte has
left.

Promise   no wait of an attempt, however it is cut into pieces by the other side, goes beyond the attempt's
          deadline; its `may_have_left` is set before the first byte of the request is given to the operating
          system, never later.
Needs     httpcore's public extension point, `NetworkBackend`.  DNS is the exception to the limit: the
          resolver has its own (seconds), and nothing has been sent while it works.
Crash     keeps nothing but connections.

httpcore's own limits hold for each single read and write: a server that sends one byte every few seconds
would keep a worker for ever.  Environment proxies are not used: a proxy that repeats requests would break the
promise that a fax is never sent twice without anyone noticing.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

from faxdaemon.contracts.clock import Clock
from faxdaemon.http.certainty import TooLate

#: Shorter than any server's own limit (Apache: 5 s), so that we are the ones who close an idle connection.
KEEP_ALIVE = 2.0


class Attempt:
    """One request on its way: until when, and whether a byte of it may have left."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._started = clock.monotonic()
        self._deadline = self._started + seconds
        self.may_have_left = False

    def left(self, limit: float | None) -> float:
        """Seconds that a wait of at most `limit` may take; 0 or less when the total time is used up."""
        rest = self._deadline - self._clock.monotonic()
        return rest if limit is None else min(rest, limit)

    def spent(self) -> float:
        """Seconds since the attempt began."""
        return self._clock.monotonic() - self._started


class Wire(httpx.BaseTransport):
    """An httpx transport over httpcore's connection pools.  Used by several threads at once."""

    def __init__(self, clock: Clock, tls: ssl.SSLContext, max_connections: int) -> None:
        self._clock = clock
        self._now = threading.local()
        backend = _Backend(self._current)
        self._kept, self._fresh = (
            httpcore.ConnectionPool(
                ssl_context=tls,
                max_connections=max_connections,
                max_keepalive_connections=kept,
                keepalive_expiry=KEEP_ALIVE,
                retries=0,
                network_backend=backend,
            )
            for kept in (max_connections, 0)
        )

    @contextmanager
    def attempt(self, seconds: float) -> Iterator[Attempt]:
        """What this thread sends inside is one attempt of at most `seconds`."""
        self._now.attempt = attempt = Attempt(self._clock, seconds)
        try:
            yield attempt
        finally:
            self._now.attempt = None

    def _current(self) -> Attempt:
        attempt: Attempt | None = getattr(self._now, "attempt", None)
        if attempt is None:
            raise RuntimeError("a request outside of an attempt has no time limit")
        return attempt

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send; raises httpcore's exceptions.  With the extension `fresh` no kept connection is used, so that
        a server which closes an idle connection at that moment cannot make the outcome unknown."""
        pool = self._fresh if request.extensions.get("fresh") else self._kept
        assert isinstance(request.stream, httpx.SyncByteStream)
        reply = pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(status_code=reply.status, headers=reply.headers, stream=_Body(reply))

    def close(self) -> None:
        """Give up every connection."""
        self._kept.close()
        self._fresh.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, reply: httpcore.Response) -> None:
        self._reply = reply

    def __iter__(self) -> Iterator[bytes]:
        assert isinstance(self._reply.stream, Iterable)
        yield from self._reply.stream

    def close(self) -> None:
        self._reply.close()


class _Backend(httpcore.NetworkBackend):
    def __init__(self, current: Any) -> None:
        self._inner = httpcore.SyncBackend()
        self._current = current

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:
        """Try each address of the host.  Resolved here because `create_connection` would give each the whole
        time."""
        attempt: Attempt = self._current()
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"name not found: {error}") from error
        last: Exception = httpcore.ConnectError("the name has no address")
        for address in dict.fromkeys(str(entry[4][0]) for entry in found):
            wait = attempt.left(timeout)
            if wait <= 0:
                raise httpcore.ConnectTimeout("total time limit")
            try:
                stream = self._inner.connect_tcp(address, port, wait, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
            else:
                return _Stream(stream, self._current)
        raise last


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, current: Any) -> None:
        self._inner = inner
        self._current = current
        self._socket: socket.socket = inner.get_extra_info("socket")

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        attempt: Attempt = self._current()
        wait = attempt.left(timeout)
        if wait <= 0:
            raise httpcore.ReadTimeout("total time limit")
        return self._inner.read(max_bytes, wait)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """As httpcore's, but with the time checked before each piece that the other side takes."""
        attempt: Attempt = self._current()
        rest = memoryview(buffer)
        while rest:
            wait = attempt.left(timeout)
            if wait <= 0:
                raise httpcore.WriteTimeout("total time limit") if attempt.may_have_left else TooLate
            attempt.may_have_left = True
            try:
                self._socket.settimeout(wait)
                sent = self._socket.send(rest)
            except TimeoutError as error:
                raise httpcore.WriteTimeout(str(error)) from error
            except OSError as error:
                raise httpcore.WriteError(str(error)) from error
            rest = rest[sent:]

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        attempt: Attempt = self._current()
        wait = attempt.left(timeout)
        if wait <= 0:
            self.close()
            raise httpcore.ConnectTimeout("total time limit")
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, wait), self._current)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
