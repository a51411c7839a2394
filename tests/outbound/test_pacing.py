"""Pacing: `rate`, "slow down", the breaker, and what passes on to the next account meanwhile."""

from __future__ import annotations

import itertools
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.clock import FakeClock
from support.scripted import ACCEPTED, Scripted, Site, rules

from faxdaemon.contracts.provider import AccountRefused, Find, NotNow, Refused, Unknown
from faxdaemon.core.errors import NotSent, OutcomeUnknown, ProviderTrouble
from faxdaemon.core.schedule import CREDENTIALS, OFFER_AGAIN
from faxdaemon.outbound.breaker import IN_A_ROW, Breaker
from faxdaemon.outbound.submit import SubmitStage

BOTH = ("main", "backup")
LONGEST = OFFER_AGAIN.longest * 1.2


def stage(site: Site, provider: Scripted, name: str = "main", **changes: Any) -> SubmitStage:
    return SubmitStage(
        rules(name, **changes),
        site.spool,
        provider=provider,
        files=site.files,
        journal=site.journal,
        accounts=site.journal,
        clock=site.clock,
        alert=site.alerts,
    )


def many(site: Site, count: int, **changes: Any) -> list[Any]:
    return [site.ready(f"3035550123_{n}.pdf", content=b"%PDF-1.4 x", **changes) for n in range(count)]


def broken(site: Site, accounts: tuple[str, ...] = ("main",)) -> tuple[SubmitStage, Scripted]:
    """A stage whose account has just failed often enough to be paused."""
    many(site, IN_A_ROW, accounts=accounts)
    provider = Scripted().will("submit", *[NotNow("no connection")] * IN_A_ROW)
    submit = stage(site, provider)
    for _ in range(IN_A_ROW):
        assert site.journal.paused("main") is None, "fewer are no reason"
        submit.step()
    return submit, provider


# -- rate


def test_the_rate_is_kept_by_all_workers_of_all_nodes(site: Site) -> None:
    many(site, 12)
    provider = Scripted().will("submit", *[ACCEPTED] * 12)
    workers = [stage(site, provider, rate=30) for _ in range(3)]  # another node has stages of its own
    times = []
    for _ in range(80):
        for worker in workers:
            before = len(provider.sent)
            worker.step()
            times += [site.clock.monotonic()] * (len(provider.sent) - before)
        site.later(0.5)
    assert len(times) == 12
    assert {round(b - a, 3) for a, b in itertools.pairwise(times)} == {2.0}, "30 a minute: one every 2 s"


def test_the_rate_outlives_a_restart(site: Site) -> None:
    many(site, 2)
    provider = Scripted().will("submit", ACCEPTED, ACCEPTED)
    stage(site, provider, rate=1).step()
    site.restart()
    wait = stage(site, provider, rate=1).step()
    assert wait == pytest.approx(60)
    assert len(provider.sent) == 1
    site.later(wait)
    stage(site, provider, rate=1).step()
    assert len(provider.sent) == 2


def test_an_idle_account_loses_no_turn(site: Site) -> None:
    provider = Scripted().will("submit", ACCEPTED)
    submit = stage(site, provider, rate=1)
    submit.step()
    many(site, 1)
    assert submit.step() == 0.0
    assert len(provider.sent) == 1


# -- slow down


def test_slow_down_holds_for_every_fax_of_the_account_and_for_no_other(site: Site) -> None:
    many(site, 3)
    other = site.ready(content=b"%PDF-1.4 y", accounts=("other",))
    provider = Scripted().will("submit", NotNow("HTTP 429", 120.0))
    workers = [stage(site, provider) for _ in range(3)]
    workers[0].step()
    for worker in workers:
        assert worker.step() == pytest.approx(60), "a signal may be lost, so it looks every minute"
    assert len(provider.sent) == 1
    assert site.journal.paused("main").seconds == pytest.approx(120)
    assert site.journal.paused("main").reason == "HTTP 429"
    stage(site, Scripted().will("submit", ACCEPTED), "other").step()
    assert site.state_of(other) == "accepted"


