"""A server below HTTP: the test decides what each connection does, byte by byte.

def behave(talk):
    request = talk.request()
    talk.send(reply(b"JOBID: 1"))

with WireServer(behave) as server:
    ... server.url ... server.requests ...
"""

from __future__ import annotations

import contextlib
import os
import random
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl


class RealClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def chance(self) -> float:
        return random.random()

    def entropy(self, size: int) -> bytes:
        return os.urandom(size)


class FixedClock(RealClock):
    """Always the same moment, except for measuring."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now


class SkewedClock(RealClock):
    """The machine's clock, set wrongly by `hours`; what measures does not notice."""

    def __init__(self, hours: float = 0.0) -> None:
        self.hours = hours

    def now(self) -> datetime:
        return super().now() + timedelta(hours=self.hours)


@dataclass(frozen=True)
class Seen:
    """A request as it came over the wire."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    head: bytes
    """Request line and headers, raw."""

    @property
    def form(self) -> list[tuple[str, str]]:
        """The body as form fields, in order."""
        return parse_qsl(self.body.decode("ascii"), keep_blank_values=True, strict_parsing=True)

    def field(self, name: str) -> str | None:
        """One form field."""
        return dict(self.form).get(name)


def reply(body: bytes | str = b"", status: str = "200 OK", **headers: str) -> bytes:
    """A whole HTTP reply; header names are written with `_` for `-`."""
    body = body.encode() if isinstance(body, str) else body
    fields = {"content_type": "text/plain", "content_length": str(len(body)), **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in fields.items() if value]
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode() + body


class Talk:
    """One connection."""

    def __init__(self, sock: socket.socket, server: WireServer) -> None:
        self.sock = sock
        self._server = server
        self._buffer = b""

    def request(self) -> Seen:
        """Read one request; `EOFError` when the client closed instead of sending one."""
        while b"\r\n\r\n" not in self._buffer:
            self._more()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
        size = int(headers.get("content-length", "0"))
        parts, have = [self._buffer], len(self._buffer)
        while have < size:
            self._buffer = b""
            self._more()
            parts.append(self._buffer)
            have += len(self._buffer)
        whole = b"".join(parts)
        body, self._buffer = whole[:size], whole[size:]
        method, path, _ = first.split(" ")
        seen = Seen(method, path, headers, body, head)
        self._server.requests.append(seen)
        return seen

    def _more(self) -> None:
        data = self.sock.recv(65536)
        if not data:
            raise EOFError
        self._buffer += data

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def reset(self) -> None:
        """Close so that the client gets a connection reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def until_gone(self) -> None:
        """Say nothing until the client gives up."""
        try:
            while self.sock.recv(65536):
                pass
        except OSError:
            pass

    def drip(self, data: bytes, pause: float = 0.02) -> None:
        """Send `data` byte by byte, over and over, until the client gives up."""
        gone = threading.Event()
        try:
            while True:
                for n in range(len(data)):
                    self.sock.sendall(data[n : n + 1])
                    gone.wait(pause)
        except OSError:
            pass


class WireServer:
    """A server on a free port of the loopback; each connection has its own thread."""

    def __init__(self, behave: Callable[[Talk], None], tls: ssl.SSLContext | None = None) -> None:
        self.behave = behave
        self.requests: list[Seen] = []
        self.connections = 0
        self.problems: list[BaseException] = []
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._closing = False
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._acceptor = threading.Thread(target=self._accept)
        self._acceptor.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        with socket.socket() as knock:  # wakes the acceptor
            knock.connect_ex(("127.0.0.1", self.port))
        self._acceptor.join()
        self._listener.close()
        for sock in self._open:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        for sock in self._open:
            sock.close()
        if kind is None:
            assert self.problems == []

    def _accept(self) -> None:
        while True:
            sock, _ = self._listener.accept()
            if self._closing:
                sock.close()
                return
            self.connections += 1
            self._open.append(sock)
            thread = threading.Thread(target=self._serve, args=(sock,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        try:
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
                self._open.append(sock)
            self.behave(Talk(sock, self))
        except (EOFError, OSError):
            pass  # the client went away, or the TLS handshake failed
        except BaseException as error:  # noqa: BLE001 - told to the test at the end
            self.problems.append(error)
        finally:
            sock.close()


def always(*replies: bytes) -> Callable[[Talk], None]:
    """Answer the requests with these replies in turn, the last one for ever; connections are kept open."""
    waiting = list(replies)
    lock = threading.Lock()

    def behave(talk: Talk) -> None:
        while True:
            talk.request()
            with lock:
                answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            talk.send(answer)

    return behave
