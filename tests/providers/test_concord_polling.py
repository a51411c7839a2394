"""How often Concord is asked for statuses, and for how many at once: its guide's advice, on virtual time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from support.concord_wire import OK, said
from support.scripted import Site, rules
from support.wire import RealClock, Talk, WireServer

from faxdaemon.http import Http
from faxdaemon.outbound.track import TrackStage
from faxdaemon.providers import concord
from faxdaemon.providers.concord.wsdl import BUNDLED

JOBS = 1_100
ADVISED = 30.0
"""Seconds (getting-started guide)."""
LARGEST = 1_000
"""Jobs in one request (the same)."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.journal.close()


def test_a_thousand_at_once_and_never_within_half_a_minute(site: Site) -> None:
    asked: list[tuple[float, list[str]]] = []

    def behave(talk: Talk) -> None:
        while True:
            jobs = re.findall(r"JobId>(br[0-9]+)<", talk.request().body.decode())
            asked.append((site.clock.monotonic(), jobs))
            pending = [
                {"FaxJobId": job, "FaxJobStatusId": 3, "StatusDescription": "Dialing", "Error": OK} for job in jobs
            ]
            answer = {"FaxStatusList": pending, "WSError": OK, "return": True}
            talk.send(said("soap", "GetRealTimeFaxStatusEx3", answer))

    site.ready(numbers=["+13035550123"] * JOBS)
    for number, submission in enumerate(site.journal.claim_ready("main", JOBS, 190.0)):
        assert site.journal.accepted(submission, f"br{number}", 0.0)
    with WireServer(behave) as server:
        options = concord.Options(provider="concord", url=server.url, user_id="u", password="p", wsdl=str(BUNDLED))
        clock = RealClock()
        provider: Any = concord.open_account(options, Http(timeout=60, clock=clock), clock)
        track = TrackStage(
            rules(poll=options.poll),
            provider=provider,
            journal=site.journal,
            accounts=site.journal,
            asking=site.asking(),
            clock=site.clock,
            alert=site.alerts,
        )
        end = site.clock.monotonic() + 200
        while site.clock.monotonic() < end:
            site.later(max(track.step(), 0.001))
        provider.close()
    assert max(len(jobs) for _, jobs in asked) == LARGEST
    first = {job for _, jobs in asked[:2] for job in jobs}
    assert len(first) == JOBS, "a round asks for all of them, each once"
    moments: dict[str, list[float]] = {}
    for at, jobs in asked:
        for job in jobs:
            moments.setdefault(job, []).append(at)
    assert all(len(times) >= 3 for times in moments.values()), "and they are asked for again and again"
    gaps = [later - earlier for times in moments.values() for earlier, later in pairwise(times)]
    assert min(gaps) >= ADVISED
    rounds = sorted({round(at) for at, _ in asked})
    assert min(later - earlier for earlier, later in pairwise(rounds)) >= ADVISED
