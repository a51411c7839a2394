"""Submitting: what follows from each answer, and when nothing is sent at all."""

from __future__ import annotations

from typing import Any

import pytest
from support.papers import pdf_bytes
from support.scripted import ACCEPTED, Crash, Faulty, Scripted, Site, capabilities, rules

from faxdaemon.contracts.format import FolderAsks
from faxdaemon.contracts.provider import AccountRefused, NotNow, Refused, Unknown
from faxdaemon.contracts.stage import NOTHING_DUE
from faxdaemon.core.errors import FilesError, JournalError, NotSent, OutcomeUnknown
from faxdaemon.core.ids import reference
from faxdaemon.core.schedule import CREDENTIALS
from faxdaemon.formats import filename
from faxdaemon.outbound.choose import FolderRules
from faxdaemon.outbound.dialects import Dialects
from faxdaemon.outbound.submit import QUICK, TESTING, SubmitStage

DAY = 24 * 3600.0
BOTH = ("main", "backup")


def stage(
    site: Site, provider: Scripted, name: str = "main", *, test_number: str | None = None, **parts: Any
) -> SubmitStage:
    values: dict[str, Any] = {"files": site.files, "journal": site.journal, "clock": site.clock, "alert": site.alerts}
    values |= parts
    account = rules(name, test_number=test_number)
    return SubmitStage(account, site.spool, provider=provider, accounts=values["journal"], **values)


# -- the answers


def test_accepted_is_remembered_with_the_providers_id(site: Site) -> None:
    content = pdf_bytes(pages=2)
    fax = site.ready(content=content)
    provider = Scripted().will("submit", ACCEPTED)
    assert stage(site, provider).step() == 0.0
    assert site.state_of(fax) == "accepted"
    assert provider.sent == [(reference(fax, 1, 1), (content,))]
    assert site.journal.life(fax).facts["recipients"][0]["provider_id"] == "job-1"
    assert site.journal.next_due("accepted", "main") == rules().poll


def test_the_intent_is_durable_before_the_provider_is_called(site: Site) -> None:
    fax = site.ready()
    seen = []
    provider = Scripted().will("submit", lambda _: seen.append(site.state_of(fax)) or ACCEPTED)
    stage(site, provider).step()
    assert seen == ["submitting"]


def test_not_now_is_offered_again_later_under_the_same_reference(site: Site) -> None:
    fax = site.ready()
    provider = Scripted().will("submit", NotNow("busy"), ACCEPTED)
    submit = stage(site, provider)
    assert submit.step() == 0.0
    assert site.state_of(fax) == "ready"
    assert site.reason(fax) == "busy"
    wait = submit.step()
    assert 0 < wait <= NOTHING_DUE
    assert len(provider.sent) == 1, "not before its time"
    site.later(72)
    submit.step()
    assert site.state_of(fax) == "accepted"
    assert {name for name, _ in provider.sent} == {reference(fax, 1, 1)}


def test_not_now_waits_as_long_as_the_provider_says(site: Site) -> None:
    site.ready()
    submit = stage(site, Scripted().will("submit", NotNow("slow down", 1000.0), NotNow("at once", 0.0)))
    submit.step()
    assert site.journal.next_due("ready", "main") == 1000.0
    site.later(1000)
    submit.step()
    assert site.journal.next_due("ready", "main") == 1.0, "but it is never asked without a pause"


def test_an_account_in_trouble_is_told_once_and_told_over(site: Site) -> None:
    site.ready()
    provider = Scripted().will("submit", NotNow("no connection"), NotNow("no connection"), ACCEPTED)
    submit = stage(site, provider)
    for _ in range(3):
        submit.step()
        site.later(3600)
    assert site.alerts.told == ["account:main"]
    assert site.alerts.over == ["account:main"]


def test_refused_fails_with_the_providers_reason(site: Site) -> None:
    fax = site.ready()
    stage(site, Scripted().will("submit", Refused("the number is blocked"))).step()
    assert site.state_of(fax) == "failed"
    assert site.reason(fax) == "the number is blocked"


def test_unknown_is_looked_up_after_the_settling_time_and_not_offered_again(site: Site) -> None:
    fax = site.ready()
    provider = Scripted().will("submit", Unknown("time-out"))
    submit = stage(site, provider)
    submit.step()
    assert site.state_of(fax) == "uncertain"
    assert site.journal.next_due("uncertain", "main") == rules().settle
    site.later(DAY / 2)
    submit.step()
    assert len(provider.sent) == 1


