"""The clock: the only source of time for stages, so that a test can run a day in a millisecond."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Wall time for records, monotonic time for measuring."""

    def now(self) -> datetime:
        """The time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since some fixed point; never goes back and goes on while the machine sleeps where that can be
        had."""
        ...

    def chance(self) -> float:
        """A random number in [0, 1), for jitter."""
        ...

    def entropy(self, size: int) -> bytes:
        """`size` random bytes, for ids."""
        ...
