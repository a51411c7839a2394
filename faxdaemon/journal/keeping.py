"""Outbound, beside the answer: pictures that the provider has of what was sent (O14, O15).

Promise   a picture is wanted from the very commit that records the outcome; it is fetched, then published, under one
          claim at a time.  One whose answer is not published yet is not given to anybody.
Needs     nothing more than the journal.
Crash     WANTED is fetched again, FETCHED is published, or found to be published already.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from faxdaemon.contracts import topics
from faxdaemon.contracts.keeping import KeepWork
from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import Picture
from faxdaemon.core.states import Kept, Reporting
from faxdaemon.journal.base import Part
from faxdaemon.journal.machines import KEPT, RECIPIENT
from faxdaemon.journal.prepared import Prepared
from faxdaemon.journal.tables import KEPT_LIVE, fax, is_in, kept, recipient
from faxdaemon.journal.transaction import Moment, Tx
from faxdaemon.journal.transitions import Change, move, renew
from faxdaemon.journal.types import from_ms

#: What has been fetched waits for its answer without being due.
_POSSIBLE = (
    sa.text(KEPT_LIVE),
    kept.c.folder == sa.bindparam("folder"),
    sa.or_(sa.text(is_in(Kept.WANTED)), fax.c.report == Reporting.REPORTED.value),
)
_SEVERAL = sa.select(sa.func.count() > 1).where(recipient.c.fax_id == kept.c.fax_id).scalar_subquery()
_DUE = (
    sa.select(kept, fax.c.name, fax.c.report, fax.c.plan, _SEVERAL.label("several"))
    .join(fax, fax.c.id == kept.c.fax_id)
    .where(*_POSSIBLE, kept.c.due <= sa.bindparam("now"))
    .order_by(kept.c.due)
    .limit(1)
    .with_for_update(of=kept, skip_locked=True)
)
_NEXT = sa.select(sa.func.min(kept.c.due)).join(fax, fax.c.id == kept.c.fax_id).where(*_POSSIBLE)
_FOLDERS = sa.select(kept.c.folder).where(sa.text(KEPT_LIVE)).distinct()
_FOLDERS_OF = sa.select(fax.c.id, fax.c.folder).where(fax.c.id.in_(sa.bindparam("fax_ids", expanding=True)))
_INSERT = Prepared(
    sa.insert(kept),
    (
        *("fax_id", "n", "submission", "what", "form", "folder", "account", "provider_id"),
        *("state", "epoch", "since", "due", "updated_at"),
    ),
)


class Keeping(Part):
    """What the stage `keep` records."""

    def claim_kept(self, folder: str, within: float) -> KeepWork | None:
        """The one of `folder` that has been due the longest, hidden for `within` seconds."""

        def work(tx: Tx) -> KeepWork | None:
            row = tx.connection.execute(_DUE, {"folder": folder, "now": tx.now}).one_or_none()
            if row is None:
                return None
            renew(tx, KEPT, [row], {"due": tx.after(within)})
            return _work(row)

        return self._write(work)

    def fetched(self, work: KeepWork, sha256: str) -> bool:
        """It lies staged; FETCHED, and due at once."""
        return self._move(work, "fetch", Kept.FETCHED, {"sha256": sha256})

    def kept(self, work: KeepWork, file: str | None) -> bool:
        """It is beside the answer."""
        return self._move(work, "publish", Kept.DONE, {"file": file})

    def keep_given_up(self, work: KeepWork, reason: str) -> bool:
        """The provider will not give it."""
        return self._move(work, "give_up", Kept.GIVEN_UP, {}, note=reason)

    def keep_postponed(self, work: KeepWork, reason: str, delay: float) -> bool:
        """Again later; a reason that is known already is not told once more."""

        def record(tx: Tx) -> bool:
            rows = KEPT.lock(tx, [_key(work)])
            mine = [row for row in rows.values() if row.epoch == work.epoch and row.state == work.state]
            values = {"due": tx.after(delay)}
            if mine and mine[0].reason == reason:
                renew(tx, KEPT, mine, values, claims=False)
                return True
            change = Change(_key(work), ("postpone",), work.state, work.epoch, values, note=reason)
            return bool(move(tx, KEPT, [change], rows))

        return self._write(record)

    def next_kept_due(self, folder: str) -> float | None:
        """Seconds until the next one that a claim would give; None when there is none."""

        def work(connection: Connection) -> float | None:
            due = connection.execute(_NEXT, {"folder": folder}).scalar()
            return None if due is None else max(0, int(due) - self._database.now(connection)) / 1000

        return self._read(work)

    def keeping(self) -> frozenset[str]:
        """The folders that have a picture under way."""
        return self._read(lambda connection: frozenset(connection.execute(_FOLDERS).scalars()))

    def _move(self, work: KeepWork, event: str, target: Kept, values: dict[str, Any], note: str | None = None) -> bool:
        def record(tx: Tx) -> bool:
            change = Change(_key(work), (event,), target, work.epoch, {"due": tx.now, **values}, note=note)
            return bool(move(tx, KEPT, [change]))

        return self._write(record)


def _key(work: KeepWork) -> tuple[str, int, int, str]:
    return work.fax_id, work.recipient, work.submission, work.picture.what


def _work(row: Row[Any]) -> KeepWork:
    return KeepWork(
        fax_id=FaxId(row.fax_id),
        recipient=row.n,
        submission=row.submission,
        picture=Picture(row.what, row.form),
        epoch=row.epoch + 1,
        state=Kept(row.state),
        since=from_ms(row.since),
        account=row.account,
        provider_id=row.provider_id,
        name=row.name,
        several=bool(row.several),
        sha256=row.sha256,
        answer=row.plan if row.report == Reporting.REPORTED else None,
    )


def want(tx: Tx, wanted: Iterable[tuple[Row[Any], tuple[Picture, ...]]]) -> None:
    """The pictures of these recipients are wanted, from this commit on; part of the one that records their outcome."""
    wishes = [(RECIPIENT.key(row), row, picture) for row, pictures in wanted for picture in pictures]
    if not wishes:
        return
    ids = list({row.fax_id for _, row, _ in wishes})
    folders = {row.id: row.folder for row in tx.connection.execute(_FOLDERS_OF, {"fax_ids": ids})}
    for (fax_id, n), _, picture in wishes:
        tx.tell(Moment(fax_id, f"{picture.what} {n}", "want", None, Kept.WANTED.value))
    tx.wake(*(topics.keep(folder) for folder in set(folders.values())))
    _INSERT.execute(tx.connection, [_new(tx, row, picture, folders[row.fax_id]) for _, row, picture in wishes])


def _new(tx: Tx, row: Row[Any], picture: Picture, folder: str) -> dict[str, Any]:
    return {
        "fax_id": row.fax_id,
        "n": row.n,
        "submission": row.submission,
        "what": picture.what,
        "form": picture.form,
        "folder": folder,
        "account": row.account,
        "provider_id": row.provider_id,
        "state": Kept.WANTED.value,
        "epoch": 0,
        "since": tx.now,
        "due": tx.now,
        "updated_at": tx.now,
    }
