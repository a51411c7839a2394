"""What the printer sink asks of a print queue.

Promise   a job is begun empty, which prints nothing, and filled later: so its number can be recorded before there is
          anything to print, and a job that a killed process left behind shows whether its document ever arrived.
Needs     nothing; these are nouns.
Crash     a job belongs to the queue, and outlives us.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol


class State(Enum):
    """What is going on with a job."""

    WAITING = "waiting"
    HELD = "held"
    """Somebody, or a missing document, keeps it from being printed."""
    PRINTING = "printing"
    STOPPED = "stopped"
    COMPLETED = "completed"
    CANCELED = "canceled"
    ABORTED = "aborted"


OVER = frozenset({State.COMPLETED, State.CANCELED, State.ABORTED})


@dataclass(frozen=True, slots=True)
class Job:
    """One job, as the queue shows it."""

    number: int
    state: State
    empty: bool
    """Whether its document never arrived."""
    sheets: int
    """How many the queue believes to be on paper; it may count some that are not."""
    message: str
    """What the queue says of it, in its own words."""


class JobGone(Exception):
    """The queue has no such job that a document could still be put into."""


class Spooler(Protocol):
    """The queues of one server.  Errors are `SinkOffline`: nothing is known of the effect, unless said otherwise."""

    def remembers(self, printer: str) -> bool:
        """Whether the queue still tells of jobs that are over."""
        ...

    def begin(self, printer: str, name: str, options: Mapping[str, str]) -> int:
        """A new job without a document, known by `name`, which is unique; its number."""
        ...

    def fill(self, printer: str, number: int, name: str, document: Path) -> None:
        """Hand over the job's only document, a PDF.  `JobGone` when it certainly was not taken, since the job is over,
        forgotten, or has its document."""
        ...

    def look(self, printer: str, number: int, name: str) -> Job | None:
        """The job by that number and name; None when the queue knows of none, or shows another's."""
        ...

    def discard(self, number: int) -> None:
        """End a job; from now on it takes no document."""
        ...

    def trouble(self, printer: str) -> str | None:
        """What keeps the printer from printing, in words; None when nothing does.  `SinkOffline` when there is no such
        queue, or it takes no jobs."""
        ...
