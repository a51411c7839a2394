"""Without a journal nothing works; people are told all the same, once."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path

import pytest

from faxdaemon.config.types import Settings
from faxdaemon.contracts.journal import Journal
from faxdaemon.core.errors import JournalBusy, JournalError
from faxdaemon.daemon import Daemon
from faxdaemon.parts import Parts

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="platform: the program is a script with #!")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    program = tmp_path / "tell"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$FAXDAEMON_JSON" >> {tmp_path}/told\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    account = {"provider": "faxage", "username": "u", "company": "c", "password": "p"}
    return Settings.model_validate(
        {"state": tmp_path / "state", "accounts": {"main": account}, "alerts": {"command": [{"argv": [str(program)]}]}}
    )


def told(place: Path) -> list[str]:
    path = place / "told"
    lines = path.read_text().splitlines() if path.exists() else []
    return [f"{news['what']}: {news['message']}" for line in lines for news in json.loads(line)["news"]]


class Broken(Parts):
    error: JournalError = JournalError("the file is damaged")

    def make_journal(self) -> Journal:
        raise self.error


def test_a_journal_that_cannot_be_opened_is_told_once(settings: Settings, tmp_path: Path) -> None:
    for _ in range(3):  # a service manager starts it again and again
        with pytest.raises(JournalError):
            Broken(settings)
    assert told(tmp_path) == ["new: the journal cannot be opened, so that nothing works: the file is damaged"]


def test_another_daemon_at_work_is_no_trouble(settings: Settings, tmp_path: Path) -> None:
    class Busy(Broken):
        error = JournalBusy("another one")

    with pytest.raises(JournalBusy):
        Busy(settings)
    assert told(tmp_path) == []
    assert not (settings.state / "alerts").exists()


def test_a_journal_that_failed_is_told_by_the_next_start(settings: Settings, tmp_path: Path) -> None:
    daemon = Daemon(settings)
    daemon.supervisor.failed = ("route", JournalError("disk"))
    daemon.stop()
    after = Daemon(settings)
    assert "the journal failed (JournalError)" in after.alert.open_alerts()["journal"]
    (tell,) = [worker for worker in after.supervisor.workers if worker.name.startswith("tell:")]
    tell._stage.step()
    assert told(tmp_path) == ["new: the journal failed (JournalError) and the daemon stopped; the log tells more"]
    after.stop()
