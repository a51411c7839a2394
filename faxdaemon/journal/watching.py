"""What is looked at so that people are told: ends and waits.

Promise   changes nothing; each question is answered by an index, however long the history is.
Needs     a journal of our own schema version.
Crash     keeps nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from faxdaemon.core.ids import FaxId
from faxdaemon.core.states import Outbound, Reporting
from faxdaemon.core.wishes import moment
from faxdaemon.journal.base import Part
from faxdaemon.journal.tables import event, fax, is_in, recipient
from faxdaemon.journal.types import from_ms

_SETTLED_MS = 2000
"""An event's number may be committed after a higher one (PostgreSQL): so what is newer than this is left for later."""
_LOOKED = 50
"""Waiting faxes that are looked at: those in front may be meant for later."""
_LAST = sa.select(sa.func.max(event.c.id))
_REPORTED = (
    sa.select(event.c.id, event.c.fax_id)
    .where(
        event.c.id > sa.bindparam("mark"),
        event.c.subject == "report",
        event.c.target == Reporting.REPORTED.value,
        event.c.node == sa.bindparam("node"),
        event.c.at <= sa.bindparam("until"),
    )
    .order_by(event.c.id)
    .limit(sa.bindparam("limit"))
)


class Watching(Part):
    """Reading, for alerts and notices."""

    def last_event(self) -> int:
        """The number of the newest event."""
        return self._read(lambda connection: int(connection.execute(_LAST).scalar_one() or 0))

    def reported_after(self, mark: int, limit: int) -> list[tuple[int, FaxId]]:
        """Faxes that this node reported after event `mark`, oldest first."""
        until = int(self._clock.now().timestamp() * 1000) - _SETTLED_MS
        values = {"mark": mark, "node": self._node, "until": until, "limit": limit}

        def work(connection: Connection) -> list[tuple[int, FaxId]]:
            return [(row.id, FaxId(row.fax_id)) for row in connection.execute(_REPORTED, values)]

        return self._read(work)

    def oldest_waiting(self) -> tuple[FaxId, datetime] | None:
        """The outbound fax that has waited longest."""
        now = self._clock.now()

        def work(connection: Connection) -> tuple[FaxId, datetime] | None:
            found: list[tuple[datetime, FaxId]] = []
            for state in (Outbound.RECEIVED, Outbound.READY):
                rows = connection.execute(_waiting(state)).all()
                found += [(_since(row), FaxId(row.fax_id)) for row in rows]
            since, fax_id = min(found, default=(now, FaxId("")))
            return (fax_id, since) if since < now else None

        return self._read(work)


def _waiting(state: Outbound) -> sa.Select[Any]:
    return (
        sa.select(
            recipient.c.fax_id, fax.c.received_at, recipient.c.options, recipient.c.allowance, recipient.c.expires_at
        )
        .join(fax, fax.c.id == recipient.c.fax_id)
        .where(sa.text(is_in(state, "recipient.state")))
        .order_by(recipient.c.fax_id)
        .limit(_LOOKED)
    )


def _since(row: sa.Row[Any]) -> datetime:
    """When it could have been taken: once received, or offered anew by a person, or at its `send_at`."""
    offered = row.received_at if row.allowance is None else max(row.received_at, row.expires_at - row.allowance)
    return max(from_ms(offered), moment(row.options or {}, "send_at") or from_ms(offered))
