"""docs/commands.md mentions every command and every option, and nothing that does not exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from faxdaemon import cli, supervise

PAGE = (Path(__file__).parents[2] / "docs" / "commands.md").read_text("utf-8")
ROOT = typer.main.get_command(cli.app)


def commands(group=ROOT, path=()):
    for name, command in group.commands.items():
        yield " ".join((*path, name)), command
        if hasattr(command, "commands"):
            said = ("main",) if any(param.param_type_name == "argument" for param in command.params) else ()
            yield from commands(command, (*path, name, *said))


def flags(command):
    own = {flag for option in command.params for flag in (*option.opts, *option.secondary_opts)}
    return own.union(*(flags(below) for below in getattr(command, "commands", {}).values()))


COMMANDS = dict(commands())
#: Explained by `--help` alone.
OBVIOUS = {"--help", "--port", "--directory", "--seconds-per-page"}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_on_the_page(name):
    assert f"faxdaemon {name}" in PAGE


def test_every_option_is_on_the_page():
    for command in COMMANDS.values():
        for option in command.params:
            long = {flag for flag in option.opts if flag.startswith("--")} - OBVIOUS
            assert all(flag in PAGE for flag in long), (command.name, long)


def test_every_line_of_the_page_is_a_command_that_exists():
    told = re.findall(r"faxdaemon ([a-z]+(?:-[a-z]+)*)", PAGE.replace("sudo -u faxdaemon ", ""))
    assert len(told) > 25
    for name in told:
        assert name in ROOT.commands, name
    for line in re.findall(r"^    faxdaemon ([a-z]+) (.*)$", PAGE, re.MULTILINE):
        name, rest = line
        assert set(re.findall(r"--[a-z-]+", rest)) <= flags(ROOT.commands[name]), line


def test_the_exit_statuses_are_right():
    assert f"| {supervise.EXIT_STUCK} | a worker was stuck" in PAGE
    assert f"| {supervise.EXIT_JOURNAL} | the journal failed" in PAGE
