"""SIGKILL at each step of an inbound life, with two folders and a printer as destinations: a real CUPS scheduler, and
virtual printers that keep what they were sent.  What must hold wherever the plug was pulled, judged from outside alone:

- the fax lies once in each folder, with its sidecar whole, and is on paper once, every page;
- the provider was told, and not before all three have it;
- no temporary is left.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from queue import Queue

import pytest
from support.cups import Printer, shop_or_skip
from support.world import LINE, World

LAUNCHER = str(Path(__file__).with_name("launcher.py"))
AT_ONCE = 4
OFTEN = 8
"""What a waiting daemon does over and over is cut off so many times."""
STEP = re.compile(r"^step (\d+ .* after)$", re.MULTILINE)
PAGES = 2


class Office:
    """One life's places: its folders, and its turn at one of the printers."""

    def __init__(self, world: World, printer: Printer) -> None:
        self.world = world
        self.printer = printer
        self.archive = world.place / "archive"
        self.archive.mkdir()
        self._before = len(printer.papers())
        folders = [{"path": str(world.desk), "as": "pdf"}, {"path": str(self.archive), "id": "archive"}]
        paper = {"printer": printer.name, "server": printer.shop.server}
        world._changes = {"inbound": {"lines": {LINE: {"folder": folders, "printer": paper}}}}

    def places(self) -> tuple[list[str], list[str], list[int]]:
        """What lies in each folder, and the pages of each document that was printed."""
        papers = [len(sizes) for sizes in self.printer.papers()[self._before :]]
        return self.world.received(), self.world.received(self.archive), papers

    def whole(self) -> bool:
        """Each destination has it once."""
        desk, archive, papers = self.places()
        return (len(desk), len(archive), papers) == (2, 2, [PAGES])


@contextmanager
def office(printers: Queue[Printer]) -> Iterator[Office]:
    """A line with three destinations; the printer is this life's alone."""
    printer = printers.get()
    try:
        with tempfile.TemporaryDirectory(prefix="kill-in-") as place:
            world = World(Path(place))
            made = Office(world, printer)
            with world:
                yield made
    finally:
        printers.put(printer)


@pytest.fixture(scope="module")
def printers() -> Iterator[Queue[Printer]]:
    """Idle ones."""
    idle: Queue[Printer] = Queue()
    with shop_or_skip() as shop:
        for number in range(AT_ONCE):
            idle.put(shop.printer(f"laser{number}"))
        yield idle


def judge(office: Office) -> None:
    """Nothing lost, nothing twice, sidecars whole, nothing left."""
    world = office.world
    assert office.whole(), office.places()
    for folder in (world.desk, office.archive):
        (sidecar,) = folder.glob("*.json")
        facts = json.loads(sidecar.read_text("utf-8"))
        assert facts["sha256"] == hashlib.sha256((folder / facts["file"]).read_bytes()).hexdigest()
    left = [p for p in (office.archive / ".faxdaemon").iterdir() if not p.name.startswith("mark-")]
    sinks = [p for p in (world.state / "sinks").rglob("*") if p.is_file()]
    assert [*world.leftovers(), *left, *sinks] == []
    assert world.sandbox.inbox("clinic") == []


def started(world: World, at: str = "") -> None:
    """A daemon that waits for faxes, and one that arrives."""
    process = world.start((LAUNCHER,), "--at", at)
    world.wait("it listens", lambda: " started " in world.logs() or process.poll() is not None)
    world.sandbox.inject(LINE, pages=PAGES)


def a_whole_life(printers: Queue[Printer]) -> list[str]:
    """The steps from the arrival to the end, in a life that nobody ends."""
    with office(printers) as life:
        world = life.world
        started(world)
        before = set(STEP.findall(world.logs()))
        world.wait("the end", lambda: not world.sandbox.inbox("clinic") and life.whole())
        world.stop(world.processes[-1])
        judge(life)
        found = [step for step in STEP.findall(world.logs()) if int(step.partition(" ")[0]) <= OFTEN]
        return [step for step in found if step not in before]


def one_life(at: str, printers: Queue[Printer]) -> bool:
    """Whether the plug was pulled; what must hold, holds."""
    with office(printers) as life:
        world = life.world
        started(world, at)
        doomed = world.processes[-1]
        world.wait("an end", lambda: doomed.poll() is not None or not world.sandbox.inbox("clinic"))
        if not world.sandbox.inbox("clinic"):
            assert life.whole(), f"told before all have it: {life.places()}"
        killed = doomed.poll() is not None
        if not killed:
            world.stop(doomed)
        survivor = world.start((LAUNCHER,))
        world.wait(f"the end, after step {at}", lambda: not world.sandbox.inbox("clinic") and life.whole())
        world.stop(survivor)
        judge(life)
        return killed


@pytest.mark.timeout(900)
def test_killed_at_every_step_of_receiving_each_destination_has_it_once(printers: Queue[Printer]) -> None:
    steps = a_whole_life(printers)
    assert {"1 spooler.begin after", "1 spooler.fill after"} <= set(steps)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ends = dict(zip(steps, pool.map(partial(one_life, printers=printers), steps), strict=True))
    cut_off = [step for step, end in ends.items() if end]
    assert len(cut_off) > max(len(steps) / 2, 12), f"cut off only at {cut_off}: are the steps still counted?"
