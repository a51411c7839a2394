"""What is looked at so that people are told: nothing here changes anything."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from faxdaemon.core.ids import FaxId


class WatchJournal(Protocol):
    """Reading, for alerts and notices."""

    def last_event(self) -> int:
        """The number of the newest event; 0 when there is none."""
        ...

    def reported_after(self, mark: int, limit: int) -> list[tuple[int, FaxId]]:
        """Faxes whose outcome this node has put where people look, after event `mark`, each with its event's number,
        oldest first.  A fax comes again when its outcome is put there again."""
        ...

    def oldest_waiting(self) -> tuple[FaxId, datetime] | None:
        """The outbound fax that has waited longest to be handed to a provider, and since when; one that is to be sent
        later does not wait yet."""
        ...
