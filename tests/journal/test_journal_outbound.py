"""Sending, from the drop to the answer, method by method."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
import structlog

from faxdaemon.contracts.journal import Routed, Settled
from faxdaemon.contracts.provider import Progress
from faxdaemon.core.ids import FaxId
from faxdaemon.core.states import Outbound
from faxdaemon.journal import sending
from faxdaemon.journal.sending import Claim

# -- O4: accept


def test_an_accepted_drop_waits_for_its_route_as_it_was_dropped(world: Any) -> None:
    drops = [world.make("a.pdf"), world.make("b.pdf")]
    world.journal.accept(drops)
    assert world.bell.heard() == {"received"}
    waiting = world.journal.to_route(10)
    assert [(w.fax_id, w.origin, w.documents) for w in waiting] == [(d.fax_id, d.origin, d.documents) for d in drops]
    assert [w.fax_id for w in world.journal.to_route(1)] == [drops[0].fax_id]


def test_a_drop_handed_in_twice_stays_as_it_was(world: Any) -> None:
    fax_id = world.ready()
    again = world.make("other name.pdf")
    world.journal.accept([type(again)(fax_id, again.origin, again.documents), again])
    assert world.state_of(fax_id) == "ready"
    assert world.journal.life(fax_id).facts["name"] == "invoice.pdf"
    assert world.state_of(again.fax_id) == "received"
    world.journal.accept([])


def test_an_unreadable_drop_is_failed_and_due_for_its_report_at_once(world: Any) -> None:
    fax_id = world.received(problem="the file is empty", documents=())
    assert world.events(fax_id) == [
        ("recipient 1", "received", None, "received"),
        ("recipient 1", "refused", "received", "failed"),
        ("report", "rest", "open", "due"),
    ]
    assert f"report:{'/srv/fax/out/billing'}" in world.bell.heard()
    assert world.journal.to_route(10) == []
    (work,) = world.report()
    assert (work.outcomes[0].state, work.outcomes[0].reason) == (Outbound.FAILED, "the file is empty")
    assert work.outcomes[0].submissions == 0


@pytest.mark.parametrize(
    "name", ["caf\udce9.pdf", "a\udcff\udc80.pdf", "\uf780 private.pdf", "\uf77f1234.pdf", "half\ud83d.pdf", "ü😀.pdf"]
)
def test_names_that_are_not_utf8_come_back_as_they_were(world: Any, name: str) -> None:
    drop = world.make(name, folder="/srv/\udcfc/out")
    world.journal.accept([drop])
    (waiting,) = world.journal.to_route(1)
    assert waiting.origin == drop.origin
    assert waiting.documents == drop.documents


def test_numbers_beyond_63_bits_come_back(world: Any) -> None:
    drop = world.make()
    origin = type(drop.origin)(drop.origin.folder, "x.pdf", 1, -(2**70), 2**128 - 1)
    world.journal.accept([type(drop)(drop.fax_id, origin, drop.documents)])
    (waiting,) = world.journal.to_route(1)
    assert waiting.origin == origin


def test_known_tells_which_ids_have_a_row(world: Any) -> None:
    known, unknown = world.received(), world.fax_id()
    assert world.journal.known([known, unknown]) == {known}
    assert world.journal.known([]) == frozenset()


# -- O6: route


def test_a_routed_fax_is_claimed_with_all_that_sending_needs(world: Any) -> None:
    fax_id = world.received()
    accepted_at = world.clock.now()
    world.bell.heard()
    route = world.route_to("main", "backup")
    world.journal.route([Routed(fax_id, (route,), (3,), 3600.0, {"order": "17"})])
    assert world.bell.heard() == {"ready:main"}
    (submission,) = world.journal.claim_ready("main", 10, 60)
    assert (submission.fax_id, submission.recipient, submission.submission) == (fax_id, 1, 1)
    assert submission.reference == f"{fax_id}-1-1"
    assert submission.state is Outbound.SUBMITTING
    assert (submission.number, submission.name, submission.options) == (route.number, route.name, route.options)
    assert (submission.account, submission.accounts) == ("main", ("main", "backup"))
    assert (submission.pages, submission.documents[0].pages) == (3, 3)
    assert submission.accepted_by == accepted_at
    assert submission.expires_at == accepted_at + timedelta(hours=1)
    assert submission.intended_at == world.clock.now()
    assert (submission.attempts, submission.asked, submission.doubt, submission.cancel_wanted) == (0, 0, False, False)
    assert world.journal.life(fax_id).facts["fields"] == {"order": "17"}


def test_a_fax_for_several_is_several_recipients(world: Any) -> None:
    fax_id = world.ready(world.route_to("main"), world.route_to("other", number="+13035550101"))
    assert world.bell.heard() >= {"ready:main", "ready:other"}
    assert [world.state_of(fax_id, n) for n in (1, 2)] == ["ready", "ready"]
    (second,) = world.journal.claim_ready("other", 10, 60)
    assert (second.recipient, second.number, second.reference) == (2, "+13035550101", f"{fax_id}-2-1")
    assert ("recipient 2", "routed", "received", "ready") in world.events(fax_id)


def test_a_problem_found_by_routing_fails_the_fax(world: Any) -> None:
    fax_id = world.received()
    world.journal.route([Routed(fax_id, problem="“12” is too short", shown_number="12", pages=(4,))])
    (work,) = world.report()
    (outcome,) = work.outcomes
    assert (outcome.state, outcome.reason, outcome.number) == (Outbound.FAILED, "“12” is too short", "12")
    assert work.documents[0].pages == 4


def test_a_fax_is_routed_once_and_not_when_it_was_stopped_meanwhile(world: Any) -> None:
    fax_id, cancelled = world.ready(), world.received()
    world.journal.cancel(cancelled)
    before = world.events(fax_id)
    world.journal.route([Routed(i, (world.route_to("other"),) * 2) for i in (fax_id, cancelled, world.fax_id())])
    assert world.events(fax_id) == before
    assert world.state_of(cancelled) == "cancelled"
    assert world.row(fax_id)["account"] == "main"


def test_a_decision_without_route_and_problem_is_a_bug(world: Any) -> None:
    with pytest.raises(ValueError, match="routes or a problem"):
        world.journal.route([Routed(world.received())])


# -- O7: claim


def test_claims_are_limited_ordered_by_age_and_exclusive(world: Any) -> None:
    ids = [world.ready() for _ in range(5)]
    world.ready(world.route_to("other"))
    first = world.journal.claim_ready("main", 2, 60)
    second = world.journal.claim_ready("main", 10, 60)
    assert [s.fax_id for s in first + second] == ids
    assert world.journal.claim_ready("main", 10, 60) == []


def test_what_is_due_later_is_not_claimed_before(world: Any) -> None:
    submission = world.submitting()
    assert world.journal.postponed(submission, "busy", 30)
    assert world.journal.claim_ready("main", 10, 60) == []
    assert world.journal.next_due("ready", "main") == pytest.approx(30)
    world.clock.advance(30)
    assert world.journal.next_due("ready", "main") == 0
    (again,) = world.journal.claim_ready("main", 10, 60)
    assert (again.reference, again.submission, again.attempts) == (submission.reference, 1, 1)
    assert again.intended_at == submission.intended_at


def test_next_due_knows_each_queue_and_none(world: Any) -> None:
    assert [world.journal.next_due(kind, "main") for kind in ("ready", "uncertain", "accepted")] == [None] * 3
    world.journal.lost(world.submitting(), "reset", 7)
    world.journal.accepted(world.submitting(), "job", 9)
    assert world.journal.next_due("uncertain", "main") == pytest.approx(7, abs=0.1)
    assert world.journal.next_due("accepted", "main") == pytest.approx(9, abs=0.1)
    assert world.journal.next_due("accepted", "other") is None


# -- O9: the answer


def test_after_a_certain_no_the_fax_may_go_through_another_account(world: Any) -> None:
    submission = world.submitting(world.route_to("main", "backup"))
    world.bell.heard()
    assert world.journal.postponed(submission, "line busy", 0, "backup")
    assert world.bell.heard() == {"ready:backup"}
    again = world.claim(submission.fax_id, "backup")
    assert (again.account, again.reference) == ("backup", submission.reference)


def test_after_a_doubt_no_other_account_is_ever_used(world: Any) -> None:
    uncertain = world.uncertain(world.route_to("main", "backup"))
    assert uncertain.doubt
    assert world.journal.missed(uncertain, "drops doubles", certain=False)
    again = world.claim(uncertain.fax_id)
    assert again.doubt
    assert world.journal.postponed(again, "busy", 0, "backup")
    assert world.row(again.fax_id)["account"] == "main"


def test_a_certain_no_ends_the_doubt(world: Any) -> None:
    uncertain = world.uncertain()
    assert world.journal.missed(uncertain, "not there", certain=True)
    again = world.claim(uncertain.fax_id)
    assert (again.doubt, again.reference, again.submission) == (False, uncertain.reference, 1)


def test_an_accepted_fax_is_followed_after_its_delay(world: Any) -> None:
    submission = world.submitting()
    world.bell.heard()
    assert world.journal.accepted(submission, "job-1", 20)
    assert world.bell.heard() == {"accepted:main"}
    assert world.journal.claim_accepted("main", 10, 60) == []
    world.clock.advance(20)
    (claimed,) = world.journal.claim_accepted("main", 10, 60)
    assert (claimed.provider_id, claimed.state) == ("job-1", Outbound.ACCEPTED)
    assert world.journal.claim_accepted("main", 10, 60) == []
    world.clock.advance(60)
    assert len(world.journal.claim_accepted("main", 10, 60)) == 1


def test_a_refused_fax_is_failed_and_reported(world: Any) -> None:
    submission = world.submitting()
    assert world.journal.refused(submission, "the number is blocked")
    (work,) = world.report()
    (outcome,) = work.outcomes
    assert (outcome.state, outcome.reason, outcome.submissions) == (Outbound.FAILED, "the number is blocked", 1)
    assert outcome.ended_at == world.clock.now()


# -- crash


def test_what_a_dead_process_was_sending_becomes_uncertain(world: Any) -> None:
    submission = world.submitting()
    world.restart()
    world.clock.advance(61)  # past the lease: PostgreSQL cannot know before that nobody sends it
    world.bell.heard()
    assert world.journal.interrupt(5) == 1
    assert world.journal.interrupt(5) == 0
    assert world.state_of(submission.fax_id) == "uncertain"
    assert world.bell.heard() == {"uncertain:main"}
    assert not world.journal.accepted(submission, "job", 0)
    assert world.journal.claim_uncertain("main", 1, 60) == []
    world.clock.advance(5)
    (unclear,) = world.journal.claim_uncertain("main", 1, 60)
    assert (unclear.reference, unclear.doubt) == (submission.reference, True)


def test_on_sqlite_a_restart_proves_that_nobody_sends_any_more(sqlite_world: Any) -> None:
    sqlite_world.submitting()
    sqlite_world.restart()
    assert sqlite_world.journal.interrupt(5) == 1


def test_what_this_process_is_sending_is_left_alone_until_its_lease_ends(world: Any) -> None:
    submission = world.submitting()
    assert world.journal.interrupt(5) == 0
    world.clock.advance(59)
    assert world.journal.interrupt(5) == 0
    world.clock.advance(2)
    assert world.journal.interrupt(5) == 1
    assert not world.journal.refused(submission, "too late")


# -- age


def test_what_no_account_took_in_time_fails(world: Any) -> None:
    fax_id, young = world.ready(expire=3600.0), world.ready()
    world.clock.advance(3601)
    assert [s.fax_id for s in world.journal.claim_ready("main", 10, 60)] == [young]
    assert world.journal.next_due("ready", "main") is None
    assert world.journal.expire(10) == 1
    assert world.state_of(fax_id) == "failed"
    assert "1 hours" in world.row(fax_id)["reason"]


def test_what_grew_too_old_in_doubt_is_held(world: Any) -> None:
    uncertain = world.uncertain(expire=3600.0)
    world.journal.missed(uncertain, "drops doubles", certain=False)
    world.clock.advance(3601)
    assert world.journal.expire(10) == 1
    row = world.row(uncertain.fax_id)
    assert (row["state"], row["held_from"]) == ("held", "ready")
    assert "may have arrived" in row["reason"]


def test_expiry_is_limited(world: Any) -> None:
    for _ in range(3):
        world.ready(expire=1.0)
    world.clock.advance(2)
    assert [world.journal.expire(2), world.journal.expire(2), world.journal.expire(2)] == [2, 1, 0]


# -- O10: doubt


def test_asking_in_vain_is_counted_only_when_it_was_an_answer(world: Any) -> None:
    submission = world.uncertain()
    assert world.journal.asked(submission, "timed out", 10, counts=False)
    world.clock.advance(10)
    (submission,) = world.journal.claim_uncertain("main", 1, 60)
    assert submission.asked == 0
    assert world.journal.asked(submission, "not there", 10, counts=True)
    world.clock.advance(10)
    (submission,) = world.journal.claim_uncertain("main", 1, 60)
    assert submission.asked == 1


def test_what_was_denied_before_an_offer_says_nothing_about_that_offer(world: Any) -> None:
    submission = world.uncertain()
    world.journal.asked(submission, "not there", 0, counts=True)
    (submission,) = world.journal.claim_uncertain("main", 1, 60)
    world.journal.missed(submission, "not there", certain=True)
    again = world.claim(submission.fax_id)
    world.journal.lost(again, "reset", 0)
    (unclear,) = world.journal.claim_uncertain("main", 1, 60)
    assert unclear.asked == 0


def test_a_look_up_that_finds_it_accepts_it(world: Any) -> None:
    submission = world.uncertain()
    assert world.journal.accepted(submission, "job-9", 5)
    assert ("recipient 1", "find", "uncertain", "accepted") in world.events(submission.fax_id)
    assert not world.row(submission.fax_id)["doubt"]


# -- O11: settle


def test_success_is_recorded_as_the_provider_told_it(world: Any) -> None:
    submission = world.accepted()
    ended = world.clock.now() - timedelta(minutes=1)
    status = world.status(
        submission, Progress.SENT, "OK", pages=2, ended_at=ended, duration_s=61, remote_csid="GRAY\udcff"
    )
    assert world.journal.settle([Settled(submission, status)]) == 1
    (work,) = world.report()
    (outcome,) = work.outcomes
    assert (outcome.state, outcome.pages, outcome.ended_at) == (Outbound.SENT, 2, ended)
    assert (outcome.duration_s, outcome.remote_csid, outcome.reason) == (61, "GRAY\udcff", None)
    assert (outcome.provider_id, outcome.reference) == (submission.provider_id, submission.reference)


def test_a_batch_is_settled_one_by_one(world: Any) -> None:
    submissions = [world.accepted() for _ in range(3)]
    outcomes = [Progress.SENT, Progress.FAILED, Progress.PENDING]
    settled = [Settled(s, world.status(s, p), ask_in=30) for s, p in zip(submissions, outcomes, strict=True)]
    assert world.journal.settle(settled + settled[:1]) == 2
    assert [world.state_of(s.fax_id) for s in submissions] == ["sent", "failed", "accepted"]
    assert world.journal.settle([]) == 0


def test_a_pending_one_is_asked_for_again_later(world: Any) -> None:
    submission = world.accepted()
    told = world.events(submission.fax_id)
    pending = world.status(submission, Progress.PENDING)
    assert world.journal.settle([Settled(submission, pending, ask_in=30)]) == 0
    assert world.events(submission.fax_id) == told
    assert world.journal.next_due("accepted", "main") == pytest.approx(30)
    world.journal.settle([Settled(submission, pending)])
    assert world.journal.next_due("accepted", "main") == pytest.approx(60)


def test_an_unknown_job_may_be_asked_for_again_first(world: Any) -> None:
    submission = world.accepted()
    unknown = world.status(submission, Progress.UNKNOWN_JOB)
    assert world.journal.settle([Settled(submission, unknown, ask_in=30)]) == 0
    assert world.state_of(submission.fax_id) == "accepted"


def test_a_new_submission_has_a_new_reference_and_forgets_the_old_one(world: Any) -> None:
    submission = world.accepted()
    failed = world.status(submission, Progress.FAILED, "busy")
    assert world.journal.settle([Settled(submission, failed, retry_in=300)]) == 1
    row = world.row(submission.fax_id)
    assert [row[k] for k in ("provider_id", "intended_at", "attempts", "asked", "reference")] == [
        None,
        None,
        0,
        0,
        None,
    ]
    world.clock.advance(300)
    again = world.claim(submission.fax_id)
    assert (again.submission, again.reference) == (2, f"{submission.fax_id}-1-2")
    assert again.intended_at == world.clock.now()


# -- several at a time


def test_the_next_intent_is_in_the_commit_of_an_accepted_one(world: Any) -> None:
    submission, waiting = world.submitting(), world.ready()
    world.bell.heard()
    ok, claimed = world.journal.accepted_next(submission, "job-1", 30.0, 60.0)
    assert ok
    (following,) = claimed
    assert (following.fax_id, following.reference) == (waiting, f"{waiting}-1-1")
    assert (world.state_of(submission.fax_id), world.state_of(waiting)) == ("accepted", "submitting")
    assert world.journal.next_due("accepted", "main") == 30.0
    assert world.journal.accepted_next(following, "job-2", 30.0, 60.0) == (True, [])


def test_where_the_answer_came_too_late_no_next_one_is_claimed(world: Any) -> None:
    submission, waiting = world.submitting(), world.ready()
    late = dataclasses.replace(submission, epoch=submission.epoch - 1)
    assert world.journal.accepted_next(late, "job-1", 30.0, 60.0) == (False, [])
    assert world.state_of(waiting) == "ready"


def test_of_a_paused_account_no_next_one_is_claimed(world: Any) -> None:
    submission, waiting = world.submitting(), world.ready()
    world.journal.pause("main", "slow down", 60.0)
    assert world.journal.accepted_next(submission, "job-1", 30.0, 60.0) == (True, [])
    assert world.state_of(waiting) == "ready"


def test_what_several_workers_want_at_once_is_dealt_out(world: Any) -> None:
    ids = [world.ready() for _ in range(3)]
    other = world.ready(world.route_to("other"))
    wants = [Claim(*w, 60.0, None) for w in (("main", 1), ("other", 5), ("main", 1), ("main", 2), ("main", 1))]
    dealt = world.journal._write(lambda tx: sending._claim_ready(tx, wants))
    assert [[s.fax_id for s in each] for each in dealt] == [[ids[0]], [other], [ids[1]], [ids[2]], []]


def test_of_several_workers_one_tries_a_paused_account(world: Any) -> None:
    for _ in range(3):
        world.ready()
    world.journal.pause("main", "no answer", 1.0)
    world.clock.advance(2)
    dealt = world.journal._write(lambda tx: sending._claim_ready(tx, [Claim("main", 1, 60.0, None)] * 3))
    assert [[s.trial for s in each] for each in dealt] == [[True], [], []]


# -- traces


def test_each_transition_leaves_one_log_line_without_the_number(world: Any) -> None:
    with structlog.testing.capture_logs() as lines:
        submission = world.ended()
        world.journal.resume("nobody")  # lines are written after the caller has its answer, before the next commit
    told = [line for line in lines if line.get("fax") == submission.fax_id]
    assert [(li["subject"], li["event"], li.get("source"), li["target"]) for li in told] == world.events(
        submission.fax_id
    )
    (accept,) = [line for line in told if line["event"] == "accept"]
    assert (accept["account"], accept["reference"]) == ("main", submission.reference)
    assert accept["number"] == "+1303•••••00"
    assert submission.number not in repr(lines)


def test_events_carry_time_node_and_note(world: Any) -> None:
    submission = world.submitting()
    world.journal.lost(submission, "connection reset", 5)
    event = world.journal.life(submission.fax_id).events[-1]
    assert (event.event, event.at, event.node, event.note) == (
        "lose",
        world.clock.now(),
        "one",
        "connection reset",
    )


def test_ids_of_other_kinds_of_claims_do_not_meet(world: Any) -> None:
    submission = world.submitting()
    stranger = type(submission)(
        **{name: getattr(submission, name) for name in submission.__slots__} | {"fax_id": FaxId("0" * 26)}
    )
    assert not world.journal.accepted(stranger, "job", 0)
    assert world.state_of(submission.fax_id) == "submitting"
