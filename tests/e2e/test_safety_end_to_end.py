"""Safety of the number through a real daemon: what is refused, what waits for a person and then goes once, what waits
for its hour, and where everything goes while the site tries things out."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.papers import pdf_bytes
from support.world import ELSEWHERE, World

TEST = "+13035550188"
STEM = ELSEWHERE.removeprefix("+1")
Begin = Callable[..., World]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """A daemon with one folder, and what the site is careful of."""
    with World(tmp_path) as world:

        def _begin(folder: dict[str, Any] | None = None, **safety: Any) -> World:
            world.configure({"folder": folder or {}, "top": {"safety": safety, "inbound": []}})
            world.start()
            return world

        yield _begin


def out(world: World) -> list[Any]:
    """What was really sent."""
    return [entry for entry in world.sandbox.ledger() if entry.direction == "out"]


def said(world: World, *arguments: str) -> str:
    """What a command answers."""
    command = [sys.executable, "-m", "faxdaemon", *arguments, "--config", str(world.config)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_premium_number_is_refused_and_nothing_leaves(begin: Begin) -> None:
    world = begin()
    world.drop("9005550123_x.pdf", pdf_bytes())
    world.wait("it is refused", lambda: len(world.names("failed")) == 2)
    assert "premium-rate" in world.answer("failed", "9005550123_x")["reason"]
    assert out(world) == []
    assert world.stop(world.processes[-1]) == 0


@pytest.mark.parametrize("how", ["released", "moved back"])
def test_a_look_alike_waits_for_a_person_and_is_then_sent_once(begin: Begin, how: str) -> None:
    world = begin(lookalike="1h")
    world.drop(f"{STEM}_first.pdf", pdf_bytes())
    world.wait("the first is sent", lambda: len(world.names("sent")) == 2)
    first = world.answer("sent", f"{STEM}_first")["id"]
    world.drop(f"{STEM}_again.pdf", pdf_bytes())
    world.wait("the look-alike is held", lambda: len(world.names("held")) == 2)
    answer = world.answer("held", f"{STEM}_again")
    assert first in answer["reason"]
    assert len(out(world)) == 1
    if how == "released":
        said(world, "release", answer["id"])
    else:
        (held,) = (world.out / "held").rglob("*.pdf")
        held.rename(world.out / held.name)
    world.wait("it is sent", lambda: len(world.names("sent")) == 4)
    assert world.names("held") == []
    assert [entry.destination for entry in out(world)] == [ELSEWHERE] * 2
    assert world.stop(world.processes[-1]) == 0


def test_what_is_over_the_cap_waits_also_over_a_restart(begin: Begin) -> None:
    first_hour = time.time() // 3600
    world = begin({"safety": {"per_hour": 2}})
    for n in range(4):
        world.drop(f"{STEM}_{n}.pdf", pdf_bytes())
        world.wait("it is taken", lambda: not list(world.out.glob("*.pdf")))
    world.wait("the first are sent", lambda: len(world.names("sent")) >= 4)
    world.wait("people are told", lambda: "an hour want to leave" in world.logs())
    assert world.stop(world.processes[-1]) == 0
    process = world.start()
    again = world.place / "daemon-1.log"
    world.wait("it is up again", lambda: " started " in again.read_text("utf-8"))
    assert "alerts of before are still open" in again.read_text("utf-8")
    waiting = said(world, "list", "--state", "ready")
    hours = 1 + time.time() // 3600 - first_hour  # an hour of the clock may have begun meanwhile
    assert len(out(world)) <= 2 * hours
    assert hours > 1 or waiting.count("  ready  ") == 2
    assert world.names("failed") == []
    assert world.stop(process) == 0


def test_everything_goes_to_the_test_number_and_the_answer_tells_the_real_one(begin: Begin) -> None:
    world = begin(test_number=TEST)
    world.drop(f"{STEM}_x.pdf", pdf_bytes())
    world.wait("it is sent", lambda: len(world.names("sent")) == 2)
    assert [entry.destination for entry in out(world)] == [TEST]
    answer = world.answer("sent", f"{STEM}_x")
    assert answer["recipients"][0]["number"] == TEST
    assert answer["fields"]["test_instead_of"] == ELSEWHERE
    assert ELSEWHERE in said(world, "show", answer["id"])
    assert "every fax goes to the test number" in world.logs()
    assert ELSEWHERE not in world.logs()
    assert world.stop(world.processes[-1]) == 0
