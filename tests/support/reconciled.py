"""A journal beside a provider on the sandbox's wire, and faxes of which the two tell different things."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from support.papers import pdf_bytes
from support.scripted import Site

from faxdaemon.contracts.journal import Settled
from faxdaemon.contracts.provider import Accepted, Content, JobStatus, Progress, Provider
from faxdaemon.core.model import Submission
from faxdaemon.reconcile import Reconciliation, Report, Rules
from faxdaemon.reconciling import Finding
from faxdaemon.sandbox import Sandbox

GOOD, BUSY = "+13035550123", "+13035550110"
PAPER = pdf_bytes()


class Reconciled:
    """One account, driven by hand."""

    def __init__(self, site: Site, provider: Provider, box: Sandbox, **rules: Any) -> None:
        self.site, self.provider, self.box = site, provider, box
        self.rules = Rules(**{"account": "main", "poll": 30.0, "days": 3, "receives": True, **rules})
        site.clock._now = datetime.now(UTC)  # the sandbox's jobs have the machine's time
        self.waits: list[float] = []

    def claimed(self, number: str = GOOD) -> Submission:
        """A fax that is being submitted."""
        self.site.ready(numbers=(number,))
        return self.site.claimed()

    def hand_over(self, submission: Submission) -> str:
        """Really; returns the provider's id once the call has ended."""
        answer = self.provider.submit(submission, [Content("x.pdf", len(PAPER), lambda: io.BytesIO(PAPER))])
        assert isinstance(answer, Accepted), answer
        self.box.wait(lambda: all(entry.ended_at for entry in self.box.sent()))
        return answer.provider_id

    def accepted(self, number: str = GOOD) -> Submission:
        """A fax that is really there, and accepted here."""
        submission = self.claimed(number)
        assert self.site.journal.accepted(submission, self.hand_over(submission), 0.0)
        (followed,) = self.site.journal.claim_accepted("main", 10, 60)
        return followed

    def settle(self, submission: Submission, progress: Progress) -> None:
        """What the journal believes of it."""
        assert submission.provider_id
        done = Settled(submission, JobStatus(submission.provider_id, progress, "so it says"))
        assert self.site.journal.settle([done]) == 1

    def ended(self, number: str = GOOD, progress: Progress = Progress.SENT) -> Submission:
        """A fax that went to this number, and of which the journal believes this."""
        submission = self.accepted(number)
        self.settle(submission, progress)
        return submission

    def run(self, later: float = 3600.0) -> Report:
        """One run, an hour later."""
        self.site.later(later)
        run = Reconciliation(
            self.rules,
            provider=self.provider,
            journal=self.site.journal,
            asking=self.site.asking(),
            clock=self.site.clock,
        ).run()
        try:
            while True:
                self.waits.append(next(run))
                self.site.later(self.waits[-1])
        except StopIteration as end:
            report: Report = end.value
            return report

    def found(self, later: float = 3600.0) -> list[tuple[str, str | None]]:
        """What differs, and about which fax."""
        return pairs(self.run(later).findings)


def pairs(findings: Sequence[Finding]) -> list[tuple[str, str | None]]:
    """Kind and fax of each."""
    return sorted((one.kind.value, one.fax_id) for one in findings)
