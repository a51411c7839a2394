"""Sending: from the drop to the report.  What holds for every method stands in the package's page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from faxdaemon.contracts.provider import JobStatus
from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import (
    Document,
    Drop,
    Origin,
    Outcome,
    Picture,
    Route,
    Submission,
)
from faxdaemon.core.states import Reporting


@dataclass(frozen=True, slots=True)
class ToRoute:
    """A received drop that waits for its decision."""

    fax_id: FaxId
    origin: Origin
    documents: tuple[Document, ...]
    part: int = 0
    """Which of the control file's orders it is."""
    received_at: datetime | None = None
    """When it was taken from its folder; the journal always tells."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What is to be looked for among the other faxes, in the commit that makes one ready."""

    per_hour: int | None = None
    """Recipients of its folder in an hour of the clock; what is over waits for the next hour with room."""
    first_time: bool = False
    """Hold what goes to a number that nothing was sent to yet, and that no person has released anything for."""
    lookalike: float = 0.0
    """Hold what has the content and the number of a fax of the last so many seconds, from any folder."""
    remember: bool = False
    """Keep content and number for the look-alikes to come."""


@dataclass(frozen=True, slots=True)
class Routed:
    """The decision for a drop: its recipients and what was learned of its documents, or why it cannot be sent."""

    fax_id: FaxId
    routes: tuple[Route, ...] = ()
    pages: tuple[int | None, ...] = ()
    """One entry a document, in order (its control file left out)."""
    expire: float = 24 * 3600.0
    """Seconds from acceptance after which an unsent fax fails."""
    fields: Mapping[str, str] | None = None
    """The asker's own fields, for the answer."""
    problem: str | None = None
    shown_number: str | None = None
    """For a problem: the number as it was written, if there was one."""
    made: tuple[Document, ...] = ()
    """What is sent in place of the documents, if anything was made of them; durable in the spool."""
    covers: tuple[Document | None, ...] = ()
    """The cover page of each route, if any has one; durable in the spool."""
    hold: str | None = None
    """Why a person must look at it before it is sent, although it could be."""
    format: str | None = None
    """The dialect in which it was asked for, and is answered."""
    note: str | None = None
    """What was decided besides, for its history; it may name numbers."""
    guard: Guard = Guard()


@dataclass(frozen=True, slots=True)
class ReportWork:
    """A fax whose outcome the drop folder must be told."""

    fax_id: FaxId
    epoch: int
    state: Reporting
    origin: Origin
    documents: tuple[Document, ...]
    received_at: datetime
    outcomes: tuple[Outcome, ...]
    fields: Mapping[str, str]
    plan: Mapping[str, Any] | None
    """What was staged, once it is (state REPORTING)."""
    published: Mapping[str, Any] | None
    """The plan of an earlier report of the same fax (it was held and is now sent, say): where its files went."""
    format: str | None = None
    """The dialect in which it was asked for; None where none was understood."""
    part: int = 0
    """Which of the drop's orders it is, counted from 0."""


@dataclass(frozen=True, slots=True)
class HeldDrop:
    """A held fax and where its document was put."""

    fax_id: FaxId
    sha256: str
    published: Mapping[str, Any]
    """The plan by which it was reported (as handed to `staged`)."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What tracking learned of one submission; `retry_in` asks for a new submission after that many seconds."""

    submission: Submission
    status: JobStatus
    retry_in: float | None = None
    ask_in: float | None = None
    """For a pending one: when to ask again."""
    keep: tuple[Picture, ...] = ()
    """For one that ends: what to fetch and put beside its answer."""


