"""Inbound, the beginning and the end: seen (I1), stored (I4), acknowledged (I10).

Promise   a received fax has one row for ever, by account and the provider's id: listing it again adds nothing.
Needs     the document durable in the spool before `stored`.
Crash     SEEN is fetched again; DELIVERED is acknowledged again, which is harmless.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from faxdaemon.contracts import topics
from faxdaemon.core.ids import FaxId, new_fax_id
from faxdaemon.core.model import InboundFax, Listed, StoredDocument
from faxdaemon.core.states import Delivery, Inbound
from faxdaemon.journal.base import Part
from faxdaemon.journal.database import insert_new
from faxdaemon.journal.machines import INBOUND
from faxdaemon.journal.tables import INBOUND_OPEN, UNTOLD, delivery, inbound, is_in
from faxdaemon.journal.transaction import Moment, Tx
from faxdaemon.journal.transitions import Change, move, renew
from faxdaemon.journal.types import from_ms, to_ms

_KNOWN = sa.select(inbound.c.provider_id).where(
    inbound.c.account == sa.bindparam("account"),
    inbound.c.provider_id.in_(sa.bindparam("provider_ids", expanding=True)),
)
_FACTS = ("name", "station", "duration_s", "resolution", "speed", "partial")
"""What a list may tell besides, kept as one value; a row from before has none."""
_INSERT_DELIVERIES = sa.insert(delivery)


def _due(*conditions: str) -> sa.Select[Any]:
    return (
        sa.select(inbound)
        .where(*(sa.text(c) for c in conditions))
        .where(inbound.c.account == sa.bindparam("account"), inbound.c.due <= sa.bindparam("now"))
        .order_by(inbound.c.due, inbound.c.fax_id)
        .limit(sa.bindparam("limit"))
        .with_for_update(skip_locked=True)
    )


def _next(table: sa.Table, column: str, *conditions: str) -> sa.Select[Any]:
    wanted = [sa.text(c) for c in conditions]
    return sa.select(sa.func.min(table.c.due)).where(*wanted, table.c[column] == sa.bindparam("key"))


_SEEN = _due(is_in(Inbound.SEEN))
_DELIVERED = _due(INBOUND_OPEN, is_in(Inbound.DELIVERED))
_STORED = _due(INBOUND_OPEN)
_UNTOLD = _due(UNTOLD)
_NEXT = {
    "seen": _next(inbound, "account", is_in(Inbound.SEEN)),
    "delivered": _next(inbound, "account", INBOUND_OPEN, is_in(Inbound.DELIVERED)),
    "stored": _next(inbound, "account", INBOUND_OPEN),
    "untold": _next(inbound, "account", UNTOLD),
}
_ALSO = {"delivered": "untold", "stored": "untold"}
"""What is acknowledged besides."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where a received fax is to go."""

    sinks: Sequence[str]
    optional: Collection[str] = ()
    """Those of the sinks without which it counts as delivered."""
    why: str | None = None
    """What chose them."""


def inbound_fax(row: Row[Any], epoch: int) -> InboundFax:
    """A received fax as stages see it."""
    document = None
    if row.spool is not None:
        document = StoredDocument(row.spool, row.size, row.sha256, row.media, row.stored_pages, row.warning)
    received_at = None if row.received_at is None else from_ms(row.received_at)
    return InboundFax(
        fax_id=FaxId(row.fax_id),
        account=row.account,
        epoch=epoch,
        listed=Listed(
            row.provider_id, row.called, row.caller, row.csid, received_at, row.pages, row.metadata, **(row.facts or {})
        ),
        first_seen=from_ms(row.first_seen),
        attempts=row.attempts,
        document=document,
        reason=row.reason,
    )


