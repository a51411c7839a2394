"""The control API: what a person may tell the running daemon.

    GET  /status                          -> what `status.Status` tells
    POST /faxes/{id}/hold?reason=...      -> {"changed": n}     likewise release, resend, cancel, sent
    POST /send?number=...&name=...        -> {"name": ..., "folder": ...}     the document is the body, streamed

    409 {"error": text}    it cannot be done as asked; the text is for the person
    503 {"error": text}    the journal or the disk failed; nothing may be assumed

Promise   nothing is answered before it is durable.  A document passes through in pieces.  The daemon's own work does
          not wait for this: it has a thread of its own, which sleeps until somebody connects.
Needs     a state folder for the socket (`local`, or `loopback` on Windows).
Crash     a command that got no answer may have been done; `faxdaemon show` tells.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import structlog
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from faxdaemon.contracts.journal import OperatorJournal
from faxdaemon.core.errors import FaxdaemonError, UserError
from faxdaemon.web.actions import Action, decide

if sys.platform == "win32":
    from faxdaemon.web.loopback import Door
else:
    from faxdaemon.web.local import Door

log = structlog.get_logger()

STALLED = 60.0
"""Seconds without a byte after which an upload is given up."""
STOP = 5.0
"""Seconds that requests in hand get at the end."""


@dataclass(frozen=True)
class Control:
    """What the API may do."""

    journal: OperatorJournal
    status: Callable[[], Mapping[str, Any]]
    drop: Callable[[str, str, Iterable[bytes]], str]
    """`Outbox.drop`: number, file name, content; returns the drop's name."""
    outbox: Path
    """The folder that `drop` drops into."""


def build(control: Control, token: str | None = None) -> FastAPI:
    """The application; with a `token`, only for who presents it."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/status")
    def status() -> dict[str, Any]:
        return dict(control.status())

    @app.post("/faxes/{fax}/{action}")
    def faxes(fax: str, action: Action, reason: str = "") -> dict[str, int]:
        return {"changed": decide(control.journal, action, fax, reason)}

    @app.post("/send")
    async def send(request: Request, number: str, name: str) -> dict[str, str]:
        name_given = await run_in_threadpool(control.drop, number, name, _pieces(request))
        return {"name": name_given, "folder": str(control.outbox)}

    @app.exception_handler(FaxdaemonError)
    async def refused(_request: Request, error: Exception) -> Response:
        return JSONResponse({"error": str(error)}, 409 if isinstance(error, UserError) else 503)

    @app.exception_handler(ClientDisconnect)
    @app.exception_handler(TimeoutError)
    async def gone(_request: Request, _error: Exception) -> Response:
        return JSONResponse({"error": "the document did not arrive whole; nothing was sent"}, 408)

    if token is not None:
        _lock(app, token)
    return app


def _pieces(request: Request) -> Iterator[bytes]:
    """The body, for a worker thread: each piece is awaited in the loop, so memory holds one at a time."""
    stream: AsyncIterator[bytes] = request.stream()

    async def piece() -> bytes | None:
        with anyio.fail_after(STALLED):
            return await anext(stream, None)

    while (data := anyio.from_thread.run(piece)) is not None:
        yield data


def _lock(app: FastAPI, token: str) -> None:
    expected = f"Bearer {token}".encode()

    @app.middleware("http")
    async def known(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        given = request.headers.get("authorization", "").encode("latin-1")
        if not secrets.compare_digest(given, expected):
            return JSONResponse({"error": "this is not the daemon's token"}, 401)
        return await go_on(request)


class _Server(uvicorn.Server):
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

    def end(self) -> None:
        if self._loop is not None and self._end is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end.set)


class ControlServer:
    """The API on the socket of one state folder."""

    def __init__(self, control: Control, state: Path) -> None:
        self._control = control
        self._state = state
        self._door: Door | None = None
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen; returns when commands are answered.  `UserError` when another daemon listens there."""
        door = Door(self._state)
        config = uvicorn.Config(
            build(self._control, door.token),
            log_config=None,
            access_log=False,
            lifespan="off",
            interface="asgi3",
            loop="asyncio",
            http="h11",
            ws="none",
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=int(STOP),
        )
        server = _Server(config)
        self._door, self._server = door, server
        self._thread = threading.Thread(target=self._run, args=(server, door), name="control", daemon=True)
        self._thread.start()
        server.ready.wait()
        if not server.started:
            self.stop()
            raise UserError("the control socket could not be opened; the log tells why")

    def _run(self, server: _Server, door: Door) -> None:
        try:
            server.run(sockets=[door.socket])
        except Exception:
            log.exception("control socket failed")
        finally:
            server.ready.set()

    def stop(self) -> None:
        """Answer what is in hand, then close; harmless when not started."""
        if self._server is not None:
            self._server.end()
        if self._thread is not None:
            self._thread.join(STOP * 2)
        if self._door is not None:
            self._door.close()
        self._door, self._server, self._thread = None, None, None
