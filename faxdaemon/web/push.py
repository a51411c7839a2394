"""The addresses at which providers tell by themselves.

    GET, POST /push/<account>/<secret>/status
    GET, POST /push/<account>/<secret>/fax

    2xx    recorded, durably, or nothing of ours
    400    not a push of this provider
    401    the address is right, and HTTP Basic is missing or wrong
    404    anything else: whoever does not know the secret learns nothing
    413    larger than `web.largest`
    422    the document is none; 503 not now: the provider is to try again

Promise   nothing is answered with 2xx before it is durable.  No secret, and nothing of a push, comes into the log.
Needs     a receiver for each account.  One push of an account is worked on at a time.
Crash     a push that got no answer comes again, or the next poll finds what it told of.
"""

from __future__ import annotations

import base64
import binascii
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

import anyio
import structlog
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from faxdaemon.contracts.push import Kind, Push, Receiver, Reply
from faxdaemon.core.errors import JournalError

log = structlog.get_logger()

SLOW = 300.0
"""Seconds for a whole request; a document comes in a few."""
AT_ONCE = 4
"""Bodies held in memory at the same time."""
_NOWHERE = Reply(404)
_NOBODY = "-" * 43
"""What the secret for an account that is not there is compared with; it opens nothing."""
_HANG_UP = {"connection": "close"}
"""Else the server reads the rest of a body that nobody wants, however long it is, to keep the connection."""
_METHODS = ("GET", "POST")
_ALL = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


@dataclass(frozen=True)
class Place:
    """An account's addresses."""

    secret: str = field(repr=False)
    login: str | None = field(repr=False)
    """`user:password` of HTTP Basic, where wanted."""
    receiver: Receiver
    kinds: frozenset[Kind]
    turn: threading.Lock = field(default_factory=threading.Lock)


class _TooLarge(Exception):
    pass


class Pushes:
    """The door for pushes."""

    def __init__(self, places: Mapping[str, Place], largest: int) -> None:
        self._places = places
        self._largest = largest
        self._slots: anyio.CapacityLimiter | None = None

    def routes(self) -> APIRouter:
        """To be put into the application."""
        router = APIRouter()
        # One route for all of it: an address that is only nearly right must look like any other that is wrong.
        router.add_api_route("/push/{rest:path}", self._serve, methods=list(_ALL), include_in_schema=False)
        return router

    async def _serve(self, request: Request) -> Response:
        name, _, rest = str(request.path_params["rest"]).partition("/")
        secret, _, kind = rest.partition("/")
        place = self._place(name, secret, kind)
        if place is None or request.method not in _METHODS:
            log.warning("push.nowhere", status=404)
            return _response(_NOWHERE)
        if place.login is not None and not _same(_login(request), place.login):
            log.warning("push.stranger", account=name, kind=kind, status=401)
            ask = {"www-authenticate": 'Basic realm="push", charset="UTF-8"'}
            return Response(status_code=401, headers={**ask, **_HANG_UP})
        reply = await self._answer(place, request, kind)
        if not 200 <= reply.status < 300:
            log.warning("push.refused", account=name, kind=kind, status=reply.status)
        return _response(reply)

    def _place(self, name: str, secret: str, kind: str) -> Place | None:
        """The account's place, if all of the address is right.  The comparison takes the same time for any secret."""
        place = self._places.get(name)
        right = _same(secret, _NOBODY if place is None else place.secret)
        return place if place is not None and right and kind in place.kinds else None

    async def _answer(self, place: Place, request: Request, kind: str) -> Reply:
        if self._slots is None:
            self._slots = anyio.CapacityLimiter(AT_ONCE)
        if request.headers.get("content-encoding", "identity").lower() not in {"identity", ""}:
            return Reply(415)
        try:
            async with self._slots:
                with anyio.fail_after(SLOW):
                    body = await self._body(request)
                headers = {name.lower(): value for name, value in request.headers.items()}
                push = Push(kind, request.method, dict(request.query_params), headers, body)
                return await run_in_threadpool(_take, place, push)
        except _TooLarge:
            return Reply(413)
        except (ClientDisconnect, TimeoutError):
            return Reply(408)

    async def _body(self, request: Request) -> bytes:
        told = request.headers.get("content-length", "")
        if told.isdigit() and int(told) > self._largest:
            raise _TooLarge
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > self._largest:
                raise _TooLarge
        return bytes(body)


def build(pushes: Pushes) -> FastAPI:
    """An application that has nothing but pushes."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.include_router(pushes.routes())

    @app.exception_handler(HTTPException)
    async def nowhere(_request: Request, _error: Exception) -> Response:
        return _response(_NOWHERE)

    return app


def _take(place: Place, push: Push) -> Reply:
    try:
        with place.turn:
            return place.receiver.take(push)
    except JournalError:
        return Reply(503, retry_after=60)
    except Exception as error:  # a bug must cost this push, not the others; its stack holds no value of the push
        log.error("push.failed", kind=type(error).__name__, exc_info=True)
        return Reply(500)


def _same(given: str, expected: str) -> bool:
    return secrets.compare_digest(given.encode("utf-8", "surrogateescape"), expected.encode())


def _login(request: Request) -> str:
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value.strip(), validate=True).decode("utf-8", "surrogateescape")
    except (binascii.Error, ValueError):
        return ""


def _response(reply: Reply) -> Response:
    more = {} if reply.retry_after is None else {"retry-after": str(reply.retry_after)}
    if not 200 <= reply.status < 300:
        more |= _HANG_UP
    return Response(reply.body, reply.status, more, reply.media if reply.body else None)
