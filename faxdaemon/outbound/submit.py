"""Submit: hand one fax to the provider (steps O7 to O9).

Promise   no byte leaves before the intent is committed, nor after the claim's lease has run out; the answer is recorded
          as accepted, refused or unknown, and only a certain "not taken" is ever offered again, or to another account.
          A document that is not what was spooled is never sent: it waits, with an alert, until intake has copied the
          claimed original again (at the next start), and expires like any other.
          An account that says "slow down", gives no answers, or refuses our credentials is paused for all workers and
          nodes; faxes that may go through another account do so meanwhile.  It is tried again with a harmless question
          and, unless that meets silence, with one fax: so a dead one makes no more faxes uncertain than were on their
          way when the breaker opened.
Needs     a claim (READY -> SUBMITTING) for each act; with a `rate`, the duty `submit:<account>` before the claim.
Crash     between intent and record: the row stays SUBMITTING and becomes UNCERTAIN at the next start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import structlog

from faxdaemon.contracts.alert import Alert
from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.files import Files
from faxdaemon.contracts.journal import AccountJournal, OutboundJournal
from faxdaemon.contracts.provider import (
    Accepted,
    AccountRefused,
    Answer,
    Content,
    Duplicates,
    NotNow,
    Provider,
    Refused,
    Unknown,
)
from faxdaemon.contracts.stage import NOTHING_DUE, Wake
from faxdaemon.core.errors import FilesError, NotSent, OutcomeUnknown, ProviderTrouble
from faxdaemon.core.model import Role, Submission
from faxdaemon.core.places import Spool
from faxdaemon.core.schedule import CREDENTIALS, OFFER_AGAIN
from faxdaemon.handoff import hand_off
from faxdaemon.outbound.breaker import Breaker

log = structlog.get_logger()

WORTH_LEAVING = 10.0
"""Seconds that a pause must still take for faxes to leave for their next account."""
BATCH = 200
QUICK = 1.0
"""Seconds after which a worker stops to claim one fax along with the answer of another: it may have to end."""
_COPIED = "look at the disk, then restart: the claimed original is copied again"
_MADE = "look at the disk, and put back what was made for it, or cancel the fax and drop its original again"
TESTING = 600.0
"""Seconds until a fax is looked at again that waits for the end of a test."""


@dataclass(frozen=True, slots=True)
class AccountRules:
    """How one account is used; times in seconds."""

    name: str
    timeout: float
    """The total time that one submission may take."""
    poll: float
    """The shortest time between two status requests; with 0 they follow each other without a pause."""
    settle: float
    retries: int
    resend_unknown: bool
    rate: int | None = None
    """Submissions a minute at most."""
    settings: str = ""
    """`options.Account.fingerprint`: while an attempt is in doubt, a repeat relies on its being the same."""
    pushed: float = 0.0
    """Where the provider pushes the status: how often a job is asked for all the same."""
    test_number: str | None = None
    """While the site tries things out: nothing is sent to any other number."""

    @property
    def patience(self) -> float:
        """The shortest time between two questions about one job."""
        return max(self.poll, self.pushed)

    @property
    def lease(self) -> float:
        """A claim outlives the act and the time after which a peer may believe "not there"."""
        return self.timeout + self.settle + 30


@dataclass(frozen=True, slots=True)
class NotOffered:
    """Nothing was offered, for a reason of our own: no account is to blame, and no other is tried."""

    reason: str
    delay: float


@dataclass(frozen=True, slots=True)
class Withheld:
    """Nothing was offered, and an earlier attempt is in doubt: a person must decide."""

    reason: str


def changed_since(submission: Submission, settings: str) -> str | None:
    """Why a repeat proves nothing any more: the account was changed after the attempt that is in doubt."""
    if submission.settings in (None, settings):
        return None
    return (
        "the account's settings were changed after an attempt that got no answer, so the provider could take a repeat "
        "for another fax; look in its own list of jobs whether this one was taken, or put the settings back"
    )


@dataclass(slots=True)
class Following:
    """The claim of the next fax."""

    claimed: Sequence[Submission] = ()
    """One, or none."""
    at: float = 0.0
    """When its lease began at the earliest (monotonic)."""
    wanted: bool = False


class SubmitStage:
    """Submits through one account; several workers may run one each."""

    def __init__(
        self,
        rules: AccountRules,
        spool: Spool,
        *,
        provider: Provider,
        files: Files,
        journal: OutboundJournal,
        accounts: AccountJournal,
        clock: Clock,
        alert: Alert,
    ) -> None:
        self._rules = rules
        self._spool = spool
        self._provider = provider
        self._files = files
        self._journal = journal
        self._accounts = accounts
        self._clock = clock
        self._alert = alert
        self._breaker = Breaker(clock)

    def step(self) -> Wake:
        """Claim one fax and hand it over, when the account's pace allows it."""
        wait = self._turn()
        if wait is not None:
            return wait
        claimed_at = self._clock.monotonic()
        claimed = self._journal.claim_ready(self._rules.name, 1, self._rules.lease, self._rules.settings)
        if not claimed:
            return self._rest()
        end = claimed_at + (0.0 if self._rules.rate else QUICK)
        following = Following(claimed, claimed_at)
        while following.claimed:
            following = self._hand_over(following, end)
        return 0.0

    def _hand_over(self, claim: Following, end: float) -> Following:
        """One fax.  While there is time, the intent for the next is in the commit that records that this one was
        accepted: a commit less for each."""
        last_moment = claim.at + self._rules.lease - self._rules.timeout
        following = Following(wanted=self._clock.monotonic() < end)
        act = partial(self._act, last_moment=last_moment)
        hand_off(claim.claimed[0], act, partial(self._record, following=following), unknown=Unknown)
        return following

    def _turn(self) -> Wake | None:
        """None when a fax may be claimed now; else when to come back.  A turn is taken only when something is due, and
        nothing is claimed without one, so that `rate` holds over all workers and nodes."""
        if self._rules.rate is None:
            return None
        name = self._rules.name
        due = self._journal.next_due("ready", name)
        if due is None or due > 0 or self._accounts.paused(name):
            return self._rest()
        return self._accounts.take_duty(f"submit:{name}", 60 / self._rules.rate) or None

    def _rest(self) -> Wake:
        """There is nothing to do now."""
        name = self._rules.name
        pause = self._accounts.paused(name)
        if pause is not None:
            if pause.seconds > WORTH_LEAVING and self._journal.pass_on(name, pause.reason, BATCH):
                return 0.0
            return min(max(pause.seconds, 0.5), NOTHING_DUE)
        due = self._journal.next_due("ready", name)
        return NOTHING_DUE if due is None else min(max(due, 0.5), NOTHING_DUE)

    def _act(self, submission: Submission, last_moment: float) -> Answer | NotOffered | Withheld:
        if self._rules.test_number not in {None, submission.number}:
            return NotOffered("it was decided before everything went to the test number", TESTING)
        if submission.doubt and self._provider.capabilities.duplicates is Duplicates.REFUSES:
            changed = changed_since(submission, self._rules.settings)
            if changed:
                return Withheld(changed)
        damaged = f"spool:{submission.fax_id}"
        try:
            contents = self._contents(submission)
        except FilesError as error:
            reason = f"the spooled document cannot be used: {error.reason}"
            advice = _MADE if any(d.role is Role.MADE for d in submission.documents) else _COPIED
            self._alert.raise_(damaged, f"fax {submission.fax_id} waits: {reason}; {advice}")
            return NotOffered(reason, self._delay(submission))
        self._alert.clear(damaged)
        silence = self._silence() if submission.trial else None
        if silence is not None:
            return silence
        if self._clock.monotonic() >= last_moment:  # the process slept: a peer may have taken it over meanwhile
            return NotOffered("the claim ran out before anything was sent", 0.0)
        return self._provider.submit(submission, contents)

    def _silence(self) -> NotNow | None:
        """Why not even a question is answered.  Any answer will do: what an account thinks of a fax, only a fax can
        tell, and it may take faxes without answering such questions well."""
        try:
            self._provider.check()
        except (NotSent, OutcomeUnknown) as error:
            return NotNow(str(error))
        except ProviderTrouble as error:
            return None if error.retry_after is None else NotNow(str(error), error.retry_after)
        except Exception as error:  # nothing was handed over, so it must not become "unknown"
            log.error("unexpected error while an account was tried", kind=type(error).__name__, exc_info=True)
        return None

    def _contents(self, submission: Submission) -> Sequence[Content]:
        contents = []
        for document in submission.documents:
            path = self._spool.path(document.spool)
            entry = self._files.stat(path)
            if entry is None or entry.size != document.size:
                raise FilesError(f"{document.spool} is not what was spooled")
            contents.append(Content(document.name, document.size, partial(self._files.read, path)))
        return contents

    def _record(self, submission: Submission, answer: Answer | NotOffered | Withheld, following: Following) -> None:
        match answer:
            case Withheld(reason):
                self._hold(submission, reason)
                self._try_again(submission)
            case NotOffered(reason, delay):
                self._journal.postponed(submission, reason, delay)
                self._try_again(submission)
            case Accepted(provider_id):
                self._accepted(submission, provider_id, following)
                self._alert.clear(self._trouble)
                self._works(submission)
            case NotNow(reason, retry_after):
                self._offer_later(submission, reason, retry_after)
            case AccountRefused(reason):
                self._pause(reason, CREDENTIALS)
                self._waits(reason)
                self._next_account(submission, reason, 0.0)  # the pause is what it waits for
            case Refused(reason):
                if not self._next_account(submission, reason, None):
                    self._refused(submission, reason)
                self._works(submission)
            case Unknown(reason):
                self._journal.lost(submission, reason, self._rules.settle)
                if self._counted(submission, reason):
                    self._waits(f"{reason}; several in a row got no answer")

    def _accepted(self, submission: Submission, provider_id: str, following: Following) -> None:
        if submission.trial or not following.wanted:
            self._journal.accepted(submission, provider_id, self._rules.patience)
            return
        following.at = self._clock.monotonic()
        taken = self._journal.accepted_next(
            submission, provider_id, self._rules.patience, self._rules.lease, self._rules.settings
        )
        following.claimed = taken[1]

    def _works(self, submission: Submission) -> None:
        """The account answered as it should.  Only a trial ends a pause: others may have begun before it."""
        self._breaker.worked()
        if submission.trial:
            self._accounts.resume(self._rules.name)

    def _try_again(self, submission: Submission) -> None:
        """A trial that never came to the account: the next fax is one instead."""
        if submission.trial:
            pause = self._accounts.paused(self._rules.name)
            self._pause(pause.reason if pause else "not tried yet", 0.0)

    def _counted(self, submission: Submission, reason: str) -> bool:
        """Let the breaker know of a fax that was not taken, or not surely; whether the account is paused for it."""
        pause = self._breaker.failed(trial=submission.trial)
        if pause is not None:
            self._pause(f"{reason}; several in a row", pause)
        return pause is not None

    def _waits(self, reason: str) -> None:
        self._alert.raise_(self._trouble, f"account {self._rules.name}: {reason}; its faxes wait")

    def _pause(self, reason: str, delay: float) -> None:
        self._accounts.pause(self._rules.name, reason, delay)

    @property
    def _trouble(self) -> str:
        return f"account:{self._rules.name}"

    def _refused(self, submission: Submission, reason: str) -> None:
        if not submission.doubt:
            self._journal.refused(submission, reason)
            return
        # "Failed" would invite people to send it again, although an earlier attempt may have arrived.
        self._hold(submission, f"{reason}; an attempt without an answer may have arrived all the same")

    def _hold(self, submission: Submission, reason: str) -> None:
        if self._journal.lost(submission, reason, self._rules.settle):
            self._journal.given_up(submission, reason)

    def _delay(self, submission: Submission) -> float:
        age = (self._clock.now() - submission.age_origin).total_seconds()
        return OFFER_AGAIN.delay(age, self._clock.chance())

    def _offer_later(self, submission: Submission, reason: str, retry_after: float | None) -> None:
        delay = self._delay(submission) if retry_after is None else max(retry_after, 1.0)
        self._waits(reason)
        self._counted(submission, reason)
        if retry_after is not None:  # said by the account, so it holds for every fax and every worker
            self._pause(reason, delay)
        if not self._next_account(submission, reason, None):
            self._journal.postponed(submission, reason, delay)

    def _next_account(self, submission: Submission, reason: str, delay: float | None) -> bool:
        """After a certain "not taken", the folder's next account; with `delay`, this one again if there is no
        other."""
        rest = submission.accounts[submission.accounts.index(submission.account) + 1 :]
        if rest and not submission.doubt:
            return self._journal.postponed(submission, reason, 0.0, rest[0])
        if delay is not None:
            return self._journal.postponed(submission, reason, delay)
        return False
