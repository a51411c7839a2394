"""The promises of `contracts.files.Files` on a real file system, by both platforms' rules."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import socket
import tempfile
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from faxdaemon.contracts.files import Files, Kind, Written
from faxdaemon.core.errors import FilesError, FolderOffline
from faxdaemon.files import open_files


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_this_platform_has_files(tmp_path: Path) -> None:
    open_files().write_new(tmp_path / "x", [b"content"])
    assert (tmp_path / "x").read_bytes() == b"content"


# -- scanning and looking


def test_a_scan_shows_every_entry_and_follows_no_link(files: Files, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "pipe")
    with files.scan(tmp_path) as entries:
        found = {entry.path: entry for entry in entries}
    assert {path.name: entry.kind for path, entry in found.items()} == {
        "file": Kind.FILE,
        "folder": Kind.FOLDER,
        "link": Kind.LINK,
        "pipe": Kind.OTHER,
    }
    info = (tmp_path / "file").stat()
    entry = found[tmp_path / "file"]
    assert (entry.size, entry.modified_ns, entry.inode) == (5, info.st_mtime_ns, info.st_ino)
    assert entry == files.stat(tmp_path / "file")


def test_a_scan_leaves_out_what_vanishes_meanwhile(files: Files, tmp_path: Path) -> None:
    for number in range(10):
        (tmp_path / f"{number}").touch()
    with files.scan(tmp_path) as entries:
        first = next(entries).path
        for path in list(tmp_path.iterdir()):
            if path != first:
                path.unlink()
        assert list(entries) == []


def test_a_scan_left_early_gives_its_descriptor_back(files: Files, tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    before = len(list(Path("/proc/self/fd").iterdir()))
    with files.scan(tmp_path) as entries:
        next(entries)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_folder_that_is_not_there_is_offline_and_says_why(files: Files, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path, words in ((tmp_path / "none", "does not exist"), (tmp_path / "file", "not a folder")):
        with pytest.raises(FolderOffline, match=words) as caught, files.scan(path):
            pass
        assert str(path) in caught.value.reason


def test_stat_of_nothing_is_none(files: Files, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert files.stat(tmp_path / "none") is None
    assert files.stat(tmp_path / "file" / "below") is None


def test_change_times_are_as_told(files: Files, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.touch()
    os.utime(path, ns=(5, 5))
    entry = files.stat(path)
    assert entry is not None
    assert entry.modified_ns == 5
    assert (entry.changed_ns != 5) == files.change_times


# -- reading


def test_only_regular_files_are_read(files: Files, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "pipe")
    with files.read(tmp_path / "file") as stream:
        assert stream.read() == b"abc"
    cases = {"link": "symbolic link", "none": "not there", "": "folder"}
    if files.change_times:
        cases["pipe"] = "named pipe"
    for name, words in cases.items():
        with pytest.raises(FilesError, match=words):
            files.read(tmp_path / name)


def test_nothing_is_copied_over_a_link_out_of_a_folder(files: Files, tmp_path: Path) -> None:
    """Whatever lies on the way: the root itself may be reached over links, what is below it may not."""
    (tmp_path / "away" / "deep").mkdir(parents=True)
    (tmp_path / "away" / "deep" / "x").write_bytes(b"secret")
    (tmp_path / "real" / "sub").mkdir(parents=True)
    (tmp_path / "real" / "sub" / "y").write_bytes(b"abc")
    (tmp_path / "root").symlink_to("real")
    (tmp_path / "real" / "out").symlink_to(tmp_path / "away")
    (tmp_path / "real" / "last").symlink_to(tmp_path / "away" / "deep" / "x")
    root, target = tmp_path / "root", tmp_path / "copy"
    assert files.copy_new(root / "sub" / "y", target, within=root).size == 3
    target.unlink()
    for way in ("out/deep/x", "last", "sub/../../away/deep/x"):
        with pytest.raises(FilesError):
            files.copy_new(root / way, target, within=root)
        assert not target.exists()


def test_a_socket_is_not_read(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        with pytest.raises(FilesError, match="socket"):
            open_files().read(tmp_path / "s")


@contextmanager
def stranger() -> Iterator[Path]:
    """A folder that everybody may look into, and us as nobody when we are root."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        os.seteuid(os.getuid())
        shutil.rmtree(folder)


def test_a_refusal_tells_owner_mode_and_who_we_are() -> None:
    with stranger() as folder:
        path = folder / "secret"
        path.write_bytes(b"x")
        path.chmod(0o000)
        if os.getuid() == 0:
            os.seteuid(65534)
        with pytest.raises(FilesError, match=r"belongs to \S+:\S+ with mode 0000, and we run as \S+") as caught:
            open_files().read(path)
        assert not isinstance(caught.value, FolderOffline)


def test_a_folder_that_refuses_us_is_offline() -> None:
    with stranger() as folder:
        closed = folder / "closed"
        closed.mkdir(mode=0o000)
        if os.getuid() == 0:
            os.seteuid(65534)
        with pytest.raises(FolderOffline, match="permission denied"), open_files().scan(closed):
            pass


# -- writing


def test_write_new_tells_what_it_wrote(files: Files, tmp_path: Path) -> None:
    written = files.write_new(tmp_path / "x", (chunk for chunk in (b"ab", b"", b"c")))
    assert written == Written(3, hashlib.sha256(b"abc").hexdigest())
    assert (tmp_path / "x").read_bytes() == b"abc"


