"""The daily stage: when it works, whom it tells, how it waits."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import structlog
from support.scripted import Scripted, Site, listed

from faxdaemon.contracts.audit import ListedJob, SentListing
from faxdaemon.contracts.cache import NoCache
from faxdaemon.contracts.provider import Progress
from faxdaemon.core import ids
from faxdaemon.core.errors import ProviderTrouble
from faxdaemon.core.schedule import until_time
from faxdaemon.reconcile import PATIENCE, ReconcileStage, Rules

ZONE = ZoneInfo("America/Denver")
AT = time(3, 30)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.journal.close()


class Lister(Scripted):
    """Lists what it sent."""

    def __init__(self, **changes: Any) -> None:
        super().__init__(lists_sent=True, **changes)

    def sent_between(self, since: datetime, until: datetime) -> Any:
        return self._answer("sent_between", (since, until))


class Kept(NoCache):
    def __init__(self) -> None:
        self.reports: dict[str, Any] = {}

    def put(self, name: str, content: bytes) -> None:
        self.reports[name] = json.loads(content)


class Night:
    """One account's stage, at its place."""

    def __init__(self, site: Site, provider: Scripted, **rules: Any) -> None:
        self.site, self.provider = site, provider
        self.kept = Kept()
        self.rules = Rules(**{"account": "main", "poll": 30.0, "days": 3, "receives": False, **rules})
        self.stage = self.begun()

    def begun(self) -> ReconcileStage:
        clock = self.site.clock
        return ReconcileStage(
            self.rules,
            lambda: until_time(clock.now(), AT, ZONE),
            provider=self.provider,
            journal=self.site.journal,
            asking=self.site.asking(),
            reports=self.kept,
            clock=clock,
            alert=self.site.alerts,
        )

    def until(self, seconds: float) -> None:
        """Work for some time."""
        end = self.site.clock.monotonic() + seconds
        while (left := end - self.site.clock.monotonic()) > 0:
            self.site.later(max(0.01, min(self.stage.step(), left)))


NOTHING = SentListing(())
UNKNOWN = SentListing((ListedJob("77", ids.reference(ids.new_fax_id(1, bytes(10)), 1, 1), Progress.SENT),))


@pytest.mark.parametrize(
    ("now", "seconds"),
    [
        ("2026-11-20T10:29:00+00:00", 60),
        ("2026-11-20T10:30:00+00:00", 86400),
        ("2026-03-08T08:00:00+00:00", 5400),  # 01:00 before the clocks go forward from 02:00 to 03:00
        ("2026-11-01T06:00:00+00:00", 4.5 * 3600),  # midnight; 01:00 to 02:00 comes twice
    ],
)
def test_the_hour_comes_once_a_day(now: str, seconds: float) -> None:
    assert until_time(datetime.fromisoformat(now), AT, ZONE) == seconds


def test_a_day_of_25_hours_has_it_once(site: Site) -> None:
    moment, times = datetime(2026, 10, 30, tzinfo=UTC), []
    for _ in range(4):
        moment += timedelta(seconds=until_time(moment, AT, ZONE))
        times.append(moment.astimezone(ZONE).strftime("%d %H:%M"))
    assert times == ["30 03:30", "31 03:30", "01 03:30", "02 03:30"]


def test_a_new_site_waits_for_the_hour_and_then_does_it_every_day(site: Site) -> None:
    night = Night(site, Lister().will("sent_between", *[NOTHING] * 3))
    night.until(3600)  # it is 09:00 UTC, 02:00 there
    assert night.provider.calls == []
    night.until(2 * 86400)
    assert len(night.provider.asked("sent_between")) == 2
    since, until = night.provider.asked("sent_between")[1]
    assert (until - since, until.astimezone(ZONE).strftime("%H:%M")) == (timedelta(days=3), "03:30")
    site.restart()
    night.stage = night.begun()
    night.until(600)
    assert len(night.provider.asked("sent_between")) == 2, "not once more for a restart"


def test_what_a_stopped_daemon_missed_is_done_at_the_start(site: Site) -> None:
    night = Night(site, Lister().will("sent_between", NOTHING))
    night.until(60)
    site.later(5 * 86400)
    night.stage = night.begun()
    night.until(60)
    assert len(night.provider.asked("sent_between")) == 1


def test_of_two_nodes_one_does_it(site: Site) -> None:
    night = Night(site, Lister().will("sent_between", NOTHING))
    other = night.begun()
    for _ in range(200):
        site.later(300)
        night.stage.step()
        other.step()
        if site.clock.now().hour == 12:
            break
    assert len(night.provider.asked("sent_between")) == 1


