"""Following accepted faxes: in batches, never too often, to one outcome each."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import chain, pairwise
from typing import Any

import pytest
from support.scripted import ACCEPTED, Crash, Faulty, Scripted, Site, rules, submit

from faxdaemon.contracts.provider import Cancelled, JobStatus, Progress
from faxdaemon.contracts.stage import NOTHING_DUE
from faxdaemon.core.errors import NotSent, OutcomeUnknown, ProviderTrouble
from faxdaemon.core.ids import reference
from faxdaemon.core.schedule import REDIAL
from faxdaemon.outbound.track import PATIENCE, VANISHED, TrackStage

POLL = rules().poll
TROUBLES = [ProviderTrouble("502"), NotSent("no connection"), OutcomeUnknown("reset"), ValueError("a bug of ours")]


def stage(site: Site, provider: Scripted, **changes: Any) -> TrackStage:
    journal = changes.pop("journal", site.journal)
    return TrackStage(
        rules(**changes),
        provider=provider,
        journal=journal,
        accounts=journal,
        asking=site.asking(),
        clock=site.clock,
        alert=site.alerts,
    )


def status(provider_id: str, progress: Progress, text: str = "told", **more: Any) -> JobStatus:
    return JobStatus(provider_id, progress, text, **more)


def sent(*provider_ids: str) -> list[JobStatus]:
    return [status(each, Progress.SENT) for each in provider_ids]


def failed(provider_id: str = "job-1", **more: Any) -> list[JobStatus]:
    return [status(provider_id, Progress.FAILED, "busy", **more)]


# -- outcomes


def test_success_is_recorded_with_what_the_provider_tells(site: Site) -> None:
    fax = site.accepted()
    ended = datetime(2026, 11, 20, 9, 1, tzinfo=UTC)
    told = status("job-1", Progress.SENT, "OK", pages=2, ended_at=ended, duration_s=61, remote_csid="THEM")
    assert stage(site, Scripted().will("status", [told])).step() == POLL
    assert site.state_of(fax) == "sent"
    (work,) = site.journal.claim_reports(str(site.out), 10)
    (outcome,) = work.outcomes
    assert (outcome.pages, outcome.ended_at, outcome.duration_s, outcome.remote_csid) == (2, ended, 61, "THEM")


def test_a_failure_without_retries_left_is_final(site: Site) -> None:
    fax = site.accepted()
    stage(site, Scripted().will("status", failed()), retries=0).step()
    assert site.state_of(fax) == "failed"
    assert site.reason(fax) == "busy"


def test_a_failed_call_becomes_a_new_submission_where_the_provider_does_not_redial(site: Site) -> None:
    fax = site.accepted()
    provider = Scripted(retries_itself=False)
    track = stage(site, provider, retries=2)
    for number, pause in enumerate(REDIAL[:2], 1):
        provider.will("status", failed(f"job-{number}")).will("submit", ACCEPTED.__class__(f"job-{number + 1}"))
        track.step()
        assert site.state_of(fax) == "ready"
        assert site.journal.next_due("ready", "main") == pause
        site.later(pause)
        submit(site, provider)
        assert provider.sent[-1][0] == reference(fax, 1, number + 1), "a new reference, for it is another submission"
        site.later(3600)
    provider.will("status", failed("job-3"))
    track.step()
    assert site.state_of(fax) == "failed", "two retries are three submissions"
    assert len(provider.sent) == 2


@pytest.mark.parametrize(
    ("capability", "permanent"), [(True, False), (False, True)], ids=["the provider redials", "pointless"]
)
def test_no_new_submission(site: Site, capability: bool, permanent: bool) -> None:
    fax = site.accepted()
    stage(site, Scripted(retries_itself=capability).will("status", failed(permanent=permanent))).step()
    assert site.state_of(fax) == "failed"


def test_a_job_that_was_cancelled_there_is_cancelled(site: Site) -> None:
    fax = site.accepted()
    stage(site, Scripted().will("status", [status("job-1", Progress.CANCELLED, "by operator")])).step()
    assert site.state_of(fax) == "cancelled"


def test_a_job_that_the_provider_no_longer_knows_is_for_a_person(site: Site) -> None:
    """And it does not keep the others of its batch from their outcome."""
    lost, other = site.accepted("job-1", "lost.pdf"), site.accepted("job-2", "other.pdf")
    provider = Scripted().will("status", [status("job-1", Progress.UNKNOWN_JOB, "no such job"), *sent("job-2")])
    site.clock.advance(VANISHED)
    stage(site, provider).step()
    assert site.state_of(lost) == "held"
    assert "accepted it but no longer knows it: no such job" in site.reason(lost)
    assert site.state_of(other) == "sent"


def test_a_list_that_lags_behind_holds_nothing(site: Site) -> None:
    """Just accepted and not yet listed: asked again later, and then sent."""
    fax = site.accepted()
    provider = Scripted().will("status", [status("job-1", Progress.UNKNOWN_JOB, "no such job")], sent("job-1"))
    tracking = stage(site, provider)
    tracking.step()
    assert site.state_of(fax) == "accepted"
    site.clock.advance(VANISHED)
    tracking.step()
    assert site.state_of(fax) == "sent"


# -- batches and patience


def test_a_batch_is_as_large_as_the_provider_takes(site: Site) -> None:
    faxes = {f"job-{n}": site.accepted(f"job-{n}", f"{n}.pdf") for n in range(5)}
    provider = Scripted(status_batch=2)
    track = stage(site, provider)
    for _ in range(3):
        provider.will("status", lambda ids: sent(*ids))
    assert [track.step() for _ in range(3)] == [0.0, 0.0, POLL], "all that are due, one after the other"
    assert [len(ids) for ids in provider.asked("status")] == [2, 2, 1]
    assert sorted(chain.from_iterable(provider.asked("status"))) == sorted(faxes)
    assert {site.state_of(fax) for fax in faxes.values()} == {"sent"}


@pytest.mark.parametrize("error", [ProviderTrouble("502"), RuntimeError("a bug")], ids=["trouble", "bug"])
def test_trouble_ends_a_round(site: Site, error: Exception) -> None:
    for n in range(5):
        site.accepted(f"job-{n}", f"{n}.pdf")
    provider = Scripted(status_batch=2).will("status", lambda ids: sent(*ids), error)
    track = stage(site, provider)
    assert track.step() == 0.0
    track.step()
    assert 0 < track.step() <= POLL
    assert len(provider.asked("status")) == 2, "the rest waits for the next round"
    provider.will("status", lambda ids: sent(*ids))
    site.later(POLL)
    track.step()
    assert len(provider.asked("status")) == 3


def test_being_woken_by_every_accepted_fax_costs_no_look_into_the_journal(site: Site) -> None:
    site.accepted("job-1", "1.pdf")
    track = stage(site, Scripted().will("status", []))
    track.step()
    site.accepted("job-2", "2.pdf")
    blind = Faulty(site.journal, next_due=[Crash()], take_duty=[Crash()])
    track._journal = track._accounts = blind
    assert 0 < track.step() <= POLL
    site.later(POLL)
    with pytest.raises(Crash):
        track.step()


def test_a_job_that_is_left_out_of_the_answer_is_pending(site: Site) -> None:
    fax = site.accepted()
    stage(site, Scripted().will("status", [])).step()
    assert site.state_of(fax) == "accepted"
    assert site.journal.next_due("accepted", "main") >= POLL


def test_the_account_is_never_asked_more_often_than_poll_over_a_restart(site: Site) -> None:
    site.accepted("job-1", "1.pdf")
    provider = Scripted().will("status", [], sent("job-2"))
    assert stage(site, provider).step() == POLL
    site.accepted("job-2", "2.pdf")
    site.restart()
    site.later(POLL - 1)
    assert 0 < stage(site, provider).step() <= 1.1
    assert len(provider.asked("status")) == 1
    site.later(1.1)
    stage(site, provider).step()
    assert len(provider.asked("status")) == 2


def test_a_job_is_asked_for_more_and_more_rarely(site: Site) -> None:
    site.accepted()
    provider = Scripted()
    track = stage(site, provider)
    asked = []
    while site.clock.monotonic() < 6000:
        provider.will("status", [])
        wait = track.step()
        if provider.left() == {}:
            asked.append(site.clock.monotonic())
        else:
            provider.forget("status")
        site.later(wait)
    gaps = [round(b - a) for a, b in pairwise(asked)]
    assert min(gaps) >= POLL
    assert max(gaps) in range(300, 361), "every 5 minutes, or at the next look after them"
    assert len(asked) < 30


def test_a_job_that_stays_pending_for_days_is_told_and_followed_on(site: Site) -> None:
    fax = site.accepted()
    pending = [status("job-1", Progress.PENDING)]
    provider = Scripted().will("status", pending, pending, sent("job-1"))
    track = stage(site, provider)
    site.later(PATIENCE + 60)
    for _ in range(2):
        track.step()
        (told,) = site.alerts.open.values()
        assert fax in told
        assert site.state_of(fax) == "accepted"
        site.later(36000)
    assert len(site.alerts.told) == 1
    track.step()
    assert site.state_of(fax) == "sent"
    assert site.alerts.open == {}, "what ended is not pending any more"


def test_a_crash_before_recording_asks_again(site: Site) -> None:
    fax = site.accepted()
    with pytest.raises(Crash):
        stage(site, Scripted().will("status", sent("job-1")), journal=Faulty(site.journal, settle=[Crash()])).step()
    site.restart()
    assert site.state_of(fax) == "accepted"
    site.later(3600)
    stage(site, Scripted().will("status", sent("job-1"))).step()
    assert site.state_of(fax) == "sent"


# -- trouble


@pytest.mark.parametrize("error", TROUBLES, ids=lambda e: type(e).__name__)
def test_a_provider_in_trouble_is_asked_again_and_told_once(site: Site, error: Exception) -> None:
    faxes = [site.accepted("job-1", "1.pdf"), site.accepted("job-2", "2.pdf")]
    provider = Scripted().will("status", error, error, sent("job-1", "job-2"))
    track = stage(site, provider)
    for _ in range(2):
        assert track.step() == POLL
        assert {site.state_of(fax) for fax in faxes} == {"accepted"}
        site.later(POLL)
    assert site.alerts.told == ["status:main"]
    assert ("ValueError" if isinstance(error, ValueError) else str(error)) in site.alerts.open["status:main"]
    assert "a bug of ours" not in str(site.alerts.said), "the log has it"
    track.step()
    assert {site.state_of(fax) for fax in faxes} == {"sent"}
    assert site.alerts.over == ["status:main"]


def test_a_round_in_which_nobody_was_asked_proves_nothing(site: Site) -> None:
    """Another node, or another worker, was faster."""
    site.accepted()
    track = stage(site, Scripted().will("status", ProviderTrouble("502")))
    track.step()
    site.later(POLL)
    journal = Faulty(site.journal, claim_accepted=[lambda *_: []])
    other = stage(site, Scripted(), journal=journal)
    other.step()
    assert journal.calls[-1][0] == "claim_accepted"
    assert site.alerts.open.keys() == {"status:main"}


# -- cancelling


@pytest.mark.parametrize(
    ("answer", "state", "note"),
    [
        (Cancelled.DONE, "cancelled", "stopped"),
        (Cancelled.TOO_LATE, "accepted", "too late"),
        (Cancelled.UNSUPPORTED, "accepted", "cannot cancel"),
    ],
)
def test_a_wish_to_cancel_is_put_to_the_provider_once(site: Site, answer: Any, state: str, note: str) -> None:
    fax = site.accepted()
    site.journal.cancel(fax)
    provider = Scripted().will("cancel", answer)
    track = stage(site, provider)
    track.step()
    assert provider.asked("cancel") == ["job-1"]
    assert site.state_of(fax) == state
    assert note in (site.journal.life(fax).events[-1].note or "") or note in site.reason(fax)
    provider.will("status", sent("job-1"))
    site.later(3600)
    track.step()
    assert site.state_of(fax) == ("cancelled" if answer is Cancelled.DONE else "sent")
    assert len(provider.asked("cancel")) == 1


def test_a_provider_that_cannot_be_asked_to_cancel_is_asked_again(site: Site) -> None:
    fax, other = site.accepted("job-1", "1.pdf"), site.accepted("job-2", "2.pdf")
    site.journal.cancel(fax)
    provider = Scripted().will("cancel", ProviderTrouble("502"), Cancelled.DONE).will("status", sent("job-2"))
    track = stage(site, provider)
    track.step()
    assert [site.state_of(each) for each in (fax, other)] == ["accepted", "accepted"]
    site.later(POLL)
    track.step()
    assert [site.state_of(each) for each in (fax, other)] == ["cancelled", "sent"]


def test_nothing_to_do(site: Site) -> None:
    provider = Scripted()
    assert stage(site, provider).step() == NOTHING_DUE
    site.accepted()
    site.clock.set_back(3600)
    assert 0 < stage(site, provider).step() <= NOTHING_DUE
    assert provider.calls == []
