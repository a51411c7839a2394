"""Inbound, where the provider shows one fax at a time: what is kept for a person, and what stands at the head.

Promise   a document that nobody is to get is HELD with its row naming it, in the commit that lets the provider be told.
Needs     the document durable in the spool before `set_aside`.
Crash     HELD and not told is told; a second time is harmless.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from faxdaemon.contracts import topics
from faxdaemon.contracts.journal import Standing
from faxdaemon.core.model import InboundFax, Listed, StoredDocument
from faxdaemon.core.states import Inbound
from faxdaemon.journal.base import Part
from faxdaemon.journal.fetching import document_columns, inbound_fax
from faxdaemon.journal.machines import INBOUND
from faxdaemon.journal.relisting import is_another
from faxdaemon.journal.tables import DELIVERY_LIVE, delivery, inbound
from faxdaemon.journal.transaction import Tx
from faxdaemon.journal.transitions import Change, move, renew

_BY_NAME = (
    sa.select(inbound)
    .where(inbound.c.account == sa.bindparam("account"), inbound.c.provider_id == sa.bindparam("provider_id"))
    .with_for_update()
)
_WAITING = (
    sa.select(delivery.c.reason)
    .where(sa.text(DELIVERY_LIVE), delivery.c.fax_id == sa.bindparam("fax_id"), delivery.c.reason.is_not(None))
    .order_by(delivery.c.optional, delivery.c.sink)
)


class Queues(Part):
    """What an inbox that shows one fax at a time needs besides."""

    def set_aside(self, fax: InboundFax, document: StoredDocument, reason: str) -> bool:
        """The document is in the spool, and nobody is to get it: HELD for a person; the provider is to be told."""

        def work(tx: Tx) -> bool:
            values = document_columns(document) | {"untold": True, "due": tx.now, "attempts": 0}
            change = Change((fax.fax_id,), ("keep",), Inbound.HELD, fax.epoch, values, note=reason)
            tx.wake(topics.delivered(fax.account))
            return bool(move(tx, INBOUND, [change]))

        return self._write(work)

    def standing(self, account: str, listed: Listed, delay: float) -> Standing | None:
        """A fax that the provider shows: where it stands here; None when it is not known.  One that was held without a
        document is there after all and fetched again; one that is kept, and was told of, is told of again after
        `delay`."""

        def work(tx: Tx) -> Standing | None:
            wanted = {"account": account, "provider_id": listed.provider_id}
            row = tx.connection.execute(_BY_NAME, wanted).one_or_none()
            if row is None:
                return None
            state = Inbound(row.state)
            if state is Inbound.HELD and row.spool is None:
                note, again = "the provider shows it after all", {"due": tx.now, "attempts": 0}
                key = (row.fax_id,)
                move(tx, INBOUND, [Change(key, ("reappear",), Inbound.SEEN, None, again, note=note, claims=True)])
            elif state is Inbound.HELD and not row.untold and not is_another(row, listed):
                renew(tx, INBOUND, [row], {"untold": True, "due": tx.after(delay)})
            return Standing(inbound_fax(row, row.epoch), state, _why(tx, row))

        return self._write(work)


def _why(tx: Tx, row: Row[Any]) -> str | None:
    if row.reason is None and row.state == Inbound.STORED:
        return tx.connection.execute(_WAITING, {"fax_id": row.fax_id}).scalars().first()
    return str(row.reason) if row.reason else None
