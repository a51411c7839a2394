"""What reconciliation asks the journal."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from faxdaemon.contracts.provider import Progress
from faxdaemon.core.model import Listed
from faxdaemon.core.states import Outbound

DAY = 86400.0


def test_a_daily_duty_waits_for_its_first_hour_and_comes_once(world: Any) -> None:
    journal = world.journal
    assert journal.take_daily("reconcile:main", 600) == 600
    world.clock.advance(599)
    assert journal.take_daily("reconcile:main", 1) == 1, "what was planned first counts"
    world.clock.advance(1)
    assert journal.take_daily("reconcile:main", DAY) == 0
    assert journal.take_daily("reconcile:main", DAY) == DAY
    world.restart()
    assert world.journal.take_daily("reconcile:main", DAY) == DAY
    assert world.journal.take_daily("reconcile:other", 5) == 5


def test_what_a_wrong_clock_planned_does_not_count(world: Any) -> None:
    world.journal.take_daily("reconcile:main", 600)
    world.clock.set_back(30 * DAY)
    assert world.journal.take_daily("reconcile:main", 600) == 600
    world.clock.advance(600)
    assert world.journal.take_daily("reconcile:main", 600) == 0


def test_what_was_offered_lately(world: Any) -> None:
    old = world.ended()
    world.clock.advance(3 * DAY)
    since = world.clock.now()
    world.clock.advance(1)
    sent, under_way = world.ended(), world.accepted()
    ready = world.ready()
    found = {row.fax_id: row for row in world.journal.offered_since(since)}
    assert set(found) == {sent.fax_id, under_way.fax_id}, "neither the old one nor what was never offered"
    row = found[sent.fax_id]
    assert (row.state, row.submission, row.account) == (Outbound.SENT, 1, "main")
    assert (row.provider_id, row.recipient) == (f"job-{sent.reference}", 1)
    assert row.intended_at <= row.updated_at
    world.journal.resend(old.fax_id)
    assert old.fax_id in {row.fax_id for row in world.journal.offered_since(since)}, "it has changed"
    assert ready not in found
    both = world.journal.recorded([(old.fax_id, 1), (sent.fax_id, 1), (sent.fax_id, 2)])
    assert {row.fax_id for row in both} == {old.fax_id, sent.fax_id}


def test_whose_jobs_these_are_is_known_by_account(world: Any) -> None:
    sent = world.ended()
    name = f"job-{sent.reference}"
    assert world.journal.owners("main", [name, "else"]) == {name: (sent.fax_id, 1, 1)}
    assert world.journal.owners("other", [name]) == {}
    many = [f"job-{n}" for n in range(2000)]
    assert world.journal.owners("main", [*many, name]) == {name: (sent.fax_id, 1, 1)}


def test_how_often_it_was_sent(world: Any) -> None:
    sent, failed = world.ended(), world.ended(Progress.FAILED)
    times = world.journal.times_sent([sent.fax_id, failed.fax_id])
    assert dict(times) == {(sent.fax_id, 1): 1}
    world.journal.resend(sent.fax_id)
    again = world.claim(sent.fax_id)
    world.journal.accepted(again, "job-2", 0)
    world.journal.given_up(world.only(sent.fax_id, world.journal.claim_accepted("main", 10, 60)), "x")
    world.journal.mark_sent(sent.fax_id)
    assert world.journal.times_sent([sent.fax_id])[sent.fax_id, 1] == 2


def test_received_faxes_that_are_strange_or_missed(world: Any) -> None:
    items = [Listed(str(n), None, None, None, None, None, {}) for n in range(1200)]
    assert world.journal.strange("main", items) == items
    world.journal.seen("main", items[:1100])
    assert world.journal.strange("main", items) == items[1100:]
    assert len(world.journal.strange("other", items)) == 1200
    before = world.clock.now() + timedelta(seconds=1)
    assert len(world.journal.unfetched("main", before)) == 1100
    assert world.journal.unfetched("main", world.clock.now() - timedelta(seconds=1)) == []
    (fax,) = world.journal.claim_seen("main", 1, 60)
    world.journal.inbound_held(fax, "gone")
    assert len(world.journal.unfetched("main", before)) == 1099
