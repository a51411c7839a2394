"""Inbound, the middle: a stored fax on its way to each of its sinks (I5 to I9).

Promise   each delivery is staged, then published, under one claim at a time; the commit that ends the last one makes
          the fax DELIVERED.
Needs     nothing more than the journal.
Crash     PENDING is staged again, DELIVERING is published again by its recorded plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from faxdaemon.core.model import DeliveryWork
from faxdaemon.core.states import Delivery, Inbound
from faxdaemon.journal.base import Part
from faxdaemon.journal.fetching import inbound_fax
from faxdaemon.journal.machines import DELIVERY, INBOUND
from faxdaemon.journal.tables import DELIVERY_LIVE, delivery, inbound
from faxdaemon.journal.transaction import Tx
from faxdaemon.journal.transitions import Change, move, renew

_DUE = (
    sa.select(delivery)
    .where(sa.text(DELIVERY_LIVE), delivery.c.sink == sa.bindparam("sink"), delivery.c.due <= sa.bindparam("now"))
    .order_by(delivery.c.fax_id)
    .limit(sa.bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_FAXES = sa.select(inbound).where(inbound.c.fax_id.in_(sa.bindparam("fax_ids", expanding=True)))
_OPEN = (
    sa.select(delivery.c.sink)
    .where(delivery.c.fax_id == sa.bindparam("fax_id"), delivery.c.state != Delivery.DONE.value)
    .limit(1)
)


class Delivering(Part):
    """What the stage `deliver` records."""

    def claim_deliveries(self, sink: str, limit: int, within: float) -> list[DeliveryWork]:
        """Due deliveries of `sink` in PENDING or DELIVERING, oldest fax first."""

        def work(tx: Tx) -> list[DeliveryWork]:
            rows = tx.connection.execute(_DUE, {"sink": sink, "now": tx.now, "limit": limit}).all()
            if not rows:
                return []
            renew(tx, DELIVERY, rows, {"due": tx.after(within)})
            found = tx.connection.execute(_FAXES, {"fax_ids": [row.fax_id for row in rows]})
            faxes = {row.fax_id: inbound_fax(row, row.epoch) for row in found}
            return [DeliveryWork(faxes[row.fax_id], row.sink, row.epoch + 1, row.attempts, row.plan) for row in rows]

        return self._write(work)

    def delivering(self, work: DeliveryWork, plan: Mapping[str, Any]) -> bool:
        """I6: the delivery is staged."""
        values = {"plan": dict(plan)}
        change = Change((work.fax.fax_id, work.sink), ("stage",), Delivery.DELIVERING, work.epoch, values)
        return self._write(lambda tx: bool(move(tx, DELIVERY, [change])))

    def delivery_waiting(self, work: DeliveryWork, plan: Mapping[str, Any], delay: float) -> bool:
        """The sink has it in hand; asked again after `delay` seconds."""

        def record(tx: Tx) -> bool:
            values = {"plan": dict(plan), "due": tx.after(delay), "attempts": 0}
            change = Change((work.fax.fax_id, work.sink), ("wait",), Delivery.DELIVERING, work.epoch, values)
            return bool(move(tx, DELIVERY, [change]))

        return self._write(record)

    def delivery_done(self, work: DeliveryWork) -> bool:
        """I9: the sink has it; when it was the last one, the fax is DELIVERED."""
        fax_id = work.fax.fax_id
        change = Change((fax_id, work.sink), ("publish",), Delivery.DONE, work.epoch)

        def record(tx: Tx) -> bool:
            # The fax is locked before its deliveries are counted: of two nodes that end the last two, one sees both.
            rows = INBOUND.lock(tx, [(fax_id,)])
            if not move(tx, DELIVERY, [change]):
                return False
            if not is_open(tx, fax_id):
                values = {"due": tx.now, "attempts": 0}
                move(tx, INBOUND, [Change((fax_id,), ("deliver",), Inbound.DELIVERED, None, values)], rows)
            return True

        return self._write(record)

    def delivery_postponed(self, work: DeliveryWork, reason: str, delay: float) -> bool:
        """The sink could not take it now; it stays as it is and is tried again."""

        def record(tx: Tx) -> bool:
            key = (work.fax.fax_id, work.sink)
            rows = DELIVERY.lock(tx, [key])
            values = {"due": tx.after(delay), "attempts": work.attempts + 1}
            changes = [
                Change(key, ("postpone",), Delivery(row.state), work.epoch, values, note=reason)
                for row in rows.values()
            ]
            return bool(move(tx, DELIVERY, changes, rows))

        return self._write(record)


def is_open(tx: Tx, fax_id: str) -> bool:
    """Whether a sink still waits for this fax."""
    return tx.connection.execute(_OPEN, {"fax_id": fax_id}).first() is not None
