"""One Concord account: the calls of the contract.  What they mean is in the package's page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from faxdaemon.contracts.audit import SentListing
from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.provider import (
    Absent,
    Ambiguous,
    Answer,
    Cancelled,
    Capabilities,
    Content,
    Duplicates,
    Find,
    Found,
    JobStatus,
    Lookup,
    NotNow,
    Progress,
    Refused,
)
from faxdaemon.core import ids
from faxdaemon.core.errors import CredentialsRefused, FilesError, NotSent, OutcomeUnknown, ProviderTrouble
from faxdaemon.core.model import Listed, Submission
from faxdaemon.http import Http
from faxdaemon.providers import _batches
from faxdaemon.providers._statuses import LETS_NOBODY_IN
from faxdaemon.providers._words import shown
from faxdaemon.providers.concord import answers, listing, message, values
from faxdaemon.providers.concord.errors import UNKNOWN_JOB, Kind
from faxdaemon.providers.concord.inbound import Inbox
from faxdaemon.providers.concord.options import Options
from faxdaemon.providers.concord.reports import Reporting
from faxdaemon.providers.concord.services import Services
from faxdaemon.providers.concord.talk import SETTINGS, Talk

REFERENCE = 32
"""Characters of our reference; the service names no limit, and other fields of the kind end at 32 or more."""

CAPABILITIES = Capabilities(
    reference_length=REFERENCE,
    duplicates=Duplicates.SENDS,
    find=Find.BY_REFERENCE,
    status_batch=1000,  # advised by the getting-started guide; there is no limit
    retries_itself=True,
    can_cancel=True,
    head_of_queue_inbox=False,
    suffixes=frozenset(values.FILE_TYPES),
    wishes=message.WISHES,
)

_PROGRESS: Mapping[int | None, Progress] = {1: Progress.SENT, 2: Progress.FAILED, 3: Progress.PENDING}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Concord(Services):
    """See the package."""

    options: Options
    talk: Talk
    received: Inbox
    reporting: Reporting | None
    http: Http
    clock: Clock
    capabilities: Capabilities = CAPABILITIES

    # -- sending

    def submit(self, submission: Submission, contents: Sequence[Content]) -> Answer:
        """`SendFaxEx`, one recipient, with our reference."""
        reference = ids.token(submission.reference, REFERENCE)
        try:
            fields = message.single(self.options, submission, reference, contents, self.clock.now())
        except message.Unfit as error:
            return Refused(str(error))
        except (OSError, FilesError) as error:
            return NotNow(f"the document cannot be read ({type(error).__name__})")
        try:
            spoken = self.talk.voice.ask("SendFaxEx", {**self.talk.who, **fields}, tracking=reference, fresh=True)
        except (NotSent, OutcomeUnknown, ProviderTrouble) as error:
            return answers.unanswered(error)
        return answers.taken(spoken, self.talk)

    def find(self, submission: Submission) -> Lookup:
        """The status of `JRI-<reference>`."""
        reference = ids.token(submission.reference, REFERENCE)
        name = f"JRI-{reference}"
        kind, said = self.talk.ask(self.options.status, {"FaxJobIds": [{"JobId": name}]}, expected=(Kind.UNKNOWN_JOB,))
        if kind is Kind.UNKNOWN_JOB:
            return Absent()
        entries = values.items(said.get("FaxStatusList"))
        jobs = [entry for entry in entries if not self._unknown(entry)]
        if not jobs:
            if not entries:  # an answer about nothing says nothing
                raise ProviderTrouble("Concord answered a question about one job with none")
            return Absent()
        if any(not self._ours(entry, submission, reference) for entry in jobs):
            return Ambiguous("Concord shows another fax under our reference")
        if len(jobs) > 1:  # a repeat of an unclear submission was taken as well; nothing can undo that
            log.error("concord.doubled", fax=submission.fax_id, jobs=len(jobs))
        return Found(values.said(jobs[0].get("FaxJobId")) or name)

    def _ours(self, entry: Mapping[str, Any], submission: Submission, reference: str) -> bool:
        shown = values.said(entry.get("ReferenceId"))
        same = not shown or shown.lower() == reference.lower()
        return same and values.same_number(entry.get("FaxNumber"), submission.number)

    def status(self, provider_ids: Sequence[str]) -> list[JobStatus]:
        """One request for all.  -5019 comes before the status: such a job counts as failed, too."""
        return _batches.statuses(provider_ids, self._statuses, _gone, self.clock)

    def _statuses(self, provider_ids: Sequence[str]) -> list[JobStatus] | None:
        """None when the answer as a whole says that a job is not known; which of them, it does not tell."""
        asked = [{"JobId": job} for job in provider_ids]
        kind, said = self.talk.ask(self.options.status, {"FaxJobIds": asked}, expected=(Kind.UNKNOWN_JOB,))
        if kind is Kind.UNKNOWN_JOB:
            return None
        entries = values.items(said.get("FaxStatusList"))
        if not entries:
            raise ProviderTrouble("Concord's list of statuses is empty or could not be read")
        known = _by_job(provider_ids, entries)
        return [self._status(job, known[job]) for job in provider_ids if job in known]

    def _unknown(self, entry: Mapping[str, Any]) -> bool:
        return self.talk.errors.kind(_error(entry)) is Kind.UNKNOWN_JOB

    def _status(self, job: str, entry: Mapping[str, Any]) -> JobStatus:
        if self._unknown(entry):
            return _gone(job)
        progress = _progress(entry)
        over = progress is not Progress.PENDING
        error = entry.get("Error")
        why = values.said(error.get("ErrorString")) if isinstance(error, Mapping) and _error(entry) else ""
        pages = values.whole(entry.get("RecipientCurrentPageCount"))
        return JobStatus(
            provider_id=job,
            progress=progress,
            text=shown((why if progress is Progress.FAILED else "") or values.said(entry.get("StatusDescription"))),
            pages=pages if over else None,
            ended_at=values.moment(entry.get("FaxDeliveryDateTime"), ZoneInfo(self.options.timezone)) if over else None,
            duration_s=values.whole(entry.get("FaxDeliveryDuration")) if over else None,
            remote_csid=shown(values.said(entry.get("RemoteFaxCSID"))) or None,
        )

    def sent_between(self, since: datetime, until: datetime) -> SentListing:
        """`ListOutboundActivity`, and the status of each job in it."""
        if self.reporting is None:
            raise ProviderTrouble("activity reports need `reports` in the account's settings")
        zone = ZoneInfo(self.options.timezone)
        return listing.sent(self.reporting, self._shown, _progress, since=since, until=until, zone=zone)

    def _shown(self, jobs: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """What the service shows of each job that it knows."""
        shown: dict[str, Mapping[str, Any]] = {}
        size = self.capabilities.status_batch
        for start in range(0, len(jobs), size):
            some = jobs[start : start + size]
            asked = {"FaxJobIds": [{"JobId": job} for job in some]}
            kind, said = self.talk.ask(self.options.status, asked, expected=(Kind.UNKNOWN_JOB,))
            if kind is not None:
                continue  # it says that one of them is not known, and tells of none
            known = _by_job(some, values.items(said.get("FaxStatusList")))
            shown.update({job: entry for job, entry in known.items() if job in some and not self._unknown(entry)})
        return shown

    def cancel(self, provider_id: str) -> Cancelled:
        """`CancelFax`.  A refusal that is not the account's is a "too late": its numbers are not public."""
        expected = (Kind.UNKNOWN_JOB, Kind.REFUSED, Kind.UNCLASSIFIED)
        kind, _ = self.talk.ask("CancelFax", {"JobId": provider_id}, expected=expected)
        return Cancelled.TOO_LATE if kind else Cancelled.DONE

    # -- receiving

    def inbox(self) -> list[Listed]:
        """`GetInboundList`, and the particulars of what is new in it."""
        return self.received.listed()

    def fetch(self, listed: Listed, write: Callable[[bytes], object]) -> None:
        """`GetInboundByID`."""
        self.received.fetch(listed, write)

    def acknowledge(self, listed: Listed) -> None:
        """`RemoveInboundByID`."""
        self.received.remove(listed)

    # -- the rest

    def check(self) -> str:
        """`CheckService`, which needs nobody, then the account's settings, which need the credentials."""
        spoken = self.talk.voice.ask("CheckService", {})
        if spoken.reply.status in LETS_NOBODY_IN:
            raise CredentialsRefused(f"Concord answered HTTP {spoken.reply.status}: it does not let us in")
        if spoken.reply.status != 200 or spoken.fault or not (spoken.said or {}).get("return"):
            raise ProviderTrouble(f"Concord's CheckService could not be read (HTTP {spoken.reply.status})")
        kind, _ = self.talk.ask(SETTINGS, {}, expected=(Kind.UNCLASSIFIED,))
        if kind:
            raise CredentialsRefused("Concord's service is up, but it refuses to tell this account's settings")
        return "Concord accepts these credentials"

    def close(self) -> None:
        """Give up connections."""
        self.http.close()


def _by_job(provider_ids: Sequence[str], entries: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The entries by the id that was asked for.  One that was asked for as `JRI-...` may come under its job id: there
    is one entry for each question, in their order."""
    named = {values.said(entry.get("FaxJobId")): entry for entry in entries}
    if len(entries) == len(provider_ids):
        for job, entry in zip(provider_ids, entries, strict=True):
            name = values.said(entry.get("FaxJobId"))
            if job not in named and (not name or (job.startswith("JRI-") and name not in provider_ids)):
                named[job] = entry
    return named


def _progress(entry: Mapping[str, Any]) -> Progress:
    return _PROGRESS.get(values.whole(entry.get("FaxJobStatusId")), Progress.PENDING)


def _error(entry: Mapping[str, Any]) -> int:
    error = entry.get("Error")
    return (values.whole(error.get("ErrorCode")) or 0) if isinstance(error, Mapping) else 0


def _gone(job: str) -> JobStatus:
    return JobStatus(job, Progress.UNKNOWN_JOB, f"Concord does not know the job (error {UNKNOWN_JOB})")
