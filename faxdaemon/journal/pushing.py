"""What providers tell by themselves.

Promise   a push of a status makes its job due for asking, and changes no outcome.  A push that carries our reference
          settles a doubt as a look-up would: the submission is ACCEPTED under the id that the push gives, and followed.
          A pushed fax is one row, like a listed one, and is STORED in the commit that makes it known.  What comes
          again, late or out of order changes nothing.
Needs     the document of a pushed fax durable in the spool.
Crash     the provider got no answer and pushes again, or the next poll finds it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from faxdaemon.contracts import topics
from faxdaemon.core import ids
from faxdaemon.core.model import InboundFax, Listed, StoredDocument
from faxdaemon.core.states import Inbound, Outbound
from faxdaemon.journal.database import insert_new
from faxdaemon.journal.fetching import Fetching, Wanted, came, inbound_fax, store
from faxdaemon.journal.jobs import named
from faxdaemon.journal.machines import RECIPIENT
from faxdaemon.journal.tables import ENDED, duty, inbound, is_in, recipient
from faxdaemon.journal.tracking import moment
from faxdaemon.journal.transaction import Tx
from faxdaemon.journal.transitions import Change, move, renew

_SEEN = [recipient.c[name] for name in RECIPIENT.seen]
_OF_ACCOUNT = recipient.c.account == sa.bindparam("account")
_IN_ORDER = [recipient.c[name] for name in RECIPIENT.keys]


def _in(state: Outbound, *more: sa.ColumnElement[bool]) -> sa.Select[Any]:
    found = sa.select(*_SEEN).where(sa.text(is_in(state)), _OF_ACCOUNT, *more)
    return found.order_by(*_IN_ORDER).with_for_update()


_FOLLOWED = _in(Outbound.ACCEPTED, recipient.c.provider_id.in_(sa.bindparam("provider_ids", expanding=True)))
#: Submissions whose answer may be still to come, or is in doubt; in the other states a doubt is the exception.
_OPEN = (
    _in(Outbound.SUBMITTING),
    _in(Outbound.UNCERTAIN),
    _in(Outbound.READY, recipient.c.doubt),
    _in(Outbound.HELD, recipient.c.doubt),
)
_CLOSED = (
    sa.select(*_SEEN)
    .where(recipient.c.reference.in_(sa.bindparam("carried", expanding=True)), _OF_ACCOUNT, recipient.c.doubt)
    .where(recipient.c.state.in_([state.value for state in ENDED]), recipient.c.provider_id.is_(None))
    .order_by(*_IN_ORDER)
    .with_for_update()
)
_BY_NAME = sa.select(inbound).where(
    inbound.c.account == sa.bindparam("account"), inbound.c.provider_id == sa.bindparam("provider_id")
)
_DUTY = sa.select(duty.c.next_at).where(duty.c.name == sa.bindparam("name")).with_for_update()
_EARLIER = sa.update(duty).where(duty.c.name == sa.bindparam("duty")).values(next_at=sa.bindparam("then"))


class Pushing(Fetching):
    """What pushes record."""

    def hinted(
        self,
        account: str,
        provider_ids: Sequence[str],
        references: Mapping[str, str] = MappingProxyType({}),
        length: int = 0,
    ) -> int:
        """These jobs want asking; returns how many rows changed.  ACCEPTED ones become due at once, and an answer that
        is on its way may be older than the push, so it comes too late.  `references` are ours by provider id, each as
        `core.ids.token` cuts it to `length`: a submission in doubt is ACCEPTED by it.  Unknown ids do no harm."""

        def work(tx: Tx) -> int:
            wanted = {"account": account, "provider_ids": list(dict.fromkeys([*provider_ids, *references]))}
            known = tx.connection.execute(_FOLLOWED, wanted).all()
            late = [row for row in known if row.due > tx.now]
            for row in late:  # `asked` tells the tracker not to be patient with an answer that does not know yet
                renew(tx, RECIPIENT, [row], {"due": tx.now, "asked": row.asked + 1})
            if late:
                tx.wake(topics.accepted(account))
            named = {row.provider_id for row in known}
            carried = {text.lower(): name for name, text in references.items() if text and name not in named}
            return len(late) + (_settle(tx, account, carried, length) if carried else 0)

        return self._write(work) if provider_ids or references else 0

    def inbox_hinted(self, account: str, every: float, gap: float) -> None:
        """The inbox of `account`, listed `every` so many seconds, wants listing, `gap` seconds after the last time at
        the soonest."""
        name = f"inbox:{account}"

        def work(tx: Tx) -> None:
            next_at = tx.connection.execute(_DUTY, {"name": name}).scalar()
            if next_at is not None:
                then = max(tx.now, min(next_at, next_at - round(every * 1000) + round(gap * 1000)))
                tx.connection.execute(_EARLIER, {"duty": name, "then": min(next_at, then)})
            tx.wake(topics.seen(account))

        self._write(work)

    def received_as(self, account: str, provider_id: str) -> InboundFax | None:
        """The received fax that is known under the provider's name; with a document once it is stored."""

        def work(connection: Connection) -> InboundFax | None:
            row = connection.execute(_BY_NAME, {"account": account, "provider_id": provider_id}).one_or_none()
            return None if row is None else inbound_fax(row, row.epoch)

        return self._read(work)

    def arrived(
        self,
        account: str,
        listed: Listed,
        document: StoredDocument,
        sinks: Sequence[str],
        *,
        optional: Collection[str] = (),
        why: str | None = None,
    ) -> bool:
        """I1 to I4 in one: a fax came with its document, which is in the spool.  False when we have its document
        already; the new one is then nobody's."""

        def work(tx: Tx) -> bool:
            wanted = {"account": account, "provider_id": listed.provider_id}
            # It must be there to be locked: a push and a listing, or two pushes, may come at the same moment.
            new = insert_new(inbound, tx.dialect).returning(inbound.c.fax_id)
            for fax_id in tx.connection.execute(new, [self._seen_row(tx, account, 0, listed)]).scalars():
                tx.tell(came(fax_id, account))
            row = tx.connection.execute(_BY_NAME.with_for_update(), wanted).one()
            only = (Inbound.SEEN, Inbound.HELD)
            return store(tx, row.fax_id, None, document, Wanted(sinks, optional, why), only=only)

        return self._write(work)