def test_a_success_that_began_before_does_not_end_the_pause(site: Site) -> None:
    many(site, 2)
    second = Scripted().will("submit", NotNow("HTTP 429", 120.0))

    def meanwhile(_: Any) -> Any:
        stage(site, second).step()
        return ACCEPTED

    stage(site, Scripted().will("submit", meanwhile)).step()
    assert site.journal.paused("main") is not None


# -- the breaker


def test_five_failures_in_a_row_pause_the_account(site: Site) -> None:
    submit, provider = broken(site)
    pause = site.journal.paused("main")
    assert 60 <= pause.seconds <= 72
    assert "no connection" in pause.reason
    many(site, 1)
    submit.step()
    assert len(provider.sent) == IN_A_ROW


def test_a_success_between_begins_the_count_anew(site: Site) -> None:
    many(site, 2 * IN_A_ROW)
    answers: list[Any] = [NotNow("no connection")] * (IN_A_ROW - 1)
    provider = Scripted().will("submit", *answers, ACCEPTED, *answers)
    submit = stage(site, provider)
    while provider.left():
        submit.step()
    assert site.journal.paused("main") is None


@pytest.mark.parametrize("answer", [Refused("bad number"), AccountRefused("no money")])
def test_other_answers_are_no_failures(site: Site, answer: Any) -> None:
    many(site, IN_A_ROW)
    submit = stage(site, Scripted().will("submit", *[NotNow("x")] * (IN_A_ROW - 1), answer))
    for _ in range(IN_A_ROW):
        submit.step()
    pause = site.journal.paused("main")
    assert (pause is not None) == isinstance(answer, AccountRefused)


def test_after_the_pause_one_fax_tries_the_account_and_the_others_wait(site: Site) -> None:
    _, provider = broken(site)
    many(site, 4)
    site.later(LONGEST)
    seen = []

    def meanwhile(submission: Any) -> Any:
        seen.append(submission.trial)
        for other in [stage(site, provider) for _ in range(3)]:  # of another node, which counted no failures
            assert other.step() > 0
        return ACCEPTED

    provider.will("submit", meanwhile, *[ACCEPTED] * (IN_A_ROW + 3))
    workers = [stage(site, provider) for _ in range(2)]
    workers[0].step()
    assert seen == [True]
    assert len(provider.sent) == IN_A_ROW + 1
    assert site.journal.paused("main") is None, "closed by the first success"
    while provider.left():
        for worker in workers:
            worker.step()
    assert len(provider.sent) == 2 * IN_A_ROW + 4


def test_the_pauses_grow_and_have_an_end(site: Site) -> None:
    submit, provider = broken(site)
    pauses = []
    for _ in range(12):
        site.later(site.journal.paused("main").seconds)
        many(site, 1)
        provider.will("submit", NotNow("no connection"))
        submit.step()
        pauses.append(site.journal.paused("main").seconds)
    assert pauses[0] < pauses[4] < pauses[-1]
    assert max(pauses) <= LONGEST
    assert pauses[-1] >= OFFER_AGAIN.longest


def test_a_trial_without_an_answer_proves_nothing(site: Site) -> None:
    submit, provider = broken(site)
    site.later(LONGEST)
    provider.will("submit", Unknown("reset"))
    submit.step()
    assert "reset" in site.journal.paused("main").reason


class Dead:
    """A provider that takes requests in and never answers: every request costs its whole time limit.  While one waits,
    the other workers of the account do the same."""

    def __init__(self, site: Site, workers: int) -> None:
        self.site = site
        self.provider = Scripted(find=Find.BY_REFERENCE)
        self.submit = stage(site, self.provider)  # as in the daemon: one stage, several threads
        self.asked = 0
        self._workers = workers
        self._waiting = 0
        self.provider.submit = self._silent  # type: ignore[method-assign] # played by hand
        self.provider.check = self._check  # type: ignore[method-assign] # likewise

    def _silent(self, *_: Any) -> Any:
        self._waiting += 1
        if self._waiting < self._workers:
            self.submit.step()
        else:
            self.site.later(100)
        self._waiting -= 1
        return Unknown("did not reply in time")

    def _check(self) -> str:
        self.asked += 1
        self.site.later(100)
        raise OutcomeUnknown("did not reply in time")


