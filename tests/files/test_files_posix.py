"""What only POSIX has: leases, renames without overwriting and their substitutes, moves between file systems."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from faxdaemon.core.errors import FilesError
from faxdaemon.files import posix as module
from faxdaemon.files.posix import PosixFiles

Opened = Callable[[Path, str], "subprocess.Popen[str]"]


@pytest.fixture
def posix() -> PosixFiles:
    return PosixFiles()


# -- being written


def test_a_file_open_for_writing_elsewhere_is_being_written(posix: PosixFiles, tmp_path: Path, opened: Opened) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"begun")
    assert not posix.being_written(path)
    reader = opened(path, "r")
    assert not posix.being_written(path)
    writer = opened(path, "a")
    assert posix.being_written(path)
    for process in (writer, reader):
        process.communicate("")
    assert not posix.being_written(path)


def test_what_cannot_be_known_is_not_being_written(posix: PosixFiles, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "target").touch()
    (tmp_path / "link").symlink_to("target")
    with (tmp_path / "target").open("a"):
        assert posix.being_written(tmp_path / "target")
        assert not any(posix.being_written(tmp_path / name) for name in ("pipe", "link", "none", ""))


def test_a_network_file_system_refuses_leases_without_meaning_it(
    posix: PosixFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NFS and CIFS say EAGAIN when they hold no delegation: believed, no drop there would ever be taken."""
    with (tmp_path / "x").open("w"):
        for magic, written in ((0x6969, False), (0xFF534D42, False), (0xFE534D42, False), (0xEF53, True)):
            monkeypatch.setattr(module, "_file_system", lambda _, magic=magic: magic)
            assert posix.being_written(tmp_path / "x") is written


def test_the_file_system_is_told_by_its_number() -> None:
    descriptor = os.open("/proc/self/status", os.O_RDONLY)
    try:
        assert module._file_system(descriptor) == 0x9FA0
    finally:
        os.close(descriptor)


BREAK = """
import fcntl, subprocess, sys
from pathlib import Path
from faxdaemon.files.posix import PosixFiles

OPEN = '''
import os, sys
try:
    os.open(sys.argv[1], os.O_WRONLY | os.O_NONBLOCK)
except BlockingIOError:
    print("the lease was held", flush=True)
'''
real = fcntl.fcntl

def meddling(descriptor, command, argument=0):
    if command == fcntl.F_SETSIG and sys.argv[2] == "plain":
        return 0
    answer = real(descriptor, command, argument)
    if command == fcntl.F_SETLEASE and argument == fcntl.F_RDLCK:
        subprocess.run([sys.executable, "-c", OPEN, sys.argv[1]], check=True)
    return answer

fcntl.fcntl = meddling
print("written:", PosixFiles().being_written(Path(sys.argv[1])))
"""


@pytest.mark.parametrize("how", ["safe", "plain"])
def test_a_writer_that_comes_while_we_look_does_not_kill_us(tmp_path: Path, how: str) -> None:
    """The kernel signals the holder of a lease; with SIGIO, the default (the second case), it would be our end."""
    path = tmp_path / "x"
    path.touch()
    result = subprocess.run(
        [sys.executable, "-c", BREAK, path, how], capture_output=True, text=True, check=False, timeout=60
    )
    assert "the lease was held" in result.stdout
    if how == "safe":
        assert (result.returncode, result.stderr) == (0, "")
        assert "written: False" in result.stdout
    else:
        assert result.returncode == -signal.SIGIO


