"""One FAXAGE account: the calls.  What they mean is in the package's page, what is said in `dialect`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from pydantic import SecretStr

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
    Unknown,
)
from faxdaemon.core import ids
from faxdaemon.core.errors import (
    FilesError,
    ItemGone,
    NotSent,
    OutcomeUnknown,
    ProviderTrouble,
)
from faxdaemon.core.model import Listed, Submission
from faxdaemon.core.numbers import masked
from faxdaemon.http import Http
from faxdaemon.providers import _batches
from faxdaemon.providers._documents import suffix
from faxdaemon.providers.faxage import answers, dialect, form
from faxdaemon.providers.faxage.services import FORM, Services

TOKEN = 12
RECIPNAME = 32
"""The longest recipient's name, token included."""
AROUND = timedelta(days=1)
"""How far before the attempt and after now jobs are looked for: wider than any mistake about the zone."""
LARGEST = 256 * 1024 * 1024
"""The longest received fax that is downloaded, in bytes."""

CAPABILITIES = Capabilities(
    reference_length=TOKEN,
    duplicates=Duplicates.SENDS,
    find=Find.BY_MATCH,
    status_batch=500,  # the service names no limit; PHP's default takes 1,000 fields of a form
    retries_itself=True,
    can_cancel=True,
    head_of_queue_inbox=False,
    suffixes=frozenset(
        {".jpg", ".jpeg", ".pdf", ".ps", ".tif", ".tiff", ".doc", ".dot", ".docx", ".odt", ".rtf", ".xls"}
        | {".xlsx", ".ods", ".csv", ".htm", ".html", ".bmp", ".gif", ".pcl", ".txt"}
    ),
    regions=frozenset({"1"}),
    wishes=frozenset({"resolution", "contrast", "priority", "sender_name", "sender_fax"}),
    pictures=frozenset({"image", "transmittal"}),
    lists_sent=True,
)

_RESOLUTION = {"fine": "1", "hyperfine": "2"}
_PRIORITY = {"high": "high", "normal": "high", "low": "low"}
_CONTRAST = {"normal": "1", "darker": "2"}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Identity:
    """The credentials of an account."""

    username: str
    company: str
    password: SecretStr

    def fields(self) -> list[tuple[str, str]]:
        """As form fields."""
        return [
            ("username", self.username),
            ("company", self.company),
            ("password", self.password.get_secret_value()),
        ]


@dataclass(frozen=True, slots=True)
class Sending:
    """An account's wishes for every fax."""

    tagname: str | None = None
    tagnumber: str | None = None
    resolution: str | None = None
    priority: str | None = None
    contrast: str | None = None
    notify: SecretStr | None = None
    """Where FAXAGE calls back."""

    def fields(self, wishes: Any) -> list[tuple[str, str]]:
        """As form fields; `wishes` are those of one fax and come first."""
        wanted = [
            ("tagname", wishes.get("sender_name") or self.tagname),
            ("tagnumber", form.tagnumber(wishes.get("sender_fax") or "") or self.tagnumber),
            ("resolution", _RESOLUTION.get(wishes.get("resolution") or self.resolution or "")),
            ("contrastalgo", _CONTRAST.get(wishes.get("contrast") or self.contrast or "")),
            ("priority", _PRIORITY.get(wishes.get("priority") or self.priority or "")),
            ("url_notify", self.notify.get_secret_value() if self.notify else None),
        ]
        return [(name, value) for name, value in wanted if value]


