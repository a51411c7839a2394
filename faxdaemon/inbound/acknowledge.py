"""Acknowledge: tell the provider, last of all (step I10).

Promise   the provider's copy is given up only after the fax is in the journal, in the spool and in every required sink
          (`acknowledge: delivered`), or in journal and spool (`stored`, the default where the inbox would otherwise
          block, and always for what is kept for a person).
          Where the provider shows one fax at a time, its inbox is listed again at once, until it is empty.
          An account that says "slow down" is left alone for that time.
Needs     a claim; `Asking`; "already gone" at the provider counts as done.
Crash     acknowledged again, which is harmless.
"""

from __future__ import annotations

from faxdaemon.asking import Asking
from faxdaemon.contracts.alert import Alert
from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.journal import InboundJournal
from faxdaemon.contracts.provider import Provider
from faxdaemon.contracts.stage import NOTHING_DUE, Wake
from faxdaemon.core.errors import JournalError
from faxdaemon.core.schedule import TRY_AGAIN
from faxdaemon.inbound.fetch import InboxRules


class AcknowledgeStage:
    """Acknowledges for one account."""

    def __init__(
        self,
        rules: InboxRules,
        *,
        when_stored: bool,
        provider: Provider,
        journal: InboundJournal,
        asking: Asking,
        clock: Clock,
        alert: Alert,
    ) -> None:
        self._rules = rules
        self._account = rules.account
        self._when_stored = when_stored
        self._provider = provider
        self._journal = journal
        self._asking = asking
        self._clock = clock
        self._alert = alert
        self._trouble = f"acknowledge:{rules.account}"

    def step(self) -> Wake:
        """Acknowledge one fax."""
        quiet = self._asking.wait()
        if quiet > 0:
            return min(quiet, NOTHING_DUE)
        claimed = self._journal.claim_delivered(self._account, 1, self._rules.timeout + 30, stored=self._when_stored)
        if not claimed:
            due = self._journal.next_inbound_due("stored" if self._when_stored else "delivered", self._account)
            return NOTHING_DUE if due is None else min(max(due, 0.1), NOTHING_DUE)
        fax = claimed[0]
        try:
            self._provider.acknowledge(fax.listed)
        except JournalError:
            raise
        except Exception as error:  # noqa: BLE001 - a bug of ours waits like the provider's trouble, and is told like it
            reason = self._asking.failed(error, "while acknowledging", fax=fax.fax_id)
            age = (self._clock.now() - fax.first_seen).total_seconds()
            self._journal.acknowledge_postponed(fax, reason, TRY_AGAIN.delay(age, self._clock.chance()))
            self._alert.raise_(self._trouble, f"account {self._account} cannot be told that faxes arrived: {reason}")
        else:
            self._journal.acknowledged(fax)
            if self._rules.one_at_a_time:  # the next one can be seen now
                self._journal.inbox_hinted(self._account, self._rules.poll, 0.0)
            self._alert.clear(self._trouble)
        return 0.0
