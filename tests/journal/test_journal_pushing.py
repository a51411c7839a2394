"""What pushes record: hints, doubts settled, faxes that came with their document."""

from __future__ import annotations

from typing import Any

import pytest

from faxdaemon.contracts import topics
from faxdaemon.contracts.journal import Settled
from faxdaemon.contracts.provider import Progress
from faxdaemon.core import ids
from faxdaemon.core.states import Inbound, Outbound


def test_a_hint_makes_a_job_due_and_wakes_the_tracker(world: Any) -> None:
    submission = world.accepted()
    assert world.journal.next_due("accepted", "main") > 0
    world.bell.heard()
    assert world.journal.hinted("main", [submission.provider_id, "unknown"]) == 1
    assert world.bell.heard() == {topics.accepted("main")}
    assert world.journal.next_due("accepted", "main") == 0
    assert world.state_of(submission.fax_id) == Outbound.ACCEPTED


def test_an_answer_older_than_the_hint_does_not_hide_it(world: Any) -> None:
    submission = world.accepted()  # claimed: being asked for just now
    world.journal.hinted("main", [submission.provider_id])
    assert world.journal.settle([Settled(submission, world.status(submission, Progress.PENDING), ask_in=600)]) == 0
    assert world.journal.next_due("accepted", "main") == 0
    (again,) = world.journal.claim_accepted("main", 10, 60)
    assert again.asked == 1


def test_a_repeated_hint_changes_nothing(world: Any) -> None:
    submission = world.accepted()
    assert world.journal.hinted("main", [submission.provider_id]) == 1
    before = world.row(submission.fax_id)
    assert world.journal.hinted("main", [submission.provider_id] * 2) == 0
    assert world.row(submission.fax_id) == before


def test_another_accounts_hint_and_a_late_one_change_nothing(world: Any) -> None:
    submission = world.accepted()
    assert world.journal.hinted("other", [submission.provider_id]) == 0
    ended = world.ended()
    before, told = world.row(ended.fax_id), world.events(ended.fax_id)
    assert world.journal.hinted("main", [ended.provider_id], {ended.provider_id: ended.reference}, 80) == 0
    assert (world.row(ended.fax_id), world.events(ended.fax_id)) == (before, told)


@pytest.mark.parametrize("length", [80, 12])
@pytest.mark.parametrize("state", [Outbound.UNCERTAIN, Outbound.HELD])
def test_our_reference_settles_a_doubt(world: Any, state: Outbound, length: int) -> None:
    submission = world.bring_to(state)
    carried = ids.token(submission.reference, length).upper()
    assert world.journal.hinted("main", ["job"], {"job": carried}, length) == 1
    row = world.row(submission.fax_id)
    assert (row["state"], row["provider_id"]) == (Outbound.ACCEPTED, "job")
    assert world.events(submission.fax_id)[-1][1:] == ("find", state, Outbound.ACCEPTED) or state is Outbound.HELD
    # what was under way before is too late
    assert not world.journal.missed(submission, "not there", certain=True)
    assert not world.journal.given_up(submission, "nobody knows")
    assert world.journal.hinted("main", ["job"], {"job": carried}, length) == 0


def test_what_waits_to_be_offered_again_in_doubt_is_not_offered(world: Any) -> None:
    submission = world.uncertain()
    assert world.journal.missed(submission, "drops doubles", certain=False)
    assert world.journal.hinted("main", [], {"job": submission.reference}, 80) == 1
    assert world.state_of(submission.fax_id) == Outbound.ACCEPTED
    assert world.journal.claim_ready("main", 10, 60) == []


def test_what_was_certainly_not_taken_stays_as_it_is(world: Any) -> None:
    submission = world.uncertain()
    assert world.journal.missed(submission, "not there", certain=True)
    assert world.journal.hinted("main", [], {"job": submission.reference}, 80) == 0
    assert world.state_of(submission.fax_id) == Outbound.READY


