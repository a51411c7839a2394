"""Reading, for people: lists, lives, counts.

Promise   changes nothing and delays no writer; works beside another process that writes.
Needs     a journal of our own schema version.
Crash     keeps nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from faxdaemon.contracts.journal import Event, Filter, Life
from faxdaemon.contracts.journal import Row as Line
from faxdaemon.contracts.journal.retention import What
from faxdaemon.core.ids import FaxId
from faxdaemon.core.states import AT_REST, Delivery, Inbound, Kept, Outbound, Reporting
from faxdaemon.journal.base import Part
from faxdaemon.journal.cleared import cleared
from faxdaemon.journal.lookup import resolve
from faxdaemon.journal.tables import (
    DELIVERY_LIVE,
    INBOUND_OPEN,
    KEPT_LIVE,
    REPORT_LIVE,
    delivery,
    document,
    event,
    fax,
    inbound,
    is_in,
    kept,
    recipient,
)
from faxdaemon.journal.types import from_ms, to_ms

_TIMES = frozenset(
    {
        "at",
        "received_at",
        "expires_at",
        "intended_at",
        "deadline",
        "ended_at",
        "due",
        "first_seen",
        "since",
        "updated_at",
    }
)
_FORGOTTEN = sa.exists().where(cleared.c.fax_id == inbound.c.fax_id, cleared.c.what == What.ROWS.value)
_PAGES = sa.select(sa.func.sum(document.c.pages)).where(document.c.fax_id == fax.c.id).scalar_subquery()

_HELD_SOMEWHERE = sa.select(delivery.c.fax_id).where(sa.text(is_in(Delivery.HELD)))
_HELD_FOR = (
    sa.select(sa.func.min(delivery.c.reason))
    .where(sa.text(is_in(Delivery.HELD, "delivery.state")), delivery.c.fax_id == inbound.c.fax_id)
    .scalar_subquery()
)


class History(Part):
    """Reading, for people."""

    def find(self, query: Filter) -> list[Line]:
        """Newest first."""

        def work(connection: Connection) -> list[Line]:
            rows: list[Line] = []
            if query.direction in {None, "out"}:
                rows += _find_out(connection, query)
            if query.direction in {None, "in"} and query.folder is None:
                rows += _find_in(connection, query)
            rows.sort(key=lambda line: (line.fax_id, -line.recipient), reverse=True)
            return rows[: query.limit]

        return self._read(work)

    def life(self, fax: str) -> Life:
        """By id or an unambiguous beginning of one; `UserError` when there is none or more than one."""

        def work(connection: Connection) -> Life:
            fax_id, direction = resolve(connection, fax)
            facts = _facts_out(connection, fax_id) if direction == "out" else _facts_in(connection, fax_id)
            rows = connection.execute(sa.select(event).where(event.c.fax_id == fax_id).order_by(event.c.id))
            events = tuple(Event(from_ms(r.at), r.subject, r.event, r.source, r.target, r.node, r.note) for r in rows)
            return Life(FaxId(fax_id), direction, facts, events)

        return self._read(work)

    def counts(self) -> Mapping[str, int]:
        """Live items by state: `out.ready`, `report.due`, `in.seen`, `delivery.pending`, ...; finished ones are not
        counted."""
        return self._read(lambda c: {name: int(c.execute(q).scalar_one()) for name, q in _COUNTS.items()})


def _count(table: sa.Table, *conditions: str) -> sa.Select[Any]:
    return sa.select(sa.func.count()).select_from(table).where(*(sa.text(c) for c in conditions))


# One query a state: SQLite answers each from a partial index, but reads the whole table for a GROUP BY.
_COUNTS: Mapping[str, sa.Select[Any]] = {
    **{f"out.{s.value}": _count(recipient, is_in(s)) for s in Outbound if s not in AT_REST or s is Outbound.HELD},
    **{f"report.{s.value}": _count(fax, REPORT_LIVE, is_in(s, "report")) for s in (Reporting.DUE, Reporting.REPORTING)},
    **{f"keep.{s.value}": _count(kept, KEPT_LIVE, is_in(s)) for s in (Kept.WANTED, Kept.FETCHED)},
    **{f"in.{s.value}": _count(inbound, is_in(s)) for s in (Inbound.SEEN, Inbound.HELD)},
    **{f"in.{s.value}": _count(inbound, INBOUND_OPEN, is_in(s)) for s in (Inbound.STORED, Inbound.DELIVERED)},
    **{
        f"delivery.{s.value}": _count(delivery, DELIVERY_LIVE, is_in(s))
        for s in (Delivery.PENDING, Delivery.DELIVERING)
    },
    "delivery.held": _count(delivery, is_in(Delivery.HELD)),
}


def _in_states(query: Filter) -> list[sa.ColumnElement[bool]]:
    """As literal text, so that the partial index of a live state can be used."""
    known = [s for s in dict.fromkeys(query.states) if s.isidentifier()]
    if not query.states:
        return []
    return [sa.or_(sa.false(), *(sa.text(f"(state = '{s}')") for s in known))]


def _find_out(connection: Connection, query: Filter) -> Sequence[Line]:
    wanted: list[sa.ColumnElement[bool]] = _in_states(query)
    if query.number is not None:
        wanted.append(recipient.c.number.contains(query.number, autoescape=True))
    if query.name is not None:
        wanted.append(fax.c.name.contains(query.name, autoescape=True))
    if query.folder is not None:
        wanted.append(fax.c.folder == query.folder)
    if query.account is not None:
        wanted.append(recipient.c.account == query.account)
    if query.since is not None:
        wanted.append(fax.c.received_at >= to_ms(query.since))
    statement = (
        sa.select(recipient, fax.c.received_at, fax.c.folder, fax.c.name.label("file_name"), _PAGES.label("own_pages"))
        .join(fax, fax.c.id == recipient.c.fax_id)
        .where(*wanted)
        .order_by(recipient.c.fax_id.desc(), recipient.c.n)
        .limit(query.limit)
    )
    return [
        Line(
            fax_id=FaxId(r.fax_id),
            direction="out",
            recipient=r.n,
            state=r.state,
            at=from_ms(r.received_at),
            updated=from_ms(r.updated_at),
            number=r.number,
            name=r.file_name,
            account=r.account,
            pages=r.own_pages if r.pages is None else r.pages,
            reason=r.reason,
            folder=r.folder,
        )
        for r in connection.execute(statement)
    ]


def _find_in(connection: Connection, query: Filter) -> Sequence[Line]:
    wanted: list[sa.ColumnElement[bool]] = _in_states(query)
    if query.destinations and Delivery.HELD in query.states:
        wanted = [sa.or_(*wanted, inbound.c.fax_id.in_(_HELD_SOMEWHERE))]
    wanted.append(sa.not_(_FORGOTTEN))
    if query.number is not None:
        wanted.append(inbound.c.caller.contains(query.number, autoescape=True))
    if query.name is not None:
        wanted.append(inbound.c.called.contains(query.name, autoescape=True))
    if query.account is not None:
        wanted.append(inbound.c.account == query.account)
    if query.since is not None:
        wanted.append(inbound.c.first_seen >= to_ms(query.since))
    statement = (
        sa.select(inbound, _HELD_FOR.label("held_for"))
        .where(*wanted)
        .order_by(inbound.c.fax_id.desc())
        .limit(query.limit)
    )
    return [
        Line(
            fax_id=FaxId(r.fax_id),
            direction="in",
            recipient=0,
            state=r.state,
            at=from_ms(r.first_seen),
            updated=from_ms(r.updated_at),
            number=r.caller,
            name=r.called or "",
            account=r.account,
            pages=r.pages if r.stored_pages is None else r.stored_pages,
            reason=r.reason or r.held_for,
            folder=None,
        )
        for r in connection.execute(statement)
    ]


def _plain(row: sa.RowMapping) -> dict[str, Any]:
    return {key: _moment(value) if key in _TIMES else value for key, value in row.items()}


def _moment(value: int | None) -> str | None:
    moment: datetime | None = None if value is None else from_ms(value)
    return None if moment is None else moment.isoformat(timespec="milliseconds")


def _rows(connection: Connection, table: sa.Table, column: str, fax_id: str) -> list[dict[str, Any]]:
    statement = sa.select(table).where(table.c[column] == fax_id).order_by(*table.primary_key.columns)
    return [_plain(row) for row in connection.execute(statement).mappings()]


def _facts_out(connection: Connection, fax_id: str) -> Mapping[str, Any]:
    facts = _rows(connection, fax, "id", fax_id)[0]
    facts["documents"] = _rows(connection, document, "fax_id", fax_id)
    facts["recipients"] = _rows(connection, recipient, "fax_id", fax_id)
    facts["kept"] = _rows(connection, kept, "fax_id", fax_id)
    facts["cleared"] = _rows(connection, cleared, "fax_id", fax_id)
    return facts


def _facts_in(connection: Connection, fax_id: str) -> Mapping[str, Any]:
    facts = _rows(connection, inbound, "fax_id", fax_id)[0]
    facts["deliveries"] = _rows(connection, delivery, "fax_id", fax_id)
    facts["cleared"] = _rows(connection, cleared, "fax_id", fax_id)
    return facts
