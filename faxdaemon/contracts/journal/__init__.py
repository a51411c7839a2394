"""The journal: every fax, its state, every event.  One method per transition; each is one durable commit.

Promise   when a method returns, what it recorded survives a power cut.  Every transition is conditional on the claim's
          epoch and the expected state: a method that finds another state changes nothing and returns False (or leaves
          the item out of its list), so a late answer of a dead claimant is harmless.  Each transition leaves one event
          row and one log line.
Needs     one writer (SQLite) or one database (PostgreSQL).
Crash     a method that did not return may or may not have committed; the next start finds one or the other, never half.
Errors    `JournalError`: whoever meets it stops acting.

`delay` and `within` are seconds from the journal's own clock (the database's on PostgreSQL), so that several nodes
agree.
"""

from __future__ import annotations

from typing import Protocol

from faxdaemon.contracts.journal.accounts import TURN, AccountJournal, Pause
from faxdaemon.contracts.journal.audit import AuditJournal
from faxdaemon.contracts.journal.copying import CopyJournal
from faxdaemon.contracts.journal.delivering import DeliveryJournal, SinkStanding, Troubles
from faxdaemon.contracts.journal.inbound import InboundJournal, InboxJournal, PushJournal, Standing
from faxdaemon.contracts.journal.outbound import Guard, HeldDrop, OutboundJournal, ReportWork, Routed, Settled, ToRoute
from faxdaemon.contracts.journal.people import Event, Filter, Foreseen, HistoryJournal, Life, OperatorJournal, Row
from faxdaemon.contracts.journal.retention import RetentionJournal
from faxdaemon.contracts.journal.watching import WatchJournal
from faxdaemon.contracts.keeping import KeepJournal

__all__ = [
    "TURN",
    "AccountJournal",
    "AuditJournal",
    "CopyJournal",
    "DeliveryJournal",
    "Event",
    "Filter",
    "Foreseen",
    "Guard",
    "HeldDrop",
    "HistoryJournal",
    "InboundJournal",
    "InboxJournal",
    "Journal",
    "KeepJournal",
    "Life",
    "OperatorJournal",
    "OutboundJournal",
    "Pause",
    "PushJournal",
    "ReportWork",
    "RetentionJournal",
    "Routed",
    "Row",
    "Settled",
    "SinkStanding",
    "Standing",
    "ToRoute",
    "Troubles",
    "WatchJournal",
]


class Journal(
    OutboundJournal,
    KeepJournal,
    InboundJournal,
    DeliveryJournal,
    PushJournal,
    AccountJournal,
    OperatorJournal,
    HistoryJournal,
    AuditJournal,
    RetentionJournal,
    WatchJournal,
    CopyJournal,
    Protocol,
):
    """All of it; a stage asks only for the part that it uses."""

    def close(self) -> None:
        """Finish what is queued and give up the database."""
        ...
