"""Outbound, the beginning: drops become ours (O4) and are routed (O6).

Promise   a drop is recorded whole or not at all, and once, however often it is handed in.
Needs     the documents durable in the spool before `accept`.
Crash     a drop without a row is handed in again under the same id; one that waits for its route is routed again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from faxdaemon.contracts import topics
from faxdaemon.contracts.journal import HeldDrop, Routed, ToRoute
from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import Document, Drop, Origin, Route
from faxdaemon.core.states import Outbound, Reporting
from faxdaemon.journal.base import Part
from faxdaemon.journal.claims import documents_of
from faxdaemon.journal.machines import RECIPIENT, silence
from faxdaemon.journal.prepared import Prepared
from faxdaemon.journal.tables import document, fax, is_in, recipient
from faxdaemon.journal.transaction import Moment, Tx
from faxdaemon.journal.transitions import Change, move
from faxdaemon.journal.types import to_ms

_KNOWN = sa.select(fax.c.id).where(fax.c.id.in_(sa.bindparam("fax_ids", expanding=True)))
_WAITING = (
    sa.select(fax)
    .join(recipient, recipient.c.fax_id == fax.c.id)
    .where(sa.text(is_in(Outbound.RECEIVED)))
    .order_by(recipient.c.fax_id)
    .limit(sa.bindparam("limit"))
)
#: Two queries, the first from the index of held rows: as one, SQLite would read every fax.
_HELD = sa.select(recipient.c.fax_id).where(sa.text(is_in(Outbound.HELD))).order_by(recipient.c.fax_id).distinct()
_HELD_IN = (
    sa.select(fax.c.id, fax.c.plan, fax.c.published, document.c.sha256)
    .join(document, sa.and_(document.c.fax_id == fax.c.id, document.c.name == fax.c.name))
    .where(fax.c.id.in_(sa.bindparam("fax_ids", expanding=True)), fax.c.folder == sa.bindparam("folder"))
    .order_by(fax.c.id)
)
_SET_ASKED = Prepared(sa.update(fax).where(fax.c.id == sa.bindparam("key")), ("fields", "format"))
_SET_PAGES = Prepared(
    sa.update(document).where(document.c.fax_id == sa.bindparam("key"), document.c.n == sa.bindparam("key_n")),
    ("pages",),
)
_BORN = (
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
_ROUTED = ("number", "name", "account", "accounts", "options", "fields", "keep", "allowance", "expires_at")
_INSERT_FAXES = Prepared(
    sa.insert(fax),
    (
        *("id", "folder", "name", "size", "modified_ns", "inode", "node", "received_at"),
        *("report", "report_epoch", "report_again", "part"),
    ),
)
_INSERT_RECEIVED = Prepared(sa.insert(recipient), _BORN)
_INSERT_ROUTED = Prepared(sa.insert(recipient), (*_BORN, *_ROUTED))
_INSERT_DOCUMENTS = Prepared(sa.insert(document), [column.name for column in document.c])
_MADE_FROM = 100_001
"""Numbers of documents that were made for sending: after all that a drop can bring."""
_RECEIVED_AT = sa.select(fax.c.id, fax.c.received_at).where(fax.c.id.in_(sa.bindparam("fax_ids", expanding=True)))


def origin_of(row: Row[Any]) -> Origin:
    """Where a fax came from, from its row."""
    return Origin(row.folder, row.name, row.size, row.modified_ns, row.inode)


class Intake(Part):
    """What the stages `intake` and `route` record."""

    def accept(self, drops: Sequence[Drop]) -> None:
        """O4: the drops are ours.  A drop whose id is known already is left as it is."""
        if drops:
            self._write(lambda tx: _accept(tx, {drop.fax_id: drop for drop in drops}))

    def known(self, fax_ids: Sequence[FaxId]) -> frozenset[FaxId]:
        """Which of these ids have a row."""
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
            note = f"dropped again, as {by}"
            moved = move(
                tx,
                RECIPIENT,
                [Change(key, ("supersede",), Outbound.CANCELLED, None, note=note, claims=True) for key in rows],
                rows,
            )
            if moved:
                silence(tx, held)
            return bool(moved)

        return self._write(work)

    def to_route(self, limit: int) -> list[ToRoute]:
        """Drops in RECEIVED, oldest first."""

        def work(connection: Connection) -> list[ToRoute]:
            rows = connection.execute(_WAITING, {"limit": limit}).all()
            documents = documents_of(connection, (row.id for row in rows)) if rows else {}
            return [ToRoute(FaxId(row.id), origin_of(row), documents[row.id], row.part) for row in rows]

        return self._read(work)

    def route(self, decisions: Sequence[Routed]) -> None:
        """O6: RECEIVED becomes READY, or FAILED with the reason."""
        for decision in decisions:
            if not decision.routes and decision.problem is None:
                raise ValueError(f"{decision.fax_id}: a decision has routes or a problem")
        if decisions:
            self._write(lambda tx: _route(tx, {d.fax_id: d for d in decisions}))


def _accept(tx: Tx, drops: Mapping[FaxId, Drop]) -> None:
    known = set(tx.connection.execute(_KNOWN, {"fax_ids": list(drops)}).scalars())
    new = [drop for drop in drops.values() if drop.fax_id not in known]
    if not new:
        return
    new.sort(key=lambda drop: drop.fax_id)
    _INSERT_FAXES.execute(tx.connection, [_fax_row(tx, drop) for drop in new])
    documents = [row for drop in new for row in _document_rows(drop.fax_id, drop.documents)]
    if documents:
        _INSERT_DOCUMENTS.execute(tx.connection, documents)
    _INSERT_RECEIVED.execute(tx.connection, [_recipient_row(tx, drop.fax_id, 1) for drop in new])
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


def _document_rows(fax_id: FaxId, documents: Sequence[Document], first: int = 1) -> list[dict[str, Any]]:
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


def _recipient_row(tx: Tx, fax_id: FaxId, n: int) -> dict[str, Any]:
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


def _route(tx: Tx, decisions: Mapping[FaxId, Routed]) -> None:
    keys: list[tuple[Any, ...]] = [(fax_id, 1) for fax_id in decisions]
    rows = {k: row for k, row in RECIPIENT.lock(tx, keys).items() if row.state == Outbound.RECEIVED}
    times = tx.connection.execute(_RECEIVED_AT, {"fax_ids": list(decisions)})
    received = {row.id: row.received_at for row in times}
    changes: list[Change[Outbound]] = []
    more: list[dict[str, Any]] = []
    decided = [decisions[fax_id] for fax_id in decisions if (fax_id, 1) in rows]
    for decision in decided:
        if decision.problem is not None:
            changes.append(_refusal(decision))
            continue
        columns = [_route_columns(tx, decision, route, received[decision.fax_id]) for route in decision.routes]
        changes.append(Change((decision.fax_id, 1), ("routed",), Outbound.READY, None, columns[0], note=decision.note))
        for n, values in enumerate(columns[1:], 2):
            more.append(_recipient_row(tx, decision.fax_id, n) | values | {"state": Outbound.READY.value})
            _tell_further(tx, decision.fax_id, n, values)
    move(tx, RECIPIENT, changes, rows)
    if more:
        _INSERT_ROUTED.execute(tx.connection, more)
    _remember(tx, decided)
    for decision in decided:
        if decision.hold is not None:
            _hold(tx, decision.fax_id, decision.hold)


def _hold(tx: Tx, fax_id: FaxId, reason: str) -> None:
    """Routed, and all the same for a person to decide; released, it goes on as it was routed."""
    rows = RECIPIENT.lock_all(tx, fax_id)
    move(tx, RECIPIENT, [Change(k, ("hold",), Outbound.HELD, None, note=reason, claims=True) for k in rows], rows)


def _refusal(decision: Routed) -> Change[Outbound]:
    values = {"number": decision.shown_number} if decision.shown_number is not None else {}
    return Change((decision.fax_id, 1), ("refused",), Outbound.FAILED, None, values, note=decision.problem)


def _route_columns(tx: Tx, decision: Routed, route: Route, received_at: int) -> dict[str, Any]:
    begin = to_ms(route.not_before) if route.not_before else 0
    due = begin if begin > tx.now else tx.now - round(route.head_start * 1000)
    expires_at = max(received_at, begin) + round(decision.expire * 1000)
    if route.expires_at is not None:
        expires_at = to_ms(route.expires_at)
    return {
        "number": route.number,
        "name": route.name,
        "account": route.accounts[0],
        "accounts": route.accounts,
        "options": dict(route.options),
        "keep": [(one.what, one.form) for one in route.keep] or None,
        "fields": dict(route.fields) or None,
        "allowance": max(0, expires_at - received_at),
        "expires_at": expires_at,
        "due": due,
    }


def _tell_further(tx: Tx, fax_id: FaxId, n: int, values: Mapping[str, Any]) -> None:
    """The second and further recipients are born routed, out of the one that was received."""
    tx.tell(Moment(fax_id, f"recipient {n}", "routed", Outbound.RECEIVED.value, Outbound.READY.value))
    tx.wake(topics.ready(values["account"]))


def _remember(tx: Tx, decided: Sequence[Routed]) -> None:
    asked = [
        {"key": d.fax_id, "fields": dict(d.fields) if d.fields else None, "format": d.format}
        for d in decided
        if d.fields or d.format
    ]
    if asked:
        _SET_ASKED.execute(tx.connection, asked)
    pages = [
        {"key": d.fax_id, "key_n": n, "pages": count}
        for d in decided
        for n, count in enumerate(d.pages, 1)
        if count is not None
    ]
    if pages:
        _SET_PAGES.execute(tx.connection, pages)
    made = [row for d in decided if d.made for row in _document_rows(d.fax_id, d.made, _MADE_FROM)]
    if made:
        _INSERT_DOCUMENTS.execute(tx.connection, made)
