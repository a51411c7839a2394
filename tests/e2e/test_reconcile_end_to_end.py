"""A life in which the provider's lists are compared with the journal all the time: nothing is doubled."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from support.papers import pdf_bytes
from support.world import LINE, World

from faxdaemon.sandbox.faults import Fault, Play

ALWAYS = str(Path(__file__).with_name("always_reconciling.py"))
FAXES = 4


@pytest.mark.parametrize("provider", ["faxage", "opentext"])
def test_a_life_of_constant_reconciliation(tmp_path: Path, provider: str) -> None:
    with World(tmp_path) as world:
        if provider == "opentext":
            account = {"provider": "opentext", "url": world.sandbox.url_of("opentext"), "username": "opentext"}
            common = {"password": "${file:password}", "poll": "200ms", "settle": "500ms", "timeout": "10s"}
            world.configure({"top": {"accounts": {"clinic": {**account, **common}}}})
        line = LINE if provider == "faxage" else "+13035550140"
        if provider == "faxage":  # the job is there, and shows up only after the first look
            world.sandbox.fault(Fault(Play.ACCEPT_LATE, "sendfax", seconds=0.8))
        world.sandbox.fault(Fault(Play.ITEM_AGAIN))
        world.start((ALWAYS,))
        for n in range(FAXES):
            world.drop(f"{line}_{n}.pdf", pdf_bytes(text=f"letter {n}"))
        folder = world.desk if provider == "faxage" else world.other

        def over() -> bool:
            ended = len(world.names("sent")) + len(world.names("held")) == 2 * FAXES
            return ended and len(world.received(folder)) >= 2 * FAXES and not world.sandbox.inbox("clinic")

        world.wait("everything came to its end", over)
        report = world.state / "reports" / "reconcile-clinic.json"
        before = report.stat().st_mtime_ns if report.exists() else 0
        world.wait("another report", lambda: report.exists() and report.stat().st_mtime_ns > before)
        world.wait("all is at rest", lambda: json.loads(report.read_text())["until"] != "")
        assert world.stop(world.processes[-1]) == 0
        sent = Counter(entry.documents for entry in world.sandbox.sent())
        assert (len(sent), set(sent.values())) == (FAXES, {1})
        assert len(world.received(folder)) == 2 * FAXES, "each once, with its sidecar"
        assert world.leftovers() == []
