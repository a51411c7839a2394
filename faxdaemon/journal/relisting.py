"""Inbound, after the end: what the provider lists although it was acknowledged.

Promise   such a fax is acknowledged again and never delivered again: its deliveries stay as they are.  A name that the
          provider gives to another fax costs no fax: what is told otherwise than it was recorded is left alone.
Needs     a listing.
Crash     listed again.

An acknowledgement whose effect came late is the usual reason, and then once more is harmless.  Left alone, a fax that
was only seemingly deleted would block an inbox that shows one fax at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import Listed
from faxdaemon.core.schedule import told_again
from faxdaemon.core.states import Inbound
from faxdaemon.journal.base import Part
from faxdaemon.journal.delivering import is_open
from faxdaemon.journal.machines import INBOUND
from faxdaemon.journal.tables import inbound, is_in
from faxdaemon.journal.transaction import Tx
from faxdaemon.journal.transitions import Change, move
from faxdaemon.journal.types import to_ms

_DONE = sa.select(
    *(inbound.c[name] for name in INBOUND.seen),
    *(inbound.c[name] for name in ("provider_id", "called", "caller", "received_at", "pages")),
).where(
    sa.text(is_in(Inbound.ACKNOWLEDGED)),
    inbound.c.account == sa.bindparam("account"),
    inbound.c.provider_id.in_(sa.bindparam("provider_ids", expanding=True)),
)


class Relisting(Part):
    """What the stage `fetch` records of faxes that were done."""

    def listed_again(self, account: str, items: Sequence[Listed]) -> list[FaxId]:
        """Acknowledged faxes that the provider still lists are to be acknowledged again; returns those that are left
        alone, because the list tells of another fax under the same name."""
        listed = {item.provider_id: item for item in items}
        wanted = {"account": account, "provider_ids": list(listed)}
        rows = self._read(lambda connection: connection.execute(_DONE, wanted).all())
        others = [row for row in rows if is_another(row, listed[row.provider_id])]
        same = {INBOUND.key(row): listed[row.provider_id] for row in rows if row not in others}
        if same:
            self._write(lambda tx: _reopen(tx, same))
        return sorted(FaxId(row.fax_id) for row in others)


def is_another(row: Row[Any], item: Listed) -> bool:
    """Whether anything that both know is told otherwise."""
    received_at = None if item.received_at is None else to_ms(item.received_at)
    told = (item.called, item.caller, received_at, item.pages)
    known = (row.called, row.caller, row.received_at, row.pages)
    return any(a is not None and b is not None and a != b for a, b in zip(told, known, strict=True))


def _reopen(tx: Tx, same: Mapping[tuple[Any, ...], Listed]) -> None:
    rows = INBOUND.lock(tx, list(same))
    changes = []
    for key, row in rows.items():
        times = row.attempts + 1
        # What it is known by at the provider may have changed: the newest listing counts.
        values = {"due": tx.after(told_again(times)), "attempts": times, "metadata": dict(same[key].metadata)}
        target = Inbound.STORED if is_open(tx, row.fax_id) else Inbound.DELIVERED
        note = "the provider lists it although it was acknowledged"
        only = (Inbound.ACKNOWLEDGED,)
        changes.append(Change(key, ("relist",), target, row.epoch, values, note=note, claims=True, only=only))
    move(tx, INBOUND, changes, rows)
