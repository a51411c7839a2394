"""A line with several destinations and rules beside it, in a real daemon: one that is away holds up only itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from support.world import LINE, World

KEY = f"clinic:{LINE}:folder"


def status(world: World) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "faxdaemon", "status", "--json", "--config", str(world.config)],
        capture_output=True,
        env=os.environ,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def inbound(world: World, **more: Any) -> dict[str, Any]:
    away = {"path": str(world.place / "away"), "id": "archive", "required": False}
    desk = {"path": str(world.desk), "name": "{id}"}
    return {"inbound": {"lines": {LINE: {"folder": [desk, away]}}, **more}}


def test_a_destination_that_is_away_a_rule_and_one_that_is_gone(tmp_path: Path) -> None:
    world = World(tmp_path)
    rule = {"name": "long", "min_pages": 3, "folder": {"path": str(world.other), "name": "{id}"}}
    world._changes = inbound(world, rules=[rule])
    with world:
        daemon = world.start()
        for pages in (1, 3):
            world.sandbox.inject(LINE, pages=pages)
        world.wait("both are delivered and acknowledged", lambda: not world.sandbox.inbox("clinic"))
        world.wait("the long one is copied", lambda: len(world.received(world.other)) == 2)
        assert len(world.received()) == 4
        world.wait("it is told", lambda: f"sink:{KEY}:archive" in status(world)["alerts"])
        found = status(world)["destinations"]
        assert (found[f"{KEY}:archive"]["waiting"], list(found)) == (2, [f"{KEY}:archive"])
        world.stop(daemon)

        # The archive is taken out of the configuration: what waits for it is told of, and sent to the desk's folder.
        world.configure({"inbound": {"lines": {LINE: {"folder": {"path": str(world.desk), "name": "{id}"}}}}})
        daemon = world.start()
        world.wait("it is told", lambda: f"stray:{KEY}:archive" in status(world)["alerts"])
        command = [sys.executable, "-m", "faxdaemon", "redirect", f"{KEY}:archive", KEY, "--config", str(world.config)]
        done = subprocess.run(command, capture_output=True, check=True)
        assert b"2 received faxes sent to" in done.stdout
        assert status(world)["destinations"] == {}, "the desk has both already"
        assert len(world.received()) == 4
        world.stop(daemon)
