"""Copies of the journal, and what one that was restored must not do by itself.

Promise   a copy is the journal as it was at one moment, while the daemon goes on writing.  A restored journal sends and
          delivers nothing that may have been sent or delivered after the copy was made, until a person says so.
Needs     SQLite; PostgreSQL has its own tools.
Crash     half a copy is made again; holding is one commit a kind.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from faxdaemon.contracts.journal.copying import Spooled
from faxdaemon.contracts.journal.retention import What
from faxdaemon.core.errors import UserError
from faxdaemon.core.ids import FaxId
from faxdaemon.core.states import Delivery, Outbound
from faxdaemon.journal.base import Part
from faxdaemon.journal.cleared import cleared
from faxdaemon.journal.database import FILE, LOCK
from faxdaemon.journal.lock import FileLock
from faxdaemon.journal.machines import DELIVERY, RECIPIENT
from faxdaemon.journal.tables import delivery, document, fax, inbound, is_in, recipient
from faxdaemon.journal.transaction import Tx
from faxdaemon.journal.transitions import Change, move

_AFTER: sa.BindParameter[Any] = sa.bindparam("after")
_GIVEN_UP = sa.exists().where(cleared.c.fax_id == fax.c.id, cleared.c.what == What.SPOOL.value)
_FAXES = (
    sa.select(fax.c.id)
    .where(fax.c.id > _AFTER, sa.not_(_GIVEN_UP), sa.exists().where(document.c.fax_id == fax.c.id))
    .order_by(fax.c.id)
    .limit(sa.bindparam("limit"))
)
_DOCUMENTS = sa.select(document).where(document.c.fax_id.in_(sa.bindparam("fax_ids", expanding=True)))
_RECEIVED = (
    sa.select(inbound)
    .where(
        inbound.c.fax_id > _AFTER,
        inbound.c.spool.is_not(None),
        sa.not_(sa.exists().where(cleared.c.fax_id == inbound.c.fax_id)),
    )
    .order_by(inbound.c.fax_id)
    .limit(sa.bindparam("limit"))
)
_TO_SEND = tuple(
    sa.select(*(recipient.c[name] for name in RECIPIENT.seen)).where(sa.text(is_in(state)))
    for state in (Outbound.RECEIVED, Outbound.READY)
)
_TO_DELIVER = sa.select(*(delivery.c[name] for name in DELIVERY.seen)).where(sa.text(is_in(Delivery.PENDING)))


class Copying(Part):
    """What backup and restore ask and record."""

    def spooled(self, direction: str, after: str, limit: int) -> list[Spooled]:
        """Our copies that were not cleared away, of up to `limit` faxes behind the id `after`."""

        def work(connection: Connection) -> list[Spooled]:
            wanted = {"after": after, "limit": limit}
            if direction == "out":
                ids = connection.execute(_FAXES, wanted).scalars().all()
                rows = connection.execute(_DOCUMENTS, {"fax_ids": ids}).all() if ids else []
            else:
                rows = connection.execute(_RECEIVED, wanted).all()
            found = [Spooled(FaxId(row.fax_id), row.spool, row.sha256, row.size) for row in rows]
            return sorted(found, key=lambda one: one.fax_id)

        return self._read(work)

    def hold_restored(self, reason: str) -> Mapping[str, int]:
        """What a journal that is older than the world must not do by itself waits for a person."""

        def work(tx: Tx) -> Mapping[str, int]:
            rows = [row for statement in _TO_SEND for row in tx.connection.execute(statement)]
            changes = [
                Change(RECIPIENT.key(row), ("hold",), Outbound.HELD, None, note=reason, claims=True) for row in rows
            ]
            waiting = tx.connection.execute(_TO_DELIVER).all()
            later = [
                Change(DELIVERY.key(row), ("hold",), Delivery.HELD, None, note=reason, claims=True) for row in waiting
            ]
            return {"to send": len(move(tx, RECIPIENT, changes)), "to deliver": len(move(tx, DELIVERY, later))}

        return self._write(work)


def copy_journal(state: Path, target: Path) -> None:
    """The SQLite journal of `state` as it is now, into the empty file `target`.  Works beside the daemon."""
    source_path = state.absolute() / FILE
    if not source_path.exists():
        raise UserError(f"{source_path}: there is no journal here. Is `state` right, and has the daemon ever run?")
    with (
        closing(sqlite3.connect(f"{source_path.as_uri()}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        copy.execute("PRAGMA synchronous=FULL")
        source.backup(copy)  # in one step, so at one moment; in WAL mode no writer waits for it
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, which needs no other beside it
        (found,) = copy.execute("PRAGMA quick_check").fetchone()
    if found != "ok":
        raise UserError(f"{target}: the copy of the journal is damaged ({found}); is the journal itself?")


def compact(state: Path) -> tuple[int, int]:
    """Give the file system back what is free in the SQLite journal; its size in bytes before and after.  `JournalBusy`
    while a daemon has it."""
    path = state.absolute() / FILE
    lock = FileLock(state / LOCK)
    try:
        before = path.stat().st_size
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True)) as connection:
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return before, path.stat().st_size
    finally:
        lock.release()
