"""What is looked at so that people are told, on each database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any


def reported(world: Any) -> str:
    """A fax that ended and was reported."""
    submission = world.ended()
    world.report()
    return str(submission.fax_id)


def test_an_empty_journal(world: Any) -> None:
    assert world.journal.last_event() == 0
    assert world.journal.reported_after(0, 10) == []
    assert world.journal.oldest_waiting() is None


def test_what_was_reported_comes_in_order_and_once(world: Any) -> None:
    ids = [reported(world) for _ in range(3)]
    world.clock.advance(5)
    found = world.journal.reported_after(0, 10)
    assert [fax_id for _, fax_id in found] == ids
    assert [event for event, _ in found] == sorted(event for event, _ in found)
    assert world.journal.reported_after(0, 2) == found[:2]
    assert world.journal.reported_after(found[1][0], 10) == found[2:]
    assert world.journal.reported_after(world.journal.last_event(), 10) == []


def test_what_is_quite_new_is_left_for_later(world: Any) -> None:
    reported(world)
    assert world.journal.reported_after(0, 10) == []
    world.clock.advance(2.1)
    assert len(world.journal.reported_after(0, 10)) == 1


def test_the_oldest_that_waits(world: Any) -> None:
    first = world.received()
    since = world.clock.now()
    world.clock.advance(60)
    world.ready()
    world.clock.advance(60)
    found = world.journal.oldest_waiting()
    assert found is not None
    assert found[0] == first
    assert abs(found[1] - since) < timedelta(seconds=1)


def test_each_node_tells_of_what_it_reported(world: Any) -> None:
    fax_id = reported(world)
    world.clock.advance(5)
    assert [fax for _, fax in world.journal.reported_after(0, 10)] == [fax_id]
    world.journal.close()
    other = world.open(node="two")
    assert other.reported_after(0, 10) == []
