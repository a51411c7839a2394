"""What only Windows has and can be seen anywhere: patience with programs that hold a file for a moment."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from faxdaemon.core.errors import FilesError, FolderOffline
from faxdaemon.files.windows import WindowsFiles, patiently


def held(winerror: int) -> OSError:
    error = PermissionError(13, "held")
    error.winerror = winerror  # type: ignore[attr-defined]  # exists on Windows only
    return error


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


@pytest.mark.parametrize("winerror", [5, 32, 33])
def test_what_is_held_for_a_moment_is_tried_again(pauses: list[float], winerror: int) -> None:
    errors = [held(winerror), held(winerror)]

    def act() -> None:
        if errors:
            raise errors.pop()

    patiently(act)
    assert len(pauses) == 2


def test_patience_ends(pauses: list[float]) -> None:
    tries: list[int] = []

    def act() -> None:
        tries.append(1)
        raise held(32)

    with pytest.raises(PermissionError):
        patiently(act)
    assert len(tries) == len(pauses) + 1
    assert sum(pauses) < 2


def test_other_errors_are_told_at_once(pauses: list[float]) -> None:
    def act() -> None:
        raise FileExistsError(17, "exists")

    with pytest.raises(FileExistsError):
        patiently(act)
    assert pauses == []


def test_a_rename_of_a_held_file_is_tried_again(
    tmp_path: Path, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename

    def scanned(self: Path, target: Path) -> Path:
        if not pauses:
            raise held(32)
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", scanned)
    (tmp_path / "a").touch()
    WindowsFiles().move([(tmp_path / "a", tmp_path / "b")])
    assert (tmp_path / "b").exists() and len(pauses) == 1


def test_a_file_that_stays_held_is_told_and_spared(
    tmp_path: Path, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path) -> None:
        raise held(32)

    (tmp_path / "a").touch()
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(FilesError, match="cannot remove"):
        WindowsFiles().remove([tmp_path / "a"])
    assert (tmp_path / "a").exists()


def test_a_folder_that_is_gone_is_offline_though_nothing_is_flushed(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    WindowsFiles().sync([tmp_path])
    for path in (tmp_path / "none", tmp_path / "file"):
        with pytest.raises(FolderOffline):
            WindowsFiles().sync([path])
