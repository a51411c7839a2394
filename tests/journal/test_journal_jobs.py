"""Whose a job is, and what a repeat relies on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from faxdaemon.contracts.journal import Settled
from faxdaemon.contracts.provider import JobStatus, Progress
from faxdaemon.core.states import Outbound


def test_the_answer_of_another_job_is_not_this_ones(world: Any) -> None:
    first, second = world.submitting(), world.submitting()
    assert world.journal.accepted(first, "job-7", 0)
    assert not world.journal.accepted(second, "job-7", 0)
    assert world.state_of(first.fax_id) == Outbound.ACCEPTED
    row = world.row(second.fax_id)
    assert (row["state"], row["provider_id"], row["doubt"]) == (Outbound.HELD, None, True)
    assert first.fax_id in row["reason"]
    assert "job-7" in row["reason"]


def test_nor_when_it_was_looked_up(world: Any) -> None:
    first, second = world.submitting(), world.uncertain()
    world.journal.accepted(first, "job-7", 0)
    assert not world.journal.accepted(second, "job-7", 0)
    assert world.state_of(second.fax_id) == Outbound.HELD


def test_a_job_that_has_ended_is_still_somebodys(world: Any) -> None:
    ended = world.ended()
    job = f"job-{ended.reference}"
    second = world.submitting()
    assert not world.journal.accepted(second, job, 0)
    assert world.state_of(second.fax_id) == Outbound.HELD


def test_nor_is_that_of_an_earlier_submission_of_the_same_recipient(world: Any) -> None:
    submission = world.accepted()
    job = f"job-{submission.reference}"
    failed = JobStatus(job, Progress.FAILED, "busy")
    assert world.journal.settle([Settled(submission, failed, retry_in=0)]) == 1
    again = world.claim(submission.fax_id)
    assert again.submission == 2
    assert not world.journal.accepted(again, job, 0)
    row = world.row(submission.fax_id)
    assert (row["state"], "an earlier submission of this fax" in row["reason"]) == (Outbound.HELD, True)


def test_the_same_answer_twice_is_one(world: Any) -> None:
    """A look-up finds what a push has told of already."""
    submission = world.submitting()
    world.journal.hinted("main", ["job-7"], {"job-7": submission.reference}, 80)
    assert world.journal.accepted(submission, "job-7", 0)
    assert not world.journal.accepted(submission, "job-7", 0)
    assert world.state_of(submission.fax_id) == Outbound.ACCEPTED


def test_what_a_push_named_is_nobody_elses(world: Any) -> None:
    first, second = world.uncertain(), world.submitting()
    world.journal.hinted("main", ["job-7"], {"job-7": first.reference}, 80)
    assert world.state_of(first.fax_id) == Outbound.ACCEPTED
    assert not world.journal.accepted(second, "job-7", 0)
    assert world.state_of(second.fax_id) == Outbound.HELD


def test_each_account_has_jobs_of_its_own(world: Any) -> None:
    first = world.submitting()
    world.journal.accepted(first, "job-7", 0)
    fax_id = world.ready(world.route_to("backup"))
    second = world.claim(fax_id, "backup")
    assert world.journal.accepted(second, "job-7", 0)


def test_a_person_can_go_on_from_there(world: Any) -> None:
    first, second = world.submitting(), world.submitting()
    world.journal.accepted(first, "job-7", 0)
    world.journal.accepted(second, "job-7", 0)
    assert world.journal.resend(second.fax_id) == 1
    again = world.claim(second.fax_id)
    assert again.reference == second.reference, "the doubt is open"
    assert world.journal.accepted(again, "job-8", 0)


def test_two_answers_at_once_with_one_job_are_not_both_believed(world: Any) -> None:
    for number in range(20):
        submissions = [world.submitting() for _ in range(4)]
        with ThreadPoolExecutor(4) as pool:
            job = f"job-{number}"
            taken = list(pool.map(lambda s, job=job: world.journal.accepted(s, job, 0), submissions))
        assert sorted(taken) == [False, False, False, True]


# -- settings


def test_the_settings_at_the_first_attempt_in_doubt_are_kept(world: Any) -> None:
    fax_id = world.ready()
    (first,) = world.journal.claim_ready("main", 1, 60, "a")
    assert first.settings == "a"
    world.journal.lost(first, "reset", 0)
    (unclear,) = world.journal.claim_uncertain("main", 1, 60)
    assert unclear.settings == "a"
    world.journal.missed(unclear, "drops doubles", certain=False)
    (second,) = world.journal.claim_ready("main", 1, 60, "b")
    assert (second.fax_id, second.settings) == (fax_id, "a")


@pytest.mark.parametrize("how", ["postponed", "missed"])
def test_without_doubt_those_of_each_attempt_count(world: Any, how: str) -> None:
    world.ready()
    (first,) = world.journal.claim_ready("main", 1, 60, "a")
    if how == "postponed":
        world.journal.postponed(first, "busy", 0)
    else:
        world.journal.lost(first, "reset", 0)
        (unclear,) = world.journal.claim_uncertain("main", 1, 60)
        world.journal.missed(unclear, "not there", certain=True)
    (second,) = world.journal.claim_ready("main", 1, 60, "b")
    assert second.settings == "b"


def test_a_person_who_sends_it_again_has_seen_to_the_settings(world: Any) -> None:
    fax_id = world.ready()
    (first,) = world.journal.claim_ready("main", 1, 60, "a")
    world.journal.lost(first, "reset", 0)
    (unclear,) = world.journal.claim_uncertain("main", 1, 60)
    world.journal.given_up(unclear, "the settings were changed")
    world.journal.resend(fax_id)
    (second,) = world.journal.claim_ready("main", 1, 60, "b")
    assert (second.doubt, second.settings) == (True, "b")


def test_a_release_keeps_them(world: Any) -> None:
    fax_id = world.ready()
    (first,) = world.journal.claim_ready("main", 1, 60, "a")
    world.journal.lost(first, "reset", 0)
    (unclear,) = world.journal.claim_uncertain("main", 1, 60)
    world.journal.given_up(unclear, "the settings were changed")
    world.journal.release(fax_id)
    (again,) = world.journal.claim_uncertain("main", 1, 60)
    assert again.settings == "a"
