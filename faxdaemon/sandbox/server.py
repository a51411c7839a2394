"""HTTP: reads requests, hands them to a route, and sends its answers, or ends the connection as a fault
demands.

Promise   HTTP/1.1 with kept-alive connections, a thread each; bodies with a length or in chunks.  A
          connection that is reset really is (RST), so that a client sees what a lost network shows.
Needs     a port.  The standard library's server, because only there the socket is ours.
Crash     keeps nothing.
"""

from __future__ import annotations

import contextlib
import os
import socket
import socketserver
import struct
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from faxdaemon.sandbox.wire import Reply

_MAX_BODY = 1 << 30
_POLL = 0.02
"""How long stopping may take, in seconds; the price is a wake-up in that rhythm."""
_NO_LINGER = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def handle(self) -> None:
        """Serve until the client or a fault ends the connection."""
        self.server.enter(self.connection)
        try:
            super().handle()
        except OSError:
            self.close_connection = True  # the client went away
        finally:
            self.server.leave(self.connection)

    def do_POST(self) -> None:
        """Read the whole request and pass it on."""
        if not self.path.startswith("/sandbox/") and self.server.early():
            self.reset()
            return
        body = self._body()
        if body is None:
            self.close_connection = True
            return
        self.server.route(self, body)

    do_GET = do_DELETE = do_POST  # noqa: N815 - the standard library's names

    def _body(self) -> bytearray | None:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return self._chunks()
        length = int(self.headers.get("Content-Length") or 0)
        if length > _MAX_BODY:
            return None
        body = bytearray(length)
        view = memoryview(body)
        got = 0
        while got < length:
            size = self.rfile.readinto(view[got:])
            if not size:
                return None
            got += size
        return body

    def _chunks(self) -> bytearray | None:
        body = bytearray()
        while size := int(self.rfile.readline(100).split(b";")[0] or b"0", 16):
            body += self.rfile.read(size)
            if len(body) > _MAX_BODY or self.rfile.readline(3) != b"\r\n":
                return None
        while self.rfile.readline(1000) not in {b"\r\n", b"\n", b""}:
            pass
        return body

    def reply(self, reply: Reply, share: float = 1.0) -> None:
        """Answer, or send only a `share` of the answer's body."""
        about = [f"Content-Type: {reply.content_type}", f"Content-Length: {len(reply.body)}"]
        lines = [
            f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}",
            *([] if reply.status == HTTPStatus.NO_CONTENT else about),
            *(f"{name}: {value}" for name, value in reply.headers),
        ]
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        if share >= 1:
            reply.sent()  # first, so that whoever has the answer finds it in the ledger
        whole = head + reply.body
        end = int(len(head) * share) if not reply.body else len(head) + int(len(reply.body) * share)
        self.wfile.write(whole[:end])

    def reset(self) -> None:
        """Drop the connection at once."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            socket.close(self.connection.detach())  # close() alone would wait for the file objects

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's name
        """Say nothing: what is asked for may name patients."""


#: Gets a request of which everything has been read; answers or ends the connection.
Route = Callable[[Handler, bytearray], None]


class Server(ThreadingHTTPServer):
    """Serves in threads of its own between `start` and `stop`."""

    daemon_threads = True
    request_queue_size = 512
    allow_reuse_address = os.name != "nt"

    def __init__(self, address: tuple[str, int], early: Callable[[], bool], route: Route) -> None:
        super().__init__(address, Handler)
        self.early = early
        """Asked when only the headers are read; True drops the connection."""
        self.route = route
        self._clients: dict[socket.socket, threading.Thread] = {}
        self._guard = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(_POLL,), name="sandbox-http", daemon=True)

    def server_bind(self) -> None:
        """Bind without asking a name server for our name."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """End every connection and thread; harmless to repeat."""
        self.shutdown()
        self._thread.join()
        self.server_close()
        with self._guard:
            clients = dict(self._clients)
        for connection in clients:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in clients.values():
            thread.join(5)

    def enter(self, connection: socket.socket) -> None:
        """Know a connection while it is served."""
        with self._guard:
            self._clients[connection] = threading.current_thread()

    def leave(self, connection: socket.socket) -> None:
        """Forget it."""
        with self._guard:
            self._clients.pop(connection, None)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no news; anything else is."""
        super().handle_error(request, client_address)
