"""`faxdaemon init`: a configuration that loads, and nothing overwritten."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from faxdaemon import cli
from faxdaemon.config.load import load


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path


def init(place: Path, *words: str, text: str | None = None) -> Any:
    folders = ["--out", str(place / "out"), "--in", str(place / "in"), "--state", str(place / "state")]
    command = ["init", "--config", str(place / "etc" / "config.yaml"), *folders, *words]
    return CliRunner().invoke(cli.app, command, input=text)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_one_to_try_it_out(place: Path) -> None:
    done = init(place, "--provider", "sandbox")
    assert done.exit_code == 0, done.stderr
    settings = load(place / "etc" / "config.yaml")
    account = settings.accounts["main"]
    assert (account.provider, account.url) == ("faxage", "http://127.0.0.1:8470/faxage")
    assert settings.folder_paths == (place / "out",)
    assert mode(place / "out") == 0o2770 and mode(place / "in") == 0o2750 and mode(place / "state") == 0o750
    assert mode(place / "etc" / "main.password") & 0o007 == 0
    assert mode(place / "etc" / "config.yaml") & 0o007 == 0
    text = (place / "etc" / "config.yaml").read_text("utf-8")
    assert text.count("#") > 5, "it is commented"
    secret = (place / "etc" / "main.password").read_text("utf-8").strip()
    assert secret not in text and secret not in done.output
    assert "faxdaemon doctor" in done.stderr


def test_one_for_a_real_account_from_flags(place: Path) -> None:
    secret = place / "pw"
    secret.touch(mode=0o600)
    secret.write_text("s3cret", "utf-8")
    done = init(
        place,
        "--provider",
        "faxage",
        "--set",
        "username=clinic",
        "--set",
        "company=12345",
        "--secret",
        f"password={secret}",
    )
    assert done.exit_code == 0, done.stderr
    account: Any = load(place / "etc" / "config.yaml").accounts["main"]
    assert (account.username, account.company) == ("clinic", "12345")
    assert account.password.get_secret_value() == "s3cret"


def test_a_secret_is_not_taken_from_the_command_line(place: Path) -> None:
    done = init(place, "--provider", "faxage", "--set", "username=c", "--set", "company=1", "--set", "password=s3cret")
    assert done.exit_code == 1
    assert "--secret password=FILE" in done.stderr
    assert not (place / "etc").exists()


def test_nobody_there_to_be_asked(place: Path) -> None:
    done = init(place, "--provider", "faxage", "--set", "username=clinic")
    assert done.exit_code == 1
    assert "company" in done.stderr and "--set company=VALUE" in done.stderr
    assert not (place / "etc" / "config.yaml").exists()


def test_a_person_is_asked(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["faxage", "clinic", "12345", "s3cret"])
    hidden: list[bool] = []

    def prompt(_words: str, *, hide_input: bool) -> str:
        hidden.append(hide_input)
        return next(answers)

    monkeypatch.setattr("typer.prompt", prompt)
    monkeypatch.setattr("faxdaemon.cli.init._somebody", lambda: True)
    done = init(place)
    assert done.exit_code == 0, done.stderr
    assert hidden.count(True) == 1
    account: Any = load(place / "etc" / "config.yaml").accounts["main"]
    assert account.password.get_secret_value() == "s3cret"


@pytest.mark.parametrize("name", ["config.yaml", "main.password"])
def test_nothing_is_overwritten(place: Path, name: str) -> None:
    (place / "etc").mkdir()
    path = place / "etc" / name
    path.write_text("mine", "utf-8")
    done = init(place, "--provider", "sandbox")
    assert done.exit_code == 1 and "exists; it is left as it is" in done.stderr
    assert path.read_text("utf-8") == "mine"
    assert [one.name for one in (place / "etc").iterdir()] == [name], "nothing half-made is left"


def test_what_makes_no_configuration_leaves_none(place: Path) -> None:
    done = init(place, "--provider", "sandbox", "--region", "ATLANTIS")
    assert done.exit_code == 1 and "region" in done.stderr
    assert list((place / "etc").iterdir()) == []


def test_folders_that_exist_are_left_as_they_are(place: Path) -> None:
    (place / "out").mkdir(mode=0o755)
    (place / "out").chmod(0o755)
    assert init(place, "--provider", "sandbox").exit_code == 0
    assert mode(place / "out") == 0o755
