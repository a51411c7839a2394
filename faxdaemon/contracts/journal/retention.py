"""Clearing away what is at rest: files first promised away, then removed, then told; rows last.

What is cleared is cleared for good, and never anything that is held, in doubt, under way, or not acknowledged: each
method that changes something looks once more, in its own commit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from faxdaemon.core.ids import FaxId


class What(StrEnum):
    """What there is to clear of a fax."""

    SPOOL = "spool"
    """Our own copies of its documents."""
    SHOWN = "shown"
    """Its originals, answers and pictures in `sent` and `failed` of its drop folder."""
    ROWS = "rows"
    """What the journal tells of it."""


@dataclass(frozen=True, slots=True)
class AtRest:
    """A fax that has come to its end."""

    fax_id: FaxId
    direction: str
    """`out` or `in`."""
    ended: datetime
    """When anything about it changed for the last time."""
    folder: str | None = None
    """Its drop folder."""
    account: str | None = None
    line: str | None = None
    """For a received one: the number called."""
    overall: str | None = None
    """For one that was dropped: `sent`, or something else."""
    spooled: tuple[str, ...] = ()
    """Our copies, relative to the spool."""
    size: int = 0
    """Of these, in bytes."""
    plan: Mapping[str, Any] | None = None
    """By which its answer was published."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """The SHA-256 of each dropped file by its name."""
    pictures: Mapping[str, str] = field(default_factory=dict)
    """Likewise of each picture that was put beside the answer, by its place."""
    cleared: frozenset[What] = frozenset()
    """What of it was cleared before."""


class RetentionJournal(Protocol):
    """What clearing asks and records."""

    def take_daily(self, name: str, next_in: float) -> float:
        """As `AuditJournal.take_daily`."""
        ...

    def hasten(self, name: str) -> None:
        """The duty of once a day is due now."""
        ...

    def at_rest(self, direction: str, what: What, before: datetime, after: str, limit: int) -> list[AtRest]:
        """Faxes that ended before that moment and of which `what` was not cleared, in the order of their ids, behind
        the id `after`.  Our copies: those that this node keeps.  Rows: where our copies are cleared already."""
        ...

    def promise_cleared(self, fax_ids: Sequence[FaxId]) -> list[FaxId]:
        """R1: our copies of these are given up; nothing relies on them from now on.  Returns those for which that is
        so."""
        ...

    def promised(self, limit: int) -> list[AtRest]:
        """Those of this node whose copies were given up and, for all that is known, not removed yet."""
        ...

    def is_cleared(self, fax_ids: Sequence[FaxId], what: What) -> None:
        """R3: the files are gone."""
        ...

    def forget(self, fax_ids: Sequence[FaxId]) -> int:
        """R4: the rows of these go.  Of each a small one stays.  Returns how many went."""
        ...
