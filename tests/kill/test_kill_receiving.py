"""SIGKILL at each step of an inbound life, with two folders and something like a printer as destinations.

The "printer" is a program of a site's own (`command`): it prints a delivery that it knows by name only once, as a real
queue does for which our job has a name.  What must hold wherever the plug was pulled, judged from outside alone:

- the fax lies once in each folder, with its sidecar whole, and was printed once;
- the provider was told, and not before all three have it;
- no temporary is left.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.world import LINE, World

LAUNCHER = str(Path(__file__).with_name("launcher.py"))
AT_ONCE = 4
OFTEN = 8
"""What a waiting daemon does over and over is cut off so many times."""
STEP = re.compile(r"^step (\d+ .* after)$", re.MULTILINE)
LP = """
import os, pathlib, shutil, sys
paper = pathlib.Path(sys.argv[1])
shutil.copy(os.environ["FAXDAEMON_DOCUMENT"], paper / f"{os.getpid()}.draft")
try:
    os.link(paper / f"{os.getpid()}.draft", paper / f"{os.environ['FAXDAEMON_DELIVERY']}.printed")
except FileExistsError:
    pass  # the queue has this job
(paper / f"{os.getpid()}.draft").unlink()
"""


@contextmanager
def site(place: str) -> Iterator[World]:
    """A line with three destinations."""
    archive, paper, program = (Path(place) / name for name in ("archive", "paper", "lp.py"))
    archive.mkdir()
    paper.mkdir()
    program.write_text(LP, encoding="utf-8")
    world = World(Path(place))
    folders = [{"path": str(world.desk), "as": "pdf"}, {"path": str(archive), "id": "archive"}]
    command = {"argv": [sys.executable, str(program), str(paper)]}
    world._changes = {"inbound": {"lines": {LINE: {"folder": folders, "command": command}}}}
    with world:
        yield world


def places(world: World) -> tuple[list[str], list[str], list[str]]:
    return (
        world.received(),
        world.received(world.place / "archive"),
        [path.name for path in (world.place / "paper").glob("*.printed")],
    )


def whole(world: World) -> bool:
    """Each destination has it once."""
    desk, archive, paper = places(world)
    return (len(desk), len(archive), len(paper)) == (2, 2, 1)


def judge(world: World) -> None:
    """Nothing lost, nothing twice, sidecars whole, nothing left."""
    assert whole(world), places(world)
    for folder in (world.desk, world.place / "archive"):
        (sidecar,) = folder.glob("*.json")
        facts = json.loads(sidecar.read_text("utf-8"))
        assert facts["sha256"] == hashlib.sha256((folder / facts["file"]).read_bytes()).hexdigest()
    left = [p for p in (world.place / "archive" / ".faxdaemon").iterdir() if not p.name.startswith("mark-")]
    sinks = [p for p in (world.state / "sinks").rglob("*") if p.is_file()]
    assert [*world.leftovers(), *left, *sinks] == []
    assert world.sandbox.inbox("clinic") == []


def started(world: World, at: str = "") -> None:
    """A daemon that waits for faxes, and one that arrives."""
    process = world.start((LAUNCHER,), "--at", at)
    world.wait("it listens", lambda: " started " in world.logs() or process.poll() is not None)
    world.sandbox.inject(LINE, pages=2)


def a_whole_life() -> list[str]:
    """The steps from the arrival to the end, in a life that nobody ends."""
    with tempfile.TemporaryDirectory(prefix="kill-in-") as place, site(place) as world:
        started(world)
        before = set(STEP.findall(world.logs()))
        world.wait("the end", lambda: whole(world) and not world.sandbox.inbox("clinic"))
        world.stop(world.processes[-1])
        judge(world)
        found = [step for step in STEP.findall(world.logs()) if int(step.partition(" ")[0]) <= OFTEN]
        return [step for step in found if step not in before]


def one_life(at: str) -> bool:
    """Whether the plug was pulled; what must hold, holds."""
    with tempfile.TemporaryDirectory(prefix="kill-in-") as place, site(place) as world:
        started(world, at)
        doomed = world.processes[-1]
        world.wait("an end", lambda: doomed.poll() is not None or not world.sandbox.inbox("clinic"))
        if not world.sandbox.inbox("clinic"):
            assert whole(world), f"told before all have it: {places(world)}"
        killed = doomed.poll() is not None
        if not killed:
            world.stop(doomed)
        survivor = world.start((LAUNCHER,))
        world.wait(f"the end, after step {at}", lambda: whole(world) and not world.sandbox.inbox("clinic"))
        world.stop(survivor)
        judge(world)
        return killed


@pytest.mark.timeout(900)
def test_killed_at_every_step_of_receiving_each_destination_has_it_once() -> None:
    steps = a_whole_life()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ends = dict(zip(steps, pool.map(one_life, steps), strict=True))
    cut_off = [step for step, end in ends.items() if end]
    assert len(cut_off) > max(len(steps) / 2, 12), f"cut off only at {cut_off}: are the steps still counted?"