def test_a_difference_is_one_alert_until_it_is_gone(site: Site) -> None:
    with structlog.testing.capture_logs() as logs:
        night = Night(site, Lister().will("sent_between", UNKNOWN, UNKNOWN, NOTHING))
        night.until(2 * 86400)
        assert site.alerts.told == ["reconcile:main"], "told once"
        assert "faxdaemon reconcile --account main" in site.alerts.open["reconcile:main"]
        night.until(86400)
    assert site.alerts.open == {}
    assert [(e["kind"], e["job"]) for e in logs if e["event"] == "reconcile.differs"] == [("unknown", "77")] * 2
    assert night.kept.reports["reconcile-main.json"]["findings"] == []


def test_the_report_is_kept(site: Site) -> None:
    night = Night(site, Lister().will("sent_between", UNKNOWN))
    night.until(86400)
    report = night.kept.reports["reconcile-main.json"]
    assert (report["account"], report["jobs"], report["listed"]) == ("main", 1, True)
    assert report["findings"][0]["provider_id"] == "77"


def test_trouble_is_tried_again_and_told_in_the_end(site: Site) -> None:
    night = Night(site, Lister().will("sent_between", *[ProviderTrouble("502")] * 500))
    night.until(2 * 3600)
    assert len(night.provider.asked("sent_between")) > 1
    assert site.alerts.open == {}
    night.until(PATIENCE)
    tries = len(night.provider.asked("sent_between"))
    assert tries < 40
    assert "could not be reconciled: 502" in site.alerts.open["reconcile:main"]
    night.until(3600)
    assert len(night.provider.asked("sent_between")) == tries, "the next night"


def test_trouble_that_ends_is_not_told(site: Site) -> None:
    night = Night(site, Lister().will("sent_between", ProviderTrouble("502"), NOTHING))
    night.until(86400)
    assert (site.alerts.told, night.provider.left()) == ([], {})


def test_an_account_that_wants_to_be_left_alone_is(site: Site) -> None:
    night = Night(site, Lister().will("sent_between", NOTHING))
    night.until(5400 - 60)
    site.journal.quiet("main", "slow down", 1800.0)
    night.until(60 + 1700)
    assert night.provider.calls == []
    night.until(120)
    assert len(night.provider.asked("sent_between")) == 1


def test_a_bug_of_ours_is_told_like_trouble(site: Site) -> None:
    night = Night(site, Lister().will("sent_between", *[ZeroDivisionError("x")] * 100))
    with structlog.testing.capture_logs() as logs:
        night.until(8 * 3600)
    assert any(entry.get("exc_info") for entry in logs), "the log has its stack"
    assert "ZeroDivisionError" in site.alerts.open["reconcile:main"]


def test_a_listing_that_is_not_whole_proves_no_absence(site: Site) -> None:
    fax = site.accepted("job-1")
    (followed,) = site.journal.claim_accepted("main", 1, 60)
    site.journal.given_up(followed, "x")
    site.journal.mark_sent(fax)
    part = SentListing((), whole=False)
    night = Night(site, Lister().will("sent_between", part, SentListing(())))
    night.until(86400)
    assert site.alerts.open == {}
    night.until(86400)
    assert "does not list" in site.alerts.open["reconcile:main"]


def test_a_job_of_a_fax_that_is_not_remembered_any_more_is_known(site: Site) -> None:
    """The journal's rows may have been cleared away; whose a job is stays known."""
    fax = site.accepted("job-1")
    site.journal.close()
    with closing(sqlite3.connect(site.state / "journal.sqlite3")) as connection:
        for table, key in (("recipient", "fax_id"), ("document", "fax_id"), ("fax", "id")):
            connection.execute(f"DELETE FROM {table} WHERE {key} = '{fax}'")
        connection.commit()
    site.journal = site._open()
    mine = ListedJob("job-1", ids.reference(fax, 1, 1), Progress.SENT)
    night = Night(site, Lister().will("sent_between", SentListing((mine,))))
    night.until(86400)
    assert site.alerts.open == {}


def test_received_faxes_that_were_missed_are_told_and_entered(site: Site) -> None:
    old, new = listed("in-1"), listed("in-2", received_at=site.clock.now() + timedelta(minutes=89))
    provider = Lister().will("inbox", [old, new]).will("sent_between", NOTHING)
    night = Night(site, provider, receives=True, inbox_poll=60.0)
    night.until(86400 // 4)
    assert [f["provider_id"] for f in night.kept.reports["reconcile-main.json"]["findings"]] == ["in-1"]
    assert {f.listed.provider_id for f in site.journal.claim_seen("main", 9, 60)} == {"in-1", "in-2"}


@pytest.mark.parametrize("text", ["", "x" * 32, "deadbeef" * 4, "4711", "01jd-1-1"])
def test_what_does_not_look_like_ours_is_not_ours(text: str) -> None:
    assert not ids.is_token(text, 32)


def test_what_is_ours_looks_like_it() -> None:
    reference = ids.reference(ids.new_fax_id(1_800_000_000_000, bytes(10)), 12, 3)
    for length in (12, 32, 64, 80):
        assert ids.is_token(ids.token(reference, length), length)
