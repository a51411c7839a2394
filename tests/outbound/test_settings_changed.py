"""An account that was changed while an attempt is in doubt: a repeat would prove nothing."""

from __future__ import annotations

from typing import Any

import pytest
from support.scripted import ACCEPTED, Scripted, Site, rules

from faxdaemon.contracts.provider import Absent, Duplicates, Find, Found, NotNow, Unknown
from faxdaemon.outbound.resolve import ResolveStage
from faxdaemon.outbound.submit import SubmitStage

DROPS = {"duplicates": Duplicates.REFUSES, "find": Find.NOT}
SETTLE = rules().settle


def submit(site: Site, provider: Scripted, settings: str) -> None:
    common: dict[str, Any] = {"journal": site.journal, "clock": site.clock, "alert": site.alerts}
    SubmitStage(
        rules(settings=settings), site.spool, provider=provider, files=site.files, accounts=site.journal, **common
    ).step()


def resolve(site: Site, provider: Scripted, settings: str, **changes: Any) -> None:
    common: dict[str, Any] = {"journal": site.journal, "clock": site.clock, "alert": site.alerts}
    made = ResolveStage(rules(settings=settings, **changes), provider=provider, asking=site.asking(), **common)
    made.step()


def unclear(site: Site, provider: Scripted, settings: str = "before") -> str:
    """A fax whose submission under these settings got no answer."""
    fax = site.ready()
    submit(site, provider.will("submit", Unknown("reset")), settings)
    site.later(SETTLE)
    return fax


def test_under_the_same_settings_it_is_repeated(site: Site) -> None:
    provider = Scripted(**DROPS)
    fax = unclear(site, provider)
    resolve(site, provider, "before")
    submit(site, provider.will("submit", ACCEPTED), "before")
    assert site.state_of(fax) == "accepted"
    assert len(set(provider.sent)) == 1
    assert len(provider.sent) == 2


def test_under_others_it_is_held_and_not_sent(site: Site) -> None:
    provider = Scripted(**DROPS)
    fax = unclear(site, provider)
    resolve(site, provider, "after")
    assert site.state_of(fax) == "held"
    assert "settings were changed" in site.reason(fax)
    assert len(provider.sent) == 1


def test_changed_between_the_decision_and_the_act_it_is_held(site: Site) -> None:
    provider = Scripted(**DROPS)
    fax = unclear(site, provider)
    resolve(site, provider, "before")
    assert site.state_of(fax) == "ready"
    site.restart()
    submit(site, provider, "after")
    assert site.state_of(fax) == "held"
    assert "settings were changed" in site.reason(fax)
    assert len(provider.sent) == 1


def test_a_trial_that_is_held_leaves_the_next_fax_to_be_one(site: Site) -> None:
    provider = Scripted(**DROPS)
    fax = unclear(site, provider)
    resolve(site, provider, "before")
    site.journal.pause("main", "no connection", 0)
    submit(site, provider, "after")
    assert site.state_of(fax) == "held"
    other = site.ready()
    submit(site, provider.will("check", "fine").will("submit", ACCEPTED), "after")
    assert site.state_of(other) == "accepted"


def test_put_back_it_goes_on(site: Site) -> None:
    provider = Scripted(**DROPS)
    fax = unclear(site, provider)
    resolve(site, provider, "after")
    site.journal.release(fax)
    resolve(site, provider, "before")
    submit(site, provider.will("submit", ACCEPTED), "before")
    assert site.state_of(fax) == "accepted"


def test_a_person_may_decide_that_it_was_not_sent(site: Site) -> None:
    provider = Scripted(**DROPS)
    fax = unclear(site, provider)
    resolve(site, provider, "after")
    site.journal.resend(fax)
    submit(site, provider.will("submit", ACCEPTED), "after")
    assert site.state_of(fax) == "accepted"


def test_what_was_certainly_not_taken_is_offered_under_the_new_ones(site: Site) -> None:
    provider = Scripted(**DROPS)
    fax = site.ready()
    submit(site, provider.will("submit", NotNow("busy")), "before")
    site.later(600)
    submit(site, provider.will("submit", ACCEPTED), "after")
    assert site.state_of(fax) == "accepted"


@pytest.mark.parametrize("find", [Find.BY_REFERENCE, Find.BY_MATCH])
@pytest.mark.parametrize("resend", [False, True])
def test_another_customer_s_list_proves_nothing(site: Site, find: Find, resend: bool) -> None:
    provider = Scripted(find=find).will("find", Absent(), Absent())
    fax = unclear(site, provider)
    for _ in range(2):
        resolve(site, provider, "after", resend_unknown=resend)
        site.later(SETTLE)
    assert site.state_of(fax) == "held"
    assert "settings were changed" in site.reason(fax)


def test_found_is_found_whatever_was_changed(site: Site) -> None:
    provider = Scripted().will("find", Found("job-7"))
    fax = unclear(site, provider)
    resolve(site, provider, "after")
    assert site.state_of(fax) == "accepted"
