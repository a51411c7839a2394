"""Reconciliation: what the journal tells of what was offered and received, and duties of once a day.

Promise   a duty of once a day is given to one caller, over restarts and over all nodes.  Everything else only reads.
Needs     nothing more than the journal.
Crash     a duty that was taken and not done comes round the next day.

`offered_since` reads a part of the table that no index serves, once a day: the faxes of the last weeks, for the id of
a fax begins with the time at which it was taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from faxdaemon.contracts.journal.audit import Owner, Recorded
from faxdaemon.core.ids import FaxId, new_fax_id
from faxdaemon.core.model import Listed
from faxdaemon.core.states import Inbound, Outbound
from faxdaemon.journal.base import Part
from faxdaemon.journal.database import insert_new, upsert
from faxdaemon.journal.tables import duty, event, inbound, is_in, job, recipient
from faxdaemon.journal.transaction import Tx
from faxdaemon.journal.types import from_ms, to_ms

OLDEST = timedelta(days=60)
"""How long before a change the fax may have been taken: some wait for their time, some for a person."""
LONGEST = 2 * 24 * 3600.0
"""Seconds; a duty of once a day that is due later than this was planned by a clock that was wrong."""
_SOME = 500
"""Keys in one question."""

_DUTY = sa.select(duty.c.next_at).where(duty.c.name == sa.bindparam("name")).with_for_update()
_COLUMNS = [
    recipient.c[name]
    for name in (
        *("fax_id", "n", "submission", "state", "account", "number", "provider_id", "reason"),
        *("intended_at", "updated_at"),
    )
]
_OFFERED = sa.or_(recipient.c.reference.is_not(None), recipient.c.submission > 1)
_SINCE = sa.select(*_COLUMNS).where(
    recipient.c.fax_id >= sa.bindparam("first"), recipient.c.updated_at >= sa.bindparam("since"), _OFFERED
)
_THESE = sa.select(*_COLUMNS).where(recipient.c.fax_id.in_(sa.bindparam("fax_ids", expanding=True)))
_OWNERS = sa.select(job).where(
    job.c.account == sa.bindparam("account"), job.c.provider_id.in_(sa.bindparam("provider_ids", expanding=True))
)
_SENT = sa.select(event.c.fax_id, event.c.subject).where(
    event.c.fax_id.in_(sa.bindparam("fax_ids", expanding=True)),
    event.c.target == Outbound.SENT.value,
    event.c.source != Outbound.SENT.value,
)
_KNOWN = sa.select(inbound.c.provider_id).where(
    inbound.c.account == sa.bindparam("account"),
    inbound.c.provider_id.in_(sa.bindparam("provider_ids", expanding=True)),
)
_UNFETCHED = sa.select(inbound.c.fax_id, inbound.c.provider_id).where(
    sa.text(is_in(Inbound.SEEN)),
    inbound.c.account == sa.bindparam("account"),
    inbound.c.first_seen < sa.bindparam("before"),
)


class Auditing(Part):
    """What reconciliation asks."""

    def take_daily(self, name: str, next_in: float) -> float:
        """0 when the duty may be done now; else the seconds to wait."""

        def work(tx: Tx) -> float:
            # The row must be there to be locked: two nodes may ask for a new duty at the same moment.
            tx.connection.execute(insert_new(duty, tx.dialect), {"name": name, "next_at": tx.after(next_in)})
            seconds: float = (tx.connection.execute(_DUTY, {"name": name}).scalar_one() - tx.now) / 1000
            if 0 < seconds <= LONGEST:
                return seconds
            tx.connection.execute(upsert(duty, tx.dialect), {"name": name, "next_at": tx.after(next_in)})
            return 0.0 if seconds <= 0 else next_in

        return self._write(work)

    def offered_since(self, since: datetime) -> list[Recorded]:
        """Recipients that were ever offered and have changed since that moment."""
        first = new_fax_id(to_ms(since - OLDEST), bytes(10))
        wanted = {"first": first, "since": to_ms(since)}
        return self._read(lambda connection: [_recorded(row) for row in connection.execute(_SINCE, wanted)])

    def recorded(self, recipients: Sequence[tuple[FaxId, int]]) -> list[Recorded]:
        """These recipients, as far as the journal still has them."""
        wanted = set(recipients)

        def work(connection: Connection) -> list[Recorded]:
            ids = sorted({fax_id for fax_id, _ in wanted})
            rows = [r for some in _split(ids) for r in connection.execute(_THESE, {"fax_ids": some})]
            return [_recorded(row) for row in rows if (row.fax_id, row.n) in wanted]

        return self._read(work)

    def owners(self, account: str, provider_ids: Sequence[str]) -> Mapping[str, Owner]:
        """Whose these jobs are, as far as they were ever accepted."""

        def work(connection: Connection) -> Mapping[str, Owner]:
            found = {}
            for some in _split(sorted(set(provider_ids))):
                for row in connection.execute(_OWNERS, {"account": account, "provider_ids": some}):
                    found[row.provider_id] = (FaxId(row.fax_id), row.n, row.submission)
            return found

        return self._read(work)

    def times_sent(self, fax_ids: Sequence[FaxId]) -> Mapping[tuple[FaxId, int], int]:
        """How often each recipient came to be sent."""

        def work(connection: Connection) -> Mapping[tuple[FaxId, int], int]:
            found: Counter[tuple[FaxId, int]] = Counter()
            for some in _split(sorted(set(fax_ids))):
                for row in connection.execute(_SENT, {"fax_ids": some}):
                    found[FaxId(row.fax_id), int(row.subject.removeprefix("recipient "))] += 1
            return found

        return self._read(work)

    def strange(self, account: str, items: Sequence[Listed]) -> list[Listed]:
        """Those of these received faxes that the journal has never heard of."""

        def work(connection: Connection) -> set[str]:
            known: set[str] = set()
            for some in _split([item.provider_id for item in items]):
                known.update(connection.execute(_KNOWN, {"account": account, "provider_ids": some}).scalars())
            return known

        known = self._read(work)
        return [item for item in items if item.provider_id not in known]

    def unfetched(self, account: str, before: datetime) -> list[tuple[FaxId, str]]:
        """Received faxes that were listed before that moment and are not in the spool yet."""
        wanted = {"account": account, "before": to_ms(before)}
        return self._read(
            lambda connection: [(FaxId(r.fax_id), r.provider_id) for r in connection.execute(_UNFETCHED, wanted)]
        )


def _split(keys: Sequence[Any]) -> list[list[Any]]:
    return [list(keys[start : start + _SOME]) for start in range(0, len(keys), _SOME)]


def _recorded(row: Row[Any]) -> Recorded:
    return Recorded(
        fax_id=FaxId(row.fax_id),
        recipient=row.n,
        submission=row.submission,
        state=Outbound(row.state),
        account=row.account,
        number=row.number,
        provider_id=row.provider_id,
        reason=row.reason,
        intended_at=None if row.intended_at is None else from_ms(row.intended_at),
        updated_at=from_ms(row.updated_at),
    )
