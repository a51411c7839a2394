"""Delivering: what is optional, what the other side has in hand, what waits for a person, and what nobody serves."""

from __future__ import annotations

from typing import Any

import pytest
from support.delivering import Sink, deliver, deliveries, state, stored
from support.scripted import Crash, Faulty, Site

from faxdaemon.contracts.journal import Filter
from faxdaemon.contracts.sink import Waiting
from faxdaemon.contracts.stage import NOTHING_DUE
from faxdaemon.core.errors import FilesError, FolderOffline, SinkOffline, Undeliverable, UserError
from faxdaemon.inbound.deliver import GIVE_UP
from faxdaemon.inbound.telling import StrayStage

HELD = Filter(direction="in", states=("held",), destinations=True)
DAY = 24 * 3600.0


def waiting(fax: str, step: int = 1, trouble: str | None = None) -> Waiting:
    return Waiting({"id": fax, "job": step}, 30.0, trouble)


def rest(site: Site, stage: Any, limit: int = 50) -> None:
    """Until the stage wants to sleep."""
    for _ in range(limit):
        if stage.step() > 0:
            return
    raise AssertionError("it never sleeps")


# -- optional


def test_a_fax_is_delivered_without_its_optional_sink_which_goes_on_trying(site: Site) -> None:
    fax = stored(site, sinks=("desk", "printer"), optional={"printer"})
    printer = Sink("printer", SinkOffline("no queue"))
    deliver(site, printer).step()
    deliver(site, Sink("desk")).step()
    assert state(site, fax) == "delivered"
    assert deliveries(site, fax) == {"desk": "done", "printer": "pending"}
    site.later(site.journal.next_delivery_due("printer"))
    deliver(site, printer).step()
    assert deliveries(site, fax)["printer"] == "done"
    assert state(site, fax) == "delivered"


def test_an_optional_sink_that_has_it_is_not_enough_where_another_is_required(site: Site) -> None:
    fax = stored(site, sinks=("desk", "printer"), optional={"printer"})
    deliver(site, Sink("printer")).step()
    assert state(site, fax) == "stored"


def test_where_nothing_is_required_the_first_one_delivers(site: Site) -> None:
    fax = stored(site, sinks=("desk", "printer"), optional={"desk", "printer"})
    deliver(site, Sink("desk", Undeliverable("never"))).step()
    assert state(site, fax) == "stored", "nobody has it: it must not be acknowledged"
    deliver(site, Sink("printer")).step()
    assert state(site, fax) == "delivered"


def test_an_optional_delivery_is_given_up_after_its_time_in_all_sight(site: Site) -> None:
    faxes = [stored(site, f"in-{n}", sinks=("desk", "printer"), optional={"printer"}) for n in range(3)]
    printer = Sink("printer", *[SinkOffline("no queue")] * 1000)
    stage = deliver(site, printer)
    desk = deliver(site, Sink("desk"))
    rest(site, desk)
    began = site.clock.now()
    for _ in range(1000):
        stage.step()
        if all(deliveries(site, fax)["printer"] == "held" for fax in faxes):
            break
        site.later(site.journal.next_delivery_due("printer"))
    took = (site.clock.now() - began).total_seconds()
    assert GIVE_UP - 10 <= took < GIVE_UP + 1800
    assert site.journal.counts()["delivery.held"] == 3
    assert f"{faxes[0]} and 2 more" in site.alerts.open["undelivered:printer"]
    assert "no queue" in site.alerts.open["undelivered:printer"]
    assert [row.fax_id for row in site.journal.find(HELD)] == faxes[::-1], "listed among what waits for a person"
    printer.faults.clear()
    assert site.journal.release(faxes[0]) == 1
    site.later(800)
    stage.step()
    assert deliveries(site, faxes[0])["printer"] == "done"


def test_a_required_delivery_is_never_given_up_by_age(site: Site) -> None:
    fax = stored(site)
    stage = deliver(site, Sink("desk", SinkOffline("off"), FilesError("odd"), SinkOffline("off")), give_up=60.0)
    for _ in range(3):
        site.later(900)
        stage.step()
    assert deliveries(site, fax) == {"desk": "pending"}


