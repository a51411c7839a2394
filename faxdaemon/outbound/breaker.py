"""The breaker of one account: so many failures in a row, and the account is left alone for a while.

Promise   an account that cannot be reached, or does not answer, is tried ever less often, and by one worker at a time
          (the journal sees to that: `Submission.trial`); the first success ends it.
Needs     the clock.  What it counts is this process's own; the pause that follows is in the journal, for all.
Crash     the count begins anew: at worst `IN_A_ROW` more are tried.

An answer that never came counts like "not now".  It proves nothing about that one fax, but the next one would meet the
same silence: without the count, a dead provider that takes requests in would make the whole queue uncertain, one fax
after another.
"""

from __future__ import annotations

import threading

from faxdaemon.contracts.clock import Clock
from faxdaemon.core.schedule import OFFER_AGAIN

IN_A_ROW = 5


class Breaker:
    """Used by all the workers of an account."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._guard = threading.Lock()
        self._failures = 0
        self._since = 0.0

    def failed(self, *, trial: bool) -> float | None:
        """One more failure: seconds for which the account is to be left alone, or None while they are too few.  A
        trial that failed is always enough."""
        with self._guard:
            now = self._clock.monotonic()
            if not self._failures:
                self._since = now
            self._failures += 1
            if self._failures < IN_A_ROW and not trial:
                return None
            return OFFER_AGAIN.delay(now - self._since, self._clock.chance())

    def worked(self) -> None:
        """The account answered as it should."""
        with self._guard:
            self._failures = 0
