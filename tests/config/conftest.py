"""Fixtures for the configuration's tests."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import faxdaemon.formats
import faxdaemon.providers
import faxdaemon.sinks
from faxdaemon.config.load import load
from faxdaemon.config.types import Settings
from faxdaemon.core.errors import ConfigError

HERE = Path(__file__).parent


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Only the parts below tests/config/parts exist, so that no new provider changes what these tests expect."""
    packages = {"providers": faxdaemon.providers, "sinks": faxdaemon.sinks, "formats": faxdaemon.formats}
    below = tuple(f"{package.__name__}." for package in packages.values())

    def take_away() -> dict[str, object]:
        return {name: sys.modules.pop(name) for name in list(sys.modules) if name.startswith(below)}

    hidden = take_away()
    for kind, package in packages.items():
        monkeypatch.setattr(package, "__path__", [str(HERE / "parts" / kind)])
    yield
    take_away()
    sys.modules.update(hidden)  # type: ignore[arg-type]  # modules, as they were


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Write a configuration file."""

    def _write(text: str) -> Path:
        path = tmp_path / "config.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return _write


@pytest.fixture
def loaded(write: Callable[[str], Path]) -> Callable[..., Settings]:
    """Load a text as a configuration file, with an empty environment unless told."""
    return lambda text, **env: load(write(text), env=env)


@pytest.fixture
def mistakes(write: Callable[[str], Path]) -> Callable[..., list[str]]:
    """Load a text that is wrong; the problems, each without the file's name."""

    def _mistakes(text: str, **env: str) -> list[str]:
        path = write(text)
        with pytest.raises(ConfigError) as caught:
            load(path, env=env)
        return [problem.removeprefix(f"{path}:") for problem in caught.value.problems]

    return _mistakes
