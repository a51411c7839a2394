"""People: what they decide, and what they are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from faxdaemon.contracts.journal.outbound import Guard
from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import Document


class OperatorJournal(Protocol):
    """What a person may decide.  Each raises `UserError` with the reason when it cannot be done.  `fax` is an id or an
    unambiguous beginning of one; returns the number of recipients (or deliveries) changed."""

    def hold(self, fax: str, reason: str) -> int:
        """Keep what is not yet being sent."""
        ...

    def release(self, fax: str) -> int:
        """Let what is held go on where it was; what is uncertain is looked up again, never simply sent."""
        ...

    def resend(self, fax: str) -> int:
        """Send what ended or is held once more."""
        ...

    def cancel(self, fax: str) -> int:
        """Do not send it; what the provider has already is asked to stop."""
        ...

    def mark_sent(self, fax: str) -> int:
        """A person found out that a held fax was sent."""
        ...

    def give_up(self, fax: str, sink: str | None) -> int:
        """Do not deliver a received fax any more: to `sink`, or to every one where it is held."""
        ...

    def deliver_again(self, fax: str, sink: str) -> int:
        """Deliver a received fax to `sink` once more, or there, too; it counts as delivered without."""
        ...

    def redirect(self, sink: str, target: str | None) -> int:
        """Deliver what waits for `sink` to `target` instead; to nowhere when None."""
        ...


@dataclass(frozen=True, slots=True)
class Filter:
    """Which faxes to list; everything that is None does not matter."""

    direction: str | None = None
    """`out` or `in`."""
    states: tuple[str, ...] = ()
    destinations: bool = False
    """With HELD among the states: received faxes, too, that are held for one of their destinations."""
    number: str | None = None
    """Part of a number."""
    folder: str | None = None
    account: str | None = None
    name: str | None = None
    """Part of a file name."""
    since: datetime | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list: a recipient of an outbound fax, or an inbound fax."""

    fax_id: FaxId
    direction: str
    recipient: int
    state: str
    at: datetime
    """When the fax was accepted or first seen."""
    updated: datetime
    number: str | None
    """The other side's number."""
    name: str
    """File name (out) or line (in)."""
    account: str | None
    pages: int | None
    reason: str | None
    folder: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a fax."""

    at: datetime
    subject: str
    """`recipient 1`, `report`, `fax`, `delivery SINK`."""
    event: str
    source: str | None
    target: str
    node: str
    note: str | None


@dataclass(frozen=True, slots=True)
class Life:
    """Everything about one fax."""

    fax_id: FaxId
    direction: str
    facts: Mapping[str, Any]
    """Plain values, ready for JSON."""
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What the other faxes would say about one that comes now."""

    holds: tuple[str, ...]
    """Why it would be held."""
    waits: str | None
    """Why it would wait."""


class HistoryJournal(Protocol):
    """Reading, for people.  Works on a journal that another process writes."""

    def find(self, query: Filter) -> list[Row]:
        """Newest first."""
        ...

    def foresee(self, folder: str, numbers: Sequence[str], documents: Sequence[Document], guard: Guard) -> Foreseen:
        """What would become of a fax to these numbers, of documents with these hashes, if it were dropped now."""
        ...

    def life(self, fax: str) -> Life:
        """By id or an unambiguous beginning of one; `UserError` when there is none or more than one."""
        ...

    def counts(self) -> Mapping[str, int]:
        """Live items by state: `out.ready`, `in.seen`, ...; finished ones are not counted."""
        ...
