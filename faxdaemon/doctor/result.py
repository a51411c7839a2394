"""What a check finds.

Promise   plain values.  The levels are those of monitoring plug-ins: 0, 1 and 2 are exit statuses.
Needs     nothing.
Crash     keeps nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from faxdaemon.check import Finding


class Level(IntEnum):
    """How bad it is."""

    OK = 0
    WARNING = 1
    """It works, and may not for long, or not as fast."""
    TROUBLE = 2
    """Faxes wait, or may be lost sight of."""


@dataclass(frozen=True, slots=True)
class Result:
    """One thing that was looked at."""

    check: str
    """The same in every version, for monitoring."""
    topic: str
    level: Level
    text: str
    advice: str = ""
    """What to do; empty when nothing is."""


def ok(check: str, topic: str, text: str) -> Result:
    """As it should be."""
    return Result(check, topic, Level.OK, text)


def warning(check: str, topic: str, text: str, advice: str) -> Result:
    """See `Level.WARNING`."""
    return Result(check, topic, Level.WARNING, text, advice)


def trouble(check: str, topic: str, text: str, advice: str) -> Result:
    """See `Level.TROUBLE`."""
    return Result(check, topic, Level.TROUBLE, text, advice)


def of(check: str, finding: Finding) -> Result:
    """What `faxdaemon check` found, as ours."""
    return Result(check, finding.topic, Level.OK if finding.ok else Level.TROUBLE, finding.text, finding.advice)
