"""What differs between a provider's list of jobs and the journal: the judgement, without asking anybody.

Promise   nothing is told of what agrees, of what is under way, of what changed a moment ago, or of jobs that carry no
          reference of ours.  What is told is told with what a person can do about it; nothing is ever sent, or held to
          be sent, because of it.
Needs     a listing that is older than the journal's rows: a job that ends meanwhile must not look like a difference.
Crash     keeps nothing.

Jobs are known by the provider's id first, for what was accepted once stays known for ever (table `job`), then by our
reference.  How often the provider calls one recipient sent is compared with how often the journal does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from faxdaemon.contracts.audit import ListedJob
from faxdaemon.contracts.journal.audit import Owner, Recorded
from faxdaemon.contracts.provider import Progress
from faxdaemon.core import ids
from faxdaemon.core.ids import FaxId
from faxdaemon.core.numbers import masked
from faxdaemon.core.states import AT_REST, Outbound


class Kind(StrEnum):
    """What can differ."""

    UNKNOWN = "unknown"
    """A job with a reference in our manner of which the journal knows nothing."""
    SENT_THERE = "sent_there"
    """Not sent by the journal, and sent by the provider."""
    SENT_TWICE = "sent_twice"
    """Sent more often by the provider than by the journal."""
    UNDER_WAY_THERE = "under_way_there"
    """At an end here, and not there."""
    FAILED_THERE = "failed_there"
    """The journal holds it as sent, or for a person, and the provider says that it failed."""
    MISSING_THERE = "missing_there"
    """Sent by the journal, and not in the provider's list."""
    RECEIVED_UNKNOWN = "received_unknown"
    """A received fax of which the journal knew nothing; it is fetched."""
    RECEIVED_GONE = "received_gone"
    """A received fax that was listed, was never fetched, and is not listed any more."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference."""

    kind: Kind
    account: str
    fax_id: FaxId | None
    recipient: int | None
    provider_id: str | None
    number: str | None
    """Masked."""
    text: str
    """What differs, and what to do, for people; it names no whole number."""

    def plain(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


Key = tuple[FaxId, int]
"""Fax and recipient."""
Of = tuple[ListedJob, int]
"""A job, and the submission that it is of."""


class Books:
    """The journal's side of one comparison."""

    def __init__(self, rows: Iterable[Recorded], length: int) -> None:
        self.rows: dict[Key, Recorded] = {}
        self.length = length
        self._by_id: dict[str, Owner] = {}
        self._by_reference: dict[str, Owner] = {}
        self.add(rows)

    def add(self, rows: Iterable[Recorded]) -> None:
        """More of it."""
        for row in rows:
            key = row.fax_id, row.recipient
            self.rows[key] = row
            if row.provider_id is not None:
                self._by_id[row.provider_id] = (*key, row.submission)
            for submission in range(1, row.submission + 1) if self.length else ():
                token = ids.token(ids.reference(*key, submission), self.length)
                self._by_reference[token] = (*key, submission)

    def owner_of(self, job: ListedJob, owners: Mapping[str, Owner]) -> Owner | None:
        """Whose job it is; None when the journal does not know."""
        if job.provider_id in owners:
            return owners[job.provider_id]
        return self._by_id.get(job.provider_id) or self._by_reference.get(job.reference or "")


@dataclass(frozen=True, slots=True)
class Sorted:
    """The jobs of a listing."""

    ours: Mapping[Key, Sequence[Of]]
    unknown: Sequence[ListedJob]
    """They look like ours, and the journal does not know them."""
    others: int
    """Somebody else's."""


def sort(jobs: Iterable[ListedJob], books: Books, owners: Mapping[str, Owner]) -> Sorted:
    """The jobs by recipient."""
    ours: dict[Key, list[Of]] = defaultdict(list)
    unknown, others = [], 0
    for job in jobs:
        owner = books.owner_of(job, owners)
        if owner is not None:
            ours[owner[:2]].append((job, owner[2]))
        elif job.reference is not None and ids.is_token(job.reference, books.length):
            unknown.append(job)
        else:
            others += 1
    return Sorted(ours, unknown, others)


def at_rest(row: Recorded, before: datetime) -> bool:
    """Whether the journal has come to an end with it, before that moment."""
    return row.state in AT_REST and row.updated_at <= before


def judged(account: str, row: Recorded, jobs: Sequence[Of], times_sent: int) -> Finding | None:
    """What differs about one recipient at rest, whose jobs these are, and which the journal called sent so often."""
    sent = [job for job, _ in jobs if job.progress is Progress.SENT]
    pending = [job for job, _ in jobs if job.progress is Progress.PENDING]
    last = [job for job, submission in jobs if submission == row.submission]
    failed = [job for job in last if job.progress in {Progress.FAILED, Progress.CANCELLED}]
    here = row.state.value
    if len(sent) > times_sent:
        if times_sent or row.state is Outbound.SENT:
            advice = f"it was sent {times_sent or 1} times by the journal and {len(sent)} times by the provider"
            return _about(Kind.SENT_TWICE, account, row, sent[-1], advice)
        advice = f"`faxdaemon sent {row.fax_id}` if that is right" if row.state is Outbound.HELD else _DO_NOT
        return _about(Kind.SENT_THERE, account, row, sent[-1], f"it is {here} here, and the provider sent it; {advice}")
    if row.state is not Outbound.SENT and pending:
        words = f"it is {here} here, and the provider is still at it; look again before you send it once more"
        return _about(Kind.UNDER_WAY_THERE, account, row, pending[-1], words)
    if row.state is Outbound.HELD and failed:
        words = f"it is held here, and the provider says that it failed; `faxdaemon resend {row.fax_id}` sends it"
        return _about(Kind.FAILED_THERE, account, row, failed[-1], words)
    if row.state is Outbound.SENT and failed and not sent and not pending:
        words = f"it is sent here, and the provider says that it failed; `faxdaemon resend {row.fax_id}` sends it again"
        return _about(Kind.FAILED_THERE, account, row, failed[-1], words)
    return None


_DO_NOT = "it has arrived: do not send it again"


def missing(account: str, row: Recorded) -> Finding:
    """It was sent, and the list does not have it."""
    words = (
        "it is sent here, and the provider does not list its job; unless somebody cleared it there, ask the provider"
    )
    return _about(Kind.MISSING_THERE, account, row, None, words)


def unknown(account: str, job: ListedJob) -> Finding:
    """It looks like ours, and the journal does not know it."""
    words = (
        "the provider has a job with a reference in our manner that this journal does not know: sent by another "
        "faxdaemon, or before a journal was lost"
    )
    return Finding(Kind.UNKNOWN, account, None, None, job.provider_id, masked(job.number), words)


def _about(kind: Kind, account: str, row: Recorded, job: ListedJob | None, words: str) -> Finding:
    name = job.provider_id if job else row.provider_id
    return Finding(kind, account, row.fax_id, row.recipient, name, masked(row.number), words)
