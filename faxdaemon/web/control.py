"""The control API: what a person may tell the running daemon.

    GET  /status                          -> what `status.Status` tells
    POST /faxes/{id}/hold?reason=...      -> {"changed": n}     likewise release, resend, cancel, sent
    POST /faxes/{id}/reprint?printer=...&sink=...   -> {"sink": KEY}     a received fax is printed once more
    POST /accounts/{name}/look           -> {}     its inbox is looked into now
    POST /prune                          -> {}     old faxes are cleared away now
    POST /deliveries/give-up?fax=...&destination=...      -> {"changed": n}
    POST /deliveries/redirect?source=...&target=...       -> {"changed": n}
    POST /send?number=...&name=...        -> {"name": ..., "folder": ...}     the document is the body, streamed
    POST /reload                          -> {"generation": n, "notes": [...]}   /status tells when n is in force

    409 {"error": text}    it cannot be done as asked; the text is for the person
    503 {"error": text}    the journal or the disk failed; nothing may be assumed

Promise   nothing is answered before it is durable.  A document passes through in pieces.  The daemon's own work does
          not wait for this: it has a thread of its own, which sleeps until somebody connects.
Needs     a state folder for the socket (`local`, or `loopback` on Windows).
Crash     a command that got no answer may have been done; `faxdaemon show` tells.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anyio
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from faxdaemon.contracts.journal import OperatorJournal
from faxdaemon.core.errors import FaxdaemonError, UserError
from faxdaemon.web.actions import Action, decide
from faxdaemon.web.server import Served

if sys.platform == "win32":
    from faxdaemon.web.loopback import Door
else:
    from faxdaemon.web.local import Door

STALLED = 60.0
"""Seconds without a byte after which an upload is given up."""


def _cannot() -> Mapping[str, Any]:
    raise UserError("this daemon cannot read its configuration again; restart it instead")


@dataclass(frozen=True)
class Control:
    """What the API may do."""

    journal: OperatorJournal
    status: Callable[[], Mapping[str, Any]]
    drop: Callable[[str, str, Iterable[bytes]], str]
    """`Outbox.drop`: number, file name, content; returns the drop's name."""
    outbox: Path
    """The folder that `drop` drops into."""
    reload: Callable[[], Mapping[str, Any]] = _cannot
    """Look whether the configuration file can be used, and begin to; `UserError` when it cannot."""
    reprint: Callable[[str, str, str], str] = lambda _fax, _printer, _sink: ""
    """`Reprint`: fax, printer and destination (or nothing); returns the destination."""
    look: Callable[[str], object] = lambda _account: None
    """Have the inbox of an account looked into; `UserError` where it receives nothing."""
    prune: Callable[[], object] = lambda: None
    """Have old faxes cleared away now."""


def build(control: Control, token: str | None = None) -> FastAPI:
    """The application; with a `token`, only for who presents it."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/status")
    def status() -> dict[str, Any]:
        return dict(control.status())

    _decisions(app, control)

    @app.post("/reload")
    def reload() -> dict[str, Any]:
        return dict(control.reload())

    @app.post("/accounts/{name}/look")
    def look(name: str) -> dict[str, Any]:
        control.look(name)
        return {}

    @app.post("/prune")
    def prune() -> dict[str, Any]:
        control.prune()
        return {}

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


def _decisions(app: FastAPI, control: Control) -> None:
    """What a person may decide about a fax."""
    journal = control.journal

    @app.post("/faxes/{fax}/reprint")
    def reprint(fax: str, printer: str = "", sink: str = "") -> dict[str, str]:
        return {"sink": control.reprint(fax, printer, sink)}

    @app.post("/faxes/{fax}/{action}")
    def faxes(fax: str, action: Action, reason: str = "") -> dict[str, int]:
        return {"changed": decide(journal, action, fax, reason)}

    @app.post("/deliveries/give-up")
    def give_up(fax: str, destination: str | None = None) -> dict[str, int]:
        return {"changed": journal.give_up(fax, destination)}

    @app.post("/deliveries/redirect")
    def redirect(source: str, target: str | None = None) -> dict[str, int]:
        return {"changed": journal.redirect(source, target)}


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


class ControlServer:
    """The API on the socket of one state folder."""

    def __init__(self, control: Control, state: Path) -> None:
        self.reload = control.reload
        """May be replaced before the start."""
        self._control = control
        self._state = state
        self._door: Door | None = None
        self._served: Served | None = None

    def start(self) -> None:
        """Listen; returns when commands are answered.  `UserError` when another daemon listens there."""
        door = Door(self._state)
        self._door, self._served = (
            door,
            Served(build(replace(self._control, reload=self.reload), door.token), "control"),
        )
        if not self._served.start(door.socket):
            self.stop()
            raise UserError("the control socket could not be opened; the log tells why")

    def stop(self) -> None:
        """Answer what is in hand, then close; harmless when not started."""
        if self._served is not None:
            self._served.stop()
        if self._door is not None:
            self._door.close()
        self._door, self._served = None, None
