"""When to try again: pure functions of age, so that a restart, a lost counter or a jumping clock cannot distort them.

Promise   every delay is bounded below and above, grows with age, and never overflows.
Needs     the age in seconds and a random number in [0, 1), handed in.

The shape is Postfix's (the age of the item, clamped): see `docs/decisions/0004-schedules-by-age.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

JITTER = 0.2


@dataclass(frozen=True, slots=True)
class Spacing:
    """A delay that follows the age between two bounds (seconds)."""

    shortest: float
    longest: float

    def delay(self, age: float, chance: float) -> float:
        """Seconds until the next try of something `age` seconds old; up to 20 % longer by `chance`.

        A negative age (the clock went back) counts as zero, so the wait is the shortest, never endless.
        """
        return min(max(age, self.shortest), self.longest) * (1 + JITTER * chance)


#: An account that is unreachable, busy or asks us to slow down.
OFFER_AGAIN = Spacing(60, 30 * 60)
#: A folder, sink or inbox item that cannot be had now.
TRY_AGAIN = Spacing(5, 10 * 60)
#: An account whose credentials were refused: soon after they were put right, and too rarely to be locked out.
CREDENTIALS = 300.0
#: Fax-level retries where the provider does none: seconds after the 1st, 2nd and 3rd failed submission.
REDIAL = (5 * 60, 15 * 60, 45 * 60)


def redial_after(submission: int, retries: int, spacing: tuple[float, ...] = REDIAL) -> float | None:
    """Seconds to wait before the submission after number `submission`, or None when `retries` are used up."""
    if submission > retries:
        return None
    return spacing[min(submission, len(spacing)) - 1]


def status_delay(since_accepted: float, shortest: float) -> float:
    """Seconds until an accepted fax is asked for again: soon at first, then slower, at most every 5 minutes.

    A page takes 20 to 40 s on the line (Concord guide), so half the time that has passed wastes little either way.
    """
    return min(max(shortest, since_accepted / 2), max(shortest, 300.0))


def told_again(times: int) -> float:
    """Seconds until a received fax that is still listed is acknowledged again, for the `times`-th time: soon at first
    (the list may be older than the acknowledgement), at most every hour."""
    return min(TRY_AGAIN.shortest * 2.0 ** min(times, 20), 3600.0)


def until(due_ms: int, now_ms: int, longest: float) -> float:
    """Seconds from now until a stored time; one further away than `longest` (a clock that jumped) counts as now."""
    seconds = (due_ms - now_ms) / 1000
    return 0.0 if seconds > longest or seconds < 0 else seconds


def until_time(now: datetime, at: time, zone: tzinfo) -> float:
    """Seconds until the clock of `zone` shows `at` the next time; more than 0.  A time that is left out when the clocks
    change comes as if it were there."""
    day = now.astimezone(zone).date()
    times = (datetime.combine(day + timedelta(days=n), at, zone).astimezone(UTC) for n in range(3))
    return next((moment - now).total_seconds() for moment in times if moment > now)
