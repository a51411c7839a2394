"""Deliver: from the spool to one sink (steps I5 to I9).

Promise   a reader of the sink sees each fax once, whole, with its sidecar already there, in the order in which they
          were received.  A sink that is down takes nothing as a whole: the oldest fax is tried again, more and more
          rarely, and the others wait behind it; no other sink waits.  A single fax that it cannot take, or that meets
          a bug of ours, is tried again by itself, and those behind it go on.  Nothing of that is silent: see `telling`.
Needs     a claim for each delivery; the sink's two acts, `stage` and `publish`.
Crash     before the commit of the plan: staged again.  After it: published by the recorded plan; what is no longer
          staged was published, even if a reader has taken it away since.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from typing import Any

import structlog

from faxdaemon.contracts.alert import Alert
from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.journal import DeliveryJournal
from faxdaemon.contracts.sink import Sink
from faxdaemon.contracts.stage import NOTHING_DUE, Wake
from faxdaemon.core.errors import FilesError, FolderOffline, JournalError, SinkOffline, Undeliverable
from faxdaemon.core.model import DeliveryWork
from faxdaemon.core.places import Spool
from faxdaemon.core.schedule import TRY_AGAIN
from faxdaemon.inbound.telling import Telling

log = structlog.get_logger()

WITHIN = 300.0
"""Seconds for which a claimed delivery is left to its claimant."""
GIVE_UP = 24 * 3600.0
"""Seconds after which a delivery is given up that is optional, where the sink's options do not say."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
"""Errors that every fax would meet."""


class DeliverStage:
    """Delivers to one sink."""

    def __init__(
        self,
        sink: Sink,
        spool: Spool,
        *,
        journal: DeliveryJournal,
        clock: Clock,
        alert: Alert,
        give_up: float = GIVE_UP,
    ) -> None:
        self._sink = sink
        self._spool = spool
        self._journal = journal
        self._clock = clock
        self._telling = Telling(sink.key, journal=journal, alert=alert)
        self._give_up = give_up

    def step(self) -> Wake:
        """Deliver one fax."""
        claimed = self._journal.claim_deliveries(self._sink.key, 1, WITHIN)
        if not claimed:
            self._telling.look()
            due = self._journal.next_delivery_due(self._sink.key)
            return NOTHING_DUE if due is None else min(max(due, 0.1), NOTHING_DUE)
        work = claimed[0]
        try:
            trouble = self._deliver(work)
        except JournalError:
            raise
        except Exception as error:  # noqa: BLE001 - what is unexpected is logged there
            self._failed(work, error)
            trouble = True
        if trouble or self._telling.told:
            self._telling.look()
        return 0.0

    def _deliver(self, work: DeliveryWork) -> bool:
        """Whether a person must help."""
        plan: Mapping[str, Any] | None = work.plan
        if plan is None:
            document = work.fax.document
            if document is None:
                raise FilesError(f"fax {work.fax.fax_id} has no document in the spool")
            plan = self._sink.stage(work.fax, self._spool.path(document.spool))
            if not self._journal.delivering(work, plan):
                return False  # somebody else has it now
        waiting = self._sink.publish(plan)
        if waiting is None:
            self._journal.delivery_done(work)
            return False
        self._journal.delivery_waiting(work, waiting.plan, waiting.delay, waiting.trouble)
        return waiting.trouble is not None

    def _failed(self, work: DeliveryWork, error: Exception) -> None:
        if isinstance(error, Undeliverable):
            self._journal.delivery_held(work, str(error), taken=False)
        elif isinstance(error, FilesError) and _is_everyones(error):
            self._journal.sink_down(work, error.reason, self._delay(work.down_since), self._give_up)
        elif isinstance(error, FilesError):
            self._later(work, error.reason)
        else:
            log.exception("unexpected error while delivering", fax=work.fax.fax_id, exc_info=error)
            self._later(work, f"an unexpected {type(error).__name__}; the log tells more")

    def _later(self, work: DeliveryWork, reason: str) -> None:
        if work.optional and self._age(work.since) >= self._give_up:
            self._journal.delivery_held(work, f"given up, for it is optional: {reason}", taken=True)
        else:
            self._journal.delivery_postponed(work, reason, self._delay(work.since))

    def _delay(self, since: Any) -> float:
        return TRY_AGAIN.delay(self._age(since), self._clock.chance())

    def _age(self, since: Any) -> float:
        return 0.0 if since is None else (self._clock.now() - since).total_seconds()


def _is_everyones(error: FilesError) -> bool:
    """Whether the trouble is the sink's, not this fax's."""
    if isinstance(error, (FolderOffline, SinkOffline)):
        return True
    return isinstance(error.__cause__, OSError) and error.__cause__.errno in _FULL
