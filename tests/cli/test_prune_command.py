"""`faxdaemon prune`: what would go, what goes, and who does it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
import yaml

from faxdaemon.core.model import Listed, StoredDocument
from faxdaemon.web.control import Control, ControlServer


@pytest.fixture
def old(empty):
    """One received fax that everybody has, and settings by which it may go at once."""
    journal = empty.journal()
    journal.seen("main", [Listed("77", "+13035550100", None, None, datetime.now(UTC), 1, {})])
    (fax,) = journal.claim_seen("main", 1, 60)
    place = empty.state / "spool" / "in" / "x" / "x-1.pdf"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"%PDF")
    journal.stored(fax, StoredDocument("in/x/x-1.pdf", 2**20, "0" * 64, "application/pdf", 1), [])
    (done,) = journal.claim_delivered("main", 1, 60, stored=False)
    journal.acknowledged(done)
    journal.close()
    whole = yaml.safe_load(empty.config.read_text())
    whole["node"] = "here"
    whole["retention"] = {"spool": "0s"}
    empty.config.write_text(yaml.safe_dump(whole))
    empty.copy = place
    empty.fax = fax.fax_id
    return empty


def test_a_dry_run_tells_and_changes_nothing(old):
    result = old.run("prune", "--dry-run")
    assert result.exit_code == 0, result.stderr
    assert old.fax in result.stdout
    assert "would go: our copies of 1; 1.0 MiB of the spool" in result.stdout
    (told,) = json.loads(old.run("prune", "--dry-run", "--json").stdout)
    assert (told["what"], told["fax_id"], told["files"]) == ("spool", old.fax, ["in/x/x-1.pdf"])
    assert old.copy.exists()


def test_without_a_daemon_it_is_done_here(old):
    result = old.run("prune")
    assert (result.exit_code, "of 1 faxes went our copies" in result.stdout) == (0, True), result.stderr
    assert "no daemon is running" in result.stderr
    assert not old.copy.exists()
    assert "nothing is old enough" in old.run("prune").stdout
    assert "would go: nothing" in old.run("prune", "--dry-run").stdout
    assert [one["what"] for one in json.loads(old.run("show", old.fax, "--json").stdout)["facts"]["cleared"]] == [
        "spool"
    ]


def test_a_daemon_does_it_itself(old):
    asked = []
    control = Control(old.journal(read_only=True), dict, lambda *_: "", old.place, prune=lambda: asked.append(1))
    server = ControlServer(control, old.state)
    server.start()
    try:
        assert "the daemon begins now" in old.run("prune").stdout
        assert json.loads(old.run("prune", "--json").stdout) == {"begun": True}
    finally:
        server.stop()
        control.journal.close()
    assert (asked, old.copy.exists()) == ([1, 1], True)


def test_where_nothing_is_ever_to_go(empty):
    empty.journal().close()
    result = empty.run("prune")
    assert (result.exit_code, "retention" in result.stderr) == (1, True)
    assert "would go: nothing" in empty.run("prune", "--dry-run").stdout
