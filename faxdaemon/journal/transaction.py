"""One transaction of the writer, and what it leaves behind besides its rows: events, log lines, wake-ups.

Promise   event rows are in the same commit as what they tell of; log lines and wake-ups follow the commit, never
          precede it.  Everything in one transaction happens at one time.
Needs     a connection on which the writer began a transaction.
Crash     what was collected and not committed did not happen; after the commit a log line or a wake-up may be lost.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection

from faxdaemon.journal import tables
from faxdaemon.journal.prepared import Prepared

_log = structlog.get_logger()
_PRIVATE = frozenset({"refused", "hold", "routed"})
Values = Mapping[str, Any]


@dataclass(slots=True)
class Moment:
    """An event row to be written and a log line to be told after the commit."""

    fax_id: str
    subject: str
    event: str
    source: str | None
    target: str
    note: str | None = None
    facts: Callable[[], Values] = dict
    """For the log line only: account, reference, masked number; asked for when there is a log that wants it."""


class Tx:
    """One transaction of the writer; what is collected here takes effect with its commit."""

    __slots__ = ("_finishers", "connection", "moments", "node", "now", "owner", "reached", "topics", "touched")

    def __init__(
        self, connection: Connection, now: int, node: str, owner: str, finishers: Sequence[Callable[[Tx], None]]
    ) -> None:
        self.connection = connection
        self.now = now
        """Milliseconds since 1970; the same for everything in this transaction."""
        self.node = node
        self.owner = owner
        self.moments: list[Moment] = []
        self.topics: dict[str, None] = {}
        self.touched: dict[str, None] = {}
        """Faxes with a recipient that came to rest or left it: their report may be due."""
        self.reached: set[str] = set()
        """Numbers that a fax was sent to successfully: they are known from now on."""
        self._finishers = finishers

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.connection.dialect.name

    def after(self, seconds: float) -> int:
        """The time in `seconds` from now."""
        return self.now + max(0, round(seconds * 1000))

    def wake(self, *topics: str) -> None:
        """Signal `topics` after the commit."""
        self.topics.update(dict.fromkeys(topics))

    def tell(self, moment: Moment) -> None:
        """Write an event row and a log line."""
        self.moments.append(moment)

    def finish(self) -> None:
        """What belongs to the transaction but is cheaper done once for all of it."""
        for finisher in self._finishers:
            finisher(self)
        if self.moments:
            _INSERT_EVENTS.execute(self.connection, [self._event(m) for m in self.moments])

    def _event(self, moment: Moment) -> dict[str, Any]:
        return {
            "fax_id": moment.fax_id,
            "subject": moment.subject,
            "event": moment.event,
            "source": moment.source,
            "target": moment.target,
            "at": self.now,
            "node": self.node,
            "note": moment.note,
        }

    def log(self) -> None:
        """Tell the log what was committed.  What a person or a drop's own name may have put into a note stays in the
        journal: it can name a patient."""
        if not _wants_info():
            return
        for m in self.moments:
            note = None if m.event in _PRIVATE else m.note
            facts = {k: v for k, v in {"source": m.source, "note": note, **m.facts()}.items() if v is not None}
            _log.info(m.event, fax=m.fax_id, subject=m.subject, target=m.target, **facts)


def _wants_info() -> bool:
    """Whether the log takes such lines at all; loggers that cannot tell are told everything."""
    enabled = getattr(_log, "is_enabled_for", None)
    return enabled is None or bool(enabled(logging.INFO))


_INSERT_EVENTS = Prepared(
    sa.insert(tables.event), ("fax_id", "subject", "event", "source", "target", "at", "node", "note")
)
