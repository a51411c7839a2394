"""Many callers, one commit; and what each of them gets when something goes wrong."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from faxdaemon.core.errors import JournalError, UserError


class Gate:
    """Keeps the writer busy until opened, so that what is handed in meanwhile becomes one group."""

    def __init__(self, world: Any) -> None:
        self.began, self.open = threading.Event(), threading.Event()
        self.world = world
        self.pool = ThreadPoolExecutor(32)
        self.first: Future[None] = self.pool.submit(world.journal._write, self._hold)
        assert self.began.wait(60)

    def _hold(self, tx: Any) -> None:
        self.began.set()
        assert self.open.wait(60)

    def hand_in(self, act: Any, *arguments: Any) -> Future[Any]:
        """Call `act` from another thread; returns once it waits in the queue."""
        queue = self.world.journal._writer._queue
        before = queue.qsize()
        future = self.pool.submit(act, *arguments)
        while queue.qsize() == before and not future.done():
            pass
        return future

    def close(self) -> None:
        self.open.set()
        self.pool.shutdown()


@pytest.fixture
def gate(world: Any) -> Any:
    gate = Gate(world)
    yield gate
    gate.close()


@pytest.fixture
def commits(world: Any) -> list[int]:
    """The size of each committed group."""
    sizes: list[int] = []
    writer = world.journal._writer
    commit = writer._commit

    def counted(group: Any) -> None:
        sizes.append(len(group))  # before: the callers go on while the commit is still being told
        try:
            commit(group)
        except BaseException:
            sizes.pop()
            raise

    writer._commit = counted
    return sizes


def test_whoever_waits_shares_one_commit(world: Any, commits: list[int], gate: Gate) -> None:
    drops = [world.make() for _ in range(20)]
    futures = [gate.hand_in(world.journal.accept, [drop]) for drop in drops]
    assert not any(future.done() for future in futures)
    gate.open.set()
    for future in futures:
        future.result(10)
    assert commits == [1, 20]
    assert len(world.journal.known([drop.fax_id for drop in drops])) == 20


def test_one_failing_caller_does_not_hurt_the_others(world: Any, gate: Gate) -> None:
    good = [world.make() for _ in range(4)]
    futures = [gate.hand_in(world.journal.accept, [drop]) for drop in good[:2]]
    person = gate.hand_in(world.journal.hold, "0000", "wait")
    broken = gate.hand_in(world.sql, "INSERT INTO duty (name, next_at) VALUES (NULL, 1)")
    bug = gate.hand_in(world.journal._write, lambda tx: 1 // 0)
    futures += [gate.hand_in(world.journal.accept, [drop]) for drop in good[2:]]
    gate.open.set()
    for future in futures:
        future.result(10)
    assert len(world.journal.known([drop.fax_id for drop in good])) == 4
    with pytest.raises(UserError):
        person.result(10)
    with pytest.raises(JournalError):
        broken.result(10)
    with pytest.raises(ZeroDivisionError):
        bug.result(10)
    assert all(len(world.events(drop.fax_id)) == 1 for drop in good)


def test_what_failed_left_nothing_behind_and_woke_nobody(world: Any) -> None:
    drop = world.make()

    def work(tx: Any) -> None:
        from faxdaemon.journal.intake import _accept

        _accept(tx, {drop.fax_id: drop})
        raise RuntimeError("after the fact")

    world.bell.heard()
    with pytest.raises(RuntimeError):
        world.journal._write(work)
    assert world.journal.known([drop.fax_id]) == frozenset()
    assert world.bell.heard() == set()
    assert world.sql("SELECT count(*) FROM event")[0][0] == 0


def test_callers_are_answered_only_after_the_commit(world: Any) -> None:
    order: list[str] = []
    writer = world.journal._writer
    durable = writer._make_durable

    def late(transaction: Any) -> None:
        order.append("commit")
        durable(transaction)

    writer._make_durable = late
    world.bell.notify = lambda *topics: order.append("wake")
    world.journal.accept([world.make()])
    order.append("answer")
    assert order == ["commit", "wake", "answer"]


def test_a_listener_that_fails_does_not_make_a_commit_happen_twice(world: Any, gate: Gate) -> None:
    drops = [world.make() for _ in range(3)]
    futures = [gate.hand_in(world.journal.accept, [drop]) for drop in drops]
    claim = gate.hand_in(world.journal.take_duty, "poll:main", 30.0)

    def fail(*topics: str) -> None:
        raise OSError("nobody listens")

    world.bell.notify = fail
    gate.open.set()
    for future in futures:
        future.result(10)
    assert claim.result(10) == 0
    assert all(len(world.events(drop.fax_id)) == 1 for drop in drops)


def test_after_a_failed_commit_nothing_is_recorded_any_more(sqlite_world: Any) -> None:
    """Nobody can know what is on the disk: whoever meets this must stop acting."""

    class Broken:
        def __init__(self, transaction: Any) -> None:
            self.transaction = transaction

        def commit(self) -> None:
            self.transaction.rollback()
            raise OperationalError("COMMIT", {}, OSError("disk I/O error"))

    writer = sqlite_world.journal._writer
    durable = writer._make_durable
    writer._make_durable = lambda transaction: durable(Broken(transaction))
    with pytest.raises(JournalError, match="could not be committed"):
        sqlite_world.journal.accept([sqlite_world.make()])
    writer._make_durable = durable
    with pytest.raises(JournalError, match="could not be committed"):
        sqlite_world.journal.accept([sqlite_world.make()])


def test_a_failed_statement_is_an_error_for_its_caller_alone(sqlite_world: Any) -> None:
    with pytest.raises(JournalError, match="no such table"):
        sqlite_world.sql("SELECT * FROM nowhere")
    assert sqlite_world.state_of(sqlite_world.ready()) == "ready"


def test_a_bug_in_the_writer_leaves_nobody_waiting(sqlite_world: Any) -> None:
    def bug(_: Any) -> None:
        raise SystemExit

    sqlite_world.journal._writer._serve = bug
    with pytest.raises(JournalError, match="writer failed"):
        sqlite_world.journal.accept([sqlite_world.make()])


def test_closing_finishes_what_is_queued_and_refuses_what_comes_later(world: Any, gate: Gate) -> None:
    drop = world.make()
    queued = gate.hand_in(world.journal.accept, [drop])
    closing = gate.pool.submit(world.journal.close)
    while not world.journal._writer._closed:
        pass
    late = gate.pool.submit(world.journal.accept, [world.make()])
    with pytest.raises(JournalError, match="closed"):
        late.result(10)
    gate.open.set()
    queued.result(10)
    closing.result(10)
    assert world.open().known([drop.fax_id]) == {drop.fax_id}


def test_a_row_that_vanished_while_locked_stops_everything(world: Any) -> None:
    from faxdaemon.core.states import Outbound
    from faxdaemon.journal.machines import RECIPIENT
    from faxdaemon.journal.transitions import Change, move

    fax_id = world.ready()

    def work(tx: Any) -> None:
        rows = RECIPIENT.lock(tx, [(fax_id, 1)])
        tx.connection.execute(sa.text("UPDATE recipient SET epoch = epoch + 1"))
        move(tx, RECIPIENT, [Change((fax_id, 1), ("hold",), Outbound.HELD, None, note="x")], rows)

    with pytest.raises(JournalError, match="1 rows were locked and 0 changed"):
        world.journal._write(work)


def test_callers_do_not_wait_for_the_log(sqlite_world: Any) -> None:
    told, read = threading.Event(), threading.Event()

    def slowly(tx: Any) -> None:
        assert read.wait(60)
        told.set()

    sqlite_world.journal._writer._tell = slowly
    fax_id = sqlite_world.received()
    assert not told.is_set()
    assert sqlite_world.journal.known([fax_id]) == {fax_id}
    read.set()
    sqlite_world.journal.close()
    assert told.is_set()


def test_whoever_waits_is_woken_before_the_caller_is_answered(sqlite_world: Any) -> None:
    sqlite_world.received()
    assert sqlite_world.bell.heard() == {"received"}