def test_a_push_before_the_answer_is_remembered_and_the_answer_counts_for_more(world: Any) -> None:
    submission = world.submitting()
    assert world.journal.hinted("main", ["job"], {"job": submission.reference}, 80) == 1
    assert world.state_of(submission.fax_id) == Outbound.SUBMITTING
    assert world.journal.hinted("main", ["job"], {"job": submission.reference}, 80) == 0
    assert world.journal.accepted(submission, "other", 3600)
    assert world.row(submission.fax_id)["provider_id"] == "other"
    (asked,) = world.journal.claim_accepted("main", 10, 60)
    assert asked.asked == 1, "what the push told of is asked for at once, and soon again"

    lost = world.submitting()
    world.journal.hinted("main", ["job-2"], {"job-2": lost.reference}, 80)
    assert world.journal.lost(lost, "timed out", 0)
    (uncertain,) = world.journal.claim_uncertain("main", 10, 60)
    assert uncertain.provider_id == "job-2"


def test_what_a_person_cancelled_in_doubt_is_told_once(world: Any) -> None:
    submission = world.held()
    assert world.journal.cancel(submission.fax_id) == 1
    told = len(world.events(submission.fax_id))
    for _ in range(2):
        world.journal.hinted("main", [], {"job": submission.reference}, 80)
    assert world.state_of(submission.fax_id) == Outbound.CANCELLED
    named = [event for event in world.events(submission.fax_id)[told:] if event[1] == "named"]
    assert len(named) == 1


def test_the_inbox_is_due_but_not_sooner_than_it_may_be(world: Any) -> None:
    assert world.journal.take_duty("inbox:main", 600) == 0
    world.journal.inbox_hinted("main", 600, 30)
    assert 29 <= world.journal.take_duty("inbox:main", 600) <= 30
    world.clock.advance(40)
    assert world.journal.take_duty("inbox:main", 600) == 0
    world.clock.advance(100)
    world.bell.heard()
    world.journal.inbox_hinted("main", 600, 30)
    assert world.bell.heard() == {topics.seen("main")}
    assert world.journal.take_duty("inbox:main", 600) == 0
    world.journal.inbox_hinted("main", 10, 30)  # it is looked at more often anyway
    world.journal.inbox_hinted("new", 600, 30)
    assert world.journal.take_duty("inbox:new", 600) == 0


def test_a_fax_with_its_document_is_stored_in_one_go(world: Any) -> None:
    world.bell.heard()
    assert world.journal.arrived("main", world.listed("m1"), world.spooled(), ["desk", "mail"])
    heard = world.bell.heard()
    assert {topics.deliveries("desk"), topics.deliveries("mail")} <= heard
    assert topics.seen("main") not in heard, "nobody is to fetch it"
    known = world.journal.received_as("main", "m1")
    assert known.document == world.spooled()
    assert world.journal.claim_seen("main", 10, 60) == []
    assert [event[1] for event in world.events(known.fax_id)] == ["seen", "store", "wanted", "wanted"]


def test_the_same_fax_again_or_listed_is_not_taken_twice(world: Any) -> None:
    assert world.journal.arrived("main", world.listed("m1"), world.spooled(), ["desk"])
    assert not world.journal.arrived("main", world.listed("m1"), world.spooled(sha256="2" * 64), ["desk"])
    assert world.journal.seen("main", [world.listed("m1")]) == 0
    assert len(world.journal.claim_deliveries("desk", 10, 60)) == 1


def test_a_listed_fax_is_stored_by_its_push_and_the_fetcher_is_too_late(world: Any) -> None:
    fetching = world.seen("m1")
    assert world.journal.arrived("main", world.listed("m1"), world.spooled(), ["desk"])
    assert not world.journal.stored(fetching, world.spooled(sha256="2" * 64), ["desk"])
    assert not world.journal.inbound_held(fetching, "gone")
    assert world.journal.received_as("main", "m1").document.sha256 == "1" * 64


def test_a_held_fax_is_stored_by_its_push(world: Any) -> None:
    fetching = world.seen("m1")
    assert world.journal.inbound_held(fetching, "gone")
    assert not world.journal.stored(fetching, world.spooled(), ["desk"]), "only a push may do that"
    assert world.journal.arrived("main", world.listed("m1"), world.spooled(), ["desk"])
    assert world.journal.life(fetching.fax_id).facts["state"] == Inbound.STORED


def test_nobody_has_an_unknown_fax(world: Any) -> None:
    assert world.journal.received_as("main", "m1") is None
    world.seen("m1", account="other")
    assert world.journal.received_as("main", "m1") is None
    assert world.journal.received_as("other", "m1").document is None
