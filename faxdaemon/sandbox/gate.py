"""Between the wire and the dialect: finds out who asks for what, and plays the fault that is armed for it.

Promise   a fault that says "nothing was accepted" leaves no trace in the ledger; one that says "accepted"
          always does.
Needs     the dialect, the faults.
Crash     keeps nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType

from faxdaemon.sandbox import faxage
from faxdaemon.sandbox.faults import Fault, Faults, Play
from faxdaemon.sandbox.forms import Form, parse
from faxdaemon.sandbox.server import Handler
from faxdaemon.sandbox.wire import Reply

_HTML = "<!DOCTYPE html><html><head><title>Service Unavailable</title></head><body><h1>Try again</h1></body></html>"
_STALL = 60.0
_CACHE = 30.0

#: Answers given instead of acting: HTTP status and body.
_ANSWERS: Mapping[Play, tuple[int, str]] = MappingProxyType(
    {
        Play.ANSWER: (200, ""),
        Play.HTTP_ERROR: (503, _HTML),
        Play.ERR01: (200, faxage.DATABASE),
        Play.WRONG_CREDENTIALS: (200, faxage.LOGIN),
        Play.GARBAGE: (200, "<html><body>Welcome to the hotel network</body></html>"),
    }
)


class Gate:
    """Plays faults around `Faxage.answer`."""

    def __init__(self, dialect: faxage.Faxage, faults: Faults, stopped: threading.Event) -> None:
        self._dialect = dialect
        self._faults = faults
        self._stopped = stopped
        self._cache: dict[str, tuple[float, Reply]] = {}

    def serve(self, script: str, handler: Handler, body: bytearray) -> None:
        """Answer one request."""
        form = parse(handler.headers.get("Content-Type", ""), body)
        account = self._dialect.account(form)
        operation = form.text("operation") or script.removesuffix(".php")
        fault = self._faults.match(operation, account.name if account else None, form.text("faxno") or None)
        play = fault.play if fault else None
        if play is Play.DROP_BEFORE_ACCEPT:
            handler.reset()
        elif fault and play in _ANSWERS:
            handler.reply(_instead(fault))
        elif fault and play is Play.STATUS_CACHE:
            handler.reply(self._cached(form, fault, lambda: self._dialect.answer(script, form, account, fault)))
        else:
            if fault and play is Play.SLOW_BEFORE:
                self._stopped.wait(fault.seconds)
            self._finish(handler, self._dialect.answer(script, form, account, fault), fault)

    def _finish(self, handler: Handler, reply: Reply, fault: Fault | None) -> None:
        play = fault.play if fault else None
        if fault and play in {Play.SLOW_REPLY, Play.STALL}:
            self._stopped.wait(fault.seconds or (_STALL if play is Play.STALL else 0))
        if play in {Play.ACCEPT_THEN_DROP, Play.ACCEPT_LATE, Play.STALL}:
            handler.reset()
        elif fault and play is Play.ACCEPT_THEN_ANSWER:
            handler.reply(Reply((fault.body if fault.body is not None else _HTML).encode(), fault.status or 502))
        elif play is Play.CUT_REPLY:
            handler.reply(reply, share=0.5)
            handler.close_connection = True
        elif play is Play.TRUNCATE:
            half = reply.body[: len(reply.body) // 2]
            handler.reply(Reply(half, reply.status, reply.content_type, reply.headers))
        else:
            handler.reply(reply)

    def _cached(self, form: Form, fault: Fault, ask: Callable[[], Reply]) -> Reply:
        key, now = form.echo(), time.monotonic()
        until, reply = self._cache.get(key, (0.0, None))
        if reply is None or now >= until:
            reply = ask()
            self._cache[key] = (now + (fault.seconds or _CACHE), reply)
        return reply


def _instead(fault: Fault) -> Reply:
    status, body = _ANSWERS[Play(fault.play)]
    return Reply((body if fault.body is None else fault.body).encode(), fault.status or status)
