"""What becomes of a pushed fax between the address and the journal, with a real journal, spool and document reader."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
from support.clock import FakeClock
from support.journals import put_journal
from support.papers import pdf_bytes

from faxdaemon.contracts.provider import JobStatus, Progress
from faxdaemon.contracts.push import NotUnderstood, Push, PushedFax, Understood
from faxdaemon.core.errors import FilesError, JournalError
from faxdaemon.core.lines import Lines
from faxdaemon.core.model import Listed
from faxdaemon.core.places import Spool
from faxdaemon.documents import open_documents
from faxdaemon.files import open_files
from faxdaemon.inbound.fetch import InboxRules
from faxdaemon.inbound.push import PushReceiver, PushRules
from faxdaemon.journal import open_journal

LINE = "+13035550120"
FAX = Listed("m1", LINE, None, "LAB", datetime(2026, 11, 20, 9, tzinfo=UTC), 2, {"print": "a"})
PUSH = Push("fax", "POST", {}, {}, b"")


class Bell:
    def notify(self, *topics: str) -> None:
        """Nobody waits."""


class Alerts:
    def __init__(self) -> None:
        self.open: dict[str, str] = {}

    def raise_(self, key: str, message: str) -> None:
        self.open[key] = message

    def clear(self, key: str) -> None:
        self.open.pop(key, None)


class World:
    def __init__(self, place: Path) -> None:
        self.clock = FakeClock()
        self.alerts = Alerts()
        self.spool = Spool(place)
        self.files = open_files()
        put_journal(place)
        self.journal = open_journal("sqlite", state=place, clock=self.clock, signals=Bell(), node="one")
        self.said: Any = Understood()
        self.rules = PushRules("main", 80, 30.0, InboxRules("main", 600.0, 10.0, Lines({LINE: ["desk"]})))

    def take(self, said: Any = None) -> int:
        receiver = PushReceiver(
            self.rules,
            self.spool,
            understand=lambda _: self.said if said is None else said,
            files=self.files,
            documents=open_documents(),
            journal=self.journal,
            clock=self.clock,
            alert=self.alerts,
        )
        return receiver.take(PUSH).status

    def fax(self, listed: Listed = FAX, document: bytes | None = None) -> int:
        content = pdf_bytes(pages=2) if document is None else document
        return self.take(Understood(faxes=(PushedFax(listed, content),)))

    def spooled(self) -> list[Path]:
        return sorted(path for path in self.spool.root.rglob("*") if path.is_file())

    def deliveries(self) -> int:
        return len(self.journal.claim_deliveries("desk", 100, 0.0))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with structlog.testing.capture_logs():
        made = World(tmp_path)
        yield made
        made.journal.close()


def test_a_pushed_fax_is_ours_before_it_is_answered(world: World) -> None:
    assert world.fax() == 200
    known = world.journal.received_as("main", "m1")
    assert known is not None
    assert known.document is not None
    (path,) = world.spooled()
    assert world.spool.path(known.document.spool) == path
    assert (known.document.pages, known.document.warning, world.deliveries()) == (2, None, 1)


def test_again_it_writes_nothing_and_changes_nothing(world: World) -> None:
    world.fax()
    before = [(path, path.stat().st_ino) for path in world.spooled()]
    assert world.fax(document=pdf_bytes(pages=3)) == 200
    assert [(path, path.stat().st_ino) for path in world.spooled()] == before
    assert world.deliveries() == 1


def test_what_a_dead_process_left_is_overwritten(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as dying:
        dying.setattr(world.journal, "arrived", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            world.fax()
    assert len(world.spooled()) == 1
    assert world.journal.received_as("main", "m1") is None
    assert world.fax() == 200
    assert len(world.spooled()) == 1


def test_when_somebody_else_was_first_nothing_is_left(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.journal, "arrived", lambda *_, **__: False)
    assert world.fax() == 200
    assert world.spooled() == []


def test_another_fax_under_the_same_name_is_another_fax(world: World) -> None:
    world.fax()
    other = replace(FAX, metadata={"print": "b"})
    assert world.fax(other) == 200
    assert world.fax(other) == 200
    assert world.journal.received_as("main", "m1:b") is not None
    assert world.deliveries() == 2


def test_a_fax_that_nobody_would_get_is_turned_away(world: World) -> None:
    assert world.fax(replace(FAX, called="+13035550121")) == 503
    assert world.journal.received_as("main", "m1") is None
    assert "+13035550121" in world.alerts.open["line:+13035550121"]


def test_what_is_no_document_is_turned_away(world: World) -> None:
    assert world.fax(document=b"%PDF-1.4 cut off") == 422
    assert (world.journal.received_as("main", "m1"), world.spooled()) == (None, [])
    assert "push:main" in world.alerts.open
    assert world.fax() == 200
    assert world.alerts.open == {}


@pytest.mark.parametrize("method", ["hinted", "arrived", "received_as"])
def test_a_journal_that_fails_is_never_answered_well(
    world: World, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """It passes, and the web server answers 503 (`test_push_web`); pushed again, it is taken."""
    with monkeypatch.context() as broken:
        broken.setattr(world.journal, method, lambda *_, **__: (_ for _ in ()).throw(JournalError("disk")))
        with pytest.raises(JournalError):
            world.fax()
    assert world.fax() == 200
    assert (len(world.spooled()), world.deliveries()) == (1, 1)


def test_a_full_disk_is_not_now(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise FilesError("no space left on device")

    monkeypatch.setattr(world.files, "write_new", full)
    assert world.fax() == 503
    assert "no space left" in world.alerts.open["push:main"]


def test_a_hint_makes_the_inbox_due(world: World) -> None:
    assert world.journal.take_duty("inbox:main", 600) == 0
    world.clock.advance(100)
    assert world.take(Understood(faxes=(PushedFax(FAX),))) == 200
    assert world.journal.take_duty("inbox:main", 600) == 0
    assert world.journal.received_as("main", "m1") is None


def test_an_account_that_receives_nothing_takes_none(world: World) -> None:
    world.rules = replace(world.rules, inbox=None)
    assert world.fax() == 404


def test_statuses_of_nobody_are_fine_and_nonsense_is_not(world: World) -> None:
    said = Understood(statuses=(JobStatus("1", Progress.SENT, "OK"),), references={"1": "x"})
    assert world.take(said) == 200
    assert world.take(NotUnderstood("it is nothing")) == 400
