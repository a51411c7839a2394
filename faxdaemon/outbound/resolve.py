"""Resolve: a submission without a definite answer (step O10).

Promise   nothing is sent again before the provider was asked, except to a provider that drops doubles by itself, and
          then under the same reference.  Where nothing can tell, the fax is held for a person.
          A look-up that fails, by a bug of ours too, is told and tried again for a day; then a person is asked.  An
          account that says "slow down" is left alone for that time.
Needs     the provider's declared capabilities; `settle`, the time after which its "not there" is believed; `Asking`.
Crash     asked again.

What follows from an answer (the table in `docs/durability.md`):

    named by a push          it was accepted: follow it
    duplicates refused       send the identical request again; held where the account was changed meanwhile
    found by reference       ask; twice "not there" after settling is a no: send again
    found by match           ask; found is certain; "not there" is not, so it is held, unless the site says resend
    nothing                  held, unless the site says resend
"""

from __future__ import annotations

from faxdaemon.asking import Asking
from faxdaemon.contracts.alert import Alert
from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.journal import OutboundJournal
from faxdaemon.contracts.provider import Absent, Ambiguous, Duplicates, Find, Found, Provider
from faxdaemon.contracts.stage import NOTHING_DUE, Wake
from faxdaemon.core.errors import JournalError
from faxdaemon.core.model import Submission
from faxdaemon.core.schedule import OFFER_AGAIN
from faxdaemon.outbound.submit import AccountRules, changed_since

NOES = 2
"""How often a provider must say "not there" before it is believed."""
PATIENCE = 24 * 3600.0
"""Seconds during which a provider that cannot be asked is asked again before a person is."""


class ResolveStage:
    """Resolves the unclear submissions of one account."""

    def __init__(
        self,
        rules: AccountRules,
        *,
        provider: Provider,
        journal: OutboundJournal,
        asking: Asking,
        clock: Clock,
        alert: Alert,
    ) -> None:
        self._rules = rules
        self._provider = provider
        self._journal = journal
        self._asking = asking
        self._clock = clock
        self._alert = alert
        self._trouble = f"resolve:{rules.name}"

    def step(self) -> Wake:
        """Look into one submission."""
        quiet = self._asking.wait()
        if quiet > 0:
            return min(quiet, NOTHING_DUE)
        claimed = self._journal.claim_uncertain(self._rules.name, 1, self._rules.timeout + 30)
        if not claimed:
            due = self._journal.next_due("uncertain", self._rules.name)
            return NOTHING_DUE if due is None else min(max(due, 0.1), NOTHING_DUE)
        self._resolve(claimed[0])
        return 0.0

    def _resolve(self, submission: Submission) -> None:
        capabilities = self._provider.capabilities
        changed = changed_since(submission, self._rules.settings)
        if submission.provider_id:  # told by a push while the answer was still awaited
            self._journal.accepted(submission, submission.provider_id, 0.0)
        elif capabilities.duplicates is Duplicates.REFUSES and changed:
            self._journal.given_up(submission, changed)
        elif capabilities.duplicates is Duplicates.REFUSES:
            self._journal.missed(
                submission, "the provider drops doubles: the same request goes out again", certain=False
            )
        elif capabilities.find is Find.NOT:
            self._cannot_tell(submission, "this provider offers no way to look it up")
        else:
            self._ask(submission)

    def _ask(self, submission: Submission) -> None:
        try:
            answer = self._provider.find(submission)
        except JournalError:
            raise
        except Exception as error:  # noqa: BLE001 - a bug in an adapter proves nothing either, and must come to an end
            reason = self._asking.failed(error, "during the look-up", fax=submission.fax_id)
            self._alert.raise_(self._trouble, f"account {self._rules.name} cannot be asked what it has: {reason}")
            self._not_answered(submission, reason)
            return
        self._alert.clear(self._trouble)
        match answer:
            case Found(provider_id):
                self._journal.accepted(submission, provider_id, self._rules.patience)
            case Ambiguous(reason):
                self._journal.given_up(submission, f"what the provider lists is not clear: {reason}")
            case Absent():
                self._absent(submission)

    def _absent(self, submission: Submission) -> None:
        if submission.asked + 1 < NOES:
            self._journal.asked(submission, "the provider does not list it yet", self._rules.settle, counts=True)
        elif changed := changed_since(submission, self._rules.settings):
            self._journal.given_up(submission, f"the provider does not list it; {changed}")
        elif self._provider.capabilities.find is Find.BY_REFERENCE:
            self._journal.missed(submission, "the provider does not have it", certain=True)
        else:
            self._cannot_tell(submission, "the provider does not list it, which proves nothing")

    def _cannot_tell(self, submission: Submission, reason: str) -> None:
        if self._rules.resend_unknown:
            self._journal.missed(submission, f"{reason}; sent again, as the account's on_unknown says", certain=False)
        else:
            self._journal.given_up(submission, f"it is not known whether it was sent: {reason}")

    def _not_answered(self, submission: Submission, reason: str) -> None:
        since = submission.intended_at or submission.age_origin
        age = (self._clock.now() - since).total_seconds()
        if age > PATIENCE:
            self._journal.given_up(submission, f"the provider could not be asked for a day: {reason}")
        else:
            delay = OFFER_AGAIN.delay(age, self._clock.chance())
            self._journal.asked(submission, reason, delay, counts=False)