@pytest.mark.parametrize("error", [RuntimeError("a bug"), NotSent("refused"), OutcomeUnknown("reset"), OSError()])
def test_an_exception_in_the_adapter_is_unknown(site: Site, error: Exception) -> None:
    """Also the ones by which the HTTP client tells that nothing was sent: an adapter that lets them pass is wrong, and
    what a wrong adapter says proves nothing."""
    fax = site.ready()
    assert stage(site, Scripted().will("submit", error)).step() == 0.0
    assert site.state_of(fax) == "uncertain"
    assert type(error).__name__ in site.reason(fax)


def test_a_crash_during_the_call_is_uncertain_at_the_next_start(site: Site) -> None:
    fax = site.ready()
    with pytest.raises(Crash):
        stage(site, Scripted().will("submit", Crash())).step()
    assert site.state_of(fax) == "submitting"
    site.restart()
    assert site.state_of(fax) == "uncertain"
    again = Scripted()
    stage(site, again).step()
    assert again.sent == []


def test_a_crash_between_answer_and_record_is_uncertain_at_the_next_start(site: Site) -> None:
    fax = site.ready()
    with pytest.raises(Crash):
        stage(site, Scripted().will("submit", ACCEPTED), journal=Faulty(site.journal, accepted_next=[Crash()])).step()
    site.restart()
    assert site.state_of(fax) == "uncertain"


def test_a_broken_journal_stops_everything(site: Site) -> None:
    site.ready()
    provider = Scripted().will("submit", ACCEPTED)
    broken = Faulty(site.journal, claim_ready=[JournalError("disk")], accepted_next=[JournalError("disk")])
    with pytest.raises(JournalError):
        stage(site, provider, journal=broken).step()
    assert provider.sent == [], "without a recorded intent nothing is sent"
    with pytest.raises(JournalError):
        stage(site, provider, journal=broken).step()


# -- one after another


def test_the_intent_for_the_next_one_is_in_the_commit_of_the_answer(site: Site) -> None:
    first, second = site.ready(), site.ready("3035550123_y.pdf")
    seen = []

    def look(_: Any) -> Any:
        seen.append(site.states(first) + site.states(second))
        return Unknown("time-out")

    provider = Scripted().will("submit", ACCEPTED, look)
    journal = Faulty(site.journal)
    stage(site, provider, journal=journal).step()
    assert seen == [["accepted", "submitting"]]
    assert [name for name, _ in journal.calls if "claim" in name] == ["claim_ready"]


def test_a_crash_after_that_commit_leaves_the_next_one_uncertain(site: Site) -> None:
    first, second = site.ready(), site.ready("3035550123_y.pdf")
    with pytest.raises(Crash):
        stage(site, Scripted().will("submit", ACCEPTED, Crash())).step()
    site.restart()
    assert (site.state_of(first), site.state_of(second)) == ("accepted", "uncertain")


@pytest.mark.parametrize("answer", [NotNow("busy"), Refused("bad number"), Unknown("time-out"), AccountRefused("no")])
def test_only_after_an_accepted_one_the_next_is_taken_along(site: Site, answer: Any) -> None:
    site.ready()
    second = site.ready("3035550123_y.pdf")
    stage(site, Scripted().will("submit", answer)).step()
    assert site.state_of(second) == "ready"


def test_a_worker_comes_back_after_a_while(site: Site) -> None:
    """However many wait: it may have to end."""
    for number in range(9):
        site.ready(f"3035550123_{number}.pdf")

    def slowly(_: Any) -> Any:
        site.later(QUICK / 3)
        return ACCEPTED

    provider = Scripted().will("submit", *[slowly] * 9)
    stage(site, provider).step()
    assert len(provider.sent) == 4
    assert site.journal.counts()["out.submitting"] == 0


def test_the_lease_of_the_next_one_counts_from_its_own_claim(site: Site) -> None:
    first, second = site.ready(), site.ready("3035550123_y.pdf")

    def asleep(real: Any, *arguments: Any) -> Any:
        found = real(*arguments)
        site.later(rules().lease)
        return found

    journal = Faulty(site.journal, accepted_next=[asleep])
    provider = Scripted().will("submit", ACCEPTED)
    stage(site, provider, journal=journal).step()
    assert site.state_of(first) == "accepted"
    assert (site.state_of(second), site.reason(second)) == ("ready", "the claim ran out before anything was sent")


# -- the last moment


class Slept:
    """The machine slept between the claim and the act."""

    def __init__(self, site: Site, seconds: float) -> None:
        self.site, self.seconds = site, seconds

    def __call__(self, real: Any, *args: Any) -> Any:
        claimed = real(*args)
        self.site.later(self.seconds)
        return claimed


