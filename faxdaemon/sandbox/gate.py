"""Between the wire and a dialect: plays the fault that is armed for a request.

Promise   a fault that says "nothing was accepted" leaves no trace in the ledger; one that says "accepted"
          always does.
Needs     a dialect, the faults.
Crash     keeps nothing.
"""

from __future__ import annotations

import dataclasses
import threading
import time

from faxdaemon.sandbox.dialect import Asked, Dialect
from faxdaemon.sandbox.faults import Fault, Faults, Play
from faxdaemon.sandbox.server import Handler
from faxdaemon.sandbox.wire import PLAIN, Reply

_HTML = "<!DOCTYPE html><html><head><title>Service Unavailable</title></head><body><h1>Try again</h1></body></html>"
_HOTEL = "<html><body>Welcome to the hotel network</body></html>"
_STALL = 60.0
_CACHE = 30.0

#: Plays that answer instead of acting.
_INSTEAD = frozenset({Play.ANSWER, Play.HTTP_ERROR, Play.ERR01, Play.WRONG_CREDENTIALS, Play.GARBAGE})


class Gate:
    """Plays faults around `Dialect.answer`."""

    def __init__(self, dialect: Dialect, faults: Faults, stopped: threading.Event) -> None:
        self._dialect = dialect
        self._faults = faults
        self._stopped = stopped
        self._cache: dict[str, tuple[float, Reply]] = {}

    def serve(self, handler: Handler, body: bytearray) -> None:
        """Answer one request."""
        asked = self._dialect.asked(handler, body)
        if asked is None:
            handler.reply(Reply(b"no such place\n", 404))
            return
        account = asked.account.name if asked.account else None
        fault = self._faults.match(asked.operation, asked.role, account, asked.number)
        play = fault.play if fault else None
        if play is Play.DROP_BEFORE_ACCEPT:
            handler.reset()
        elif fault and play in _INSTEAD:
            handler.reply(self._instead(fault, asked))
        elif fault and play is Play.STATUS_CACHE:
            handler.reply(self._cached(asked, fault))
        else:
            if fault and play is Play.SLOW_BEFORE:
                self._stopped.wait(fault.seconds)
            self._finish(handler, self._dialect.answer(asked, fault), fault)

    def _finish(self, handler: Handler, reply: Reply, fault: Fault | None) -> None:
        play = fault.play if fault else None
        if fault and play in {Play.SLOW_REPLY, Play.STALL}:
            self._stopped.wait(fault.seconds or (_STALL if play is Play.STALL else 0))
        if play in {Play.ACCEPT_THEN_DROP, Play.ACCEPT_LATE, Play.STALL}:
            handler.reset()
        elif fault and play is Play.ACCEPT_THEN_ANSWER:
            handler.reply(self._own(fault, Reply(_HTML.encode(), 502)))
        elif play is Play.CUT_REPLY:
            handler.reply(reply, share=0.5)
            handler.close_connection = True
        elif play is Play.TRUNCATE and not reply.shortened:
            half = reply.body[: len(reply.body) // 2]
            handler.reply(Reply(half, reply.status, reply.content_type, reply.headers))
        else:
            handler.reply(reply)

    def _cached(self, asked: Asked, fault: Fault) -> Reply:
        key, now = asked.key(), time.monotonic()
        until, reply = self._cache.get(key, (0.0, None))
        if reply is None or now >= until:
            reply = self._dialect.answer(asked, fault)
            self._cache[key] = (now + (fault.seconds or _CACHE), reply)
        return reply

    def _instead(self, fault: Fault, asked: Asked) -> Reply:
        play = Play(fault.play)
        if play in {Play.ERR01, Play.WRONG_CREDENTIALS}:
            usual = self._dialect.words(play, asked)
        elif play is Play.ANSWER:
            usual = Reply(b"", 200, self._dialect.content_type)
        else:
            usual = Reply(_HTML.encode(), 503, PLAIN) if play is Play.HTTP_ERROR else Reply(_HOTEL.encode(), 200, PLAIN)
        return self._own(fault, usual)

    def _own(self, fault: Fault, usual: Reply) -> Reply:
        """`usual`, as far as the fault does not bring an answer of its own."""
        if fault.body is None:
            return dataclasses.replace(usual, status=fault.status or usual.status)
        return Reply(
            fault.body.encode(), fault.status or usual.status, self._dialect.content_type, usual.headers, usual.sent
        )
