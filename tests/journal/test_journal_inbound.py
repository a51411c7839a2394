"""Receiving, from the provider's list to the acknowledgement."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest

from faxdaemon.core.states import DELIVERY, INBOUND, Delivery, Inbound, targets


def test_a_listed_fax_is_remembered_once(world: Any) -> None:
    received = datetime(2026, 11, 20, 8, 59, 59, 123000, tzinfo=UTC)
    item = world.listed("77", received_at=received, csid="caf\udce9", metadata={"when": received, "n": [1, None]})
    assert world.journal.seen("main", [item, item, world.listed("78")]) == 2
    assert world.bell.heard() == {"seen:main"}
    assert world.journal.seen("main", [item]) == 0
    assert world.bell.heard() == set()
    assert world.journal.seen("other", [item]) == 1
    assert world.journal.seen("main", []) == 0
    fax = world.journal.claim_seen("main", 1, 60)[0]
    assert (fax.account, fax.attempts, fax.document, fax.first_seen) == ("main", 0, None, world.clock.now())
    assert fax.listed == dataclasses.replace(item, metadata={"when": str(received), "n": [1, None]})
    assert world.events(fax.fax_id) == [("fax", "seen", None, "seen")]


def test_what_else_a_list_tells_is_kept(world: Any) -> None:
    told = {
        "name": "Dr\udc80 Lee",
        "station": "DESK",
        "duration_s": 85,
        "resolution": "fine",
        "speed": 14400,
        "partial": False,
    }
    fax = world.seen(**told)
    assert {name: getattr(fax.listed, name) for name in told} == told


def test_a_row_from_before_tells_nothing_else(world: Any) -> None:
    fax = world.seen()
    assert world.sql("SELECT facts FROM inbound") == [(None,)]
    assert (fax.listed.duration_s, fax.listed.partial, fax.listed.name) == (None, None, None)


def test_a_fax_is_stored_and_wanted_by_each_of_its_sinks(world: Any) -> None:
    fax = world.seen()
    world.bell.heard()
    document = world.spooled(warning="2 pages announced, 1 found")
    assert world.journal.stored(fax, document, ["desk", "printer", "desk"])
    assert world.bell.heard() >= {"deliveries:desk", "deliveries:printer"}
    (work,) = world.journal.claim_deliveries("desk", 10, 60)
    assert (work.fax.document, work.sink, work.plan, work.attempts) == (document, "desk", None, 0)
    assert world.events(fax.fax_id)[1:] == [
        ("fax", "store", "seen", "stored"),
        ("delivery desk", "wanted", None, "pending"),
        ("delivery printer", "wanted", None, "pending"),
    ]


def test_a_fax_is_delivered_when_every_sink_has_it(world: Any) -> None:
    fax = world.stored("desk", "printer")
    for sink, left in (("desk", "stored"), ("printer", "delivered")):
        (work,) = world.journal.claim_deliveries(sink, 10, 60)
        assert world.journal.delivering(work, {"file": "x"})
        assert world.journal.delivery_done(work)
        assert world.journal.life(fax.fax_id).facts["state"] == left
    assert "delivered:main" in world.bell.heard()
    (told,) = world.journal.claim_delivered("main", 10, 60, stored=False)
    assert world.journal.acknowledged(told)
    assert world.journal.life(fax.fax_id).facts["state"] == "acknowledged"
    assert world.journal.claim_delivered("main", 10, 60, stored=True) == []


def test_a_fax_that_no_sink_wants_is_delivered_at_once(world: Any) -> None:
    fax = world.seen()
    assert world.journal.stored(fax, world.spooled(), [])
    assert world.journal.life(fax.fax_id).facts["state"] == "delivered"


def test_after_a_crash_a_staged_delivery_comes_back_with_its_plan(world: Any) -> None:
    world.stored()
    (work,) = world.journal.claim_deliveries("desk", 10, 60)
    assert world.journal.delivering(work, {"file": "caf\udce9"})
    world.restart()
    if world.url != "sqlite":  # there the process that claimed it may still be at work
        assert world.journal.claim_deliveries("desk", 10, 60) == []
        assert world.journal.next_delivery_due("desk") == pytest.approx(60)
        world.clock.advance(60)
    (again,) = world.journal.claim_deliveries("desk", 10, 60)
    assert again.plan == {"file": "caf\udce9"}
    assert not world.journal.delivery_done(work)
    assert world.journal.delivery_done(again)


def test_deliveries_come_oldest_first(world: Any) -> None:
    first = world.stored(provider_id="1")
    world.clock.advance(1)
    second = world.stored(provider_id="2")
    (work,) = world.journal.claim_deliveries("desk", 1, 0)
    assert work.fax.fax_id == first.fax_id
    world.journal.delivery_postponed(work, "offline", 1)
    assert [w.fax.fax_id for w in world.journal.claim_deliveries("desk", 9, 0)] == [second.fax_id]
    world.clock.advance(1)
    works = world.journal.claim_deliveries("desk", 9, 60)
    assert [(w.fax.fax_id, w.attempts) for w in works] == [(first.fax_id, 1), (second.fax_id, 0)]


def test_postponing_keeps_the_state_and_tells_why(world: Any) -> None:
    fax = world.seen()
    assert world.journal.fetch_postponed(fax, "timed out", 30)
    assert world.journal.claim_seen("main", 1, 60) == []
    assert world.journal.next_inbound_due("seen", "main") == pytest.approx(30)
    world.clock.advance(30)
    (fax,) = world.journal.claim_seen("main", 1, 60)
    assert fax.attempts == 1
    world.journal.stored(fax, world.spooled(), ["desk"])
    (work,) = world.journal.claim_deliveries("desk", 1, 60)
    world.journal.delivering(work, {})
    assert world.journal.delivery_postponed(work, "share offline", 10)
    assert ("delivery desk", "postpone", "delivering", "delivering") in world.events(fax.fax_id)
    world.clock.advance(10)
    (work,) = world.journal.claim_deliveries("desk", 1, 60)
    assert (work.plan, work.attempts) == ({}, 1)
    world.journal.delivery_done(work)
    (told,) = world.journal.claim_delivered("main", 1, 60, stored=False)
    assert told.attempts == 0
    assert world.journal.acknowledge_postponed(told, "timed out", 40)
    assert world.journal.next_inbound_due("delivered", "main") == pytest.approx(40)
    world.clock.advance(40)
    (told,) = world.journal.claim_delivered("main", 1, 60, stored=False)
    assert told.attempts == 1
    assert world.journal.next_inbound_due("seen", "main") is None


def test_a_fax_that_cannot_be_had_is_held_until_a_person_releases_it(world: Any) -> None:
    fax = world.seen()
    assert world.journal.inbound_held(fax, "gone")
    assert world.journal.counts()["in.held"] == 1
    world.bell.heard()
    assert world.journal.release(fax.fax_id) == 1
    assert world.bell.heard() == {"seen:main"}
    assert not world.journal.stored(fax, world.spooled(), [])
    assert len(world.journal.claim_seen("main", 1, 60)) == 1


def test_a_site_may_acknowledge_what_is_only_stored(world: Any) -> None:
    fax = world.stored()
    assert world.journal.claim_delivered("main", 1, 60, stored=False) == []
    (told,) = world.journal.claim_delivered("main", 1, 60, stored=True)
    assert world.journal.claim_delivered("main", 1, 60, stored=True) == []
    assert world.journal.acknowledged(told)
    (work,) = world.journal.claim_deliveries("desk", 1, 60)
    world.journal.delivering(work, {})
    assert world.journal.delivery_done(work)
    assert world.journal.life(fax.fax_id).facts["state"] == "acknowledged"


def test_a_delivery_during_the_acknowledgement_does_not_make_it_late(world: Any) -> None:
    fax = world.stored()
    (told,) = world.journal.claim_delivered("main", 1, 60, stored=True)
    (work,) = world.journal.claim_deliveries("desk", 1, 60)
    world.journal.delivering(work, {})
    world.journal.delivery_done(work)
    assert world.journal.acknowledged(told)
    assert world.journal.life(fax.fax_id).facts["state"] == "acknowledged"


def bring(world: Any, state: Inbound) -> Any:
    """A fax in `state`, with its row's own epoch."""
    fax = world.seen(world.fax_id())
    if state is Inbound.HELD:
        world.journal.inbound_held(fax, "gone")
    if state in {Inbound.STORED, Inbound.DELIVERED, Inbound.ACKNOWLEDGED}:
        world.journal.stored(fax, world.spooled(), ["desk"] if state is Inbound.STORED else [])
    if state is Inbound.ACKNOWLEDGED:
        world.journal.acknowledged(fax)
    facts = world.journal.life(fax.fax_id).facts
    assert facts["state"] == state
    return dataclasses.replace(fax, epoch=facts["epoch"])


