"""Worker threads: who runs, who is woken, who is stuck.

Promise   every stage is stepped again when it said so or when a signal says so, whichever is first; a broken journal
          ends the process; a worker that does not come back within its limit, or whose thread is dead, makes the
          process dump all stacks and exit, because a restart is always safe and a stuck daemon is not.  `alive` is
          called only after a look at the workers found all of them at work.
Needs     stages.  This is the only module that starts threads, besides the file watcher, the journal's writer and the
          web server.
Crash     nothing here is remembered.
"""

from __future__ import annotations

import faulthandler
import os
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from enum import Enum
from queue import Empty, SimpleQueue

import structlog

from faxdaemon.contracts.stage import Stage
from faxdaemon.core.errors import JournalError

log = structlog.get_logger()

AFTER_ERROR = 5.0
"""Seconds before a stage that raised is stepped again."""
LOOK = 5.0
"""Seconds between two looks at the workers."""
EXIT_STUCK = 70
EXIT_JOURNAL = 74


class SignalHub:
    """Wakes workers by topic.  One event per worker: a shared one loses wake-ups."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[threading.Event]] = defaultdict(list)

    def listen(self, event: threading.Event, topics: Iterable[str]) -> None:
        """Set `event` whenever one of `topics` is notified.  Before the workers start only."""
        for topic in topics:
            self._listeners[topic].append(event)

    def notify(self, *topics: str) -> None:
        """Wake the listeners of these topics."""
        for topic in topics:
            for event in self._listeners.get(topic, ()):
                event.set()


class Worker:
    """One stage in one named thread."""

    def __init__(self, name: str, stage: Stage, limit: float) -> None:
        self.name = name
        self.limit = limit
        """Seconds that one step may take before the worker counts as stuck."""
        self.wake = threading.Event()
        self.failures = 0
        self.busy_since: float | None = None
        self.stepped = threading.Event()
        """Set once the first step has ended, well or badly."""
        self._stage = stage
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._fatal: Callable[[str, BaseException], None] = lambda _name, _error: None

    def start(self, fatal: Callable[[str, BaseException], None]) -> None:
        """Run until stopped; `fatal` is told of a broken journal."""
        self._fatal = fatal
        self._thread.start()

    def stop(self) -> None:
        """Finish the step in hand and end."""
        self._stop.set()
        self.wake.set()

    def join(self, timeout: float) -> bool:
        """Whether the thread has ended within `timeout` seconds, or was never started."""
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    @property
    def died(self) -> bool:
        """Whether the thread has ended without having been asked to."""
        return self._thread.ident is not None and not self._thread.is_alive() and not self._stop.is_set()

    @property
    def busy(self) -> float | None:
        """Seconds that the step in hand has taken so far; None between two steps."""
        since = self.busy_since
        return None if since is None else time.monotonic() - since

    def _run(self) -> None:
        while not self._stop.is_set():
            self.wake.clear()
            wait = self._step()
            if wait > 0:
                self.wake.wait(wait)

    def _step(self) -> float:
        self.busy_since = time.monotonic()
        try:
            wait = self._stage.step()
            self.failures = 0
        except JournalError as error:
            self._stop.set()  # whoever meets this stops acting
            self._fatal(self.name, error)
            return 0.0
        except Exception:
            # A bug must not end the line for everybody: it is logged with its stack and this stage alone waits.
            self.failures += 1
            log.exception("stage failed", worker=self.name, failures=self.failures)
            wait = AFTER_ERROR
        finally:
            self.busy_since = None
            self.stepped.set()
        return wait


class Asked(Enum):
    """Why `watch` returns."""

    STOP = "stop"
    RELOAD = "reload"
    FAILED = "failed"
    """The journal failed."""


class Supervisor:
    """Starts the workers, watches over them, stops them."""

    def __init__(self, hub: SignalHub, exit_: Callable[[int], None] = os._exit) -> None:
        self.hub = hub
        self.workers: list[Worker] = []
        self.failed: tuple[str, BaseException] | None = None
        self.look = LOOK
        """Seconds between two looks at the workers."""
        self.alive: Callable[[], None] = lambda: None
        """Told after each look that found every worker at work."""
        # Not an event: its `set` takes a lock, and a signal handler may interrupt the very thread that holds it.
        self.asked: SimpleQueue[Asked] = SimpleQueue()
        """What is asked for; the owner of several supervisors, one after the other, gives them one queue."""
        self._exit = exit_

    def add(self, name: str, stage: Stage, *, topics: Iterable[str] = (), limit: float) -> Worker:
        """Give `stage` a thread of its own, woken by `topics`."""
        worker = Worker(name, stage, limit)
        self.hub.listen(worker.wake, topics)
        self.workers.append(worker)
        return worker

    def start(self) -> None:
        """Start all workers."""
        for worker in self.workers:
            worker.start(self._fatal)

    def _fatal(self, name: str, error: BaseException) -> None:
        log.critical("the journal failed; stopping, since an unsure journal must not keep sending", worker=name)
        self.failed = self.failed or (name, error)
        self.asked.put(Asked.FAILED)

    def request_stop(self) -> None:
        """Ask `watch` to return; may be called by a signal handler at any moment."""
        self.asked.put(Asked.STOP)

    @property
    def status(self) -> int:
        """The exit status of the process if it ends now."""
        return EXIT_JOURNAL if self.failed else 0

    def watch(self) -> Asked:
        """Block until something is asked for, looking at the workers meanwhile."""
        while True:
            try:
                asked = self.asked.get(timeout=self.look)
            except Empty:
                self.check()
                continue
            if asked is not Asked.FAILED or self.failed:  # else it was meant for another supervisor
                return asked

    def check(self) -> None:
        """Exit at once, with all stacks on stderr, when a worker is stuck or dead; else tell that all work."""
        now = time.monotonic()
        for worker in self.workers:
            since = worker.busy_since
            if worker.died or (since is not None and now - since > worker.limit):
                what = "dead" if worker.died else "stuck"
                log.critical("a worker does not work; exiting so that it can start again", worker=worker.name, is_=what)
                try:
                    faulthandler.dump_traceback(file=sys.stderr, all_threads=True)
                finally:  # a service may have no stderr
                    self._exit(EXIT_STUCK)
                return
        self.alive()

    def end(self) -> None:
        """Ask every worker to finish the step in hand and to end; returns at once."""
        for worker in self.workers:
            worker.stop()

    def ended(self, within: float) -> list[str]:
        """The workers that have not ended `within` seconds."""
        deadline = time.monotonic() + within
        return [w.name for w in self.workers if not w.join(max(0.0, deadline - time.monotonic()))]

    def stop(self, timeout: float) -> bool:
        """Orderly stop: every worker finishes the step in hand, within `timeout` seconds in all."""
        self.end()
        late = self.ended(timeout)
        if late:
            log.warning("workers did not finish in time; what they do is looked up at the next start", workers=late)
        return not late
