"""The printer sink on a real CUPS scheduler with virtual IPP printers: what a printer got would be on paper."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from support.clock import FakeClock
from support.cups import Printer, Shop, running_shop, shop_or_skip, until
from support.papers import pdf_bytes
from support.scripted import listed
from support.sinking import sink_tools

from faxdaemon.contracts.sink import Waiting
from faxdaemon.core.errors import SinkOffline, Undeliverable, UserError
from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import InboundFax, StoredDocument
from faxdaemon.printing import open_spooler
from faxdaemon.sinks.printer import SLOW, Options, open_sink

LETTER, LEGAL, A4 = (612, 792), (612, 1008), (595, 842)


@pytest.fixture(scope="session")
def shop() -> Iterator[Shop]:
    """A scheduler that writes down each job at once; the tests' own are in queues of their own."""
    with shop_or_skip() as shop:
        yield shop


@pytest.fixture
def printer(shop: Shop, request: pytest.FixtureRequest) -> Iterator[Printer]:
    """A printer of the test's own."""
    one = shop.printer(f"p{len(shop.printers)}")
    yield one
    one.off()


@pytest.fixture(scope="session")
def tests_path() -> dict[str, str]:
    """The surroundings of a process that finds the tests' support, too."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


class Desk:
    """Faxes for one printer."""

    def __init__(self, place: Path, printer: Printer, **options: Any) -> None:
        self.place, self.printer = place, printer
        self.clock = FakeClock()
        self.options = {"printer": printer.name, "server": printer.shop.server, **options}
        self.faxes = 0
        self.restart()

    def restart(self) -> None:
        """A new process."""
        tools = sink_tools(self.place / "work", clock=self.clock)
        self.sink = open_sink("main:other:printer", Options(**self.options), tools)

    def staged(self, content: bytes | None = None, media: str = "application/pdf") -> Mapping[str, Any]:
        content = pdf_bytes(pages=2) if content is None else content
        self.faxes += 1
        document = self.place / f"document-{self.faxes}"
        document.write_bytes(content)
        stored = StoredDocument("in/x", len(content), hashlib.sha256(content).hexdigest(), media, 2)
        fax = FaxId(f"01jd6e00000000000000{self.faxes:06d}")
        now = datetime(2026, 11, 20, 9, tzinfo=UTC)
        return self.sink.stage(InboundFax(fax, "main", 1, listed(), now, 0, stored), document)

    def go(self, plan: Mapping[str, Any]) -> Waiting:
        waiting = self.sink.publish(plan)
        assert waiting is not None
        return waiting

    def queued(self, plan: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """Handed over."""
        plan = self.go(plan or self.staged()).plan
        return self.go(plan).plan

    def finish(self, plan: Mapping[str, Any]) -> None:
        """Until the queue says that it is printed."""

        def done() -> bool:
            nonlocal plan
            waiting = self.sink.publish(plan)
            plan = waiting.plan if waiting else plan
            return waiting is None

        until(done, "it is printed")

    def told(self, plan: Mapping[str, Any], words: str) -> None:
        """Until it is told."""
        until(lambda: words in (self.go(plan).trouble or ""), f"“{words}” is told")


@pytest.fixture
def desk(tmp_path: Path, printer: Printer) -> Desk:
    return Desk(tmp_path, printer)


def tiff(pages: int = 3) -> bytes:
    """A fax in standard resolution, as it comes from the line: its dots are twice as high as wide."""
    images = [Image.new("1", (1728, 1078), 1) for _ in range(pages)]
    for image in images:
        image.paste(0, (0, 0, 1728, 1078))
    room = io.BytesIO()
    images[0].save(room, "TIFF", compression="group4", dpi=(204, 98), save_all=True, append_images=images[1:])
    return room.getvalue()


# -- paper


def test_every_page_of_a_pdf_and_of_a_tiff_is_printed(desk: Desk) -> None:
    for plan in (desk.staged(pdf_bytes(pages=4)), desk.staged(tiff(3), "image/tiff")):
        desk.finish(desk.queued(plan))
        assert not Path(plan["file"]).exists()
    assert desk.printer.papers() == [[LETTER] * 4, [LETTER] * 3]


@pytest.mark.parametrize(
    ("options", "paper", "width", "height"),
    [
        ({}, LETTER, 0.94, 0.94),
        ({"pages": "as_received"}, LETTER, 1.0, 1.0),
        ({"media": "A4"}, A4, 0.97, 0.89),
        ({"media": "A4", "pages": "as_received"}, A4, 1.0, 792 / 842),
        ({"media": "Legal"}, LEGAL, 0.94, 0.74),
        ({"media": "Legal", "pages": "as_received"}, LEGAL, 1.0, 792 / 1008),
    ],
)
def test_a_fax_is_fitted_to_the_paper_or_left_as_it_was_received(
    tmp_path: Path, printer: Printer, options: dict[str, Any], paper: tuple[int, int], width: float, height: float
) -> None:
    """A black page, 8.47 by 11 inches by its resolution; how much of the paper is black."""
    desk = Desk(tmp_path, printer, **options)
    desk.finish(desk.queued(desk.staged(tiff(1), "image/tiff")))
    assert printer.papers() == [[paper]]
    black = printer.black()
    assert black == pytest.approx((width, height), abs=0.02)


# -- printers in trouble


def test_a_stopped_printer_is_told_and_the_fax_is_printed_when_it_is_started(desk: Desk) -> None:
    desk.printer.queue("cupsdisable", "-r", "toner is on its way")
    plan = desk.queued()
    desk.told(plan, f"printer {desk.printer.name}: it is stopped (“toner is on its way”)")
    assert desk.printer.papers() == []
    desk.printer.queue("cupsenable")
    desk.finish(plan)
    assert desk.printer.papers() == [[LETTER] * 2]


def test_a_printer_without_paper_is_told_and_the_fax_is_printed_when_it_has_some(
    tmp_path: Path, shop: Shop, desk: Desk
) -> None:
    printer, paper = desk.printer, tmp_path / "paper"
    program = tmp_path / "print"
    program.write_text(
        f"#!/bin/sh\necho 'STATE: +media-empty-error' >&2\nwhile ! [ -e {paper} ]; do sleep 0.05; done\n"
        "echo 'STATE: -media-empty-error' >&2\n"
    )
    program.chmod(0o755)
    printer.off()
    printer.on(str(program))
    plan = desk.queued()
    desk.told(plan, f"printer {printer.name}: it has no paper")
    paper.touch()
    desk.finish(plan)
    assert printer.papers() == [[LETTER] * 2]


def test_a_printer_that_is_switched_off_is_told_and_prints_when_it_is_back(desk: Desk) -> None:
    desk.printer.off()
    plan = desk.queued()
    assert desk.go(plan).trouble is None, "it may only be slow"
    desk.clock.advance(SLOW)
    desk.told(plan, "does not get on (“The printer")
    desk.printer.on()
    desk.finish(plan)
    assert desk.printer.papers() == [[LETTER] * 2]


def test_a_printer_that_takes_no_jobs_or_does_not_exist_is_offline(desk: Desk) -> None:
    plan = desk.staged()
    desk.printer.queue("cupsreject", "-r", "moving house")
    with pytest.raises(SinkOffline, match=f"takes no jobs.*moving house.*cupsaccept {desk.printer.name}"):
        desk.go(plan)
    desk.printer.queue("cupsaccept")
    with pytest.raises(SinkOffline, match="has no printer “attic”"):
        desk.go({**plan, "printer": "attic"})
    desk.finish(desk.queued(plan))
    assert desk.printer.papers() == [[LETTER] * 2]


def test_a_job_that_a_person_cancels_is_not_printed_again(desk: Desk) -> None:
    desk.printer.queue("cupsdisable")
    plan = desk.queued()
    desk.printer.queue("cancel", "-a")
    with pytest.raises(Undeliverable, match="cancelled there"):
        desk.finish(plan)
    desk.printer.queue("cupsenable")
    desk.finish(desk.queued())
    assert len(desk.printer.papers()) == 1, "the next one is printed, and that only"


# -- the scheduler is gone


def test_a_scheduler_that_is_killed_delays_the_fax_and_prints_it_once(shop: Shop, desk: Desk) -> None:
    desk.printer.queue("cupsdisable")
    queued, begun, staged = desk.go(desk.staged()).plan, desk.go(desk.staged()).plan, desk.staged()
    before = time.time_ns()
    queued = desk.go(queued).plan
    control = shop.folder / "spool" / f"c{queued['job']:05d}"
    until(lambda: control.exists() and control.stat().st_mtime_ns >= before - 5_000_000, "the job is written down")
    shop.kill()
    for plan in (staged, begun, queued):
        with pytest.raises(SinkOffline, match=f"print server {shop.server} cannot be reached"):
            desk.go(plan)
    shop.start()
    desk.printer.queue("cupsenable")
    desk.finish(queued)
    desk.finish(staged)
    desk.finish(begun)
    assert desk.printer.papers() == [[LETTER] * 2] * 3


def test_a_scheduler_that_lost_its_last_jobs_when_it_was_killed_gets_none_of_them_again(tmp_path: Path) -> None:
    """By default CUPS writes a new job down after half a minute; its number is then given to another one."""
    with running_shop() as shop:
        desk = Desk(tmp_path, shop.printer("laser"))
        desk.finish(desk.queued())
        plan = desk.queued()
        until(lambda: len(desk.printer.papers()) == 2, "it is on paper, and nobody was told")
        shop.kill()
        shop.start()
        desk.printer.enter()
        with pytest.raises(Undeliverable, match=r"no longer known there.*may be on paper"):
            desk.go(plan)
        other = desk.queued()
        assert other["job"] <= plan["job"]
        desk.finish(other)
        with pytest.raises(Undeliverable, match="no longer known"):
            desk.go({**plan, "job": other["job"]})


def test_a_scheduler_that_forgets_what_it_printed_is_refused(tmp_path: Path) -> None:
    with running_shop("PreserveJobHistory No") as shop:
        desk = Desk(tmp_path, shop.printer("laser"))
        with pytest.raises(SinkOffline, match="set PreserveJobHistory Yes"):
            desk.go(desk.staged())


def test_a_scheduler_that_has_printed_nothing_yet_is_believed_to_remember(tmp_path: Path) -> None:
    with running_shop() as shop:
        desk = Desk(tmp_path, shop.printer("laser"))
        desk.finish(desk.queued())
        assert desk.printer.papers() == [[LETTER] * 2], "what was asked with is not on paper"


# -- we are gone


@pytest.mark.parametrize("lost", ["begun", "filled"])
def test_a_fax_whose_last_step_was_not_recorded_is_printed_once(desk: Desk, lost: str) -> None:
    plan = desk.staged() if lost == "begun" else desk.go(desk.staged()).plan
    desk.go(plan)
    desk.restart()
    desk.finish(plan)
    assert desk.printer.papers() == [[LETTER] * 2]


HANDS_OVER = """
import json, sys, time
from pathlib import Path
from support.sinking import sink_tools
from faxdaemon.sinks.printer import Options, open_sink
options, work, plan, fills = json.loads(sys.argv[1])
sink = open_sink("main:other:printer", Options(**options), sink_tools(Path(work)))
plan = sink.publish(plan).plan
print(json.dumps(dict(plan)), flush=True)
if fills:
    sink.publish(plan)
    print('"filled"', flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("fills", [False, True])
def test_a_process_that_is_killed_between_handing_over_and_recording_it(
    desk: Desk, fills: bool, tests_path: dict[str, str]
) -> None:
    """It had recorded the job that it began; whether it had filled it, nobody wrote down."""
    words = json.dumps([desk.options, str(desk.place / "work"), desk.staged(), fills])
    with subprocess.Popen([sys.executable, "-c", HANDS_OVER, words], stdout=subprocess.PIPE, env=tests_path) as child:
        assert child.stdout is not None
        lines = (json.loads(line) for line in child.stdout if line.startswith((b"{", b'"')))  # it logs there, too
        plan = next(lines)
        assert not fills or next(lines) == "filled"
        child.kill()
    desk.finish(plan)
    assert desk.printer.papers() == [[LETTER] * 2]


# -- what is not here


def test_without_the_package_people_are_told_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "cups", None)
    monkeypatch.delitem(sys.modules, "faxdaemon.printing.cups", raising=False)
    with pytest.raises(UserError, match=r"cups is not installed: apt-get install libcups2-dev.*python3-cups"):
        open_sink("main:other:printer", Options(printer="laser"), sink_tools(tmp_path))


def test_a_server_may_be_a_host_with_a_port() -> None:
    with pytest.raises(SinkOffline, match=r"print server localhost:1 cannot be reached"):
        open_spooler("localhost:1", []).trouble("laser")
