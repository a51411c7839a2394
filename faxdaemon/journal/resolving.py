"""Outbound, the doubt: submissions without a definite answer (O10).

Promise   an UNCERTAIN submission leaves that state only by what the provider or a person says, under its own reference.
Needs     nothing more than the journal.
Crash     asked again.
"""

from __future__ import annotations

from faxdaemon.core.model import Submission
from faxdaemon.core.states import Outbound
from faxdaemon.journal.base import Part
from faxdaemon.journal.claims import due_rows, key, take
from faxdaemon.journal.machines import RECIPIENT
from faxdaemon.journal.prepared import Query
from faxdaemon.journal.sending import made_ready
from faxdaemon.journal.transaction import Tx
from faxdaemon.journal.transitions import Change, move

_DUE = due_rows(Outbound.UNCERTAIN)
_FIND = Query(_DUE)


class Resolving(Part):
    """What the stage `resolve` records."""

    def claim_uncertain(self, account: str, limit: int, within: float) -> list[Submission]:
        """Due UNCERTAIN submissions, hidden from other claimants for `within` seconds."""
        return self._write(lambda tx: take(tx, _FIND, account, limit, within))

    def asked(self, submission: Submission, note: str, ask_in: float, *, counts: bool) -> bool:
        """The provider was asked, without a settled answer; `counts` when it said "not there"."""

        def work(tx: Tx) -> bool:
            values = {"due": tx.after(ask_in), "asked": submission.asked + (1 if counts else 0)}
            change = Change(key(submission), ("ask",), Outbound.UNCERTAIN, submission.epoch, values, note=note)
            return bool(move(tx, RECIPIENT, [change]))

        return self._write(work)

    def missed(self, submission: Submission, reason: str, *, certain: bool) -> bool:
        """READY again, same reference: the provider certainly does not have it, or (not `certain`) repeating is safe or
        wanted.  When it is not certain the doubt stays, so no other account will ever be tried."""

        def work(tx: Tx) -> bool:
            values = {"due": tx.now, "doubt": not certain}
            change = Change(key(submission), ("miss",), Outbound.READY, submission.epoch, values, note=reason)
            return made_ready(tx, move(tx, RECIPIENT, [change]))

        return self._write(work)

    def given_up(self, submission: Submission, reason: str) -> bool:
        """Nothing can tell: HELD, for a person (from UNCERTAIN, or from ACCEPTED when the job vanished)."""
        change = Change(
            key(submission),
            ("give_up", "vanish"),
            Outbound.HELD,
            submission.epoch,
            note=reason,
            only=(Outbound.UNCERTAIN, Outbound.ACCEPTED),
        )
        return self._write(lambda tx: bool(move(tx, RECIPIENT, [change])))
