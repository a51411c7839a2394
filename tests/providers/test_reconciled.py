"""Reconciliation on each provider's wire: what is in the sandbox behind the journal's back is found."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.boxes import PASSWORD
from support.faxes import new_submission
from support.reconciled import BUSY, GOOD, Reconciled
from support.scripted import Site

from faxdaemon.contracts.audit import SentList
from faxdaemon.contracts.provider import Progress, Provider
from faxdaemon.core.states import Outbound
from faxdaemon.sandbox import Sandbox

RIGS = ("faxage", "concord with reports", "concord_json", "faxde", "opentext")
LISTING = ("faxage", "concord with reports")
REPORTS = "/reports"


@dataclass
class Case:
    """A provider with its rig."""

    name: str
    rig: Any
    site: Site
    made: Reconciled
    box: Sandbox

    @property
    def lists(self) -> bool:
        return self.name in LISTING

    @property
    def journal(self) -> Any:
        return self.site.journal


@pytest.fixture(params=RIGS)
def case(
    request: pytest.FixtureRequest, tmp_path: Path, box: Sandbox, opened: Callable[..., Provider]
) -> Iterator[Case]:
    name, _, more = request.param.partition(" ")
    rig = importlib.import_module(f"support.provider_rigs.{name}")
    changes: dict[str, Any] = {}
    if more:
        url = f"{box.url_of('concord')}{REPORTS}"
        changes["reports"] = {"url": url, "username": "mbx1234567890", "password": PASSWORD}
    site = Site(tmp_path)
    yield Case(request.param, rig, site, Reconciled(site, opened(rig.options(box, **changes)), box), box)
    site.journal.close()


def test_who_lists_is_told_as_data(case: Case) -> None:
    provider = case.made.provider
    assert provider.capabilities.lists_sent is case.lists
    assert isinstance(provider, SentList) or not case.lists


def test_of_a_clean_site_nothing_is_told(case: Case) -> None:
    case.made.ended()
    case.made.ended(BUSY, Progress.FAILED)
    case.made.accepted()  # still followed
    report = case.made.run()
    assert report.findings == []
    assert (report.listed, report.jobs) == (case.lists, 3 if case.lists else 2)
    assert (report.others, report.forgotten, report.unasked) == (0, 0, 0)


def test_a_job_that_the_journal_does_not_know_is_told_and_nothing_is_sent(case: Case) -> None:
    case.made.hand_over(new_submission())
    case.box.network.submit(case.rig.ACCOUNT, GOOD, [], recipname="by hand", reference="4711", login="x")
    report = case.made.run()
    assert [one.kind.value for one in report.findings] == (["unknown"] if case.lists else [])
    assert report.others == (1 if case.lists else 0), "what is not ours is counted only"
    assert len(case.box.sent()) == 2
    assert all(GOOD not in str(one.plain()) for one in report.findings), "numbers are masked"


def test_what_is_held_here_and_was_sent_there_is_told(case: Case) -> None:
    """The answer was lost, and nothing could tell."""
    submission = case.made.claimed()
    case.made.hand_over(submission)
    assert case.journal.lost(submission, "reset", 0.0)
    (lost,) = case.journal.claim_uncertain("main", 1, 60)
    assert case.journal.given_up(lost, "nothing can tell")
    assert case.made.found() == ([("sent_there", lost.fax_id)] if case.lists else [])
    assert case.site.state_of(lost.fax_id) == "held", "a person decides"
    assert case.journal.mark_sent(lost.fax_id) == 1
    assert case.made.found() == []


@pytest.mark.parametrize("state", [Outbound.FAILED, Outbound.CANCELLED, Outbound.HELD])
def test_what_the_journal_gave_up_and_the_provider_sent_is_told(case: Case, state: Outbound) -> None:
    submission = case.made.accepted()
    if state is Outbound.HELD:
        assert case.journal.given_up(submission, "vanished")
    elif state is Outbound.FAILED:
        case.made.settle(submission, Progress.FAILED)
    else:
        assert case.journal.cancel_answered(submission, cancelled=True, note="it says")
    before = len(case.box.sent())
    assert case.made.found() == [("sent_there", submission.fax_id)]
    assert case.site.state_of(submission.fax_id) == state
    assert len(case.box.sent()) == before


def test_what_is_sent_here_and_failed_there_is_told(case: Case) -> None:
    submission = case.made.ended(BUSY, Progress.SENT)
    assert case.made.found() == [("failed_there", submission.fax_id)]


def test_what_is_held_here_and_failed_there_is_told(case: Case) -> None:
    submission = case.made.accepted(BUSY)
    assert case.journal.given_up(submission, "vanished")
    assert case.made.found() == [("failed_there", submission.fax_id)]


def test_what_was_sent_once_more_behind_our_back_is_told(case: Case) -> None:
    """A repeat of an unclear submission that was taken as well."""
    if not case.lists:
        return  # one job of each fax is all that such a provider is asked for
    submission = case.made.ended()
    if case.name == "faxage":
        case.made.hand_over(submission)
    else:
        case.box.network.submit("concord", GOOD, [], recipname="", login="x", reference=submission.reference)
        case.box.wait(lambda: all(entry.ended_at for entry in case.box.sent()))
    assert case.made.found() == [("sent_twice", submission.fax_id)]


def test_what_a_person_sent_twice_is_no_difference(case: Case) -> None:
    first = case.made.ended()
    assert case.journal.resend(first.fax_id) == 1
    again = case.site.claimed()
    assert case.journal.accepted(again, case.made.hand_over(again), 0.0)
    (followed,) = case.journal.claim_accepted("main", 10, 60)
    case.made.settle(followed, Progress.SENT)
    assert case.made.found() == []


def test_what_the_provider_lists_no_more_is_told_where_it_has_a_list(case: Case) -> None:
    submission = case.made.ended()
    job = next(job for job in case.box.network.jobs(case.rig.ACCOUNT))
    case.box.network.clear(job)
    report = case.made.run()
    expected = ["missing_there"] if case.lists else []
    assert [one.kind.value for one in report.findings] == expected
    assert report.forgotten == (0 if case.lists else 1), submission.fax_id


def test_what_is_young_is_left_alone(case: Case) -> None:
    case.made.ended(BUSY, Progress.SENT)
    case.made.hand_over(new_submission())
    assert case.made.found(later=60) == []
    assert len(case.made.found()) == (2 if case.lists else 1)


def test_received_faxes_behind_the_journals_back_are_entered_once(case: Case) -> None:
    case.box.inject(case.rig.LINE, caller="+13035550177", csid="THEIRS")
    journal = case.journal
    for due in (True, False):
        report = case.made.run()
        if case.made.provider.capabilities.head_of_queue_inbox:
            assert (report.received, report.findings) == (None, []), "reading it would be taking"
            assert journal.claim_seen("main", 9, 60) == []
            assert "seen:main" in case.site.signals.topics, "its own worker is asked to look"
            continue
        assert report.received == 1
        assert [one.kind.value for one in report.findings] == (["received_unknown"] if due else [])
        if due:
            (fax,) = journal.claim_seen("main", 9, 600)
            journal.inbound_held(fax, "for now")


def test_a_received_fax_that_went_before_it_was_fetched_is_told(case: Case) -> None:
    if case.made.provider.capabilities.head_of_queue_inbox:
        return  # its own worker sees to that
    case.box.inject(case.rig.LINE)
    assert case.made.run().received == 1
    (fax,) = case.box.inbox(case.rig.ACCOUNT)
    case.box.network.inbox.delete(fax)
    assert case.made.found() == []
    (found,) = case.made.found(later=90_000)
    assert found[0] == "received_gone"


def test_another_programs_list_is_asked_for_once_a_week_and_slowly(case: Case) -> None:
    case.made.rules = type(case.made.rules)("main", 30.0, 21, receives=False)
    case.made.run()
    assert case.made.waits == ([30.0, 30.0] if case.lists else [])


def test_single_jobs_are_asked_for_in_batches_and_slowly(case: Case) -> None:
    if case.lists:
        return  # one list has them all
    for _ in range(3):
        case.made.ended()
    assert case.made.found() == []
    size = case.made.provider.capabilities.status_batch
    assert case.made.waits == [30.0] * (2 if size == 1 else 0)


def test_a_simple_fax_is_nobodys(box: Sandbox, opened: Callable[..., Provider], tmp_path: Path) -> None:
    """What another program sends through the same account, with the service's own plainest call."""
    rig = importlib.import_module("support.provider_rigs.faxage")
    site = Site(tmp_path)
    provider: Any = opened(rig.options(box))
    made = Reconciled(site, provider, box)
    provider.send_addresses(GOOD, "Dr. Smith [see 2nd page]", ["https://example.org/x"], [], wait=True)
    report = made.run()
    assert (report.findings, report.others) == ([], 1)
    site.journal.close()
