"""Resolving what has no definite answer: who is asked, how often, and when nothing may be sent."""

from __future__ import annotations

from typing import Any

import pytest
from support.scripted import ACCEPTED, Crash, Faulty, Scripted, Site, rules, submit

from faxdaemon.contracts.provider import Absent, Ambiguous, Duplicates, Find, Found, Unknown
from faxdaemon.contracts.stage import NOTHING_DUE
from faxdaemon.core.errors import CredentialsRefused, JournalError, NotSent, OutcomeUnknown, ProviderTrouble
from faxdaemon.core.ids import reference
from faxdaemon.outbound.resolve import ResolveStage

SETTLE = rules().settle
DAY = 24 * 3600.0


def stage(site: Site, provider: Scripted, **changes: Any) -> ResolveStage:
    journal = changes.pop("journal", site.journal)
    return ResolveStage(
        rules(**changes),
        provider=provider,
        journal=journal,
        asking=site.asking(),
        clock=site.clock,
        alert=site.alerts,
    )


def test_nobody_is_asked_before_the_settling_time(site: Site) -> None:
    fax = site.uncertain()
    provider = Scripted()
    assert 0 < stage(site, provider).step() <= SETTLE
    assert provider.calls == []
    assert site.state_of(fax) == "uncertain"


def test_a_found_one_is_accepted_with_its_id_and_not_sent_again(site: Site) -> None:
    fax = site.uncertain()
    site.later(SETTLE)
    provider = Scripted().will("find", Found("job-7"))
    assert stage(site, provider).step() == 0.0
    assert site.state_of(fax) == "accepted"
    recipient = site.journal.life(fax).facts["recipients"][0]
    assert (recipient["provider_id"], recipient["doubt"]) == ("job-7", False)
    site.later(DAY / 2)
    submit(site, provider)
    assert provider.sent == []
    assert [s.reference for s in provider.asked("find")] == [reference(fax, 1, 1)]


# -- by reference


def test_two_settled_noes_are_a_no_and_it_goes_out_under_the_same_reference(site: Site) -> None:
    fax = site.uncertain()
    site.later(SETTLE)
    provider = Scripted().will("find", Absent(), Absent()).will("submit", ACCEPTED)
    resolve = stage(site, provider)
    resolve.step()
    assert site.state_of(fax) == "uncertain", "once is not enough"
    resolve.step()
    assert len(provider.asked("find")) == 1, "nor twice at the same moment"
    site.later(SETTLE)
    resolve.step()
    assert site.state_of(fax) == "ready"
    assert not site.journal.life(fax).facts["recipients"][0]["doubt"]
    submit(site, provider)
    assert [name for name, _ in provider.sent] == [reference(fax, 1, 1)]
    assert site.state_of(fax) == "accepted"


def test_a_no_counts_over_a_restart(site: Site) -> None:
    fax = site.uncertain()
    site.later(SETTLE)
    stage(site, Scripted().will("find", Absent())).step()
    site.restart()
    site.later(SETTLE)
    stage(site, Scripted().will("find", Absent())).step()
    assert site.state_of(fax) == "ready"


def test_noes_of_an_earlier_offer_do_not_count_for_the_next(site: Site) -> None:
    fax = site.uncertain()
    provider = Scripted().will("find", Absent(), Absent(), Absent()).will("submit", Unknown("reset"))
    resolve = stage(site, provider)
    for _ in range(2):
        site.later(SETTLE)
        resolve.step()
    submit(site, provider)
    assert site.state_of(fax) == "uncertain"
    site.later(SETTLE)
    resolve.step()
    assert site.state_of(fax) == "uncertain", "the second offer was denied once, not three times"


def test_found_at_the_second_look(site: Site) -> None:
    """Its list was late: exactly why one "not there" is not believed."""
    fax = site.uncertain()
    provider = Scripted().will("find", Absent(), Found("job-1"))
    resolve = stage(site, provider)
    for _ in range(2):
        site.later(SETTLE)
        resolve.step()
    assert site.state_of(fax) == "accepted"


# -- drops doubles


def test_a_provider_that_drops_doubles_is_given_the_same_request(site: Site) -> None:
    fax = site.uncertain(accounts=("main", "backup"))
    site.later(SETTLE)
    provider = Scripted(duplicates=Duplicates.REFUSES).will("submit", ACCEPTED)
    stage(site, provider).step()
    assert site.state_of(fax) == "ready"
    assert site.journal.life(fax).facts["recipients"][0]["doubt"], "no other account may have it"
    submit(site, provider)
    assert [name for name, _ in provider.sent] == [reference(fax, 1, 1)]
    assert provider.asked("find") == []


# -- where nothing can tell


@pytest.mark.parametrize(
    ("capability", "answers", "why"),
    [
        (Find.NOT, [], "no way to look it up"),
        (Find.BY_MATCH, [Absent(), Absent()], "proves nothing"),
    ],
)
def test_what_cannot_be_told_is_held_or_sent_again_as_the_site_says(
    site: Site, capability: Find, answers: list[Any], why: str
) -> None:
    held, resent = site.uncertain("held.pdf"), None
    provider = Scripted(find=capability).will("find", *answers)
    for _ in answers or [None]:
        site.later(SETTLE)
        assert site.state_of(held) == "uncertain"
        stage(site, provider).step()
    assert site.state_of(held) == "held"
    assert why in site.reason(held)
    resent = site.uncertain("resent.pdf")
    provider = Scripted(find=capability).will("find", *answers).will("submit", ACCEPTED)
    for _ in answers or [None]:
        site.later(SETTLE)
        stage(site, provider, resend_unknown=True).step()
    assert site.state_of(resent) == "ready"
    assert site.journal.life(resent).facts["recipients"][0]["doubt"]
    submit(site, provider)
    assert [name for name, _ in provider.sent] == [reference(resent, 1, 1)]


