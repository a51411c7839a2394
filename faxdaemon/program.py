"""Running another program: a time limit, nothing of ours in its environment, and no process of it left.

Promise   the program gets the arguments as they are (never a shell), a few harmless variables of our environment and
          those that the caller adds, no input, and so many seconds.  When `run` returns, it and everything in its
          process group is gone (Windows: it alone).  What it prints is counted and thrown away: it may be a patient's.
Needs     nothing.
Crash     a program that is running when the daemon is killed runs on, unless the service manager ends it too.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

DYING = 10.0
"""Seconds that a killed program may take to be gone."""
_KEPT = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "LANG", "LC_ALL", "TZ")
"""What of our environment is nobody's secret: others may be credentials."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended."""

    status: int | None
    """Its exit status, negative for the signal that ended it; None when its time was over."""
    printed: int
    """Bytes that it wrote to its standard output and error."""


def run(command: Sequence[str], folder: Path, own: Mapping[str, str], seconds: float) -> Ended:
    """Let it run in `folder`, with `own` in its environment, and end it when its time is over.  Raises OSError when it
    cannot be started."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    with subprocess.Popen(  # noqa: S603 - a program that the site chose, called without a shell
        list(command),
        cwd=folder,
        env={**kept, **own},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        counted = _Counted(process.stdout)
        try:
            process.wait(max(1.0, seconds))
            status: int | None = process.returncode
        except subprocess.TimeoutExpired:
            status = None
        finally:
            _end(process)
        return Ended(status, counted.total())


class _Counted:
    """Reads what it prints, so that it is not stopped by a full pipe."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._bytes = 0
        self._thread = threading.Thread(target=self._read, name="printed", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with suppress(OSError, ValueError):  # closed under us
            while piece := os.read(self._stream.fileno(), 65536):
                self._bytes += len(piece)

    def total(self) -> int:
        """So far, when a process that left the group still has the other end."""
        self._thread.join(DYING)
        return self._bytes


def _end(process: subprocess.Popen[bytes]) -> None:
    """It, and everything that it has started."""
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    with suppress(subprocess.TimeoutExpired):
        process.wait(DYING)