def test_looking_leaves_no_lease_behind_even_in_a_child_that_was_forked_meanwhile(
    posix: PosixFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fork in another thread copies the descriptor, and a lease lives as long as its last copy."""
    path = tmp_path / "x"
    path.touch()
    copies: list[int] = []
    real = fcntl.fcntl

    def forked(descriptor: int, command: int, argument: int = 0) -> int:
        if command == fcntl.F_SETLEASE and argument == fcntl.F_RDLCK:
            copies.append(os.dup(descriptor))
        return real(descriptor, command, argument)

    monkeypatch.setattr(fcntl, "fcntl", forked)
    try:
        assert not posix.being_written(path)
        assert real(copies[0], fcntl.F_GETLEASE) == fcntl.F_UNLCK
    finally:
        os.close(copies[0])


# -- renames where the file system cannot refuse to overwrite


@pytest.fixture
def crude(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without RENAME_NOREPLACE."""

    def refuse(source: Path, target: Path) -> None:
        raise OSError(errno.EINVAL, "no flags here")

    monkeypatch.setattr(module, "_rename_noreplace", refuse)


@pytest.fixture(params=["links", "no links"])
def links(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    if request.param == "no links":

        def refuse(*_: object, **__: object) -> None:
            raise OSError(errno.EIO, "no links here")

        monkeypatch.setattr(os, "link", refuse)
    return bool(request.param == "links")


@pytest.mark.usefixtures("crude")
@pytest.mark.parametrize("folder", ["seen", ".hidden"])
def test_without_the_flag_a_move_still_never_overwrites(
    posix: PosixFiles, tmp_path: Path, links: bool, folder: str
) -> None:
    (tmp_path / folder).mkdir()
    source, target = tmp_path / "a", tmp_path / folder / "a"
    source.write_bytes(b"mine")
    posix.move([(source, target)])
    assert target.read_bytes() == b"mine" and not source.exists()
    source.write_bytes(b"another")
    with pytest.raises(FilesError, match="exists already"):
        posix.move([(source, target)])
    assert (source.read_bytes(), target.read_bytes()) == (b"another", b"mine")


@pytest.mark.usefixtures("crude")
def test_a_claim_is_one_rename_even_without_the_flag(
    posix: PosixFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Link and unlink could leave a drop both claimed and in its folder: it would be sent twice."""

    def refuse(*_: object, **__: object) -> None:
        pytest.fail("a claim must not be linked")

    monkeypatch.setattr(os, "link", refuse)
    (tmp_path / ".faxdaemon").mkdir()
    (tmp_path / "a").touch()
    posix.move([(tmp_path / "a", tmp_path / ".faxdaemon" / "a")])
    assert not (tmp_path / "a").exists()


@pytest.mark.usefixtures("crude")
def test_a_visible_name_is_taken_by_a_link(posix: PosixFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look followed by a rename would overwrite what appears in between."""
    (tmp_path / "a").write_bytes(b"mine")
    link = os.link

    def late(source: Path, target: Path, **options: bool) -> None:
        target.write_bytes(b"somebody's")
        link(source, target, **options)

    monkeypatch.setattr(os, "link", late)
    with pytest.raises(FilesError, match="exists already"):
        posix.move([(tmp_path / "a", tmp_path / "b")])
    assert (tmp_path / "b").read_bytes() == b"somebody's"


@pytest.mark.parametrize("flag", ["with the flag", "without"])
def test_a_link_whose_unlink_was_cut_off_is_finished(
    posix: PosixFiles, tmp_path: Path, request: pytest.FixtureRequest, flag: str
) -> None:
    if flag == "without":
        request.getfixturevalue("crude")
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    posix.move([(tmp_path / "a", tmp_path / "b")])
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_a_c_library_without_renameat2_will_do(
    posix: PosixFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LIBC", object())
    (tmp_path / "a").touch()
    posix.move([(tmp_path / "a", tmp_path / "b")])
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


# -- to another file system


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on another file system."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("platform: no second file system to be had")
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


def test_a_move_to_another_file_system_keeps_content_mode_and_date(
    posix: PosixFiles, tmp_path: Path, elsewhere: Path, synced: list[Path]
) -> None:
    source, target = tmp_path / "a", elsewhere / "a"
    source.write_bytes(b"content")
    source.chmod(0o640)
    os.utime(source, ns=(10**18, 10**18))
    posix.move([(source, target)])
    info = target.stat()
    assert (target.read_bytes(), info.st_mode & 0o777, info.st_mtime_ns) == (b"content", 0o640, 10**18)
    assert [path.name for path in elsewhere.iterdir()] == ["a"]
    assert list(tmp_path.iterdir()) == []
    temporary, *folders = synced
    assert temporary.name.endswith(".moving.tmp")
    assert folders == [elsewhere, elsewhere, tmp_path]


def test_the_source_outlives_whatever_goes_wrong_on_the_other_side(
    posix: PosixFiles, tmp_path: Path, elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "a"
    source.write_bytes(b"content")
    (elsewhere / "taken").write_bytes(b"somebody's")
    with pytest.raises(FilesError, match="exists already"):
        posix.move([(source, elsewhere / "taken")])
    fsync = os.fsync

    def fail(descriptor: int) -> None:
        if str(Path(f"/proc/self/fd/{descriptor}").readlink()) == str(elsewhere):
            raise OSError(errno.EIO, "bad")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(FilesError, match="input/output error"):
        posix.move([(source, elsewhere / "a")])
    assert source.read_bytes() == b"content"
    assert (elsewhere / "taken").read_bytes() == b"somebody's"


def test_a_copy_whose_source_was_not_yet_removed_is_finished(
    posix: PosixFiles, tmp_path: Path, elsewhere: Path
) -> None:
    (tmp_path / "a").write_bytes(b"content")
    (elsewhere / "a").write_bytes(b"content")
    posix.move([(tmp_path / "a", elsewhere / "a")])
    assert list(tmp_path.iterdir()) == []
    assert (elsewhere / "a").read_bytes() == b"content"


def test_a_folder_is_not_carried_to_another_file_system(posix: PosixFiles, tmp_path: Path, elsewhere: Path) -> None:
    (tmp_path / "d").mkdir()
    with pytest.raises(FilesError, match="different file systems"):
        posix.move([(tmp_path / "d", elsewhere / "d")])
    assert (tmp_path / "d").is_dir()