INBOUND_ACTS: dict[str, tuple[Any, str, tuple[Inbound, ...]]] = {
    "stored": (lambda w, f: w.journal.stored(f, w.spooled(), ["x"]), "store", ()),
    "fetch postponed": (lambda w, f: w.journal.fetch_postponed(f, "later", 5), "postpone", ()),
    "held": (lambda w, f: w.journal.inbound_held(f, "gone"), "hold", ()),
    "acknowledged": (lambda w, f: w.journal.acknowledged(f), "acknowledge", ()),
    "acknowledge postponed": (
        lambda w, f: w.journal.acknowledge_postponed(f, "later", 5),
        "",
        (Inbound.STORED, Inbound.DELIVERED),
    ),
}


@pytest.mark.parametrize("state", Inbound)
def test_received_faxes_move_only_along_the_table(world: Any, state: Inbound) -> None:
    for act, (do, event, extra) in INBOUND_ACTS.items():
        fax = bring(world, state)
        before = world.journal.life(fax.fax_id)
        assert not do(world, dataclasses.replace(fax, epoch=fax.epoch - 1))
        assert world.journal.life(fax.fax_id) == before
        allowed = bool(any(targets(INBOUND, state, event)) or state in extra)
        if act in {"stored", "acknowledged"} and state is Inbound.HELD:  # those rows are for what has a document
            allowed = False
        assert (act, do(world, fax)) == (act, allowed)
        assert (world.journal.life(fax.fax_id) != before) is allowed


