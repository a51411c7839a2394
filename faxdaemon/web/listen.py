"""The web server on `web.listen`.

Promise   where nothing is to be served, nothing is listened on.
Needs     an address that nobody else listens on.
Crash     see `server`.
"""

from __future__ import annotations

import socket

import structlog
from fastapi import FastAPI

from faxdaemon.core.errors import UserError
from faxdaemon.web.server import Served

log = structlog.get_logger()


class WebServer:
    """An application on a TCP address."""

    def __init__(self, app: FastAPI, listen: str) -> None:
        self._listen = listen
        self._served = Served(app, "web")
        self._socket: socket.socket | None = None

    def start(self) -> None:
        """Listen; returns when requests are answered.  `UserError` when the address cannot be had."""
        host, _, port = self._listen.rpartition(":")
        try:
            self._socket = _bound(host.strip("[]"), int(port))
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise UserError(f"web.listen: {self._listen} cannot be had ({why}); free it, or choose another") from None
        if not self._served.start(self._socket):
            self.stop()
            raise UserError(f"web.listen: nothing could be served on {self._listen}; the log tells why")
        log.info("listening", address=self._listen)

    @property
    def port(self) -> int:
        """The port in use."""
        assert self._socket is not None
        port: int = self._socket.getsockname()[1]
        return port

    def stop(self) -> None:
        """Answer what is in hand, then close; harmless when not started."""
        self._served.stop()
        if self._socket is not None:
            self._socket.close()
        self._socket = None


def _bound(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    found = socket.socket(family, kind, protocol)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
    except BaseException:
        found.close()
        raise
    return found