@dataclass(frozen=True, slots=True)
class Faxage(Services):
    """See the package."""

    url: str
    identity: Identity
    sending: Sending
    zone: ZoneInfo
    useronly: bool
    http: Http
    clock: Clock
    capabilities: Capabilities = field(default=CAPABILITIES, init=False)

    # -- sending

    def submit(self, submission: Submission, contents: Sequence[Content]) -> Answer:
        """`sendfax`."""
        if problem := _unfit(submission.number, contents):
            return Refused(problem)
        values = [
            *self.identity.fields(),
            ("operation", "sendfax"),
            ("recipname", recipname(submission)),
            ("faxno", submission.number[2:]),
            *self.sending.fields(submission.options),
        ]
        try:
            body = form.with_documents(values, contents)
        except (OSError, FilesError) as error:
            return NotNow(f"the document cannot be read ({type(error).__name__})")
        try:
            reply = self.http.send("POST", self.url, headers=FORM, content=body, fresh=True)
        except NotSent as error:
            return NotNow(f"FAXAGE could not be reached: {error}")
        except OutcomeUnknown as error:
            return Unknown(str(error))
        return answers.taken(reply)

    def find(self, submission: Submission) -> Lookup:
        """`status` of this user's jobs around the attempt, matched by the token."""
        attempt = submission.intended_at or submission.accepted_by
        jobs, unreadable, nothing = self._between(attempt, self.clock.now())
        token = ids.token(submission.reference, TOKEN)
        ours = sorted((job for job in jobs if token in job.destname.lower()), key=lambda job: int(job.job_id))
        if ours and any(job.destnum != submission.number[-10:] for job in ours):
            return Ambiguous("FAXAGE shows our token beside another number")
        if len(ours) > 1:  # a repeat of an unclear submission was taken as well; nothing can undo that
            log.error("faxage.doubled", fax=submission.fax_id, jobs=[job.job_id for job in ours])
        if ours:
            return Found(ours[0].job_id)
        if unreadable or not (nothing or jobs):
            raise ProviderTrouble("FAXAGE's list of jobs could not be read whole")
        return Absent()

    def sent_between(self, since: datetime, until: datetime) -> SentListing:
        """`status` of this user's jobs; ours are known by the token in the recipient's name."""
        jobs, unreadable, nothing = self._between(since, until)
        if not (nothing or jobs):
            raise ProviderTrouble("FAXAGE's list of jobs could not be read")
        return SentListing(tuple(map(dialect.listed, jobs)), whole=not unreadable)

    def _between(self, since: datetime, until: datetime) -> tuple[list[dialect.Job], int, bool]:
        """`status` of this user's jobs of some time: what could be read, how many could not, and whether FAXAGE says
        that there are none."""
        code, text = self._ask(
            "status",
            ("begin", dialect.told(since - AROUND, self.zone)),
            ("end", dialect.told(until + AROUND, self.zone)),
            ("useronly", "1"),
            ("pagecount", "1"),
            expected=(6,),
        )
        jobs, unreadable = ([], 0) if code else dialect.jobs(text, self.zone)
        return jobs, unreadable, bool(code)

    def status(self, provider_ids: Sequence[str]) -> list[JobStatus]:
        """`status` of these jobs; one that is not in a readable list is `UNKNOWN_JOB`.  Whether ERR06 means one of them
        or all, the document does not say."""
        return _batches.statuses(provider_ids, self._statuses, _gone, self.clock)

    def _statuses(self, provider_ids: Sequence[str]) -> list[JobStatus] | None:
        """None for ERR06."""
        code, text = self._ask(
            "status", *(("jobids[]", job) for job in provider_ids), ("pagecount", "1"), expected=(6,)
        )
        if code:
            return None
        jobs, unreadable = dialect.jobs(text, self.zone)
        if not jobs:
            raise ProviderTrouble("FAXAGE's list of jobs could not be read")
        known = {job.job_id: job.status for job in jobs}
        if unreadable:  # what is missing may be in what could not be read: left out, it is asked for again
            log.error("faxage.unreadable", operation="status", records=unreadable)
            return [known[job] for job in provider_ids if job in known]
        return [known.get(job) or _gone(job) for job in provider_ids]

    def cancel(self, provider_id: str) -> Cancelled:
        """`stopfax`: possible until the call begins."""
        code, text = self._ask("stopfax", ("jobid", provider_id), expected=(19, 20, 21, 22))
        if code:
            return Cancelled.TOO_LATE
        if "stopped" not in text.lower():
            raise ProviderTrouble("FAXAGE's answer to stopfax could not be read")
        return Cancelled.DONE

    # -- receiving

    def inbox(self) -> list[Listed]:
        """`listfax`, the whole list: a cursor would pass over what another user's rights hid for a while."""
        wanted = ("idasc", "starttime", "filename", "pagecount", *(["useronly"] if self.useronly else []))
        code, text = self._ask("listfax", *((name, "1") for name in wanted), expected=(11,))
        faxes, unreadable = ([], 0) if code else dialect.received(text, self.zone)
        if unreadable and faxes:
            log.error("faxage.unreadable", operation="listfax", records=unreadable)
        elif not code and not faxes:
            raise ProviderTrouble("FAXAGE's list of received faxes could not be read")
        return faxes

    def fetch(self, listed: Listed, write: Callable[[bytes], object]) -> None:
        """`getfax`.  An error comes as text in the document's place, under whatever content type."""
        out = answers.Sniffer(write)
        content = self._form("getfax", [("faxid", listed.provider_id)])
        reply = self.http.download(
            "POST", self.url, headers=FORM, content=content, write=out, wanted=out.wanted, limit=LARGEST
        )
        if answers.read(reply, out.finish() or reply.text, expected=(12,)):
            raise ItemGone(dialect.sentence(12))
        if not out.passed:
            raise ProviderTrouble("FAXAGE answered getfax with something else than a document")

    def acknowledge(self, listed: Listed) -> None:
        """`delfax`; what is gone already is done."""
        code, text = self._ask("delfax", ("faxid", listed.provider_id), expected=(14,))
        if not code and "deleted" not in text.lower():
            raise ProviderTrouble("FAXAGE's answer to delfax could not be read")

    # -- the rest

    def check(self) -> str:
        """`status` of the jobs of this second: the smallest request that needs credentials and changes nothing."""
        now = dialect.told(self.clock.now(), self.zone)
        code, text = self._ask("status", ("begin", now), ("end", now), ("useronly", "1"), expected=(6,))
        if not code and not dialect.jobs(text, self.zone)[0]:
            raise ProviderTrouble("what answers at this address is not FAXAGE")
        return "FAXAGE accepts these credentials"

    def close(self) -> None:
        """Give up connections."""
        self.http.close()

    def _form(self, operation: str, values: Iterable[tuple[str, str]]) -> bytes:
        return form.fields([*self.identity.fields(), ("operation", operation), *values])

    def _ask(self, operation: str, *values: tuple[str, str], expected: Sequence[int] = ()) -> tuple[int | None, str]:
        """A request that may be repeated: the `expected` error that it met, or None, and the text."""
        reply = self.http.send("POST", self.url, headers=FORM, content=self._form(operation, values))
        return answers.read(reply, reply.text, expected), reply.text


