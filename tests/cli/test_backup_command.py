"""`faxdaemon backup` and `restore`, and `prune --compact`."""

from __future__ import annotations

import json
import shutil

from faxdaemon.core.places import DropPlaces


def test_there_and_back(site):
    target = site.place / "backup"
    result = site.run("backup", str(target))
    assert result.exit_code == 0, result.stderr
    assert "and the journal as of" in result.stdout
    assert "missing: out/" in result.stderr, "this site's documents were never there"
    assert (target / "journal.sqlite3").stat().st_mode & 0o077 == 0
    shutil.rmtree(site.state)
    site.state.mkdir()
    told = json.loads(site.run("restore", str(target), "--json").stdout)
    assert told["held"] == {"to send": 1, "to deliver": 1}
    assert sorted(path.name for path in site.state.iterdir() if path.is_file()) == ["journal.sqlite3"]
    assert (site.state_of(site.ready), site.state_of(site.failed)) == ("held", "failed")
    again = site.run("restore", str(target))
    assert (again.exit_code, "move it away" in again.stderr) == (1, True)


def test_what_was_sent_by_command_after_the_backup_waits_for_a_person(site):
    site.config.write_text(site.config.read_text("utf-8") + "node: office\n", "utf-8")
    target = site.place / "backup"
    assert site.run("backup", str(target)).exit_code == 0
    (site.state / "journal.sqlite3").unlink()
    claims = DropPlaces(site.state / "outbox", "office").claims
    claims.mkdir(parents=True)
    later = "01jd0000000000000000000009"
    (claims / f"{later}=3035550123_x.pdf").write_bytes(b"%PDF")
    (moved,) = json.loads(site.run("restore", str(target), "--json").stdout)["moved"]
    assert moved == str(site.state / "outbox" / "held" / f"3035550123_x.{later}.pdf")


def test_what_cannot_be(site):
    assert "not empty" in site.run("backup", str(site.out.parent)).stderr
    assert "state folder" in site.run("backup", str(site.state / "x")).stderr
    assert "no whole backup" in site.run("restore", str(site.out)).stderr


def test_nothing_to_back_up(empty):
    result = empty.run("backup", str(empty.place / "backup"))
    assert (result.exit_code, "there is no journal here" in result.stderr) == (1, True)


def test_the_journal_is_compacted_without_a_daemon(site):
    assert "the journal had" in site.run("prune", "--compact").stdout
    assert set(json.loads(site.run("prune", "--compact", "--json").stdout)) == {"before", "after"}
    journal = site.journal()
    try:
        result = site.run("prune", "--compact")
        assert (result.exit_code, "another faxdaemon" in result.stderr) == (1, True)
    finally:
        journal.close()