def test_nothing_is_sent_when_the_claim_may_run_out_before_the_answer(site: Site) -> None:
    fax = site.ready(accounts=BOTH)
    lease, timeout = rules().lease, rules().timeout
    provider = Scripted()
    stage(site, provider, journal=Faulty(site.journal, claim_ready=[Slept(site, lease - timeout)])).step()
    assert provider.sent == []
    assert site.state_of(fax) == "ready"
    assert "the claim ran out" in site.reason(fax)
    assert site.alerts.told == [], "the account did nothing wrong"
    provider.will("submit", ACCEPTED)
    site.later(3600)
    stage(site, provider).step()
    assert provider.sent == [(reference(fax, 1, 1), provider.sent[0][1])], "through the same account"
    assert site.state_of(fax) == "accepted"


def test_up_to_the_last_moment_it_is_sent(site: Site) -> None:
    site.ready()
    lease, timeout = rules().lease, rules().timeout
    provider = Scripted().will("submit", ACCEPTED)
    stage(site, provider, journal=Faulty(site.journal, claim_ready=[Slept(site, lease - timeout - 0.1)])).step()
    assert len(provider.sent) == 1


def test_a_lease_outlives_the_request_and_the_settling() -> None:
    assert rules(timeout=500.0, settle=70.0).lease >= 570


def test_a_late_answer_changes_nothing(site: Site) -> None:
    """While we were sending, the claim ran out and was taken for lost: our answer is too late, the look-up decides."""
    fax = site.ready()

    def slow(_: Any) -> Any:
        site.later(rules().lease + 1)
        assert site.journal.interrupt(60.0) == 1
        return ACCEPTED

    stage(site, Scripted().will("submit", slow)).step()
    assert site.state_of(fax) == "uncertain"


# -- other accounts


@pytest.mark.parametrize("answer", [NotNow("busy"), Refused("not in our region"), AccountRefused("password")])
def test_after_a_certain_not_taken_the_next_account_has_it_at_once(site: Site, answer: Any) -> None:
    fax = site.ready(accounts=BOTH)
    stage(site, Scripted().will("submit", answer)).step()
    assert site.state_of(fax) == "ready"
    assert site.journal.next_due("ready", "backup") == 0
    backup = Scripted().will("submit", ACCEPTED)
    stage(site, backup, "backup").step()
    assert site.state_of(fax) == "accepted"
    assert site.journal.life(fax).facts["recipients"][0]["account"] == "backup"


def test_never_another_account_after_an_unknown(site: Site) -> None:
    fax = site.ready(accounts=BOTH)
    stage(site, Scripted().will("submit", Unknown("reset"))).step()
    site.later(DAY)
    backup = Scripted()
    stage(site, backup, "backup").step()
    assert backup.sent == []
    assert site.state_of(fax) == "uncertain"


@pytest.mark.parametrize("answer", [NotNow("busy"), AccountRefused("password")])
def test_in_doubt_it_stays_with_its_account(site: Site, answer: Any) -> None:
    """Sent again without certainty (the provider drops doubles): another account could send it a second time."""
    fax = site.uncertain(accounts=BOTH, settle=0.0)
    (submission,) = site.journal.claim_uncertain("main", 1, 60.0)
    site.journal.missed(submission, "drops doubles", certain=False)
    provider = Scripted().will("submit", answer)
    stage(site, provider).step()
    assert site.state_of(fax) == "ready"
    assert site.journal.next_due("ready", "backup") is None
    assert site.journal.next_due("ready", "main") is not None


def test_refused_in_doubt_is_for_a_person_not_a_failure(site: Site) -> None:
    """The earlier attempt may have arrived: "failed, send it again" would send it twice."""
    fax = site.uncertain(accounts=BOTH, settle=0.0)
    (submission,) = site.journal.claim_uncertain("main", 1, 60.0)
    site.journal.missed(submission, "as on_unknown says", certain=False)
    stage(site, Scripted().will("submit", Refused("out of credit"))).step()
    assert site.state_of(fax) == "held"
    assert "out of credit" in site.reason(fax)
    assert "may have arrived" in site.reason(fax)


def test_a_settled_no_ends_the_doubt(site: Site) -> None:
    site.uncertain(accounts=BOTH, settle=0.0)
    (submission,) = site.journal.claim_uncertain("main", 1, 60.0)
    site.journal.missed(submission, "not there", certain=True)
    stage(site, Scripted().will("submit", NotNow("busy"))).step()
    assert site.journal.next_due("ready", "backup") == 0


# -- an account that is refused


