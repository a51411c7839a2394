"""The journal: every fax, its state, every event.  One method per transition; each is one durable commit.

Promise   when a method returns, what it recorded survives a power cut.  Every transition is conditional on the claim's
          epoch and the expected state: a method that finds another state changes nothing and returns False (or leaves
          the item out of its list), so a late answer of a dead claimant is harmless.  Each transition leaves one event
          row and one log line.
Needs     one writer (SQLite) or one database (PostgreSQL).
Crash     a method that did not return may or may not have committed; the next start finds one or the other, never half.
Errors    `JournalError`: whoever meets it stops acting.

`delay` and `within` are seconds from the journal's own clock (the database's on PostgreSQL), so that several nodes
agree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from faxdaemon.contracts.keeping import KeepJournal
from faxdaemon.contracts.provider import JobStatus
from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import (
    DeliveryWork,
    Document,
    Drop,
    InboundFax,
    Listed,
    Origin,
    Outcome,
    Picture,
    Route,
    StoredDocument,
    Submission,
)
from faxdaemon.core.states import Reporting


@dataclass(frozen=True, slots=True)
class ToRoute:
    """A received drop that waits for its decision."""

    fax_id: FaxId
    origin: Origin
    documents: tuple[Document, ...]


@dataclass(frozen=True, slots=True)
class Routed:
    """The decision for a drop: its recipients and what was learned of its documents, or why it cannot be sent."""

    fax_id: FaxId
    routes: tuple[Route, ...] = ()
    pages: tuple[int | None, ...] = ()
    """One entry a document, in order."""
    expire: float = 24 * 3600.0
    """Seconds from acceptance after which an unsent fax fails."""
    fields: Mapping[str, str] | None = None
    """The asker's own fields, for the answer."""
    problem: str | None = None
    shown_number: str | None = None
    """For a problem: the number as it was written, if there was one."""


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
        """O6: RECEIVED becomes READY, or FAILED with the reason."""
        ...

    def claim_ready(self, account: str, limit: int, lease: float) -> list[Submission]:
        """O7, the intent: up to `limit` due recipients of `account` become SUBMITTING, under our name for `lease`
        seconds.  None while the account is paused; after that one at a time, each a `trial`, until `resume`."""
        ...

    def pass_on(self, account: str, reason: str, limit: int) -> int:
        """Due READY recipients of a paused account that have a next account, and no attempt in doubt, go to that one;
        returns how many."""
        ...

    def accepted(self, submission: Submission, provider_id: str, ask_in: float) -> bool:
        """O9: the provider has it (from SUBMITTING, or from UNCERTAIN when a look-up found it)."""
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


class InboundJournal(Protocol):
    """What the stages of receiving record."""

    def seen(self, account: str, items: Sequence[Listed]) -> int:
        """I1: remember listed faxes; one that is known by (account, provider id) is left as it is.  Returns the new
        ones."""
        ...

    def listed_again(self, account: str, items: Sequence[Listed]) -> list[FaxId]:
        """Acknowledged faxes that the provider still lists are to be acknowledged again; they are not delivered again.
        Returns those that are left alone, because the list tells of another fax under the same name."""
        ...

    def claim_seen(self, account: str, limit: int, within: float) -> list[InboundFax]:
        """Due faxes in SEEN, hidden for `within` seconds."""
        ...

    def stored(self, fax: InboundFax, document: StoredDocument, sinks: Sequence[str]) -> bool:
        """I4: the document is in the spool; one delivery row per sink.  From here it is ours."""
        ...

    def fetch_postponed(self, fax: InboundFax, reason: str, delay: float) -> bool:
        """It could not be fetched now."""
        ...

    def inbound_held(self, fax: InboundFax, reason: str) -> bool:
        """It cannot be fetched; a person must look."""
        ...

    def claim_deliveries(self, sink: str, limit: int, within: float) -> list[DeliveryWork]:
        """Due deliveries of `sink` in PENDING or DELIVERING, oldest first."""
        ...

    def delivering(self, work: DeliveryWork, plan: Mapping[str, Any]) -> bool:
        """I6: the delivery is staged."""
        ...

    def delivery_done(self, work: DeliveryWork) -> bool:
        """I9: the sink has it; when it was the last one, the fax is DELIVERED."""
        ...

    def delivery_postponed(self, work: DeliveryWork, reason: str, delay: float) -> bool:
        """The sink could not take it now."""
        ...

    def claim_delivered(self, account: str, limit: int, within: float, *, stored: bool) -> list[InboundFax]:
        """Faxes to acknowledge: DELIVERED ones, and STORED ones too when the site acknowledges on `stored`."""
        ...

    def acknowledged(self, fax: InboundFax) -> bool:
        """I10: the provider was told."""
        ...

    def acknowledge_postponed(self, fax: InboundFax, reason: str, delay: float) -> bool:
        """The provider could not be told now."""
        ...

    def next_inbound_due(self, kind: str, key: str) -> float | None:
        """Seconds until the next `seen`, `delivered` or `stored` (which includes delivered) row of account `key`, or
        `delivery` row of sink `key`, is due."""
        ...


