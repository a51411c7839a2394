"""What FAXAGE says: error codes, status records, inbox records, times.  Text in, values out.

Promise   a record is read by the position of its documented fields; what cannot be read is counted, never guessed.
Needs     the zone in which the service writes its times.
Crash     keeps nothing.

Fields are separated by TAB, records by newline (observed by several public clients; the document's own marks were
lost). The same error number means other things in the service's other scripts, so each script has its own table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from types import MappingProxyType
from zoneinfo import ZoneInfo

from faxdaemon.contracts.audit import ListedJob
from faxdaemon.contracts.provider import JobStatus, Progress
from faxdaemon.core.model import Listed
from faxdaemon.providers._words import shown

#: By number, in words for people.  The service's own text is never shown: ERR08 echoes the whole request.
ERRORS = MappingProxyType(
    {
        1: "FAXAGE has trouble with its own database (ERR01)",
        2: "FAXAGE does not accept username, company or password, or the account is disabled (ERR02)",
        3: "FAXAGE found no document that it can fax (ERR03)",
        4: "FAXAGE says that this is not a ten-digit fax number (ERR04)",
        5: "FAXAGE does not dial this number: outside the US, Canada and Hawaii, or a blocked kind (ERR05)",
        6: "FAXAGE does not know the job (ERR06)",
        7: "FAXAGE cannot clear the job: it is unknown or not finished (ERR07)",
        8: "FAXAGE did not understand the request (ERR08); this is a bug of ours",
        11: "FAXAGE has no received faxes (ERR11)",
        12: "FAXAGE does not have this received fax (any more) (ERR12)",
        13: "FAXAGE cannot open the file of this received fax (ERR13)",
        14: "FAXAGE does not have this received fax (any more) (ERR14)",
        15: "FAXAGE could not enter the job into its own database (ERR15)",
        16: "FAXAGE says that this is not a ten-digit number (ERR16)",
        17: "FAXAGE does not know the number, or it is not the account's (ERR17)",
        18: "FAXAGE was given no job id (ERR18); this is a bug of ours",
        19: "FAXAGE does not know the job (ERR19)",
        20: "FAXAGE says that the job is no longer waiting (ERR20)",
        21: "FAXAGE does not find the job on its fax server (ERR21)",
        22: "FAXAGE is sending the job already (ERR22)",
        23: "FAXAGE failed to stop the job (ERR23)",
        24: "FAXAGE has not converted the document yet; ask again in a minute (ERR24)",
        25: "FAXAGE has no image of this fax (ERR25)",
        40: "FAXAGE no longer has the documents of this job (ERR40)",
    }
)
_ACCESS = {code: ERRORS[code] for code in (1, 2)}
#: Those of getcdr.php.
RECORDS_ERRORS = MappingProxyType(_ACCESS)
#: Those of provision.php.
PROVISION_ERRORS = MappingProxyType(
    {
        **_ACCESS,
        3: "FAXAGE does not know the operation (ERR03); this is a bug of ours",
        4: "FAXAGE says that this is not a ten-digit number (ERR04)",
        5: "FAXAGE cannot give this number, or it is not the account's (ERR05)",
    }
)
SCRIPTS = MappingProxyType({"httpsfax.php": ERRORS, "getcdr.php": RECORDS_ERRORS, "provision.php": PROVISION_ERRORS})
"""What the error numbers mean, by script."""

MOST = 20_000
"""Records that are read of one answer; what comes behind them is there again when these are done."""
_FIELDS = 15
_LONGEST_CALL = 86_400
"""Seconds; what is longer is no duration."""
"""More than any record has."""
_ERROR = re.compile(r"\s*ERR\s*(\d{1,6})", re.IGNORECASE)
_ACCEPTED = re.compile(r"\s*JOBID:\s*([0-9]{1,18})\s*", re.IGNORECASE)
_OURS = re.compile(r"\[([0-9a-hjkmnp-tv-z]{12})\]\s*$")
"""Our token behind a recipient's name, in lower case."""
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_PROGRESS = {"pending": Progress.PENDING, "success": Progress.SENT, "failure": Progress.FAILED}


def error_of(text: str) -> int | None:
    """The number of an `ERRnn` answer, or None when it is none."""
    match = _ERROR.match(text)
    return int(match[1]) if match else None


def sentence(code: int, script: str = "httpsfax.php") -> str:
    """An error for people."""
    return SCRIPTS[script].get(code, f"FAXAGE answered with an error that is not documented (ERR{code:02})")


def job_of(text: str) -> str | None:
    """The job id of an accepted `sendfax`: the whole answer must be `JOBID: n`."""
    match = _ACCEPTED.fullmatch(text)
    return match[1] if match else None


