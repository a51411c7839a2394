"""A print server of a test's own: queues that print when told to, and forget, refuse and end when told to."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import pypdfium2

from faxdaemon.core.errors import SinkOffline
from faxdaemon.printing.spooler import OVER, Job, JobGone, State


class Spooled:
    """`faxdaemon.printing.spooler.Spooler` that remembers what would be on paper."""

    def __init__(self) -> None:
        self.jobs: dict[int, Job] = {}
        self.names: dict[int, str] = {}
        self.options: dict[int, Mapping[str, str]] = {}
        self.paper: list[tuple[str, int]] = []
        """What was handed over: the job's name and the pages."""
        self.asked: list[str] = []
        self.says: str | None = None
        self.away = False
        self.history = True

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.away:
            raise SinkOffline("the print server cannot be reached")

    def remembers(self, printer: str) -> bool:
        self._ask("remembers")
        return self.history

    def begin(self, printer: str, name: str, options: Mapping[str, str]) -> int:
        self._ask("begin")
        number = len(self.names) + 1
        self.names[number], self.options[number] = name, dict(options)
        self.jobs[number] = Job(number, State.HELD, True, 0, "")
        return number

    def fill(self, printer: str, number: int, name: str, document: Path) -> None:
        self._ask("fill")
        job = self.jobs.get(number)
        if job is None or job.state in OVER or not job.empty:
            raise JobGone
        self.becomes(number, State.WAITING, empty=False)
        with pypdfium2.PdfDocument(document) as opened:
            self.paper.append((name, len(opened)))

    def look(self, printer: str, number: int, name: str) -> Job | None:
        self._ask("look")
        return self.jobs.get(number) if self.names.get(number) == name else None

    def discard(self, number: int) -> None:
        self._ask("discard")
        if number in self.jobs and self.jobs[number].state not in OVER:
            self.becomes(number, State.CANCELED)

    def trouble(self, printer: str) -> str | None:
        self._ask("trouble")
        return self.says

    def becomes(self, number: int, state: State, **changes: object) -> None:
        """Another state of a job."""
        self.jobs[number] = dataclasses.replace(self.jobs[number], state=state, **changes)  # type: ignore[arg-type] # fields of Job
