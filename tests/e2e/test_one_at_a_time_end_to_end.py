"""FAX.de shows one fax at a time: a real daemon at the sandbox empties that inbox, whatever stands in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.world import World

LINE = "+494055500130"
HOUR = "1h"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Callable[..., World]]:
    made: list[World] = []

    def make(lines: dict[str, Any], **inbound: Any) -> World:
        world = World(tmp_path)
        made.append(world)
        world.__enter__()
        account = {
            "provider": "faxde",
            "url": world.sandbox.url_of("faxde"),
            "customer": "faxde",
            "password": "${file:password}",
            "poll": "200ms",
            "timeout": "10s",
        }
        settings = {
            "password": "sandbox",
            "inbound": {"poll": HOUR, "lines": lines, **inbound},
            "top": {"accounts": {"clinic": account}},
        }
        world.configure(settings)
        return world

    yield make
    for world in made:
        world.__exit__()


def waiting(world: World) -> int:
    return len(world.sandbox.inbox("faxde"))


def test_twenty_faxes_are_there_within_one_poll(office: Callable[..., World], tmp_path: Path) -> None:
    world = office({LINE: {"folder": {"path": str(tmp_path / "in" / "desk"), "name": "{provider_id}"}}})
    numbers = [world.sandbox.inject(LINE, pages=1) for _ in range(20)]
    world.start()
    world.wait("the inbox is empty", lambda: waiting(world) == 0)
    world.wait("all are there", lambda: len(world.received()) == 40)
    assert sorted(world.received()) == sorted(f"{n}{suffix}" for n in numbers for suffix in (".json", ".tif"))
    assert all(entry.deleted_at for entry in world.sandbox.ledger() if entry.direction == "in")


def test_a_line_that_nobody_configured_blocks_nothing(office: Callable[..., World], tmp_path: Path) -> None:
    world = office({"+4940999": {"folder": {"path": str(tmp_path / "in" / "desk")}}})
    world.sandbox.inject(LINE, pages=1)
    world.start()
    world.wait("the inbox is empty", lambda: waiting(world) == 0)
    assert world.received() == []
    kept = list((world.state / "spool").rglob("*.tif"))
    assert len(kept) == 1, "its document is safe"
    world.wait("it is told", lambda: "faxes to it are held here" in world.logs())
