"""A clock that moves only when it is told to."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta


class FakeClock:
    """`faxdaemon.contracts.clock.Clock` on virtual time; the same seed gives the same chances and ids."""

    def __init__(self, start: datetime = datetime(2026, 11, 20, 9, 0, tzinfo=UTC), seed: int = 0) -> None:
        self._now = start
        self._monotonic = 1000.0
        self._random = random.Random(seed)

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def chance(self) -> float:
        return self._random.random()

    def entropy(self, size: int) -> bytes:
        return self._random.randbytes(size)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds

    def set_back(self, seconds: float) -> None:
        """Somebody corrects the wall clock; the monotonic one does not notice."""
        self._now -= timedelta(seconds=seconds)
