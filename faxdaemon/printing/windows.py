"""Windows: print queues through pywin32, and a PDF through the site's own program.

Promise   what `faxdaemon.printing.spooler` asks, as far as Windows can.  It has no empty jobs: `begin` does nothing,
          and `fill` runs the program.  The job is found by the document's name, which is that of its file.  What was
          begun and shows no job proves nothing, and is held.
Needs     pywin32; a program that prints a PDF without a window (`program`); the printer's property "Keep printed
          documents", without which Windows forgets a job as soon as it is printed.
Crash     a job belongs to Windows, and outlives us.

Only type-checked so far: nothing here has run on Windows.  Facts: Win32 EnumJobs, GetPrinter, SetJob (winspool.h).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pywintypes
import win32print

from faxdaemon.core.errors import SinkOffline
from faxdaemon.printing.spooler import Job, JobGone, State
from faxdaemon.program import run

_LIMIT = 120.0
"""Seconds for the program."""
_MOST = 1000
"""Jobs of a queue that are looked through."""
_KEEPS = 0x100
"""PRINTER_ATTRIBUTE_KEEPPRINTEDJOBS."""
_JOB = {
    "deleting": 0x4,
    "printing": 0x10,
    "printed": 0x80,
    "deleted": 0x100,
    "complete": 0x1000,
    "paused": 0x1,
    "error": 0x2,
    "offline": 0x20,
    "paper out": 0x40,
    "blocked": 0x200,
    "a person must look": 0x400,
}
"""JOB_STATUS_*."""
_PRINTER = {
    0x1: "it is stopped",
    0x2: "it reports an error",
    0x8: "paper is jammed",
    0x10: "it has no paper",
    0x40: "it has trouble with its paper",
    0x80: "it is offline",
    0x800: "its output tray is full",
    0x1000: "it is not to be had",
    0x40000: "it has no toner",
    0x100000: "a person must look at it",
    0x400000: "a door is open",
}
"""PRINTER_STATUS_*."""


class WindowsSpooler:
    """See `Spooler`, for this machine or the print server `server` (`\\\\\\\\host`)."""

    def __init__(self, server: str | None, program: Sequence[str]) -> None:
        self._server = server
        self._program = tuple(program)

    @contextlib.contextmanager
    def _opened(self, printer: str) -> Iterator[Any]:
        name = f"{self._server}\\{printer}" if self._server else printer
        try:
            handle = win32print.OpenPrinter(name)
            try:
                yield handle
            finally:
                win32print.ClosePrinter(handle)
        except pywintypes.error as error:
            raise SinkOffline(f"printer {name} is not to be had: {error.strerror}") from error

    def remembers(self, printer: str) -> bool:
        """Whether "Keep printed documents" is set."""
        with self._opened(printer) as handle:
            return bool(win32print.GetPrinter(handle, 2)["Attributes"] & _KEEPS)

    def begin(self, printer: str, name: str, options: Mapping[str, str]) -> int:  # noqa: ARG002 - the program's own affair
        """Nothing is begun; a job gets its number from Windows."""
        if not self._program:
            raise SinkOffline(f"printer {printer}: no `program` is configured that prints a PDF; see docs/printing.md")
        return 0

    def fill(self, printer: str, number: int, name: str, document: Path) -> None:
        """Run the program, and wait for its end."""
        if self.look(printer, number, name) is not None:
            raise JobGone
        values = {"{file}": str(document), "{printer}": printer}
        command = [values.get(part, part) for part in self._program]
        try:
            ended = run(command, document.parent, {}, _LIMIT)
        except OSError as error:
            raise SinkOffline(f"{command[0]} cannot be started: {error.strerror}") from error
        if ended.status != 0:
            raise SinkOffline(f"{command[0]} did not print: its status was {ended.status}")

    def look(self, printer: str, number: int, name: str) -> Job | None:  # noqa: ARG002 - Windows numbers the jobs
        """See `Spooler` (EnumJobs); found by the document's name."""
        with self._opened(printer) as handle:
            for job in win32print.EnumJobs(handle, 0, _MOST, 1):
                if _file_of(name) in str(job["pDocument"]):
                    status = int(job["Status"])
                    sheets = int(job["PagesPrinted"])
                    return Job(int(job["JobId"]), _state(status), False, sheets, _said(status, job["pStatus"]))
        return None

    def discard(self, number: int) -> None:
        """There are no empty jobs."""

    def trouble(self, printer: str) -> str | None:
        """See `Spooler` (GetPrinter)."""
        with self._opened(printer) as handle:
            status = int(win32print.GetPrinter(handle, 2)["Status"])
        words = [text for bit, text in _PRINTER.items() if status & bit]
        return f"printer {printer}: {', '.join(words)}" if words else None


def _file_of(name: str) -> str:
    """The document of a job, without the number of the try: `PrinterSink.stage` names it so."""
    return name.rpartition("-")[0]


def _state(status: int) -> State:
    if status & (_JOB["printed"] | _JOB["complete"]):
        return State.COMPLETED
    if status & (_JOB["deleting"] | _JOB["deleted"]):
        return State.CANCELED
    if status & _JOB["paused"]:
        return State.HELD
    if status & (_JOB["error"] | _JOB["offline"] | _JOB["paper out"] | _JOB["blocked"] | _JOB["a person must look"]):
        return State.STOPPED
    return State.PRINTING if status & _JOB["printing"] else State.WAITING


def _said(status: int, text: object) -> str:
    words = [name for name, bit in _JOB.items() if status & bit]
    return str(text) if text else ", ".join(words)
