"""One FAX.de account: the calls.  What they mean is in the package's page."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.provider import (
    Ambiguous,
    Answer,
    Cancelled,
    Capabilities,
    Content,
    Duplicates,
    Find,
    JobStatus,
    Lookup,
    NotNow,
    Progress,
    Refused,
    Unknown,
)
from faxdaemon.core.errors import FilesError, ItemGone, NotSent, OutcomeUnknown, ProviderTrouble
from faxdaemon.core.model import Listed, Submission
from faxdaemon.providers.faxde import answers, orders, protocols
from faxdaemon.providers.faxde.services import Services
from faxdaemon.providers.faxde.wire import Told, Wire, moment
from faxdaemon.xmlsafe import Node

CAPABILITIES = Capabilities(
    reference_length=orders.REFERENCE,
    duplicates=Duplicates.REFUSES,
    find=Find.NOT,
    status_batch=1,
    retries_itself=True,
    can_cancel=True,
    head_of_queue_inbox=True,
    suffixes=frozenset({*orders.SUFFIXES, orders.TEXT}),
    documents=orders.FILES,
    only_first=frozenset({orders.TEXT}),
    wishes=orders.WISHES,
)

_GONE = "FAX.de no longer shows this received fax"


@dataclass(frozen=True, slots=True)
class FaxDe(Services):
    """See the package."""

    wire: Wire
    wishes: Mapping[str, str] = field(repr=False)  # the call-back's address opens a door
    """The account's sending options, by our names."""
    window: float
    clock: Clock
    capabilities: Capabilities = field(default=CAPABILITIES, init=False)

    # -- sending

    def submit(self, submission: Submission, contents: Sequence[Content]) -> Answer:
        """`SendJob`."""
        if self._too_late(submission):
            return Refused(
                "an earlier attempt got no answer, and FAX.de may no longer recognise a double, so it was not sent "
                "again; FAX.de's own list of jobs tells whether it was taken"
            )
        try:
            parameters = orders.parameters(submission, contents, self.wishes)
        except orders.Unfit as error:
            return Refused(str(error))
        except (OSError, FilesError) as error:
            return NotNow(f"the document cannot be read ({type(error).__name__})")
        try:
            told = self.wire.call("SendJob", *parameters, fresh=True)
        except NotSent as error:
            return NotNow(f"FAX.de could not be reached: {error}")
        except OutcomeUnknown as error:
            return Unknown(str(error))
        token = orders.token_of(submission)
        return answers.taken(told, doubt=submission.doubt, is_ours=lambda job: self._may_be(job, token))

    def _too_late(self, submission: Submission) -> bool:
        """Whether a repeat could be sent a second time: FAX.de remembers a job for some time only."""
        if not submission.doubt or submission.intended_at is None:
            return submission.doubt
        return (self.clock.now() - submission.intended_at).total_seconds() > self.window

    def _may_be(self, job: int, token: str) -> bool:
        """Whether a job can be the one with our reference; only the protocol of a job that has ended says that it is
        not."""
        try:
            told = self._job("JobStatus", str(job))
        except (NotSent, OutcomeUnknown):
            return True
        found = protocols.references(told) if told.code == 0 else set()
        return not found or token in found

    def find(self, submission: Submission) -> Lookup:  # noqa: ARG002 - the contract's form
        """`find` is NOT."""
        return Ambiguous("FAX.de offers no look-up; only the same request, sent again, shows whether it was taken")

    def status(self, provider_ids: Sequence[str]) -> list[JobStatus]:
        """`JobStatus`, one request a job."""
        return [self._status(job) for job in provider_ids]

    def _status(self, job: str) -> JobStatus:
        gone = JobStatus(job, Progress.UNKNOWN_JOB, "FAX.de does not know the job (any more)")
        if not _id(job):
            return gone
        told = self._job("JobStatus", job)
        code = answers.read(told, (0, 5, 6))
        if code == 6:
            return JobStatus(job, Progress.PENDING, "in progress")
        return gone if code == 5 else protocols.finished(job, told)

    def cancel(self, provider_id: str) -> Cancelled:
        """`CancelJob`."""
        if not _id(provider_id):
            return Cancelled.TOO_LATE
        code = answers.read(self._job("CancelJob", provider_id), (0, 1, -2), answers.CANCEL_ACCESS)
        return Cancelled.TOO_LATE if code else Cancelled.DONE

    # -- receiving

    def inbox(self) -> list[Listed]:
        """`RequestReceived`, whose document is passed over: the first fax, or none."""
        told = self.wire.download("RequestReceived", "FaxImage", lambda _results, _piece: None)
        if answers.read(told, (0, 5)) == 5:
            return []
        return [_listed(told)]

    def fetch(self, listed: Listed, write: Callable[[bytes], object]) -> None:
        """`RequestReceived` once more: it gives the first fax, whichever that is."""
        passed = 0

        def take(results: Node | None, piece: bytes) -> None:
            nonlocal passed
            before = Told(200, results)  # those after the document are judged at the end
            if before.code in (None, 0) and before.text("FaxId") in ("", listed.provider_id):
                passed += len(piece)
                write(piece)

        told = self.wire.download("RequestReceived", "FaxImage", take)
        if answers.read(told, (0, 5)) == 5:
            raise ItemGone(_GONE)
        first = _fax_id(told)
        if first != listed.provider_id:
            if _id(listed.provider_id) and int(first) < int(listed.provider_id):
                raise ProviderTrouble("FAX.de shows an older received fax first, which must be dealt with before")
            raise ItemGone(f"{_GONE}; it shows another one")
        if not passed:
            raise ProviderTrouble("FAX.de gave no document with the received fax")

    def acknowledge(self, listed: Listed) -> None:
        """`DeleteReceived`; what is gone already is done."""
        told = self.wire.call("DeleteReceived", ("FaxId", "long", listed.provider_id))
        answers.read(told, (0, 5))

    # -- the rest

    def check(self) -> str:
        """`JobStatus` of a job that cannot be: the smallest request that needs credentials and changes nothing."""
        answers.read(self._job("JobStatus", "0"), (0, 5, 6))
        return "FAX.de accepts these credentials"

    def close(self) -> None:
        """Give up connections."""
        self.wire.http.close()

    def _job(self, method: str, job: str) -> Told:
        return self.wire.call(method, ("JobId", "int", job))


