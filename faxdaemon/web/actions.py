"""What a person may decide about a fax, by name: the same words in the API and on the command line.

Promise   one word, one method of the journal.
Needs     a journal that may be written.
Crash     done wholly or not at all.
"""

from __future__ import annotations

from enum import StrEnum

from faxdaemon.contracts.journal import OperatorJournal


class Action(StrEnum):
    """What a person may decide about a fax."""

    HOLD = "hold"
    RELEASE = "release"
    RESEND = "resend"
    CANCEL = "cancel"
    SENT = "sent"


def decide(journal: OperatorJournal, action: Action, fax: str, reason: str) -> int:
    """Do what a person decided (`reason` is for holding); returns how many recipients or deliveries changed.
    `UserError` when it cannot be done."""
    if action is Action.HOLD:
        return journal.hold(fax, reason)
    acts = {
        Action.RELEASE: journal.release,
        Action.RESEND: journal.resend,
        Action.CANCEL: journal.cancel,
        Action.SENT: journal.mark_sent,
    }
    return acts[action](fax)
