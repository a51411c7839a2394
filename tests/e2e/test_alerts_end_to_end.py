"""Alerts and notices of a real daemon reach people by mail: once, also when the process is killed in between."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.mailbox import MailBox, mailbox
from support.world import PATIENCE, World

from faxdaemon.documents.paper import text_pdf

NUMBER = "+13035550177"


@pytest.fixture
def box() -> Iterator[MailBox]:
    with mailbox() as found:
        yield found


def mail_to(box: MailBox, **alerts: Any) -> dict[str, Any]:
    told = {"mail": [{"to": ["it@example.org"]}], "disk": 0, **alerts}
    return {"mail": {"host": "127.0.0.1", "port": box.port, "tls": "none", "from": "fax@example.org"}, "alerts": told}


def known(world: World) -> set[str]:
    """What the mail channel knows, as far as it was saved."""
    for path in sorted((world.state / "alerts").glob("*.json"), reverse=True):
        try:
            return {key for each in json.loads(path.read_text("utf-8"))["known"].values() for key in each}
        except (ValueError, OSError):
            continue
    return set()


def test_a_folder_that_is_away_is_mailed_once_over_a_kill(world: World, box: MailBox, tmp_path: Path) -> None:
    away = {"folder": str(tmp_path / "away"), "accounts": ["clinic"], "scan": "200ms"}
    here = {"folder": str(world.out), "accounts": ["clinic"], "settle": "300ms", "scan": "1s"}
    here["notices"] = {"on": ["sent"], "to": "asker@example.org", "image": True}
    world.configure({"top": {"outbound": [here, away], **mail_to(box)}})
    daemon = world.start()
    world.wait("the letter", lambda: box.letters)
    (letter,) = box.letters
    text = letter.message.get_content()
    assert f"drop folder {tmp_path / 'away'} cannot be used" in text
    world.wait("that it is remembered", lambda: f"folder:{tmp_path / 'away'}" in known(world))
    daemon.kill()
    daemon.wait(PATIENCE)
    daemon = world.start()
    world.drop(f"{NUMBER}_x.pdf", text_pdf("x"))
    world.wait("the notice", lambda: len(box.letters) > 1)
    assert world.stop(daemon) == 0
    assert [letter.to for letter in box.letters] == [["it@example.org"], ["asker@example.org"]]
    notice = box.letters[1].message
    assert notice["Subject"].endswith("was sent")
    assert [part.get_content_type() for part in notice.iter_attachments()] == ["image/png"]


def test_a_dead_mail_server_delays_no_fax(world: World, box: MailBox, tmp_path: Path) -> None:
    box.will("MAIL", *["451 not now"] * 100)
    away = {"folder": str(tmp_path / "away"), "accounts": ["clinic"], "scan": "200ms"}
    here = {"folder": str(world.out), "accounts": ["clinic"], "settle": "300ms", "scan": "1s"}
    world.configure({"top": {"outbound": [here, away], **mail_to(box)}})
    daemon = world.start()
    world.drop(f"{NUMBER}_x.pdf", text_pdf("x"))
    world.wait("a fax", lambda: world.names("sent"))
    world.wait("the trouble with mail", lambda: "alerts cannot be told by mail" in world.logs())
    assert world.stop(daemon) == 0
    assert box.letters == []
