"""Deliver: from the spool to one sink (steps I5 to I9).

Promise   a reader of the sink sees each fax once, whole, with its sidecar already there.  A sink that is down, or
          that meets a bug of ours, is told, and delays only its own deliveries.
Needs     a claim for each delivery; the sink's two acts, `stage` and `publish`.
Crash     before the commit of the plan: staged again.  After it: published by the recorded plan; what is no longer
          staged was published, even if a reader has taken it away since.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from faxdaemon.contracts.alert import Alert
from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.journal import InboundJournal
from faxdaemon.contracts.sink import Sink
from faxdaemon.contracts.stage import NOTHING_DUE, Wake
from faxdaemon.core.errors import FilesError, JournalError
from faxdaemon.core.model import DeliveryWork
from faxdaemon.core.places import Spool
from faxdaemon.core.schedule import TRY_AGAIN

log = structlog.get_logger()

WITHIN = 300.0
"""Seconds for which a claimed delivery is left to its claimant."""


class DeliverStage:
    """Delivers to one sink."""

    def __init__(self, sink: Sink, spool: Spool, *, journal: InboundJournal, clock: Clock, alert: Alert) -> None:
        self._sink = sink
        self._spool = spool
        self._journal = journal
        self._clock = clock
        self._alert = alert
        self._trouble = f"sink:{sink.key}"

    def step(self) -> Wake:
        """Deliver one fax."""
        claimed = self._journal.claim_deliveries(self._sink.key, 1, WITHIN)
        if not claimed:
            due = self._journal.next_inbound_due("delivery", self._sink.key)
            return NOTHING_DUE if due is None else min(max(due, 0.1), NOTHING_DUE)
        work = claimed[0]
        try:
            trouble = self._deliver(work)
        except FilesError as error:
            self._later(work, error.reason)
        except JournalError:
            raise
        except Exception as error:
            log.exception("unexpected error while delivering", fax=work.fax.fax_id)
            self._later(work, f"an unexpected {type(error).__name__}; the log tells more")
        else:
            if trouble:
                self._alert.raise_(self._trouble, f"received faxes wait for {self._sink.key}: {trouble}")
            else:
                self._alert.clear(self._trouble)
        return 0.0

    def _later(self, work: DeliveryWork, reason: str) -> None:
        age = (self._clock.now() - work.fax.first_seen).total_seconds()
        self._journal.delivery_postponed(work, reason, TRY_AGAIN.delay(age, self._clock.chance()))
        self._alert.raise_(self._trouble, f"received faxes wait, {self._sink.key} cannot take them: {reason}")

    def _deliver(self, work: DeliveryWork) -> str | None:
        """What keeps it waiting, when a person must help."""
        plan: Mapping[str, Any] | None = work.plan
        if plan is None:
            document = work.fax.document
            if document is None:
                raise FilesError(f"fax {work.fax.fax_id} has no document in the spool")
            plan = self._sink.stage(work.fax, self._spool.path(document.spool))
            if not self._journal.delivering(work, plan):
                return None  # somebody else has it now
        waiting = self._sink.publish(plan)
        if waiting is None:
            self._journal.delivery_done(work)
            return None
        self._journal.delivery_waiting(work, waiting.plan, waiting.delay)
        return waiting.trouble
