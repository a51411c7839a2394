"""Several nodes on one PostgreSQL, and a PostgreSQL that goes away."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.clock import FakeClock
from support.postgres import running_postgres

from faxdaemon.contracts.journal import Guard, Routed, Settled
from faxdaemon.contracts.provider import Progress
from faxdaemon.core.errors import JournalError
from faxdaemon.journal import open_journal, writer

FOLDER = "/srv/fax/out/billing"


@pytest.fixture
def one(postgres_world: Any) -> Any:
    return postgres_world


@pytest.fixture
def two(postgres_world: Any) -> Any:
    return postgres_world.open("two")


def test_times_come_from_the_databases_own_clock(database: str, tmp_path: Path, postgres_world: Any) -> None:
    clock = FakeClock(datetime(2001, 1, 1, tzinfo=UTC))
    journal: Any = open_journal(database, state=tmp_path, clock=clock, signals=postgres_world.bell, node="two")
    drop = postgres_world.make()
    before = datetime.now(UTC) - timedelta(seconds=1)
    journal.accept([drop])
    (event,) = journal.life(drop.fax_id).events
    assert before <= event.at <= datetime.now(UTC) + timedelta(seconds=1)
    journal.close()


def test_what_one_node_holds_in_a_transaction_the_other_passes_over(one: Any, two: Any) -> None:
    first, second = one.ready(), one.ready()
    inside, go_on = threading.Event(), threading.Event()

    def claim_slowly(tx: Any) -> list[str]:
        from faxdaemon.journal.sending import _DUE_READY

        rows = tx.connection.execute(_DUE_READY, {"account": "main", "now": tx.now, "limit": 1}).all()
        inside.set()
        assert go_on.wait(60)
        return [row.fax_id for row in rows]

    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(one.journal._write, claim_slowly)
        assert inside.wait(60)
        assert [s.fax_id for s in two.claim_ready("main", 10, 60)] == [second]
        go_on.set()
        assert slow.result(10) == [first]


def test_many_nodes_claim_each_fax_once(one: Any, two: Any) -> None:
    drops = [one.make() for _ in range(200)]
    one.journal.accept(drops)
    one.journal.route([Routed(d.fax_id, (one.route_to(),), (1,)) for d in drops])
    claimed: list[str] = []

    def work(journal: Any) -> None:
        while batch := journal.claim_ready("main", 7, 60):
            claimed.extend(s.reference for s in batch)

    with ThreadPoolExecutor(6) as pool:
        for done in [pool.submit(work, journal) for journal in (one.journal, two) * 3]:
            done.result(30)
    assert len(claimed) == len(set(claimed)) == 200


def both(one: Any, two: Any, guard: Guard, pairs: int) -> list[tuple[str, str]]:
    """Two faxes of the same content routed at the same moment, one on each node; so many times."""
    found = []
    for n in range(pairs):
        earlier, *drops = [one.make(sha256=f"{n:064}") for _ in range(3)]
        one.journal.accept([earlier, *drops])
        if n % 2:  # one that does not count any more is known already
            one.journal.route([Routed(earlier.fax_id, (one.route_to(),), (1,), guard=guard)])
        one.journal.cancel(earlier.fax_id)
        together = threading.Barrier(2)

        def route(journal: Any, drop: Any, together: threading.Barrier = together) -> None:
            together.wait(60)
            journal.route([Routed(drop.fax_id, (one.route_to(),), (1,), guard=guard)])

        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(route, *each) for each in zip((one.journal, two), drops, strict=True)]:
                done.result(30)
        found.append((one.state_of(drops[0].fax_id), one.state_of(drops[1].fax_id)))
    return found


def test_of_two_look_alikes_on_two_nodes_one_is_held(one: Any, two: Any) -> None:
    found = both(one, two, Guard(lookalike=3600.0, remember=True), 10)
    assert {tuple(sorted(pair)) for pair in found} == {("held", "ready")}


def test_two_nodes_together_keep_to_a_folders_cap(one: Any, two: Any) -> None:
    both(one, two, Guard(per_hour=7), 10)
    taken = one.sql("SELECT taken FROM hourly WHERE hour > 0 ORDER BY hour")
    assert [row.taken for row in taken] == [7, 7, 7, 4], "ten pairs, and five that were cancelled"


def test_a_living_nodes_work_is_left_alone_and_a_dead_ones_is_taken_over(one: Any, two: Any) -> None:
    submission = one.submitting()
    one.journal.heartbeat(1000)
    one.clock.advance(61)  # past the lease of the claim
    assert two.interrupt(5) == 0
    one.clock.advance(1000)  # past the heartbeat, too
    assert two.interrupt(5) == 1
    assert not one.journal.accepted(submission, "job", 0)


def test_a_dead_nodes_claim_is_not_touched_before_its_lease_ends(one: Any, two: Any) -> None:
    one.submitting()
    one.clock.advance(59)
    assert two.interrupt(5) == 0


def test_a_duty_is_given_to_one_node(one: Any, two: Any) -> None:
    one.sql("SELECT 1")
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda j: j.take_duty("poll:main", 30), (one.journal, two) * 8))
    assert waits.count(0.0) == 1


def test_a_pause_holds_for_all_nodes(one: Any, two: Any) -> None:
    one.ready()
    one.journal.pause("main", "wrong password", 60)
    assert two.claim_ready("main", 1, 60) == []
    assert two.paused("main").reason == "wrong password"


def test_one_node_tries_a_paused_account_again(one: Any, two: Any) -> None:
    for _ in range(10):
        one.ready()
    one.journal.pause("main", "no connection", 0)
    with ThreadPoolExecutor(8) as pool:
        claimed = list(pool.map(lambda j: j.claim_ready("main", 5, 60), (one.journal, two) * 8))
    assert [len(batch) for batch in claimed if batch] == [1]


def test_the_last_two_recipients_ended_by_two_nodes_at_once_are_reported(one: Any, two: Any) -> None:
    """Each sees the other's recipient unfinished unless the fax is locked first."""
    for _ in range(20):
        fax_id = one.ready(one.route_to(), one.route_to(number="+13035550101"))
        submissions = one.journal.claim_ready("main", 2, 60)
        for submission in submissions:
            one.journal.accepted(submission, f"job-{submission.reference}", 0)
        claimed = one.journal.claim_accepted("main", 2, 60)
        with ThreadPoolExecutor(2) as pool:
            settled = [[Settled(s, one.status(s, Progress.SENT))] for s in claimed]
            assert list(pool.map(lambda j, s: j.settle(s), (one.journal, two), settled)) == [1, 1]
        assert one.report_of(fax_id) == "due"