def told(moment: datetime, zone: ZoneInfo) -> str:
    """A time as the service reads it."""
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def moment_of(text: str, zone: ZoneInfo) -> datetime | None:
    """A time as the service writes it; None for zeros and whatever is none."""
    if not _TIME.fullmatch(text.strip()):
        return None
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d %H:%M:%S").replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):  # 0000-00-00: not over yet
        return None


@dataclass(frozen=True, slots=True)
class Job:
    """One status record."""

    job_id: str
    destname: str
    destnum: str
    """The last ten digits."""
    status: JobStatus
    sent: datetime | None = None
    """When it was taken."""


def listed(job: Job) -> ListedJob:
    """A record for reconciliation."""
    ours = _OURS.search(job.destname.lower())
    number = f"+1{job.destnum}" if len(job.destnum) == 10 else None
    return ListedJob(job.job_id, ours[1] if ours else None, job.status.progress, number, job.sent)


def jobs(text: str, zone: ZoneInfo) -> tuple[list[Job], int]:
    """The records of a `status` answer that was asked with `pagecount=1`, and how many could not be read.

    Nine fields have a documented place; of the optional ones the order is not known when there are several, so the page
    count is believed only as the tenth of ten.
    """
    found, unreadable = [], 0
    for record in _records(text):
        if len(record) < 9 or not _id(record[0]):
            unreadable += 1
            continue
        job_id, _commid, destname, destnum, short, long, sent, completed, lasted = record[:9]
        progress = _PROGRESS.get(short.strip().lower(), Progress.PENDING)
        pages = _count(record[9]) if len(record) == 10 and progress is Progress.SENT else None
        done = progress is not Progress.PENDING
        status = JobStatus(
            provider_id=job_id.strip(),
            progress=progress,
            text=shown(long) or shown(short),
            pages=pages,
            ended_at=moment_of(completed, zone) if done else None,
            duration_s=_duration(lasted) if done else None,
        )
        found.append(Job(job_id.strip(), destname, re.sub(r"\D", "", destnum)[-10:], status, moment_of(sent, zone)))
    return found, unreadable


def received(text: str, zone: ZoneInfo) -> tuple[list[Listed], int]:
    """The records of a `listfax` answer that was asked with `starttime`, `filename` and `pagecount`, in the order of
    their ids, and how many could not be read."""
    found, unreadable = [], 0
    for record in _records(text):
        if len(record) < 4 or not _id(record[0]):
            unreadable += 1
            continue
        names = ["recvid", "recvdate", "CID", "DNIS", "filename", "pagecount", "tsid"]
        if _TIME.fullmatch(record[2].strip()):
            names.insert(2, "starttime")
        metadata = dict(zip(names, (field.strip() for field in record), strict=False))
        received_at = moment_of(metadata["recvdate"], zone)
        found.append(
            Listed(
                provider_id=metadata["recvid"],
                called=_number(metadata["DNIS"]),
                caller=_number(metadata["CID"]),
                csid=metadata.get("tsid") or None,
                received_at=received_at,
                pages=_count(metadata.get("pagecount", "")),
                metadata=metadata,
                duration_s=_between(moment_of(metadata.get("starttime", ""), zone), received_at),
            )
        )
    return sorted(found, key=lambda listed: int(listed.provider_id)), unreadable


def _records(text: str) -> Iterator[list[str]]:
    # not splitlines: a name may hold one of Unicode's own line ends
    lines = (match[0].replace("\r", "") for match in re.finditer(r"[^\n]+", text))
    records = (line.split("\t", _FIELDS) for line in lines if line.strip())
    yield from islice(records, MOST)
    yield from islice(([] for _ in records), 1)  # the rest counts as one that cannot be read


def _id(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9]{1,18}", text.strip()))


def _count(text: str) -> int | None:
    return int(text) if _id(text) and len(text) < 7 else None


def _between(start: datetime | None, end: datetime | None) -> int | None:
    """Seconds from when the call came in until the fax was there."""
    lasted = round((end - start).total_seconds()) if start and end else -1
    return lasted if 0 <= lasted < _LONGEST_CALL else None


def _duration(text: str) -> int | None:
    match = re.fullmatch(r"(\d{1,6}):(\d\d):(\d\d)", text.strip())
    return int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3]) if match else None


def _number(text: str) -> str | None:
    """`(303)555-0100` as E.164; None when withheld; else the text."""
    digits = re.sub(r"[\s().-]", "", text)
    if re.fullmatch(r"[2-9]\d{9}", digits):
        return f"+1{digits}"
    return None if not digits or digits.lower() == "unavailable" else text
