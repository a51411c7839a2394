"""What a person may decide, and what not."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from faxdaemon.contracts.journal import Settled
from faxdaemon.contracts.provider import Progress
from faxdaemon.core.errors import UserError
from faxdaemon.core.states import Outbound

#: From each state what a decision makes of it; nothing means that it is refused.
RESULTS = {
    "hold": {Outbound.RECEIVED: "held", Outbound.READY: "held"},
    "release": {Outbound.HELD: "uncertain"},
    "resend": dict.fromkeys((Outbound.HELD, Outbound.SENT, Outbound.FAILED, Outbound.CANCELLED), "ready"),
    "cancel": {
        **dict.fromkeys((Outbound.RECEIVED, Outbound.READY, Outbound.HELD), "cancelled"),
        **{s: s.value for s in (Outbound.SUBMITTING, Outbound.UNCERTAIN, Outbound.ACCEPTED)},
    },
    "mark_sent": {Outbound.HELD: "sent"},
}


def decide(world: Any, what: str, fax: str) -> int:
    reason = ("wait for the doctor",) if what == "hold" else ()
    changed: int = getattr(world.journal, what)(fax, *reason)
    return changed


@pytest.mark.parametrize("what", RESULTS)
def test_a_decision_is_carried_out_or_refused_with_a_reason(world: Any, what: str) -> None:
    for state in Outbound:
        submission = world.bring_to(state)
        before = world.journal.life(submission.fax_id)
        if state in RESULTS[what]:
            assert (state, decide(world, what, submission.fax_id)) == (state, 1)
            assert (state, world.state_of(submission.fax_id)) == (state, RESULTS[what][state])
            assert world.events(submission.fax_id) != [dataclasses.astuple(e) for e in before.events]
        else:
            with pytest.raises(UserError, match=f"recipient 1 is {state}"):
                decide(world, what, submission.fax_id)
            assert world.journal.life(submission.fax_id) == before


@pytest.mark.parametrize("state", [Outbound.READY, Outbound.UNCERTAIN, Outbound.ACCEPTED])
def test_an_answer_that_was_under_way_when_a_person_decided_is_too_late(world: Any, state: Outbound) -> None:
    submission = world.bring_to(state)
    if state is Outbound.READY:
        world.journal.hold(submission.fax_id, "wait")
    else:
        world.journal.given_up(submission, "nobody knows")
    before = world.row(submission.fax_id)["epoch"]
    world.journal.release(submission.fax_id)
    assert world.state_of(submission.fax_id) == state
    assert world.row(submission.fax_id)["epoch"] > before
    assert not world.journal.missed(submission, "late", certain=True)
    assert not world.journal.given_up(submission, "late")


# -- hold and release


def test_what_is_released_goes_on_where_it_was(world: Any) -> None:
    unrouted, ready = world.received(), world.ready()
    for fax_id in (unrouted, ready):
        world.journal.hold(fax_id, "wait")
        assert world.row(fax_id)["reason"] == "wait"
        world.journal.release(fax_id)
    assert (world.state_of(unrouted), world.state_of(ready)) == ("received", "ready")
    assert [w.fax_id for w in world.journal.to_route(9)] == [unrouted]
    assert world.claim(ready).submission == 1


def test_what_is_uncertain_is_asked_for_again_when_released(world: Any) -> None:
    held = world.held()
    world.bell.heard()
    world.journal.release(held.fax_id)
    assert "uncertain:main" in world.bell.heard()
    assert world.journal.claim_ready("main", 9, 60) == []
    (again,) = world.journal.claim_uncertain("main", 9, 60)
    assert (again.reference, again.asked) == (held.reference, 0)


def test_what_waited_for_a_person_does_not_expire_because_of_that(world: Any) -> None:
    fax_id = world.ready(expire=3600.0)
    world.journal.hold(fax_id, "wait")
    world.clock.advance(7200)
    world.journal.release(fax_id)
    assert world.journal.expire(9) == 0
    world.clock.advance(3600)
    assert world.journal.expire(9) == 1


# -- resend


def test_resending_in_doubt_keeps_the_reference_and_the_account(world: Any) -> None:
    held = world.uncertain(world.route_to("main", "backup"))
    world.journal.given_up(held, "nobody knows")
    world.journal.resend(held.fax_id)
    again = world.claim(held.fax_id)
    assert (again.reference, again.submission, again.account, again.doubt) == (held.reference, 1, "main", True)


@pytest.mark.parametrize("progress", [Progress.SENT, Progress.FAILED, Progress.CANCELLED, Progress.UNKNOWN_JOB])
def test_resending_after_a_definite_end_is_a_new_submission(world: Any, progress: Progress) -> None:
    ended = world.ended(progress)
    world.journal.resend(ended.fax_id)
    row = world.row(ended.fax_id)
    assert (row["ended_at"], row["pages"], row["provider_id"], row["reason"]) == (
        None,
        None,
        None,
        "sent again by a person",
    )
    again = world.claim(ended.fax_id)
    assert (again.reference, again.submission) == (f"{ended.fax_id}-1-2", 2)


def test_resending_begins_with_the_first_account_again(world: Any) -> None:
    submission = world.submitting(world.route_to("main", "backup"))
    world.journal.postponed(submission, "busy", 0, "backup")
    world.journal.refused(world.claim(submission.fax_id, "backup"), "no")
    world.journal.resend(submission.fax_id)
    assert world.claim(submission.fax_id).account == "main"


def test_resending_spares_those_who_have_it(world: Any) -> None:
    fax_id = world.ready(world.route_to(), world.route_to(number="+13035550101"))
    for submission, progress in zip(
        world.journal.claim_ready("main", 2, 60), (Progress.SENT, Progress.FAILED), strict=True
    ):
        world.journal.accepted(submission, f"job-{submission.recipient}", 0)
        (claimed,) = world.journal.claim_accepted("main", 1, 60)
        world.journal.settle([Settled(claimed, world.status(claimed, progress))])
    assert world.journal.resend(fax_id) == 1
    assert [world.state_of(fax_id, n) for n in (1, 2)] == ["sent", "ready"]


def test_what_was_never_routed_cannot_be_sent_again(world: Any) -> None:
    fax_id = world.received(problem="the file is empty")
    with pytest.raises(UserError, match="never routed"):
        world.journal.resend(fax_id)
    with pytest.raises(UserError, match="cannot be marked as sent"):
        held = world.received()
        world.journal.hold(held, "wait")
        world.journal.mark_sent(held)
    assert world.journal.resend(held) == 1
    assert world.state_of(held) == "received"


# -- cancel


def test_what_the_provider_has_is_asked_to_stop_at_once(world: Any) -> None:
    submission = world.submitting()
    world.journal.accepted(submission, "job", 300)
    world.bell.heard()
    assert world.journal.cancel(submission.fax_id) == 1
    assert world.bell.heard() == {"accepted:main"}
    (claimed,) = world.journal.claim_accepted("main", 9, 60)
    assert claimed.cancel_wanted
    assert world.journal.cancel_answered(claimed, cancelled=True, note="stopped")
    row = world.row(submission.fax_id)
    assert (row["state"], row["reason"]) == ("cancelled", "stopped")


def test_a_cancel_that_comes_too_late_is_told_and_the_job_is_followed(world: Any) -> None:
    submission = world.accepted()
    world.journal.cancel(submission.fax_id)
    (claimed,) = world.journal.claim_accepted("main", 9, 60)
    assert world.journal.cancel_answered(claimed, cancelled=False, note="too late")
    assert world.events(submission.fax_id)[-1] == ("recipient 1", "not cancelled", "accepted", "accepted")
    world.clock.advance(60)
    (claimed,) = world.journal.claim_accepted("main", 9, 60)
    assert not claimed.cancel_wanted


def test_a_tracker_with_an_older_claim_does_not_delay_a_cancel(world: Any) -> None:
    claimed = world.accepted()
    world.journal.cancel(claimed.fax_id)
    pending = Settled(claimed, world.status(claimed, Progress.PENDING), ask_in=300)
    assert world.journal.settle([pending]) == 0
    assert world.journal.next_due("accepted", "main") == 0


def test_a_fax_cancelled_while_it_was_being_sent_is_stopped_as_soon_as_that_is_possible(world: Any) -> None:
    submission = world.submitting()
    assert world.journal.cancel(submission.fax_id) == 1
    assert world.journal.accepted(submission, "job", 300)
    assert world.journal.next_due("accepted", "main") == 0
    (claimed,) = world.journal.claim_accepted("main", 9, 60)
    assert claimed.cancel_wanted


@pytest.mark.parametrize("how", ["postponed", "missed"])
def test_a_cancelled_fax_that_was_not_taken_is_not_offered_again(world: Any, how: str) -> None:
    submission = world.submitting() if how == "postponed" else world.uncertain()
    world.journal.cancel(submission.fax_id)
    if how == "postponed":
        assert world.journal.postponed(submission, "busy", 0)
    else:
        assert world.journal.missed(submission, "not there", certain=False)
        assert "may have arrived" in world.row(submission.fax_id)["reason"]
    assert world.state_of(submission.fax_id) == "cancelled"
    assert world.report_of(submission.fax_id) == "due"


def test_a_cancelled_fax_whose_call_failed_is_not_tried_again(world: Any) -> None:
    claimed = world.accepted()
    world.journal.cancel(claimed.fax_id)
    (claimed,) = world.journal.claim_accepted("main", 9, 60)
    world.journal.settle([Settled(claimed, world.status(claimed, Progress.FAILED, "busy"), retry_in=5)])
    row = world.row(claimed.fax_id)
    assert (row["state"], row["submission"]) == ("failed", 1)
    assert "was to be cancelled" in row["reason"]


# -- which fax


def test_a_beginning_of_an_id_will_do_when_it_fits_one_fax(world: Any) -> None:
    first = world.ready()
    assert world.journal.hold(first[:20].upper(), "wait") == 1
    second = world.ready()
    with pytest.raises(UserError, match="several faxes begin with"):
        world.journal.hold(second[:6], "wait")
    for odd in ("", "  ", "zzzz", "no such id!", "0" * 27, "%", "ü"):
        with pytest.raises(UserError, match="fax"):
            world.journal.life(odd)


@pytest.mark.parametrize("what", RESULTS)
def test_a_received_fax_is_not_sent(world: Any, what: str) -> None:
    fax = world.stored()
    with pytest.raises(UserError, match="is a received fax"):
        decide(world, what, fax.fax_id)
