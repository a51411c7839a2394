"""The machine: its clock, its limits, the programs beside us.

Promise   see `faxdaemon.doctor`.
Needs     Linux for the kernel's own word on clock and limits; elsewhere these say nothing.
Crash     keeps nothing.
"""

from __future__ import annotations

import ctypes
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from faxdaemon.clock import SystemClock
from faxdaemon.config.types import Settings
from faxdaemon.doctor.result import Result, ok, trouble, warning
from faxdaemon.documents.outside import PROGRAMS
from faxdaemon.program import run

BUILT = datetime(2026, 11, 1, tzinfo=UTC)
"""No clock that is right shows an earlier time."""
PROC = Path("/proc/sys/fs/inotify")
PATIENCE = 30.0
"""Seconds for a program to tell its version."""
SPARE = 128
"""Open files besides those counted: libraries, the journal, documents in hand."""
_TIME_ERROR = 5
"""adjtimex(2): the kernel's clock is not synchronised."""


def clock(_settings: Settings) -> Iterator[Result]:
    """Statuses are asked for, faxes expire and drops settle by the clock."""
    now = SystemClock().now()
    if now < BUILT:
        advice = "set it, and have it kept right: timedatectl set-ntp true"
        yield trouble("clock", "clock", f"{now:%Y-%m-%d %H:%M} UTC is before this program was made", advice)
        return
    if _synchronised():
        yield ok("clock", "clock", f"{now:%Y-%m-%d %H:%M} UTC")
    else:
        advice = "have it kept right: timedatectl set-ntp true (in a container that is the host's matter)"
        yield warning("clock", "clock", "nothing keeps it right, says the kernel", advice)


def _synchronised() -> bool:
    if sys.platform != "linux":
        return True
    room = ctypes.create_string_buffer(512)  # struct timex, all zero: only ask
    return int(ctypes.CDLL(None, use_errno=True).adjtimex(room)) != _TIME_ERROR


def limits(settings: Settings) -> Iterator[Result]:
    """Open files and inotify watches."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - not on Windows

    have, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    need = SPARE + 4 * len(settings.outbound) + sum(2 * one.concurrency + 8 for one in settings.accounts.values())
    if have < need:
        advice = f"raise LimitNOFILE of the service (or ulimit -n) to {2 * need}"
        yield warning("limits", "open files", f"{have} allowed, up to {need} needed", advice)
    else:
        yield ok("limits", "open files", f"{have} allowed")
    yield from _inotify(len(settings.outbound) + 1)


def _inotify(folders: int) -> Iterator[Result]:
    for name, need in (("max_user_watches", folders), ("max_user_instances", 1)):
        try:
            have = int((PROC / name).read_text("ascii"))
        except (OSError, ValueError):
            continue  # not Linux, or hidden from us
        if have < need:
            advice = f"set fs.inotify.{name} to {max(need * 2, 128)} or more in /etc/sysctl.d"
            yield warning(
                "limits", f"inotify {name}", f"{have} allowed, {need} needed; folders are only scanned", advice
            )
        else:
            yield ok("limits", f"inotify {name}", f"{have} allowed")


def converters(_settings: Settings) -> Iterator[Result]:
    """What turns office files and print streams into PDF."""
    for program in PROGRAMS:
        place = program.found()
        if place is None:
            text = f"not installed; documents that only it reads cannot be faxed ({program.origin})"
            yield ok("converters", program.title, text)
            continue
        why = _broken(place)
        if why:
            advice = f"run it by hand as the service's user: {place} --version"
            yield warning("converters", program.title, f"{place} {why}", advice)
        else:
            yield ok("converters", program.title, place)


def _broken(place: str) -> str:
    """Why a program does not run, or nothing."""
    with tempfile.TemporaryDirectory(prefix="faxdaemon-doctor-") as name:
        try:
            status = run([place, "--version"], Path(name), {"HOME": name}, PATIENCE).status
        except OSError as error:
            return f"cannot be started ({error.strerror})"
    if status is None:
        return f"does not answer within {PATIENCE:.0f} s"
    # GhostPCL has no --version and says so with a status of its own; a signal or 126/127 means that it cannot run.
    return f"cannot be run (status {status})" if status in {126, 127} or status < 0 else ""
