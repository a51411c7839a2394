"""`faxdaemon import concord`: as far as the files tell, and what a person must decide is marked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from faxdaemon import cli
from faxdaemon.config.load import load

FOLDERS = """<?xml version="1.0"?>
<FaxFolders>
  <FaxFolder>
    <Name>Billing</Name>
    <MonitorFolder>/srv/fax/out/billing</MonitorFolder>
    <CompletedFolder>D:\\faxes\\completed</CompletedFolder>
    <FaxNumber>13035550199</FaxNumber>
    <Resolution>High</Resolution>
    <SenderName>North Clinic &amp; Co</SenderName>
    <EmailNotificationAddress>desk@example.org</EmailNotificationAddress>
    <UserPassword>hunter22</UserPassword>
    <PollInterval>30</PollInterval>
  </FaxFolder>
  <FaxFolder><MonitorFolder>\\\\server\\share\\lab</MonitorFolder></FaxFolder>
</FaxFolders>
"""
BOXES = """<MailboxList><Mailbox><Account>68985</Account><Folder>/srv/fax/in/desk</Folder>
<FileFormat> {messageId}_{receivedTime}_{callerNumber}_{calledNumber}_{nonsense}{TotalPages} </FileFormat>
</Mailbox></MailboxList>"""


def run(*files: Path) -> Any:
    return CliRunner().invoke(cli.app, ["import", "concord", *map(str, files)])


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    folders, boxes = tmp_path / "FaxFolderList.xml", tmp_path / "MailboxList.xml"
    folders.write_text(FOLDERS, encoding="utf-8")
    boxes.write_text(BOXES, encoding="utf-8")
    return folders, boxes


def test_what_the_files_tell_is_taken_over(files: tuple[Path, Path]) -> None:
    result = run(*files)
    assert result.exit_code == 0
    made = yaml.safe_load(result.stdout)
    billing, lab = made["outbound"]
    assert billing["folder"] == "/srv/fax/out/billing"
    assert (billing["to"], billing["resolution"]) == ("13035550199", "fine")
    assert billing["options"] == {"sender_name": "North Clinic & Co", "notify_to": "desk@example.org"}
    assert lab["folder"] == "\\\\server\\share\\lab"
    (line,) = made["inbound"][0]["lines"].values()
    assert line["folder"]["path"] == "/srv/fax/in/desk"
    assert line["folder"]["name"] == "{messageId}_{receivedTime}_{callerNumber}_{calledNumber}_{totalPages}"


def test_what_a_person_must_decide_is_marked(files: tuple[Path, Path]) -> None:
    text = run(*files).stdout
    marked = [line for line in text.splitlines() if "DECIDE" in line]
    for word in ("share", "PollInterval", "UserPassword", "{nonsense}", "Account", "password"):
        assert any(word in line for line in marked), word
    assert "completed" in text


def test_no_secret_is_taken_over(files: tuple[Path, Path]) -> None:
    result = run(*files)
    assert "hunter22" not in result.stdout + result.stderr


def test_with_the_decisions_made_the_daemon_takes_it(files: tuple[Path, Path], tmp_path: Path) -> None:
    text = run(*files).stdout.replace("\\\\server\\share\\lab", "/srv/fax/out/lab").replace("CHANGE-ME", "clinic")
    secret = tmp_path / "secret"
    secret.touch(mode=0o600)
    secret.write_text("x")
    config = tmp_path / "config.yaml"
    config.write_text(text.replace("/etc/faxdaemon/concord.password", str(secret)), encoding="utf-8")
    settings = load(config)
    assert [str(folder.folder) for folder in settings.outbound] == ["/srv/fax/out/billing", "/srv/fax/out/lab"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"not xml", "no XML"),
        (b"<a><b>c</b></a>", "names no folder"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a><b>&x;</b></a>', "no XML"),
    ],
)
def test_a_file_that_is_none_of_them(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "x.xml"
    path.write_bytes(content)
    result = run(path)
    assert (result.exit_code, result.stdout) == (1, "")
    assert why in result.stderr
