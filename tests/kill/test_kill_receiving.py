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
AT_ONCE = 3
STEP = re.compile(r"^step \d+ ", re.MULTILINE)
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


def started(world: World, at: int) -> None:
    """A daemon that waits for faxes, and one that arrives."""
    world.start((LAUNCHER,), "--at", str(at))
    process = world.processes[-1]
    world.wait("it listens", lambda: " started " in world.logs() or process.poll() is not None)
    world.sandbox.inject(LINE, pages=2)


def steps() -> range:
    """From the arrival to the end, in a life that nobody ends.  Every third: befores and afters in turn, and which act
    a number means differs from life to life, for the three destinations work at the same time."""
    with tempfile.TemporaryDirectory(prefix="kill-in-") as place, site(place) as world:
        started(world, 0)
        before = len(STEP.findall(world.logs()))
        world.wait("the end", lambda: whole(world) and not world.sandbox.inbox("clinic"))
        world.stop(world.processes[-1])
        judge(world)
        return range(max(before - 2, 1), len(STEP.findall(world.logs())) + 1, 3)


def one_life(at: int) -> bool:
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
        survivor = world.start((LAUNCHER,), "--at", "0")
        world.wait(f"the end, after step {at}", lambda: whole(world) and not world.sandbox.inbox("clinic"))
        world.stop(survivor)
        judge(world)
        return killed


@pytest.mark.timeout(600)
def test_killed_at_every_step_of_receiving_each_destination_has_it_once() -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ends = list(pool.map(one_life, steps()))
    assert sum(ends) > 15, "hardly any life ended before its time: are the steps still counted?"
