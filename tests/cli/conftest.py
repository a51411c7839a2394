"""A site with a journal that has something in it, and a way to run commands in this process."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
import yaml
from support.boxes import PASSWORD
from support.journals import put_journal
from typer.testing import CliRunner

from faxdaemon import cli
from faxdaemon.clock import SystemClock
from faxdaemon.contracts.journal import Routed
from faxdaemon.core.ids import FaxId, new_fax_id
from faxdaemon.core.model import Document, Drop, Listed, Origin, Route, StoredDocument
from faxdaemon.journal import open_journal
from faxdaemon.supervise import SignalHub

CLOCK = SystemClock()
NUMBER = "+13035550177"


class Site:
    """One configuration, one journal, no daemon."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.out, self.desk, self.state = place / "out", place / "desk", place / "state"
        for folder in (self.out, self.desk, self.state):
            folder.mkdir(mode=0o750)
        secret = place / "password"
        secret.touch(mode=0o600)
        secret.write_text(PASSWORD, encoding="utf-8")
        self.config = place / "config.yaml"
        self.configure()

    def configure(self, **account: Any) -> None:
        main = {"provider": "faxage", "username": "clinic", "company": "12345", "password": "${file:password}"}
        whole = {
            "state": str(self.state),
            "accounts": {"main": {**main, "url": "http://127.0.0.1:9/faxage", **account}},
            "outbound": [{"folder": str(self.out), "accounts": ["main"]}],
            "inbound": [{"account": "main", "lines": {"other": {"folder": {"path": str(self.desk)}}}}],
        }
        self.config.write_text(yaml.safe_dump(whole), encoding="utf-8")

    def journal(self, *, read_only: bool = False):
        if not read_only:
            put_journal(self.state)
        return open_journal(
            "sqlite", state=self.state, clock=CLOCK, signals=SignalHub(), node="here", read_only=read_only
        )

    def run(self, *words: str):
        """One command, with this site's configuration."""
        return CliRunner().invoke(cli.app, [*words, "--config", str(self.config)])

    def json(self, *words: str) -> Any:
        result = self.run(*words, "--json")
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    def state_of(self, fax: str) -> str:
        (row,) = [row for row in self.json("list", "--limit", "1000") if row["fax_id"] == fax]
        return row["state"]


def fresh_id() -> FaxId:
    return new_fax_id(int(CLOCK.now().timestamp() * 1000), CLOCK.entropy(10))


def dropped(journal, folder: Path, name: str, *, number: str = NUMBER, problem: str | None = None) -> FaxId:
    fax = fresh_id()
    journal.accept([Drop(fax, Origin(str(folder), name, 3, 1, 1), (Document(name, f"out/{fax}-1.pdf", 3, "0" * 64),))])
    if problem:
        journal.route([Routed(fax, problem=problem, shown_number=number)])
    else:
        journal.route([Routed(fax, (Route(number, "Dr Lee", ("main",), {}),), (2,))])
    return fax


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    """Commands run in this process leave its logging alone, and nothing is logged to stdout."""
    monkeypatch.setattr("faxdaemon.cli.common.quiet", lambda: None)
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    yield
    structlog.reset_defaults()


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """A site where no daemon ever ran."""
    monkeypatch.delenv("FAXDAEMON_CONFIG", raising=False)
    return Site(tmp_path)


@pytest.fixture
def site(empty):
    """One ready, one failed, one held because its fate is unclear, two received ones, one of them held."""
    journal = empty.journal()
    empty.ready = dropped(journal, empty.out, f"{NUMBER}_ready.pdf")
    journal.hold(empty.ready, "so that the next claim takes the other one")
    empty.failed = dropped(journal, empty.out, "no-number\x1b[31m.pdf", problem="the name has no number")
    empty.held = dropped(journal, empty.out, f"{NUMBER}_held.pdf")
    (work,) = journal.claim_ready("main", 1, 60)
    assert work.fax_id == empty.held
    journal.lost(work, "the connection broke", 0)
    (work,) = journal.claim_uncertain("main", 1, 60)
    journal.given_up(work, "nothing can tell whether it was sent")
    journal.release(empty.ready)
    seen = [
        Listed("77", "+13035550100", "+13035550199", "LAB\x07", datetime.now(UTC), 3, {}),
        Listed("78", "+13035550100", None, None, datetime.now(UTC), 1, {}),
    ]
    journal.seen("main", seen)
    stored, lost = sorted(journal.claim_seen("main", 2, 60), key=lambda fax: fax.listed.provider_id)
    empty.received, empty.lost = stored.fax_id, lost.fax_id
    journal.stored(stored, StoredDocument("in/x.pdf", 3, "0" * 64, "application/pdf", 3), ["main:other:folder"])
    journal.inbound_held(lost, "the provider cannot give it")
    journal.close()
    return empty