@pytest.mark.parametrize("workers", [1, 4])
def test_a_dead_provider_makes_a_handful_of_faxes_uncertain_and_no_more(site: Site, workers: int) -> None:
    faxes = many(site, 40)
    dead = Dead(site, workers)
    alone = many(site, 1, accounts=("other",))
    morning = site.clock.monotonic()
    while site.clock.monotonic() < morning + 6 * 3600:
        site.later(max(1.0, dead.submit.step()))
    lost = [fax for fax in faxes if site.state_of(fax) == "uncertain"]
    assert IN_A_ROW <= len(lost) <= IN_A_ROW + workers - 1
    assert {site.state_of(fax) for fax in {*faxes, *alone} - set(lost)} == {"ready"}
    assert "did not reply in time" in site.alerts.open["account:main"]
    assert dead.asked > 5, "it is tried again, with a question that does no harm"

    site.restart()
    site.journal.probe("main")
    again = Dead(site, workers)
    for _ in range(20):
        site.later(max(1.0, again.submit.step()))
    assert sum(site.state_of(fax) == "uncertain" for fax in faxes) == len(lost), "a restart asks first, too"

    site.later(LONGEST)
    well = Scripted().will("submit", *[ACCEPTED] * 40)
    submit = stage(site, well)
    for _ in range(60):
        submit.step()
    assert {site.state_of(fax) for fax in set(faxes) - set(lost)} == {"accepted"}
    assert site.journal.paused("main") is None


def test_a_question_that_meets_silence_costs_no_fax_and_any_answer_will_do(site: Site) -> None:
    submit, provider = broken(site)
    (fax,) = many(site, 1)
    site.later(LONGEST)
    provider.will("check", NotSent("no connection"))
    submit.step()
    assert len(provider.sent) == IN_A_ROW
    site.later(LONGEST)
    provider.will("check", ProviderTrouble("slow down", 7200.0))
    submit.step()
    assert len(provider.sent) == IN_A_ROW
    assert site.journal.paused("main").seconds == pytest.approx(7200)
    site.later(7200)
    provider.will("check", ProviderTrouble("no such operation")).will("submit", ACCEPTED)
    submit.step()
    assert len(provider.sent) == IN_A_ROW + 1
    assert site.journal.paused("main") is None
    assert fax


def test_a_bug_in_the_question_makes_no_fax_uncertain(site: Site) -> None:
    submit, provider = broken(site)
    site.later(LONGEST)
    provider.will("check", ValueError("a bug")).will("submit", ACCEPTED)
    submit.step()
    assert len(provider.sent) == IN_A_ROW + 1
    assert site.journal.paused("main") is None


def test_answers_that_never_came_open_it_and_send_the_others_to_their_next_account(site: Site) -> None:
    """What was offered in vain stays: it may have been taken.  What was not may go."""
    faxes = many(site, IN_A_ROW + 2, accounts=BOTH)
    submit = stage(site, Scripted().will("submit", *[Unknown("reset")] * IN_A_ROW))
    for _ in range(IN_A_ROW + 3):
        submit.step()
    backup = Scripted().will("submit", ACCEPTED, ACCEPTED)
    for _ in range(5):
        stage(site, backup, "backup").step()
    assert sorted(site.state_of(fax) for fax in faxes) == ["accepted"] * 2 + ["uncertain"] * IN_A_ROW


def test_a_trial_that_never_left_is_followed_by_another(site: Site) -> None:
    submit, provider = broken(site)
    (fax,) = many(site, 1)
    site.later(LONGEST)
    for path in site.spool.root.rglob("*.pdf"):
        path.write_bytes(b"damaged")
    submit.step()
    assert len(provider.sent) == IN_A_ROW
    assert site.journal.paused("main") is None
    for path in site.spool.root.rglob("*.pdf"):
        path.write_bytes(b"%PDF-1.4 x")
    provider.will("submit", lambda s: ACCEPTED if s.trial else pytest.fail("not a trial"))
    submit.step()
    assert len(provider.sent) == IN_A_ROW + 1
    assert fax


