"""Pictures of what was sent: wanted with the outcome, fetched and published once, on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from faxdaemon.contracts.journal import Settled
from faxdaemon.contracts.keeping import KeepWork
from faxdaemon.contracts.provider import Progress
from faxdaemon.core.errors import JournalError
from faxdaemon.core.model import Picture, Submission
from faxdaemon.core.states import Kept

FOLDER = "/srv/fax/out/billing"
IMAGE, PAGE = Picture("image", "tiff"), Picture("transmittal")
PLAN = {"document": "/there/invoice.pdf", "moves": []}


def end(world: Any, submission: Submission, progress: Progress = Progress.SENT, **more: Any) -> None:
    settled = Settled(submission, world.status(submission, progress), keep=(IMAGE, PAGE), **more)
    assert world.journal.settle([settled]) == 1


def wanted(world: Any, *routes: Any) -> Submission:
    submission: Submission = world.accepted(*routes)
    end(world, submission)
    return submission


def claim(world: Any) -> KeepWork:
    found = world.journal.claim_kept(FOLDER, 60)
    assert isinstance(found, KeepWork)
    return found


def states(world: Any, submission: Submission) -> dict[str, str]:
    return {row["what"]: row["state"] for row in world.journal.life(submission.fax_id).facts["kept"]}


def test_what_is_wanted_is_recorded_with_the_outcome(world: Any) -> None:
    submission = world.accepted()
    world.bell.heard()
    end(world, submission)
    assert f"keep:{FOLDER}" in world.bell.heard()
    assert states(world, submission) == {"image": "wanted", "transmittal": "wanted"}
    assert ("image 1", "want", None, "wanted") in world.events(submission.fax_id)
    first = claim(world)
    assert (first.fax_id, first.recipient, first.submission) == (submission.fax_id, 1, 1)
    assert (first.account, first.provider_id, first.name) == ("main", submission.provider_id, "invoice.pdf")
    assert (first.since, first.several, first.state, first.answer) == (world.clock.now(), False, Kept.WANTED, None)
    assert {first.picture, claim(world).picture} == {IMAGE, PAGE}
    assert world.journal.claim_kept(FOLDER, 60) is None


def test_a_late_outcome_wants_nothing(world: Any) -> None:
    late = world.accepted()
    world.journal.cancel(late.fax_id)
    assert world.journal.settle([Settled(late, world.status(late, Progress.SENT), keep=(IMAGE,))]) == 0
    assert states(world, late) == {}


def test_what_is_tried_again_wants_nothing_yet(world: Any) -> None:
    submission = world.accepted()
    end(world, submission, Progress.FAILED, retry_in=0.0)
    assert states(world, submission) == {}
    again = world.claim(submission.fax_id)
    assert world.journal.accepted(again, "second", 0)
    (followed,) = world.journal.claim_accepted("main", 1, 60)
    end(world, followed, Progress.FAILED)
    assert (claim(world).provider_id, claim(world).submission) == ("second", 2)


def test_only_the_own_folder_is_given(world: Any) -> None:
    wanted(world)
    assert world.journal.claim_kept("/elsewhere", 60) is None
    assert world.journal.next_kept_due("/elsewhere") is None
    assert world.journal.keeping() == {FOLDER}


def test_fetched_waits_for_its_answer_and_is_given_with_it(world: Any) -> None:
    submission = wanted(world)
    one, other = claim(world), claim(world)
    assert world.journal.keep_given_up(other, "none there")
    assert world.journal.fetched(one, "5" * 64)
    assert world.journal.claim_kept(FOLDER, 60) is None
    assert world.journal.next_kept_due(FOLDER) is None
    world.bell.heard()
    world.report(PLAN)
    assert f"keep:{FOLDER}" in world.bell.heard()
    assert world.journal.next_kept_due(FOLDER) == 0
    work = claim(world)
    assert (work.state, work.sha256, work.answer) == (Kept.FETCHED, "5" * 64, PLAN)
    assert world.journal.kept(work, "/there/invoice.image.tif")
    assert world.journal.claim_kept(FOLDER, 60) is None
    facts = world.journal.life(submission.fax_id).facts["kept"]
    assert {row["what"]: (row["state"], row["file"], row["reason"]) for row in facts} == {
        one.picture.what: ("done", "/there/invoice.image.tif", None),
        other.picture.what: ("given_up", None, "none there"),
    }
    assert world.journal.keeping() == frozenset()


def test_an_answer_that_is_taken_back_is_waited_for_again(world: Any) -> None:
    submission = wanted(world)
    for work in (claim(world), claim(world)):
        assert world.journal.fetched(work, "5" * 64)
    world.report(PLAN)
    world.journal.resend(submission.fax_id)
    assert world.journal.claim_kept(FOLDER, 60) is None


def test_one_of_several_recipients_is_fetched_before_the_others_end(world: Any) -> None:
    world.ready(world.route_to(), world.route_to(number="+13035550101"))
    first, _ = world.journal.claim_ready("main", 2, 60)
    assert world.journal.accepted(first, "one", 0)
    (submission,) = world.journal.claim_accepted("main", 2, 60)
    end(world, submission)
    work = claim(world)
    assert (work.fax_id, work.several, work.answer) == (submission.fax_id, True, None)


def test_a_claim_ends_by_itself_and_its_late_answers_change_nothing(world: Any) -> None:
    submission = wanted(world)
    late, _ = claim(world), claim(world)
    world.clock.advance(61)
    assert claim(world).epoch == late.epoch + 1
    assert not world.journal.fetched(late, "5" * 64)
    assert not world.journal.kept(late, None)
    assert not world.journal.keep_given_up(late, "late")
    assert not world.journal.keep_postponed(late, "late", 5)
    assert set(states(world, submission).values()) == {"wanted"}


def test_postponed_comes_back_and_a_known_reason_is_told_once(world: Any) -> None:
    submission = wanted(world)
    assert world.journal.keep_postponed(claim(world), "none yet", 100)
    assert world.journal.keep_given_up(claim(world), "never")
    assert world.journal.next_kept_due(FOLDER) == 100
    for reason in ("none yet", "unreachable", "unreachable"):
        world.clock.advance(100)
        assert world.journal.keep_postponed(claim(world), reason, 100)
        assert world.journal.claim_kept(FOLDER, 60) is None
    told = [e.note for e in world.journal.life(submission.fax_id).events if e.event == "postpone"]
    assert told == ["none yet", "unreachable"]


def test_a_new_life_claims_at_once_what_the_old_one_had(sqlite_world: Any) -> None:
    wanted(sqlite_world)
    late = claim(sqlite_world), claim(sqlite_world)
    sqlite_world.restart()
    sqlite_world.journal.begin()
    assert {claim(sqlite_world).picture, claim(sqlite_world).picture} == {work.picture for work in late}


def test_impossible_rows_are_refused(world: Any) -> None:
    fax_id = wanted(world).fax_id
    for change, rule in (
        ("state = 'fetched'", "ck_kept_fetched"),
        ("state = 'given_up'", "ck_kept_given_up"),
        ("state = 'lost'", "ck_kept_state"),
        ("submission = 0", "ck_kept_counts"),
        ("n = 7", r"fk_|FOREIGN KEY"),
    ):
        with pytest.raises(JournalError, match=rule):
            world.sql(f"UPDATE kept SET {change} WHERE fax_id = :i", i=fax_id)


def test_two_nodes_never_have_one_picture(postgres_world: Any) -> None:
    wanted(postgres_world)
    other = postgres_world.open("two")
    mine, theirs = claim(postgres_world), other.claim_kept(FOLDER, 60)
    assert {mine.picture, theirs.picture} == {IMAGE, PAGE}
    assert other.claim_kept(FOLDER, 60) is None
