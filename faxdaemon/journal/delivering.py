"""Inbound, the middle: a stored fax on its way to each of its sinks (I5 to I9).

Promise   each delivery is staged, then published, under one claim at a time, and so is each sink (`sinks`).  The commit
          that ends the last required one makes the fax DELIVERED; where none is required, the first one that ends.
          What is asked again and again leaves an event only when something has changed.
Needs     nothing more than the journal.
Crash     PENDING is staged again, DELIVERING is published again by its recorded plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from faxdaemon.core.model import DeliveryWork
from faxdaemon.core.states import Delivery, Inbound
from faxdaemon.journal.base import Part
from faxdaemon.journal.fetching import inbound_fax
from faxdaemon.journal.machines import DELIVERY, INBOUND
from faxdaemon.journal.sinks import end_down, end_turn, free_turn, take_turn
from faxdaemon.journal.tables import DELIVERY_LIVE, delivery, inbound, is_in
from faxdaemon.journal.transaction import Tx, Values
from faxdaemon.journal.transitions import Change, move, renew
from faxdaemon.journal.types import from_ms

_OF_SINK = delivery.c.sink == sa.bindparam("sink")
_DUE = (
    sa.select(delivery)
    .where(sa.text(DELIVERY_LIVE), _OF_SINK, delivery.c.due <= sa.bindparam("now"))
    .order_by(delivery.c.fax_id)
    .limit(sa.bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_FAXES = sa.select(inbound).where(inbound.c.fax_id.in_(sa.bindparam("fax_ids", expanding=True)))
_ALL_OF_FAX = sa.select(delivery.c.state, delivery.c.optional).where(delivery.c.fax_id == sa.bindparam("fax_id"))
_IN_ORDER_AGAIN = (
    sa.update(delivery)
    .where(sa.text(DELIVERY_LIVE), sa.text(is_in(Delivery.PENDING)), delivery.c.due > sa.bindparam("now"))
    .where(delivery.c.sink == sa.bindparam("at"))
    .values(due=sa.bindparam("now"))
)
_OVERDUE = (
    sa.select(*(delivery.c[name] for name in DELIVERY.seen))
    .where(sa.text(DELIVERY_LIVE), _OF_SINK, delivery.c.optional, delivery.c.since <= sa.bindparam("before"))
    .order_by(delivery.c.fax_id)
    .limit(500)
    .with_for_update(skip_locked=True)
)
_ENDED = frozenset({Delivery.DONE.value, Delivery.GIVEN_UP.value})


class Delivering(Part):
    """What the stage `deliver` records."""

    def claim_deliveries(self, sink: str, limit: int, within: float) -> list[DeliveryWork]:
        """Due deliveries of `sink` in PENDING or DELIVERING, oldest fax first; none while an earlier claim is not
        answered, for `within` seconds, or the sink is down."""

        def work(tx: Tx) -> list[DeliveryWork]:
            turn = free_turn(tx, sink, alone=self._database.is_sqlite)
            if turn is None:
                return []
            rows = tx.connection.execute(_DUE, {"sink": sink, "now": tx.now, "limit": limit}).all()
            if not rows:
                return []
            take_turn(tx, sink, within)
            renew(tx, DELIVERY, rows, {})
            found = tx.connection.execute(_FAXES, {"fax_ids": [row.fax_id for row in rows]})
            faxes = {row.fax_id: inbound_fax(row, row.epoch) for row in found}
            down = None if turn.down_since is None else from_ms(turn.down_since)
            return [
                DeliveryWork(
                    faxes[row.fax_id],
                    row.sink,
                    row.epoch + 1,
                    row.attempts,
                    row.plan,
                    from_ms(row.since),
                    optional=row.optional,
                    down_since=down,
                )
                for row in rows
            ]

        return self._write(work)

    def delivering(self, work: DeliveryWork, plan: Mapping[str, Any]) -> bool:
        """I6: the delivery is staged."""
        change = Change(_key(work), ("stage",), Delivery.DELIVERING, work.epoch, {"plan": dict(plan)})
        return self._write(lambda tx: bool(move(tx, DELIVERY, [change])))

    def delivery_waiting(
        self, work: DeliveryWork, plan: Mapping[str, Any], delay: float, trouble: str | None = None
    ) -> bool:
        """The sink has it in hand; asked again after `delay` seconds."""

        def record(tx: Tx) -> bool:
            values = {"plan": dict(plan), "due": tx.after(delay), "attempts": 0}
            same = work.plan is not None and dict(work.plan) == dict(plan)
            if not _again(tx, work, "wait", values, trouble, quiet=same):
                return False
            end_turn(tx, work.sink, well=True)
            return True

        return self._write(record)

    def delivery_done(self, work: DeliveryWork) -> bool:
        """I9: the sink has it; with the last one that is required the fax is DELIVERED."""
        change = Change(_key(work), ("publish",), Delivery.DONE, work.epoch)

        def record(tx: Tx) -> bool:
            fax = lock_fax(tx, work.fax.fax_id)
            if not move(tx, DELIVERY, [change]):
                return False
            settle(tx, work.fax.fax_id, fax)
            end_turn(tx, work.sink, well=True)
            return True

        return self._write(record)

    def delivery_postponed(self, work: DeliveryWork, reason: str, delay: float) -> bool:
        """The sink could not take this one now, through no fault of its own: those behind it go on."""

        def record(tx: Tx) -> bool:
            values = {"due": tx.after(delay), "attempts": work.attempts + 1}
            if not _again(tx, work, "postpone", values, reason):
                return False
            end_turn(tx, work.sink, well=False)
            return True

        return self._write(record)

    def sink_down(self, work: DeliveryWork, reason: str, delay: float, give_up: float) -> bool:
        """The sink takes nothing now: it is left alone for `delay` seconds, and then the oldest goes first.  What is
        optional and waits for more than `give_up` seconds is held."""

        def record(tx: Tx) -> bool:
            if not _again(tx, work, "postpone", {"due": tx.now}, reason):
                return False
            tx.connection.execute(_IN_ORDER_AGAIN, {"at": work.sink, "now": tx.now})
            wanted = {"sink": work.sink, "before": tx.after(0) - round(give_up * 1000)}
            rows = {DELIVERY.key(row): row for row in tx.connection.execute(_OVERDUE, wanted)}
            note = f"given up, for it is optional: {reason}"
            move(tx, DELIVERY, [Change(k, ("hold",), Delivery.HELD, None, note=note, claims=True) for k in rows], rows)
            end_down(tx, work.sink, reason, delay)
            return True

        return self._write(record)

    def delivery_held(self, work: DeliveryWork, reason: str, *, taken: bool) -> bool:
        """A person must look; `taken`: the sink may have it, so a release goes on by the plan."""

        def record(tx: Tx) -> bool:
            values: Values = {} if taken else {"plan": None}
            if not move(tx, DELIVERY, [Change(_key(work), ("hold",), Delivery.HELD, work.epoch, values, note=reason)]):
                return False
            end_turn(tx, work.sink, well=not taken)
            return True

        return self._write(record)


def _key(work: DeliveryWork) -> tuple[str, str]:
    return work.fax.fax_id, work.sink


def _again(tx: Tx, work: DeliveryWork, event: str, values: Values, reason: str | None, *, quiet: bool = True) -> bool:
    """It stays as it is and comes again; told as an event unless (`quiet`) nothing but the time has changed."""
    key = _key(work)
    row = DELIVERY.lock(tx, [key]).get(key)
    if row is None or row.epoch != work.epoch:
        return False
    if quiet and row.reason == reason and DELIVERY.step(row.state, (event,), Delivery(row.state)):
        renew(tx, DELIVERY, [row], values, claims=False)
        return True
    change = Change(key, (event,), Delivery(row.state), work.epoch, values, note=reason)
    return bool(move(tx, DELIVERY, [change], {key: row}))


def lock_fax(tx: Tx, fax_id: str) -> dict[tuple[Any, ...], Row[Any]]:
    """To be taken before its deliveries are counted: of two nodes that end the last two, one sees both."""
    return INBOUND.lock(tx, [(fax_id,)])


def settle(tx: Tx, fax_id: str, fax: Mapping[tuple[Any, ...], Row[Any]]) -> None:
    """DELIVERED, when nothing that it needs is open any more."""
    if not is_open(tx, fax_id):
        values = {"due": tx.now, "attempts": 0}
        move(tx, INBOUND, [Change((fax_id,), ("deliver",), Inbound.DELIVERED, None, values)], fax)


def is_open(tx: Tx, fax_id: str) -> bool:
    """Whether a required sink still waits for this fax or, where nobody has it yet, any sink at all."""
    rows = tx.connection.execute(_ALL_OF_FAX, {"fax_id": fax_id}).all()
    if any(row.state not in _ENDED and not row.optional for row in rows):
        return True
    nobody = all(row.state != Delivery.DONE for row in rows)
    return nobody and any(row.state not in _ENDED for row in rows)
