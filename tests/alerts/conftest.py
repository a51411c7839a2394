"""A web-hook's other end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

Seen = list[tuple[str, dict[str, str], bytes]]


@pytest.fixture
def hook() -> Iterator[tuple[Callable[[str], str], Seen]]:
    """Addresses on a server that answers 200, or the number that is the path; and what it was sent."""
    seen: Seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            number = self.path.strip("/")
            self.send_response(int(number) if number.isdigit() else 200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield lambda path: f"http://127.0.0.1:{server.server_port}{path}", seen
    server.shutdown()
    server.server_close()
    thread.join()