class OutboundJournal(Protocol):
    """What the stages of sending record."""

    def accept(self, drops: Sequence[Drop]) -> None:
        """O4: the drops are ours.  A drop whose id is known already is left as it is."""
        ...

    def known(self, fax_ids: Sequence[FaxId]) -> frozenset[FaxId]:
        """Which of these ids have a row: how recovery tells a claim that got through from one that did not."""
        ...

    def held_drops(self, folder: str) -> list[HeldDrop]:
        """The held faxes of `folder` whose document was put before people; a drop of the same document from there means
        that the person wants it sent again.  Cheap when there are none."""
        ...

    def superseded(self, held: FaxId, by: FaxId) -> bool:
        """The held fax was dropped again and is now the fax `by`: cancel it, and report nothing more of it."""
        ...

    def to_route(self, limit: int) -> list[ToRoute]:
        """Drops in RECEIVED, oldest first."""
        ...

    def route(self, decisions: Sequence[Routed]) -> None:
        """O6: RECEIVED becomes READY, or FAILED or (routed, but doubtful) HELD with the reason.  What is to be told
        from other faxes (`Routed.guard`) is decided in the same commit."""
        ...

    def delayed(self, folder: str) -> int:
        """Recipients of `folder` that wait for a later hour because of its cap."""
        ...

    def claim_ready(self, account: str, limit: int, lease: float, settings: str | None = None) -> list[Submission]:
        """O7, the intent: up to `limit` due recipients of `account` become SUBMITTING, under our name for `lease`
        seconds.  The account's `settings` are recorded with it, except under an attempt that is in doubt.  None
        while the account is paused; after that one at a time, each a `trial`, until `resume`."""
        ...

    def pass_on(self, account: str, reason: str, limit: int) -> int:
        """Due READY recipients of a paused account that have a next account, and no attempt in doubt, go to that one;
        returns how many."""
        ...

    def accepted(self, submission: Submission, provider_id: str, ask_in: float) -> bool:
        """O9: the provider has it (from SUBMITTING, or from UNCERTAIN when a look-up found it).  HELD instead when
        another submission of the account has that id: the answer was not about this one."""
        ...

    def accepted_next(
        self, submission: Submission, provider_id: str, ask_in: float, lease: float, settings: str | None = None
    ) -> tuple[bool, list[Submission]]:
        """`accepted`, and in the same commit `claim_ready` for one more of the same account (none where the first
        changed nothing)."""
        ...

    def postponed(self, submission: Submission, reason: str, delay: float, account: str | None = None) -> bool:
        """O9: certainly not taken; READY again after `delay`, through `account` if another one is named."""
        ...

    def refused(self, submission: Submission, reason: str) -> bool:
        """O9: certainly not taken, for good; FAILED."""
        ...

    def lost(self, submission: Submission, reason: str, ask_in: float) -> bool:
        """O9: no definite answer; UNCERTAIN, to be looked up after `ask_in`."""
        ...

    def interrupt(self, ask_in: float) -> int:
        """Every SUBMITTING row whose claimant is gone becomes UNCERTAIN; returns how many.  Called at start and, with
        several nodes, now and then."""
        ...

    def expire(self, limit: int) -> int:
        """READY rows past their age become FAILED, or HELD when an earlier attempt is in doubt; returns how many."""
        ...

    def claim_uncertain(self, account: str, limit: int, within: float) -> list[Submission]:
        """Due UNCERTAIN submissions, hidden from other claimants for `within` seconds."""
        ...

    def asked(self, submission: Submission, note: str, ask_in: float, *, counts: bool) -> bool:
        """The provider was asked, without a settled answer; `counts` when it said "not there"."""
        ...

    def missed(self, submission: Submission, reason: str, *, certain: bool) -> bool:
        """READY again, same reference: the provider certainly does not have it, or (not `certain`) repeating is safe or
        wanted.  When it is not certain the submission's `doubt` stays, so no other account will ever be tried."""
        ...

    def given_up(self, submission: Submission, reason: str) -> bool:
        """Nothing can tell: HELD, for a person (from UNCERTAIN, or from ACCEPTED when the job vanished)."""
        ...

    def claim_accepted(self, account: str, limit: int, within: float) -> list[Submission]:
        """Due ACCEPTED submissions (or such as a person wants cancelled), hidden for `within` seconds."""
        ...

    def settle(self, settled: Sequence[Settled]) -> int:
        """O11: record what the provider says of these; returns how many rows changed their state."""
        ...

    def cancel_answered(self, submission: Submission, *, cancelled: bool, note: str) -> bool:
        """The provider answered our request to cancel."""
        ...

    def claim_reports(self, folder: str, limit: int) -> list[ReportWork]:
        """Faxes of `folder` in DUE or REPORTING."""
        ...

    def staged(self, plans: Sequence[tuple[ReportWork, Mapping[str, Any]]]) -> list[ReportWork]:
        """O12: the answers lie staged; REPORTING.  Returns the works that may be published, with their plans."""
        ...

    def reported(self, works: Sequence[ReportWork]) -> None:
        """O13: answer and document are where people look; REPORTED."""
        ...

    def next_due(self, kind: str, account: str) -> float | None:
        """Seconds until the next `ready`, `uncertain` or `accepted` row of `account` is due; None when there is
        none."""
        ...
