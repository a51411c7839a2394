"""A fax service, seen through the three answers that exist: accepted, refused, unknown.

A provider module decides *meaning* (what does its error 5 mean); it never decides *certainty*: whether a request that
failed may have arrived is told by the exceptions of the shared HTTP client (`NotSent`, `OutcomeUnknown`), and an
exception that nobody expected counts as unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import BinaryIO, Protocol

from faxdaemon.core.model import Listed, Submission


class Duplicates(Enum):
    """What the provider does with a second job under the same reference."""

    REFUSES = "refuses"
    SENDS = "sends"


class Find(Enum):
    """How a submission without an answer can be looked up."""

    BY_REFERENCE = "reference"
    """The provider indexes our reference: "not there" is believed after settling."""
    BY_MATCH = "match"
    """Only by matching its list of recent jobs; found is certain, "not there" is not, unless the site says so."""
    NOT = "no"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a provider can do, as data; the stages decide by this and by nothing else."""

    reference_length: int
    """Characters of our reference that it carries and gives back; 0 when none."""
    duplicates: Duplicates
    find: Find
    status_batch: int
    """Jobs in one status request."""
    retries_itself: bool
    """Whether it redials by itself; if not, a failed call becomes a new submission."""
    can_cancel: bool
    head_of_queue_inbox: bool
    """Whether the inbox shows one fax (or a few) at a time, so that one which is not acknowledged blocks the rest."""
    suffixes: frozenset[str]
    """File name suffixes it takes, lower case with dot."""
    documents: int | None = None
    """Documents in one fax, at most; more of them are made one PDF.  None where there is no limit."""
    only_first: frozenset[str] = frozenset()
    """Those of `suffixes` that it takes as the first document only."""
    regions: frozenset[str] | None = None
    """Country calling codes that it reaches, without `+`; None for all."""
    wishes: frozenset[str] = frozenset()
    """What it heeds of `core.wishes.VOCABULARY`, by name."""
    pictures: frozenset[str] = frozenset()
    """Which pictures of a sent fax it has, `image` and `transmittal`: what of `contracts.services.Images` works."""
    lists_sent: bool = False
    """Whether it lists the jobs that it took, as `contracts.audit.SentList` has it."""


@dataclass(frozen=True, slots=True)
class Content:
    """One document to hand over; `open` gives a fresh stream each time, so that nothing needs to fit into memory."""

    name: str
    size: int
    open: Callable[[], BinaryIO]


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider has it under this id."""

    provider_id: str


@dataclass(frozen=True, slots=True)
class NotNow:
    """Certainly not taken; the same request may be offered again later (or to another account)."""

    reason: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class AccountRefused:
    """Certainly not taken, and nothing will be until a person puts the account right."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Certainly not taken, and never will be."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have been taken."""

    reason: str


Answer = Accepted | NotNow | AccountRefused | Refused | Unknown


@dataclass(frozen=True, slots=True)
class Found:
    """The look-up found the submission."""

    provider_id: str


@dataclass(frozen=True, slots=True)
class Absent:
    """The look-up worked and the submission is not there (yet)."""


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """The look-up found something that may or may not be the submission."""

    reason: str


Lookup = Found | Absent | Ambiguous


class Progress(Enum):
    """What the provider says of a job."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN_JOB = "unknown job"


@dataclass(frozen=True, slots=True)
class JobStatus:
    """One job's status."""

    provider_id: str
    progress: Progress
    text: str
    """The provider's words, for people."""
    pages: int | None = None
    """Pages transmitted, where told."""
    ended_at: datetime | None = None
    duration_s: int | None = None
    remote_csid: str | None = None
    permanent: bool = False
    """For FAILED: trying the same number again is pointless."""


class Cancelled(Enum):
    """What came of a request to cancel."""

    DONE = "done"
    TOO_LATE = "too late"
    UNSUPPORTED = "unsupported"


class Provider(Protocol):
    """One account of a fax service.  Used by several threads at once."""

    @property
    def capabilities(self) -> Capabilities:
        """What this service can do."""
        ...

    def submit(self, submission: Submission, contents: Sequence[Content]) -> Answer:
        """Hand one fax over.  Raises nothing that is expected; what it does raise counts as unknown."""
        ...

    def find(self, submission: Submission) -> Lookup:
        """Look for a submission that got no answer.  Raises `ProviderTrouble`, `NotSent` or `OutcomeUnknown` when the
        look-up itself did not work."""
        ...

    def status(self, provider_ids: Sequence[str]) -> list[JobStatus]:
        """The status of up to `status_batch` jobs in one request; a job left out of the answer is `PENDING`.  Raises as
        `find` does."""
        ...

    def cancel(self, provider_id: str) -> Cancelled:
        """Ask to stop a job.  Raises as `find` does."""
        ...

    def inbox(self) -> list[Listed]:
        """What waits to be received, oldest first.  Raises as `find` does."""
        ...

    def fetch(self, listed: Listed, write: Callable[[bytes], object]) -> None:
        """Download one received fax, passing its bytes to `write` piece by piece.  Raises `ItemGone`, or as `find`."""
        ...

    def acknowledge(self, listed: Listed) -> None:
        """Tell the provider that the fax is safely ours; already gone is fine.  Raises as `find` does."""
        ...

    def check(self) -> str:
        """Try the credentials without changing anything; a line for people.  Raises as `find` does."""
        ...

    def close(self) -> None:
        """Give up connections."""
        ...
