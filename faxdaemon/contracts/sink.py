"""A destination of received faxes: a folder, later a printer, mail, a command.

Delivering is a hand-over in two acts with a commit between them: `stage` makes everything ready where nobody looks,
and its plan is recorded; `publish` makes it visible.  After a crash `publish` is simply called again with the recorded
plan: what is no longer staged was published, even if a reader has taken it away since.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from faxdaemon.core.model import InboundFax


class Sink(Protocol):
    """One destination.  Errors are `FilesError` (again later) or `FolderOffline`."""

    @property
    def key(self) -> str:
        """The sink's identity in the journal; stable over restarts and configuration edits that do not move it."""
        ...

    def stage(self, fax: InboundFax, document: Path) -> Mapping[str, Any]:
        """Prepare the delivery durably and return the plan (JSON) by which `publish` can finish it."""
        ...

    def publish(self, plan: Mapping[str, Any]) -> None:
        """Finish a staged delivery durably; harmless to repeat."""
        ...
