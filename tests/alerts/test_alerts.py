"""Alerts: each problem is told once until it changes, and once more when it is over; over restarts, too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from support.clock import FakeClock
from support.scripted import Faulty, Signals

from faxdaemon.alerts import Alerts, Known
from faxdaemon.core.errors import FilesError
from faxdaemon.files import open_files


class Place:
    """Where alerts are remembered."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "alerts"
        self.clock = FakeClock()
        self.signals = Signals()

    def open(self, files: Any = None) -> Alerts:
        return Alerts(self.folder, files=files or open_files(), clock=self.clock, signals=self.signals)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def told(logs: list[Any]) -> list[tuple[str, str, str | None]]:
    return [(e["event"], e["key"], e.get("message")) for e in logs if "key" in e]


# -- the log


def test_a_problem_is_told_once_until_it_changes(place: Place) -> None:
    alert = place.open()
    with capture_logs() as logs:
        for message in ("disk full", "disk full", "disk gone", "disk gone", "disk full"):
            alert.raise_("space", message)
    assert [message for _, _, message in told(logs)] == ["disk full", "disk gone", "disk full"]
    assert {e["log_level"] for e in logs} == {"error"}
    assert alert.open_alerts() == {"space": "disk full"}
    assert place.signals.topics == ["alerts"] * 3


def test_the_end_is_told_once_and_only_of_what_was_known(place: Place) -> None:
    alert = place.open()
    with capture_logs() as logs:
        alert.clear("space")
        for _ in range(2):
            alert.raise_("space", "disk full")
            alert.clear("space")
            alert.clear("space")
    assert [event for event, _, _ in told(logs)] == ["alert", "alert over"] * 2
    assert alert.open_alerts() == {}


def test_problems_are_told_apart_by_their_key_and_what_is_open_is_a_copy(place: Place) -> None:
    alert = place.open()
    alert.raise_("folder:a", "offline")
    alert.raise_("folder:b", "offline")
    alert.open_alerts().clear()
    assert sorted(alert.open_alerts()) == ["folder:a", "folder:b"]


def test_what_happened_is_no_open_problem(place: Place) -> None:
    alert = place.open()
    alert.happened("failed:x", "it failed")
    assert alert.open_alerts() == {}
    assert alert.problems()["failed:x"].once


# -- over restarts


def test_what_is_open_and_what_was_told_is_remembered(place: Place) -> None:
    before = place.open()
    before.join("mail", lambda key: True)
    before.raise_("space", "disk full")
    known = {"space": Known("disk full", place.clock.now(), False)}
    before.told("mail", known, [])
    before.marks["failed"] = 7
    before.save()
    after = place.open()
    after.join("mail", lambda key: True)
    assert after.open_alerts() == {"space": "disk full"}
    assert after.known("mail") == known
    assert after.marks == {"failed": 7}
    with capture_logs() as logs:
        after.raise_("space", "disk full")
    assert told(logs) == [], "it was told before the restart"
    after.clear("space")
    after.save()
    assert place.open().open_alerts() == {}


def test_what_nobody_meets_again_is_over(place: Place) -> None:
    before = place.open()
    for key in ("met", "seen", "gone"):
        before.raise_(key, "trouble")
    before.save()
    after = place.open()
    after.raise_("met", "trouble")
    after.seen(["seen", "never raised"])
    after.end_unseen()
    assert sorted(after.open_alerts()) == ["met", "seen"]


def test_a_channel_that_is_no_more_is_forgotten(place: Place) -> None:
    before = place.open()
    before.join("old", lambda key: True)
    before.told("old", {"a": Known("m", place.clock.now(), False)}, [])
    before.save()
    after = place.open()
    after.join("new", lambda key: True)
    after.raise_("b", "m")
    after.save()
    last = place.open()
    last.join("old", lambda key: True)
    assert last.known("old") == {}


def test_what_happened_is_kept_until_all_who_want_to_know_do(place: Place) -> None:
    alert = place.open()
    for name, wants in (("one", True), ("two", True), ("three", False)):
        alert.join(name, lambda key, wants=wants: wants)
    alert.happened("failed:x", "it failed")
    known = {"failed:x": Known("it failed", place.clock.now(), True)}
    alert.told("one", known, [])
    alert.save()
    assert "failed:x" in place.open().problems()
    alert.told("two", known, [])
    alert.save()
    assert place.open().problems() == {}
    assert alert.known("one") == {}


# -- a disk in trouble


def test_a_save_that_was_cut_leaves_the_one_before(place: Place) -> None:
    alert = place.open()
    alert.raise_("a", "one")
    alert.save()
    (newest,) = place.folder.iterdir()
    (place.folder / f"{int(newest.stem) + 1}.json").write_text('{"problems": {"a"')
    after = place.open()
    assert after.open_alerts() == {"a": "one"}
    after.raise_("b", "two")
    after.save()
    assert sorted(place.open().open_alerts()) == ["a", "b"]
    assert len(list(place.folder.iterdir())) == 1


@pytest.mark.parametrize("content", ["", "[]", '{"problems": 1}', '{"problems": {}, "known": {}}', "\x00"])
def test_nonsense_there_stops_nothing(place: Place, content: str) -> None:
    place.folder.mkdir()
    (place.folder / "5.json").write_text(content)
    (place.folder / "notes.txt").write_text("not ours")
    alert = place.open()
    assert alert.open_alerts() == {}
    alert.raise_("a", "one")
    alert.save()
    assert place.open().open_alerts() == {"a": "one"}
    assert (place.folder / "notes.txt").exists()


def test_a_full_disk_is_tried_again(place: Place) -> None:
    alert = place.open(Faulty(open_files(), write_new=[FilesError("full")]))
    alert.raise_("a", "one")
    alert.save()
    assert place.open().open_alerts() == {}
    alert.save()
    assert place.open().open_alerts() == {"a": "one"}


def test_nothing_new_writes_nothing(place: Place) -> None:
    files = Faulty(open_files())
    alert = place.open(files)
    alert.raise_("a", "one")
    alert.save()
    alert.raise_("a", "one")
    alert.clear("b")
    alert.save()
    assert [name for name, _ in files.calls].count("write_new") == 1


def test_raising_touches_no_disk(place: Place) -> None:
    files = Faulty(open_files())
    alert = place.open(files)
    before = len(files.calls)
    alert.raise_("a", "one")
    alert.clear("a")
    assert len(files.calls) == before, "a worker never waits for it"
