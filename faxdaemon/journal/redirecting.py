"""Inbound, what a person decides about deliveries: offer them again, give them up, or send them elsewhere.

Promise   a decision that cannot be carried out changes nothing and says why.  What is given up stays in the record, and
          a fax counts as delivered only when nothing that it needs is open any more.
Needs     nothing more than the journal.
Crash     a decision is recorded wholly or not at all.

Every decision raises the epoch: a stage that is at work on such a delivery comes too late with its answer.  What was
handed over at that moment may have arrived all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from faxdaemon.core.errors import UserError
from faxdaemon.core.states import Delivery, Inbound
from faxdaemon.journal.base import Part
from faxdaemon.journal.cleared import copies_given_up
from faxdaemon.journal.delivering import lock_fax, settle
from faxdaemon.journal.fetching import Wanted, want
from faxdaemon.journal.lookup import resolve
from faxdaemon.journal.machines import DELIVERY
from faxdaemon.journal.tables import DELIVERY_LIVE, delivery, is_in
from faxdaemon.journal.transaction import Tx
from faxdaemon.journal.transitions import Change, move, renew

_WAITING = (
    sa.select(delivery.c.fax_id)
    .where(sa.or_(sa.text(f"({DELIVERY_LIVE})"), sa.text(f"({is_in(Delivery.HELD)})")))
    .where(delivery.c.sink == sa.bindparam("sink"))
    .order_by(delivery.c.fax_id)
)
_LIVE = frozenset({Delivery.PENDING.value, Delivery.DELIVERING.value})
_STORED = frozenset({Inbound.STORED.value, Inbound.DELIVERED.value, Inbound.ACKNOWLEDGED.value})
_OPEN = _LIVE | {Delivery.HELD.value}


class Redirecting(Part):
    """What a person decides about deliveries; each returns how many changed, or raises `UserError`."""

    def give_up(self, fax: str, sink: str | None) -> int:
        """Do not deliver a received fax any more: to `sink`, or to every one where it is held."""

        def work(tx: Tx) -> int:
            fax_id, direction = resolve(tx.connection, fax)
            if direction != "in":
                raise UserError(f"{fax_id} was dropped to be sent; `faxdaemon cancel {fax_id}` stops it")
            locked = lock_fax(tx, fax_id)
            rows = list(DELIVERY.lock_all(tx, fax_id).values())
            wanted = [row for row in rows if row.sink == sink] if sink else _in(rows, {Delivery.HELD.value})
            chosen = _in(wanted, _OPEN)
            if not chosen:
                raise UserError(_why_not(fax_id, sink, rows))
            _end(tx, chosen, "given up by a person")
            settle(tx, fax_id, locked)
            return len(chosen)

        return self._write(work)

    def deliver_again(self, fax: str, sink: str) -> int:
        """Deliver a received fax to `sink` once more, or there, too.  Nothing waits for it: it becomes optional."""

        def work(tx: Tx) -> int:
            fax_id, direction = resolve(tx.connection, fax)
            if direction != "in":
                raise UserError(f"{fax_id} was dropped to be sent; `faxdaemon resend {fax_id}` sends it again")
            (received,) = lock_fax(tx, fax_id).values() or (None,)
            if received is None or received.state not in _STORED:
                raise UserError(f"{fax_id} has not been received completely; `faxdaemon show {fax_id}` tells more")
            if copies_given_up(tx, fax_id):
                raise UserError(f"{fax_id}: our copy of its document was cleared away; take the one in its folder")
            rows = DELIVERY.lock_all(tx, fax_id)
            row = rows.get((fax_id, sink))
            note = "a person wanted it once more"
            if row is None:
                want(tx, fax_id, Wanted((sink,), (sink,), note))
                return 1
            values = {"plan": None, "due": tx.now, "attempts": 0, "since": tx.now, "optional": True}
            again = Change((fax_id, sink), ("again",), Delivery.PENDING, None, values, note=note, claims=True)
            if not move(tx, DELIVERY, [again], rows):
                raise UserError(f"{fax_id} is under way to {sink} already; `faxdaemon show {fax_id}` tells how far")
            return 1

        return self._write(work)

    def redirect(self, sink: str, target: str | None) -> int:
        """Deliver what waits for `sink` to `target` instead; to nowhere when None."""
        if sink == target:
            raise UserError(f"{sink} is where it waits already; name another destination")
        # A transaction a fax: many may wait, and others must not wait for all of them.
        faxes = self._read(lambda connection: connection.execute(_WAITING, {"sink": sink}).scalars().all())
        if not faxes:
            raise UserError(
                f"nothing waits for “{sink}”; `faxdaemon status` shows what waits, and for which destination"
            )
        return sum(self._write(partial(_elsewhere, fax_id=one, sink=sink, target=target)) for one in faxes)


def _elsewhere(tx: Tx, fax_id: str, sink: str, target: str | None) -> int:
    locked = lock_fax(tx, fax_id)
    rows = DELIVERY.lock_all(tx, fax_id)
    chosen = _in([row for row in rows.values() if row.sink == sink], _OPEN)
    if not chosen:
        return 0  # it arrived meanwhile
    note = "given up by a person" if target is None else f"a person sent it to {target} instead"
    _end(tx, chosen, note)
    if target is not None and (fax_id, target) not in rows:
        optional = (target,) if chosen[0].optional else ()
        want(tx, fax_id, Wanted((target,), optional, f"a person sent it here instead of to {sink}"))
    elif target is not None:
        _after_all(tx, rows[fax_id, target], required=not chosen[0].optional)
    settle(tx, fax_id, locked)
    return 1


def _end(tx: Tx, rows: Sequence[Row[Any]], note: str) -> None:
    keys = {DELIVERY.key(row): row for row in rows}
    move(tx, DELIVERY, [Change(k, ("give_up",), Delivery.GIVEN_UP, None, note=note, claims=True) for k in keys], keys)


def release_deliveries(tx: Tx, fax_id: str) -> int:
    """Offer what is held once more; what a sink may have, by the plan that it has it by."""
    rows = DELIVERY.lock_all(tx, fax_id)
    return len(move(tx, DELIVERY, [_again(tx, row) for row in _in(list(rows.values()), {Delivery.HELD})], rows))


def _after_all(tx: Tx, row: Row[Any], *, required: bool) -> None:
    """It goes where it was to go already; required, if either was."""
    rows = {DELIVERY.key(row): row}
    if row.state in {Delivery.HELD, Delivery.GIVEN_UP}:
        change = _again(tx, row)
        move(tx, DELIVERY, [replace(change, values={**change.values, "optional": row.optional and not required})], rows)
    elif required and row.optional:
        renew(tx, DELIVERY, [row], {"optional": False}, claims=False)


def _again(tx: Tx, row: Row[Any]) -> Change[Delivery]:
    target = Delivery.DELIVERING if row.plan is not None else Delivery.PENDING
    values = {"due": tx.now, "attempts": 0, "since": tx.now}
    return Change(DELIVERY.key(row), ("release",), target, None, values, claims=True)


def _in(rows: Sequence[Row[Any]], states: frozenset[str] | set[str]) -> list[Row[Any]]:
    return [row for row in rows if row.state in states]


def _why_not(fax_id: str, sink: str | None, rows: Sequence[Row[Any]]) -> str:
    under_way = [row.sink for row in _in(rows, _LIVE)]
    if sink is not None and all(row.sink != sink for row in rows):
        return f"{fax_id} does not go to “{sink}”; it goes to: {', '.join(row.sink for row in rows) or 'nowhere yet'}"
    if under_way and sink is None:
        named = f"`faxdaemon give-up {fax_id} --destination {under_way[0]}`"
        return f"{fax_id} is held nowhere; it is under way to {', '.join(under_way)}: {named} gives one of these up"
    stand = ", ".join(f"{row.sink} is {row.state}" for row in rows)
    return f"{fax_id} waits for no destination" + (f": {stand}" if stand else "")
