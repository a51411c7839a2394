"""An operating system lock on a file: held by an open descriptor, so it ends with the process whatever happens.

Promise   one holder at a time over all processes of this machine; the file itself is no lock and may stay for ever.
Needs     flock (POSIX) or byte-range locks (Windows); the lock file on a local file system.
Crash     the system lets go of the lock.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

from faxdaemon.core.errors import FilesError
from faxdaemon.files.wording import failed

_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOINHERIT", 0)
_PAUSE = 0.02
"""Seconds between two tries."""
_FAR = 1 << 30
"""Windows forbids others to read a locked byte, so a byte far behind the holder's number is locked."""


class FileLock:
    """The lock that `path` names, taken by this process."""

    def __init__(self, path: Path, patience: float = 0.0) -> None:
        """Take it within so many seconds, or raise `FilesError` naming the holder."""
        try:
            self._descriptor = os.open(path, _FLAGS, 0o600)
        except OSError as error:
            raise failed("open the lock", path, error) from error
        until = time.monotonic() + patience
        try:
            while not _taken(self._descriptor, until):
                time.sleep(_PAUSE)
        except OSError as error:
            holder = _holder(self._descriptor)
            os.close(self._descriptor)
            raise FilesError(f"{path} is locked by {holder}; stop that one first, or use another folder") from error
        with suppress(OSError):  # the number is a courtesy to whoever is refused; the lock holds without it
            os.ftruncate(self._descriptor, 0)
            os.write(self._descriptor, str(os.getpid()).encode("ascii"))

    def release(self) -> None:
        """Give the lock up; a second time is harmless."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor != -1:
            os.close(descriptor)


def _holder(descriptor: int) -> str:
    text = b""
    with suppress(OSError):
        text = os.read(descriptor, 20)
    return f"process {text.decode('ascii')}" if text.isdigit() else "another process"


def _taken(descriptor: int, until: float) -> bool:
    """Try; raises `OSError` once the time is over."""
    try:
        _lock(descriptor)
    except OSError:
        if time.monotonic() >= until:
            raise
        return False
    return True


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415 - Windows only

        os.lseek(descriptor, _FAR, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)
    else:
        import fcntl  # noqa: PLC0415 - POSIX only

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