def test_one_optional_fax_that_cannot_be_delivered_is_given_up_after_its_time(site: Site) -> None:
    fax = stored(site, sinks=("desk",), optional={"desk"})
    stage = deliver(site, Sink("desk", FilesError("odd"), FilesError("odd")), give_up=60.0)
    stage.step()
    assert deliveries(site, fax) == {"desk": "pending"}
    site.later(61)
    stage.step()
    assert deliveries(site, fax) == {"desk": "held"}
    assert state(site, fax) == "stored", "nobody has it"
    assert "odd" in site.alerts.open["undelivered:desk"]


# -- never


def test_what_a_sink_will_never_take_is_held_and_blocks_nobody(site: Site) -> None:
    first, second = stored(site, "in-1"), stored(site, "in-2")
    sink = Sink("desk", None, Undeliverable("the address does not exist"))
    stage = deliver(site, sink)
    rest(site, stage)
    assert (deliveries(site, first), deliveries(site, second)) == ({"desk": "held"}, {"desk": "done"})
    assert state(site, first) == "stored", "a required one waits for a person"
    assert "the address does not exist" in site.alerts.open["undelivered:desk"]
    assert site.journal.release(first) == 1
    rest(site, stage)
    assert [name for name, _ in sink.acts[-2:]] == ["stage", "publish"], "it begins anew"
    assert state(site, first) == "delivered"
    assert site.alerts.open == {}


def test_what_is_held_is_told_again_after_a_restart(site: Site) -> None:
    stored(site)
    deliver(site, Sink("desk", Undeliverable("never"))).step()
    site.restart()
    deliver(site, Sink("desk")).step()
    assert "never" in site.alerts.open["undelivered:desk"]


def test_a_person_gives_up_what_is_held(site: Site) -> None:
    fax = stored(site, sinks=("desk", "printer"))
    deliver(site, Sink("desk")).step()
    stage = deliver(site, Sink("printer", Undeliverable("never")))
    stage.step()
    assert site.journal.give_up(fax, None) == 1
    assert deliveries(site, fax) == {"desk": "done", "printer": "given_up"}
    assert state(site, fax) == "delivered"
    stage.step()
    assert site.alerts.open == {}
    with pytest.raises(UserError, match="waits for no destination: desk is done, printer is given_up"):
        site.journal.give_up(fax, None)


def test_what_everybody_gave_up_is_acknowledged_only_then(site: Site) -> None:
    fax = stored(site, sinks=("desk", "printer"), optional={"desk", "printer"})
    assert site.journal.give_up(fax, "desk") == 1
    assert state(site, fax) == "stored"
    with pytest.raises(UserError, match=f"under way to printer: `faxdaemon give-up {fax} --destination printer`"):
        site.journal.give_up(fax, None)
    assert site.journal.give_up(fax, "printer") == 1
    assert state(site, fax) == "delivered"


def test_a_stage_that_is_at_work_comes_too_late(site: Site) -> None:
    fax = stored(site)

    def decided(real: Any, work: Any, plan: Any) -> Any:
        site.journal.give_up(fax, "desk")
        return real(work, plan)

    sink = Sink("desk")
    deliver(site, sink, journal=Faulty(site.journal, delivering=[decided])).step()
    assert sink.published() == []
    assert deliveries(site, fax) == {"desk": "given_up"}


def test_giving_up_says_what_is_wrong(site: Site) -> None:
    fax = stored(site)
    with pytest.raises(UserError, match="does not go to “attic”; it goes to: desk"):
        site.journal.give_up(fax, "attic")
    sent = site.ready()
    with pytest.raises(UserError, match=f"faxdaemon cancel {sent}"):
        site.journal.give_up(sent, None)


# -- in hand


