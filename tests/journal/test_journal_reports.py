"""When a folder is told, what it is told, and what happens when the outcome changes meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from faxdaemon.contracts.journal import Settled
from faxdaemon.contracts.provider import Progress
from faxdaemon.core.states import Outbound, Reporting

FOLDER = "/srv/fax/out/billing"


def settle(world: Any, submission: Any, progress: Progress = Progress.SENT) -> None:
    world.journal.accepted(submission, f"job-{submission.reference}", 0)
    (claimed,) = world.journal.claim_accepted("main", 1, 60)
    assert world.journal.settle([Settled(claimed, world.status(claimed, progress))]) == 1


def test_a_fax_is_due_when_its_last_recipient_is_at_rest(world: Any) -> None:
    fax_id = world.ready(world.route_to(), world.route_to(number="+13035550101"))
    first, second = world.journal.claim_ready("main", 2, 60)
    settle(world, first)
    assert world.report_of(fax_id) == "open"
    world.bell.heard()
    settle(world, second, Progress.FAILED)
    assert world.report_of(fax_id) == "due"
    assert f"report:{FOLDER}" in world.bell.heard()
    (work,) = world.journal.claim_reports(FOLDER, 10)
    assert [o.state for o in work.outcomes] == [Outbound.SENT, Outbound.FAILED]
    assert (work.state, work.plan, work.published) == (Reporting.DUE, None, None)
    assert (work.fax_id, work.origin.name, work.fields) == (fax_id, "invoice.pdf", {})


def test_a_report_goes_from_due_to_reported(world: Any) -> None:
    fax_id = world.ended().fax_id
    (work,) = world.journal.claim_reports(FOLDER, 10)
    (staged,) = world.journal.staged([(work, {"moves": [["a", "b"]]})])
    assert (staged.state, staged.plan, staged.fax_id) == (Reporting.REPORTING, {"moves": [["a", "b"]]}, fax_id)
    world.journal.reported([staged])
    assert world.report_of(fax_id) == "reported"
    assert world.journal.claim_reports(FOLDER, 10) == []
    moves = [e[1:] for e in world.events(fax_id) if e[0] == "report"]
    assert moves == [("rest", "open", "due"), ("stage", "due", "reporting"), ("publish", "reporting", "reported")]


def test_after_a_crash_the_staged_plan_comes_back(world: Any) -> None:
    world.ended()
    (work,) = world.journal.claim_reports(FOLDER, 10)
    world.journal.staged([(work, {"moves": [["a", "b"]]})])
    world.restart()
    (again,) = world.journal.claim_reports(FOLDER, 10)
    assert (again.state, again.plan) == (Reporting.REPORTING, {"moves": [["a", "b"]]})
    assert again.epoch > work.epoch
    world.journal.reported([again])
    assert world.report_of(work.fax_id) == "reported"


def test_reports_are_claimed_by_folder_oldest_first(world: Any) -> None:
    ids = [world.ended().fax_id for _ in range(3)]
    world.received(problem="empty", folder="/elsewhere")
    assert [w.fax_id for w in world.journal.claim_reports(FOLDER, 2)] == ids[:2]
    assert [w.fax_id for w in world.journal.claim_reports(FOLDER, 10)] == ids
    assert len(world.journal.claim_reports("/elsewhere", 10)) == 1


def test_a_late_stager_and_a_late_publisher_change_nothing(world: Any) -> None:
    fax_id = world.ended().fax_id
    (late,) = world.journal.claim_reports(FOLDER, 10)
    (work,) = world.journal.claim_reports(FOLDER, 10)
    assert world.journal.staged([(late, {"moves": []})]) == []
    (staged,) = world.journal.staged([(work, {"moves": []})])
    world.journal.reported([late])
    assert world.report_of(fax_id) == "reporting"
    assert world.journal.staged([(staged, {"moves": [["x", "y"]]})]) == []
    world.journal.reported([staged])
    world.journal.reported([])
    assert world.journal.staged([]) == []


def test_one_late_report_does_not_hold_up_its_batch(world: Any) -> None:
    first, second = world.ended().fax_id, world.ended().fax_id
    works = world.journal.claim_reports(FOLDER, 10)
    world.journal.resend(first)
    staged = world.journal.staged([(w, {"moves": []}) for w in works])
    assert [w.fax_id for w in staged] == [second]
    world.journal.reported(staged)
    assert [world.report_of(i) for i in (first, second)] == ["open", "reported"]


def test_a_held_fax_is_reported_and_reported_again_when_it_goes_on(world: Any) -> None:
    fax_id = world.held().fax_id
    (work,) = world.report({"moves": [["x", "held/invoice.pdf"]]})
    assert work.outcomes[0].state is Outbound.HELD
    assert world.journal.mark_sent(fax_id) == 1
    (again,) = world.report({"moves": [["held/invoice.pdf", "sent/invoice.pdf"]]})
    assert again.outcomes[0].state is Outbound.SENT
    assert again.published == {"moves": [["x", "held/invoice.pdf"]]}
    assert again.plan is None
    world.journal.resend(fax_id)
    assert world.report_of(fax_id) == "open"
    world.journal.cancel(fax_id)
    (last,) = world.report()
    assert last.published == {"moves": [["held/invoice.pdf", "sent/invoice.pdf"]]}


def test_an_answer_composed_from_an_older_outcome_is_refused(world: Any) -> None:
    fax_id = world.held().fax_id
    (work,) = world.journal.claim_reports(FOLDER, 10)
    assert work.outcomes[0].state is Outbound.HELD
    world.journal.mark_sent(fax_id)
    assert world.journal.staged([(work, {"moves": []})]) == []
    (fresh,) = world.journal.claim_reports(FOLDER, 10)
    assert fresh.outcomes[0].state is Outbound.SENT


@pytest.mark.parametrize(("decide", "then"), [("mark_sent", "due"), ("release", "open")])
def test_a_decision_during_publishing_is_reported_afterwards(world: Any, decide: str, then: str) -> None:
    fax_id = world.held().fax_id
    (work,) = world.journal.claim_reports(FOLDER, 10)
    (staged,) = world.journal.staged([(work, {"moves": [["x", "held"]]})])
    assert getattr(world.journal, decide)(fax_id) == 1
    assert world.report_of(fax_id) == "reporting"
    world.journal.reported([staged])
    assert world.report_of(fax_id) == then
    if then == "due":
        (again,) = world.journal.claim_reports(FOLDER, 10)
        assert again.published == {"moves": [["x", "held"]]}


# -- a held drop that is dropped again


def test_a_held_drop_is_listed_once_it_was_put_before_people(world: Any) -> None:
    assert world.journal.held_drops(FOLDER) == []
    held = world.held(sha256="a" * 64).fax_id
    assert world.journal.held_drops(FOLDER) == []
    world.report({"moves": [["x", "held/invoice.pdf"]]})
    (found,) = world.journal.held_drops(FOLDER)
    assert (found.fax_id, found.sha256, found.published) == (held, "a" * 64, {"moves": [["x", "held/invoice.pdf"]]})
    assert world.journal.held_drops("/elsewhere") == []


def test_a_superseded_fax_is_cancelled_in_silence(world: Any) -> None:
    held, by = world.held().fax_id, world.fax_id()
    world.report()
    assert world.journal.superseded(held, by)
    assert world.events(held)[-1] == ("recipient 1", "supersede", "held", "cancelled")
    assert by in world.row(held)["reason"]
    assert world.report_of(held) == "reported"
    assert world.journal.claim_reports(FOLDER, 10) == []
    assert world.journal.held_drops(FOLDER) == []
    assert not world.journal.superseded(held, by)


def test_a_superseded_fax_whose_report_is_due_is_not_reported_any_more(world: Any) -> None:
    held = world.held().fax_id
    world.report()
    world.journal.release(held)
    (again,) = world.journal.claim_uncertain("main", 1, 60)
    world.journal.given_up(again, "still nobody knows")
    assert world.report_of(held) == "due"
    assert world.journal.superseded(held, world.fax_id())
    assert world.report_of(held) == "open"
    assert world.journal.claim_reports(FOLDER, 10) == []


def test_only_a_held_fax_is_superseded(world: Any) -> None:
    submission = world.accepted()
    assert not world.journal.superseded(submission.fax_id, world.fax_id())
    assert world.state_of(submission.fax_id) == "accepted"
    assert not world.journal.superseded(world.fax_id(), world.fax_id())
