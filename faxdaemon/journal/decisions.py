"""What a person may decide about a fax.

Promise   a decision that cannot be carried out changes nothing and says why.  What may have been sent is never sent
          again without a person having said so, and then under the reference of the open question.
Needs     nothing more than the journal.
Crash     a decision is recorded wholly or not at all.

Every decision raises the epoch: an answer that is still on its way to a stage comes too late.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Row

from faxdaemon.contracts import topics
from faxdaemon.contracts.journal.retention import What
from faxdaemon.core.errors import UserError
from faxdaemon.core.states import Inbound, Outbound
from faxdaemon.journal.base import Part
from faxdaemon.journal.cleared import cleared, copies_given_up
from faxdaemon.journal.guarding import approve
from faxdaemon.journal.lookup import resolve
from faxdaemon.journal.machines import INBOUND, RECIPIENT
from faxdaemon.journal.redirecting import release_deliveries
from faxdaemon.journal.tables import ENDED, recipient
from faxdaemon.journal.tracking import NEW_SUBMISSION, moment
from faxdaemon.journal.transaction import Tx
from faxdaemon.journal.transitions import Change, move, renew

_ACCOUNTS = sa.select(recipient.c.accounts).where(
    recipient.c.fax_id == sa.bindparam("fax_id"), recipient.c.n == sa.bindparam("n")
)
_SHOWN_AGAIN = sa.delete(cleared).where(cleared.c.fax_id == sa.bindparam("of_fax"), cleared.c.what == What.SHOWN.value)
"""It will be reported anew, so there will be something to clear."""
Decide = Callable[[Tx, Row[Any]], Change[Outbound] | None]


class Operator(Part):
    """Each raises `UserError` when it cannot be done; returns the number of recipients (or deliveries) changed."""

    def hold(self, fax: str, reason: str) -> int:
        """Keep what is not yet being sent."""

        def decide(_: Tx, row: Row[Any]) -> Change[Outbound] | None:
            if row.state not in {Outbound.RECEIVED, Outbound.READY}:
                return None
            return _person(row, "hold", Outbound.HELD, note=reason)

        return self._decide(fax, "held", decide)

    def release(self, fax: str) -> int:
        """Let what is held go on where it was; what is uncertain is looked up again, never simply sent."""
        return self._decide(fax, "released", _release, inbound=_release_inbound)

    def resend(self, fax: str) -> int:
        """Send what ended or is held once more; of a fax that reached some of its recipients, only the others."""
        return self._decide(fax, "sent again", _resend, spare_sent=True)

    def cancel(self, fax: str) -> int:
        """Do not send it; what the provider has already is asked to stop."""

        def decide(tx: Tx, row: Row[Any]) -> Change[Outbound] | None:
            if row.state in {Outbound.RECEIVED, Outbound.READY, Outbound.HELD}:
                return _person(row, "cancel", Outbound.CANCELLED, note="cancelled by a person")
            if row.state not in ENDED:
                _want_cancelled(tx, row)
            return None

        return self._decide(fax, "cancelled", decide)

    def mark_sent(self, fax: str) -> int:
        """A person found out that a held fax was sent."""

        def decide(_: Tx, row: Row[Any]) -> Change[Outbound] | None:
            if row.state != Outbound.HELD or row.account is None:
                return None
            return _person(row, "sent", Outbound.SENT, note="a person found out that it was sent")

        return self._decide(fax, "marked as sent", decide)

    def _decide(
        self,
        fax: str,
        what: str,
        decide: Decide,
        *,
        inbound: Callable[[Tx, str], int] | None = None,
        spare_sent: bool = False,
    ) -> int:
        def work(tx: Tx) -> int:
            fax_id, direction = resolve(tx.connection, fax)
            if direction == "in":
                changed = inbound(tx, fax_id) if inbound is not None else 0
                return changed or _refuse(f"{fax_id} is a received fax and cannot be {what} as it stands")
            rows = list(RECIPIENT.lock_all(tx, fax_id).values())
            told = len(tx.moments)
            candidates = _but_sent(rows) if spare_sent else rows
            decided = [(row, decide(tx, row)) for row in candidates]
            changes = [change for _, change in decided if change is not None]
            changed = len(move(tx, RECIPIENT, changes, _by_key(rows)))
            wanted = len(tx.moments) - told - changed  # wishes to cancel are told, but move nothing yet
            return changed + wanted or _refuse(_why_not(fax_id, what, rows))

        return self._write(work)


def _by_key(rows: Sequence[Row[Any]]) -> Mapping[tuple[Any, ...], Row[Any]]:
    return {RECIPIENT.key(row): row for row in rows}


def _but_sent(rows: Sequence[Row[Any]]) -> Sequence[Row[Any]]:
    others = [row for row in rows if row.state != Outbound.SENT]
    return others or rows


def _person(
    row: Row[Any], event: str, target: Outbound, values: Mapping[str, Any] | None = None, note: str | None = None
) -> Change[Outbound]:
    return Change(RECIPIENT.key(row), (event,), target, row.epoch, values or {}, note=note, claims=True)


def _fresh_allowance(tx: Tx, row: Row[Any]) -> dict[str, Any]:
    """What waited for a person must not expire because of the person."""
    return {} if row.allowance is None else {"due": tx.now, "expires_at": max(row.expires_at, tx.now + row.allowance)}


def _release(tx: Tx, row: Row[Any]) -> Change[Outbound] | None:
    if row.state != Outbound.HELD:
        return None
    if row.held_from == Outbound.READY:
        approve(tx, [row])
    values = _fresh_allowance(tx, row) | {"asked": 0}
    if row.intended_at is None and "due" in values:  # never offered: it may have a time that it waits for
        values["due"] = max(tx.now, row.due)
    return _person(row, "release", Outbound(row.held_from), values)


def _resend(tx: Tx, row: Row[Any]) -> Change[Outbound] | None:
    if row.state == Outbound.HELD and row.held_from == Outbound.RECEIVED:
        return _release(tx, row)  # not even routed yet: going on is sending it
    if row.account is None or row.state not in {*ENDED, Outbound.HELD}:
        return None
    if copies_given_up(tx, row.fax_id):
        _refuse(f"{row.fax_id} cannot be sent again: our copies of its documents were cleared away; drop it once more")
    tx.connection.execute(_SHOWN_AGAIN, {"of_fax": row.fax_id})
    approve(tx, [row])
    values = _fresh_allowance(tx, row)
    if row.state == Outbound.HELD and row.doubt:
        # The doubt is open: the same reference, at the same account, lets a provider that drops doubles drop this one.
        # What the account's settings were is forgotten with it: the person has seen to that.
        values |= {"asked": 0, "provider_id": None, "cancel_wanted": False, "settings": None}
    else:
        values |= {**NEW_SUBMISSION, "submission": row.submission + 1, "account": _accounts(tx, row)[0]}
    return _person(row, "resend", Outbound.READY, values, note="sent again by a person")


def _accounts(tx: Tx, row: Row[Any]) -> Sequence[str]:
    accounts: Sequence[str] = tx.connection.execute(_ACCOUNTS, {"fax_id": row.fax_id, "n": row.n}).scalar_one()
    return accounts


def _want_cancelled(tx: Tx, row: Row[Any]) -> None:
    """The provider may have it: ask it to stop.  A tracker that holds an older claim is too late.

    The claim of a submission under way is left alone: its answer must still count, and is followed by the wish."""
    followed = row.state == Outbound.ACCEPTED
    values = {"cancel_wanted": True} | ({"due": tx.now} if followed else {})
    renew(tx, RECIPIENT, [row], values, claims=followed)
    tx.tell(moment(row, "cancel wanted", "a person wants it stopped"))
    tx.wake(topics.accepted(row.account))


def _release_inbound(tx: Tx, fax_id: str) -> int:
    rows = INBOUND.lock(tx, [(fax_id,)])
    values = {"due": tx.now, "attempts": 0}
    seen = values | {"untold": None}  # it is told like any other, once it is delivered
    changes = [Change(k, ("release",), Inbound.SEEN, None, seen, claims=True) for k in rows]
    changed = len(move(tx, INBOUND, changes, rows))
    return changed + release_deliveries(tx, fax_id)


def _why_not(fax_id: str, what: str, rows: Sequence[Row[Any]]) -> str:
    stand = ", ".join(f"recipient {row.n} is {row.state}" for row in rows)
    hint = ""
    if what == "sent again" and any(row.account is None and row.state in ENDED for row in rows):
        hint = "; it was never routed, so put the corrected document into its folder again"
    return f"{fax_id} cannot be {what}: {stand}{hint}"


def _refuse(why: str) -> int:
    raise UserError(why)
