"""Real processes of Python that start at once: forked from one that has imported the daemon and done nothing else.

Starting an interpreter and importing everything takes a second of a processor, each time, and what is tested is not
that.  The server that forks is the standard library's; it runs no thread of ours, so a child begins as a new process
does.  Each child is a process of its own in every way that counts here: it is killed, traced and locked out by its id.
`Forked` looks like the `subprocess.Popen` that it replaces.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Mapping, Sequence
from multiprocessing.connection import wait
from pathlib import Path

IMPORTED = (
    *("faxdaemon.cli", "faxdaemon.daemon", "faxdaemon.formats.filename", "faxdaemon.sinks.folder"),
    *(f"faxdaemon.providers.{name}" for name in ("concord", "faxage", "faxde", "opentext")),
    # what these import when they first need it
    *("PIL.PngImagePlugin", "PIL.PpmImagePlugin", "alembic.command", "encodings.idna", "watchdog.observers.inotify"),
    *("uvicorn.lifespan.off", "uvicorn.loops.asyncio", "uvicorn.protocols.http.h11_impl"),
)
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(list(IMPORTED))
_ONE_AT_A_TIME = threading.Lock()  # an exit status comes down a pipe once, and starting a process looks at all others


class Forked:
    """`python *command`, its output in `log`."""

    def __init__(self, command: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
        self.args = [sys.executable, *command]
        log.write_bytes(b"")  # it is there, and empty, from the first moment on
        self._process = _CONTEXT.Process(target=_run, args=(list(command), str(log), dict(environment)), daemon=True)
        with _ONE_AT_A_TIME:
            self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """The exit status, the negative number of a signal, or None while it runs."""
        with _ONE_AT_A_TIME:
            return self._process.exitcode

    @property
    def returncode(self) -> int | None:
        return self.poll()

    def wait(self, timeout: float | None = None) -> int:
        """The exit status; `subprocess.TimeoutExpired` when it runs longer than `timeout` seconds."""
        wait([self._process.sentinel], timeout)
        status = self.poll()
        if status is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        return status

    def send_signal(self, number: int) -> None:
        """To a process that has ended: nothing."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _run(command: list[str], log: str, environment: dict[str, str]) -> None:
    """In the child: what the interpreter would do with `command`."""
    stream = os.open(log, os.O_WRONLY)
    for standard in (1, 2):
        os.dup2(stream, standard)
    os.close(stream)
    os.environ.clear()
    os.environ.update(environment)
    warnings.simplefilter("default")
    multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined] # it may have children
    if command[0] == "-m":
        sys.argv = [command[1], *command[2:]]
        runpy.run_module(command[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = list(command)
        runpy.run_path(command[0], run_name="__main__")
