"""A received fax on paper: the real daemon, killed with SIGKILL while its job waits; then printed again on request."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.cups import Shop, shop_or_skip
from support.world import LINE, World


@pytest.fixture
def shop() -> Iterator[Shop]:
    with shop_or_skip() as shop:
        yield shop


def test_a_killed_daemon_prints_once_and_a_person_may_have_it_again(world: World, shop: Shop, tmp_path: Path) -> None:
    printer = shop.printer("laser")
    folder = tmp_path / "reprint"
    folder.mkdir()
    sinks = {
        "folder": {"path": str(world.desk)},
        "printer": {"printer": "laser", "server": shop.server, "reprint": str(folder)},
    }
    world.configure({"inbound": {"lines": {LINE: sinks}}})
    printer.queue("cupsdisable", "-r", "paper is on its way")
    world.sandbox.inject(LINE, pages=3)
    first = world.start()
    world.wait("the job is in the queue", lambda: "handed over to a printer" in world.logs())
    first.kill()
    first.wait()
    assert world.sandbox.inbox("clinic"), "nothing is acknowledged before it is on paper"
    second = world.start()
    world.wait("a person is told", lambda: "it is stopped (“paper is on its way”)" in world.logs())
    printer.queue("cupsenable")
    world.wait("the provider is told", lambda: not world.sandbox.inbox("clinic"))
    assert [len(pages) for pages in printer.papers()] == [3]

    (sidecar,) = [path for path in world.desk.iterdir() if path.suffix == ".json"]
    (folder / sidecar.name).write_bytes(sidecar.read_bytes())
    world.wait("the sidecar's fax is printed", lambda: len(printer.papers()) == 2)
    fax = json.loads(sidecar.read_bytes())["id"]
    command = [sys.executable, "-m", "faxdaemon", "reprint", fax, "--config", str(world.config)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert f"{fax}: will be printed again (clinic:{LINE}:printer)" in told
    world.wait("it is printed on request", lambda: len(printer.papers()) == 3)
    assert [len(pages) for pages in printer.papers()] == [3, 3, 3]
    assert world.stop(second) == 0
