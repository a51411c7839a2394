"""Claiming recipients: from locked rows to the submissions that stages work on.

Promise   a claim raises the epoch, and hides the row from other claimants for a while.
Needs     a transaction.
Crash     a claim that nobody answers becomes due again by itself (SUBMITTING: see `sending.interrupt`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import COVERS_FROM, Document, Picture, Role, Submission
from faxdaemon.core.states import Outbound
from faxdaemon.journal.machines import RECIPIENT
from faxdaemon.journal.prepared import Query
from faxdaemon.journal.tables import document, fax, is_in, recipient
from faxdaemon.journal.transaction import Tx
from faxdaemon.journal.transitions import renew
from faxdaemon.journal.types import from_ms

_NEEDED = [recipient.c[name] for name in (*RECIPIENT.seen, "name", "accounts", "options", "keep", "settings")]
_WANTED = sa.or_(
    document.c.n <= sa.literal_column(str(COVERS_FROM)),
    document.c.n.between(sa.bindparam("first"), sa.bindparam("last")),
)
_DOCUMENTS = (
    sa.select(document)
    .where(document.c.fax_id.in_(sa.bindparam("fax_ids", expanding=True)), _WANTED)
    .order_by(document.c.fax_id, document.c.n)
)

_OF_ONE = Query(sa.select(document).where(document.c.fax_id == sa.bindparam("fax_id"), _WANTED).order_by(document.c.n))


def documents_of(
    connection: Connection, fax_ids: Iterable[str], recipients: Iterable[int] = ()
) -> Mapping[str, tuple[Document, ...]]:
    """The documents of these faxes, in order; of cover pages those from the first to the last of these recipients."""
    found: dict[str, list[Document]] = defaultdict(list)
    ids, numbers = list(dict.fromkeys(fax_ids)), [COVERS_FROM + n for n in recipients] or [0]
    wanted = {"first": min(numbers), "last": max(numbers)}
    if len(ids) == 1:
        rows: Iterable[Any] = _OF_ONE.rows(connection, {"fax_id": ids[0], **wanted})
    else:
        rows = connection.execute(_DOCUMENTS, {"fax_ids": ids, **wanted})
    for row in rows:
        role = Role(row.role)
        only = row.n - COVERS_FROM if row.n > COVERS_FROM else None
        found[row.fax_id].append(
            Document(row.name, row.spool, row.size, row.sha256, row.pages, role, row.original, only)
        )
    return defaultdict(tuple, {k: tuple(v) for k, v in found.items()})


def due_rows(state: Outbound, *more: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Due recipients of one account in `state`, longest due first, that no other transaction holds."""
    return (
        sa.select(*_NEEDED, fax.c.received_at)
        .join(fax, fax.c.id == recipient.c.fax_id)
        .where(sa.text(is_in(state)), recipient.c.account == sa.bindparam("account"))
        .where(recipient.c.due <= sa.bindparam("now"), *more)
        .order_by(recipient.c.due, recipient.c.fax_id, recipient.c.n)
        .limit(sa.bindparam("limit"))
        .with_for_update(of=recipient, skip_locked=True)
    )


def take(tx: Tx, query: Query, account: str, limit: int, within: float) -> list[Submission]:
    """Claim the due rows that `query` finds, without changing their state."""
    rows = query.rows(tx.connection, {"account": account, "now": tx.now, "limit": limit})
    renew(tx, RECIPIENT, rows, {"due": tx.after(within)})
    return submissions(tx, rows, [{"epoch": row.epoch + 1} for row in rows])


def submissions(tx: Tx, rows: Sequence[Row[Any]], changed: Sequence[Mapping[str, Any]]) -> list[Submission]:
    """What stages see of these rows (with `received_at` of their fax), after the changes beside them."""
    if not rows:
        return []
    documents = documents_of(tx.connection, (row.fax_id for row in rows), (row.n for row in rows))
    return [_submission(row, change, documents[row.fax_id]) for row, change in zip(rows, changed, strict=True)]


def _submission(row: Row[Any], changed: Mapping[str, Any], documents: tuple[Document, ...]) -> Submission:
    documents = _sent(documents, row.n)
    pages = [d.pages for d in documents]
    intended_at = changed.get("intended_at", row.intended_at)
    return Submission(
        fax_id=FaxId(row.fax_id),
        recipient=row.n,
        epoch=changed["epoch"],
        state=Outbound(changed.get("state", row.state)),
        reference=changed.get("reference", row.reference),
        number=row.number,
        name=row.name,
        account=row.account,
        accounts=tuple(row.accounts),
        submission=row.submission,
        attempts=row.attempts,
        asked=row.asked,
        options=row.options,
        documents=documents,
        pages=None if None in pages else sum(p for p in pages if p is not None),
        accepted_by=from_ms(row.received_at),
        intended_at=None if intended_at is None else from_ms(intended_at),
        expires_at=from_ms(row.expires_at),
        provider_id=row.provider_id,
        settings=changed.get("settings", row.settings),
        doubt=row.doubt,
        cancel_wanted=row.cancel_wanted,
        keep=tuple(Picture(*pair) for pair in row.keep or ()),
    )


def _sent(documents: Sequence[Document], recipient: int) -> tuple[Document, ...]:
    """What is handed to the provider for that recipient: its cover page, and then what was made of the documents, or
    else the documents themselves."""
    cover = tuple(d for d in documents if d.recipient == recipient)
    made = tuple(d for d in documents if d.role is Role.MADE and d.recipient is None)
    return cover + (made or tuple(d for d in documents if d.role is Role.DOCUMENT))


def key(submission: Submission) -> tuple[str, int]:
    """The primary key of the recipient that a submission belongs to."""
    return submission.fax_id, submission.recipient
