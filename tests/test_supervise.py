"""Worker threads: woken, waiting, failing, stuck, stopped.  Real threads; every wait is for an event."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

import faxdaemon.supervise as module
from faxdaemon.core.errors import JournalBusy, JournalError
from faxdaemon.supervise import EXIT_JOURNAL, EXIT_STUCK, Asked, SignalHub, Supervisor

PATIENCE = 60.0
LONG = 3600.0


class Stage:
    """A stage that is stepped only as the test says: `begun` tells that a step began, `end` tells how it ends."""

    def __init__(self) -> None:
        self.begun: SimpleQueue[int] = SimpleQueue()
        self._ends: SimpleQueue[float | BaseException] = SimpleQueue()
        self.steps = 0

    def step(self) -> float:
        self.steps += 1
        self.begun.put(self.steps)
        end = self._ends.get(timeout=PATIENCE)
        if isinstance(end, BaseException):
            raise end
        return end

    def end(self, how: float | BaseException) -> None:
        """Let the step in hand return a wait, or raise."""
        self._ends.put(how)

    def stepped(self) -> int:
        """Wait for the next step to begin."""
        return self.begun.get(timeout=PATIENCE)

    def is_idle(self) -> bool:
        return self.begun.empty()


class Waits:
    """In place of a worker's event: each wait is told, and ends when the test or a signal says so."""

    def __init__(self) -> None:
        self.told: SimpleQueue[float] = SimpleQueue()
        self._event = threading.Event()
        self.time_is_up = threading.Event()

    def set(self) -> None:
        self._event.set()
        self.time_is_up.set()

    def clear(self) -> None:
        self._event.clear()
        self.time_is_up.clear()

    def wait(self, timeout: float) -> bool:
        self.told.put(timeout)
        if not self.time_is_up.wait(PATIENCE):
            raise AssertionError("nobody ended the wait")
        return self._event.is_set()


@pytest.fixture
def exits() -> list[int]:
    return []


@pytest.fixture
def supervisor(exits: list[int]) -> Iterator[Supervisor]:
    made = Supervisor(SignalHub(), exit_=exits.append)
    yield made
    made.stop(PATIENCE)


def observed(worker: Any) -> Waits:
    """Replace the worker's event, before it listens or runs."""
    waits = Waits()
    worker.wake = waits
    return waits


def added(supervisor: Supervisor, name: str = "stage", *, limit: float = LONG, **more: Any) -> tuple[Any, Stage]:
    stage = Stage()
    return supervisor.add(name, stage, limit=limit, **more), stage


def test_a_stage_is_stepped_again_at_once_when_there_may_be_more(supervisor: Supervisor) -> None:
    _, stage = added(supervisor)
    supervisor.start()
    for number in (1, 2, 3):
        assert stage.stepped() == number
        stage.end(0.0)
    stage.stepped()
    stage.end(LONG)


def test_a_stage_waits_as_long_as_it_said(supervisor: Supervisor) -> None:
    worker, stage = added(supervisor)
    waits = observed(worker)
    supervisor.start()
    stage.stepped()
    stage.end(17.5)
    assert waits.told.get(timeout=PATIENCE) == 17.5
    assert stage.is_idle(), "not before its time"
    waits.time_is_up.set()
    assert stage.stepped() == 2
    stage.end(LONG)


def test_a_signal_ends_the_wait_of_those_who_listen_and_of_no_others(supervisor: Supervisor) -> None:
    _, hears = added(supervisor, "hears", topics=["ready:main", "other"])
    _, deaf = added(supervisor, "deaf", topics=["ready:backup"])
    supervisor.start()
    for stage in (hears, deaf):
        stage.stepped()
        stage.end(LONG)
    supervisor.hub.notify("nobody", "ready:main")
    assert hears.stepped() == 2
    hears.end(LONG)
    supervisor.hub.notify("other")
    assert hears.stepped() == 3
    assert deaf.is_idle()
    hears.end(LONG)


def test_a_signal_during_the_step_is_not_lost(supervisor: Supervisor) -> None:
    _, stage = added(supervisor, topics=["ready"])
    supervisor.start()
    stage.stepped()
    supervisor.hub.notify("ready")
    stage.end(LONG)
    assert stage.stepped() == 2
    stage.end(LONG)


