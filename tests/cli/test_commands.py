"""What commands print and how they end, on a real journal and without a daemon."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
import typer
import yaml
from typer.testing import CliRunner

from faxdaemon import __version__, cli
from faxdaemon.cli.listing import past
from faxdaemon.core.errors import JournalError


def fails(result, status, *words):
    """One clear line on stderr, nothing on stdout, and the status."""
    assert result.exit_code == status, (result.stdout, result.stderr)
    assert result.stdout == ""
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    for word in words:
        assert word in result.stderr


# -- help


def commands(group=None, path=()):
    group = group or typer.main.get_command(cli.app)
    for name, command in group.commands.items():
        yield (*path, name), command
        if hasattr(command, "commands"):
            said = ("main",) if any(param.param_type_name == "argument" for param in command.params) else ()
            yield from commands(command, (*path, name, *said))


EVERY = {" ".join(path): path for path, _ in commands()}


def test_the_commands_that_there_are():
    wanted = (
        "migrate doctor init "
        "run reload check explain cover demo sandbox send list show hold release resend cancel sent reprint give-up "
        "redirect status account config import reconcile prune backup restore"
    )
    account = (
        "offers lines numbers records covers profile image transmittal forget again web broadcast "
        "lines-list lines-enable lines-disable "
        "numbers-areas numbers-exchanges numbers-search numbers-order numbers-return numbers-portable "
        "broadcast-start broadcast-status broadcast-report simple simple-send simple-status"
    )
    below = {f"account main {name.replace('-', ' ')}" for name in account.split()}
    groups = {"config schema", "config check", "config routes", "config sample", "import concord"}
    assert set(wanted.split()) | groups | below == set(EVERY)


@pytest.mark.parametrize("path", EVERY.values(), ids=EVERY)
def test_every_command_teaches_by_example(path):
    for flag in ("--help", "-h"):
        result = CliRunner().invoke(cli.app, [*path, flag])
        assert result.exit_code == 0
        _, _, examples = result.stdout.partition("Examples:\n")
        assert examples.lstrip().startswith(f"faxdaemon {' '.join(path)}") or f"faxdaemon {' '.join(path)}" in examples


def test_every_example_would_be_understood():
    """The words of each example are parsed by the command itself."""
    seen = 0
    root = typer.main.get_command(cli.app)
    for path, command in commands():
        for line in (command.help or "").splitlines():
            words = line.strip().split("  ")[0]
            if not words.startswith("faxdaemon "):
                continue
            given = shlex.split(words.partition(" > ")[0].partition(" | ")[0])[1:]
            assert tuple(given[: len(path)]) == path, words
            rest = given[len(path) :]
            if not hasattr(command, "commands"):
                command.make_context(words, rest, parent=root.make_context("faxdaemon", [path[0], "x"]))
                seen += 1
    assert seen >= len(EVERY)


def test_help_imports_nothing_heavy():
    heavy = [
        "pydantic",
        "sqlalchemy",
        "fastapi",
        "uvicorn",
        "httpx",
        "rich",
        "structlog",
        "phonenumbers",
        "yaml",
        "PIL",
    ]
    program = f"import sys, faxdaemon.cli; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_version(empty):
    result = CliRunner().invoke(cli.app, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"faxdaemon {__version__}\n")


# -- mistakes


def test_a_wrong_configuration_tells_every_problem_on_a_line_of_its_own(empty):
    empty.config.write_text("state: relative\nregion: XX\nnonsense: 1\n")
    result = empty.run("list")
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert len(lines) >= 3 and all(line.startswith(f"{empty.config}:") for line in lines)


def test_a_configuration_that_is_not_there(empty):
    empty.config.unlink()
    fails(empty.run("check"), 2, str(empty.config), "config.example.yaml")


@pytest.mark.parametrize("words", [["list"], ["show", "01"], ["hold", "01"]])
def test_where_no_daemon_ever_ran_nothing_is_created(empty, words):
    fails(empty.run(*words), 1, "no journal here")
    assert list(empty.state.iterdir()) == []


@pytest.mark.parametrize("command", ["show", "hold", "release", "resend", "cancel", "sent", "reprint"])
@pytest.mark.parametrize(
    ("fax", "words"),
    [("zzzz", "there is no fax zzzz"), ("0", "several faxes begin with 0"), ("../x", "is not a fax id")],
)
def test_a_wrong_id_is_told(site, command, fax, words):
    fails(site.run(command, fax), 1, words)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["list", "--state", "lost"], "there are: received, ready"),
        (["list", "--since", "tomorrow"], "write 2h, 30m"),
        (["list", "--limit", "0"], "--limit"),
        (["show"], "ID"),
        (["lsit"], "lsit"),
    ],
)
def test_a_mistake_in_the_command_is_status_2(site, words, told):
    result = site.run(*words)
    assert result.exit_code == 2
    assert told in result.stderr and "Traceback" not in result.stderr


def test_trouble_with_the_journal_is_one_line(site, monkeypatch):
    def broken(*_, **__):
        raise JournalError("the disk is full")

    monkeypatch.setattr("faxdaemon.journal.open_journal", broken)
    fails(site.run("list"), 1, "the disk is full")


def test_a_folder_that_may_not_be_read_is_one_line(site, monkeypatch):
    def refused(*_, **__):
        raise PermissionError(13, "Permission denied", "/var/lib/faxdaemon")

    monkeypatch.setattr("faxdaemon.journal.open_journal", refused)
    fails(site.run("list"), 1, "permission denied: /var/lib/faxdaemon", "daemon's user")


def test_an_interruption_is_status_130(site, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("faxdaemon.journal.open_journal", interrupted)
    assert site.run("list").exit_code == 130


# -- list


def ids(rows):
    return [row["fax_id"] for row in rows]


def test_list_shows_the_newest_first(site):
    rows = site.json("list")
    assert set(ids(rows)) == {site.ready, site.failed, site.held, site.received, site.lost}
    assert ids(rows) == sorted(ids(rows), reverse=True)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["--held"], {"held", "lost"}),
        (["--held", "--out"], {"held"}),
        (["--in"], {"received", "lost"}),
        (["--out"], {"ready", "failed", "held"}),
        (["--state", "failed", "--state", "ready"], {"ready", "failed"}),
        (["--number", "5550177"], {"ready", "held", "failed"}),
        (["--number", "+1 (303) 555-0177", "--state", "held"], {"held"}),
        (["--name", "ready"], {"ready"}),
        (["--account", "main", "--out"], {"ready", "held"}),
        (["--account", "other"], set()),
        (["--since", "1h"], {"ready", "failed", "held", "received", "lost"}),
        (["--since", "2999-01-01"], set()),
        (["--folder", "out"], {"ready", "failed", "held"}),
        (["--folder", "elsewhere"], set()),
    ],
)
def test_list_filters(site, words, wanted):
    words = [str(site.place / word) if word in {"out", "elsewhere"} else word for word in words]
    assert set(ids(site.json("list", *words))) == {getattr(site, name) for name in wanted}


def test_list_tells_when_there_is_more(site):
    result = site.run("list", "--limit", "2")
    assert len(result.stdout.splitlines()) == 3
    assert "only the newest 2" in result.stderr


def test_numbers_are_masked_in_lists_even_in_file_names(site):
    for words in ([], ["--json"]):
        assert "5550177" not in site.run("list", *words).stdout
        assert "+13035550177_ready.pdf" in site.run("list", "--full", *words).stdout


def test_what_others_wrote_does_not_act_on_the_terminal(site):
    for words in (["list"], ["show", site.failed], ["show", site.received]):
        text = site.run(*words).stdout
        assert all(c.isprintable() or c == "\n" for c in text)
    assert r"no-number\x1b[31m.pdf" in site.run("list").stdout


def test_an_empty_list_is_an_empty_array_and_a_word_for_people(site):
    result = site.run("list", "--name", "nothing like it")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "there are none\n")
    assert site.json("list", "--name", "nothing like it") == []


def test_ago_and_dates():
    now = datetime.now(UTC)
    assert abs(past("2h") - (now - timedelta(hours=2))) < timedelta(minutes=1)
    assert abs(past("7d") - (now - timedelta(days=7))) < timedelta(minutes=1)
    assert past("2026-11-20") == datetime(2026, 11, 20).astimezone(UTC)
    assert past("2026-11-20T09:30+00:00") == datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
    assert past(None) is None


# -- show


def test_show_tells_the_whole_life(site):
    text = site.run("show", site.held[:18]).stdout
    assert text.startswith(f"{site.held}: ")
    assert "+13035550177" in text
    for event in ("received", "routed", "intend", "lose", "give_up"):
        assert event in text
    assert text.index("routed") < text.index("give_up")
    assert "nothing can tell whether it was sent" in text


def test_show_as_json_has_facts_and_events(site):
    life = site.json("show", site.held)
    assert (life["id"], life["direction"]) == (site.held, "out")
    assert life["facts"]["recipients"][0]["number"] == "+13035550177"
    assert [event["event"] for event in life["events"]][-1] in {"give_up", "rest"}
    assert all(datetime.fromisoformat(event["at"]).tzinfo for event in life["events"])


def test_show_a_received_one(site):
    text = site.run("show", site.received).stdout
    assert "delivery main:other:folder" in text and "LAB" in text


# -- decisions without a daemon


def test_without_a_daemon_nothing_is_printed_again_and_that_is_said(site):
    fails(site.run("reprint", site.lost), 1, "no daemon is running")


@pytest.mark.parametrize(
    ("words", "fax", "state"),
    [
        (["hold"], "ready", "held"),
        (["release"], "held", "uncertain"),
        (["resend"], "held", "ready"),
        (["cancel"], "ready", "cancelled"),
        (["sent"], "held", "sent"),
        (["release"], "lost", "seen"),
    ],
)
def test_without_a_daemon_a_decision_goes_into_the_journal_and_that_is_said(site, words, fax, state):
    fax = getattr(site, fax)
    result = site.run(*words, fax)
    assert result.exit_code == 0, result.stderr
    assert fax in result.stdout
    assert "no daemon is running" in result.stderr
    assert site.state_of(fax) == state


def test_hold_keeps_its_reason(site):
    site.run("hold", site.ready, "--reason", "number is being checked")
    (row,) = site.json("list", "--name", "ready")
    assert row["reason"] == "number is being checked"


def test_a_decision_that_cannot_be_done_says_why(site):
    fails(site.run("hold", site.held), 1, "cannot be held", "recipient 1 is held")


def test_a_decision_waits_for_nobody_who_has_the_journal(site):
    """Somebody holds the journal but does not listen: refused, not written beside him."""
    journal = site.journal()
    try:
        fails(site.run("cancel", site.ready), 1, "another faxdaemon")
    finally:
        journal.close()
    assert site.state_of(site.ready) == "ready"


# -- send without a daemon


def test_send_says_that_no_daemon_runs(empty):
    document = empty.place / "a.pdf"
    document.write_bytes(b"%PDF")
    fails(empty.run("send", str(document), "+13035550100"), 1, "no daemon is running", "faxdaemon run")


@pytest.mark.parametrize("number", ["13", "fax", "", "+1303555010"])
def test_send_refuses_a_wrong_number_first(empty, number):
    fails(empty.run("send", "/does/not/exist", number), 1, "fax number" if number else "empty")


def test_send_refuses_what_is_no_document(empty):
    missing, void = empty.place / "missing.pdf", empty.place / "void.pdf"
    void.touch()
    fails(empty.run("send", str(missing), "+13035550100"), 1, "does not exist")
    fails(empty.run("send", str(empty.place), "+13035550100"), 1, "not a file")
    fails(empty.run("send", str(void), "+13035550100"), 1, "is empty")


# -- status


def test_status_without_a_daemon(site):
    result = site.run("status")
    assert result.exit_code == 3
    assert "not running" in result.stdout and "1 out.ready" in result.stdout
    assert "2 waiting for a person: faxdaemon list --held" in result.stdout


def test_status_as_json_without_a_daemon(site):
    result = site.run("status", "--json")
    assert result.exit_code == 3
    found = json.loads(result.stdout)
    assert found["running"] is False and found["counts"]["out.held"] == 1


def test_status_where_none_ever_ran(empty):
    result = empty.run("status")
    assert result.exit_code == 3
    assert "not running" in result.stdout and "no journal here" in result.stderr


def test_status_tells_of_paused_accounts(site):
    journal = site.journal()
    journal.pause("main", "wrong password", 600)
    journal.close()
    assert "account main is paused" in site.run("status").stdout


def test_status_tells_of_accounts_that_are_not_to_be_asked(site):
    journal = site.journal()
    journal.quiet("main", "HTTP 429", 600)
    journal.close()
    assert "account main is not asked" in site.run("status").stdout


# -- config


def test_the_schema_is_one_json_document(empty):
    result = CliRunner().invoke(cli.app, ["config", "schema"])
    assert result.exit_code == 0 and "state" in json.loads(result.stdout)["properties"]


def test_the_schema_of_a_request_file_is_one_json_document(empty):
    result = CliRunner().invoke(cli.app, ["config", "schema", "--request"])
    assert result.exit_code == 0 and "to" in json.loads(result.stdout)["properties"]


def test_config_check(empty):
    assert "in order" in empty.run("config", "check").stdout
    other = empty.place / "other.yaml"
    other.write_text("state: 1\n")
    result = empty.run("config", "check", str(other))
    assert result.exit_code == 2 and str(other) in result.stderr


# -- the real program


def test_the_program_itself(site):
    """Through `python -m`, with stdout that is no terminal."""
    command = [sys.executable, "-m", "faxdaemon"]
    env = {**os.environ, "FAXDAEMON_CONFIG": str(site.config), "FORCE_COLOR": ""}
    listed = subprocess.run([*command, "list", "--json"], capture_output=True, text=True, check=True, env=env)
    assert len(json.loads(listed.stdout)) == 5
    table = subprocess.run([*command, "list"], capture_output=True, text=True, check=True, env=env)
    assert "\x1b" not in table.stdout and site.held in table.stdout
    wrong = subprocess.run([*command, "show", "zzz"], capture_output=True, text=True, check=False, env=env)
    assert wrong.returncode == 1
    assert wrong.stderr == "faxdaemon: there is no fax zzz; `faxdaemon list` shows them\n"
    closed = f"{sys.executable} -m faxdaemon list | true"
    broken = subprocess.run(closed, shell=True, capture_output=True, env=env, check=False)
    assert b"Traceback" not in broken.stderr


# -- destinations of received faxes

FROM = "main:other:folder"
LINE = "+13035550100"


def test_status_tells_of_destinations_and_of_those_that_are_gone(site):
    known = site.run("status").stdout
    assert f"destination {FROM}: 1 received faxes under way, 0 held, the oldest {site.received}\n" in known
    assert json.loads(site.run("status", "--json").stdout)["destinations"][FROM]["waiting"] == 1
    journal = site.journal()
    assert journal.redirect(FROM, "main:+13035550101:mail") == 1
    journal.close()
    assert "main:+13035550101:mail: 1 received" in site.run("status").stdout
    assert "it is not in the configuration: put it back" in site.run("status").stdout


def test_a_destination_that_is_gone_is_left_for_another_or_for_nowhere(site):
    journal = site.journal()
    journal.redirect(FROM, "gone")
    journal.close()
    fails(site.run("redirect", "gone", "main:othr:folder"), 1, "there is no destination", f"did you mean “{FROM}”")
    result = site.run("redirect", "gone", FROM)
    assert (result.exit_code, result.stdout) == (0, f"gone: 1 received faxes sent to {FROM} instead\n")
    assert "no daemon is running" in result.stderr
    assert site.state_of(site.received) == "stored"


def test_nowhere(site):
    assert "1 received faxes given up" in site.run("redirect", FROM, "nowhere").stdout
    fails(site.run("redirect", FROM, "nowhere"), 1, "nothing waits for")
    assert site.state_of(site.received) == "delivered"


def test_give_up(site):
    fails(site.run("give-up", site.received), 1, f"under way to {FROM}", f"--destination {FROM}")
    result = site.run("give-up", site.received, "--destination", FROM)
    assert result.exit_code == 0
    assert "given up for 1 destination;" in result.stdout
    assert site.state_of(site.received) == "delivered"
    shown = site.run("show", site.received).stdout
    assert "given_up" in shown
    assert "given up by a person" in shown


def test_routes(site):
    result = site.run("config", "routes", "--line", "303 555 0100", "--at", "2026-11-20 19:30")
    assert result.exit_code == 0
    assert "line: other; no rule fits\n" in result.stdout
    assert result.stdout.endswith(f"  {FROM}\n")
    fails(site.run("config", "routes", "--account", "man"), 1, "name one with --account: main")
    fails(site.run("config", "routes", "--line", "fax"), 1, "is not a fax number")
    fails(site.run("config", "routes", "--at", "noon"), 1, "“noon” is no time")


def test_routes_by_rule(site):
    whole = yaml.safe_load(site.config.read_text("utf-8"))
    folder = {"path": str(site.desk)}
    rules = [
        {"name": "long", "min_pages": 20, "folder": {**folder, "required": False}},
        {"name": "night", "hours": "18:00-08:00", "instead": True, "folder": [folder, {**folder, "id": "two"}]},
    ]
    whole["timezone"] = "America/Denver"
    whole["inbound"][0] |= {"rules": rules, "lines": {LINE: {"folder": folder}}}
    site.config.write_text(yaml.safe_dump(whole), encoding="utf-8")
    asked = ["config", "routes", "--line", LINE, "--pages", "20", "--at"]
    said = site.run(*asked, "2026-11-20 19:30").stdout.splitlines()
    assert said[0] == f"received Fri 2026-11-20 19:30 MST; line: {LINE}; rules: long, night"
    assert said[1:] == ["  main:long:folder (optional)", "  main:night:folder", "  main:night:folder:two"]
    assert site.run(*asked, "2026-11-20 12:00").stdout.splitlines()[1:] == [
        f"  main:{LINE}:folder",
        "  main:long:folder (optional)",
    ]
    asked = ["config", "routes", "--line", "+13035550109", "--at", "2026-11-20 12:00"]
    fails(site.run(*asked), 1, "nobody would get it", "is not configured", "no rule fits")
