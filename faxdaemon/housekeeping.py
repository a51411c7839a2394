"""Housekeeping: what has no stage of its own but must happen.

Promise   a fax that nobody could take fails in the end, visibly; a submission whose process is gone becomes uncertain;
          this node says that it lives.
Needs     the journal.
Crash     done again.
"""

from __future__ import annotations

from faxdaemon.contracts.journal import AccountJournal, OutboundJournal
from faxdaemon.contracts.stage import Wake

EVERY = 5.0
"""Seconds between two rounds; also the heartbeat on which other nodes rely."""
LEASE = 15.0
"""Seconds without a heartbeat after which other nodes take this one for dead."""
BATCH = 100


class Housekeeping:
    """Expiry, interrupted submissions, heartbeat."""

    def __init__(self, *, journal: OutboundJournal, accounts: AccountJournal, settle: float, alone: bool) -> None:
        self._journal = journal
        self._accounts = accounts
        self._settle = settle
        self._every = 60.0 if alone else EVERY

    def step(self) -> Wake:
        """One round."""
        self._accounts.heartbeat(max(LEASE, self._every * 3))
        self._journal.interrupt(self._settle)
        more = self._journal.expire(BATCH) == BATCH
        return 0.0 if more else self._every
