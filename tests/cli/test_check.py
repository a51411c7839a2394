"""What `check` sees."""

from __future__ import annotations

import json

import pytest
import yaml
from support.boxes import ACCOUNTS
from support.mailbox import mailbox
from support.world import World

from faxdaemon.check import check
from faxdaemon.config.load import load
from faxdaemon.sandbox import Sandbox


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with Sandbox(directory=tmp_path_factory.mktemp("sandbox"), accounts=ACCOUNTS) as sandbox:
        yield sandbox


@pytest.fixture
def good(empty, sandbox):
    empty.configure(url=sandbox.faxage_url)
    return empty


def troubles(site):
    return [finding for finding in check(load(site.config)) if not finding.ok]


def test_all_in_order(good):
    result = good.run("check")
    assert result.exit_code == 0, result.stdout
    lines = result.stdout.splitlines()
    assert lines and all(line.startswith("ok ") for line in lines)
    for word in ("configuration", str(good.state), str(good.out), str(good.desk), "account main", "journal"):
        assert word in result.stdout


def test_check_changes_nothing(good):
    before = sorted(str(path) for path in good.place.rglob("*"))
    good.run("check")
    assert sorted(str(path) for path in good.place.rglob("*")) == before


def test_as_json(good):
    good.out.rmdir()
    result = good.run("check", "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    (trouble,) = [finding for finding in found if not finding["ok"]]
    assert trouble["topic"] == f"drop folder {good.out}"
    assert set(trouble) == {"topic", "ok", "text", "advice"}


def test_a_missing_drop_folder(good):
    good.out.rmdir()
    (trouble,) = troubles(good)
    assert (trouble.text, trouble.advice) == ("it does not exist", "create it, or mount it")


def test_a_file_where_a_folder_should_be(good):
    good.out.rmdir()
    good.out.touch()
    (trouble,) = troubles(good)
    assert trouble.text == "it is not a folder"


def test_a_missing_sink_folder(good):
    good.desk.rmdir()
    (trouble,) = troubles(good)
    assert str(good.desk) in trouble.topic and "create it" in trouble.advice


def test_a_state_folder_that_everybody_may_enter(good):
    good.state.chmod(0o755)
    (trouble,) = troubles(good)
    assert trouble.advice == f"run: chmod o= {good.state}"


def test_a_state_folder_that_is_not_there_yet_is_no_trouble(good):
    good.state.rmdir()
    assert troubles(good) == []


def test_little_room(good, monkeypatch):
    monkeypatch.setattr("faxdaemon.check.LITTLE", 1 << 80)
    (trouble,) = troubles(good)
    assert "MiB free" in trouble.text and "make room" in trouble.advice


def test_a_hidden_folder_elsewhere(good, monkeypatch, tmp_path):
    hidden = good.out / ".faxdaemon"
    hidden.symlink_to("/proc")
    (trouble,) = troubles(good)
    assert "another file system" in trouble.text


def test_a_journal_that_can_be_read(good):
    good.journal().close()
    (found,) = [finding for finding in check(load(good.config)) if finding.topic.startswith("journal")]
    assert found.ok and "0 items under way" in found.text


def test_a_damaged_journal(good):
    (good.state / "journal.sqlite3").write_bytes(b"not a database, for sure" * 100)
    (trouble,) = troubles(good)
    assert trouble.topic == "journal (SQLite)"


def test_wrong_credentials(good, sandbox):
    (good.place / "password").write_text("wrong", encoding="utf-8")
    (trouble,) = troubles(good)
    assert trouble.topic == "account main (faxage)"
    assert trouble.advice == "put user name and password right"
    assert "wrong" not in trouble.text


def test_a_provider_that_cannot_be_reached(empty):
    (trouble,) = troubles(empty)
    assert "cannot be used now" in trouble.text and "url" in trouble.advice


def test_a_path_too_long_for_the_socket(good, sandbox):
    text = good.config.read_text().replace(str(good.state), str(good.place / ("x" * 100)))
    good.config.write_text(text)
    (trouble,) = troubles(good)
    assert trouble.topic == "control socket" and "shorter `state`" in trouble.text


def test_beside_a_running_daemon(tmp_path):
    with World(tmp_path) as world:
        world.state.chmod(0o750)
        world.start()
        world.wait("it runs", lambda: " started " in world.logs())
        found = check(load(world.config))
        assert [finding for finding in found if not finding.ok] == []


def test_what_no_account_of_a_folder_takes(good):
    options = {"subject": "Results", "cover_text": "Hello", "retries": 2, "service": "fax", "sender_name": "Clinic"}
    whole = yaml.safe_load(good.config.read_text("utf-8"))
    whole["outbound"][0]["options"] = options
    good.config.write_text(yaml.safe_dump(whole), encoding="utf-8")
    first, second = troubles(good)
    assert first.topic == second.topic == f"drop folder {good.out}, options"
    assert first.text.startswith("asks for cover_text, and none of its accounts (main) takes that; nothing dropped")
    assert second.text == "asks for subject, and none of its accounts (main) takes that; it is sent without"


def test_the_mail_server(good):
    def settings(port):
        mail = {"host": "127.0.0.1", "port": port, "tls": "none", "from": "fax@example.org"}
        good.config.write_text(yaml.safe_dump({**yaml.safe_load(good.config.read_text()), "mail": mail}))

    with mailbox() as box:
        settings(box.port)
        assert troubles(good) == []
        assert box.letters == []
    (trouble,) = troubles(good)
    assert trouble.topic == "mail server 127.0.0.1"
    assert "cannot be reached" in trouble.text