def test_the_last_two_deliveries_ended_by_two_nodes_at_once_are_noticed(one: Any, two: Any) -> None:
    for n in range(20):
        fax = one.stored("desk", "printer", provider_id=str(n))
        works = []
        for sink in ("desk", "printer"):
            (work,) = one.journal.claim_deliveries(sink, 1, 60)
            one.journal.delivering(work, {})
            works.append(work)
        with ThreadPoolExecutor(2) as pool:
            assert all(pool.map(lambda j, w: j.delivery_done(w), (one.journal, two), works))
        assert one.journal.life(fax.fax_id).facts["state"] == "delivered"


def test_a_sink_has_one_claimant_among_all_nodes_and_keeps_its_order(one: Any, two: Any) -> None:
    faxes = [one.stored(provider_id=str(n)).fax_id for n in range(12)]
    done: list[str] = []
    while len(done) < len(faxes):
        with ThreadPoolExecutor(8) as pool:
            claimed = list(pool.map(lambda j: j.claim_deliveries("desk", 1, 60), (one.journal, two) * 4))
        (work,) = [work for works in claimed for work in works]
        done.append(work.fax.fax_id)
        two.delivering(work, {})
        assert two.delivery_done(work)
    assert done == sorted(faxes)


def test_a_sink_that_is_down_is_left_alone_by_all_nodes(one: Any, two: Any) -> None:
    one.stored()
    (work,) = one.journal.claim_deliveries("desk", 1, 60)
    assert one.journal.sink_down(work, "not mounted", 30, 60)
    assert two.claim_deliveries("desk", 1, 60) == []
    assert two.next_delivery_due("desk") == pytest.approx(30)
    assert two.troubles("desk").sink == "not mounted"
    one.clock.advance(30)
    (work,) = two.claim_deliveries("desk", 1, 60)
    assert work.down_since is not None


def test_the_turn_of_a_node_that_is_gone_ends_with_its_heartbeat(one: Any, two: Any) -> None:
    one.stored()
    one.journal.heartbeat(20)
    (work,) = one.journal.claim_deliveries("desk", 1, 300)
    one.clock.advance(19)
    assert two.claim_deliveries("desk", 1, 300) == []
    one.clock.advance(2)
    (again,) = two.claim_deliveries("desk", 1, 300)
    assert not one.journal.delivering(work, {})
    assert two.delivering(again, {})


def test_a_report_belongs_to_the_node_that_has_the_original_while_it_lives(one: Any, two: Any) -> None:
    one.ended()
    one.journal.heartbeat(60)
    two.heartbeat(60)
    assert two.claim_reports(FOLDER, 9) == []
    (work,) = one.journal.claim_reports(FOLDER, 9)
    one.clock.advance(61)
    two.heartbeat(60)
    (taken,) = two.claim_reports(FOLDER, 9)
    assert one.journal.staged([(work, {"moves": []})]) == []
    one.journal.heartbeat(60)
    assert one.journal.claim_reports(FOLDER, 9) == []
    (staged,) = two.staged([(taken, {"moves": []})])
    two.reported([staged])
    assert one.report_of(work.fax_id) == "reported"


