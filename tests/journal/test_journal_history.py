"""Looking back, also from another process while the daemon writes."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from faxdaemon.contracts.journal import Filter
from faxdaemon.contracts.provider import Progress
from faxdaemon.core.errors import JournalError


@pytest.fixture
def told(world: Any) -> dict[str, str]:
    """Three faxes out and one in, a minute apart, oldest first."""
    faxes = {"sent": world.ended(name="100%_a.pdf").fax_id}
    world.clock.advance(60)
    faxes["failed"] = world.ended(
        Progress.FAILED, world.route_to("main", number="+4930123456"), folder="/srv/lab"
    ).fax_id
    world.clock.advance(60)
    faxes["ready"] = world.ready(world.route_to("other"), world.route_to("other", number="+13035550101"))
    world.clock.advance(60)
    faxes["in"] = world.stored(account="fax").fax_id
    return faxes


def found(world: Any, **query: Any) -> list[str]:
    return [row.fax_id for row in world.journal.find(Filter(**query))]


def test_lists_are_newest_first_and_of_recipients(world: Any, told: dict[str, str]) -> None:
    rows = world.journal.find(Filter())
    assert [(r.fax_id, r.direction, r.recipient) for r in rows] == [
        (told["in"], "in", 0),
        (told["ready"], "out", 1),
        (told["ready"], "out", 2),
        (told["failed"], "out", 1),
        (told["sent"], "out", 1),
    ]
    sent, received = rows[-1], rows[0]
    assert (sent.state, sent.number, sent.name, sent.account) == ("sent", "+13035550100", "100%_a.pdf", "main")
    assert (sent.pages, sent.folder, sent.reason) == (2, "/srv/fax/out/billing", None)
    assert (received.state, received.number, received.name) == ("stored", "+13035550100", "+13035550177")
    assert (received.account, received.folder, received.pages, received.at) == ("fax", None, 2, world.clock.now())
    assert [r.fax_id for r in world.journal.find(Filter(limit=2))] == [told["in"], told["ready"]]


def test_lists_can_be_narrowed(world: Any, told: dict[str, str]) -> None:
    assert found(world, direction="in") == [told["in"]]
    assert told["in"] not in found(world, direction="out")
    assert found(world, states=("sent",)) == [told["sent"]]
    assert found(world, states=("failed", "sent")) == [told["failed"], told["sent"]]
    assert found(world, states=("stored",)) == [told["in"]]
    assert found(world, states=("no such state", "'; --")) == []
    assert found(world, number="4930") == [told["failed"]]
    assert found(world, folder="/srv/lab") == [told["failed"]]
    assert found(world, account="other") == [told["ready"]] * 2
    assert found(world, name="100%_") == [told["sent"]]
    assert found(world, name="%") == [told["sent"]]
    assert found(world, since=world.clock.now() - timedelta(seconds=90)) == [told["in"], told["ready"], told["ready"]]


def test_a_life_is_plain_values_with_everything_that_happened(world: Any, told: dict[str, str]) -> None:
    life = world.journal.life(told["sent"])
    facts = json.loads(json.dumps(life.facts))
    assert (life.direction, facts["name"], facts["report"]) == ("out", "100%_a.pdf", "due")
    assert (facts["recipients"][0]["state"], facts["documents"][0]["pages"]) == ("sent", 2)
    assert facts["recipients"][0]["ended_at"].startswith("2026-11-20T09:00:00")
    assert [e.event for e in life.events] == ["received", "routed", "intend", "accept", "deliver", "rest"]
    received = world.journal.life(told["in"])
    facts = json.loads(json.dumps(received.facts))
    assert (received.direction, facts["metadata"], facts["deliveries"][0]["sink"]) == ("in", {"a": 1}, "desk")


def test_only_live_items_are_counted(world: Any, told: dict[str, str]) -> None:
    world.held()
    counts = {name: n for name, n in world.journal.counts().items() if n}
    assert counts == {"out.ready": 2, "out.held": 1, "report.due": 3, "in.stored": 1, "delivery.pending": 1}
    assert world.journal.counts()["out.uncertain"] == 0


def test_another_process_reads_what_was_committed_while_the_first_goes_on_writing(world: Any) -> None:
    first = world.ready()
    reader = world.open(read_only=True)
    assert [r.fax_id for r in reader.find(Filter())] == [first]
    second = world.ready()
    assert [r.fax_id for r in reader.find(Filter())] == [second, first]
    assert reader.counts()["out.ready"] == 2
    for act in (lambda: reader.accept([world.make()]), lambda: reader.hold(first, "x"), lambda: reader.heartbeat(1)):
        with pytest.raises(JournalError, match="reading only"):
            act()
    reader.close()
    assert world.state_of(world.ready()) == "ready"
