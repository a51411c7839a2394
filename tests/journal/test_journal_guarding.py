"""What the other faxes say about one that becomes ready: a number never sent to, a look-alike, too many in an hour."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from faxdaemon.contracts.journal import Foreseen, Guard, Routed
from faxdaemon.contracts.provider import Progress
from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import Document, Role
from faxdaemon.journal import guarding

FOLDER = "/srv/fax/out/billing"
OTHER = "+13035550188"
NEW = Guard(first_time=True)
DAY = 24 * 3600.0
ALIKE = Guard(lookalike=DAY, remember=True)
A, B = "a" * 64, "b" * 64


def routed(world: Any, *numbers: str, guard: Guard, hold: str | None = None, **more: Any) -> FaxId:
    fax_id: FaxId = world.received(**more)
    route(world, fax_id, *numbers, guard=guard, hold=hold)
    return fax_id


def route(world: Any, fax_id: FaxId, *numbers: str, guard: Guard, hold: str | None = None) -> None:
    routes = tuple(world.route_to(number=number) for number in numbers or ("+13035550100",))
    world.journal.route([Routed(fax_id, routes, (2,), 3600.0, hold=hold, guard=guard)])


def reason(world: Any, fax_id: FaxId, recipient: int = 1) -> str:
    return str(world.row(fax_id, recipient)["reason"])


# -- a number never sent to


def test_a_number_never_sent_to_is_held_with_its_reason(world: Any) -> None:
    fax_id = routed(world, guard=NEW)
    assert world.state_of(fax_id) == "held"
    assert reason(world, fax_id).startswith("nothing was ever sent to +1303•••••00")
    assert world.events(fax_id)[1:3] == [
        ("recipient 1", "routed", "received", "ready"),
        ("recipient 1", "hold", "ready", "held"),
    ]
    assert world.journal.claim_ready("main", 10, 60) == []


def test_a_number_that_was_reached_is_known(world: Any) -> None:
    world.ended()
    assert world.state_of(routed(world, guard=NEW)) == "ready"
    assert world.state_of(routed(world, OTHER, guard=NEW)) == "held"


@pytest.mark.parametrize("end", [Progress.FAILED, Progress.CANCELLED])
def test_a_number_that_was_only_tried_is_not_known(world: Any, end: Progress) -> None:
    world.ended(end)
    assert world.state_of(routed(world, guard=NEW)) == "held"


def test_what_a_person_knows_to_have_been_sent_makes_its_number_known(world: Any) -> None:
    world.journal.mark_sent(world.held().fax_id)
    assert world.state_of(routed(world, guard=NEW)) == "ready"


@pytest.mark.parametrize("decision", ["release", "resend"])
def test_released_once_a_number_is_known_and_the_fax_goes_on(world: Any, decision: str) -> None:
    fax_id = routed(world, guard=NEW)
    waiting = routed(world, guard=NEW)
    getattr(world.journal, decision)(fax_id)
    assert world.state_of(fax_id) == "ready"
    assert world.state_of(waiting) == "held", "what is held already waits for its own decision"
    assert world.state_of(routed(world, guard=NEW)) == "ready"


def test_cancelled_its_number_stays_unknown(world: Any) -> None:
    world.journal.cancel(routed(world, guard=NEW))
    assert world.state_of(routed(world, guard=NEW)) == "held"


def test_only_those_recipients_wait_whose_number_is_new(world: Any) -> None:
    world.ended()
    fax_id = routed(world, "+13035550100", OTHER, guard=NEW)
    assert [world.state_of(fax_id, n) for n in (1, 2)] == ["ready", "held"]


def test_it_is_asked_only_where_it_is_wanted(world: Any) -> None:
    assert world.state_of(routed(world, guard=Guard())) == "ready"


def test_what_is_held_for_another_reason_too_tells_both(world: Any) -> None:
    fax_id = routed(world, guard=NEW, hold="its parts do not agree")
    assert reason(world, fax_id).startswith("its parts do not agree; nothing was ever sent")


def test_many_numbers_are_asked_for_in_portions(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarding, "_SOME", 2)
    world.ended()
    numbers = ["+13035550100", *(f"+130355501{n}0" for n in range(1, 5))]
    fax_id = routed(world, *numbers, guard=NEW)
    assert [world.state_of(fax_id, n) for n in range(1, 6)] == ["ready", *["held"] * 4]


# -- look-alikes


def test_the_same_content_to_the_same_number_is_held_naming_the_earlier_one(world: Any) -> None:
    first = routed(world, guard=ALIKE, sha256=A)
    again = routed(world, guard=ALIKE, sha256=A, folder="/srv/fax/out/other")
    assert (world.state_of(first), world.state_of(again)) == ("ready", "held")
    assert f"fax {first} of 20" in reason(world, again)
    assert world.state_of(routed(world, guard=ALIKE, sha256=B)) == "ready"
    assert world.state_of(routed(world, OTHER, guard=ALIKE, sha256=A)) == "ready"


def test_two_of_a_kind_routed_together_do_not_both_slip_through(world: Any) -> None:
    ids = [world.received(sha256=A) for _ in range(2)]
    world.journal.route([Routed(i, (world.route_to(),), (2,), guard=ALIKE) for i in reversed(ids)])
    assert [world.state_of(i) for i in ids] == ["ready", "held"], "the older one goes"


def test_after_the_window_it_is_no_look_alike(world: Any) -> None:
    routed(world, guard=ALIKE, sha256=A)
    world.clock.advance(DAY - 1)
    assert world.state_of(routed(world, guard=ALIKE, sha256=A)) == "held"
    world.clock.advance(1)
    assert world.state_of(routed(world, guard=ALIKE, sha256=A)) == "ready"
    assert world.state_of(routed(world, guard=ALIKE, sha256=A)) == "held", "the window begins anew"


@pytest.mark.parametrize(("end", "state"), [("fail", "ready"), ("cancel", "ready"), ("sent", "held"), ("hold", "held")])
def test_an_earlier_one_counts_as_long_as_it_may_have_arrived(world: Any, end: str, state: str) -> None:
    first = routed(world, guard=ALIKE, sha256=A)
    if end == "fail":
        world.journal.refused(world.claim(first), "not a number")
    elif end == "cancel":
        world.journal.cancel(first)
    elif end == "sent":
        world.journal.given_up(_uncertain(world, first), "nothing can tell")
        world.journal.mark_sent(first)
    else:
        world.journal.hold(first, "wait")
    assert world.state_of(routed(world, guard=ALIKE, sha256=A)) == state


def _uncertain(world: Any, fax_id: FaxId) -> Any:
    world.journal.lost(world.claim(fax_id), "reset", 0)
    return world.only(fax_id, world.journal.claim_uncertain("main", 10, 60))


def test_a_cancelled_one_that_may_have_arrived_counts(world: Any) -> None:
    first = routed(world, guard=ALIKE, sha256=A)
    world.journal.given_up(_uncertain(world, first), "nothing can tell")
    world.journal.cancel(first)
    assert world.row(first)["doubt"]
    assert world.state_of(routed(world, guard=ALIKE, sha256=A)) == "held"


def test_an_earlier_one_of_which_nothing_is_left_counts(world: Any) -> None:
    first = routed(world, guard=ALIKE, sha256=A)
    for table, key in (("recipient", "fax_id"), ("document", "fax_id"), ("fax", "id")):
        world.sql(f"DELETE FROM {table} WHERE {key} = :id", id=first)
    assert world.state_of(routed(world, guard=ALIKE, sha256=A)) == "held"


def test_released_it_goes_and_the_next_is_measured_by_it(world: Any) -> None:
    first = routed(world, guard=ALIKE, sha256=A)
    again = routed(world, guard=ALIKE, sha256=A)
    world.clock.advance(DAY - 1)
    world.journal.release(again)
    assert world.state_of(again) == "ready"
    world.clock.advance(2)
    third = routed(world, guard=ALIKE, sha256=A)
    assert (world.state_of(third), again in reason(world, third), first in reason(world, third)) == (
        "held",
        True,
        False,
    )


def test_moved_back_from_held_it_is_not_caught_again(world: Any) -> None:
    routed(world, guard=ALIKE, sha256=A)
    held = routed(world, guard=ALIKE, sha256=A)
    back = world.make(sha256=A)
    assert world.journal.superseded(held, back.fax_id)
    world.journal.accept([back])
    route(world, back.fax_id, guard=ALIKE)
    assert world.state_of(back.fax_id) == "ready"
    assert world.state_of(routed(world, guard=ALIKE, sha256=A)) == "held"


def test_moved_back_from_held_its_number_is_known(world: Any) -> None:
    held = routed(world, guard=NEW)
    back = world.make()
    assert world.journal.superseded(held, back.fax_id)
    world.journal.accept([back])
    route(world, back.fax_id, guard=NEW)
    assert world.state_of(back.fax_id) == "ready"


def test_a_person_sends_the_same_again_without_being_caught(world: Any) -> None:
    fax_id = routed(world, guard=ALIKE, sha256=A)
    world.journal.refused(world.claim(fax_id), "busy")
    world.journal.resend(fax_id)
    assert world.state_of(fax_id) == "ready"
    assert world.state_of(routed(world, guard=ALIKE, sha256=A)) == "held"


def test_the_second_recipient_of_one_fax_is_no_look_alike(world: Any) -> None:
    fax_id = routed(world, "+13035550100", "+13035550100", OTHER, guard=ALIKE, sha256=A)
    assert [world.state_of(fax_id, n) for n in (1, 2, 3)] == ["ready"] * 3


def test_control_files_and_what_was_made_of_documents_do_not_count(world: Any) -> None:
    def documents(control: str) -> tuple[Document, ...]:
        return (
            Document("a.pdf", "out/a.pdf", 4711, A),
            Document("a.json", "out/a.json", 12, control, None, Role.CONTROL),
        )

    routed(world, guard=ALIKE, documents=documents("c" * 64))
    assert world.state_of(routed(world, guard=ALIKE, documents=documents("d" * 64))) == "held"


def test_a_folder_that_does_not_look_is_looked_at_by_those_that_do(world: Any) -> None:
    careless = Guard(remember=True)
    first = routed(world, guard=careless, sha256=A)
    assert world.state_of(routed(world, guard=careless, sha256=A)) == "ready"
    again = routed(world, guard=ALIKE, sha256=A)
    assert world.state_of(again) == "held"
    assert first not in reason(world, again), "the latest one is named"


def test_where_no_folder_looks_nothing_is_remembered(world: Any) -> None:
    routed(world, guard=Guard(), sha256=A)
    assert world.sql("SELECT * FROM lookalike") == []


def test_look_alikes_are_forgotten_in_the_end(world: Any) -> None:
    routed(world, guard=ALIKE, sha256=A)
    world.clock.advance(guarding.MEMORY / 1000 + 1)
    routed(world, guard=ALIKE, sha256=B)
    assert len(world.sql("SELECT * FROM lookalike")) == 1


# -- too many in an hour


def capped(cap: int) -> Guard:
    return Guard(per_hour=cap)


def into_the_hour(world: Any, seconds: float) -> None:
    """So many seconds after an hour of the clock began."""
    now = world.clock.now().timestamp()
    world.clock.advance(3600 - now % 3600 + seconds)


def claimed(world: Any) -> list[FaxId]:
    return [submission.fax_id for submission in world.journal.claim_ready("main", 100, 60)]


def test_what_is_over_the_cap_waits_for_the_next_hours(world: Any) -> None:
    into_the_hour(world, 600)
    ids = [routed(world, guard=capped(2)) for _ in range(5)]
    assert claimed(world) == ids[:2]
    assert world.journal.delayed(FOLDER) == 3
    world.clock.advance(2999)
    assert claimed(world) == []
    into_the_hour(world, 0)
    assert claimed(world) == ids[2:4]
    assert world.journal.delayed(FOLDER) == 1
    into_the_hour(world, 0)
    assert claimed(world) == ids[4:]
    assert world.journal.delayed(FOLDER) == 0


def test_it_does_not_expire_for_having_waited(world: Any) -> None:
    into_the_hour(world, 0)
    routed(world, guard=capped(1))
    late = routed(world, guard=capped(1))
    claimed(world)
    begins = world.clock.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    into_the_hour(world, 3599)
    assert world.journal.expire(10) == 0
    (submission,) = world.journal.claim_ready("main", 10, 60)
    assert (submission.fax_id, submission.expires_at) == (late, begins + timedelta(hours=1))


def test_a_restart_changes_nothing(world: Any) -> None:
    into_the_hour(world, 0)
    first = routed(world, guard=capped(1))
    world.restart()
    late = routed(world, guard=capped(1))
    assert claimed(world) == [first]
    assert world.journal.delayed(FOLDER) == 1
    into_the_hour(world, 0)
    assert claimed(world) == [late]


def test_each_recipient_counts_and_each_folder_for_itself(world: Any) -> None:
    into_the_hour(world, 0)
    fax_id = routed(world, "+13035550100", OTHER, "+13035550177", guard=capped(2))
    elsewhere = routed(world, guard=capped(2), folder="/srv/fax/out/\udcfcber")
    assert claimed(world) == [fax_id, fax_id, elsewhere]
    assert world.journal.delayed("/srv/fax/out/\udcfcber") == 0
    assert world.journal.delayed(FOLDER) == 1


def test_a_time_of_its_own_takes_a_place_in_its_own_hour(world: Any) -> None:
    into_the_hour(world, 0)
    then = world.clock.now() + timedelta(days=3, minutes=7)
    for _ in range(2):
        fax_id = world.received()
        route_then = replace(world.route_to(), not_before=then)
        world.journal.route([Routed(fax_id, (route_then,), (1,), 3600.0, guard=capped(1))])
    now = routed(world, guard=capped(1))
    assert claimed(world) == [now], "what is for another day takes nobody's place"
    assert world.journal.delayed(FOLDER) == 1, "one of the two waits for the hour after theirs"
    world.clock.advance(3 * DAY + 7 * 60)
    assert len(claimed(world)) == 1


def test_what_goes_first_does_not_go_before_its_hour(world: Any) -> None:
    into_the_hour(world, 0)
    routed(world, guard=capped(1))
    fax_id = world.received()
    urgent = replace(world.route_to(), head_start=3600.0)
    world.journal.route([Routed(fax_id, (urgent,), (1,), 3600.0, guard=capped(1))])
    assert fax_id not in claimed(world)


def test_hours_that_are_over_are_forgotten(world: Any) -> None:
    for _ in range(5):
        into_the_hour(world, 0)
        routed(world, guard=capped(1))
    assert len(world.sql("SELECT * FROM hourly")) == 2, "this hour, and the row that is locked"


# -- beforehand


def test_what_the_other_faxes_say_can_be_asked_beforehand(world: Any) -> None:
    """It is what really happens then; and asking changes nothing."""
    world.ended()
    first = routed(world, guard=ALIKE, sha256=A)
    guard = replace(ALIKE, first_time=True)
    new = ["+13035550100", OTHER]
    foreseen = world.journal.foresee(FOLDER, new, world.make(sha256=A).documents, guard)
    assert foreseen == world.journal.foresee(FOLDER, new, world.make(sha256=A).documents, guard)
    fax_id = routed(world, *new, guard=guard, sha256=A)
    assert sorted(foreseen.holds) == sorted(reason(world, fax_id, n) for n in (1, 2))
    assert f"fax {first} of" in " ".join(foreseen.holds)
    assert world.journal.foresee(FOLDER, new, world.make(sha256=A).documents, Guard()) == Foreseen((), None)


def test_a_full_hour_can_be_foreseen(world: Any) -> None:
    into_the_hour(world, 0)
    assert world.journal.foresee(FOLDER, [OTHER], (), capped(1)).waits is None
    routed(world, guard=capped(1))
    assert "more than 1 faxes want to leave" in (world.journal.foresee(FOLDER, [OTHER], (), capped(1)).waits or "")
    assert world.journal.foresee("/srv/another", [OTHER], (), capped(1)).waits is None