def test_nodes_that_start_together_migrate_once(postgres: Any, tmp_path: Path, one: Any) -> None:
    url = postgres.url(postgres.create())

    def start(n: int) -> Any:
        return open_journal(url, state=tmp_path, clock=FakeClock(), signals=one.bell, node=f"node{n}")

    with ThreadPoolExecutor(4) as pool:
        journals = list(pool.map(start, range(4)))
    assert all(set(journal.counts().values()) == {0} for journal in journals)
    for journal in journals:
        journal.close()


def test_a_database_that_crashes_is_waited_for(tmp_path: Path, one: Any) -> None:
    with running_postgres() as server:
        url = server.url(server.create())
        journal: Any = open_journal(url, state=tmp_path, clock=FakeClock(), signals=one.bell, node="one")
        first, second = one.make(), one.make()
        journal.accept([first])
        server.stop()
        with ThreadPoolExecutor(4) as pool:
            waiting = [pool.submit(journal.accept, [second]), pool.submit(journal.take_duty, "poll:main", 30.0)]
            server.start()
            for each in waiting:
                each.result(60)
        assert journal.known([first.fax_id, second.fax_id]) == {first.fax_id, second.fax_id}
        journal.close()


def test_a_database_that_stays_away_stops_the_caller(tmp_path: Path, one: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "PATIENCE", 0.2)
    with running_postgres() as server:
        url = server.url(server.create())
        journal: Any = open_journal(url, state=tmp_path, clock=FakeClock(), signals=one.bell, node="one")
        server.stop()
        with pytest.raises(JournalError):
            journal.accept([one.make()])
        with pytest.raises(JournalError):
            journal.counts()
        server.start()
        journal.accept([one.make()])
        assert journal.counts()["out.received"] == 1
        journal.close()


def test_a_lost_reply_to_a_commit_changes_nothing_twice(one: Any) -> None:
    """The commit came through, its answer did not: the repeat must find everything done."""
    lose = iter([True])
    journal = one.journal
    durable = journal._writer._make_durable

    def lossy(transaction: Any) -> None:
        durable(transaction)
        if next(lose, False):
            one_connection = journal._writer._connection
            one_connection.invalidate()
            from sqlalchemy.exc import OperationalError

            raise OperationalError("COMMIT", {}, OSError("connection reset"), connection_invalidated=True)

    submission = one.submitting()
    journal._writer._make_durable = lossy
    # False, because the epoch and state are no longer those of the claim; what counts is that it is recorded once.
    assert journal.accepted(submission, "job", 5) is False
    assert [e[1] for e in one.events(submission.fax_id)].count("accept") == 1
    assert one.state_of(submission.fax_id) == "accepted"


def test_a_deadlock_is_tried_again(one: Any, two: Any) -> None:
    first, second = one.ready(), one.ready()
    meet = threading.Barrier(2, timeout=60)
    tries: list[str] = []

    def lock_both(order: tuple[str, str]) -> Any:
        def work(tx: Any) -> None:
            from faxdaemon.journal.machines import RECIPIENT

            tries.append(order[0])
            RECIPIENT.lock(tx, [(order[0], 1)])
            if len(tries) <= 2:
                meet.wait()
            RECIPIENT.lock(tx, [(order[1], 1)])

        return work

    with ThreadPoolExecutor(2) as pool:
        a = pool.submit(one.journal._write, lock_both((first, second)))
        b = pool.submit(two._write, lock_both((second, first)))
        a.result(30)
        b.result(30)
    assert len(tries) == 3


def test_a_batch_settled_by_two_nodes_at_once_is_settled_once(one: Any, two: Any) -> None:
    for _ in range(10):
        drops = [one.make() for _ in range(20)]
        one.journal.accept(drops)
        one.journal.route([Routed(d.fax_id, (one.route_to(),), (1,)) for d in drops])
        for submission in one.journal.claim_ready("main", 20, 60):
            one.journal.accepted(submission, f"job-{submission.reference}", 0)
        settled = [Settled(s, one.status(s, Progress.SENT)) for s in one.journal.claim_accepted("main", 20, 60)]
        with ThreadPoolExecutor(2) as pool:
            counts = list(pool.map(lambda j, s: j.settle(s), (one.journal, two), (settled, settled[::-1])))
        assert sorted(counts) == [0, 20]


def test_two_nodes_that_sweep_at_once_do_not_meet(one: Any, two: Any) -> None:
    for _ in range(10):
        drops = [one.make() for _ in range(40)]
        one.journal.accept(drops)
        one.journal.route([Routed(d.fax_id, (one.route_to(),), (1,), 1.0) for d in drops])
        one.clock.advance(2)
        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(lambda j: j.expire(40), (one.journal, two) * 2)) == 40