class Fetching(Part):
    """What the stages `fetch` and `acknowledge` record."""

    def seen(self, account: str, items: Sequence[Listed]) -> int:
        """I1: remember listed faxes; one that is known by (account, provider id) is left as it is."""
        listed = {item.provider_id: item for item in items}

        def work(tx: Tx) -> int:
            wanted = {"account": account, "provider_ids": list(listed)}
            known = set(tx.connection.execute(_KNOWN, wanted).scalars())
            fresh = [item for provider_id, item in listed.items() if provider_id not in known]
            rows = [self._seen_row(tx, account, n, item) for n, item in enumerate(fresh)]
            if not rows:
                return 0
            statement = insert_new(inbound, tx.dialect).returning(inbound.c.fax_id)
            new = tx.connection.execute(statement, rows).scalars().all()
            for fax_id in new:
                tx.tell(came(fax_id, account))
            tx.wake(topics.seen(account))
            return len(new)

        return self._write(work) if listed else 0

    def _seen_row(self, tx: Tx, account: str, n: int, item: Listed) -> dict[str, Any]:
        # The place in the list comes first in the id's random part, so that ids of one list sort as it does.
        entropy = (n & 0xFFF).to_bytes(2, "big") + self._clock.entropy(8)
        return {
            "fax_id": new_fax_id(tx.now, entropy),
            "account": account,
            "provider_id": item.provider_id,
            "state": Inbound.SEEN.value,
            "epoch": 0,
            "called": item.called,
            "caller": item.caller,
            "csid": item.csid,
            "received_at": None if item.received_at is None else to_ms(item.received_at),
            "pages": item.pages,
            "metadata": dict(item.metadata),
            "facts": {name: getattr(item, name) for name in _FACTS if getattr(item, name) is not None} or None,
            "first_seen": tx.now,
            "attempts": 0,
            "due": tx.now,
            "updated_at": tx.now,
        }

    def claim_seen(self, account: str, limit: int, within: float) -> list[InboundFax]:
        """Due faxes in SEEN, hidden for `within` seconds."""
        return self._write(lambda tx: _take(tx, _SEEN, account, limit, within))

    def claim_delivered(self, account: str, limit: int, within: float, *, stored: bool) -> list[InboundFax]:
        """Faxes to acknowledge: DELIVERED ones, STORED ones too when the site acknowledges on `stored`, and those that
        are kept for a person."""
        statement = _STORED if stored else _DELIVERED

        def work(tx: Tx) -> list[InboundFax]:
            taken = _take(tx, statement, account, limit, within)
            return taken + _take(tx, _UNTOLD, account, limit - len(taken), within) if len(taken) < limit else taken

        return self._write(work)

    def stored(
        self,
        fax: InboundFax,
        document: StoredDocument,
        sinks: Sequence[str],
        *,
        optional: Collection[str] = (),
        why: str | None = None,
    ) -> bool:
        """I4: the document is in the spool; one delivery row per sink.  Without any sink it is DELIVERED at once."""
        wanted = Wanted(sinks, optional, why)
        only = (Inbound.SEEN,)
        return self._write(lambda tx: store(tx, fax.fax_id, fax.epoch, document, wanted, only=only))

    def fetch_postponed(self, fax: InboundFax, reason: str, delay: float) -> bool:
        """It could not be fetched now."""

        def work(tx: Tx) -> bool:
            values = {"due": tx.after(delay), "attempts": fax.attempts + 1}
            change = Change((fax.fax_id,), ("postpone",), Inbound.SEEN, fax.epoch, values, note=reason)
            return bool(move(tx, INBOUND, [change]))

        return self._write(work)

    def inbound_held(self, fax: InboundFax, reason: str) -> bool:
        """It cannot be fetched; a person must look."""
        change = Change((fax.fax_id,), ("hold",), Inbound.HELD, fax.epoch, note=reason)
        return self._write(lambda tx: bool(move(tx, INBOUND, [change])))

    def acknowledged(self, fax: InboundFax) -> bool:
        """I10: the provider was told.  What is kept for a person stays held."""

        def work(tx: Tx) -> bool:
            rows = INBOUND.lock(tx, [(fax.fax_id,)])
            return bool(move(tx, INBOUND, [_told(row, fax.epoch) for row in rows.values()], rows))

        return self._write(work)

    def acknowledge_postponed(self, fax: InboundFax, reason: str, delay: float) -> bool:
        """The provider could not be told now."""

        def work(tx: Tx) -> bool:
            rows = [r for r in INBOUND.lock(tx, [(fax.fax_id,)]).values() if _is_current(r, fax)]
            values = {"due": tx.after(delay), "attempts": fax.attempts + 1, "reason": reason}
            for row in rows:
                kept = {"reason": row.reason} if row.state == Inbound.HELD else {}  # why it is held tells more
                renew(tx, INBOUND, [row], values | kept, claims=False)
            for row in rows:
                tx.tell(Moment(row.fax_id, "fax", "not acknowledged", row.state, row.state, reason))
            return bool(rows)

        return self._write(work)

    def next_inbound_due(self, kind: str, key: str) -> float | None:
        """Seconds until the next `seen`, `delivered` or `stored` (which includes delivered) row of account `key` is
        due."""

        def work(connection: Connection) -> float | None:
            kinds = [kind, *([_ALSO[kind]] if kind in _ALSO else [])]
            found = [connection.execute(_NEXT[one], {"key": key}).scalar() for one in kinds]
            due = min((one for one in found if one is not None), default=None)
            return None if due is None else max(0, due - self._database.now(connection)) / 1000

        return self._read(work)


