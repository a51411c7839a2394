"""The durable file operations on POSIX.

Promise   as `faxdaemon.contracts.files.Files`; every directory that a rename or a new folder touches is fsynced.
Needs     renameat2 (Linux) for a rename that cannot overwrite; without it (NFS, some FUSE, other systems) see
          `_without`.
Crash     between link and unlink of the fallback both names are one file: `move` again finishes it.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import shutil
import stat
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from faxdaemon.contracts.files import Access
from faxdaemon.core.errors import FilesError
from faxdaemon.files.common import CommonFiles, distinct, hidden
from faxdaemon.files.locking import FileLock
from faxdaemon.files.people import group_id, user_id
from faxdaemon.files.wording import failed, offline, telling

assert sys.platform != "win32"

import fcntl  # noqa: E402 - below the assertion, so that mypy does not look for it on Windows
import signal  # noqa: E402 - likewise

_AT_FDCWD = -100
_RENAME_NOREPLACE = 1
_LIBC = ctypes.CDLL(None, use_errno=True)
_UNSUPPORTED = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EIO, errno.EMLINK, errno.EACCES})
_NO_SYNC = frozenset({errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS})
#: Magic numbers (statfs(2)) of NFS, CIFS and SMB2, where a lease is refused with EAGAIN also when nobody writes: their
#: clients grant one only while they hold a delegation or an oplock.
_LEASE_MEANS_NOTHING = frozenset({0x6969, 0xFF534D42, 0xFE534D42})
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_LOOK = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC


class PosixFiles(CommonFiles):
    """`Files` for Linux and other POSIX systems."""

    # O_NONBLOCK: opening a named pipe must not wait for its writer.
    read_flags = _LOOK

    def _open_below(self, folder: Path, path: Path) -> int:
        """Folder by folder, each by its descriptor: what has been opened cannot be swapped for a link any more."""
        *folders, name = path.relative_to(folder).parts
        if ".." in folders:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        place = os.open(folder, _FOLDER)
        try:
            for each in folders:
                inner = os.open(each, _FOLDER | os.O_NOFOLLOW, dir_fd=place)
                os.close(place)
                place = inner
            return os.open(name, self.read_flags, dir_fd=place)
        finally:
            os.close(place)

    def sync(self, folders: Iterable[Path]) -> None:
        """fsync each folder once; a file system that cannot sync folders is taken as it is."""
        for folder in distinct(folders):
            try:
                descriptor = os.open(folder, _FOLDER)
            except OSError as error:
                raise offline(folder, error) from error
            try:
                os.fsync(descriptor)
            except OSError as error:
                if error.errno not in _NO_SYNC:
                    raise failed("make durable the folder", folder, error) from error
            finally:
                os.close(descriptor)

    def being_written(self, path: Path) -> bool:
        """Ask the kernel for a read lease: it is refused (EAGAIN) while anybody has the file open for writing.

        Needs to own the file or CAP_LEASE; without, and on network file systems, nothing is known: False.

        Danger: a writer that opens the file while we hold the lease makes the kernel signal us, and SIGIO, the default,
        would end the process.  So the signal is set to SIGURG first, whose default is to be ignored; being no real-time
        signal it is never replaced by SIGIO.  The lease is given up at once; a writer waits for those microseconds.
        """
        try:
            descriptor = os.open(path, _LOOK)
        except OSError:
            return False
        try:
            fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except AttributeError:
            return False  # leases are Linux's own
        except OSError as error:
            return error.errno == errno.EAGAIN and _file_system(descriptor) not in _LEASE_MEANS_NOTHING
        else:
            # Closing would do, but for a child that another thread is forking: it holds a copy of the descriptor.
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
            return False
        finally:
            os.close(descriptor)

    def lock(self, path: Path, patience: float = 0.0) -> FileLock:
        """Take the lock; it is held by an open descriptor and ends with the process."""
        return FileLock(path, patience)

    def replace(self, source: Path, target: Path) -> None:
        """rename(2), then both folders are synced."""
        with telling("replace", target):
            source.replace(target)
        self.sync([target.parent, source.parent])

    def grant(self, path: Path, access: Access) -> None:
        """chown(2) before chmod(2), which it may undo; on a descriptor, so that nobody can swap the file for a link."""
        if access == Access():
            return
        with telling("open", path):
            descriptor = os.open(path, _LOOK)
        try:
            with telling("give to others", path):
                owner, group = user_id(access.owner), group_id(access.group)
                if owner != -1 or group != -1:
                    os.fchown(descriptor, owner, group)
                if access.mode is not None:
                    folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
                    os.fchmod(descriptor, access.mode | (access.mode & 0o444) >> 2 if folder else access.mode)
                os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _rename(self, source: Path, target: Path) -> None:
        try:
            try:
                _rename_noreplace(source, target)
            except OSError as error:
                if error.errno not in _UNSUPPORTED:
                    raise
                self._without(source, target)
        except FileExistsError:
            if not _same_file(source, target):
                raise
            source.unlink()  # an earlier link and unlink was cut in the middle: finish it
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            self._carry(source, target)

    @staticmethod
    def _without(source: Path, target: Path) -> None:
        """Rename without overwriting where the file system cannot do both at once.

        Into a hidden folder: look, then rename.  The names there are ours and never used twice, so nobody can take one
        in between, and a rename is one act: a crash cannot leave a drop in its folder that is already claimed.
        Elsewhere: link, then unlink.  A name that readers or a second daemon may take at any moment is never
        overwritten, and a crash in between leaves one file under two names, which the next `move` recognises.
        """
        if not hidden(target):
            try:
                os.link(source, target, follow_symlinks=False)
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
            else:
                source.unlink()
                return
        with suppress(FileNotFoundError):
            target.lstat()
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        source.rename(target)

    def _carry(self, source: Path, target: Path) -> None:
        """Move to another file system: copy beside the target, sync, rename, sync, and only then remove the source."""
        if stat.S_ISDIR(source.lstat().st_mode):
            raise FilesError(f"cannot move the folder {source} to {target}: they are on different file systems")
        if self.stat(target) is None:
            name = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:24]
            temporary = target.parent / f".{name}.moving.tmp"
            self.copy_new(source, temporary)
            shutil.copystat(source, temporary)
            self._rename(temporary, target)
        elif not self._same_content(source, target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        self.sync([target.parent])
        source.unlink()

    def _same_content(self, one: Path, other: Path) -> bool:
        """Whether the target is the copy that an interrupted move left."""
        digests = []
        for path in (one, other):
            digest = hashlib.sha256()
            for piece in self.pieces(path):
                digest.update(piece)
            digests.append(digest.digest())
        return digests[0] == digests[1]


def _rename_noreplace(source: Path, target: Path) -> None:
    """renameat2(2) with RENAME_NOREPLACE; `OSError` with ENOSYS where the C library has none."""
    try:
        call = _LIBC.renameat2
    except AttributeError:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS)) from None
    if call(_AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(target), _RENAME_NOREPLACE) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(source), None, str(target))


def _same_file(source: Path, target: Path) -> bool:
    try:
        one, other = source.lstat(), target.lstat()
    except OSError:
        return False
    return stat.S_ISREG(one.st_mode) and (one.st_ino, one.st_dev) == (other.st_ino, other.st_dev)


def _file_system(descriptor: int) -> int:
    """The file system's magic number: the first field of `struct statfs`, a C long."""
    room = ctypes.create_string_buffer(512)
    if _LIBC.fstatfs(descriptor, room) != 0:
        return 0
    return ctypes.c_ulong.from_buffer(room).value & 0xFFFFFFFF
