"""The durable file operations on Windows.

Promise   as `faxdaemon.contracts.files.Files`, except that Windows cannot flush a directory: file contents survive a
          power cut, a rename may not (rules W1 to W4 of `docs/durability.md` make up for it).
Needs     os.rename, which never overwrites there.
Crash     as on POSIX, short of a power cut.

Virus scanners, indexers and previews open files for moments; what they hold cannot be renamed or removed.  Such a
refusal is tried again for about a second, then reported.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from faxdaemon.contracts.files import Access, Entry
from faxdaemon.core.errors import FilesError
from faxdaemon.files.common import CommonFiles, kind_of
from faxdaemon.files.locking import FileLock
from faxdaemon.files.wording import offline, telling

_ACCESS_DENIED, _SHARING_VIOLATION, _LOCK_VIOLATION = 5, 32, 33
#: Access denied too: a file that is being deleted, or just scanned, answers with it for a moment.
_PASSING = frozenset({_ACCESS_DENIED, _SHARING_VIOLATION, _LOCK_VIOLATION})
_PAUSES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4)
"""Seconds between the tries."""


def _look_windows(path: Path) -> Entry:
    info = path.lstat()
    modified = info.st_mtime_ns  # st_ctime is the creation time here; there is no change time
    return Entry(path, kind_of(info.st_mode), info.st_size, modified, modified, info.st_ino, info.st_dev)


class WindowsFiles(CommonFiles):
    """`Files` for Windows."""

    look = staticmethod(_look_windows)
    change_times = False

    def sync(self, folders: Iterable[Path]) -> None:
        """Nothing can be flushed; a folder that is gone is reported as on POSIX."""
        for folder in set(folders):
            try:
                mode = folder.stat().st_mode
            except OSError as error:
                raise offline(folder, error) from error
            if not stat.S_ISDIR(mode):
                raise offline(folder, NotADirectoryError(20, "not a folder"))

    def being_written(self, path: Path) -> bool:
        """Open it while denying others to write: that is refused while somebody has it open for writing.  Readers do
        not disturb."""
        return _shared_open_fails(path)

    def lock(self, path: Path, patience: float = 0.0) -> FileLock:
        """Take the lock; it is held by an open handle and ends with the process."""
        return FileLock(path, patience)

    def _open(self, path: Path, within: Path | None = None) -> int:
        if path.is_symlink():  # there is no O_NOFOLLOW
            raise FilesError(f"cannot read {path}: it is a symbolic link, and links are never followed")
        return super()._open(path, within)

    def _open_below(self, folder: Path, path: Path) -> int:
        """Opened first, then looked at: who swaps a folder for a link and back within that moment is not noticed."""
        descriptor = os.open(path, self.read_flags)
        if path.resolve() == folder.resolve() / path.relative_to(folder):
            return descriptor
        os.close(descriptor)
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))

    def replace(self, source: Path, target: Path) -> None:
        """MoveFileEx with replacing; readers that have it open are waited for a little."""
        with telling("replace", target):
            patiently(lambda: source.replace(target))

    def grant(self, path: Path, access: Access) -> None:
        """Nothing: the folder's access list is inherited, and says who may read."""

    def _rename(self, source: Path, target: Path) -> None:
        patiently(lambda: source.rename(target))

    def _remove_one(self, path: Path) -> None:
        super_remove = super()._remove_one
        patiently(lambda: super_remove(path))


def patiently(act: Callable[[], object]) -> None:
    """Do `act`; while another program holds the file, again a few times."""
    for pause in _PAUSES:
        try:
            act()
        except OSError as error:
            if getattr(error, "winerror", None) not in _PASSING:
                raise
        else:
            return
        time.sleep(pause)
    act()


def _shared_open_fails(path: Path) -> bool:
    """CreateFileW for reading, sharing reading and deleting only; whether it fails with a sharing violation."""
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415 - Windows only
        from ctypes import wintypes  # noqa: PLC0415 - Windows only

        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.CreateFileW.restype = wintypes.HANDLE
        generic_read, share_read, share_delete, open_existing = 0x80000000, 1, 4, 3
        handle = kernel.CreateFileW(str(path), generic_read, share_read | share_delete, None, open_existing, 0, None)
        if handle == wintypes.HANDLE(-1).value:
            return bool(ctypes.get_last_error() == _SHARING_VIOLATION)
        kernel.CloseHandle(wintypes.HANDLE(handle))
    return False