def came(fax_id: str, account: str) -> Moment:
    """A received fax was heard of for the first time."""
    return Moment(fax_id, "fax", "seen", None, Inbound.SEEN.value, None, lambda: {"account": account})


def store(
    tx: Tx,
    fax_id: str,
    epoch: int | None,
    document: StoredDocument,
    wanted: Wanted,
    *,
    only: tuple[Inbound, ...],
) -> bool:
    """The document is in the spool: STORED, with a delivery for each sink.  Without a claim (`epoch` None) an earlier
    claimant is too late."""
    values = document_columns(document) | {"due": tx.now, "attempts": 0}
    claims = epoch is None
    note = document.warning
    change = Change((fax_id,), ("store",), Inbound.STORED, epoch, values, note=note, claims=claims, only=only)
    if not move(tx, INBOUND, [change]):
        return False
    want(tx, fax_id, wanted)
    if not wanted.sinks:
        move(tx, INBOUND, [Change((fax_id,), ("deliver",), Inbound.DELIVERED, None, note="no sink")])
    return True


def _is_current(row: Row[Any], fax: InboundFax) -> bool:
    return bool(row.epoch == fax.epoch and (row.untold or row.state in {Inbound.STORED, Inbound.DELIVERED}))


def _told(row: Row[Any], epoch: int) -> Change[Inbound]:
    if row.state != Inbound.HELD:
        return Change(INBOUND.key(row), ("acknowledge",), Inbound.ACKNOWLEDGED, epoch)
    events = ("acknowledge",) if row.untold else ()
    return Change(INBOUND.key(row), events, Inbound.HELD, epoch, {"untold": None}, reason=row.reason)


def _take(tx: Tx, statement: sa.Select[Any], account: str, limit: int, within: float) -> list[InboundFax]:
    rows = tx.connection.execute(statement, {"account": account, "now": tx.now, "limit": limit}).all()
    renew(tx, INBOUND, rows, {"due": tx.after(within)})
    return [inbound_fax(row, row.epoch + 1) for row in rows]


def document_columns(document: StoredDocument) -> dict[str, Any]:
    """What a row says of its document."""
    return {
        "spool": document.spool,
        "size": document.size,
        "sha256": document.sha256,
        "media": document.media,
        "stored_pages": document.pages,
        "warning": document.warning,
    }


def want(tx: Tx, fax_id: str, wanted: Wanted) -> None:
    """A delivery to each of these sinks."""
    sinks = list(dict.fromkeys(wanted.sinks))
    if not sinks:
        return
    rows = [_delivery_row(tx, fax_id, sink) | {"optional": sink in wanted.optional} for sink in sinks]
    tx.connection.execute(_INSERT_DELIVERIES, rows)
    for sink in sinks:
        tx.tell(Moment(fax_id, f"delivery {sink}", "wanted", None, Delivery.PENDING.value, wanted.why))
        tx.wake(topics.deliveries(sink))


def _delivery_row(tx: Tx, fax_id: str, sink: str) -> dict[str, Any]:
    return {
        "fax_id": fax_id,
        "sink": sink,
        "state": Delivery.PENDING.value,
        "epoch": 0,
        "attempts": 0,
        "due": tx.now,
        "since": tx.now,
        "updated_at": tx.now,
    }
