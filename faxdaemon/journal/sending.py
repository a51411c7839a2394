"""Outbound, the act: the intent before bytes leave (O7) and the answer after it (O9).

Promise   a recipient is SUBMITTING under one claimant at a time; an answer under an older claim changes nothing.  The
          reference is a function of fax, recipient and submission number; that number rises only after a definite end.
Needs     a heartbeat of every node where there are several (PostgreSQL).
Crash     SUBMITTING rows of a claimant that is gone become UNCERTAIN (`interrupt`): they are never simply sent again.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict, deque
from dataclasses import replace
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from faxdaemon.core.ids import FaxId, reference
from faxdaemon.core.model import Submission
from faxdaemon.core.states import Outbound
from faxdaemon.journal.base import Part
from faxdaemon.journal.claims import due_rows, key, submissions
from faxdaemon.journal.jobs import Item, accept
from faxdaemon.journal.machines import RECIPIENT
from faxdaemon.journal.prepared import Query
from faxdaemon.journal.tables import account as account_table
from faxdaemon.journal.tables import is_in, node, recipient
from faxdaemon.journal.transaction import Tx
from faxdaemon.journal.transitions import Change, move

_DUE_READY = due_rows(Outbound.READY, recipient.c.expires_at > sa.bindparam("now"))
#: One node at a time may try a paused account again, so the row is locked.
_PAUSE = sa.select(account_table).where(account_table.c.name == sa.bindparam("account")).with_for_update()
_FIND, _FIND_PAUSE = Query(_DUE_READY), Query(_PAUSE)
_TRIED = (
    sa.update(account_table).where(account_table.c.name == sa.bindparam("account")).values(until=sa.bindparam("then"))
)
_PAUSED_UNTIL = sa.select(account_table.c.until).where(account_table.c.name == sa.bindparam("account"))
#: As JSON text, a list of accounts that does not end with this one.
_DUE_WITH_ANOTHER = due_rows(
    Outbound.READY,
    recipient.c.expires_at > sa.bindparam("now"),
    ~recipient.c.doubt,
    sa.type_coerce(recipient.c.accounts, sa.Text()).not_like(sa.bindparam("last", type_=sa.Text()), escape="/"),
)
_SEEN = [recipient.c[name] for name in RECIPIENT.seen]
_SUBMITTING = sa.select(*_SEEN).where(sa.text(is_in(Outbound.SUBMITTING))).with_for_update(skip_locked=True)
_OVERDUE = recipient.c.deadline <= sa.bindparam("now")
_MINE = recipient.c.owner == sa.bindparam("owner")
_LIVE = sa.select(node.c.id).where(node.c.until > sa.bindparam("now"))
#: One process only: whoever else claimed it is gone.  Our own past its deadline was dropped by a worker that failed.
_GONE_ALONE = _SUBMITTING.where(sa.or_(~_MINE, _OVERDUE))
_GONE_AMONG_NODES = _SUBMITTING.where(_OVERDUE, sa.or_(_MINE, recipient.c.owner.not_in(_LIVE)))
_EXPIRED = (
    sa.select(*_SEEN)
    .where(sa.text(is_in(Outbound.READY)), recipient.c.expires_at <= sa.bindparam("now"))
    .order_by(recipient.c.expires_at)
    .limit(sa.bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_NEXT = {
    state.value: sa.select(sa.func.min(recipient.c.due)).where(
        sa.text(is_in(state)), recipient.c.account == sa.bindparam("account")
    )
    for state in (Outbound.READY, Outbound.UNCERTAIN, Outbound.ACCEPTED)
}
_NEXT["ready"] = _NEXT["ready"].where(recipient.c.expires_at > sa.bindparam("now"))


class Sending(Part):
    """What the stage `submit` records."""

    def claim_ready(self, account: str, limit: int, lease: float, settings: str | None = None) -> list[Submission]:
        """O7, the intent: up to `limit` due recipients of `account` become SUBMITTING, ours for `lease` seconds.  The
        `settings` of the account are remembered; those of an attempt that is in doubt are kept."""

        return self._write_together(_claim_ready, Claim(account, limit, lease, settings))

    def pass_on(self, account: str, reason: str, limit: int) -> int:
        """Due READY recipients of a paused account that have a next account, and no attempt in doubt, go to it."""

        def work(tx: Tx) -> int:
            wanted = {"account": account, "now": tx.now, "limit": limit, "last": _last_in_list(account)}
            rows = {RECIPIENT.key(row): row for row in tx.connection.execute(_DUE_WITH_ANOTHER, wanted)}
            changes = [
                Change(k, ("pass_on",), Outbound.READY, row.epoch, {"account": _next_of(row)}, note=reason, claims=True)
                for k, row in rows.items()
            ]
            return len(move(tx, RECIPIENT, changes, rows))

        return self._write(work)

    def accepted(self, submission: Submission, provider_id: str, ask_in: float) -> bool:
        """O9: the provider has it (from SUBMITTING, or from UNCERTAIN when a look-up found it)."""
        return self._write_together(accept, (submission, provider_id, ask_in))

    def accepted_next(
        self, submission: Submission, provider_id: str, ask_in: float, lease: float, settings: str | None = None
    ) -> tuple[bool, list[Submission]]:
        """O9 and the next O7 in one commit: as `accepted`, then as `claim_ready` for one of the same account."""
        return self._write_together(_accepted_next, ((submission, provider_id, ask_in), lease, settings))

    def postponed(self, submission: Submission, reason: str, delay: float, account: str | None = None) -> bool:
        """O9: certainly not taken; READY again after `delay`, through `account` if another one is named."""

        def work(tx: Tx) -> bool:
            rows = RECIPIENT.lock(tx, [key(submission)])
            values: dict[str, Any] = {"due": tx.after(delay), "attempts": submission.attempts + 1}
            # After an attempt without an answer another account could send it a second time.
            if account is not None and not any(row.doubt for row in rows.values()):
                values["account"] = account
            change = Change(key(submission), ("postpone",), Outbound.READY, submission.epoch, values, note=reason)
            return made_ready(tx, move(tx, RECIPIENT, [change], rows))

        return self._write(work)

    def refused(self, submission: Submission, reason: str) -> bool:
        """O9: certainly not taken, for good; FAILED."""
        change = Change(key(submission), ("refuse",), Outbound.FAILED, submission.epoch, note=reason)
        return self._write(lambda tx: bool(move(tx, RECIPIENT, [change])))

    def lost(self, submission: Submission, reason: str, ask_in: float) -> bool:
        """O9: no definite answer; UNCERTAIN, to be looked up after `ask_in`."""

        def work(tx: Tx) -> bool:
            # What the provider denied before this offer says nothing about this offer: `asked` counts from 0.
            values = {"due": tx.after(ask_in), "attempts": submission.attempts + 1, "asked": 0}
            change = Change(key(submission), ("lose",), Outbound.UNCERTAIN, submission.epoch, values, note=reason)
            return bool(move(tx, RECIPIENT, [change]))

        return self._write(work)

    def interrupt(self, ask_in: float) -> int:
        """SUBMITTING rows whose claimant is gone become UNCERTAIN.

        Alone (SQLite): every one that this process did not claim.  Among nodes (PostgreSQL): those past their deadline
        whose node has no live heartbeat.  In both: our own past their deadline, which nobody is sending any more.
        """
        statement = _GONE_ALONE if self._database.is_sqlite else _GONE_AMONG_NODES

        def work(tx: Tx) -> int:
            rows = {RECIPIENT.key(r): r for r in tx.connection.execute(statement, {"now": tx.now, "owner": tx.owner})}
            changes = [
                Change(
                    k,
                    ("interrupt",),
                    Outbound.UNCERTAIN,
                    None,
                    {"due": tx.after(ask_in), "attempts": row.attempts + 1, "asked": 0},
                    note="the process that was sending it is gone",
                    claims=True,
                )
                for k, row in rows.items()
            ]
            return len(move(tx, RECIPIENT, changes, rows))

        return self._write(work)

    def expire(self, limit: int) -> int:
        """READY rows past their age become FAILED, or HELD when an earlier attempt is in doubt."""

        def work(tx: Tx) -> int:
            rows = {RECIPIENT.key(r): r for r in tx.connection.execute(_EXPIRED, {"now": tx.now, "limit": limit})}
            changes = [_expiry(row) for row in rows.values()]
            return len(move(tx, RECIPIENT, changes, rows))

        return self._write(work)

    def next_due(self, kind: str, account: str) -> float | None:
        """Seconds until the next `ready`, `uncertain` or `accepted` row of `account` is due; None when there is
        none."""

        def work(connection: Connection) -> float | None:
            now = self._database.now(connection)
            wanted = {"account": account, "now": now}
            due = connection.execute(_NEXT[kind], wanted).scalar()
            if due is None:
                return None
            if kind == "ready":
                due = max(due, connection.execute(_PAUSED_UNTIL, wanted).scalar() or 0)
            return max(0, int(due) - now) / 1000

        return self._read(work)


class Claim(NamedTuple):
    """What one worker wants."""

    account: str
    limit: int
    lease: float
    settings: str | None


def _claim_ready(tx: Tx, items: list[Claim]) -> list[list[Submission]]:
    """What several workers of an account want is claimed in one go, and dealt out in their order."""
    limits: dict[Claim, int] = defaultdict(int)
    for item in items:
        limits[item._replace(limit=0)] += item.limit
    found = {alike: _claim_of(tx, alike._replace(limit=limit)) for alike, limit in limits.items()}
    return [_dealt(found[item._replace(limit=0)], item.limit) for item in items]


def _dealt(claimed: deque[Submission], limit: int) -> list[Submission]:
    return [claimed.popleft() for _ in range(min(limit, len(claimed)))]


def _claim_of(tx: Tx, claim: Claim) -> deque[Submission]:
    wanted = {"account": claim.account, "now": tx.now}
    pause = next(iter(_FIND_PAUSE.rows(tx.connection, wanted)), None)
    if not claim.limit or (pause is not None and pause.until > tx.now):
        return deque()
    rows = _FIND.rows(tx.connection, wanted | {"limit": 1 if pause else claim.limit})
    if pause and rows:  # a trial; everybody else waits for what comes of it
        tx.connection.execute(_TRIED, wanted | {"then": tx.after(claim.lease)})
    changes = [_intent(tx, row, claim.lease, claim.settings) for row in rows]
    move(tx, RECIPIENT, changes, {RECIPIENT.key(row): row for row in rows})
    claimed = submissions(tx, rows, [_claimed(row, c) for row, c in zip(rows, changes, strict=True)])
    return deque(replace(submission, trial=True) for submission in claimed) if pause else deque(claimed)


def _accepted_next(tx: Tx, items: list[tuple[Item, float, str | None]]) -> list[tuple[bool, list[Submission]]]:
    done = accept(tx, [item for item, _, _ in items])
    wanted = [
        Claim(item[0].account, int(ok), lease, settings)
        for ok, (item, lease, settings) in zip(done, items, strict=True)
    ]
    return list(zip(done, _claim_ready(tx, wanted), strict=True))


def _intent(tx: Tx, row: Row[Any], lease: float, settings: str | None) -> Change[Outbound]:
    values = {
        "owner": tx.owner,
        "deadline": tx.after(lease),
        "reference": reference(FaxId(row.fax_id), row.n, row.submission),
        "intended_at": tx.now if row.intended_at is None else row.intended_at,
        "settings": row.settings if row.doubt and row.settings is not None else settings,
    }
    return Change(RECIPIENT.key(row), ("intend",), Outbound.SUBMITTING, row.epoch, values, claims=True)


def _last_in_list(account: str) -> str:
    """A LIKE pattern for the stored list of accounts whose last one is `account`."""
    text = json.dumps([account], separators=(",", ":"))[1:]
    return "%" + re.sub("([/%_])", r"/\1", text)


def _next_of(row: Row[Any]) -> str:
    accounts: list[str] = row.accounts
    return accounts[accounts.index(row.account) + 1]


def _claimed(row: Row[Any], change: Change[Outbound]) -> dict[str, Any]:
    return {**change.values, "state": change.target, "epoch": row.epoch + 1}


def made_ready(tx: Tx, rows: list[Row[Any]]) -> bool:
    """What became READY by itself, although a person wants it cancelled, is cancelled in the same commit."""
    move(tx, RECIPIENT, [_unwanted(row) for row in rows if row.cancel_wanted])
    return bool(rows)


def _unwanted(row: Row[Any]) -> Change[Outbound]:
    note = "cancelled by a person before it was accepted"
    if row.doubt:
        note += "; an attempt without an answer may have arrived all the same"
    return Change(RECIPIENT.key(row), ("cancel",), Outbound.CANCELLED, None, note=note)


def _expiry(row: Row[Any]) -> Change[Outbound]:
    note = _too_old(row.allowance)
    if row.doubt:
        note += "; an attempt without an answer may have arrived all the same"
        return Change(RECIPIENT.key(row), ("give_up",), Outbound.HELD, None, note=note, claims=True)
    return Change(RECIPIENT.key(row), ("expire",), Outbound.FAILED, None, note=note, claims=True)


def _too_old(allowance: int) -> str:
    hours = allowance / 3_600_000
    return f"not sent within {hours:g} hours: no account took it in that time"
