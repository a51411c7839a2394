"""What the provider lists although it was acknowledged: acknowledged again, never delivered again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from faxdaemon.contracts import topics
from faxdaemon.core.model import InboundFax
from faxdaemon.core.schedule import told_again

AT = datetime(2026, 11, 20, 8, 59, tzinfo=UTC)


def deliver(world: Any, sink: str) -> None:
    (work,) = world.journal.claim_deliveries(sink, 10, 60)
    assert world.journal.delivering(work, {"file": "x"})
    assert world.journal.delivery_done(work)


def acknowledge(world: Any, *, stored: bool = False) -> InboundFax:
    (told,) = world.journal.claim_delivered("main", 10, 60, stored=stored)
    assert world.journal.acknowledged(told)
    found: InboundFax = told
    return found


def acknowledged(world: Any, **more: Any) -> InboundFax:
    fax = world.seen(received_at=AT, **more)
    assert world.journal.stored(fax, world.spooled(), ["desk"])
    deliver(world, "desk")
    return acknowledge(world)


def state(world: Any, fax: InboundFax) -> str:
    return str(world.journal.life(fax.fax_id).facts["state"])


def test_it_is_acknowledged_again_and_not_delivered_again(world: Any) -> None:
    fax = acknowledged(world)
    world.bell.heard()
    item = world.listed(received_at=AT, metadata={"a": 2})
    assert world.journal.listed_again("main", [item, world.listed("other")]) == []
    assert world.journal.seen("main", [item]) == 0
    assert state(world, fax) == "delivered"
    assert world.bell.heard() == {topics.delivered("main")}
    assert world.events(fax.fax_id)[-1] == ("fax", "relist", "acknowledged", "delivered")
    assert world.journal.claim_seen("main", 10, 60) == []
    assert world.journal.claim_deliveries("desk", 10, 60) == []
    assert world.journal.next_inbound_due("delivered", "main") == told_again(1)
    world.clock.advance(told_again(1))
    again = acknowledge(world)
    assert (again.fax_id, again.listed.metadata) == (fax.fax_id, {"a": 2}), "by what it is known now"
    assert world.journal.claim_deliveries("desk", 10, 60) == []


def test_a_list_that_never_learns_costs_less_and_less(world: Any) -> None:
    fax = acknowledged(world)
    waits = []
    for _ in range(14):
        world.journal.listed_again("main", [world.listed()])
        events = world.events(fax.fax_id)
        world.journal.listed_again("main", [world.listed()])
        assert world.events(fax.fax_id) == events, "listed while it waits changes nothing"
        waits.append(world.journal.next_inbound_due("delivered", "main"))
        world.clock.advance(waits[-1])
        acknowledge(world)
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (10.0, 3600.0)


def test_told_before_delivery_it_is_told_again_and_delivered_once(world: Any) -> None:
    fax = world.stored("desk")
    acknowledge(world, stored=True)
    world.journal.listed_again("main", [world.listed()])
    assert state(world, fax) == "stored", "what is not delivered is not called so"
    deliver(world, "desk")
    assert state(world, fax) == "delivered"
    acknowledge(world)
    assert world.journal.claim_deliveries("desk", 10, 60) == []


@pytest.mark.parametrize("at", ["seen", "stored", "held"])
def test_what_was_not_acknowledged_is_left_as_it_is(world: Any, at: str) -> None:
    fax = world.stored("desk") if at == "stored" else world.seen()
    if at == "held":
        world.journal.inbound_held(fax, "gone")
    before = world.events(fax.fax_id)
    assert world.journal.listed_again("main", [world.listed()]) == []
    assert world.journal.listed_again("main", []) == []
    assert (state(world, fax), world.events(fax.fax_id)) == (at, before)


@pytest.mark.parametrize(
    "told",
    [
        {"called": "+13035550178"},
        {"caller": "+13035550999"},
        {"pages": 3},
        {"received_at": AT.replace(minute=0)},
    ],
    ids=lambda told: next(iter(told)),
)
def test_another_fax_under_the_same_name_is_never_deleted(world: Any, told: dict[str, Any]) -> None:
    fax = acknowledged(world)
    facts: dict[str, Any] = {"received_at": AT, **told}
    assert world.journal.listed_again("main", [world.listed(**facts)]) == [fax.fax_id]
    assert state(world, fax) == "acknowledged"
    assert world.journal.claim_delivered("main", 10, 60, stored=True) == []


def test_what_only_one_of_them_knows_is_no_difference(world: Any) -> None:
    fax = acknowledged(world)
    item = world.listed(received_at=None, caller=None, pages=None, called=None)
    assert world.journal.listed_again("main", [item]) == []
    assert state(world, fax) == "delivered"


def test_another_account_is_another_inbox(world: Any) -> None:
    fax = acknowledged(world)
    assert world.journal.listed_again("other", [world.listed(received_at=AT)]) == []
    assert state(world, fax) == "acknowledged"
