"""Clearing away: only what is at rest, in the order that a crash forgives, and never so that anything comes twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from faxdaemon.contracts.journal import Filter, Routed, Settled
from faxdaemon.contracts.journal.retention import What
from faxdaemon.contracts.provider import Progress
from faxdaemon.core.errors import UserError
from faxdaemon.core.model import IMAGE, Picture

YEAR = 365 * 86400.0
PLAN = {"overall": "sent", "moves": [], "documents": {}, "answers": {}}


def found(world: Any, what: What, direction: str = "out", age: float = 0.0) -> list[str]:
    before = world.clock.now() - timedelta(seconds=age)
    return [item.fax_id for item in world.journal.at_rest(direction, what, before, "", 100)]


def over(world: Any, **more: Any) -> str:
    """A fax that was sent and reported."""
    fax = world.ended(**more).fax_id
    world.report(PLAN)
    return str(fax)


def received(world: Any, name: str = "77") -> str:
    """A received fax that everybody has."""
    fax = world.stored(provider_id=name)
    (work,) = world.journal.claim_deliveries("desk", 1, 60)
    world.journal.delivering(work, {"x": 1})
    world.journal.delivery_done(work)
    (fax,) = world.journal.claim_delivered("main", 1, 60, stored=False)
    world.journal.acknowledged(fax)
    return str(fax.fax_id)


def unreported(world: Any) -> str:
    return str(world.ended().fax_id)


def held(world: Any) -> str:
    fax = world.uncertain()
    world.journal.given_up(fax, "nothing can tell")
    world.report(PLAN)
    return str(fax.fax_id)


def half_held(world: Any) -> str:
    """Of two recipients one was reached, and the other is held."""
    fax = world.ready(world.route_to(), world.route_to(number="+13035550111"))
    one, two = world.journal.claim_ready("main", 10, 60)
    world.journal.refused(one, "no")
    world.journal.lost(two, "x", 0)
    (two,) = world.journal.claim_uncertain("main", 10, 60)
    world.journal.given_up(two, "nothing can tell")
    world.report(PLAN)
    return str(fax)


def doubtful(world: Any) -> str:
    """Cancelled by a person, while nobody knows whether it was sent."""
    fax = world.uncertain()
    world.journal.given_up(fax, "nothing can tell")
    world.journal.cancel(fax.fax_id)
    world.report(PLAN)
    assert world.row(fax.fax_id)["doubt"]
    return str(fax.fax_id)


def with_a_picture(world: Any) -> str:
    submission = world.accepted()
    done = Settled(submission, world.status(submission, Progress.SENT), keep=(Picture(IMAGE),))
    world.journal.settle([done])
    world.report(PLAN)
    return str(submission.fax_id)


OPEN = {
    "received": lambda w: w.received(),
    "ready": lambda w: w.ready(),
    "submitting": lambda w: w.submitting().fax_id,
    "uncertain": lambda w: w.uncertain().fax_id,
    "accepted": lambda w: w.accepted().fax_id,
    "unreported": unreported,
    "held": held,
    "half held": half_held,
    "in doubt": doubtful,
    "with a picture to come": with_a_picture,
    "incoming, stored": lambda w: w.stored().fax_id,
    "incoming, seen": lambda w: w.seen().fax_id,
}


@pytest.mark.parametrize("name", OPEN)
def test_what_is_not_at_rest_is_never_cleared(world: Any, name: str) -> None:
    fax = OPEN[name](world)
    world.clock.advance(YEAR)
    for direction in ("out", "in"):
        assert found(world, What.SPOOL, direction) == []
        assert found(world, What.SHOWN, "out") == []
    assert world.journal.promise_cleared([fax]) == [], "not even when it is asked for by name"
    world.sql("INSERT INTO cleared (fax_id, what, at, done) VALUES (:fax, 'spool', 1, TRUE)", fax=fax)
    assert found(world, What.ROWS) == found(world, What.ROWS, "in") == []
    assert world.journal.forget([fax]) == 0
    assert world.journal.life(fax).events


@pytest.mark.parametrize("progress", [Progress.SENT, Progress.FAILED, Progress.CANCELLED])
def test_what_ended_is_found_when_it_is_old_enough(world: Any, progress: Progress) -> None:
    fax = str(world.ended(progress).fax_id)
    world.report(PLAN)
    world.clock.advance(100)
    assert found(world, What.SPOOL, age=101) == []
    assert found(world, What.SPOOL, age=99) == found(world, What.SHOWN, age=99) == [fax]
    (item,) = world.journal.at_rest("out", What.SHOWN, world.clock.now(), "", 10)
    assert (item.overall, item.size, item.spooled) == ("sent", 4711, (f"out/{fax}-1.pdf",))
    assert world.journal.at_rest("out", What.SHOWN, world.clock.now(), fax, 10) == [], "the next page"


def test_copies_are_promised_then_told_and_only_then_the_rows_go(world: Any) -> None:
    fax = over(world)
    world.clock.advance(1)
    assert found(world, What.ROWS) == []
    assert world.journal.forget([fax]) == 0, "its copies are there"
    assert world.journal.promise_cleared([fax]) == [fax]
    assert world.journal.forget([fax]) == 0, "they may be there still"
    assert found(world, What.SPOOL) == []
    assert [item.fax_id for item in world.journal.promised(10)] == [fax]
    world.restart()
    (item,) = world.journal.promised(10)
    assert item.spooled == (f"out/{fax}-1.pdf",)
    world.journal.is_cleared([fax], What.SPOOL)
    assert world.journal.promised(10) == []
    assert found(world, What.ROWS) == [fax]
    assert ("files", "cleared", None, "spool") in world.events(fax)
    assert world.journal.forget([fax]) == 1
    assert found(world, What.ROWS) == []
    assert world.journal.forget([fax]) == 0
    with pytest.raises(UserError):
        world.journal.life(fax)
    assert world.journal.find(Filter()) == []
    for table in ("recipient", "document", "event", "kept"):
        assert world.sql(f"SELECT * FROM {table} WHERE fax_id = :fax", fax=fax) == []


def test_a_claim_left_lying_of_a_forgotten_fax_is_known(world: Any) -> None:
    """Or a restart would send it once more."""
    drop = world.make()
    world.journal.accept([drop])
    world.journal.route([Routed(drop.fax_id, (world.route_to(),), (2,))])
    submission = world.claim(drop.fax_id)
    world.journal.refused(submission, "no")
    world.report(PLAN)
    world.clock.advance(1)
    world.journal.promise_cleared([drop.fax_id])
    world.journal.is_cleared([drop.fax_id], What.SPOOL)
    assert world.journal.forget([drop.fax_id]) == 1
    assert world.journal.known([drop.fax_id]) == {drop.fax_id}
    world.journal.accept([drop])
    assert world.journal.find(Filter()) == []


def test_the_job_of_a_forgotten_fax_is_nobody_elses(world: Any) -> None:
    fax = over(world)
    (name,) = (r[0] for r in world.sql("SELECT provider_id FROM job"))
    world.clock.advance(1)
    world.journal.promise_cleared([fax])
    world.journal.is_cleared([fax], What.SPOOL)
    assert world.journal.forget([fax]) == 1
    other = world.submitting()
    assert not world.journal.accepted(other, name, 0), "that answer is another one's"
    assert world.state_of(other.fax_id) == "held"


def test_what_has_no_copies_any_more_is_not_sent_again(world: Any) -> None:
    fax = over(world)
    world.journal.promise_cleared([fax])
    with pytest.raises(UserError, match="cleared away; drop it once more"):
        world.journal.resend(fax)
    assert world.state_of(fax) == "sent"


def test_what_is_sent_again_keeps_its_copies(world: Any) -> None:
    """Found, then wanted by a person, then to be cleared: too late."""
    fax = over(world)
    assert found(world, What.SPOOL) == [fax]
    world.journal.resend(fax)
    assert world.journal.promise_cleared([fax]) == []


def test_what_is_sent_again_is_shown_again_and_cleared_again(world: Any) -> None:
    fax = over(world)
    world.journal.is_cleared([fax], What.SHOWN)
    assert found(world, What.SHOWN) == []
    world.journal.resend(fax)
    world.journal.refused(world.claim(fax), "no")
    world.report(PLAN)
    assert found(world, What.SHOWN) == [fax]


def test_each_node_clears_its_own_copies(world: Any) -> None:
    fax, came = over(world), received(world)
    if world.url == "sqlite":
        world.journal.close()
    other = world.open(node="two")
    for direction in ("out", "in"):
        assert other.at_rest(direction, What.SPOOL, world.clock.now(), "", 10) == []
    assert len(other.at_rest("out", What.SHOWN, world.clock.now(), "", 10)) == 1, "a folder may be reached by all"
    assert set(other.promise_cleared([fax, came])) == {fax, came}
    assert other.promised(10) == [], "nor does it remove what another one promised"
    if world.url == "sqlite":
        other.close()
        world.restart()
    assert {item.fax_id for item in world.journal.promised(10)} == {fax, came}


def test_a_received_fax_is_remembered_so_that_it_does_not_come_twice(world: Any) -> None:
    fax = received(world)
    world.clock.advance(1)
    assert found(world, What.SPOOL, "in") == [fax]
    assert world.journal.promise_cleared([fax]) == [fax]
    world.journal.is_cleared([fax], What.SPOOL)
    assert found(world, What.ROWS, "in") == [fax]
    assert world.journal.forget([fax]) == 1
    assert found(world, What.ROWS, "in") == []
    assert world.journal.find(Filter()) == []
    assert world.sql("SELECT * FROM event WHERE fax_id = :fax", fax=fax) == []
    assert world.sql("SELECT csid FROM inbound WHERE fax_id = :fax", fax=fax) == [(None,)]
    again = world.listed("77")
    assert world.journal.seen("main", [again]) == 0
    assert world.journal.strange("main", [again]) == []
    assert world.journal.listed_again("main", [again]) == []
    world.clock.advance(3600)
    (once_more,) = world.journal.claim_delivered("main", 1, 60, stored=False)
    assert once_more.listed.metadata == {"a": 1}, "by what it is known now"
    assert world.journal.claim_deliveries("desk", 9, 60) == []
    assert world.journal.acknowledged(once_more)
    assert world.journal.listed_again("main", [world.listed("77", caller="+13035550142")]) == [fax], "another one"


def test_what_has_no_copy_any_more_is_not_delivered_again(world: Any) -> None:
    fax, other = received(world), received(world, "78")
    world.journal.promise_cleared([fax])
    with pytest.raises(UserError, match="cleared away; take the one in its folder"):
        world.journal.deliver_again(fax, "desk")
    world.journal.deliver_again(other, "desk")
    assert world.journal.promise_cleared([other]) == [], "it is wanted once more"


def test_what_is_listed_still_is_not_forgotten(world: Any) -> None:
    fax = received(world)
    world.clock.advance(YEAR)
    world.journal.listed_again("main", [world.listed("77")])
    assert found(world, What.SPOOL, "in") == [], "it is to be acknowledged once more"
    world.clock.advance(3600)
    (once_more,) = world.journal.claim_delivered("main", 1, 60, stored=False)
    world.journal.acknowledged(once_more)
    assert found(world, What.SPOOL, "in", age=YEAR / 2) == [], "and that was just now"
    assert found(world, What.SPOOL, "in") == [fax]


def test_a_duty_may_be_hastened(world: Any) -> None:
    assert world.journal.take_daily("prune:one", 600) == 600
    world.journal.hasten("prune:one")
    assert "daily:prune:one" in world.bell.heard()
    assert world.journal.take_daily("prune:one", 600) == 0
    world.journal.hasten("prune:two")
    assert world.journal.take_daily("prune:two", 600) == 0
