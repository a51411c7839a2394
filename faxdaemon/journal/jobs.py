"""Outbound, whose a job is: a provider's id belongs to one submission of an account, for ever.

Promise   a submission is ACCEPTED only under an id that no other submission of its account has, an earlier one of the
          same recipient included.  An answer with somebody else's id is the answer of another job: whether this one
          was taken is not known, and it is HELD.
Needs     nothing more than the journal.
Crash     the id is recorded in the commit that accepts.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from faxdaemon.core.model import Submission
from faxdaemon.core.states import Outbound
from faxdaemon.journal.claims import key
from faxdaemon.journal.database import insert_new
from faxdaemon.journal.machines import RECIPIENT
from faxdaemon.journal.prepared import Prepared, Query
from faxdaemon.journal.tables import job
from faxdaemon.journal.transaction import Tx
from faxdaemon.journal.transitions import Change, move

_OWNERS = sa.select(job).where(
    job.c.account.in_(sa.bindparam("accounts", expanding=True)),
    job.c.provider_id.in_(sa.bindparam("provider_ids", expanding=True)),
)
_OWNER = Query(
    sa.select(job).where(job.c.account == sa.bindparam("account"), job.c.provider_id == sa.bindparam("provider_id"))
)
_UNTAKEN = (Outbound.SUBMITTING, Outbound.UNCERTAIN)
_TAKEN = ("accept", "find")

Item = tuple[Submission, str, float]
"""A submission, the provider's id for it, and the seconds until it is asked for."""


def accept(tx: Tx, items: list[Item]) -> list[bool]:
    """O9: the provider has these; False for one that was settled otherwise meanwhile, or is HELD now."""
    keys = [key(submission) for submission, _, _ in items]
    if len(set(keys)) < len(keys):  # two answers for one recipient: one after the other
        return [accept(tx, [item])[0] for item in items]
    rows = RECIPIENT.lock(tx, keys)
    owners = named(tx, [_job(submission, provider_id) for submission, provider_id, _ in items])
    changes = []
    for submission, provider_id, ask_in in items:
        owner = owners[submission.account, provider_id]
        if (owner.fax_id, owner.n, owner.submission) != (*key(submission), submission.submission):
            _hold(tx, submission, owner)
            continue
        row = rows.get(key(submission))
        values: dict[str, Any] = {"provider_id": provider_id, "due": tx.after(ask_in)}
        if row is not None and row.provider_id is not None:  # a push was faster than the answer, and there is news
            values |= {"due": tx.now, "asked": row.asked + 1}
        if row is not None and row.cancel_wanted:  # who wants it cancelled does not wait for the next status request
            values["due"] = tx.now
        note = f"provider id {provider_id}"
        change = Change(key(submission), _TAKEN, Outbound.ACCEPTED, submission.epoch, values, note=note, only=_UNTAKEN)
        changes.append(change)
    moved = {RECIPIENT.key(row) for row in move(tx, RECIPIENT, changes, rows)}
    return [k in moved for k in keys]


def named(tx: Tx, jobs: Sequence[dict[str, Any]]) -> dict[tuple[str, str], Row[Any]]:
    """Remember whose these jobs are (rows of the table), where nobody has them yet; returns their owners."""
    _insert(tx.dialect).execute(tx.connection, jobs)
    if len(jobs) == 1:
        one = {name: jobs[0][name] for name in ("account", "provider_id")}
        return {(row.account, row.provider_id): row for row in _OWNER.rows(tx.connection, one)}
    wanted = {"accounts": {one["account"] for one in jobs}, "provider_ids": {one["provider_id"] for one in jobs}}
    rows = tx.connection.execute(_OWNERS, {name: sorted(values) for name, values in wanted.items()})
    return {(row.account, row.provider_id): row for row in rows}


@functools.cache
def _insert(dialect: str) -> Prepared:
    return Prepared(insert_new(job, dialect), [column.name for column in job.c])


def _job(submission: Submission, provider_id: str) -> dict[str, Any]:
    return {
        "account": submission.account,
        "provider_id": provider_id,
        "fax_id": submission.fax_id,
        "n": submission.recipient,
        "submission": submission.submission,
    }


def _hold(tx: Tx, submission: Submission, owner: Row[Any]) -> None:
    """Not accepted: the answer is that of another job."""
    whose = "an earlier submission of this fax" if owner.fax_id == submission.fax_id else f"fax {owner.fax_id}"
    reason = (
        f"the provider answered with job {owner.provider_id}, which is that of {whose}; whether this one was taken is "
        "not known: look for it in the provider's own list of jobs"
    )
    where, epoch = key(submission), submission.epoch
    lost = Change(where, ("lose",), Outbound.UNCERTAIN, epoch, {"due": tx.now, "asked": 0}, note=reason)
    move(tx, RECIPIENT, [lost])
    move(tx, RECIPIENT, [Change(where, ("give_up",), Outbound.HELD, epoch, note=reason, only=(Outbound.UNCERTAIN,))])
