"""One web server in a thread of its own.

Promise   sleeps until somebody connects; `stop` answers what is in hand first.  Its log tells no address that was
          asked for.
Needs     a socket that is bound.
Crash     connections break; who asked asks again.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import Any

import structlog
import uvicorn
from fastapi import FastAPI

log = structlog.get_logger()

STOP = 5.0
"""Seconds that requests in hand get at the end."""
CROWD = 200
"""Connections at the same time; more are answered 503."""


class QuietServer(uvicorn.Server):
    """uvicorn without its ten looks a second for something to do."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Event | None = None

    async def main_loop(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        self.ready.set()
        await self._end.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):  # whoever went away in the middle of a request
            transport: Any = getattr(connection, "transport", None)
            if transport is not None:
                transport.abort()
        await asyncio.sleep(0)  # a transport is closed in the loop's next round, and this loop would have none
        await asyncio.sleep(0)

    def end(self) -> None:
        if self._loop is not None and self._end is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end.set)


class Served:
    """An application on a socket."""

    def __init__(self, app: FastAPI, name: str) -> None:
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,  # its lines hold addresses, and addresses hold secrets
            lifespan="off",
            interface="asgi3",
            loop="asyncio",
            http="h11",
            ws="none",
            proxy_headers=False,
            server_header=False,
            date_header=False,
            limit_concurrency=CROWD,
            timeout_graceful_shutdown=int(STOP),
        )
        self._name = name
        self._server = QuietServer(config)
        self._thread: threading.Thread | None = None

    def start(self, bound: socket.socket) -> bool:
        """Listen; returns when requests are answered: whether they are."""
        self._thread = threading.Thread(target=self._run, args=(bound,), name=self._name, daemon=True)
        self._thread.start()
        self._server.ready.wait()
        return self._server.started

    def _run(self, bound: socket.socket) -> None:
        try:
            self._server.run(sockets=[bound])
        except Exception:
            log.exception("web server failed", server=self._name)
        finally:
            self._server.ready.set()

    def stop(self) -> None:
        """Answer what is in hand, then end; harmless when not started."""
        self._server.end()
        if self._thread is not None:
            self._thread.join(STOP * 2)
        self._thread = None
