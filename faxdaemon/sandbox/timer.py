"""The clockwork of the sandbox: calls a function when its time has come, in one thread, in order.

Promise   nothing is called before its time, nor after `stop` has returned.  A function that fails is logged;
          the rest go on.
Needs     the monotonic clock; functions that take no time.
Crash     what was due is gone; the network settles such calls when it is opened again.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable

import structlog

log = structlog.get_logger()


class Timer:
    """A heap and a thread."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Callable[[], object]]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="sandbox-timer", daemon=True)
        self._thread.start()

    def at(self, moment: float, action: Callable[[], object]) -> None:
        """Call `action` once `time.monotonic()` has reached `moment`."""
        with self._changed:
            heapq.heappush(self._due, (moment, next(self._order), action))
            if self._due[0][0] == moment:
                self._changed.notify()

    def stop(self) -> None:
        """Forget what is due and end the thread."""
        with self._changed:
            self._stopped = True
            self._due.clear()
            self._changed.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        while action := self._next():
            try:
                action()
            except Exception:
                log.exception("sandbox.timer")

    def _next(self) -> Callable[[], object] | None:
        with self._changed:
            while not self._stopped:
                if not self._due:
                    self._changed.wait()
                elif (left := self._due[0][0] - time.monotonic()) > 0:
                    self._changed.wait(left)
                else:
                    return heapq.heappop(self._due)[2]
        return None
