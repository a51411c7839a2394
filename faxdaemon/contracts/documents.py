"""Looking into a document before it is sent, or after it was received."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a document is.  `problem` is set when it cannot be faxed, in words for a person."""

    media: str
    """MIME type by content (never by name), `application/octet-stream` when not recognised."""
    pages: int | None
    """Pages as they would be faxed; None where only the provider can tell (office files, HTML, ...)."""
    problem: str | None = None


class Documents(Protocol):
    """Reads documents; never changes one."""

    def inspect(self, path: Path, name: str) -> Inspection:
        """Look at the file at `path`, which was called `name`.  Bounded in time and memory; never raises for bad
        content."""
        ...

    def looks_cut(self, path: Path) -> bool:
        """A quick look at the end of a file: True when it surely has not been written to its end yet."""
        ...