def _id(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,18}", text) is not None


def _fax_id(told: Told) -> str:
    number = told.number("FaxId")
    if number is None:
        raise ProviderTrouble("FAX.de gave a received fax without an id")
    return str(number)


def _listed(told: Told) -> Listed:
    names = ("FaxId", "CalledNumber", "ReceiveDate", "Originator", "RemoteId", "Pages")
    metadata = {name: told.text(name) for name in names}
    pages = told.number("Pages")
    return Listed(
        provider_id=_fax_id(told),
        called=_number(metadata["CalledNumber"]),
        caller=_number(metadata["Originator"]),
        csid=metadata["RemoteId"] or None,
        received_at=moment(metadata["ReceiveDate"]),
        pages=pages if pages and pages > 0 else None,
        metadata=metadata,
    )


def _number(text: str) -> str | None:
    """A number as a German network writes it, in E.164; what is none as it is; None when withheld."""
    digits = re.sub(r"[\s()./-]", "", text)
    if match := re.fullmatch(r"(?:\+|00)([1-9][0-9]{5,14})", digits):
        return f"+{match[1]}"
    if match := re.fullmatch(r"0([1-9][0-9]{3,13})", digits):
        return f"+49{match[1]}"
    if re.fullmatch(r"49[1-9][0-9]{5,12}", digits):
        return f"+{digits}"
    return text.strip() if digits and digits.lower() not in {"anonymous", "unknown", "unbekannt"} else None
