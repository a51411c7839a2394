"""`faxdaemon reconcile` against the sandbox, with and without a daemon."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.boxes import ACCOUNTS

from faxdaemon import reconcile
from faxdaemon.core.errors import UserError
from faxdaemon.sandbox import Fault, Play, Sandbox
from faxdaemon.web.client import ControlClient
from faxdaemon.web.control import Control, ControlServer

LINE = "+13035550100"


@pytest.fixture
def box():
    with Sandbox(seconds_per_page=0.01, accounts=ACCOUNTS) as sandbox:
        yield sandbox


@pytest.fixture
def main(empty, box, monkeypatch):
    """A site whose account is at the sandbox; nothing is too young to be judged."""
    monkeypatch.setattr(reconcile, "GRACE", -2 * reconcile.GRACE)
    empty.configure(url=box.faxage_url)
    empty.journal().close()
    return empty


def strangers(box: Sandbox, main: Any) -> None:
    """A job that looks like ours, and one that does not."""
    for name in ("Dr. Lee [k3v9q2m7x0ab]", "Dr. Lee"):
        box.network.submit("clinic", "+13035550177", [], recipname=name, login="clinic")
    box.wait(lambda: all(entry.ended_at for entry in box.sent()))


def test_nothing_differs(main):
    result = main.run("reconcile")
    assert result.exit_code == 0, result.stderr
    assert "no difference" in result.stdout
    assert "no daemon" not in result.stderr


def test_differences_are_told_and_end_with_1(main, box):
    strangers(box, main)
    result = main.run("reconcile", "--days", "1")
    assert result.exit_code == 1
    assert "unknown" in result.stdout
    assert "1 of them are not ours" in result.stdout
    assert "+13035550177" not in result.stdout
    told = json.loads(main.run("reconcile", "--account", "main", "--json").stdout)
    assert [(r["account"], r["jobs"], r["others"], len(r["findings"])) for r in told] == [("main", 2, 1, 1)]
    assert len(box.sent()) == 2


def test_a_daemon_is_asked_to_look_unless_it_is_dry(main, box, monkeypatch):
    box.inject(LINE)
    monkeypatch.setattr(reconcile, "GRACE", -reconcile.timedelta(hours=1))
    looked = []
    control = Control(main.journal(read_only=True), dict, lambda *_: "", main.place, look=looked.append)
    server = ControlServer(control, main.state)
    server.start()
    try:
        dry = main.run("reconcile", "--dry-run")
        assert (dry.exit_code, looked) == (1, [])
        assert "received_unknown" in dry.stdout
        wet = main.run("reconcile")
        assert (wet.exit_code, looked) == (1, ["main"])
    finally:
        server.stop()
        control.journal.close()
    assert "no daemon is running" in main.run("reconcile").stderr


def test_no_such_account(main):
    result = main.run("reconcile", "--account", "nobody")
    assert (result.exit_code, "there is no account" in result.stderr) == (1, True)


def test_trouble_is_told_in_a_line(main, box):
    box.fault(Fault(Play.HTTP_ERROR, "listfax", count=0))
    result = main.run("reconcile")
    assert result.exit_code == 1
    assert "could not be reconciled" in result.stderr
    assert "Traceback" not in result.stderr


def test_an_account_that_wants_to_be_left_alone_is_not_asked(main, box):
    journal = main.journal()
    journal.quiet("main", "slow down", 300.0)
    journal.close()
    result = main.run("reconcile")
    assert (result.exit_code, "is not to be asked for another" in result.stderr) == (1, True)


def test_the_account_of_the_daemon_must_receive(main):
    def look(account):
        raise UserError(f"account {account} receives nothing here")

    journal = main.journal(read_only=True)
    server = ControlServer(Control(journal, dict, lambda *_: "", main.place, look=look), main.state)
    server.start()
    try:
        with ControlClient(main.state) as client, pytest.raises(UserError, match="receives nothing"):
            client.look("main")
    finally:
        server.stop()
        journal.close()
