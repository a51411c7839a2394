"""Which files are complete: on real folders, with the settling time on the file system's own clock."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.clock import FakeClock
from support.papers import make_pdf

from faxdaemon.contracts.files import Entry
from faxdaemon.core.places import DropPlaces
from faxdaemon.documents import open_documents
from faxdaemon.files import open_files
from faxdaemon.outbound.readiness import HINTS, Pace, Readiness

SETTLE = 5.0


class Later:
    """The real file system, whose clock can be put forward: only the probe that tells the time is changed."""

    def __init__(self, *, change_times: bool = True) -> None:
        self._files = open_files()
        self.change_times = change_times
        self.ahead = 0.0

    def stat(self, path: Path) -> Entry | None:
        entry = self._files.stat(path)
        if entry is not None and path.name == "clock":
            return replace(entry, changed_ns=entry.changed_ns + int(self.ahead * 1e9))
        return entry

    def __getattr__(self, name: str) -> Any:
        return getattr(self._files, name)


class Site:
    def __init__(self, folder: Path, *, change_times: bool = True) -> None:
        self.folder = folder
        self.files = Later(change_times=change_times)
        self.clock = FakeClock()
        places = DropPlaces(folder, "node")
        self.files.make_dirs(places.needed())
        files: Any = self.files
        self.readiness = Readiness(
            Pace(settle=SETTLE, scan=30.0), places, files=files, documents=open_documents(), clock=self.clock
        )

    def ready(self, limit: int = 100) -> list[str]:
        return sorted(entry.path.name for entry in self.readiness.ready(limit))

    def later(self, seconds: float) -> None:
        self.files.ahead += seconds
        self.clock.advance(seconds)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = Site(tmp_path)
    assert made.ready() == []  # the first scan is behind us
    return made


def test_a_hint_that_a_file_is_complete_makes_it_ready_at_once(site: Site) -> None:
    make_pdf(site.folder / "a.pdf")
    site.readiness.hint("a.pdf", True)
    assert site.ready() == ["a.pdf"]


def test_a_file_that_only_appeared_waits_for_the_settling_time(site: Site) -> None:
    make_pdf(site.folder / "a.pdf")
    site.readiness.hint("a.pdf", False)
    assert site.ready() == []
    assert site.readiness.wait() == pytest.approx(SETTLE)
    site.later(SETTLE + 1)
    assert site.ready() == ["a.pdf"]


def test_without_any_hint_the_scan_finds_it(site: Site) -> None:
    make_pdf(site.folder / "a.pdf")
    site.later(29)
    assert site.ready() == []
    site.later(1)
    assert site.ready() == ["a.pdf"]


def test_a_backlog_that_has_settled_is_ready_at_the_first_scan(tmp_path: Path) -> None:
    make_pdf(tmp_path / "a.pdf")
    site = Site(tmp_path)
    site.files.ahead = SETTLE + 1
    assert site.ready() == ["a.pdf"]


def test_a_fresh_file_at_the_first_scan_waits(tmp_path: Path) -> None:
    make_pdf(tmp_path / "a.pdf")
    site = Site(tmp_path)
    assert site.ready() == []
    site.later(SETTLE + 1)
    assert site.ready() == ["a.pdf"]


def test_an_old_modification_time_proves_nothing(tmp_path: Path) -> None:
    paper = make_pdf(tmp_path / "copied.pdf")
    os.utime(paper, (1, 1))  # as a copy that keeps the original's time
    assert Site(tmp_path).ready() == []


def test_closed_but_visibly_cut_waits_for_the_settling_time(site: Site) -> None:
    whole = make_pdf(site.folder / "draft").read_bytes()
    (site.folder / "draft").unlink()
    target = site.folder / "a.pdf"
    target.write_bytes(whole[: len(whole) // 2])
    site.readiness.hint("a.pdf", True)  # an application that appends and closes, appends and closes
    assert site.ready() == []
    target.write_bytes(whole)
    site.readiness.hint("a.pdf", True)
    assert site.ready() == ["a.pdf"]


@pytest.fixture
def writer(site: Site) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that keeps the file open for writing until its stdin closes."""
    code = "import sys; f = open(sys.argv[1], 'ab'); print('open', flush=True); sys.stdin.read()"
    target = make_pdf(site.folder / "slow.pdf")
    process = subprocess.Popen([sys.executable, "-c", code, str(target)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdin is not None
    with process.stdout, process.stdin:
        assert process.stdout.readline() == b"open\n"
        yield process
    process.wait(60)


@pytest.mark.skipif(sys.platform != "linux", reason="platform: leases are Linux's")
def test_a_settled_file_that_is_still_open_for_writing_waits(site: Site, writer: subprocess.Popen[bytes]) -> None:
    site.later(100)
    assert site.ready() == []
    assert writer.stdin is not None
    writer.stdin.close()
    writer.wait(60)
    site.later(SETTLE)
    assert site.ready() == ["slow.pdf"]


@pytest.mark.parametrize("name", ["a.pdf.part", ".a.pdf", "~$a.docx", "a.tmp", ".syncthing.a.pdf.tmp", "a.pdf.partial"])
def test_temporary_names_are_never_taken(site: Site, name: str) -> None:
    make_pdf(site.folder / name)
    site.readiness.hint(name, True)
    site.later(1000)
    assert site.ready() == []


def test_our_own_folders_are_never_taken_and_a_folder_named_like_a_document_is(site: Site) -> None:
    (site.folder / "archive").mkdir()
    (site.folder / "2026.11").mkdir()
    (site.folder / "x.pdf").mkdir()
    site.later(1000)
    assert site.ready() == ["x.pdf"]


def test_a_burst_of_hints_becomes_a_scan(site: Site) -> None:
    make_pdf(site.folder / "last.pdf")
    for n in range(HINTS + 1):
        site.readiness.hint(f"gone-{n}.pdf", True)
    site.readiness.hint("last.pdf", True)  # no longer remembered by name
    site.later(SETTLE + 1)
    assert "last.pdf" in site.ready()


def test_a_long_listing_is_given_out_in_batches_without_reading_it_again(tmp_path: Path) -> None:
    for n in range(10):
        make_pdf(tmp_path / f"{n}.pdf")
    site = Site(tmp_path)
    site.files.ahead = SETTLE + 1
    seen: list[str] = []
    while batch := site.ready(3):
        assert len(batch) <= 3
        seen += batch
    assert sorted(seen) == [f"{n}.pdf" for n in range(10)]
    assert site.readiness.wait() > 0


def test_where_change_times_can_lie_two_sightings_must_agree(tmp_path: Path) -> None:
    paper = make_pdf(tmp_path / "a.pdf")
    site = Site(tmp_path, change_times=False)
    assert site.ready() == []
    paper.write_bytes(paper.read_bytes() + b"\n%%EOF\n")
    site.later(SETTLE)
    assert site.ready() == []  # it changed meanwhile
    site.later(SETTLE)
    assert site.ready() == ["a.pdf"]
