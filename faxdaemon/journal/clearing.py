"""Clearing away what is at rest (steps R1 to R4 of docs/retention.md).

Promise   nothing is given up that is held, in doubt, under way, unreported or not acknowledged: every step looks at the
          rows once more in its own commit, with the fax locked, as whoever wants it to go on does.  A fax whose rows
          are gone is known by its id; a received one keeps its row, without what people would read in it, so that it is
          never delivered again, and another one under its name is told from it.
Needs     nothing more than the journal.
Crash     what was promised and not told as done is found again.

Reads a part of the table that no index serves, once a day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from faxdaemon.contracts import topics
from faxdaemon.contracts.journal.retention import AtRest, What
from faxdaemon.core.ids import FaxId, new_fax_id
from faxdaemon.core.model import Role
from faxdaemon.core.states import Delivery, Inbound, Kept, Reporting
from faxdaemon.journal.auditing import Auditing
from faxdaemon.journal.cleared import cleared
from faxdaemon.journal.database import insert_new, upsert
from faxdaemon.journal.machines import INBOUND, RECIPIENT, REPORT
from faxdaemon.journal.tables import (
    ENDED,
    KEPT_LIVE,
    delivery,
    document,
    duty,
    event,
    fax,
    inbound,
    is_in,
    kept,
    recipient,
)
from faxdaemon.journal.transaction import Moment, Tx
from faxdaemon.journal.types import from_ms, to_ms

_FAX_IDS: sa.BindParameter[Any] = sa.bindparam("fax_ids", expanding=True)
_UNENDED = sa.or_(sa.not_(recipient.c.state.in_([s.value for s in ENDED])), recipient.c.doubt)


def _is(what: What, *, done: bool = False) -> sa.ColumnElement[bool]:
    wanted = [cleared.c.what == what.value, *([cleared.c.done] if done else [])]
    return sa.and_(*wanted)


def _cleared(key: sa.ColumnElement[Any], what: What, *, done: bool = False) -> sa.ColumnElement[bool]:
    return sa.exists().where(cleared.c.fax_id == key, _is(what, done=done))


_LAST = sa.func.max(recipient.c.updated_at)
_LIVE_PICTURE = sa.exists().where(kept.c.fax_id == fax.c.id, sa.text(f"kept.{KEPT_LIVE}"))
_OUT = (
    sa.select(
        fax.c.id,
        fax.c.folder,
        fax.c.plan,
        fax.c.node,
        _LAST.label("ended"),
        sa.func.max(recipient.c.account).label("account"),
    )
    .join(recipient, recipient.c.fax_id == fax.c.id)
    .where(
        fax.c.id > sa.bindparam("after"),
        fax.c.id < sa.bindparam("newest"),
        sa.text(is_in(Reporting.REPORTED, "fax.report")),
        sa.not_(fax.c.report_again),
        sa.not_(_LIVE_PICTURE),
    )
    .group_by(fax.c.id, fax.c.folder, fax.c.plan, fax.c.node)
    .having(
        sa.bindparam("before") >= _LAST,
        sa.func.sum(sa.case((_UNENDED, 1), else_=0)) == 0,
    )
    .order_by(fax.c.id)
    .limit(sa.bindparam("limit"))
)
_WAITS = sa.not_(delivery.c.state.in_([Delivery.DONE.value, Delivery.GIVEN_UP.value]))
_OPEN_DELIVERY = sa.exists().where(
    delivery.c.fax_id == inbound.c.fax_id, sa.or_(_WAITS, delivery.c.updated_at > sa.bindparam("before"))
)
_STORED_HERE = sa.exists().where(
    event.c.fax_id == inbound.c.fax_id, event.c.event == "store", event.c.node == sa.bindparam("node")
)
_IN = (
    sa.select(inbound)
    .where(
        inbound.c.fax_id > sa.bindparam("after"),
        inbound.c.fax_id < sa.bindparam("newest"),
        sa.text(is_in(Inbound.ACKNOWLEDGED, "inbound.state")),
        inbound.c.updated_at <= sa.bindparam("before"),
        sa.not_(_OPEN_DELIVERY),
    )
    .order_by(inbound.c.fax_id)
    .limit(sa.bindparam("limit"))
)
_DOCUMENTS = sa.select(document).where(document.c.fax_id.in_(_FAX_IDS)).order_by(document.c.fax_id, document.c.n)
_PICTURES = sa.select(kept).where(kept.c.fax_id.in_(_FAX_IDS), kept.c.state == Kept.DONE.value)
_DONE = sa.select(cleared).where(cleared.c.fax_id.in_(_FAX_IDS), cleared.c.done)
_PROMISED = (
    sa.select(cleared.c.fax_id)
    .where(sa.text("NOT done"), _is(What.SPOOL))
    .order_by(cleared.c.fax_id)
    .limit(sa.bindparam("limit"))
)
_THESE_OUT = sa.select(fax.c.id, fax.c.folder, fax.c.plan, fax.c.node).where(fax.c.id.in_(_FAX_IDS))
_THESE_IN = sa.select(inbound).where(inbound.c.fax_id.in_(_FAX_IDS))
_HERE = sa.select(event.c.fax_id).where(
    event.c.fax_id.in_(_FAX_IDS), event.c.event == "store", event.c.node == sa.bindparam("node")
)
_OPEN = sa.select(delivery.c.fax_id).where(delivery.c.fax_id.in_(_FAX_IDS), _WAITS)
_ROWS_OUT = (
    *(sa.delete(t).where(t.c.fax_id.in_(_FAX_IDS)) for t in (kept, recipient, document, event)),
    sa.delete(fax).where(fax.c.id.in_(_FAX_IDS)),
)
_ROWS_IN = tuple(sa.delete(t).where(t.c.fax_id.in_(_FAX_IDS)) for t in (delivery, event))
_SLIM = (
    sa.update(inbound)
    .where(inbound.c.fax_id.in_(_FAX_IDS))
    .values(metadata={}, facts=None, csid=None, warning=None, reason=None)
)
_FILES_ROWS = sa.delete(cleared).where(cleared.c.fax_id.in_(_FAX_IDS), cleared.c.what != What.ROWS.value)


class Clearing(Auditing):
    """What clearing asks and records."""

    def hasten(self, name: str) -> None:
        """The duty of once a day is due now."""

        def work(tx: Tx) -> None:
            tx.connection.execute(upsert(duty, tx.dialect), {"name": name, "next_at": tx.now})
            tx.wake(topics.daily(name))

        self._write(work)

    def at_rest(self, direction: str, what: What, before: datetime, after: str, limit: int) -> list[AtRest]:
        """Faxes that ended before that moment and of which `what` was not cleared."""
        wanted = {"before": to_ms(before), "after": after, "limit": limit, "node": self._node}
        wanted["newest"] = new_fax_id(to_ms(before), b"\xff" * 10)  # what ended before that moment came before it
        statement = _out(what) if direction == "out" else _in(what)

        def work(connection: Connection) -> list[AtRest]:
            rows = connection.execute(statement, wanted).all()
            return _outs(connection, rows) if direction == "out" else [_received(row) for row in rows]

        return self._read(work)

    def promise_cleared(self, fax_ids: Sequence[FaxId]) -> list[FaxId]:
        """R1: our copies of these are given up."""

        def work(tx: Tx) -> list[FaxId]:
            given_up = [fax_id for fax_id in sorted(set(fax_ids)) if _rests(tx, fax_id)]
            if given_up:
                rows = [{"fax_id": i, "what": What.SPOOL.value, "at": tx.now, "done": False} for i in given_up]
                tx.connection.execute(insert_new(cleared, tx.dialect), rows)
            return given_up

        return self._write(work)

    def promised(self, limit: int) -> list[AtRest]:
        """Those of this node whose copies were given up and, for all that is known, not removed yet."""

        def work(connection: Connection) -> list[AtRest]:
            wanted = {"fax_ids": connection.execute(_PROMISED, {"limit": limit}).scalars().all(), "node": self._node}
            outs = [row for row in connection.execute(_THESE_OUT, wanted) if row.node == self._node]
            here = set(connection.execute(_HERE, wanted).scalars())
            ins = [row for row in connection.execute(_THESE_IN, wanted) if row.fax_id in here]
            return _outs(connection, outs) + [_received(row) for row in ins]

        return self._read(work)

    def is_cleared(self, fax_ids: Sequence[FaxId], what: What) -> None:
        """R3: the files are gone."""

        def work(tx: Tx) -> None:
            rows = [{"fax_id": i, "what": what.value, "at": tx.now, "done": True} for i in sorted(set(fax_ids))]
            tx.connection.execute(upsert(cleared, tx.dialect), rows)
            for fax_id in sorted(set(fax_ids)):
                tx.tell(Moment(fax_id, "files", "cleared", None, what.value))

        if fax_ids:
            self._write(work)

    def forget(self, fax_ids: Sequence[FaxId]) -> int:
        """R4: the rows of these go; of each a small one stays."""

        def work(tx: Tx) -> int:
            going = [fax_id for fax_id in sorted(set(fax_ids)) if _rests(tx, fax_id) and _files_gone(tx, fax_id)]
            ins = set(INBOUND.lock(tx, [(i,) for i in going]))
            received = [i for i in going if (i,) in ins]
            dropped = [i for i in going if (i,) not in ins]
            for some, statements in ((dropped, _ROWS_OUT), (received, (*_ROWS_IN, _SLIM))):
                for statement in statements if some else ():
                    tx.connection.execute(statement, {"fax_ids": some})
            if going:
                tx.connection.execute(_FILES_ROWS, {"fax_ids": going})
                rows = [{"fax_id": i, "what": What.ROWS.value, "at": tx.now, "done": True} for i in going]
                tx.connection.execute(upsert(cleared, tx.dialect), rows)
            return len(going)

        return self._write(work)


def _out(what: What) -> sa.Select[Any]:
    if what is What.ROWS:
        return _OUT.where(_cleared(fax.c.id, What.SPOOL, done=True))
    mine = fax.c.node == sa.bindparam("node")
    return _OUT.where(sa.not_(_cleared(fax.c.id, what)), *([mine] if what is What.SPOOL else []))


def _in(what: What) -> sa.Select[Any]:
    gone = sa.not_(_cleared(inbound.c.fax_id, What.ROWS))
    if what is What.ROWS:
        return _IN.where(gone, _cleared(inbound.c.fax_id, What.SPOOL, done=True))
    return _IN.where(gone, sa.not_(_cleared(inbound.c.fax_id, what)), _STORED_HERE)


def _rests(tx: Tx, fax_id: str) -> bool:
    """Whether nothing is under way about this fax, which nobody can change before the commit."""
    received = INBOUND.lock(tx, [(fax_id,)])
    if received:
        (row,) = received.values()
        return row.state == Inbound.ACKNOWLEDGED and tx.connection.execute(_OPEN, {"fax_ids": [fax_id]}).first() is None
    rows = RECIPIENT.lock_all(tx, fax_id).values()  # first, as whoever decides about a fax does
    reports = REPORT.lock(tx, [(fax_id,)])
    if not reports or any(row.report != Reporting.REPORTED or row.report_again for row in reports.values()):
        return False
    live = sa.select(kept.c.fax_id).where(kept.c.fax_id == fax_id, sa.text(KEPT_LIVE))
    ended = all(row.state in ENDED and not row.doubt for row in rows)
    return ended and tx.connection.execute(live).first() is None


def _files_gone(tx: Tx, fax_id: str) -> bool:
    wanted = sa.select(cleared.c.done).where(cleared.c.fax_id == fax_id, _is(What.SPOOL))
    return bool(tx.connection.execute(wanted).scalar())


def _outs(connection: Connection, rows: Iterable[Any]) -> list[AtRest]:
    rows = list(rows)
    wanted = {"fax_ids": [row.id for row in rows]}
    documents: dict[str, list[Row[Any]]] = {row.id: [] for row in rows}
    for row in connection.execute(_DOCUMENTS, wanted):
        documents[row.fax_id].append(row)
    pictures: dict[str, dict[str, str]] = {row.id: {} for row in rows}
    for row in connection.execute(_PICTURES, wanted):
        if row.file and row.sha256:
            pictures[row.fax_id][row.file] = row.sha256
    done: dict[str, set[What]] = {row.id: set() for row in rows}
    for row in connection.execute(_DONE, wanted):
        done[row.fax_id].add(What(row.what))
    return [_dropped(row, documents[row.id], pictures[row.id], frozenset(done[row.id])) for row in rows]


def _dropped(
    row: Row[Any], documents: Sequence[Row[Any]], pictures: Mapping[str, str], done: frozenset[What]
) -> AtRest:
    return AtRest(
        fax_id=FaxId(row.id),
        direction="out",
        ended=from_ms(getattr(row, "ended", 0) or 0),
        folder=row.folder,
        account=getattr(row, "account", None),
        overall=(row.plan or {}).get("overall"),
        spooled=tuple(one.spool for one in documents),
        size=sum(one.size for one in documents),
        plan=row.plan,
        digests={one.name: one.sha256 for one in documents if one.role != Role.MADE.value},
        pictures=pictures,
        cleared=done,
    )


def _received(row: Row[Any]) -> AtRest:
    return AtRest(
        fax_id=FaxId(row.fax_id),
        direction="in",
        ended=from_ms(row.updated_at),
        account=row.account,
        line=row.called,
        spooled=(row.spool,) if row.spool else (),
        size=row.size or 0,
    )
