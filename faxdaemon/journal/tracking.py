"""Outbound, the result: what the provider says of the jobs it accepted (O11).

Promise   an outcome is recorded once, under the claim that asked for it, together with the pictures wanted of it.
Needs     nothing more than the journal.
Crash     asked again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.engine import Row

from faxdaemon.contracts.journal import Settled
from faxdaemon.contracts.provider import JobStatus, Progress
from faxdaemon.core.model import Submission
from faxdaemon.core.states import Outbound
from faxdaemon.journal.base import Part
from faxdaemon.journal.claims import due_rows, key, take
from faxdaemon.journal.keeping import want
from faxdaemon.journal.machines import RECIPIENT
from faxdaemon.journal.prepared import Query
from faxdaemon.journal.tables import ENDED
from faxdaemon.journal.transaction import Moment, Tx
from faxdaemon.journal.transitions import Change, move, renew
from faxdaemon.journal.types import to_ms

_DUE = due_rows(Outbound.ACCEPTED)
_FIND = Query(_DUE)
_ASK_AGAIN = 60.0
"""Seconds, when a pending job comes without a wish."""

NEW_SUBMISSION: dict[str, Any] = {
    "reference": None,
    "provider_id": None,
    "intended_at": None,
    "attempts": 0,
    "asked": 0,
    "doubt": False,
    "cancel_wanted": False,
    "pages": None,
    "duration_s": None,
    "remote_csid": None,
}
"""What a new submission forgets of the one before it."""


class Tracking(Part):
    """What the stage `track` records."""

    def claim_accepted(self, account: str, limit: int, within: float) -> list[Submission]:
        """Due ACCEPTED submissions (a person's wish to cancel makes one due), hidden for `within` seconds."""
        return self._write(lambda tx: take(tx, _FIND, account, limit, within))

    def settle(self, settled: Sequence[Settled]) -> int:
        """O11: record what the provider says of these; returns how many rows changed their state."""
        if not settled:
            return 0
        return self._write(lambda tx: _settle(tx, settled))

    def cancel_answered(self, submission: Submission, *, cancelled: bool, note: str) -> bool:
        """The provider answered our request to cancel; when it is too late, the job is followed as before."""

        def work(tx: Tx) -> bool:
            rows = RECIPIENT.lock(tx, [key(submission)])
            mine = [row for row in rows.values() if _is_current(row, submission)]
            if cancelled:
                changes = [
                    Change(RECIPIENT.key(row), ("cancel",), Outbound.CANCELLED, row.epoch, note=note) for row in mine
                ]
                return bool(move(tx, RECIPIENT, changes, rows))
            renew(tx, RECIPIENT, mine, {"cancel_wanted": False}, claims=False)
            for row in mine:
                tx.tell(moment(row, "not cancelled", note))
            return bool(mine)

        return self._write(work)


def _settle(tx: Tx, settled: Sequence[Settled]) -> int:
    rows = RECIPIENT.lock(tx, [key(s.submission) for s in settled])
    changes: list[Change[Outbound]] = []
    for one in settled:
        row = rows.get(key(one.submission))
        if row is None or not _is_current(row, one.submission):
            continue
        if _is_pending(one):
            delay = _ASK_AGAIN if one.ask_in is None else one.ask_in
            renew(tx, RECIPIENT, [row], {"due": tx.after(delay)}, claims=False)
        else:
            changes.append(_outcome(tx, one, row))
    moved = move(tx, RECIPIENT, changes, rows)
    _keep(tx, settled, changes, moved)
    return len(moved)


def _keep(tx: Tx, settled: Sequence[Settled], changes: Sequence[Change[Outbound]], moved: Sequence[Row[Any]]) -> None:
    """What is wanted of those that have ended now."""
    ended = {change.key for change in changes if change.target in ENDED}
    wishes = {key(one.submission): one.keep for one in settled if one.keep}
    want(tx, [(row, wishes[k]) for row in moved if (k := RECIPIENT.key(row)) in ended and k in wishes])


def _is_current(row: Row[Any], submission: Submission) -> bool:
    return bool(row.epoch == submission.epoch and row.state == Outbound.ACCEPTED)


def _is_pending(settled: Settled) -> bool:
    progress = settled.status.progress
    return progress is Progress.PENDING or (progress is Progress.UNKNOWN_JOB and settled.ask_in is not None)


def _outcome(tx: Tx, settled: Settled, row: Row[Any]) -> Change[Outbound]:
    status, epoch = settled.status, settled.submission.epoch
    where = key(settled.submission)
    if status.progress is Progress.SENT:
        return Change(where, ("deliver",), Outbound.SENT, epoch, _told(tx, status), note=status.text or None)
    text = status.text or f"the provider says: {status.progress.value}"
    if status.progress is Progress.CANCELLED:
        return Change(where, ("cancel",), Outbound.CANCELLED, epoch, _told(tx, status), note=text)
    if status.progress is Progress.UNKNOWN_JOB:
        return Change(where, ("vanish",), Outbound.HELD, epoch, note=text)
    if settled.retry_in is None:
        return Change(where, ("fail",), Outbound.FAILED, epoch, _told(tx, status), note=text)
    if row.cancel_wanted:
        note = f"{text}; not tried again, because it was to be cancelled"
        return Change(where, ("fail",), Outbound.FAILED, epoch, _told(tx, status), note=note)
    again = {**NEW_SUBMISSION, "submission": row.submission + 1, "due": tx.after(settled.retry_in)}
    return Change(where, ("retry",), Outbound.READY, epoch, again, note=text)


def _told(tx: Tx, status: JobStatus) -> dict[str, Any]:
    return {
        "ended_at": tx.now if status.ended_at is None else to_ms(status.ended_at),
        "pages": status.pages,
        "duration_s": status.duration_s,
        "remote_csid": status.remote_csid,
    }


def moment(row: Row[Any], event: str, note: str | None) -> Moment:
    """Something worth telling that changed no state."""
    return Moment(row.fax_id, RECIPIENT.subject(row), event, row.state, row.state, note, lambda: RECIPIENT.facts(row))
