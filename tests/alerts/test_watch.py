"""Watching: what nobody meets while working is found in the journal, on the disk and among the workers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.scripted import Faulty, Signals, Site, listed

from faxdaemon.alerts import UNSEEN, Alerts, Known
from faxdaemon.alerts.watch import EVERY, FAILED, Limits, WatchStage
from faxdaemon.contracts.journal import Routed
from faxdaemon.core.errors import FilesError
from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import Route

HOUR = 3600.0


class Watched:
    """A site, its alerts, and what the workers do."""

    def __init__(self, place: Path) -> None:
        self.site = Site(place)
        self.busy: dict[str, float | None] = {}
        self.files: Any = self.site.files
        self.begin()

    def begin(self, **limits: Any) -> None:
        """The process begins (anew)."""
        site = self.site
        self.alerts = Alerts(site.state / "alerts", files=site.files, clock=site.clock, signals=Signals())
        values: dict[str, Any] = {"waiting": HOUR, "busy": 300.0, "free": 0}
        self.stage = WatchStage(
            Limits(**{**values, **limits}),
            site.state,
            alerts=self.alerts,
            journal=site.journal,
            files=self.files,
            clock=site.clock,
            busy=self.watching,
        )

    def watching(self) -> list[tuple[str, float | None]]:
        return list(self.busy.items())

    def restart(self) -> None:
        self.site.restart()
        self.begin()

    def look(self) -> dict[str, str]:
        """What is open after a look."""
        self.stage.step()
        return self.alerts.open_alerts()

    def failed(self, name: str = "3035550123_x.pdf") -> FaxId:
        """A fax that failed and was reported."""
        fax = self.site.ready(name)
        assert self.site.journal.refused(self.site.claimed(), "the number is not in service")
        self.report()
        return fax

    def held(self) -> FaxId:
        """A fax that was held; nobody could tell."""
        fax = self.site.uncertain()
        self.site.later(61)
        (submission,) = self.site.journal.claim_uncertain("main", 1, 10.0)
        assert self.site.journal.given_up(submission, "nothing can tell")
        return fax

    def report(self) -> None:
        """What is due is put where people look."""
        works = self.site.journal.claim_reports(str(self.site.out), 10)
        works = self.site.journal.staged([(work, {"overall": "failed", "moves": []}) for work in works])
        self.site.journal.reported(works)
        self.site.later(5)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    made = Watched(tmp_path)
    yield made
    made.site.journal.close()


def happened(watched: Watched) -> dict[str, str]:
    return {key: one.message for key, one in watched.alerts.problems().items() if one.once}


# -- failed faxes


def test_a_failed_fax_is_told_once_also_over_restarts(watched: Watched) -> None:
    watched.look()
    fax = watched.failed()
    watched.alerts.join("mail", lambda key: True)
    watched.look()
    assert happened(watched) == {f"failed:{fax}": f"fax {fax} failed: the number is not in service"}
    known = {f"failed:{fax}": Known("it failed", watched.site.clock.now(), True)}
    watched.alerts.told("mail", known, [])
    watched.look()
    assert happened(watched) == {}
    watched.restart()
    watched.alerts.join("mail", lambda key: True)
    watched.look()
    assert happened(watched) == {}
    other = watched.failed("3035550124_y.pdf")
    watched.look()
    assert list(happened(watched)) == [f"failed:{other}"]


def test_one_that_failed_while_nobody_looked_is_told(watched: Watched) -> None:
    watched.look()
    fax = watched.failed()
    watched.restart()  # the process died before anybody could tell
    watched.alerts.join("mail", lambda key: True)
    watched.look()
    assert list(happened(watched)) == [f"failed:{fax}"]


def test_what_was_before_the_first_start_is_no_news(watched: Watched) -> None:
    watched.failed()
    watched.look()
    assert happened(watched) == {}
    assert watched.alerts.marks[FAILED] > 0


def test_one_that_was_sent_is_no_news(watched: Watched) -> None:
    watched.look()
    watched.alerts.join("mail", lambda key: True)
    fax = watched.held()
    watched.site.journal.mark_sent(fax)
    watched.report()
    watched.look()
    assert happened(watched) == {}


# -- held faxes


def test_a_held_fax_is_told_and_told_over(watched: Watched) -> None:
    fax = watched.held()
    assert watched.look() == {}, "whoever holds it tells so himself"
    watched.site.later(61)
    assert watched.look() == {f"held:{fax}": f"fax {fax} is held for a person to decide: nothing can tell"}
    watched.site.journal.mark_sent(fax)
    assert watched.look() == {}


def test_what_was_told_of_a_held_fax_stands(watched: Watched) -> None:
    fax = watched.held()
    watched.alerts.raise_(f"held:{fax}", "in other words")
    watched.site.later(100)
    assert watched.look() == {f"held:{fax}": "in other words"}


def test_a_received_fax_that_is_held(watched: Watched) -> None:
    site = watched.site
    site.journal.seen("main", [listed()])
    (fax,) = site.journal.claim_seen("main", 1, 60.0)
    site.journal.inbound_held(fax, "no document")
    site.later(61)
    assert watched.look() == {f"fax:{fax.fax_id}": f"received fax {fax.fax_id} is held: no document"}


def test_several_nodes_leave_it_to_whoever_holds_it(watched: Watched) -> None:
    watched.begin(alone=False)
    watched.held()
    watched.site.later(100)
    assert watched.look() == {}


def test_what_is_held_at_a_destination_is_not_its_business(watched: Watched) -> None:
    watched.alerts.raise_("held:main:+13035550100:mail", "told by the stage that delivers")
    assert list(watched.look()) == ["held:main:+13035550100:mail"]


# -- what is remembered of an earlier life


def test_what_nobody_meets_again_is_over_but_not_what_is_about_a_fax_that_goes_on(watched: Watched) -> None:
    site = watched.site
    held, done, waiting = watched.held(), watched.failed("3035550125_z.pdf"), site.ready("3035550124_y.pdf")
    for key in (f"held:{held}", f"spool:{waiting}", f"report:{done}", "folder:/gone", "drop:01jd"):
        watched.alerts.raise_(key, "trouble")
    watched.alerts.save()
    watched.restart()
    watched.begin(waiting=0.0)
    assert len(watched.look()) == 5
    site.later(UNSEEN + 1)
    assert sorted(watched.look()) == sorted([f"held:{held}", f"spool:{waiting}"])


# -- waiting


def test_a_fax_that_waits_for_long_is_told(watched: Watched) -> None:
    fax = watched.site.ready()
    assert watched.look() == {}
    watched.site.later(HOUR)
    (words,) = watched.look().values()
    assert words.startswith(f"fax {fax} has been waiting since 2026-11-20 09:00 UTC")
    assert watched.site.journal.accepted(watched.site.claimed(), "job-1", 0.0)
    assert watched.look() == {}


def test_one_that_is_to_be_sent_later_does_not_wait(watched: Watched) -> None:
    site = watched.site
    fax = site.received()
    options = {"send_at": "2026-11-20T12:00:00+00:00"}
    site.journal.route([Routed(fax, (Route("+13035550123", None, ("main",), options),), (1,), 7 * 24 * HOUR)])
    site.later(2 * HOUR)
    assert watched.look() == {}
    site.later(2.1 * HOUR)
    assert list(watched.look()) == ["waiting"]


def test_waiting_may_be_nobodys_trouble(watched: Watched) -> None:
    watched.begin(waiting=0.0)
    watched.site.ready()
    watched.site.later(10 * HOUR)
    assert watched.look() == {}


# -- disk and workers


def test_a_disk_that_fills(watched: Watched) -> None:
    free = [5 * 2**30, 2**20, FilesError("gone"), 5 * 2**30]
    watched.files = Faulty(
        watched.site.files, free_space=[one if isinstance(one, FilesError) else give(one) for one in free]
    )
    watched.begin(free=2**30)
    key = f"disk:{watched.site.state}"
    assert watched.look() == {}
    assert "less than 1024 MiB" in watched.look()[key]
    assert "gone" in watched.look()[key]
    assert watched.look() == {}


def give(value: int) -> Any:
    return lambda real, path: value


def test_a_worker_that_does_not_come_back(watched: Watched) -> None:
    watched.busy = {"intake:/srv/out": 10.0, "route": None}
    assert watched.look() == {}
    watched.busy["intake:/srv/out"] = 301.0
    words = watched.look()["worker:intake:/srv/out"]
    assert "the look into the folder takes longer than 300 s" in words
    watched.busy["intake:/srv/out"] = None
    assert watched.look() == {}


def test_a_journal_that_works_again(watched: Watched) -> None:
    watched.alerts.raise_("journal", "failed")
    assert watched.stage.step() == EVERY
    assert watched.alerts.open_alerts() == {}
