"""Outbound, the end: telling the drop folder (O12, O13).

Promise   a fax is reported when all its recipients are at rest, in the commit that brings the last of them there, and
          again whenever an outcome changes after that.  An answer composed from older outcomes is refused.
Needs     nothing more than the journal.
Crash     DUE is staged again, REPORTING is published again.

Among several nodes the one that took the drop reports it, for it has the original, unless its heartbeat is gone; then
the one that claimed the report keeps it, so that two do not take it from each other for ever.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from faxdaemon.contracts.journal import ReportWork
from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import Outcome
from faxdaemon.core.states import Outbound, Reporting
from faxdaemon.journal.base import Part
from faxdaemon.journal.claims import documents_of
from faxdaemon.journal.intake import origin_of
from faxdaemon.journal.machines import REPORT
from faxdaemon.journal.tables import NOT_AT_REST, REPORT_LIVE, fax, node, recipient
from faxdaemon.journal.transaction import Tx
from faxdaemon.journal.transitions import Change, move, renew
from faxdaemon.journal.types import from_ms

_FAX_IDS: sa.BindParameter[Any] = sa.bindparam("fax_ids", expanding=True)
_LIVE_REPORTS = (
    sa.select(fax)
    .where(sa.text(REPORT_LIVE), fax.c.folder == sa.bindparam("folder"))
    .order_by(fax.c.id)
    .limit(sa.bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_ALIVE = node.c.until > sa.bindparam("now")
_FREE_REPORTS = _LIVE_REPORTS.where(
    sa.or_(fax.c.node == sa.bindparam("node"), fax.c.node.not_in(sa.select(node.c.name).where(_ALIVE))),
    sa.or_(
        fax.c.report_owner.is_(None),
        fax.c.report_owner == sa.bindparam("owner"),
        fax.c.report_owner.not_in(sa.select(node.c.id).where(_ALIVE)),
    ),
)
_OUTCOMES = sa.select(recipient).where(recipient.c.fax_id.in_(_FAX_IDS)).order_by(recipient.c.fax_id, recipient.c.n)
_UNFINISHED = sa.select(recipient.c.fax_id).where(recipient.c.fax_id.in_(_FAX_IDS), sa.text(NOT_AT_REST)).distinct()


class Reports(Part):
    """What the stage `report` records."""

    def claim_reports(self, folder: str, limit: int) -> list[ReportWork]:
        """Faxes of `folder` in DUE or REPORTING, oldest first."""
        statement = _LIVE_REPORTS if self._database.is_sqlite else _FREE_REPORTS

        def work(tx: Tx) -> list[ReportWork]:
            wanted = {"folder": folder, "limit": limit, "now": tx.now, "owner": tx.owner, "node": tx.node}
            rows = tx.connection.execute(statement, wanted).all()
            if not rows:
                return []
            renew(tx, REPORT, rows, {"report_owner": tx.owner})
            ids = [row.id for row in rows]
            documents = documents_of(tx.connection, ids)
            outcomes = outcomes_of(tx.connection, ids)
            return [_work(row, documents[row.id], outcomes[row.id]) for row in rows]

        return self._write(work)

    def staged(self, plans: Sequence[tuple[ReportWork, Mapping[str, Any]]]) -> list[ReportWork]:
        """O12: the answers lie staged; REPORTING.  Returns the works that may be published, with their plans."""
        changes = [
            Change((w.fax_id,), ("stage",), Reporting.REPORTING, w.epoch, {"plan": dict(plan)}) for w, plan in plans
        ]
        moved = {row.id for row in self._write(lambda tx: move(tx, REPORT, changes))} if changes else set()
        return [replace(work, state=Reporting.REPORTING, plan=plan) for work, plan in plans if work.fax_id in moved]

    def reported(self, works: Sequence[ReportWork]) -> None:
        """O13: answer and document are where people look; REPORTED (and due again, if an outcome changed meanwhile)."""
        changes = [Change((w.fax_id,), ("publish",), Reporting.REPORTED, w.epoch) for w in works]

        def record(tx: Tx) -> None:
            for row in move(tx, REPORT, changes):
                if row.report_again:
                    tx.touched[row.id] = None

        if works:
            self._write(record)


def outcomes_of(connection: Connection, fax_ids: Sequence[str]) -> Mapping[str, tuple[Outcome, ...]]:
    """How the recipients of these faxes stand, in order."""
    found: dict[str, list[Outcome]] = defaultdict(list)
    for row in connection.execute(_OUTCOMES, {"fax_ids": list(fax_ids)}):
        found[row.fax_id].append(_outcome(row))
    return defaultdict(tuple, {k: tuple(v) for k, v in found.items()})


def _outcome(row: Row[Any]) -> Outcome:
    return Outcome(
        recipient=row.n,
        number=row.number,
        name=row.name,
        state=Outbound(row.state),
        reason=row.reason,
        account=row.account,
        provider_id=row.provider_id,
        reference=row.reference,
        pages=row.pages,
        ended_at=None if row.ended_at is None else from_ms(row.ended_at),
        # A submission without a reference has not begun.
        submissions=row.submission if row.reference is not None else row.submission - 1,
        remote_csid=row.remote_csid,
        duration_s=row.duration_s,
        fields=row.fields or {},
    )


def _work(row: Row[Any], documents: Any, outcomes: tuple[Outcome, ...]) -> ReportWork:
    return ReportWork(
        fax_id=FaxId(row.id),
        epoch=row.report_epoch + 1,
        state=Reporting(row.report),
        origin=origin_of(row),
        documents=documents,
        received_at=from_ms(row.received_at),
        outcomes=outcomes,
        fields=row.fields or {},
        format=row.format,
        part=row.part,
        plan=row.plan,
        published=row.published,
    )


def update_reports(tx: Tx) -> None:
    """Make the reports of all touched faxes due, or no longer due; part of every transaction that touched one.

    The fax is locked before its recipients are looked at: two nodes that end its last two recipients at the same moment
    would otherwise each see the other's unfinished, and nobody would report.
    """
    if not tx.touched:
        return
    ids = list(tx.touched)
    rows = REPORT.lock(tx, [(i,) for i in ids])
    unfinished = set(tx.connection.execute(_UNFINISHED, {"fax_ids": ids}).scalars())
    current = [row for row in rows.values() if row.report == Reporting.REPORTING]
    # What is being published cannot be taken back; it is reported once more afterwards.
    renew(tx, REPORT, current, {"report_again": True}, claims=False)
    told = [k for k, row in rows.items() if row.report in {Reporting.DUE, Reporting.REPORTED}]
    move(tx, REPORT, [Change(k, ("reopen",), Reporting.OPEN, None, claims=True) for k in told], rows)
    resting = [k for k, row in rows.items() if row.report != Reporting.REPORTING and k[0] not in unfinished]
    fresh = REPORT.lock(tx, resting) if told else rows
    move(tx, REPORT, [Change(k, ("rest",), Reporting.DUE, None) for k in resting], fresh)
