"""What is remembered of accounts and nodes: duties, pauses, heartbeats.

Promise   a duty is given to one caller at a time, over restarts and over all nodes; a pause outlives a restart.
Needs     nothing more than the journal.
Crash     a duty that was taken and not done comes round again after its interval.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

import faxdaemon
from faxdaemon.contracts import topics
from faxdaemon.contracts.journal import TURN, Pause
from faxdaemon.core.schedule import until
from faxdaemon.core.states import Inbound, Outbound
from faxdaemon.journal.base import Part
from faxdaemon.journal.database import insert_new, upsert
from faxdaemon.journal.tables import (
    DELIVERY_LIVE,
    INBOUND_OPEN,
    KEPT_LIVE,
    UNTOLD,
    delivery,
    duty,
    inbound,
    is_in,
    kept,
    node,
    recipient,
    sink,
)
from faxdaemon.journal.tables import account as account_table
from faxdaemon.journal.transaction import Tx

_DUTY = sa.select(duty.c.next_at).where(duty.c.name == sa.bindparam("name")).with_for_update()
_PAUSE = sa.select(account_table).where(account_table.c.name == sa.bindparam("account"))
_PROBE = (
    sa.update(account_table).where(account_table.c.name == sa.bindparam("account")).values(until=sa.bindparam("now"))
)
_RESUME = sa.delete(account_table).where(account_table.c.name == sa.bindparam("account"))
_ENDED = sa.update(duty).where(duty.c.name == sa.bindparam("duty")).values(next_at=0)
_TURNS = sa.update(duty).where(duty.c.name.startswith(TURN, autoescape=True)).values(next_at=0)
_FORGET = sa.delete(node).where(node.c.until < sa.bindparam("long_ago"))
_MEMORY_MS = 24 * 3600 * 1000


#: What another life had claimed or put off, where trying early can do no harm: UNCERTAIN is not among these, for its
#: delay is what makes the provider's "not there" worth believing.
_DUE_AT_START = (
    sa.update(recipient).where(sa.text(is_in(Outbound.ACCEPTED))).values(due=sa.bindparam("now")),
    sa.update(inbound).where(sa.text(is_in(Inbound.SEEN))).values(due=sa.bindparam("now")),
    sa.update(inbound).where(sa.text(INBOUND_OPEN)).values(due=sa.bindparam("now")),
    sa.update(kept).where(sa.text(KEPT_LIVE)).values(due=sa.bindparam("now")),
    sa.update(inbound).where(sa.text(UNTOLD)).values(due=sa.bindparam("now")),
    sa.update(delivery).where(sa.text(DELIVERY_LIVE)).values(due=sa.bindparam("now")),
    sa.update(sink).values(owner=None, until=sa.bindparam("now")),
)


class Accounts(Part):
    """What is remembered of accounts, over restarts and for all nodes."""

    def begin(self) -> None:
        """A new life on a journal that only one process has (SQLite): nothing is claimed by anybody any more.  Among
        several nodes a claim of one that died ends by itself."""

        def work(tx: Tx) -> None:
            for statement in _DUE_AT_START:
                tx.connection.execute(statement, {"now": tx.now})
            tx.connection.execute(_TURNS)

        if self._database.is_sqlite:
            self._write(work)

    def take_duty(self, name: str, every: float) -> float:
        """0 when the caller may now do the duty `name`, which is then not given again for `every` seconds; else the
        seconds to wait.  A time further away than `every` (the clock was set back) does not count."""

        def work(tx: Tx) -> float:
            # The row must be there to be locked: two nodes may ask for a new duty at the same moment.
            tx.connection.execute(insert_new(duty, tx.dialect), {"name": name, "next_at": 0})
            next_at = tx.connection.execute(_DUTY, {"name": name}).scalar_one()
            wait = until(next_at, tx.now, every)
            if wait == 0:
                tx.connection.execute(upsert(duty, tx.dialect), {"name": name, "next_at": tx.after(every)})
            return wait

        return self._write(work)

    def end_duty(self, name: str) -> None:
        """The duty is done before its time: it may be given again at once."""
        self._write(lambda tx: tx.connection.execute(_ENDED, {"duty": name}))

    def pause(self, account: str, reason: str, delay: float) -> None:
        """Submit nothing through `account` for `delay` seconds."""
        self._write(lambda tx: _put_off(tx, account, reason, delay))

    def quiet(self, account: str, reason: str, delay: float) -> None:
        """Ask `account` nothing for `delay` seconds, on any node."""
        self._write(lambda tx: _put_off(tx, _asking(account), reason, delay))

    def probe(self, account: str) -> None:
        """If the account is paused, try it now, with one fax."""

        def work(tx: Tx) -> None:
            tx.connection.execute(_PROBE, {"account": account, "now": tx.now})
            tx.wake(topics.ready(account))

        self._write(work)

    def resume(self, account: str) -> bool:
        """Use the account again; True when it was paused."""

        def work(tx: Tx) -> bool:
            row = tx.connection.execute(_PAUSE, {"account": account}).one_or_none()
            tx.connection.execute(_RESUME, {"account": account})
            tx.wake(topics.ready(account))
            return row is not None and row.until > tx.now

        return self._write(work)

    def paused(self, account: str) -> Pause | None:
        """Whether and why the account is paused."""
        return self._put_off_until(account)

    def quieted(self, account: str) -> Pause | None:
        """Whether and why the account is to be asked nothing."""
        return self._put_off_until(_asking(account))

    def _put_off_until(self, name: str) -> Pause | None:
        def work(connection: Connection) -> Pause | None:
            row = connection.execute(_PAUSE, {"account": name}).one_or_none()
            if row is None:
                return None
            seconds = (row.until - self._database.now(connection)) / 1000
            return Pause(row.reason, seconds) if seconds > 0 else None

        return self._read(work)

    def heartbeat(self, lease: float) -> None:
        """This node is alive for another `lease` seconds."""

        def work(tx: Tx) -> None:
            row = {"id": tx.owner, "name": tx.node, "version": faxdaemon.__version__, "until": tx.after(lease)}
            tx.connection.execute(upsert(node, tx.dialect), row)
            tx.connection.execute(_FORGET, {"long_ago": tx.now - _MEMORY_MS})

        self._write(work)


def _asking(account: str) -> str:
    """The row that is about asking; a name of its own, for sending through an account has other reasons to wait."""
    return f"ask:{account}"


def _put_off(tx: Tx, name: str, reason: str, delay: float) -> None:
    row = {"name": name, "reason": reason, "until": tx.after(delay)}
    tx.connection.execute(upsert(account_table, tx.dialect), row)
