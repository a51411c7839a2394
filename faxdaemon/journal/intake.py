"""Outbound, the beginning: drops become ours (O4).

Promise   a drop is recorded whole or not at all, and once, however often it is handed in.
Needs     the documents durable in the spool before `accept`.
Crash     a drop without a row is handed in again under the same id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from faxdaemon.contracts import topics
from faxdaemon.contracts.journal import HeldDrop
from faxdaemon.contracts.journal.retention import What
from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import Document, Drop, Origin
from faxdaemon.core.states import Outbound, Reporting
from faxdaemon.journal.base import Part
from faxdaemon.journal.cleared import cleared
from faxdaemon.journal.guarding import approve
from faxdaemon.journal.machines import RECIPIENT, silence
from faxdaemon.journal.prepared import Prepared
from faxdaemon.journal.tables import document, fax, is_in, recipient
from faxdaemon.journal.transaction import Moment, Tx
from faxdaemon.journal.transitions import Change, move

_FAX_IDS: sa.BindParameter[Any] = sa.bindparam("fax_ids", expanding=True)
_KNOWN = sa.union_all(
    sa.select(fax.c.id).where(fax.c.id.in_(_FAX_IDS)),
    sa.select(cleared.c.fax_id).where(cleared.c.fax_id.in_(_FAX_IDS), cleared.c.what == What.ROWS.value),
)
#: Two queries, the first from the index of held rows: as one, SQLite would read every fax.
_HELD = sa.select(recipient.c.fax_id).where(sa.text(is_in(Outbound.HELD))).order_by(recipient.c.fax_id).distinct()
_HELD_IN = (
    sa.select(fax.c.id, fax.c.plan, fax.c.published, document.c.sha256)
    .join(document, sa.and_(document.c.fax_id == fax.c.id, document.c.name == fax.c.name))
    .where(fax.c.id.in_(sa.bindparam("fax_ids", expanding=True)), fax.c.folder == sa.bindparam("folder"))
    .order_by(fax.c.id)
)
BORN = (
    "fax_id",
    "n",
    "state",
    "epoch",
    "submission",
    "attempts",
    "asked",
    "due",
    "doubt",
    "cancel_wanted",
    "updated_at",
)
_INSERT_FAXES = Prepared(
    sa.insert(fax),
    (
        *("id", "folder", "name", "size", "modified_ns", "inode", "node", "received_at"),
        *("report", "report_epoch", "report_again", "part"),
    ),
)
_INSERT_RECEIVED = Prepared(sa.insert(recipient), BORN)
INSERT_DOCUMENTS = Prepared(sa.insert(document), [column.name for column in document.c])


def origin_of(row: Row[Any]) -> Origin:
    """Where a fax came from, from its row."""
    return Origin(row.folder, row.name, row.size, row.modified_ns, row.inode)


class Intake(Part):
    """What the stage `intake` records."""

    def accept(self, drops: Sequence[Drop]) -> None:
        """O4: the drops are ours.  A drop whose id is known already is left as it is."""
        if drops:
            self._write(lambda tx: _accept(tx, {drop.fax_id: drop for drop in drops}))

    def known(self, fax_ids: Sequence[FaxId]) -> frozenset[FaxId]:
        """Which of these ids have a row, or had one that was cleared away."""
        if not fax_ids:
            return frozenset()
        return self._read(
            lambda c: frozenset(FaxId(i) for i in c.execute(_KNOWN, {"fax_ids": list(fax_ids)}).scalars())
        )

    def held_drops(self, folder: str) -> list[HeldDrop]:
        """The held faxes of `folder` whose document was put before people."""

        def work(connection: Connection) -> list[HeldDrop]:
            held = connection.execute(_HELD).scalars().all()
            rows = connection.execute(_HELD_IN, {"fax_ids": held, "folder": folder}).all() if held else []
            plans = [(row, row.plan or row.published) for row in rows]
            return [HeldDrop(FaxId(row.id), row.sha256, plan) for row, plan in plans if plan is not None]

        return self._read(work)

    def superseded(self, held: FaxId, by: FaxId) -> bool:
        """The held fax was dropped again and is now the fax `by`: cancel it, and report nothing more of it."""

        def work(tx: Tx) -> bool:
            rows = RECIPIENT.lock_all(tx, held)
            again = [row for row in rows.values() if row.state == Outbound.HELD]
            note = f"dropped again, as {by}"
            moved = move(
                tx,
                RECIPIENT,
                [Change(key, ("supersede",), Outbound.CANCELLED, None, note=note, claims=True) for key in rows],
                rows,
            )
            if moved:
                silence(tx, held)
                approve(tx, again, by)
            return bool(moved)

        return self._write(work)


def _accept(tx: Tx, drops: Mapping[FaxId, Drop]) -> None:
    known = set(tx.connection.execute(_KNOWN, {"fax_ids": list(drops)}).scalars())
    new = [drop for drop in drops.values() if drop.fax_id not in known]
    if not new:
        return
    new.sort(key=lambda drop: drop.fax_id)
    _INSERT_FAXES.execute(tx.connection, [_fax_row(tx, drop) for drop in new])
    documents = [row for drop in new for row in document_rows(drop.fax_id, drop.documents)]
    if documents:
        INSERT_DOCUMENTS.execute(tx.connection, documents)
    _INSERT_RECEIVED.execute(tx.connection, [recipient_row(tx, drop.fax_id, 1) for drop in new])
    for drop in new:
        tx.tell(Moment(drop.fax_id, "recipient 1", "received", None, Outbound.RECEIVED.value))
    tx.wake(topics.received())
    move(
        tx,
        RECIPIENT,
        [
            Change((drop.fax_id, 1), ("refused",), Outbound.FAILED, 0, note=drop.problem)
            for drop in new
            if drop.problem is not None
        ],
    )


def _fax_row(tx: Tx, drop: Drop) -> dict[str, Any]:
    origin = drop.origin
    return {
        "id": drop.fax_id,
        "folder": origin.folder,
        "name": origin.name,
        "size": origin.size,
        "modified_ns": origin.modified_ns,
        "inode": origin.inode,
        "node": tx.node,
        "received_at": tx.now,
        "report": Reporting.OPEN.value,
        "report_epoch": 0,
        "report_again": False,
        "part": drop.part,
    }


def document_rows(fax_id: FaxId, documents: Sequence[Document], first: int = 1) -> list[dict[str, Any]]:
    """Rows of spooled files, numbered from `first`."""
    return [
        {
            "fax_id": fax_id,
            "n": n,
            "name": d.name,
            "spool": d.spool,
            "size": d.size,
            "sha256": d.sha256,
            "pages": d.pages,
            "role": d.role.value,
            "original": d.original,
        }
        for n, d in enumerate(documents, first)
    ]


def recipient_row(tx: Tx, fax_id: FaxId, n: int) -> dict[str, Any]:
    """A recipient as it is born; its columns are `BORN`."""
    return {
        "fax_id": fax_id,
        "n": n,
        "state": Outbound.RECEIVED.value,
        "epoch": 0,
        "submission": 1,
        "attempts": 0,
        "asked": 0,
        "due": tx.now,
        "doubt": False,
        "cancel_wanted": False,
        "updated_at": tx.now,
    }
