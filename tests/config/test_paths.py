"""Where the configuration is looked for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from faxdaemon.config import paths
from faxdaemon.core.errors import ConfigError

SYSTEM = Path("/etc/faxdaemon/config.yaml")


def as_user(monkeypatch: pytest.MonkeyPatch, uid: int) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid, raising=False)


def test_root_looks_in_etc_only(monkeypatch: pytest.MonkeyPatch) -> None:
    as_user(monkeypatch, 0)
    assert paths.candidates(env={"XDG_CONFIG_HOME": "/x", "HOME": "/root"}, platform="linux") == (SYSTEM,)


def test_a_user_has_a_place_too(monkeypatch: pytest.MonkeyPatch) -> None:
    as_user(monkeypatch, 1000)
    at_home = Path("/home/u/.config/faxdaemon/config.yaml")
    assert paths.candidates(env={"HOME": "/home/u"}, platform="linux") == (SYSTEM, at_home)
    elsewhere = {"HOME": "/home/u", "XDG_CONFIG_HOME": "/cfg"}
    assert paths.candidates(env=elsewhere, platform="linux") == (SYSTEM, Path("/cfg/faxdaemon/config.yaml"))
    assert paths.candidates(env={}, platform="linux") == (SYSTEM,)


def test_windows() -> None:
    found = paths.candidates(env={"PROGRAMDATA": "D:/Data"}, platform="win32")
    assert found == (Path("D:/Data/faxdaemon/config.yaml"),)
    assert paths.candidates(env={}, platform="win32") == (Path("C:/ProgramData/faxdaemon/config.yaml"),)


def test_the_variable_overrides_and_what_is_given_overrides_it(tmp_path: Path) -> None:
    env = {paths.VARIABLE: str(tmp_path / "mine.yaml")}
    assert paths.candidates(env=env) == (tmp_path / "mine.yaml",)
    assert paths.find(env=env) == tmp_path / "mine.yaml"
    assert paths.find(tmp_path / "given.yaml", env=env) == tmp_path / "given.yaml"


def test_the_first_that_exists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    monkeypatch.setattr(paths, "candidates", lambda *, env: (first, second))
    with pytest.raises(ConfigError, match=r"no configuration at .*first\.yaml or .*second\.yaml; write one"):
        paths.find(env={})
    second.touch()
    assert paths.find(env={}) == second
    first.touch()
    assert paths.find(env={}) == first
