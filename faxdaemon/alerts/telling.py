"""Telling one channel what it does not know: one worker for each, so that one that is down delays nobody.

Promise   each problem once, again when it changes (not sooner than `CHANGED`), as a reminder, and when it is over; what
          came and went while the channel was down or quiet is not told.  All news in one message, at most one each
          `GAP`.  No number is shown whole.
Needs     the channel.
Crash     see `faxdaemon.alerts`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog

from faxdaemon.alerts import Alerts, Known
from faxdaemon.alerts.options import kind_of
from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.stage import NOTHING_DUE, Wake
from faxdaemon.core.errors import FaxdaemonError
from faxdaemon.core.numbers import masked_within
from faxdaemon.core.schedule import TRY_AGAIN
from faxdaemon.core.text import printable

log = structlog.get_logger()

GAP = 60.0
"""Seconds between two messages at least."""
CHANGED = 600.0
"""Seconds after which a problem that is worded otherwise now is told again."""
MOST = 50
"""Pieces of news in one message; the others come in the next."""
LONGEST = 500
"""Characters of one piece."""
_WORDS = {"new": "New", "changed": "Changed", "still": "Still there", "over": "Over"}


@dataclass(frozen=True, slots=True)
class News:
    """One thing that a channel does not know."""

    what: str
    """`new`, `changed`, `still`, `over`."""
    key: str
    message: str
    since: datetime
    once: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """Everything that a channel is told at once."""

    node: str
    at: datetime
    news: tuple[News, ...]

    @property
    def subject(self) -> str:
        """In a few words: nothing of a fax."""
        counts = {what: sum(one.what == what for one in self.news) for what in _WORDS}
        words = ", ".join(f"{count} {_WORDS[what].lower()}" for what, count in counts.items() if count)
        return f"faxdaemon {self.node}: {words}"

    @property
    def text(self) -> str:
        """For people."""
        lines = [f"faxdaemon on {self.node}, {self.at:%Y-%m-%d %H:%M} UTC"]
        for what, title in _WORDS.items():
            found = [one for one in self.news if one.what == what]
            lines += ["", f"{title}:"] if found else []
            lines += [f"* since {one.since:%Y-%m-%d %H:%M} UTC: {_shown(one.message)}" for one in found]
        return "\n".join([*lines, "", "`faxdaemon status` shows everything that is open now.", ""])

    @property
    def facts(self) -> dict[str, Any]:
        """For programs."""
        news = [
            {
                "what": one.what,
                "kind": kind_of(one.key),
                "key": _shown(one.key),
                "message": _shown(one.message),
                "since": one.since.isoformat(timespec="seconds"),
            }
            for one in self.news
        ]
        at = self.at.isoformat(timespec="seconds")
        return {"schema": 1, "id": self.id, "node": self.node, "at": at, "news": news}

    @property
    def id(self) -> str:
        """The same for the same news, whenever it is told."""
        told = [[one.what, one.key, one.message, one.since.isoformat()] for one in self.news]
        return hashlib.sha256(json.dumps([self.node, told]).encode("utf-8", "backslashreplace")).hexdigest()[:32]


def _shown(text: str) -> str:
    return masked_within(printable(text))[:LONGEST]


class Channel(Protocol):
    """A way to tell."""

    @property
    def name(self) -> str:
        """What it is known by over restarts."""
        ...

    @property
    def title(self) -> str:
        """What it is called in alerts."""
        ...

    def wants(self, key: str) -> bool:
        """Whether it is to be told of this problem."""
        ...

    def tell(self, message: Message) -> None:
        """Tell; raises `FaxdaemonError` when nobody can have been told for sure."""
        ...


class TellStage:
    """See the module; a stage for one channel."""

    def __init__(self, channel: Channel, alerts: Alerts, *, node: str, remind: float, clock: Clock) -> None:
        self._channel = channel
        self._alerts = alerts
        self._node = node
        self._remind = remind
        self._clock = clock
        self._trouble = f"alerts:{channel.name}"
        self._failures = 0
        self._next = 0.0
        alerts.join(channel.name, self._wants)

    @property
    def name(self) -> str:
        """The channel's."""
        return self._channel.name

    def _wants(self, key: str) -> bool:
        return key != self._trouble and self._channel.wants(key)

    def step(self) -> Wake:
        """Tell what is new, when it is time."""
        wait = self._next - self._clock.monotonic()
        if wait > 0:
            return min(wait, NOTHING_DUE)
        now = self._clock.now()
        news = self._news(now)[:MOST]
        if not news:
            return NOTHING_DUE
        try:
            self._channel.tell(Message(self._node, now, tuple(news)))
        except FaxdaemonError as error:
            return self._later(str(error))
        except Exception as error:
            log.exception("unexpected error while telling", channel=self._channel.name)
            return self._later(f"an unexpected {type(error).__name__}; the log tells more")
        self._record(news, now)
        self._failures = 0
        self._alerts.clear(self._trouble)
        self._next = self._clock.monotonic() + GAP
        return GAP

    def _later(self, reason: str) -> Wake:
        self._failures += 1
        delay = TRY_AGAIN.delay(TRY_AGAIN.shortest * 2.0 ** min(self._failures, 10), self._clock.chance())
        self._next = self._clock.monotonic() + delay
        self._alerts.raise_(self._trouble, f"alerts cannot be told by {self._channel.title}: {reason}")
        return min(delay, NOTHING_DUE)

    def _record(self, news: Sequence[News], now: datetime) -> None:
        known = {one.key: Known(one.message, now, one.once) for one in news if one.what != "over"}
        self._alerts.told(self._channel.name, known, [one.key for one in news if one.what == "over"])
        self._alerts.save()

    def _news(self, now: datetime) -> list[News]:
        known = self._alerts.known(self._channel.name)
        problems = {key: one for key, one in self._alerts.problems().items() if self._wants(key)}
        news = []
        for key, problem in problems.items():
            what = self._what(known.get(key), problem.message, problem.once, now)
            if what:
                news.append(News(what, key, problem.message, problem.since, problem.once))
        over = [(key, one) for key, one in known.items() if key not in problems and not one.once]
        return news + [News("over", key, one.message, one.at) for key, one in over]

    def _what(self, known: Known | None, message: str, once: bool, now: datetime) -> str | None:
        if known is None:
            return "new"
        if once:
            return None
        age = now - known.at
        if known.message != message and age >= timedelta(seconds=CHANGED):
            return "changed"
        return "still" if self._remind and age >= timedelta(seconds=self._remind) else None