def test_what_is_handed_over_is_asked_for_by_its_newest_plan_and_keeps_nobody_waiting(site: Site) -> None:
    first, second = stored(site, "in-1"), stored(site, "in-2")
    sink = Sink("printer")
    sink.key = "desk"
    sink.answers.extend([waiting(first), waiting(second)])
    stage = deliver(site, sink)
    rest(site, stage)
    assert sink.published() == [first, second]
    assert deliveries(site, first) == deliveries(site, second) == {"desk": "delivering"}
    site.restart()
    site.later(30)
    rest(site, deliver(site, sink))
    assert [name for name, _ in sink.acts] == ["stage", "publish", "stage", "publish", "publish", "publish"]
    assert state(site, first) == state(site, second) == "delivered"


def test_asking_leaves_an_event_only_when_something_changed(site: Site) -> None:
    fax = stored(site)
    sink = Sink("desk")
    out = "paper out"
    answers = [waiting(fax), waiting(fax), waiting(fax, 2), waiting(fax, 2, out), waiting(fax, 2, out), waiting(fax, 2)]
    sink.answers.extend(answers)
    stage = deliver(site, sink)
    told = []
    for _ in answers:
        stage.step()
        told.append((site.events(fax).count("wait"), "sink:desk" in site.alerts.open))
        site.later(30)
    assert told == [(1, False), (1, False), (2, False), (3, True), (3, True), (4, False)]
    assert site.alerts.told == ["sink:desk"]
    stage.step()
    assert state(site, fax) == "delivered"


def test_another_fax_that_is_taken_does_not_end_the_trouble_of_the_first(site: Site) -> None:
    first, second = stored(site, "in-1"), stored(site, "in-2")
    sink = Sink("desk")
    sink.answers.extend([waiting(first, 1, "paper out")])
    stage = deliver(site, sink)
    rest(site, stage)
    assert state(site, second) == "delivered"
    assert "paper out" in site.alerts.open["sink:desk"]
    site.later(30)
    rest(site, stage)
    assert site.alerts.open == {}


def test_a_crash_before_the_new_plan_is_recorded_asks_by_the_first(site: Site) -> None:
    fax = stored(site)
    sink = Sink("desk")
    sink.answers.append(waiting(fax))
    with pytest.raises(Crash):
        deliver(site, sink, journal=Faulty(site.journal, delivery_waiting=[Crash()])).step()
    site.restart()
    deliver(site, sink).step()
    assert [name for name, _ in sink.acts] == ["stage", "publish", "publish"]
    assert state(site, fax) == "delivered"


def test_what_a_sink_has_in_hand_when_it_is_given_up_goes_on_by_its_plan(site: Site) -> None:
    fax = stored(site, optional={"desk"})
    sink = Sink("desk", None, None, SinkOffline("off"))
    sink.answers.append(waiting(fax))
    stage = deliver(site, sink, give_up=10.0)
    stage.step()
    site.later(30)
    stage.step()
    assert deliveries(site, fax) == {"desk": "held"}
    site.later(60)
    site.journal.release(fax)
    stage.step()
    assert [name for name, _ in sink.acts] == ["stage", "publish", "publish"], "staged again it would be printed twice"
    assert state(site, fax) == "delivered"


# -- whose turn


def test_a_crash_lets_nobody_overtake(site: Site) -> None:
    first, second = stored(site, "in-1"), stored(site, "in-2")
    with pytest.raises(Crash):
        deliver(site, Sink("desk", Crash())).step()
    site.restart()
    sink = Sink("desk")
    rest(site, deliver(site, sink))
    assert sink.published() == [first, second]


def test_a_clock_that_was_set_back_stops_no_sink(site: Site) -> None:
    stored(site)
    stage = deliver(site, Sink("desk", FolderOffline("away")))
    stage.step()
    site.later(-DAY)
    stored(site, "in-2")
    assert site.journal.next_delivery_due("desk") <= DAY
    assert deliver(site, Sink("desk")).step() == 0.0


# -- destinations that are gone


