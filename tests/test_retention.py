"""Retention on real files: what goes, what stays, and a crash at every step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.papers import pdf_bytes
from support.scripted import Crash, Faulty, Site, listed

from faxdaemon.contracts.format import FolderAsks
from faxdaemon.contracts.journal import Filter, Settled
from faxdaemon.contracts.journal.retention import What
from faxdaemon.contracts.provider import JobStatus, Progress
from faxdaemon.core.errors import FilesError, UserError
from faxdaemon.core.model import StoredDocument
from faxdaemon.formats.filename import open_format
from faxdaemon.outbound.dialects import Dialects
from faxdaemon.outbound.mark import FolderMark
from faxdaemon.outbound.report import ReportStage
from faxdaemon.retention import Ages, Clearing, Due, Policy, PruneStage, run

DAY = 86400.0
ALL = Ages(sent=DAY, failed=DAY, spool=DAY, journal=2 * DAY)
NAME = "3035550123_x.pdf"
_ALL = Filter(limit=1000)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    FolderMark(made.places, made.spool, files=made.files).open(made.clock.entropy)
    yield made
    made.journal.close()


def report(site: Site) -> None:
    dialects = Dialects([("filename", open_format(FolderAsks("{number}[_{name}]", None)))])
    ReportStage(
        site.places, site.spool, dialects=dialects, files=site.files, journal=site.journal, alert=site.alerts
    ).step()


def over(site: Site, progress: Progress = Progress.SENT, name: str = NAME) -> str:
    """A fax that ended and was reported."""
    fax = site.accepted(f"job-{name}", name)
    (followed,) = site.journal.claim_accepted("main", 1, 60)
    site.journal.settle([Settled(followed, JobStatus(f"job-{name}", progress, "so"))])
    report(site)
    return fax


def received(site: Site, name: str = "in-1") -> str:
    """A received fax that everybody has."""
    site.journal.seen("main", [listed(name)])
    (fax,) = site.journal.claim_seen("main", 1, 60)
    place = site.spool.name("in", fax.fax_id, 1, ".pdf")
    site.files.make_dirs([site.spool.path(place).parent])
    written = site.files.write_new(site.spool.path(place), [pdf_bytes()])
    site.journal.stored(fax, StoredDocument(place, written.size, written.sha256, "application/pdf", 1), ["desk"])
    (work,) = site.journal.claim_deliveries("desk", 1, 60)
    site.journal.delivering(work, {"x": 1})
    site.journal.delivery_done(work)
    (fax,) = site.journal.claim_delivered("main", 1, 60, stored=False)
    site.journal.acknowledged(fax)
    return str(fax.fax_id)


def clearing(site: Site, *, files: Any = None, journal: Any = None) -> Clearing:
    return Clearing(
        site.spool,
        "node",
        files=files or site.files,
        journal=journal or site.journal,
        clock=site.clock,
        alert=site.alerts,
    )


def prune(site: Site, ages: Ages = ALL, *, files: Any = None, journal: Any = None, **policy: Any) -> dict[str, int]:
    """One round; of how many faxes what went."""
    went: Counter[str] = Counter()
    journal = journal or site.journal
    due = Due(Policy(ages, **policy), journal=journal, clock=site.clock)
    for _ in run(due, clearing(site, files=files, journal=journal), journal, went):
        pass
    return dict(went)


def everything(site: Site) -> tuple[list[str], list[str], list[str]]:
    return site.shown("sent"), site.shown("failed"), site.spooled()


def test_without_a_setting_nothing_ever_goes(site: Site) -> None:
    over(site), received(site)
    before = everything(site)
    site.later(1000 * DAY)
    assert prune(site, Ages()) == {}
    assert everything(site) == before
    assert site.journal.counts()


def test_each_goes_in_its_time(site: Site) -> None:
    fax, came = over(site), received(site)
    failed = over(site, Progress.FAILED, "3035550124_y.pdf")
    site.later(DAY - 60)
    assert prune(site) == {}
    site.later(120)
    assert prune(site) == {"shown": 2, "spool": 3}
    assert everything(site) == ([], [], [])
    assert [p for p in site.spool.root.rglob("*") if p.name.startswith("0")] == [], "nor its folders"
    assert list((site.out / "sent").iterdir()) == []
    assert site.journal.life(fax).events
    site.later(DAY)
    assert prune(site) == {"rows": 3}
    for gone in (fax, failed):
        assert gone in site.journal.known([gone])
    assert site.journal.find(_ALL) == []
    assert prune(site) == {}
    assert site.journal.seen("main", [listed("in-1")]) == 0, came


@pytest.mark.parametrize(
    ("ages", "went"),
    [
        (Ages(sent=DAY), {"shown": 1}),
        (Ages(failed=DAY), {}),
        (Ages(spool=DAY), {"spool": 2}),
        (Ages(journal=DAY), {"spool": 2, "rows": 2}),
        (Ages(journal=DAY, sent=3 * DAY), {"spool": 2, "rows": 1}),
    ],
    ids=["sent", "failed", "spool", "journal", "the journal waits for the folder"],
)
def test_only_what_was_asked_for(site: Site, ages: Ages, went: dict[str, int]) -> None:
    over(site), received(site)
    site.later(2 * DAY)
    assert prune(site, ages) == went


def test_a_folder_and_a_line_may_be_kept_otherwise(site: Site) -> None:
    over(site), received(site)
    site.later(2 * DAY)
    apart = {"folders": {str(site.out): Ages()}, "lines": {"+13035550100": Ages()}}
    assert prune(site, ALL, **apart) == {}
    assert prune(site, Ages(), folders={str(site.out): ALL}) == {"shown": 1, "spool": 1, "rows": 1}
    assert prune(site, Ages(), lines={"+13035550199": ALL}) == {}
    assert prune(site, Ages(), lines={"+13035550100": ALL}) == {"spool": 1, "rows": 1}


def test_what_is_not_ours_any_more_stays(site: Site) -> None:
    over(site)
    (folder,) = (site.out / "sent").iterdir()
    (folder / NAME).write_bytes(b"annotated by a person")
    (folder / "notes.txt").write_bytes(b"somebody's")
    (site.out / "failed" / "other.pdf").write_bytes(b"x")
    site.later(2 * DAY)
    prune(site)
    assert site.shown("sent") == [NAME, "notes.txt"]
    assert site.shown("failed") == ["other.pdf"]


def test_what_is_held_stays(site: Site) -> None:
    fax = site.uncertain()
    site.later(60)
    (lost,) = site.journal.claim_uncertain("main", 1, 60)
    site.journal.given_up(lost, "nothing can tell")
    report(site)
    before = (site.shown("held"), site.spooled())
    assert len(before[0]) == 2
    site.later(1000 * DAY)
    assert prune(site) == {}
    assert (site.shown("held"), site.spooled()) == before
    site.journal.resend(fax)


def test_a_folder_that_is_away_is_offline_and_not_empty(site: Site) -> None:
    over(site)
    site.later(3 * DAY)
    site.out.rename(site.place / "unmounted")
    site.out.mkdir()
    assert prune(site) == {"spool": 1}, "its rows wait for its folder"
    assert "work folder" in site.alerts.open[f"prune:{site.out}"]
    site.out.rmdir()
    (site.place / "unmounted").rename(site.out)
    assert prune(site) == {"shown": 1, "rows": 1}
    assert site.alerts.open == {}
    assert site.shown("sent") == []


STEPS = [
    ("journal", "promise_cleared", "before R1"),
    ("files", "remove", "in R2"),
    ("files", "sync", "in R2, before it is durable"),
    ("journal", "is_cleared", "before R3"),
    ("journal", "forget", "before R4"),
]


def crashing(after: bool) -> Any:
    def crash(real: Any, *args: Any, **kwargs: Any) -> Any:
        if after:
            real(*args, **kwargs)
        raise Crash

    return crash


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("nth", [0, 1, 2])
@pytest.mark.parametrize(("part", "method", "_when"), STEPS, ids=[f"{p}.{m}" for p, m, _ in STEPS])
def test_a_crash_at_any_step_leaves_nothing_behind(
    site: Site, part: str, method: str, _when: str, nth: int, after: bool
) -> None:
    fax, came = over(site), received(site)
    site.later(3 * DAY)
    faulty = Faulty(getattr(site, part), **{method: [None] * nth + [crashing(after)]})
    try:
        prune(site, **{part: faulty})
    except Crash:
        copies = {f"out/{fax[:6]}/{fax}-1.pdf", f"in/{came[:6]}/{came}-1.pdf"}
        known = {row.fax_id for row in site.journal.find(_ALL)}
        # no file without its row, and no copy gone on which somebody could still rely
        assert {name for name in copies if any(f in name for f in {fax, came} - known)} & set(site.spooled()) == set()
        for one in {fax, came} & known:
            if not any(one in name for name in site.spooled()) and one == fax:
                with pytest.raises(UserError, match="cleared away"):
                    site.journal.resend(fax)
    site.restart()
    prune(site)
    assert everything(site) == ([], [], [])
    assert site.journal.find(_ALL) == []
    assert site.journal.promised(10) == []
    assert site.journal.known([fax]) == {fax}
    assert site.journal.seen("main", [listed("in-1")]) == 0


def test_the_protocol_is_needed(site: Site) -> None:
    """The rule removed: files first, and the promise afterwards.  A crash between leaves a fax that `resend` takes, and
    whose document is nowhere."""
    fax = over(site)
    site.later(2 * DAY)
    (item,) = site.journal.at_rest("out", What.SPOOL, site.clock.now(), "", 10)
    site.files.remove([site.spool.path(name) for name in item.spooled])
    site.restart()
    assert site.journal.resend(fax) == 1
    assert site.spooled() == []


def test_it_is_done_once_a_day_in_batches(site: Site) -> None:
    over(site)
    policy = Policy(Ages(spool=DAY))
    due = Due(policy, journal=site.journal, clock=site.clock)
    stage = PruneStage("prune:node", due, clearing(site), lambda: DAY, journal=site.journal, alert=site.alerts)
    assert stage.step() == 3600
    assert site.spooled() != []
    site.later(DAY + 60)
    while stage.step() == 0:
        pass
    assert site.spooled() == []
    site.journal.hasten("prune:node")
    assert stage.step() == 0


def test_a_disk_in_trouble_is_told(site: Site) -> None:
    over(site)
    due = Due(Policy(Ages(spool=DAY)), journal=site.journal, clock=site.clock)
    faulty = Faulty(site.files, remove=[FilesError("read-only file system")])
    stage = PruneStage(
        "prune:node", due, clearing(site, files=faulty), lambda: DAY, journal=site.journal, alert=site.alerts
    )
    stage.step()
    site.later(DAY + 60)
    while stage.step() == 0:
        pass
    assert "read-only" in site.alerts.open["prune"]
    assert site.spooled() != []
    site.later(DAY)
    while stage.step() == 0:
        pass
    assert (site.spooled(), site.alerts.open) == ([], {})
