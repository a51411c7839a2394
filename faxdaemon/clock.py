"""The real clock and real chance.  Nothing else in the program reads either."""

from __future__ import annotations

import os
import random
import time
from datetime import UTC, datetime

_SINCE_BOOT: int | None = getattr(time, "CLOCK_BOOTTIME", None)


class SystemClock:
    """`faxdaemon.contracts.clock.Clock` for production."""

    def now(self) -> datetime:
        """The time, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that go on while the machine sleeps, where the platform has such a clock: a claim must run out during
        a suspend, too."""
        return time.monotonic() if _SINCE_BOOT is None else time.clock_gettime(_SINCE_BOOT)

    def chance(self) -> float:
        """A random number in [0, 1)."""
        return random.random()  # noqa: S311 - jitter, not a secret

    def entropy(self, size: int) -> bytes:
        """`size` random bytes."""
        return os.urandom(size)