def test_faxes_for_a_destination_that_is_gone_are_told_and_sent_elsewhere(site: Site) -> None:
    both = stored(site, "in-1", sinks=("gone", "desk"))
    alone = stored(site, "in-2", sinks=("gone",))
    strays = StrayStage(["desk"], journal=site.journal, alert=site.alerts)
    assert strays.step() == NOTHING_DUE
    assert list(site.alerts.open) == ["stray:gone"]
    assert "2 received faxes wait for gone" in site.alerts.open["stray:gone"]
    assert site.journal.redirect("gone", "desk") == 2
    strays.step()
    assert site.alerts.open == {}
    sink = Sink("desk")
    rest(site, deliver(site, sink))
    assert sink.published() == [both, alone], "each once"
    assert state(site, both) == state(site, alone) == "delivered"
    assert deliveries(site, alone) == {"desk": "done", "gone": "given_up"}


def test_what_was_optional_stays_so_elsewhere(site: Site) -> None:
    fax = stored(site, sinks=("desk", "gone"), optional={"gone"})
    site.journal.redirect("gone", "attic")
    deliver(site, Sink("desk")).step()
    assert state(site, fax) == "delivered"


@pytest.mark.parametrize("end", ["given up", "held", "waiting", "done"])
def test_what_is_sent_elsewhere_arrives_where_it_was_to_go_already(site: Site, end: str) -> None:
    """It must not count as delivered because the other one was given up, or was optional."""
    fax = stored(site, sinks=("gone", "desk"), optional={"desk"})
    if end == "given up":
        site.journal.give_up(fax, "desk")
    elif end == "held":
        deliver(site, Sink("desk", Undeliverable("never"))).step()
    elif end == "done":
        deliver(site, Sink("desk")).step()
    assert site.journal.redirect("gone", "desk") == 1
    assert state(site, fax) == ("delivered" if end == "done" else "stored")
    site.later(1)
    rest(site, deliver(site, Sink("desk")))
    assert deliveries(site, fax) == {"desk": "done", "gone": "given_up"}
    assert state(site, fax) == "delivered"


def test_there_and_back_again(site: Site) -> None:
    fax = stored(site, sinks=("desk",))
    site.journal.redirect("desk", "attic")
    site.journal.redirect("attic", "desk")
    assert deliveries(site, fax) == {"attic": "given_up", "desk": "pending"}
    assert state(site, fax) == "stored"


def test_faxes_for_a_destination_that_is_gone_are_given_up_together(site: Site) -> None:
    faxes = [stored(site, f"in-{n}", sinks=("gone",)) for n in range(3)]
    assert site.journal.redirect("gone", None) == 3
    assert {state(site, fax) for fax in faxes} == {"delivered"}
    with pytest.raises(UserError, match="nothing waits for “gone”"):
        site.journal.redirect("gone", None)
    with pytest.raises(UserError, match="name another destination"):
        site.journal.redirect("gone", "gone")


def test_a_sink_that_nothing_waits_for_any_more_is_no_trouble(site: Site) -> None:
    fax = stored(site)
    stage = deliver(site, Sink("desk", FolderOffline("away")))
    stage.step()
    assert list(site.alerts.open) == ["sink:desk"]
    site.journal.give_up(fax, "desk")
    stage.step()
    assert site.alerts.open == {}
    assert site.journal.sinks() == []


def test_how_the_sinks_stand(site: Site) -> None:
    first = stored(site, "in-1", sinks=("desk", "attic"))
    stored(site, "in-2", sinks=("desk",))
    deliver(site, Sink("attic", Undeliverable("never"))).step()
    deliver(site, Sink("desk", FolderOffline("away"))).step()
    attic, desk = site.journal.sinks()
    assert (attic.sink, attic.waiting, attic.held, attic.oldest, attic.reason) == ("attic", 0, 1, first, None)
    assert (desk.sink, desk.waiting, desk.held, desk.oldest, desk.reason) == ("desk", 2, 0, first, "away")
    assert 0 < desk.again <= 10
