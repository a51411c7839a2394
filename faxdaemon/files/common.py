"""What both platforms do alike: scanning, hashing while writing, removing, making folders.

Promise   as `faxdaemon.contracts.files.Files`.  No temporary is left by a write that failed; memory does not grow with
          the size of a file.
Needs     from each platform: how to open, to rename without overwriting, and to make a directory durable.
Crash     a half-written temporary stays; the next `write_new` under its name replaces it.

Modes: documents are health data.  A file is created 0600, except below a hidden folder (its name begins with a dot):
that folder is made 0700, which protects what is staged in it, and the files in it get the mode that the umask, the
set-group-id bit or the default ACL of the site says, because a rename will soon show them to their readers.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
import stat
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from faxdaemon.contracts.files import Entry, Kind, Written
from faxdaemon.core.errors import FilesError
from faxdaemon.files.wording import failed, offline, telling, why

CHUNK = 1 << 20
"""Bytes read and written at a time."""
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL
_PRIVATE = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOINHERIT", 0) | getattr(os, "O_BINARY", 0)
_REMEMBERED = 1024


def kind_of(mode: int) -> Kind:
    """The kind of entry that `st_mode` tells."""
    if stat.S_ISREG(mode):
        return Kind.FILE
    if stat.S_ISDIR(mode):
        return Kind.FOLDER
    return Kind.LINK if stat.S_ISLNK(mode) else Kind.OTHER


def hidden(path: Path) -> bool:
    """Whether `path` lies below a folder whose name begins with a dot."""
    return "/." in path.parent.as_posix()


def _look_posix(path: Path) -> Entry:
    info = path.lstat()
    kind = kind_of(info.st_mode)
    return Entry(path, kind, info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino, info.st_dev)


def distinct(folders: Iterable[Path]) -> list[Path]:
    """Each folder once, in the order of first mention."""
    return list(dict.fromkeys(folders))


class CommonFiles(ABC):
    """The shared half of `Files`."""

    look: Callable[[Path], Entry] = staticmethod(_look_posix)
    """The entry at a path, links not followed; raises `OSError`."""
    change_times = True
    read_flags = os.O_RDONLY | _PRIVATE

    def __init__(self) -> None:
        self._durable: set[str] = set()  # folders whose own entry this process has made durable

    @abstractmethod
    def _rename(self, source: Path, target: Path) -> None:
        """Rename, never overwriting; raises `FileExistsError`, or another `OSError`."""

    @abstractmethod
    def sync(self, folders: Iterable[Path]) -> None:
        """Make the entries of these folders durable."""

    def scan(self, folder: Path) -> AbstractContextManager[Iterator[Entry]]:
        """The entries of `folder`, streamed; `FolderOffline` when it cannot be read."""
        return self._scan(folder)

    @contextmanager
    def _scan(self, folder: Path) -> Iterator[Iterator[Entry]]:
        try:
            listing = os.scandir(folder)
        except OSError as error:
            raise offline(folder, error) from error
        with listing:
            yield self._entries(folder, listing)

    def _entries(self, folder: Path, listing: Iterator[os.DirEntry[str]]) -> Iterator[Entry]:
        while True:
            try:
                item = next(listing, None)
                if item is None:
                    return
                entry = self.look(Path(item.path))
            except FileNotFoundError:
                continue  # it vanished between listing and looking: somebody else took it
            except OSError as error:
                raise offline(folder, error) from error
            yield entry

    def stat(self, path: Path) -> Entry | None:
        """The entry, or None."""
        try:
            return self.look(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise failed("look at", path, error) from error

    def read(self, path: Path) -> BinaryIO:
        """Open a regular file for reading."""
        return os.fdopen(self._open(path), "rb")

    def _open(self, path: Path, within: Path | None = None) -> int:
        """A descriptor of the regular file `path`; checked on the descriptor, so that nobody can swap it."""
        with telling("read", path):
            descriptor = os.open(path, self.read_flags) if within is None else self._open_below(within, path)
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISREG(mode):
            return descriptor
        os.close(descriptor)
        names = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a named pipe", stat.S_IFLNK: "a symbolic link"}
        what = names.get(stat.S_IFMT(mode), "a device")
        raise FilesError(f"cannot read {path}: it is {what}, not a file")

    @abstractmethod
    def _open_below(self, folder: Path, path: Path) -> int:
        """A descriptor of `path`, which lies below `folder`, with no link on the way; raises `OSError`."""

    def pieces(self, path: Path, within: Path | None = None) -> Generator[bytes, None, None]:
        """The content of a regular file, a chunk at a time."""
        descriptor = self._open(path, within)
        try:
            while True:
                with telling("read", path):
                    piece = os.read(descriptor, CHUNK)
                if not piece:
                    return
                yield piece
        finally:
            os.close(descriptor)

    def write_new(self, path: Path, chunks: Iterable[bytes]) -> Written:
        """Create `path` with this content and make the content durable."""
        descriptor = self._create(path)
        digest, size = hashlib.sha256(), 0
        try:
            for chunk in chunks:  # what the source raises passes through as it is
                digest.update(chunk)
                size += len(chunk)
                with telling("write", path):
                    _write_all(descriptor, chunk)
            with telling("write", path):
                os.fsync(descriptor)
        except BaseException:
            # After a failed fsync the pages may be gone: the file is removed, never synced a second time.
            with suppress(OSError):
                os.close(descriptor)
            with suppress(OSError):
                path.unlink()
            raise
        with telling("write", path):
            os.close(descriptor)
        return Written(size, digest.hexdigest())

    def _create(self, path: Path) -> int:
        mode = 0o666 if hidden(path) else 0o600
        try:
            try:
                return os.open(path, _CREATE | _PRIVATE, mode)
            except FileExistsError:
                path.unlink()
                return os.open(path, _CREATE | _PRIVATE, mode)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise offline(path.parent, error) from error
        except OSError as error:
            raise failed("create", path, error) from error

    def copy_new(self, source: Path, target: Path, *, within: Path | None = None) -> Written:
        """`write_new` with the content of the regular file `source`."""
        with closing(self.pieces(source, within)) as pieces:
            # The source is opened before the target is touched: a missing source must not cost an older temporary.
            first = next(pieces, b"")
            return self.write_new(target, itertools.chain((first,), pieces))

    def move(self, moves: Sequence[tuple[Path, Path]]) -> None:
        """Rename in order, then sync each directory once, the targets' first: rather two names than none."""
        done: list[tuple[Path, Path]] = []
        try:
            for source, target in moves:
                self._move_one(source, target)
                done.append((source, target))
        except FilesError as error:
            if not done:
                raise
            raise type(error)(f"{error.reason} ({len(done)} of {len(moves)} moves were done before)") from error
        finally:
            if done:
                self.sync(distinct([t.parent for _, t in done] + [s.parent for s, _ in done]))

    def _move_one(self, source: Path, target: Path) -> None:
        try:
            self._rename(source, target)
        except FileExistsError as error:
            raise FilesError(f"cannot move {source} to {target}: something by that name exists already") from error
        except (FileNotFoundError, NotADirectoryError) as error:
            if self.stat(source) is None:
                raise FilesError(f"cannot move {source} to {target}: the source is not there (any more)") from error
            raise offline(target.parent, error) from error
        except OSError as error:
            # A rename is refused by one of the two folders; tell the one that we may not write to.
            ours = os.access(source.parent, os.W_OK | os.X_OK)
            reason = why(error, target.parent if ours else source.parent)
            kind = type(failed("", target, error))
            raise kind(f"cannot move {source} to {target}: {reason}") from error

    def remove(self, paths: Sequence[Path]) -> None:
        """Remove files or empty folders, then sync each parent once."""
        done: list[Path] = []
        try:
            for path in paths:
                with telling("remove", path):
                    self._remove_one(path)
                done.append(path.parent)
        finally:
            # A parent that is gone took the entry with it.
            self.sync([folder for folder in distinct(done) if self.stat(folder) is not None])

    def _remove_one(self, path: Path) -> None:
        with suppress(FileNotFoundError, NotADirectoryError):
            try:
                path.unlink()
            except (IsADirectoryError, PermissionError):
                if not stat.S_ISDIR(path.lstat().st_mode):
                    raise
                path.rmdir()

    def make_dirs(self, paths: Sequence[Path]) -> None:
        """Create folders and their parents, then sync each parent once, the upper ones first.

        A folder that exists may have been made by a process that was killed before it could sync: on first sight its
        entry, and those of the folders above it, are made durable as well.
        """
        unsynced: list[Path] = []
        for path in paths:
            self._make(path, unsynced)
        self.sync(sorted(set(unsynced)))  # a folder sorts before what is in it

    def _make(self, path: Path, unsynced: list[Path]) -> None:
        try:
            path.mkdir(mode=0o700 if path.name.startswith(".") else 0o777)
        except FileExistsError:
            if not path.is_dir():
                raise FilesError(f"cannot create the folder {path}: a file by that name exists") from None
            self._adopt(path, unsynced)
        except FileNotFoundError as error:
            if path.parent == path:
                raise offline(path, error) from error
            self._make(path.parent, unsynced)
            self._make(path, unsynced)
        except OSError as error:
            raise failed("create the folder", path, error) from error
        else:
            self._adopt(path.parent, unsynced)
            unsynced.append(path.parent)

    def _adopt(self, path: Path, unsynced: list[Path]) -> None:
        while str(path) not in self._durable:
            if len(self._durable) >= _REMEMBERED:
                self._durable.clear()
            self._durable.add(str(path))
            if os.path.ismount(path) or not os.access(path.parent, os.R_OK):
                return  # above here nothing is ours
            unsynced.append(path.parent)
            path = path.parent

    def free_space(self, path: Path) -> int:
        """Free bytes for us on the file system of `path`."""
        try:
            return shutil.disk_usage(path).free
        except OSError as error:
            raise offline(path, error) from error


def _write_all(descriptor: int, chunk: bytes) -> None:
    """Write all of it; the kernel may take less than it is given."""
    left = memoryview(chunk)
    while left:
        left = left[os.write(descriptor, left) :]
