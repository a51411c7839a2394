"""What may be lost: kept whole, or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from faxdaemon.core.errors import FilesError
from faxdaemon.files import open_files
from faxdaemon.files.cache import LARGEST, FileCache


@pytest.fixture
def cache(tmp_path: Path) -> FileCache:
    return FileCache(tmp_path / "cache", open_files())


def test_what_was_put_last_is_there_in_another_life(tmp_path: Path, cache: FileCache) -> None:
    assert cache.get("a.xml") is None
    cache.put("a.xml", b"one")
    cache.put("a.xml", b"two")
    cache.put("b.xml", b"three")
    again = FileCache(tmp_path / "cache", open_files())
    assert (again.get("a.xml"), again.get("b.xml")) == (b"two", b"three")
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == ["a.xml", "b.xml"]


def test_the_same_again_is_not_written(tmp_path: Path, cache: FileCache) -> None:
    cache.put("a.xml", b"one")
    before = (tmp_path / "cache" / "a.xml").stat().st_ino, (tmp_path / "cache" / "a.xml").stat().st_mtime_ns
    cache.put("a.xml", b"one")
    after = (tmp_path / "cache" / "a.xml").stat().st_ino, (tmp_path / "cache" / "a.xml").stat().st_mtime_ns
    assert after == before


@pytest.mark.parametrize("content", [b"", b"x" * (LARGEST + 1)])
def test_nothing_and_too_much_are_not_kept(cache: FileCache, content: bytes) -> None:
    cache.put("a.xml", content)
    assert cache.get("a.xml") is None


def test_too_much_that_lies_there_is_not_read(tmp_path: Path, cache: FileCache) -> None:
    cache.put("a.xml", b"one")
    with (tmp_path / "cache" / "a.xml").open("wb") as file:
        file.truncate(LARGEST + 1)
    assert cache.get("a.xml") is None


@pytest.mark.parametrize("name", ["../a", "", "a/b", "A", "a.new"])
def test_a_name_stays_in_the_folder(cache: FileCache, name: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        cache.put(name, b"one")


class _Broken:
    """Files that can do nothing."""

    def __getattr__(self, name: str) -> Any:
        def fail(*_: object) -> None:
            raise FilesError(f"{name} failed")

        return fail


def test_a_disk_that_fails_costs_nothing_but_the_content(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "cache", _Broken())  # type: ignore[arg-type] # stands for files
    cache.put("a.xml", b"one")
    assert cache.get("a.xml") is None


class _Dying:
    """Dies after so many changes."""

    def __init__(self, files: Any, left: int) -> None:
        self._files = files
        self._left = left

    def __getattr__(self, name: str) -> Any:
        def act(*arguments: Any) -> Any:
            if name in {"make_dirs", "write_new", "remove", "move"}:
                if self._left == 0:
                    raise KeyboardInterrupt
                self._left -= 1
            return getattr(self._files, name)(*arguments)

        return act


@pytest.mark.parametrize("steps", range(4))
def test_a_crash_leaves_the_old_or_nothing(tmp_path: Path, steps: int) -> None:
    """After each step of a second put."""
    files: Any = open_files()
    FileCache(tmp_path, files).put("a.xml", b"one")
    dying: Any = _Dying(files, steps)
    with pytest.raises(KeyboardInterrupt):
        FileCache(tmp_path, dying).put("a.xml", b"two")
    assert FileCache(tmp_path, files).get("a.xml") == (b"one" if steps < 3 else None)
    FileCache(tmp_path, files).put("a.xml", b"three")
    assert FileCache(tmp_path, files).get("a.xml") == b"three"
