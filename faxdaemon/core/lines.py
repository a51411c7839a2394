"""Where a received fax goes: the line that was called, and the rules beside the lines.

    the line's destinations            `other` where the number called is none of the lines'
  + those of every rule that fits      in the order of the file
  - the line's, where a rule that fits stands `instead` of it

Promise   the same fax is decided in the same way, whenever: by what the provider told, by its pages, and by the time
          at which it was received, never by the time of asking.  A rule that names what is not known (a caller who
          withheld the number, say) does not fit.  No order of rules changes what they say together.
Needs     nothing.
Crash     keeps nothing; what was decided is in the journal.

See `docs/decisions/0024-rules-add-up.md`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from faxdaemon.core.model import Listed
from faxdaemon.core.text import matches

OTHER = "other"
"""The line that takes what was sent to no number listed."""
WITHHELD = "withheld"
"""The pattern of a caller who is not known."""
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(r"([01]?[0-9]|2[0-4]):([0-5][0-9])\s*-\s*([01]?[0-9]|2[0-4]):([0-5][0-9])")


def parse_hours(text: str) -> tuple[int, int]:
    """`18:00-08:00` as minutes of the day; the end is not part of it.  Raises ValueError."""
    match = _HOURS.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"“{text}” is no time of the day; write from and to, such as 18:00-08:00")
    start, end = (int(match[n]) * 60 + int(match[n + 1]) for n in (1, 3))
    if max(start, end) > 24 * 60 or start == end:
        raise ValueError(f"“{text}” is no time of the day; write from and to, such as 18:00-08:00")
    return start, end


@dataclass(frozen=True, slots=True)
class Rule:
    """What adds destinations, or replaces the line's; what is empty does not matter."""

    name: str
    sinks: tuple[str, ...]
    instead: bool = False
    lines: frozenset[str] = frozenset()
    """E.164, and `other`."""
    callers: tuple[str, ...] = ()
    """Patterns."""
    csids: tuple[str, ...] = ()
    """Patterns."""
    hours: tuple[tuple[int, int], ...] = ()
    days: frozenset[str] = frozenset()
    min_pages: int | None = None
    max_pages: int | None = None

    def about_pages(self, pages: int | None) -> bool:
        """Whether so many pages fit."""
        if self.min_pages is None and self.max_pages is None:
            return True
        return pages is not None and (self.min_pages or 0) <= pages <= (self.max_pages or pages)

    def about_the_rest(self, listed: Listed, line: str, at: datetime) -> bool:
        """Whether all else fits."""
        return (
            (not self.lines or line in self.lines)
            and (not self.callers or any(_caller(listed.caller, each) for each in self.callers))
            and (not self.csids or any(_text(listed.csid, each) for each in self.csids))
            and (not self.days or DAYS[at.weekday()] in self.days)
            and (not self.hours or any(_within(at.hour * 60 + at.minute, each) for each in self.hours))
        )


def _caller(caller: str | None, pattern: str) -> bool:
    if pattern == WITHHELD:
        return not caller
    return bool(caller) and matches(caller or "", pattern)


def _text(text: str | None, pattern: str) -> bool:
    return bool(text) and matches((text or "").strip(), pattern)


def _within(minute: int, hours: tuple[int, int]) -> bool:
    start, end = hours
    return start <= minute < end if start < end else minute >= start or minute < end


@dataclass(frozen=True, slots=True)
class Choice:
    """Where one fax goes."""

    sinks: tuple[str, ...]
    """Their keys, each once."""
    optional: frozenset[str]
    """Those of them without which it counts as delivered."""
    line: str | None
    """The line that it counts as: a number, or `other`; None where there is none for it."""
    rules: tuple[str, ...]
    """The rules that fit, by name."""

    @property
    def why(self) -> str | None:
        """For the record; None when the line alone decided."""
        return f"rules: {', '.join(self.rules)}" if self.rules else None


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of one account, and the rules beside them."""

    lines: Mapping[str, Sequence[str]]
    """Sink keys by number (E.164), and by `other`."""
    rules: tuple[Rule, ...] = ()
    optional: frozenset[str] = frozenset()
    zone: tzinfo = UTC
    """Of hours and days."""

    def choose(self, listed: Listed, pages: int | None, first_seen: datetime) -> Choice:
        """Where a fax goes, now that its pages are counted; `first_seen` counts where no time of receiving is told."""
        at = (listed.received_at or first_seen).astimezone(self.zone)
        line = listed.called if listed.called in self.lines else OTHER
        fits = [r for r in self.rules if r.about_pages(pages) and r.about_the_rest(listed, line or OTHER, at)]
        own = () if any(rule.instead for rule in fits) else self.lines.get(line or OTHER, ())
        sinks = tuple(dict.fromkeys([*own, *(sink for rule in fits for sink in rule.sinks)]))
        known = line if line in self.lines else None
        return Choice(sinks, self.optional.intersection(sinks), known, tuple(rule.name for rule in fits))

    def anybody(self, listed: Listed, first_seen: datetime) -> bool:
        """Whether there is a destination for a fax of which the pages are not counted yet."""
        at = (listed.received_at or first_seen).astimezone(self.zone)
        line = listed.called if listed.called in self.lines else OTHER
        return bool(self.lines.get(line or OTHER)) or any(
            rule.about_the_rest(listed, line or OTHER, at) for rule in self.rules
        )

    def nobody(self, listed: Listed) -> str:
        """Why nobody gets this one, for people."""
        rules = " and no rule fits" if self.rules else ""
        return f"the line {listed.called} is not configured and there is no `{OTHER}`{rules}"
