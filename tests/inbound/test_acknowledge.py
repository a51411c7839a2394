"""Acknowledging: last of all, and only what is safely ours."""

from __future__ import annotations

from typing import Any

import pytest
from support.scripted import Crash, Faulty, Scripted, Site, listed

from faxdaemon.contracts.journal import Filter
from faxdaemon.contracts.stage import NOTHING_DUE
from faxdaemon.core.errors import JournalError, NotSent, OutcomeUnknown, ProviderTrouble
from faxdaemon.core.lines import Lines
from faxdaemon.core.model import StoredDocument
from faxdaemon.inbound.acknowledge import AcknowledgeStage
from faxdaemon.inbound.fetch import InboxRules

TROUBLES = [ProviderTrouble("502"), NotSent("no connection"), OutcomeUnknown("reset"), ValueError("a bug of ours")]


def stage(site: Site, provider: Scripted, *, when_stored: bool = False, journal: Any = None) -> AcknowledgeStage:
    return AcknowledgeStage(
        InboxRules("main", 60.0, 100.0, Lines({})),
        when_stored=when_stored,
        provider=provider,
        journal=journal or site.journal,
        asking=site.asking(),
        clock=site.clock,
        alert=site.alerts,
    )


def seen(site: Site, provider_id: str = "in-1") -> Any:
    site.journal.seen("main", [listed(provider_id)])
    (fax,) = site.journal.claim_seen("main", 1, 60.0)
    return fax


def stored(site: Site, provider_id: str = "in-1", sinks: tuple[str, ...] = ("desk", "printer")) -> Any:
    fax = seen(site, provider_id)
    assert site.journal.stored(fax, StoredDocument("in/x", 1, "0" * 64, "application/pdf", 1), list(sinks))
    return fax


def done(site: Site, *sinks: str) -> None:
    for sink in sinks:
        (work,) = site.journal.claim_deliveries(sink, 1, 60.0)
        site.journal.delivering(work, {})
        assert site.journal.delivery_done(work)


def delivered(site: Site, provider_id: str = "in-1") -> None:
    stored(site, provider_id)
    done(site, "desk", "printer")


def states(site: Site) -> list[str]:
    return sorted(row.state for row in site.journal.find(Filter(direction="in")))


def told(provider: Scripted) -> list[str]:
    return [one.provider_id for one in provider.asked("acknowledge")]


def test_only_after_every_sink_has_it(site: Site) -> None:
    provider = Scripted()
    acknowledge = stage(site, provider)
    seen(site)
    assert acknowledge.step() == NOTHING_DUE
    site.later(60)
    (fax,) = site.journal.claim_seen("main", 1, 60.0)
    site.journal.stored(fax, StoredDocument("in/x", 1, "0" * 64, "application/pdf", 1), ["desk", "printer"])
    assert acknowledge.step() == NOTHING_DUE
    done(site, "desk")
    assert acknowledge.step() == NOTHING_DUE
    assert told(provider) == []
    done(site, "printer")
    provider.will("acknowledge", None)
    assert acknowledge.step() == 0.0
    assert told(provider) == ["in-1"]
    assert states(site) == ["acknowledged"]
    assert acknowledge.step() == NOTHING_DUE


def test_when_stored_it_is_told_as_soon_as_it_is_in_the_spool(site: Site) -> None:
    provider = Scripted().will("acknowledge", None)
    acknowledge = stage(site, provider, when_stored=True)
    seen(site)
    acknowledge.step()
    assert told(provider) == [], "listed is not stored"
    site.later(60)
    (fax,) = site.journal.claim_seen("main", 1, 60.0)
    site.journal.stored(fax, StoredDocument("in/x", 1, "0" * 64, "application/pdf", 1), ["desk"])
    acknowledge.step()
    assert told(provider) == ["in-1"]
    assert states(site) == ["acknowledged"]
    done(site, "desk")
    assert states(site) == ["acknowledged"], "and its deliveries go on"
    acknowledge.step()
    assert told(provider) == ["in-1"], "once"


def test_a_fax_that_is_held_is_never_acknowledged(site: Site) -> None:
    site.journal.inbound_held(seen(site), "gone")
    provider = Scripted()
    for when_stored in (False, True):
        stage(site, provider, when_stored=when_stored).step()
    assert told(provider) == []


@pytest.mark.parametrize("when_stored", [False, True])
@pytest.mark.parametrize("error", TROUBLES, ids=lambda e: type(e).__name__)
def test_a_provider_in_trouble_is_told_later(site: Site, error: Exception, when_stored: bool) -> None:
    if when_stored:
        stored(site)
    else:
        delivered(site)
    provider = Scripted().will("acknowledge", error, error, None)
    acknowledge = stage(site, provider, when_stored=when_stored)
    for _ in range(2):
        assert acknowledge.step() == 0.0
        assert states(site) != ["acknowledged"]
        wait = acknowledge.step()
        assert 0 < wait < NOTHING_DUE, "when it is due, not a minute later; and not at once"
        site.later(wait)
    assert site.alerts.told == ["acknowledge:main"]
    assert "a bug of ours" not in str(site.alerts.said), "the log has it"
    acknowledge.step()
    assert states(site) == ["acknowledged"]
    assert site.alerts.over == ["acknowledge:main"]


def test_one_that_cannot_be_told_does_not_keep_the_others_waiting(site: Site) -> None:
    delivered(site, "in-1")
    delivered(site, "in-2")
    provider = Scripted().will("acknowledge", ProviderTrouble("502"), None)
    acknowledge = stage(site, provider)
    acknowledge.step()
    acknowledge.step()
    assert states(site) == ["acknowledged", "delivered"]


def test_a_crash_before_recording_tells_again(site: Site) -> None:
    delivered(site)
    with pytest.raises(Crash):
        provider = Scripted().will("acknowledge", None)
        stage(site, provider, journal=Faulty(site.journal, acknowledged=[Crash()])).step()
    site.restart()
    site.later(200)
    again = Scripted().will("acknowledge", None)
    stage(site, again).step()
    assert told(again) == ["in-1"], "harmless: already gone is fine to the provider"
    assert states(site) == ["acknowledged"]


def test_a_broken_journal_passes_through(site: Site) -> None:
    delivered(site)
    with pytest.raises(JournalError):
        provider = Scripted().will("acknowledge", None)
        stage(site, provider, journal=Faulty(site.journal, acknowledged=[JournalError("disk")])).step()