def test_a_crash_in_the_trial_leaves_the_account_to_another_trial(site: Site) -> None:
    _, provider = broken(site)
    many(site, 1)
    site.later(LONGEST)
    (claimed,) = site.journal.claim_ready("main", 10, 190)
    assert claimed.trial
    assert site.journal.claim_ready("main", 10, 190) == []
    site.later(190)
    assert [s.trial for s in site.journal.claim_ready("main", 10, 190)] == [True]
    assert provider


# -- wrong credentials


def test_wrong_credentials_stop_that_account_only_and_loudly(site: Site) -> None:
    many(site, 3)
    site.ready(content=b"%PDF-1.4 y", accounts=("other",))
    provider = Scripted().will("submit", AccountRefused("wrong password"))
    submit, other = stage(site, provider), Scripted().will("submit", ACCEPTED)
    for _ in range(3):
        submit.step()
    stage(site, other, "other").step()
    assert len(provider.sent) == 1
    assert len(other.sent) == 1
    assert "wrong password" in site.alerts.open["account:main"]
    assert site.journal.paused("main").seconds == pytest.approx(CREDENTIALS)
    site.later(CREDENTIALS)
    provider.will("submit", AccountRefused("wrong password"))
    for _ in range(3):
        submit.step()
    assert len(provider.sent) == 2, "one tries, the others wait"


# -- the next account


def test_faxes_of_a_paused_account_go_to_their_next_one(site: Site) -> None:
    first, second = many(site, 2, accounts=BOTH)
    (alone,) = many(site, 1)
    main = stage(site, Scripted().will("submit", AccountRefused("wrong password")))
    main.step()
    main.step()
    backup = Scripted().will("submit", ACCEPTED, ACCEPTED)
    for _ in range(3):
        stage(site, backup, "backup").step()
    assert [site.state_of(fax) for fax in (first, second, alone)] == ["accepted", "accepted", "ready"]
    assert "pass_on" in site.events(second)
    assert "pass_on" not in site.events(alone)


def test_a_fax_in_doubt_never_passes_on(site: Site) -> None:
    doubtful = site.uncertain(accounts=BOTH, content=b"%PDF-1.4 x")
    site.later(60)
    (claimed,) = site.journal.claim_uncertain("main", 1, 60)
    assert site.journal.missed(claimed, "not there", certain=False)
    site.journal.pause("main", "down", 600)
    stage(site, Scripted()).step()
    assert site.state_of(doubtful) == "ready"
    assert site.journal.claim_ready("backup", 1, 60) == []


def test_nobody_leaves_for_a_short_pause(site: Site) -> None:
    many(site, 2, accounts=BOTH)
    site.journal.pause("main", "HTTP 429", 5)
    stage(site, Scripted()).step()
    assert site.journal.claim_ready("backup", 1, 60) == []


@pytest.mark.parametrize("name", ["a_b", "a%b", "ä", "a.b", "x"])
def test_the_last_account_keeps_its_faxes_whatever_it_is_called(site: Site, name: str) -> None:
    many(site, 1, accounts=(name,))
    many(site, 1, accounts=(name, "axb"))
    assert site.journal.pass_on(name, "down", 10) == 1
    assert site.journal.next_due("ready", "axb") == 0


# -- the breaker alone


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 3600)), max_size=60))
def test_the_breaker_opens_exactly_after_so_many_in_a_row(steps: list[tuple[bool, float]]) -> None:
    clock = FakeClock()
    breaker, row = Breaker(clock), 0
    for good, seconds in steps:
        clock.advance(seconds)
        if good:
            breaker.worked()
            row = 0
            continue
        row += 1
        delay = breaker.failed(trial=False)
        assert (delay is not None) == (row >= IN_A_ROW)
        assert delay is None or OFFER_AGAIN.shortest <= delay <= LONGEST


def test_the_breaker_counts_for_all_workers() -> None:
    breaker = Breaker(FakeClock())
    delays: list[float | None] = []
    threads = [threading.Thread(target=lambda: delays.append(breaker.failed(trial=False))) for _ in range(IN_A_ROW + 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(delay is not None for delay in delays) == 4