class PushJournal(Protocol):
    """What providers tell by themselves."""

    def hinted(
        self, account: str, provider_ids: Sequence[str], references: Mapping[str, str] = ..., length: int = ...
    ) -> int:
        """These jobs want asking: ACCEPTED ones become due at once; returns how many rows changed.  `references` are
        ours by provider id, as `core.ids.token` cuts them to `length`: a submission in doubt is ACCEPTED by them.
        Unknown ids do no harm."""
        ...

    def inbox_hinted(self, account: str, every: float, gap: float) -> None:
        """The inbox, listed `every` so many seconds, wants listing: at once, or `gap` seconds after the last time."""
        ...

    def received_as(self, account: str, provider_id: str) -> InboundFax | None:
        """The received fax known under the provider's name; with a document once it is stored."""
        ...

    def arrived(self, account: str, listed: Listed, document: StoredDocument, sinks: Sequence[str]) -> bool:
        """I1 to I4 in one: a fax came with its document, which is in the spool.  False when we have its document
        already; the new one is then nobody's."""
        ...


@dataclass(frozen=True, slots=True)
class Pause:
    """An account that is not used for now."""

    reason: str
    seconds: float
    """Until it is tried again."""


class AccountJournal(Protocol):
    """What is remembered of accounts, over restarts and for all nodes."""

    def begin(self) -> None:
        """A new life: where only one process has the journal, what an earlier one had claimed is due at once."""
        ...

    def take_duty(self, name: str, every: float) -> float:
        """0 when the caller may now do the periodic duty `name` (`poll:main`, ...), which is then not given again for
        `every` seconds to anyone, this process restarted included; else the seconds to wait."""
        ...

    def pause(self, account: str, reason: str, delay: float) -> None:
        """Submit nothing through `account` for `delay` seconds, on any node, and then one fax at a time until
        `resume`."""
        ...

    def resume(self, account: str) -> bool:
        """Use the account again; True when it was paused."""
        ...

    def paused(self, account: str) -> Pause | None:
        """Whether and why the account is paused."""
        ...

    def probe(self, account: str) -> None:
        """If the account is paused, try it now, with one fax."""
        ...

    def quiet(self, account: str, reason: str, delay: float) -> None:
        """Ask `account` nothing (status, look-up, inbox) for `delay` seconds, on any node.  Sending goes on."""
        ...

    def quieted(self, account: str) -> Pause | None:
        """Whether and why the account is to be asked nothing."""
        ...

    def heartbeat(self, lease: float) -> None:
        """This node is alive for another `lease` seconds."""
        ...


class OperatorJournal(Protocol):
    """What a person may decide.  Each raises `UserError` with the reason when it cannot be done.  `fax` is an id or an
    unambiguous beginning of one; returns the number of recipients (or deliveries) changed."""

    def hold(self, fax: str, reason: str) -> int:
        """Keep what is not yet being sent."""
        ...

    def release(self, fax: str) -> int:
        """Let what is held go on where it was; what is uncertain is looked up again, never simply sent."""
        ...

    def resend(self, fax: str) -> int:
        """Send what ended or is held once more."""
        ...

    def cancel(self, fax: str) -> int:
        """Do not send it; what the provider has already is asked to stop."""
        ...

    def mark_sent(self, fax: str) -> int:
        """A person found out that a held fax was sent."""
        ...


@dataclass(frozen=True, slots=True)
class Filter:
    """Which faxes to list; everything that is None does not matter."""

    direction: str | None = None
    """`out` or `in`."""
    states: tuple[str, ...] = ()
    number: str | None = None
    """Part of a number."""
    folder: str | None = None
    account: str | None = None
    name: str | None = None
    """Part of a file name."""
    since: datetime | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list: a recipient of an outbound fax, or an inbound fax."""

    fax_id: FaxId
    direction: str
    recipient: int
    state: str
    at: datetime
    """When the fax was accepted or first seen."""
    updated: datetime
    number: str | None
    """The other side's number."""
    name: str
    """File name (out) or line (in)."""
    account: str | None
    pages: int | None
    reason: str | None
    folder: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a fax."""

    at: datetime
    subject: str
    """`recipient 1`, `report`, `fax`, `delivery SINK`."""
    event: str
    source: str | None
    target: str
    node: str
    note: str | None


@dataclass(frozen=True, slots=True)
class Life:
    """Everything about one fax."""

    fax_id: FaxId
    direction: str
    facts: Mapping[str, Any]
    """Plain values, ready for JSON."""
    events: tuple[Event, ...]


class HistoryJournal(Protocol):
    """Reading, for people.  Works on a journal that another process writes."""

    def find(self, query: Filter) -> list[Row]:
        """Newest first."""
        ...

    def life(self, fax: str) -> Life:
        """By id or an unambiguous beginning of one; `UserError` when there is none or more than one."""
        ...

    def counts(self) -> Mapping[str, int]:
        """Live items by state: `out.ready`, `in.seen`, ...; finished ones are not counted."""
        ...


class Journal(
    OutboundJournal, KeepJournal, InboundJournal, PushJournal, AccountJournal, OperatorJournal, HistoryJournal, Protocol
):
    """All of it; a stage asks only for the part that it uses."""

    def close(self) -> None:
        """Finish what is queued and give up the database."""
        ...