def test_write_new_replaces_an_older_temporary_and_never_writes_through_a_link(files: Files, tmp_path: Path) -> None:
    victim, path = tmp_path / "victim", tmp_path / "x"
    victim.write_bytes(b"untouched")
    path.symlink_to(victim)
    files.write_new(path, [b"new"])
    assert victim.read_bytes() == b"untouched"
    files.write_new(path, [b"newer"])
    assert path.read_bytes() == b"newer" and not path.is_symlink()


def test_write_new_into_nowhere_is_offline(files: Files, tmp_path: Path) -> None:
    with pytest.raises(FolderOffline, match="does not exist"):
        files.write_new(tmp_path / "none" / "x", [b"x"])


def test_a_source_that_fails_leaves_nothing_and_keeps_its_own_error(files: Files, tmp_path: Path) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"begun"
        raise ConnectionResetError("mid-download")

    with pytest.raises(ConnectionResetError, match="mid-download"):
        files.write_new(tmp_path / "x", chunks())
    assert names(tmp_path) == []


def test_documents_are_private_until_their_folder_says_otherwise(files: Files, tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        files.make_dirs([tmp_path / "desk" / ".work"])
        files.write_new(tmp_path / "desk" / ".work" / "staged", [b"x"])
        files.write_new(tmp_path / "desk" / "spooled", [b"x"])
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "desk").rglob("*")}
    assert modes == {".work": 0o700, "staged": 0o644, "spooled": 0o600}


def test_copying_takes_little_memory_whatever_the_size(files: Files, tmp_path: Path) -> None:
    source = tmp_path / "big"
    with source.open("wb") as stream:
        stream.truncate(48 << 20)
    tracemalloc.start()
    written = files.copy_new(source, tmp_path / "copy")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert written.size == 48 << 20 == (tmp_path / "copy").stat().st_size
    assert peak < 6 << 20


def test_a_missing_source_costs_no_older_copy(files: Files, tmp_path: Path) -> None:
    (tmp_path / "copy").write_bytes(b"older")
    with pytest.raises(FilesError, match=r"none.*not there"):
        files.copy_new(tmp_path / "none", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"older"


# -- moving


def test_move_renames_in_order(files: Files, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    files.move([(tmp_path / "a", tmp_path / "b"), (tmp_path / "b", tmp_path / "c")])
    assert names(tmp_path) == ["c"]


def test_move_takes_links_and_folders_as_they_are(files: Files, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "in").touch()
    files.move([(tmp_path / "link", tmp_path / "link2"), (tmp_path / "folder", tmp_path / "folder2")])
    assert names(tmp_path) == ["folder2", "link2"]
    assert (tmp_path / "link2").is_symlink() and (tmp_path / "folder2" / "in").exists()


def test_move_never_overwrites(files: Files, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").write_bytes(b"b")
    (tmp_path / "dangling").symlink_to("nowhere")
    for target in ("b", "dangling"):
        with pytest.raises(FilesError, match="exists already"):
            files.move([(tmp_path / "a", tmp_path / target)])
    assert ((tmp_path / "a").read_bytes(), (tmp_path / "b").read_bytes()) == (b"a", b"b")


def test_a_batch_stops_at_the_first_trouble_and_says_how_far_it_came(files: Files, tmp_path: Path) -> None:
    for name in ("1", "3"):
        (tmp_path / name).touch()
    moves = [(tmp_path / name, tmp_path / f"{name}.moved") for name in ("1", "2", "3")]
    with pytest.raises(FilesError, match=r"2 to .*the source is not there.*1 of 3 moves were done"):
        files.move(moves)
    assert names(tmp_path) == ["1.moved", "3"]


def test_a_missing_target_folder_is_offline(files: Files, tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(FolderOffline, match="none"):
        files.move([(tmp_path / "a", tmp_path / "none" / "a")])
    assert names(tmp_path) == ["a"]


# -- removing, making, space


def test_remove_takes_files_links_and_empty_folders_and_what_is_gone(files: Files, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "f").touch()
    (tmp_path / "link").symlink_to("d")
    files.remove([tmp_path / "link", tmp_path / "d" / "f", tmp_path / "d", tmp_path / "none", tmp_path / "no" / "x"])
    assert names(tmp_path) == []


def test_remove_spares_a_folder_with_something_in_it(files: Files, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "f").touch()
    with pytest.raises(FilesError, match="not empty"):
        files.remove([tmp_path / "d"])
    assert (tmp_path / "d" / "f").exists()


def test_folders_are_made_with_their_parents_and_may_exist(files: Files, tmp_path: Path) -> None:
    wanted = [tmp_path / "a" / "b" / "c", tmp_path / "a" / "d"]
    files.make_dirs(wanted)
    files.make_dirs(wanted)
    assert all(path.is_dir() for path in wanted)


def test_a_file_where_a_folder_should_be_is_told(files: Files, tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    with pytest.raises(FilesError, match="a file by that name exists"):
        files.make_dirs([tmp_path / "f"])
    with pytest.raises(FilesError, match="not a folder"):
        files.make_dirs([tmp_path / "f" / "below"])


def test_free_space_is_what_an_ordinary_user_has(files: Files, tmp_path: Path) -> None:
    system = os.statvfs(tmp_path)
    assert abs(files.free_space(tmp_path) - system.f_bavail * system.f_frsize) < 1 << 30
    with pytest.raises(FolderOffline):
        files.free_space(tmp_path / "none")


@pytest.mark.parametrize("number", [errno.ESTALE, errno.EHOSTDOWN, errno.ENOTCONN])
def test_a_share_that_does_not_answer_is_offline(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def gone(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", gone)
    with pytest.raises(FolderOffline, match="mount and the network"):
        files.write_new(tmp_path / "x", [b""])
