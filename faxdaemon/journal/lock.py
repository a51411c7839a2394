"""The operating system's lock that makes a SQLite journal ours alone.

Promise   at most one holder on the machine; the system itself gives it up when the process ends, however it ends.
Needs     a local file system.
Crash     nothing is left but an empty file.  Its presence means nothing; only the lock on it does.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from faxdaemon.core.errors import JournalBusy

if sys.platform == "win32":
    import msvcrt

    def _take(descriptor: int) -> None:
        os.lseek(descriptor, 1 << 20, os.SEEK_SET)  # beyond the text, which others may want to read
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _take(descriptor: int) -> None:
        # flock, not lockf: the latter would let a second opener in the same process through.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class FileLock:
    """The exclusive lock named by the file `path`; `JournalBusy` when another process holds it."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        try:
            _take(self._descriptor)
        except OSError as error:
            os.close(self._descriptor)
            holder = ""
            with contextlib.suppress(OSError, ValueError):
                holder = f" (process {int(path.read_text('ascii'))})"
            raise JournalBusy(
                f"{path.parent}: another faxdaemon{holder} is using this journal. Stop it first, or give the command "
                "to the running one."
            ) from error
        os.ftruncate(self._descriptor, 0)
        os.write(self._descriptor, f"{os.getpid()}\n".encode("ascii"))

    def release(self) -> None:
        """Give the lock up; harmless to repeat."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:  # closing twice could close a stranger's file
            os.close(descriptor)