def _gone(job: str) -> JobStatus:
    words = "FAXAGE no longer lists the job; its record may have been cleared"
    return JobStatus(job, Progress.UNKNOWN_JOB, words)


def recipname(submission: Submission) -> str:
    """The recipient's name, cut, with the token behind it: `Dr. Smith [k3v9q2m7x0ab]`.

    Counted in bytes of UTF-8, because nobody says what the service counts: the token must never be what is cut off.
    """
    mark = f"[{ids.token(submission.reference, TOKEN)}]"
    room = RECIPNAME - len(mark) - 1
    kept = ""
    for letter in " ".join("".join(c if c.isprintable() else " " for c in submission.name or "").split()):
        room -= len(letter.encode())
        if room < 0:
            break
        kept += letter
    return f"{kept.strip()} {mark}".strip()


def _unfit(number: str, contents: Sequence[Content]) -> str | None:
    """Why FAXAGE could never take this, for people."""
    if not (number.startswith("+1") and len(number) == 12 and number[1:].isascii() and number[1:].isdigit()):
        return f"FAXAGE reaches only the US and Canada (+1 and ten digits), and {masked(number)} is elsewhere"
    if not contents:
        return "there is no document to fax"
    odd = {suffix(content.name) for content in contents} - CAPABILITIES.suffixes
    if odd:
        kind = next(iter(odd)) or "without a suffix"
        return f"FAXAGE does not take files {kind}; it takes {', '.join(sorted(CAPABILITIES.suffixes))}"
    return None
