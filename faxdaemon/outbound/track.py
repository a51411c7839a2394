"""Track: follow accepted faxes at the provider until they have an outcome (step O11).

Promise   an account is asked in rounds, never more often than its `poll` time, restarts included; a round asks once
          for each job that is due, in requests as large as the provider takes; a final answer is recorded as sent or
          failed; a failed call becomes a new submission only where the provider does not redial.
          An account that says "slow down" is left alone for that time.
Needs     the journal's duty `poll:<account>`; `Asking`.
Crash     asked again, in a new round.

A round of one request would be a limit on the number of faxes: 50 jobs a request every 30 seconds are 100 a minute.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from faxdaemon.asking import Asking
from faxdaemon.contracts.alert import Alert
from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.journal import AccountJournal, OutboundJournal, Settled
from faxdaemon.contracts.provider import Cancelled, JobStatus, Progress, Provider
from faxdaemon.contracts.stage import NOTHING_DUE, Wake
from faxdaemon.core.errors import CredentialsRefused, JournalError
from faxdaemon.core.model import Submission
from faxdaemon.core.schedule import redial_after, status_delay
from faxdaemon.outbound.keep import wanted
from faxdaemon.outbound.submit import AccountRules

VANISHED = 600.0
"""Seconds after the submission from which a job that the provider does not know is believed to be gone."""
PATIENCE = 48 * 3600.0
"""Seconds after which a job that the provider still calls pending is put before a person."""
LOOK = 1.0
"""Seconds between two looks for due jobs: every accepted fax wakes this stage, and almost none is due then."""


class TrackStage:
    """Follows the accepted faxes of one account."""

    def __init__(
        self,
        rules: AccountRules,
        *,
        provider: Provider,
        journal: OutboundJournal,
        accounts: AccountJournal,
        asking: Asking,
        clock: Clock,
        alert: Alert,
    ) -> None:
        self._rules = rules
        self._provider = provider
        self._journal = journal
        self._accounts = accounts
        self._asking = asking
        self._clock = clock
        self._alert = alert
        self._trouble = f"status:{rules.name}"
        self._round = False
        self._again_at = 0.0
        """Before that moment (monotonic) nothing can be done; a memory of the journal's answer, to spare asking it."""

    def step(self) -> Wake:
        """Ask for one batch, when one is due and the account may be asked."""
        wait = self._again_at - self._clock.monotonic()
        if not self._round:
            wait = wait if wait > 0 else self._begin()
            if wait > 0:
                return wait
        self._round = False  # also when asking raises: the next round is one of its own
        self._round = self._ask()
        return 0.0 if self._round else max(0.0, self._again_at - self._clock.monotonic())

    def _begin(self) -> Wake:
        """0 when a round may begin now, else the seconds to wait."""
        due = self._journal.next_due("accepted", self._rules.name)
        if due is None:
            return NOTHING_DUE
        if due > 0:
            self._again_at = self._clock.monotonic() + min(due, LOOK)
            return min(max(due, 0.1), NOTHING_DUE)
        quiet = min(self._asking.wait(), NOTHING_DUE)
        if quiet > 0:
            self._again_at = self._clock.monotonic() + quiet
            return quiet
        wait = self._accounts.take_duty(f"poll:{self._rules.name}", self._rules.poll)
        self._again_at = self._clock.monotonic() + (wait or self._rules.poll)
        return wait

    def _ask(self) -> bool:
        """One request; whether there may be more to ask for in this round."""
        batch = self._provider.capabilities.status_batch
        claimed = self._journal.claim_accepted(self._rules.name, batch, self._rules.timeout + 30)
        if not claimed:  # nobody was asked, so nothing is known to be well again
            return False
        try:
            self._follow(claimed)
        except JournalError:
            raise
        except Exception as error:  # noqa: BLE001 - a bug of ours waits like the provider's trouble, and is told like it
            self._ask_later(claimed, error)
            return False
        self._alert.clear(self._trouble)
        return len(claimed) == batch

    def _follow(self, claimed: Sequence[Submission]) -> None:
        for submission in claimed:
            if submission.cancel_wanted:
                self._cancel(submission)
        asked = [s for s in claimed if not s.cancel_wanted and s.provider_id]
        if not asked:
            return
        statuses = {s.provider_id: s for s in self._provider.status([s.provider_id for s in asked if s.provider_id])}
        settled = []
        for submission in asked:
            status = statuses.get(submission.provider_id or "")
            if status is None:
                status = JobStatus(submission.provider_id or "", Progress.PENDING, "not in the provider's answer")
            elif status.progress is Progress.UNKNOWN_JOB and self._age(submission) < VANISHED:
                status = replace(status, progress=Progress.PENDING)  # its list may lag behind its own answers
            elif status.progress is Progress.UNKNOWN_JOB:
                self._journal.given_up(submission, f"the provider accepted it but no longer knows it: {status.text}")
                continue
            settled.append(self._judge(submission, status))
        self._journal.settle(settled)

    def _judge(self, submission: Submission, status: JobStatus) -> Settled:
        pending = f"pending:{submission.reference}"
        if status.progress is Progress.PENDING:
            age = self._age(submission)
            if age > PATIENCE:
                since = submission.intended_at or submission.age_origin
                self._alert.raise_(
                    pending,
                    f"fax {submission.fax_id}: the provider has had it since {since:%Y-%m-%d %H:%M} UTC and still "
                    "calls it pending; ask the provider about it, or cancel it",
                )
            # A push told of an outcome that the provider's own answer does not know yet: it does so soon.
            shortest = self._rules.poll if submission.asked else self._rules.patience
            return Settled(submission, status, ask_in=status_delay(max(age, 0.0), shortest))
        self._alert.clear(pending)
        can = self._provider.capabilities
        sent, failed = status.progress is Progress.SENT, status.progress is Progress.FAILED
        keep = wanted(submission.keep, can, sent=sent) if sent or failed else ()
        again = None
        if failed and not status.permanent and not can.retries_itself:
            again = redial_after(submission.submission, submission.options.get("retries", self._rules.retries))
        return Settled(submission, status, retry_in=again, keep=keep)

    def _age(self, submission: Submission) -> float:
        """Seconds since it may have left."""
        return (self._clock.now() - (submission.intended_at or submission.age_origin)).total_seconds()

    def _cancel(self, submission: Submission) -> None:
        answer = self._provider.cancel(submission.provider_id or "")
        note = {
            Cancelled.DONE: "the provider stopped it",
            Cancelled.TOO_LATE: "too late: the provider is sending it or has ended it",
            Cancelled.UNSUPPORTED: "this provider cannot cancel",
        }[answer]
        self._journal.cancel_answered(submission, cancelled=answer is Cancelled.DONE, note=note)

    def _ask_later(self, claimed: Sequence[Submission], error: Exception) -> None:
        """The provider could not be asked; the jobs are asked for again at the next poll."""
        why = self._asking.failed(error, "while asking for status")
        what = "refuses our credentials" if isinstance(error, CredentialsRefused) else "cannot be asked for status"
        self._alert.raise_(self._trouble, f"account {self._rules.name} {what}: {why}")
        pending = [
            Settled(s, JobStatus(s.provider_id or "", Progress.PENDING, ""), ask_in=max(self._rules.poll, 1.0))
            for s in claimed
        ]
        self._journal.settle(pending)
