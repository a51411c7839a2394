"""A destination of received faxes: a folder, a printer, mail, a command.

Delivering is a hand-over in two acts with a commit between them: `stage` makes everything ready where nobody looks,
and its plan is recorded; `publish` makes it visible.  After a crash `publish` is simply called again with the recorded
plan: what is no longer staged was published, even if a reader has taken it away since.

Where the other side takes its time (a printer's queue), `publish` answers `Waiting`: handed over, and to be called
again with the plan that it gives, until it answers nothing.  The other side may have acted although the plan with its
job number was never recorded: then `publish` must find the job by a name that the first plan had already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any, Protocol

from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.documents import Documents
from faxdaemon.contracts.files import Files
from faxdaemon.core.model import InboundFax


@dataclass(frozen=True, slots=True)
class Waiting:
    """Handed over, but not done yet."""

    plan: Mapping[str, Any]
    """By which `publish` goes on, also after a crash (JSON)."""
    delay: float
    """Seconds after which to ask again."""
    trouble: str | None = None
    """What keeps it waiting, when a person must help (paper out, printer stopped), in words; told as an alert."""


class Sink(Protocol):
    """One destination.  Errors are `FilesError` and `SinkOffline` (again later), and `Undeliverable` (never)."""

    @property
    def key(self) -> str:
        """The sink's identity in the journal; stable over restarts and configuration edits that do not move it."""
        ...

    def stage(self, fax: InboundFax, document: Path) -> Mapping[str, Any]:
        """Prepare the delivery durably and return the plan (JSON) by which `publish` can finish it."""
        ...

    def publish(self, plan: Mapping[str, Any]) -> Waiting | None:
        """Finish a staged delivery durably; harmless to repeat.  None when the other side has it."""
        ...


@dataclass(frozen=True, slots=True)
class SinkTools:
    """What every kind of sink is given; `open_sink(key, options, tools)` in its module takes it."""

    files: Files
    documents: Documents
    clock: Clock
    work: Path
    """A folder below our state folder, this sink's alone, for what it stages outside of the destination; it may have
    to be made."""
    zone: tzinfo = UTC
    """The site's, in which people read times."""
    services: Mapping[str, str] = field(default_factory=dict)
    """The kind of each account's service."""
