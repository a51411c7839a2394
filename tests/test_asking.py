"""An account that wants to be left alone is left alone: by every stage that asks it, on every node, over a restart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.scripted import Scripted, Site, listed, rules

from faxdaemon.asking import Asking
from faxdaemon.contracts.provider import Absent, JobStatus, Progress
from faxdaemon.contracts.stage import NOTHING_DUE
from faxdaemon.core.errors import CredentialsRefused, ProviderTrouble
from faxdaemon.core.lines import Lines
from faxdaemon.core.model import StoredDocument
from faxdaemon.core.schedule import CREDENTIALS
from faxdaemon.inbound.acknowledge import AcknowledgeStage
from faxdaemon.inbound.fetch import FetchStage, InboxRules
from faxdaemon.outbound.resolve import ResolveStage
from faxdaemon.outbound.track import TrackStage
from faxdaemon.web.status import survey

SLOW_DOWN = ProviderTrouble("HTTP 429", 3600.0)
LINE = "+13035550100"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.journal.close()


@dataclass(frozen=True)
class Kind:
    """A stage that asks, how it comes to have a question, and what answers it well."""

    method: str
    stage: Callable[[Site, Scripted, Asking], Any]
    begin: Callable[[Site], object]
    well: Any


def _common(site: Site, provider: Scripted, asking: Asking) -> dict[str, Any]:
    return {
        "provider": provider,
        "journal": site.journal,
        "asking": asking,
        "clock": site.clock,
        "alert": site.alerts,
    }


def track(site: Site, provider: Scripted, asking: Asking) -> TrackStage:
    return TrackStage(rules(), accounts=site.journal, **_common(site, provider, asking))


def resolve(site: Site, provider: Scripted, asking: Asking) -> ResolveStage:
    return ResolveStage(rules(), **_common(site, provider, asking))


def acknowledge(site: Site, provider: Scripted, asking: Asking) -> AcknowledgeStage:
    return AcknowledgeStage(
        InboxRules("main", 60.0, 100.0, Lines({})), when_stored=False, **_common(site, provider, asking)
    )


def fetch(site: Site, provider: Scripted, asking: Asking) -> FetchStage:
    return FetchStage(
        InboxRules("main", 60.0, 100.0, Lines({LINE: ["desk"]})),
        site.spool,
        files=site.files,
        documents=site.documents,
        accounts=site.journal,
        **_common(site, provider, asking),
    )


def uncertain(site: Site) -> None:
    site.uncertain()
    site.later(60)


def seen(site: Site) -> None:
    site.journal.seen("main", [listed()])


def delivered(site: Site) -> None:
    seen(site)
    (fax,) = site.journal.claim_seen("main", 1, 60.0)
    assert site.journal.stored(fax, StoredDocument("in/x", 1, "0" * 64, "application/pdf", 1), [])


KINDS = [
    Kind("status", track, lambda site: site.accepted(), [JobStatus("job-1", Progress.SENT, "OK")]),
    Kind("find", resolve, uncertain, Absent()),
    Kind("inbox", fetch, lambda _: None, []),
    Kind("fetch", fetch, seen, b"no document"),
    Kind("acknowledge", acknowledge, delivered, None),
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.method)
def test_whoever_is_told_to_slow_down_all_of_them_do(site: Site, kind: Kind) -> None:
    kind.begin(site)
    provider = Scripted().will(kind.method, SLOW_DOWN)
    kind.stage(site, provider, site.asking()).step()
    others = [each for each in KINDS if each is not kind]
    for each in others:
        if each.method != "fetch":  # it would be the one fax that is already there
            each.begin(site)
    asked = len(provider.calls)
    assert asked == 1
    for elapsed in range(0, 3600, 600):
        for each in KINDS:  # another process, or another node, on the same journal
            wait = each.stage(site, provider, site.asking()).step()
            assert 0 < wait <= NOTHING_DUE, (elapsed, each.method)
        site.later(595)
    assert len(provider.calls) == asked, "nothing was asked meanwhile"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.method)
def test_after_that_time_it_is_asked_again_over_a_restart(site: Site, kind: Kind) -> None:
    kind.begin(site)
    kind.stage(site, Scripted().will(kind.method, SLOW_DOWN), site.asking()).step()
    site.restart()
    site.journal.begin()
    site.journal.probe("main")
    again = Scripted().will(kind.method, kind.well)
    site.later(3590)
    assert 0 < kind.stage(site, again, site.asking()).step() <= 10
    assert again.calls == []
    site.later(60)
    kind.stage(site, again.will("inbox", []), site.asking()).step()
    assert len(again.asked(kind.method)) == 1


def test_sending_goes_on_and_another_account_does_not_notice(site: Site) -> None:
    assert site.asking().failed(SLOW_DOWN, "while asking") == "HTTP 429"
    assert site.journal.paused("main") is None
    assert site.asking("other").wait() == 0
    site.ready()
    assert site.claimed().account == "main"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.method)
def test_wrong_credentials_are_shown_to_the_provider_rarely(site: Site, kind: Kind) -> None:
    """Two failed log-ins a minute would lock the account; a restart is how people say that they put it right."""
    kind.begin(site)
    provider = Scripted().will(kind.method, CredentialsRefused("wrong password"))
    asking = site.asking()
    stage = kind.stage(site, provider, asking)
    stage.step()
    assert 0 < stage.step() <= NOTHING_DUE
    site.later(CREDENTIALS - 1)
    assert 0 < stage.step() <= 1
    assert len(provider.calls) == 1
    assert site.asking().wait() == 0, "a new process asks at once"
    site.later(1)
    assert asking.wait() == 0


def test_status_tells_for_how_long_and_why(site: Site) -> None:
    site.journal.quiet("main", "HTTP 429", 100.0)
    site.later(40)
    assert survey(site.journal, ["main", "other"])["quiet"] == {"main": {"reason": "HTTP 429", "seconds": 60}}
    site.later(60)
    assert survey(site.journal, ["main"])["quiet"] == {}