@pytest.mark.parametrize("capability", [Find.BY_REFERENCE, Find.BY_MATCH])
@pytest.mark.parametrize("resend", [False, True])
def test_an_ambiguous_answer_is_held_whatever_the_site_says(site: Site, capability: Find, resend: bool) -> None:
    """Something is there: sending again would most likely be the second time."""
    fax = site.uncertain()
    site.later(SETTLE)
    stage(site, Scripted(find=capability).will("find", Ambiguous("two candidates")), resend_unknown=resend).step()
    assert site.state_of(fax) == "held"
    assert "two candidates" in site.reason(fax)


def test_a_match_is_certain(site: Site) -> None:
    fax = site.uncertain()
    site.later(SETTLE)
    stage(site, Scripted(find=Find.BY_MATCH).will("find", Found("job-2"))).step()
    assert site.state_of(fax) == "accepted"


def test_a_released_one_is_asked_for_anew_never_simply_sent(site: Site) -> None:
    fax = site.uncertain()
    provider = Scripted().will("find", Ambiguous("two candidates"), Absent())
    site.later(SETTLE)
    stage(site, provider).step()
    site.journal.release(fax)
    assert site.state_of(fax) == "uncertain"
    stage(site, provider).step()
    assert site.state_of(fax) == "uncertain"
    submit(site, provider)
    assert provider.sent == []


# -- a provider that cannot be asked

TROUBLES = [ProviderTrouble("502"), NotSent("no connection"), OutcomeUnknown("reset"), CredentialsRefused("password")]


@pytest.mark.parametrize("error", [*TROUBLES, ValueError("a bug")], ids=lambda e: type(e).__name__)
def test_an_unreachable_provider_is_asked_again_and_that_is_no_no(site: Site, error: Exception) -> None:
    fax = site.uncertain()
    provider = Scripted().will("find", error, error, Absent(), Found("job-1"))
    resolve = stage(site, provider)
    site.later(SETTLE)
    for wanted in ("uncertain", "uncertain", "uncertain", "accepted"):
        assert resolve.step() == 0.0
        assert site.state_of(fax) == wanted
        wait = resolve.step()
        assert 0 < wait <= NOTHING_DUE, "not at once"
        site.later(3600)
    assert provider.left() == {}


@pytest.mark.parametrize("error", [*TROUBLES, ValueError("a bug")], ids=lambda e: type(e).__name__)
def test_after_a_day_without_an_answer_a_person_is_asked(site: Site, error: Exception) -> None:
    fax = site.uncertain()
    site.later(DAY - 60)
    provider = Scripted().will("find", error, error)
    resolve = stage(site, provider)
    resolve.step()
    assert site.state_of(fax) == "uncertain"
    site.later(3600)
    resolve.step()
    assert site.state_of(fax) == "held"
    assert "could not be asked for a day" in site.reason(fax)


def test_an_account_that_cannot_be_asked_is_told_once_and_told_over(site: Site) -> None:
    site.uncertain()
    provider = Scripted().will("find", ProviderTrouble("502"), ValueError("a bug of ours"), Found("job-7"))
    resolve = stage(site, provider)
    for _ in range(3):
        site.later(3600)
        resolve.step()
    assert site.alerts.told == ["resolve:main", "resolve:main"]
    assert "502" in site.alerts.said[0]
    assert "ValueError" in site.alerts.said[1]
    assert "a bug of ours" not in site.alerts.said[1]
    assert site.alerts.open == {}


def test_one_that_cannot_be_asked_for_does_not_keep_the_others_waiting(site: Site) -> None:
    site.uncertain("one.pdf")
    other = site.uncertain("other.pdf")
    site.later(SETTLE)
    resolve = stage(site, Scripted().will("find", ProviderTrouble("502"), Found("job-2")))
    resolve.step()
    resolve.step()
    assert site.state_of(other) == "accepted"


def test_a_crash_after_asking_asks_again(site: Site) -> None:
    fax = site.uncertain()
    site.later(SETTLE)
    with pytest.raises(Crash):
        stage(site, Scripted().will("find", Absent()), journal=Faulty(site.journal, asked=[Crash()])).step()
    site.restart()
    assert site.state_of(fax) == "uncertain"
    site.later(3600)
    stage(site, Scripted().will("find", Absent())).step()
    assert site.state_of(fax) == "uncertain", "the first no was not recorded, so this is the first"


def test_a_broken_journal_passes_through(site: Site) -> None:
    site.uncertain()
    site.later(SETTLE)
    with pytest.raises(JournalError):
        stage(site, Scripted().will("find", JournalError("disk"))).step()


def test_nothing_to_do(site: Site) -> None:
    assert stage(site, Scripted()).step() == NOTHING_DUE