def _settle(tx: Tx, account: str, carried: Mapping[str, str], length: int) -> int:
    changed = 0
    for statement in _OPEN:
        for row in tx.connection.execute(statement, {"account": account}).all():
            name = carried.get(ids.token(row.reference, length).lower())
            if name is not None:
                changed += _named(tx, row, name)
    wanted = {"account": account, "carried": list(carried)}
    for row in tx.connection.execute(_CLOSED, wanted).all():
        renew(tx, RECIPIENT, [row], {"provider_id": carried[row.reference]}, claims=False)
        tx.tell(moment(row, "named", f"a push says that the provider has it all the same, as {carried[row.reference]}"))
        changed += 1
    return changed


def _named(tx: Tx, row: Row[Any], provider_id: str) -> int:
    """The provider has this submission under that id."""
    if row.state == Outbound.SUBMITTING:
        # Its answer is still to come and counts for more; if none comes, this is what resolving finds.
        if row.provider_id == provider_id:
            return 0
        renew(tx, RECIPIENT, [row], {"provider_id": provider_id}, claims=False)
        tx.tell(moment(row, "named", f"a push says that the provider has it, as {provider_id}"))
        return 1
    about = {"account": row.account, "fax_id": row.fax_id, "n": row.n, "submission": row.submission}
    named(tx, [{**about, "provider_id": provider_id}])
    values = {"provider_id": provider_id, "due": tx.now}
    note = f"provider id {provider_id}, told by a push"
    change = Change(RECIPIENT.key(row), ("find",), Outbound.ACCEPTED, row.epoch, values, note=note, claims=True)
    return len(move(tx, RECIPIENT, [change], {RECIPIENT.key(row): row}))
