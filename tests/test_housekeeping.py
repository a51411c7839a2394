"""Housekeeping: what grew too old, whose process is gone, and that this node lives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.scripted import Crash, Faulty, Scripted, Site, submit

from faxdaemon.contracts.format import FolderAsks
from faxdaemon.contracts.provider import AccountRefused
from faxdaemon.formats.filename import open_format
from faxdaemon.housekeeping import BATCH, EVERY, LEASE, Housekeeping
from faxdaemon.outbound.dialects import Dialects
from faxdaemon.outbound.mark import FolderMark
from faxdaemon.outbound.report import ReportStage

HOUR = 3600.0
NAME = "3035550123_x.pdf"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.journal.close()


def stage(site: Site, *, alone: bool = True, journal: Any = None) -> Housekeeping:
    journal = journal or site.journal
    return Housekeeping(journal=journal, accounts=journal, settle=60.0, alone=alone)


def report(site: Site) -> None:
    FolderMark(site.places, site.spool, files=site.files).open(site.clock.entropy)
    dialects = Dialects([("filename", open_format(FolderAsks("{number}[_{name}]", None)))])
    ReportStage(
        site.places, site.spool, dialects=dialects, files=site.files, journal=site.journal, alert=site.alerts
    ).step()


# -- what grew too old


def test_what_no_account_took_in_time_fails_and_is_reported(site: Site) -> None:
    fax = site.ready(expire=HOUR)
    site.later(HOUR - 1)
    stage(site).step()
    assert site.state_of(fax) == "ready"
    site.later(2)
    stage(site).step()
    assert site.state_of(fax) == "failed"
    assert "within 1 hours" in site.reason(fax)
    report(site)
    assert site.shown("failed") == [NAME, "3035550123_x.result.json"]


def test_waiting_for_a_refused_account_comes_to_an_end(site: Site) -> None:
    fax = site.ready(expire=HOUR)
    submit(site, Scripted().will("submit", AccountRefused("wrong password")))
    site.later(HOUR + 1)
    stage(site).step()
    assert site.state_of(fax) == "failed"


def test_in_doubt_it_is_for_a_person(site: Site) -> None:
    """An earlier attempt may have arrived: "failed, send it again" would send it twice."""
    fax = site.uncertain(expire=HOUR, settle=0.0)
    (submission,) = site.journal.claim_uncertain("main", 1, 60.0)
    site.journal.missed(submission, "drops doubles", certain=False)
    site.later(HOUR + 1)
    stage(site).step()
    assert site.state_of(fax) == "held"
    assert "may have arrived" in site.reason(fax)
    report(site)
    assert site.shown("held") == [NAME, "3035550123_x.result.json"]


@pytest.mark.parametrize("where", ["accepted", "uncertain"])
def test_what_the_provider_may_have_does_not_expire(site: Site, where: str) -> None:
    fax = getattr(site, where)(expire=HOUR)
    site.later(HOUR + 1)
    stage(site).step()
    assert site.state_of(fax) == where


def test_many_expire_in_rounds_without_a_pause(site: Site) -> None:
    for n in range(BATCH + 1):
        site.ready(f"{n}.pdf", content=b"x", expire=HOUR)
    site.later(HOUR + 1)
    house = stage(site)
    assert house.step() == 0.0
    assert house.step() > 0
    assert site.journal.next_due("ready", "main") is None
    assert site.journal.counts().get("out.ready", 0) == 0


# -- whose process is gone


def test_what_a_dead_process_was_sending_becomes_uncertain_after_settling(site: Site) -> None:
    fax = site.ready()
    with pytest.raises(Crash):
        submit(site, Scripted().will("submit", Crash()))
    site.journal.close()
    site.journal = site._open()
    stage(site).step()
    assert site.state_of(fax) == "uncertain"
    assert site.journal.next_due("uncertain", "main") == 60.0


def test_what_this_process_is_sending_is_left_alone_until_its_lease_ran_out(site: Site) -> None:
    fax = site.ready()
    site.claimed(lease=190.0)
    site.later(189)
    stage(site).step()
    assert site.state_of(fax) == "submitting"
    site.later(2)
    stage(site).step()
    assert site.state_of(fax) == "uncertain"


# -- that this node lives


@pytest.mark.parametrize("alone", [True, False])
def test_the_heartbeat_outlives_the_pause_between_two_rounds(site: Site, alone: bool) -> None:
    journal = Faulty(site.journal)
    wait = stage(site, alone=alone, journal=journal).step()
    ((lease,),) = [args for name, args in journal.calls if name == "heartbeat"]
    assert lease >= max(LEASE, 2 * wait), "one lost round must not make us dead"
    assert alone or wait == EVERY


def test_the_heartbeat_comes_first(site: Site) -> None:
    """Were it last, others would take what we send for lost while we tidy up."""
    journal = Faulty(site.journal)
    stage(site, journal=journal).step()
    assert journal.calls[0][0] == "heartbeat"
