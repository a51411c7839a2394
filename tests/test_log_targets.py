"""Where the log goes: the journal, stderr with priorities, a file that is begun anew."""

from __future__ import annotations

import errno
import io
import logging
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner

from faxdaemon import logs
from faxdaemon.core.errors import UserError
from faxdaemon.logs import journald, rotating


@pytest.fixture(autouse=True)
def _undo() -> Iterator[None]:
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield
    logs.configure(stream=io.StringIO())  # closes a file
    structlog.reset_defaults()
    logging.captureWarnings(False)
    root.setLevel(level)
    root.handlers[:] = handlers


@pytest.fixture
def journal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[dict[str, Any]]:
    """What systemd-python is given."""
    sent: list[dict[str, Any]] = []

    def send(text: str, **fields: Any) -> None:
        sent.append({"MESSAGE": text, **fields})

    monkeypatch.setitem(sys.modules, "systemd", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "systemd.journal", SimpleNamespace(send=send))
    monkeypatch.setattr(journald, "SOCKET", tmp_path)
    return sent


def test_an_entry_has_a_field_for_each_value(journal: list[dict[str, Any]]) -> None:
    logs.configure(to="journal")
    structlog.get_logger().warning(
        "alert", fax="01jd", account="main", message="x\ny", key="line +13035550123", none=None
    )
    assert journal == [
        {
            "MESSAGE": 'alert fax=01jd account=main message="x\\ny" key="line +1303•••••23"',
            "EVENT": "alert",
            "PRIORITY": 4,
            "SYSLOG_IDENTIFIER": "faxdaemon",
            "FAX": "01jd",
            "ACCOUNT": "main",
            "FAXDAEMON_MESSAGE": "x\ny",
            "KEY": "line +1303•••••23",
        }
    ]


def test_a_stack_is_in_the_message(journal: list[dict[str, Any]]) -> None:
    logs.configure(to="journal")
    try:
        {}["+13035550123"]
    except KeyError:
        structlog.get_logger().exception("stage failed", worker="w")
    (entry,) = journal
    assert entry["PRIORITY"] == 3
    assert "\n    KeyError: '+1303•••••23'" in entry["MESSAGE"]
    assert "EXCEPTION" not in entry


def stderr_is_the_journal(monkeypatch: pytest.MonkeyPatch, path: Path) -> Any:
    stream = path.open("w+", encoding="utf-8")
    found = os.fstat(stream.fileno())
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino}")
    return stream


def test_auto_is_the_journal_where_stderr_is(
    journal: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with stderr_is_the_journal(monkeypatch, tmp_path / "stderr") as stream:
        logs.configure(to="auto")
        structlog.get_logger().info("here")
        monkeypatch.setenv("JOURNAL_STREAM", "1:2")
        logs.configure(to="auto")
        structlog.get_logger().info("there")
        stream.seek(0)
        assert "there" in stream.read()
    assert [entry["EVENT"] for entry in journal] == ["here"]


def test_without_the_package_each_line_has_its_priority(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "systemd.journal", None)  # an import of it fails
    with stderr_is_the_journal(monkeypatch, tmp_path / "stderr") as stream:
        logs.configure(to="auto")
        log = structlog.get_logger()
        log.critical("the journal failed", worker="w")
        try:
            {}["x"]
        except KeyError:
            log.exception("stage failed")
        stream.seek(0)
        first, *rest = stream.read().splitlines()
    assert first == "<2>the journal failed worker=w"
    assert rest[0] == "<3>stage failed" and rest[-1] == "<3>    KeyError: 'x'"
    assert all(line.startswith("<3>") for line in rest)


def test_a_journal_that_cannot_be_is_a_mistake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(journald, "SOCKET", tmp_path / "none")
    with pytest.raises(UserError, match="there is no journal here"):
        logs.configure(to="journal")
    monkeypatch.setattr(journald, "SOCKET", tmp_path)
    monkeypatch.setitem(sys.modules, "systemd.journal", None)
    with pytest.raises(UserError, match="systemd-python"):
        logs.configure(to="journal")


def test_a_file_is_begun_anew_and_old_ones_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotating, "LARGE", 200)
    path = tmp_path / "faxdaemon.log"
    logs.configure(to="file", file=path, keep=2)
    log = structlog.get_logger()
    for number in range(12):
        log.info("an event", number=number, percent="100 % %s")
    names = sorted(one.name for one in tmp_path.iterdir())
    assert names == ["faxdaemon.log", "faxdaemon.log.1", "faxdaemon.log.2"]
    for one in tmp_path.iterdir():
        assert stat.S_IMODE(one.stat().st_mode) & 0o027 == 0, "not for everybody"
        assert 0 < one.stat().st_size <= 200
    assert "number=11" in path.read_text("utf-8") and "100 % %s" in path.read_text("utf-8")


def full(_text: str) -> int:
    raise OSError(errno.ENOSPC, "no space left")


def test_a_file_that_cannot_be_had_is_a_mistake_and_one_that_fails_later_is_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"log\.file: .*cannot be written"):
        logs.configure(to="file", file=tmp_path / "none" / "x.log")
    path = tmp_path / "x.log"
    logs.configure(to="file", file=path)
    (handler,) = [one._handler for one in logs._open]
    handler.stream, kept = io.StringIO(), handler.stream
    handler.stream.write = full  # type: ignore[method-assign] # a disk that is full, whatever machine this is
    structlog.get_logger().info("lost")
    handler.stream = kept
    structlog.get_logger().info("found")
    assert "found" in path.read_text("utf-8")


def test_a_logger_made_earlier_follows(tmp_path: Path) -> None:
    """As after a reload: modules keep their loggers for ever."""
    first, second = io.StringIO(), io.StringIO()
    logs.configure("warning", stream=first)
    log = structlog.get_logger()
    log.info("too little")
    log.warning("one")
    logs.configure("info", stream=second)
    log.info("two")
    assert "one" in first.getvalue() and "too little" not in first.getvalue()
    assert "two" in second.getvalue()


def test_a_file_without_its_name_is_a_mistake_with_its_line(tmp_path: Path) -> None:
    from faxdaemon import cli

    config = tmp_path / "config.yaml"
    config.write_text("state: /x\nlog:\n  to: file\n", "utf-8")
    told = CliRunner().invoke(cli.app, ["config", "check", str(config)])
    assert told.exit_code == 2
    assert "config.yaml:2: log: `to: file` and `file` belong together" in told.stderr