def test_refused_credentials_pause_the_account(site: Site) -> None:
    one, other = site.ready("1.pdf"), site.ready("2.pdf")
    provider = Scripted().will("submit", AccountRefused("wrong password"))
    submit = stage(site, provider)
    assert submit.step() == 0.0
    assert [site.state_of(fax) for fax in (one, other)] == ["ready", "ready"]
    wait = submit.step()
    assert 0 < wait <= NOTHING_DUE
    site.later(CREDENTIALS - 1)
    submit.step()
    assert len(provider.sent) == 1, "nothing else is offered meanwhile"
    assert "wrong password" in site.alerts.open["account:main"]
    site.later(2)
    provider.will("submit", ACCEPTED)
    submit.step()
    assert len(provider.sent) == 2, "then with one fax"
    assert site.alerts.open == {}


# -- the spooled document


def lose(site: Site) -> None:
    for path in site.spool.root.rglob("*.pdf"):
        path.unlink()


def cut(site: Site) -> None:
    for path in site.spool.root.rglob("*.pdf"):
        path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("damage", [lose, cut])
def test_a_document_that_is_not_what_was_spooled_is_not_sent(site: Site, damage: Any) -> None:
    """It waits, loudly, and the account is not blamed: no other account is tried, and the others' faxes go on."""
    bad = site.ready("bad.pdf", accounts=BOTH)
    damage(site)
    good = site.ready("good.pdf")
    provider = Scripted().will("submit", ACCEPTED)
    submit = stage(site, provider)
    submit.step()
    submit.step()
    assert [name for name, _ in provider.sent] == [reference(good, 1, 1)]
    assert site.state_of(bad) == "ready"
    assert site.journal.next_due("ready", "backup") is None
    assert list(site.alerts.open) == [f"spool:{bad}"]
    assert bad in site.alerts.open[f"spool:{bad}"]


def test_what_was_made_and_lost_is_not_sent_and_it_is_said_what_to_do(site: Site) -> None:
    """A restart copies originals again, and nothing that was made of them."""
    fax = site.received("3035550123_x.txt", b"Hello")
    formats: Any = [("filename", filename.open_format(FolderAsks("{number}_{name}", None)))]
    folder = FolderRules(Dialects(formats), ("main",), "US", {}, 3600.0)
    for each in site.routing(folder, {"main": capabilities(suffixes=frozenset({".pdf"}))}):
        each.step()
    lose(site)
    provider = Scripted().will("submit", ACCEPTED)
    stage(site, provider).step()
    assert (provider.sent, site.state_of(fax)) == ([], "ready")
    assert "cancel the fax and drop its original again" in site.alerts.open[f"spool:{fax}"]


def test_a_document_that_came_back_is_sent_and_the_alert_is_over(site: Site) -> None:
    fax = site.ready()
    path = next(site.spool.root.rglob("*.pdf"))
    content = path.read_bytes()
    path.unlink()
    provider = Scripted().will("submit", ACCEPTED)
    submit = stage(site, provider)
    submit.step()
    path.write_bytes(content)
    site.later(3600)
    submit.step()
    assert site.state_of(fax) == "accepted"
    assert provider.sent[0][1] == (content,)
    assert site.alerts.over == [f"spool:{fax}"]


def test_a_spool_that_cannot_be_looked_at_sends_nothing(site: Site) -> None:
    fax = site.ready()
    provider = Scripted()
    stage(site, provider, files=Faulty(site.files, stat=[FilesError("input/output error")])).step()
    assert provider.sent == []
    assert site.state_of(fax) == "ready"
    assert "input/output error" in site.reason(fax)


# -- waiting


def test_nothing_to_do(site: Site) -> None:
    assert stage(site, Scripted()).step() == NOTHING_DUE


def test_what_is_too_old_is_not_sent(site: Site) -> None:
    site.ready(expire=3600.0)
    site.later(3601)
    provider = Scripted()
    assert stage(site, provider).step() == NOTHING_DUE
    assert provider.sent == []


# -- while everything goes to a test number


def test_what_was_decided_before_the_test_number_waits_for_its_end(site: Site) -> None:
    fax = site.ready()
    testing = stage(site, Scripted(), test_number="+13035550199")
    testing.step()
    assert site.state_of(fax) == "ready"
    assert "test number" in site.reason(fax)
    assert site.journal.next_due("ready", "main") == TESTING
    site.later(TESTING)
    provider = Scripted().will("submit", ACCEPTED)
    stage(site, provider).step()
    assert site.state_of(fax) == "accepted"


def test_what_goes_to_the_test_number_is_sent(site: Site) -> None:
    fax = site.ready(numbers=["+13035550199"])
    stage(site, Scripted().will("submit", ACCEPTED), test_number="+13035550199").step()
    assert site.state_of(fax) == "accepted"
