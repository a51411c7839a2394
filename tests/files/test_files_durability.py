"""What is made durable, in which order, and what a failing disk leaves: on POSIX, where all of it can be seen."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from faxdaemon.core.errors import FilesError
from faxdaemon.files.posix import PosixFiles


@pytest.fixture
def posix() -> PosixFiles:
    return PosixFiles()


def failing(number: int, when: Callable[[str], bool]) -> Callable[[int], None]:
    """An fsync that fails for the paths that `when` picks."""
    fsync = os.fsync

    def act(descriptor: int) -> None:
        if when(str(Path(f"/proc/self/fd/{descriptor}").readlink())):
            raise OSError(number, os.strerror(number))
        fsync(descriptor)

    return act


# -- what is synced


def test_content_is_synced_once(posix: PosixFiles, tmp_path: Path, synced: list[Path]) -> None:
    posix.write_new(tmp_path / "x", [b"a", b"b"])
    assert synced == [tmp_path / "x"]
    posix.copy_new(tmp_path / "x", tmp_path / "y")
    assert synced[1:] == [tmp_path / "y"]


def test_a_batch_of_moves_syncs_each_folder_once_the_targets_first(
    posix: PosixFiles, tmp_path: Path, synced: list[Path]
) -> None:
    source, one, two = tmp_path / "s", tmp_path / "t1", tmp_path / "t2"
    for folder in (source, one, two):
        folder.mkdir()
    moves = []
    for number in range(4):
        (source / f"{number}").touch()
        moves.append((source / f"{number}", (one, two)[number % 2] / f"{number}"))
    posix.move(moves)
    assert synced == [one, two, source]


def test_a_batch_that_breaks_off_syncs_what_was_done(posix: PosixFiles, tmp_path: Path, synced: list[Path]) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "1").touch()
    with pytest.raises(FilesError):
        posix.move([(tmp_path / "1", tmp_path / "d" / "1"), (tmp_path / "2", tmp_path / "d" / "2")])
    assert synced == [tmp_path / "d", tmp_path]


def test_a_move_that_did_nothing_syncs_nothing(posix: PosixFiles, tmp_path: Path, synced: list[Path]) -> None:
    with pytest.raises(FilesError):
        posix.move([(tmp_path / "1", tmp_path / "2")])
    assert synced == []


def test_every_level_of_a_new_folder_is_synced_from_above(
    posix: PosixFiles, tmp_path: Path, synced: list[Path]
) -> None:
    posix.make_dirs([tmp_path])
    synced.clear()
    posix.make_dirs([tmp_path / "a" / "b", tmp_path / "a" / "c"])
    assert synced == [tmp_path, tmp_path / "a"]


def test_a_folder_that_a_killed_process_left_is_made_durable_at_first_sight_only(
    posix: PosixFiles, tmp_path: Path, synced: list[Path]
) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    posix.make_dirs([tmp_path / "a" / "b"])
    assert synced[-2:] == [tmp_path, tmp_path / "a"]
    synced.clear()
    posix.make_dirs([tmp_path / "a" / "b"])
    assert synced == []


def test_remove_syncs_the_folder_also_when_it_was_gone_already(
    posix: PosixFiles, tmp_path: Path, synced: list[Path]
) -> None:
    (tmp_path / "x").touch()
    posix.remove([tmp_path / "x", tmp_path / "y"])
    posix.remove([tmp_path / "x"])
    assert synced == [tmp_path, tmp_path]


def test_sync_syncs_each_folder_once(posix: PosixFiles, tmp_path: Path, synced: list[Path]) -> None:
    posix.sync([tmp_path, tmp_path])
    assert synced == [tmp_path]


# -- a failing disk


@pytest.mark.parametrize(
    ("number", "words"), [(errno.ENOSPC, "no space left"), (errno.EDQUOT, "quota"), (errno.EIO, "input/output error")]
)
def test_a_write_that_fails_is_told_and_leaves_nothing(
    posix: PosixFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    def write(descriptor: int, data: bytes) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(FilesError, match=f"cannot write {tmp_path}/x: .*{words}"):
        posix.write_new(tmp_path / "x", [b"content"])
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_meanwhile_leaves_nothing(
    posix: PosixFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, write = [5], os.write

    def filling(descriptor: int, data: bytes) -> int:
        if not left[0]:
            raise OSError(errno.ENOSPC, "full")
        done = write(descriptor, data[: left[0]])
        left[0] -= done
        return done

    monkeypatch.setattr(os, "write", filling)
    with pytest.raises(FilesError, match="no space left"):
        posix.write_new(tmp_path / "x", [b"more than five"])
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_takes_little_at_a_time_is_completed(
    posix: PosixFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:3]))
    posix.write_new(tmp_path / "x", [b"0123456789"])
    assert (tmp_path / "x").read_bytes() == b"0123456789"


def test_a_failed_fsync_is_not_tried_again_on_the_same_file(
    posix: PosixFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []

    def fsync(descriptor: int) -> None:
        tries.append(descriptor)
        raise OSError(errno.EIO, "bad")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(FilesError, match="input/output error"):
        posix.write_new(tmp_path / "x", [b"content"])
    assert len(tries) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_failed_close_is_told(posix: PosixFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    close = os.close

    def failing_close(descriptor: int) -> None:
        close(descriptor)
        raise OSError(errno.EDQUOT, "only NFS tells it so late")

    monkeypatch.setattr(os, "close", failing_close)
    with pytest.raises(FilesError, match="quota"):
        posix.write_new(tmp_path / "x", [b"content"])


def test_a_folder_that_fails_to_sync_is_told(
    posix: PosixFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").touch()
    monkeypatch.setattr(os, "fsync", failing(errno.EIO, lambda path: path == str(tmp_path)))
    with pytest.raises(FilesError, match="make durable"):
        posix.move([(tmp_path / "a", tmp_path / "b")])


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EOPNOTSUPP])
def test_a_file_system_that_cannot_sync_folders_is_taken_as_it_is(
    posix: PosixFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    (tmp_path / "a").touch()
    monkeypatch.setattr(os, "fsync", failing(number, lambda path: path == str(tmp_path)))
    posix.move([(tmp_path / "a", tmp_path / "b")])
    assert (tmp_path / "b").exists()


def test_a_folder_that_cannot_be_made_is_told(
    posix: PosixFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mkdir(*_: object) -> None:
        raise OSError(errno.EROFS, "read-only")

    monkeypatch.setattr(os, "mkdir", mkdir)
    with pytest.raises(FilesError, match="mounted read-only"):
        posix.make_dirs([tmp_path / "x"])