def test_each_listener_of_a_topic_is_woken(supervisor: Supervisor) -> None:
    stages = [added(supervisor, str(n), topics=["ready"])[1] for n in range(3)]
    supervisor.start()
    for stage in stages:
        stage.stepped()
        stage.end(LONG)
    supervisor.hub.notify("ready")
    for stage in stages:
        assert stage.stepped() == 2
        stage.end(LONG)


# -- failing


def test_a_stage_that_raises_is_logged_and_stepped_again_while_the_others_go_on(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AFTER_ERROR", 12.5)
    worker, stage = added(supervisor, "clumsy")
    waits = observed(worker)
    _, other = added(supervisor, "other")
    with capture_logs() as logs:
        supervisor.start()
        for failures in (1, 2):
            stage.stepped()
            stage.end(ZeroDivisionError("a bug"))
            assert waits.told.get(timeout=PATIENCE) == 12.5
            assert worker.failures == failures
            waits.time_is_up.set()
        stage.stepped()
        stage.end(LONG)
        assert waits.told.get(timeout=PATIENCE) == LONG
    assert worker.failures == 0
    assert [(e["event"], e["worker"], e["failures"]) for e in logs if e["log_level"] == "error"] == [
        ("stage failed", "clumsy", 1),
        ("stage failed", "clumsy", 2),
    ]
    assert other.stepped() == 1
    other.end(0.0)
    assert other.stepped() == 2
    other.end(LONG)
    waits.set()
    stage.end(LONG)


@pytest.mark.parametrize("error", [JournalError("disk"), JournalBusy("taken")], ids=lambda e: type(e).__name__)
def test_a_broken_journal_ends_the_process_with_its_status(supervisor: Supervisor, error: JournalError) -> None:
    _, stage = added(supervisor, "submit")
    supervisor.start()
    stage.stepped()
    stage.end(error)
    assert supervisor.watch() is Asked.FAILED
    assert supervisor.status == EXIT_JOURNAL
    assert supervisor.failed == ("submit", error)
    assert supervisor.stop(PATIENCE)
    assert stage.steps == 1, "whoever met it never acted again"


def test_the_first_failure_is_the_one_that_is_told(supervisor: Supervisor) -> None:
    errors = [JournalError("first"), JournalError("second")]
    stages = [added(supervisor, str(n))[1] for n in range(2)]
    supervisor.start()
    for stage, error in zip(stages, errors, strict=True):
        stage.stepped()
        stage.end(error)
        assert supervisor.watch() is Asked.FAILED
    assert supervisor.stop(PATIENCE)
    assert supervisor.failed == ("0", errors[0])


# -- watching


def test_what_another_supervisors_journal_did_is_not_ours(supervisor: Supervisor) -> None:
    supervisor.asked.put(Asked.FAILED)
    supervisor.asked.put(Asked.RELOAD)
    assert supervisor.watch() is Asked.RELOAD


def test_watch_returns_when_a_stop_is_asked_for(supervisor: Supervisor) -> None:
    supervisor.request_stop()
    assert supervisor.watch() is Asked.STOP
    assert supervisor.status == 0


def test_a_stop_may_be_asked_for_in_the_middle_of_any_line_of_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal's handler runs between two lines of the main thread, whatever locks that one holds just then."""
    for moment in range(1, 60):
        lines = 0
        supervisor = Supervisor(SignalHub())
        monkeypatch.setattr(supervisor, "check", lambda: None)
        supervisor.look = 0.001

        def handler(
            frame: Any, event: str, argument: Any, moment: int = moment, supervisor: Supervisor = supervisor
        ) -> Any:
            nonlocal lines
            lines += event == "line"
            if lines == moment:
                lines += 1
                supervisor.request_stop()
            return handler

        before = sys.gettrace()
        sys.settrace(handler)
        try:
            assert supervisor.watch() is Asked.STOP
        finally:
            sys.settrace(before)


def test_watch_looks_at_the_workers_now_and_then(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    supervisor.look = 0.001
    looks: list[int] = []

    def look() -> None:
        looks.append(1)
        if len(looks) == 3:
            supervisor.request_stop()

    monkeypatch.setattr(supervisor, "check", look)
    assert supervisor.watch() is Asked.STOP
    assert len(looks) == 3


@pytest.fixture
def dumps(monkeypatch: pytest.MonkeyPatch, exits: list[int]) -> list[str]:
    """What happens when all stacks are dumped."""
    told: list[str] = []
    monkeypatch.setattr(module.faulthandler, "dump_traceback", lambda **_: told.append(f"dump after {len(exits)}"))
    return told


def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Time as the workers and the watchdog read it."""
    now = [1000.0]
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def later(seconds: float) -> None:
        now[0] += seconds

    return later


def test_a_stuck_worker_ends_the_process_after_dumping_its_stacks(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch, exits: list[int], dumps: list[str]
) -> None:
    later = clock(monkeypatch)
    _, stage = added(supervisor, "stuck", limit=100.0)
    alive: list[int] = []
    supervisor.alive = lambda: alive.append(1)
    supervisor.start()
    stage.stepped()
    later(100.0)
    supervisor.check()
    assert (exits, alive) == ([], [1])
    later(0.1)
    with capture_logs() as logs:
        supervisor.check()
    assert exits == [EXIT_STUCK]
    assert dumps == ["dump after 0"]
    assert alive == [1], "the service manager's watchdog is not fed any more"
    assert [(e["log_level"], e["worker"]) for e in logs] == [("critical", "stuck")]
    stage.end(LONG)


def test_a_worker_that_waits_is_not_stuck(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch, exits: list[int], dumps: list[str]
) -> None:
    later = clock(monkeypatch)
    worker, stage = added(supervisor, limit=100.0)
    waits = observed(worker)
    supervisor.start()
    stage.stepped()
    stage.end(LONG)
    waits.told.get(timeout=PATIENCE)
    later(LONG)
    supervisor.check()
    assert (exits, dumps) == ([], [])
    waits.set()
    stage.stepped()
    stage.end(LONG)


def test_the_process_ends_although_nothing_can_be_dumped(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch, exits: list[int]
) -> None:
    """A Windows service has no stderr."""
    later = clock(monkeypatch)
    monkeypatch.setattr(module.sys, "stderr", None)
    _, stage = added(supervisor, limit=1.0)
    supervisor.start()
    stage.stepped()
    later(2.0)
    with pytest.raises(RuntimeError):
        supervisor.check()
    assert exits == [EXIT_STUCK]
    stage.end(LONG)


class Fatal(BaseException):
    """What some extension modules raise."""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_dead_worker_ends_the_process(supervisor: Supervisor, exits: list[int], dumps: list[str]) -> None:
    worker, stage = added(supervisor, "dead")
    _, other = added(supervisor, "alive")
    supervisor.start()
    stage.stepped()
    other.stepped()
    supervisor.check()
    assert exits == []
    stage.end(Fatal())
    assert worker.join(PATIENCE)
    supervisor.check()
    assert exits == [EXIT_STUCK]
    assert len(dumps) == 1
    other.end(LONG)


# -- stopping


def test_an_orderly_stop_lets_the_step_in_hand_finish(supervisor: Supervisor) -> None:
    worker, stage = added(supervisor)
    supervisor.start()
    stage.stepped()
    done: list[bool] = []
    stopper = threading.Thread(target=lambda: done.append(supervisor.stop(PATIENCE)))
    stopper.start()
    assert worker.wake.wait(PATIENCE), "it was asked to stop"
    stage.end(0.0)
    stopper.join(PATIENCE)
    assert done == [True]
    assert stage.steps == 1, "and no other was begun"


def test_a_stop_ends_a_wait_at_once(supervisor: Supervisor) -> None:
    worker, stage = added(supervisor)
    waits = observed(worker)
    supervisor.start()
    stage.stepped()
    stage.end(LONG)
    waits.told.get(timeout=PATIENCE)
    assert supervisor.stop(PATIENCE)
    assert stage.steps == 1


def test_who_does_not_finish_in_time_is_named(supervisor: Supervisor) -> None:
    _, slow = added(supervisor, "slow")
    _, quick = added(supervisor, "quick")
    supervisor.start()
    slow.stepped()
    quick.stepped()
    quick.end(LONG)
    with capture_logs() as logs:
        assert not supervisor.stop(0.0)
    (told,) = [e for e in logs if e["log_level"] == "warning"]
    assert "slow" in told["workers"]
    slow.end(LONG)
    assert supervisor.stop(PATIENCE)


def test_a_stop_before_the_start_is_fine(supervisor: Supervisor) -> None:
    """A start that failed half way is cleaned up after, and must tell its own error."""
    _, stage = added(supervisor)
    assert supervisor.stop(PATIENCE)
    with pytest.raises(Empty):
        stage.begun.get_nowait()
