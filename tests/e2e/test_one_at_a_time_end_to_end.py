"""FAX.de by a real daemon at the sandbox: its inbox of one fax is emptied, and an unclear job is repeated only as it
was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.papers import pdf_bytes
from support.world import World

from faxdaemon.sandbox import Fault, Play

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


def test_without_a_setting_a_destination_that_is_away_blocks_nothing(
    office: Callable[..., World], tmp_path: Path
) -> None:
    world = office({LINE: {"folder": {"path": str(tmp_path / "in" / "desk"), "name": "{provider_id}"}}})
    world.desk.rmdir()
    numbers = [world.sandbox.inject(LINE, pages=1) for _ in "12"]
    world.start()
    world.wait("the inbox is empty", lambda: waiting(world) == 0)
    world.desk.mkdir()
    world.wait("both are there", lambda: {f"{n}.tif" for n in numbers} <= set(world.received()))


def test_the_site_s_own_setting_counts(office: Callable[..., World], tmp_path: Path) -> None:
    lines = {LINE: {"folder": {"path": str(tmp_path / "in" / "desk"), "name": "{provider_id}"}}}
    world = office(lines, acknowledge="delivered")
    world.desk.rmdir()
    world.sandbox.inject(LINE, pages=1)
    world.start()
    world.wait("the folder is away", lambda: "received faxes wait" in world.logs())
    assert waiting(world) == 1
    world.desk.mkdir()
    world.wait("the inbox is empty", lambda: waiting(world) == 0)


def test_a_changed_account_does_not_repeat_what_is_unclear(office: Callable[..., World], tmp_path: Path) -> None:
    world = office({})
    outbound = {
        "provider": "faxde",
        "url": world.sandbox.url_of("faxde"),
        "customer": "faxde",
        "password": "${file:password}",
        "poll": "200ms",
        "settle": "10s",
        "timeout": "10s",
    }
    folder = {"accounts": ["main"], "to": "+4940555123"}

    def configured(**changes: Any) -> None:
        world.configure({"folder": folder, "top": {"accounts": {"main": {**outbound, **changes}}, "inbound": []}})

    configured()
    world.sandbox.fault(Fault(Play.ACCEPT_THEN_DROP, operation="SendJob"))
    process = world.start()
    world.drop("a.pdf", pdf_bytes())
    world.wait("its answer was lost", lambda: " lose " in world.logs() or '"lose"' in world.logs())
    assert world.stop(process) == 0
    configured(stationid="Praxis Nord")
    world.start()
    world.wait("it is held", lambda: len(world.names("held")) == 2)
    assert "settings were changed" in world.answer("held", "a")["reason"]
    assert len(world.sandbox.sent()) == 1
