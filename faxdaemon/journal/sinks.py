"""Inbound, the destinations themselves: whose turn it is at one, and whether it takes anything.

Promise   one delivery of a sink is handed over at a time, on whatever node, and the oldest first: so the order is kept.
          A sink that is down is left alone as a whole, and outlives a restart in that.
Needs     nothing more than the journal.
Crash     the turn of a process that is gone ends at once where it is known to be gone (SQLite; PostgreSQL: no
          heartbeat any more), else after its time.

See `docs/decisions/0025-a-sink-pauses-as-a-whole.md`.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from faxdaemon.contracts.journal import SinkStanding, Troubles
from faxdaemon.core.ids import FaxId
from faxdaemon.core.schedule import until
from faxdaemon.core.states import Delivery
from faxdaemon.journal.base import Part
from faxdaemon.journal.database import insert_new
from faxdaemon.journal.prepared import Prepared, Query
from faxdaemon.journal.tables import DELIVERY_LIVE, delivery, is_in, node, sink
from faxdaemon.journal.transaction import Tx

LONGEST = 900.0
"""Seconds: no turn and no pause is longer; one that ends later than that (the clock was set back) counts as over."""

_HELD = is_in(Delivery.HELD)
_OF_SINK = delivery.c.sink == sa.bindparam("sink")
_SINK = Query(sa.select(sink).where(sink.c.name == sa.bindparam("sink")).with_for_update())
_LOOK = sa.select(sink).where(sink.c.name == sa.bindparam("sink"))
_GONE = sa.select(node.c.id).where(node.c.id == sa.bindparam("owner"), node.c.until <= sa.bindparam("now"))
_THIS = sa.update(sink).where(sink.c.name == sa.bindparam("sink"))
_TAKE = _THIS.values(owner=sa.bindparam("me"), until=sa.bindparam("end"))
_END = _THIS.values(owner=None, until=sa.bindparam("now"))
_WELL = _END.values(down_since=None, reason=None)
_DOWN = _THIS.values(
    owner=None,
    until=sa.bindparam("end"),
    down_since=sa.func.coalesce(sink.c.down_since, sa.bindparam("now")),
    reason=sa.bindparam("why"),
)
_TAKEN, _ENDED, _ENDED_WELL = Prepared(_TAKE), Prepared(_END), Prepared(_WELL)
_NEXT = sa.select(sa.func.min(delivery.c.due)).where(sa.text(DELIVERY_LIVE), _OF_SINK)
_REASONS = (
    sa.select(delivery.c.fax_id, delivery.c.state, delivery.c.attempts, delivery.c.reason)
    .where(sa.text(DELIVERY_LIVE), _OF_SINK, delivery.c.reason.is_not(None))
    .order_by(delivery.c.fax_id)
    .limit(20)
)
_HELD_HERE = (
    sa.select(delivery.c.fax_id, delivery.c.reason)
    .where(sa.text(_HELD), _OF_SINK)
    .order_by(delivery.c.fax_id)
    .limit(100)
)


def _waiting(condition: str) -> sa.Select[Any]:
    counted = sa.func.count().label("faxes")
    oldest = sa.func.min(delivery.c.fax_id).label("oldest")
    return sa.select(delivery.c.sink, counted, oldest).where(sa.text(condition)).group_by(delivery.c.sink)


_LIVE_BY_SINK, _HELD_BY_SINK = _waiting(DELIVERY_LIVE), _waiting(_HELD)
_DOWN_NOW = sa.select(sink).where(sink.c.reason.is_not(None))


class Sinks(Part):
    """What is known of the destinations."""

    def next_delivery_due(self, sink: str) -> float | None:
        """Seconds until a delivery of `sink` is due and the sink may be tried; None when none waits."""

        def work(connection: Connection) -> float | None:
            due = connection.execute(_NEXT, {"sink": sink}).scalar()
            if due is None:
                return None
            now = self._database.now(connection)
            row = connection.execute(_LOOK, {"sink": sink}).one_or_none()
            pause = until(row.until, now, LONGEST) if row is not None else 0.0
            return max(0.0, float(due - now) / 1000, pause)

        return self._read(work)

    def troubles(self, sink: str) -> Troubles:
        """What keeps faxes from `sink` now, as people must be told."""

        def work(connection: Connection) -> Troubles:
            row = connection.execute(_LOOK, {"sink": sink}).one_or_none()
            held = connection.execute(_HELD_HERE, {"sink": sink}).all()
            kept = {FaxId(one.fax_id): str(one.reason) for one in held}
            waiting = connection.execute(_NEXT, {"sink": sink}).scalar() is not None
            if waiting and row is not None and row.reason is not None:
                return Troubles(row.reason, {}, kept)
            waits = connection.execute(_REASONS, {"sink": sink}).all()
            faults = {FaxId(one.fax_id): str(one.reason) for one in waits if one.attempts}
            # Handed over and not done, with a reason: what the other side has told.
            told = [one.reason for one in waits if one.state == Delivery.DELIVERING and not one.attempts]
            return Troubles(told[0] if told else None, faults, kept)

        return self._read(work)

    def sinks(self) -> list[SinkStanding]:
        """Every sink that something waits for, by its name."""

        def work(connection: Connection) -> list[SinkStanding]:
            now = self._database.now(connection)
            down = {row.name: row for row in connection.execute(_DOWN_NOW)}
            live = {row.sink: row for row in connection.execute(_LIVE_BY_SINK)}
            held = {row.sink: row for row in connection.execute(_HELD_BY_SINK)}
            names = sorted({*live, *held})
            return [_standing(name, down.get(name), live.get(name), held.get(name), now) for name in names]

        return self._read(work)


def _standing(name: str, down: Row[Any] | None, live: Row[Any] | None, held: Row[Any] | None, now: int) -> SinkStanding:
    faxes = [FaxId(row.oldest) for row in (live, held) if row is not None]
    return SinkStanding(
        sink=name,
        waiting=live.faxes if live is not None else 0,
        held=held.faxes if held is not None else 0,
        oldest=min(faxes, default=None),
        reason=down.reason if down is not None else None,
        again=until(down.until, now, LONGEST) if down is not None else 0.0,
    )


def free_turn(tx: Tx, name: str, *, alone: bool) -> Any:
    """The sink's row, locked, when a delivery of it may be claimed now, else None; `alone`: no other process has this
    journal."""
    values = {"sink": name}
    rows = _SINK.rows(tx.connection, values)
    if not rows:  # it must be there to be locked: two nodes may ask for a new sink at the same moment
        tx.connection.execute(insert_new(sink, tx.dialect), {"name": name, "until": 0})
        rows = _SINK.rows(tx.connection, values)
    row = rows[0]
    blocked = until(row.until, tx.now, LONGEST) > 0 and not _over(tx, row, alone=alone)
    return None if blocked else row


def _over(tx: Tx, row: Any, *, alone: bool) -> bool:
    """Whether the turn's owner is gone."""
    if row.owner is None or row.owner == tx.owner:
        return False
    return alone or tx.connection.execute(_GONE, {"owner": row.owner, "now": tx.now}).first() is not None


def take_turn(tx: Tx, name: str, within: float) -> None:
    """Nobody else claims a delivery of the sink until this one is answered, or for `within` seconds."""
    _TAKEN.execute(tx.connection, [{"sink": name, "me": tx.owner, "end": tx.after(min(within, LONGEST))}])


def end_turn(tx: Tx, name: str, *, well: bool) -> None:
    """The claimed delivery is answered, under its claim; `well`: the sink did take something."""
    (_ENDED_WELL if well else _ENDED).execute(tx.connection, [{"sink": name, "now": tx.now}])


def end_down(tx: Tx, name: str, reason: str, delay: float) -> None:
    """The sink takes nothing now: it is left alone for `delay` seconds."""
    tx.connection.execute(_DOWN, {"sink": name, "now": tx.now, "end": tx.after(min(delay, LONGEST)), "why": reason})