def bring_delivery(world: Any, state: Delivery) -> Any:
    sink = world.fax_id()  # one of its own: what is claimed and not answered keeps the next one of a sink waiting
    fax = world.stored(sink, provider_id=sink)
    (work,) = world.journal.claim_deliveries(sink, 100, 60)
    if state in {Delivery.DELIVERING, Delivery.DONE}:
        world.journal.delivering(work, {})
    if state is Delivery.DONE:
        world.journal.delivery_done(work)
    if state in {Delivery.HELD, Delivery.GIVEN_UP}:
        world.sql("UPDATE delivery SET state = :s, reason = 'odd' WHERE fax_id = :i", s=state.value, i=fax.fax_id)
    return work


DELIVERY_ACTS: dict[str, tuple[Any, str]] = {
    "delivering": (lambda w, d: w.journal.delivering(d, {"a": 1}), "stage"),
    "done": (lambda w, d: w.journal.delivery_done(d), "publish"),
    "waiting": (lambda w, d: w.journal.delivery_waiting(d, {"a": 2}, 5), "wait"),
    "postponed": (lambda w, d: w.journal.delivery_postponed(d, "later", 5), "postpone"),
    "down": (lambda w, d: w.journal.sink_down(d, "off", 5, 60), "postpone"),
    "held": (lambda w, d: w.journal.delivery_held(d, "never", taken=True), "hold"),
}


@pytest.mark.parametrize("state", Delivery)
def test_deliveries_move_only_along_the_table(world: Any, state: Delivery) -> None:
    for act, (do, event) in DELIVERY_ACTS.items():
        work = bring_delivery(world, state)
        before = world.journal.life(work.fax.fax_id)
        assert not do(world, dataclasses.replace(work, epoch=work.epoch - 1))
        assert world.journal.life(work.fax.fax_id) == before
        assert (act, do(world, work)) == (act, any(targets(DELIVERY, state, event)))


def test_a_held_delivery_is_released_by_a_person(world: Any) -> None:
    work = bring_delivery(world, Delivery.HELD)
    world.clock.advance(60)
    assert world.journal.release(work.fax.fax_id) == 1
    (again,) = world.journal.claim_deliveries(work.sink, 1, 60)
    assert again.plan is None
