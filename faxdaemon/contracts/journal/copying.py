"""Backup and restore: what the journal names in the spool, and what a restored one must not do by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from faxdaemon.core.ids import FaxId


@dataclass(frozen=True, slots=True)
class Spooled:
    """One of our copies."""

    fax_id: FaxId
    name: str
    """Relative to the spool."""
    sha256: str
    size: int


class CopyJournal(Protocol):
    """What backup and restore ask and record."""

    def spooled(self, direction: str, after: str, limit: int) -> list[Spooled]:
        """Our copies that were not cleared away, of up to `limit` faxes (`out` or `in`) behind the id `after`."""
        ...

    def hold_restored(self, reason: str) -> Mapping[str, int]:
        """What a journal that is older than the world must not do by itself waits for a person: what was to be sent,
        and what was to be delivered.  Returns how many of each."""
        ...
