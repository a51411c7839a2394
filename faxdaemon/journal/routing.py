"""Outbound, the decision: a received drop becomes ready, refused or held (O6).

Promise   a drop is decided once; its further recipients are born with the decision, in the same commit.
Needs     nothing more than the journal.
Crash     one that waits for its route is routed again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from faxdaemon.contracts import topics
from faxdaemon.contracts.journal import Routed, ToRoute
from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import COVERS_FROM, Route
from faxdaemon.core.states import Outbound
from faxdaemon.journal.base import Part
from faxdaemon.journal.claims import documents_of
from faxdaemon.journal.guarding import catch
from faxdaemon.journal.hours import Hours, open_hours
from faxdaemon.journal.intake import BORN, INSERT_DOCUMENTS, document_rows, origin_of, recipient_row
from faxdaemon.journal.machines import RECIPIENT
from faxdaemon.journal.prepared import Prepared
from faxdaemon.journal.tables import document, fax, is_in, recipient
from faxdaemon.journal.transaction import Moment, Tx
from faxdaemon.journal.transitions import Change, move
from faxdaemon.journal.types import from_ms, to_ms

_WAITING = (
    sa.select(fax)
    .join(recipient, recipient.c.fax_id == fax.c.id)
    .where(sa.text(is_in(Outbound.RECEIVED)))
    .order_by(recipient.c.fax_id)
    .limit(sa.bindparam("limit"))
)
_SET_ASKED = Prepared(sa.update(fax).where(fax.c.id == sa.bindparam("key")), ("fields", "format"))
_SET_PAGES = Prepared(
    sa.update(document).where(document.c.fax_id == sa.bindparam("key"), document.c.n == sa.bindparam("key_n")),
    ("pages",),
)
_ROUTED = ("number", "name", "account", "accounts", "options", "fields", "keep", "allowance", "expires_at")
_INSERT_ROUTED = Prepared(sa.insert(recipient), (*BORN, *_ROUTED))
_MADE_FROM = 100_001
"""Numbers of documents that were made for sending: after all that a drop can bring."""
_DROPS = sa.select(fax.c.id, fax.c.received_at, fax.c.folder).where(
    fax.c.id.in_(sa.bindparam("fax_ids", expanding=True))
)


class Routing(Part):
    """What the stage `route` records."""

    def to_route(self, limit: int) -> list[ToRoute]:
        """Drops in RECEIVED, oldest first."""

        def work(connection: Connection) -> list[ToRoute]:
            rows = connection.execute(_WAITING, {"limit": limit}).all()
            documents = documents_of(connection, (row.id for row in rows)) if rows else {}
            return [
                ToRoute(FaxId(row.id), origin_of(row), documents[row.id], row.part, from_ms(row.received_at))
                for row in rows
            ]

        return self._read(work)

    def route(self, decisions: Sequence[Routed]) -> None:
        """O6: RECEIVED becomes READY, or FAILED with the reason."""
        for decision in decisions:
            if not decision.routes and decision.problem is None and decision.hold is None:
                raise ValueError(f"{decision.fax_id}: a decision has routes or a problem, or is to be held")
        if decisions:
            self._write(lambda tx: _route(tx, {d.fax_id: d for d in decisions}))


def _route(tx: Tx, decisions: Mapping[FaxId, Routed]) -> None:
    keys: list[tuple[Any, ...]] = [(fax_id, 1) for fax_id in decisions]
    rows = {k: row for k, row in RECIPIENT.lock(tx, keys).items() if row.state == Outbound.RECEIVED}
    drops: dict[str, Any] = {row.id: row for row in tx.connection.execute(_DROPS, {"fax_ids": list(decisions)})}
    changes: list[Change[Outbound]] = []
    more: list[dict[str, Any]] = []
    decided = [decisions[fax_id] for fax_id in decisions if (fax_id, 1) in rows]
    hours = open_hours(tx, [drops[d.fax_id].folder for d in decided if d.guard.per_hour and d.problem is None])
    for decision in decided:
        if decision.problem is not None or not decision.routes:
            changes.append(_refusal(decision))
            continue
        drop = drops[decision.fax_id]
        columns = [_route_columns(tx, decision, route, drop, hours.get(drop.folder)) for route in decision.routes]
        changes.append(Change((decision.fax_id, 1), ("routed",), Outbound.READY, None, columns[0], note=decision.note))
        for n, values in enumerate(columns[1:], 2):
            more.append(recipient_row(tx, decision.fax_id, n) | values | {"state": Outbound.READY.value})
            _tell_further(tx, decision.fax_id, n, values)
    move(tx, RECIPIENT, changes, rows)
    if more:
        _INSERT_ROUTED.execute(tx.connection, more)
    for each in hours.values():
        each.save()
    _remember(tx, decided)
    _hold(tx, decided)


def _hold(tx: Tx, decided: Sequence[Routed]) -> None:
    """Routed, and all the same for a person to decide; released, it goes on as it was routed."""
    reasons: dict[tuple[str, int], str] = {}
    reasons |= {
        (d.fax_id, n): d.hold for d in decided if d.hold and d.problem is None for n in range(1, len(d.routes) + 1)
    }
    for key, reason in catch(tx, decided).items():
        reasons[key] = f"{reasons[key]}; {reason}" if key in reasons else reason
    changes = [Change(key, ("hold",), Outbound.HELD, None, note=why, claims=True) for key, why in reasons.items()]
    move(tx, RECIPIENT, changes)


def _refusal(decision: Routed) -> Change[Outbound]:
    values = {"number": decision.shown_number} if decision.shown_number is not None else {}
    key = (decision.fax_id, 1)
    if decision.problem is None:
        return Change(key, ("hold",), Outbound.HELD, None, values, note=decision.hold, claims=True)
    return Change(key, ("refused",), Outbound.FAILED, None, values, note=decision.problem)


def _route_columns(tx: Tx, decision: Routed, route: Route, drop: Row[Any], hours: Hours | None) -> dict[str, Any]:
    received_at: int = drop.received_at
    begin = to_ms(route.not_before) if route.not_before else 0
    if hours is not None and decision.guard.per_hour:
        begin = hours.take(decision.guard.per_hour, begin)
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
    made = [row for d in decided if d.made for row in document_rows(d.fax_id, d.made, _MADE_FROM)]
    for d in decided:
        for n, cover in enumerate(d.covers, 1):
            made += document_rows(d.fax_id, [cover] if cover else [], COVERS_FROM + n)
    if made:
        INSERT_DOCUMENTS.execute(tx.connection, made)
