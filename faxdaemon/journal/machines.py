"""The five kinds of items that have a state, as `transitions.move` needs to know them.

Promise   what follows from a state is set here and nowhere else: a row that is being sent has an owner, one that ended
          has an end, one that is held knows from where, and whoever waits for that state is woken.
Needs     nothing.
Crash     keeps nothing.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from faxdaemon.contracts import topics
from faxdaemon.core import states
from faxdaemon.core.numbers import masked
from faxdaemon.core.states import AT_REST, Delivery, Inbound, Kept, Outbound, Reporting
from faxdaemon.journal import tables
from faxdaemon.journal.transaction import Tx, Values
from faxdaemon.journal.transitions import Change, Machine, move

_PLAN = sa.select(tables.fax.c.plan).where(tables.fax.c.id == sa.bindparam("fax_id"))
_REASONED = AT_REST - {Outbound.SENT} | {Outbound.READY, Outbound.UNCERTAIN}


def _enter_recipient(tx: Tx, row: Row[Any], target: Outbound, change: Change[Outbound]) -> Values:
    if target in AT_REST or row.state in AT_REST:
        tx.touched[row.fax_id] = None
    if target is Outbound.SENT:
        tx.reached.add(row.number)
    account = change.values.get("account", row.account)
    if target is Outbound.RECEIVED:
        tx.wake(topics.received())
    elif target is Outbound.READY:
        tx.wake(topics.ready(account))
    elif target is Outbound.UNCERTAIN:
        tx.wake(topics.uncertain(account))
    elif target is Outbound.ACCEPTED:
        tx.wake(topics.accepted(account))
    doubt = target is Outbound.UNCERTAIN or (row.doubt and target not in {Outbound.ACCEPTED, Outbound.SENT})
    return {
        "owner": None,
        "deadline": None,
        "doubt": doubt,
        "held_from": row.state if target is Outbound.HELD else None,
        "ended_at": tx.now if target in tables.ENDED else None,
        "reason": (change.reason or change.note) if target in _REASONED else None,
        "updated_at": tx.now,
    }


def _recipient_facts(row: Row[Any]) -> Values:
    return {"account": row.account, "reference": row.reference, "number": masked(row.number)}


RECIPIENT = Machine(
    table=tables.recipient,
    keys=("fax_id", "n"),
    states=Outbound,
    moves=states.OUTBOUND,
    subject=lambda row: f"recipient {row.n}",
    extra=(
        *("account", "reference", "number", "submission", "attempts", "asked", "cancel_wanted", "held_from", "doubt"),
        *("provider_id", "allowance", "expires_at", "intended_at", "due"),
    ),
    enter=_enter_recipient,
    facts=_recipient_facts,
)


def _enter_report(tx: Tx, row: Row[Any], target: Reporting, change: Change[Reporting]) -> Values:  # noqa: ARG001 - one signature for all
    values: dict[str, Any] = {"report_owner": None}
    if target is Reporting.DUE:
        tx.wake(topics.report(row.folder))
    if target is Reporting.REPORTED:
        tx.wake(topics.keep(row.folder))
    if target is Reporting.OPEN:
        values |= {"report_again": False, "plan": None}
        if row.report == Reporting.REPORTED:
            # Where the earlier report put its files: the next one must find them.
            values["published"] = tx.connection.execute(_PLAN, {"fax_id": row.id}).scalar_one()
    return values


REPORT = Machine(
    table=tables.fax,
    keys=("id",),
    states=Reporting,
    moves=states.REPORTING,
    subject=lambda _: "report",
    extra=("folder", "report_again"),
    enter=_enter_report,
    facts=lambda _: {},
    state="report",
    epoch="report_epoch",
)


def silence(tx: Tx, fax_id: str) -> None:
    """Tell the folder nothing more of this fax, although its recipients change."""
    tx.touched.pop(fax_id, None)
    rows = REPORT.lock(tx, [(fax_id,)])
    due = [k for k, row in rows.items() if row.report == Reporting.DUE]
    move(tx, REPORT, [Change(k, ("reopen",), Reporting.OPEN, None, claims=True) for k in due], rows)


def _enter_kept(tx: Tx, row: Row[Any], target: Kept, change: Change[Kept]) -> Values:
    if target is Kept.FETCHED:
        tx.wake(topics.keep(row.folder))
    reasoned = target is not Kept.DONE and (change.reason or change.note)
    return {"reason": reasoned or None, "updated_at": tx.now}


KEPT = Machine(
    table=tables.kept,
    keys=("fax_id", "n", "submission", "what"),
    states=Kept,
    moves=states.KEPT,
    subject=lambda row: f"{row.what} {row.n}",
    extra=("folder", "account", "reason"),
    enter=_enter_kept,
    facts=lambda row: {"account": row.account},
)


def _enter_inbound(tx: Tx, row: Row[Any], target: Inbound, change: Change[Inbound]) -> Values:
    if target is Inbound.SEEN:
        tx.wake(topics.seen(row.account))
    elif target in {Inbound.STORED, Inbound.DELIVERED}:
        tx.wake(topics.delivered(row.account))
    reasoned = target in {Inbound.SEEN, Inbound.HELD}
    return {"reason": (change.reason or change.note) if reasoned else None, "updated_at": tx.now}


INBOUND = Machine(
    table=tables.inbound,
    keys=("fax_id",),
    states=Inbound,
    moves=states.INBOUND,
    subject=lambda _: "fax",
    extra=("account", "attempts", "reason", "untold"),
    enter=_enter_inbound,
    facts=lambda row: {"account": row.account},
)


def _enter_delivery(tx: Tx, row: Row[Any], target: Delivery, change: Change[Delivery]) -> Values:
    if target is Delivery.PENDING or row.state in {Delivery.HELD, Delivery.GIVEN_UP}:
        tx.wake(topics.deliveries(row.sink))
    reasoned = target is not Delivery.DONE
    return {"reason": (change.reason or change.note) if reasoned else None, "updated_at": tx.now}


DELIVERY = Machine(
    table=tables.delivery,
    keys=("fax_id", "sink"),
    states=Delivery,
    moves=states.DELIVERY,
    subject=lambda row: f"delivery {row.sink}",
    extra=("attempts", "reason", "optional", "plan"),
    enter=_enter_delivery,
    facts=lambda _: {},
)
