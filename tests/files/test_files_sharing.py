"""Replacing a file, giving it to other people, and waiting for a lock."""

from __future__ import annotations

import grp
import os
import stat
import threading
from pathlib import Path

import pytest

from faxdaemon.contracts.files import Access
from faxdaemon.core.errors import FilesError
from faxdaemon.files import open_files

files = open_files()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_replaced_and_both_folders_are_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = tmp_path / "a" / "new", tmp_path / "b" / "table.csv"
    for path, text in ((source, "new"), (target, "old")):
        path.parent.mkdir()
        path.write_text(text)
    synced: list[Path] = []
    monkeypatch.setattr(files, "sync", synced.extend)
    files.replace(source, target)
    assert (target.read_text(), source.exists()) == ("new", False)
    assert synced == [target.parent, source.parent]


def test_a_folder_is_never_replaced_by_a_file(tmp_path: Path) -> None:
    (tmp_path / "new").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(FilesError, match="cannot replace"):
        files.replace(tmp_path / "new", tmp_path / "folder")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_a_file_is_given_to_others(tmp_path: Path) -> None:
    path = tmp_path / "fax.pdf"
    path.touch(mode=0o600)
    files.grant(path, Access(0o640, "daemon", "mail"))
    info = path.stat()
    assert (mode(path), info.st_uid, info.st_gid) == (0o640, 1, grp.getgrnam("mail").gr_gid)
    files.grant(path, Access(group="12"))
    assert (mode(path), path.stat().st_uid, path.stat().st_gid) == (0o640, 1, 12)


@pytest.mark.parametrize(("given", "got"), [(0o640, 0o750), (0o600, 0o700), (0o664, 0o775), (0o444, 0o555)], ids=oct)
def test_a_folder_may_be_entered_by_whom_it_may_be_read(tmp_path: Path, given: int, got: int) -> None:
    folder = tmp_path / "2026"
    folder.mkdir()
    files.grant(folder, Access(given))
    assert mode(folder) == got


def test_what_is_not_said_stays(tmp_path: Path) -> None:
    path = tmp_path / "fax.pdf"
    path.touch(mode=0o604)
    before = path.stat()
    files.grant(path, Access())
    after = path.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").touch(mode=0o600)
    (tmp_path / "fax.pdf").symlink_to("secret")
    with pytest.raises(FilesError, match="symbolic link"):
        files.grant(tmp_path / "fax.pdf", Access(0o644))
    assert mode(tmp_path / "secret") == 0o600


@pytest.mark.parametrize(("access", "why"), [(Access(owner="nemo"), "no user"), (Access(group="nemo"), "no group")])
def test_people_whom_nobody_knows_are_told(tmp_path: Path, access: Access, why: str) -> None:
    (tmp_path / "x").touch()
    with pytest.raises(FilesError, match=f"there is {why} “nemo”"):
        files.grant(tmp_path / "x", access)


def test_a_lock_is_waited_for(tmp_path: Path) -> None:
    held = files.lock(tmp_path / "lock")
    with pytest.raises(FilesError, match="is locked by process"):
        files.lock(tmp_path / "lock", patience=0.05)
    threading.Timer(0.1, held.release).start()
    files.lock(tmp_path / "lock", patience=30).release()
