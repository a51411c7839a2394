"""CUPS: the only module that imports its Python package.

Promise   what `faxdaemon.printing.spooler` asks.  A job is found by its number and by our own attribute in it: the
          number alone is used again by a scheduler that lost its last jobs, and by default CUPS shows a job's name to
          nobody who has not authenticated (JobPrivateValues).
Needs     the package `cups` (pycups), and a scheduler.
Crash     a connection lives for one request only, so nothing of one is left.

Measured with CUPS 2.4.2: an empty job shows job-k-octets 0, one with a document never does; `number-of-documents` goes
back to 0 when the files of a finished job are cleared away.  Send-Document counts once all of it has arrived.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import cups

from faxdaemon.core.errors import SinkOffline
from faxdaemon.printing.reasons import in_words
from faxdaemon.printing.spooler import OVER, Job, JobGone, State

_OURS = "faxdaemon-job"
"""The attribute of a job that carries our name for it."""
_STATES = {
    cups.IPP_JOB_PENDING: State.WAITING,
    cups.IPP_JOB_HELD: State.HELD,
    cups.IPP_JOB_PROCESSING: State.PRINTING,
    cups.IPP_JOB_STOPPED: State.STOPPED,
    cups.IPP_JOB_CANCELED: State.CANCELED,
    cups.IPP_JOB_ABORTED: State.ABORTED,
    cups.IPP_JOB_COMPLETED: State.COMPLETED,
}
_JOB = [
    _OURS,
    "job-id",
    "job-name",
    "job-state",
    "job-k-octets",
    "job-impressions-completed",
    "job-media-sheets-completed",
    "job-printer-state-message",
]
_PRINTER = ["printer-state", "printer-state-reasons", "printer-state-message", "printer-is-accepting-jobs"]
_NOT_FOUND, _NOT_POSSIBLE, _NOT_ACCEPTING = 0x406, 0x404, 0x506
_NO_DESTINATION = 0x500
"""What libcups says when it cannot find the queue by itself."""
_PIECE = 64 * 1024


class CupsSpooler:
    """See `Spooler`, for one scheduler."""

    def __init__(self, server: str | None) -> None:
        self._server = server

    @contextlib.contextmanager
    def _asking(self) -> Iterator[Any]:
        host, port = _place(self._server)
        cups.setPasswordCB2(_nobody)  # else libcups asks at a terminal; it is kept for each thread
        try:
            yield cups.Connection(host=host, port=port)
        except RuntimeError as error:
            raise SinkOffline(f"{self._named} cannot be reached: {error}") from error
        except cups.IPPError as error:
            raise SinkOffline(f"{self._named} refuses: {_said(error)}") from error

    @property
    def _named(self) -> str:
        return f"the print server {self._server}" if self._server else "this machine's print server (CUPS)"

    def remembers(self, printer: str) -> bool:
        """Jobs that are over are listed; where none is, an empty one is ended and looked for."""
        with self._asking() as connection:
            if connection.getJobs(which_jobs="completed", limit=1, requested_attributes=["job-id"]):
                return True
        name = "faxdaemon asks whether finished jobs are remembered"
        number = self.begin(printer, name, {})
        self.discard(number)
        return self.look(printer, number, name) is not None

    def begin(self, printer: str, name: str, options: Mapping[str, str]) -> int:
        """See `Spooler` (Create-Job)."""
        with self._asking() as connection:
            try:
                number: int = connection.createJob(printer, name, {**options, _OURS: name})
            except cups.IPPError as error:
                if error.args[0] in {_NOT_FOUND, _NO_DESTINATION}:
                    raise SinkOffline(f"{self._named} has no printer “{printer}”") from error
                raise
            return number

    def fill(self, printer: str, number: int, name: str, document: Path) -> None:
        """See `Spooler` (Send-Document)."""
        job = self.look(printer, number, name)
        if job is None or not job.empty or job.state in OVER:
            raise JobGone
        with self._asking() as connection, document.open("rb") as stream:
            try:
                connection.startDocument(printer, number, name, "application/pdf", 1)
                while piece := stream.read(_PIECE):
                    connection.writeRequestData(piece, len(piece))
                connection.finishDocument(printer)
            except cups.IPPError as error:
                if error.args[0] in {_NOT_FOUND, _NOT_POSSIBLE}:
                    raise JobGone from error
                raise

    def look(self, printer: str, number: int, name: str) -> Job | None:  # noqa: ARG002 - numbers are the server's
        """See `Spooler` (Get-Job-Attributes)."""
        with self._asking() as connection:
            try:
                told = connection.getJobAttributes(number, _JOB)
            except cups.IPPError as error:
                if error.args[0] == _NOT_FOUND:
                    return None
                raise
        if name not in {told.get(_OURS), told.get("job-name")}:
            return None
        sheets = max(told.get("job-impressions-completed") or 0, told.get("job-media-sheets-completed") or 0)
        message = str(told.get("job-printer-state-message") or "")
        return Job(number, _STATES[told["job-state"]], not told["job-k-octets"], sheets, message)

    def discard(self, number: int) -> None:
        """See `Spooler` (Cancel-Job); one that is over is left as it is."""
        with self._asking() as connection:
            try:
                connection.cancelJob(number)
            except cups.IPPError as error:
                if error.args[0] not in {_NOT_FOUND, _NOT_POSSIBLE}:
                    raise

    def trouble(self, printer: str) -> str | None:
        """See `Spooler` (Get-Printer-Attributes)."""
        with self._asking() as connection:
            try:
                told = connection.getPrinterAttributes(printer, requested_attributes=_PRINTER)
            except cups.IPPError as error:
                if error.args[0] == _NOT_FOUND:
                    raise SinkOffline(f"{self._named} has no printer “{printer}”") from error
                raise
        said = str(told.get("printer-state-message") or "").strip()
        if not told.get("printer-is-accepting-jobs", True):
            raise SinkOffline(f"printer {printer} takes no jobs{_quoted(said)}; `cupsaccept {printer}` changes that")
        words = in_words(told.get("printer-state-reasons") or [])
        if told.get("printer-state") == cups.IPP_PRINTER_STOPPED and not words:
            words = ["it is stopped"]
        return f"printer {printer}: {', '.join(words)}{_quoted(said)}" if words else None


def _place(server: str | None) -> tuple[str, int]:
    """Host (or the path of a socket) and port."""
    if server is None:
        return cups.getServer(), cups.getPort()
    host, colon, port = server.rpartition(":")
    return (host, int(port)) if colon and port.isdigit() and not host.endswith(":") else (server, cups.getPort())


def _nobody(*_: object) -> None:
    """There is nobody to type a password."""


def _said(error: cups.IPPError) -> str:
    return str(error.args[1]) if len(error.args) > 1 else str(error)


def _quoted(said: str) -> str:
    return f" (“{said}”)" if said else ""
