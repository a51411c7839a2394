"""FAXAGE: sendfax, resend, status, dlstatus, dltrans, clear, stopfax."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC

from faxdaemon.documents.render import CannotRender
from faxdaemon.sandbox import numbering
from faxdaemon.sandbox.faults import Play
from faxdaemon.sandbox.model import Job, Paper
from faxdaemon.sandbox.network import picture
from faxdaemon.sandbox.wire import Reply, Request, text

_SUFFIXES = (
    "jpg jpeg pdf ps tif tiff doc dot docx odt rtf xls xlsx ods csv htm html bmp gif pcl txt"
    " png ppt pptx wps wpd"  # newer revisions
)
SUFFIXES = frozenset(f".{suffix}" for suffix in _SUFFIXES.split(" "))
NAME_LENGTH = 32
NO_JOBS = "ERR06: No jobs to display or job id specified not found"
_ADDRESS = re.compile(r"https?://[^/\s]+")
_CALLER = re.compile(r"1\.([0-9]{3})\.([0-9]{3})\.([0-9]{4})")


@dataclass(frozen=True, slots=True)
class Progress:
    """A job as FAXAGE words it."""

    short: str
    long: str
    tries: int


def progress(job: Job) -> Progress:
    """What FAXAGE says of a job now."""
    if job.result is not None:
        return Progress("success" if job.result == "success" else "failure", job.text, job.ending.tries)
    now = time.monotonic()
    if now < job.queued_m:
        return Progress("pending", "Waiting for conversion", 0)
    return Progress("pending", "In Queue", 0) if now < job.sends_m else Progress("pending", "Sending", 1)


def sendfax(request: Request) -> Reply:
    """Take a fax."""
    digits = request.form.text("faxno")
    refusal = _refused(digits)
    if refusal:
        return refusal
    papers = _papers(request) or _addressed(request)
    if not papers:
        return text("ERR03: No files to fax")
    return _accepted(request, digits, papers)


def _refused(digits: str) -> Reply | None:
    if not numbering.ten_digits(digits):
        return text("ERR04: Fax number appears to be invalid")
    return text(f"ERR05: {digits} is blocked") if numbering.blocked(digits) else None


def _papers(request: Request) -> list[Paper]:
    contents = request.form.array("faxfiledata")
    papers = []
    for index, field in sorted(request.form.array("faxfilenames").items()):
        name = field.text().strip()
        dot = name.rfind(".")
        if index in contents and dot >= 0 and name[dot:].lower() in SUFFIXES:
            paper = request.network.papers.keep(name, contents[index].base64())
            if paper.size:
                papers.append(paper)
    return papers


def _addressed(request: Request) -> list[Paper]:
    """URL mode: a page with the address stands for what is there."""
    form, papers = request.form, request.network.papers
    several = [field.text() for _, field in sorted(form.array("faxurls").items())]
    found = [url.strip() for url in several or [form.text("faxurl")] if _ADDRESS.match(url.strip())]
    return [papers.keep(f"{n}.pdf", [papers.sheet(f"What is at\n{url}\n")]) for n, url in enumerate(found, 1)]


def _accepted(request: Request, digits: str, papers: list[Paper]) -> Reply:
    form, fault = request.form, request.fault
    late = fault is not None and fault.play in {Play.ACCEPT_LATE, Play.INDEX_LATE}
    caller = _CALLER.fullmatch(form.text("tagnumber"))
    job = request.network.submit(
        request.account.name,
        f"+1{digits}",
        papers,
        hidden_for=fault.seconds if fault and late else 0.0,
        login=request.account.username,
        recipname=form.text("recipname")[:NAME_LENGTH],
        notify=form.text("url_notify") or None,
        notify_first=fault is not None and fault.play is Play.NOTIFY_EARLY,
        resolution="fine" if form.text("resolution") in {"1", "2"} else "standard",
        caller="+1" + "".join(caller.groups()) if caller else None,
        csid=form.text("tagname") or None,
    )
    if job.notify_first:
        request.network.finish(job)
    return text(f"JOBID: {job.number}")


def resend(request: Request) -> Reply:
    """Send the documents of a job once more, as a new one (later revision of the API)."""
    job = _job(request)
    if job is None:
        return text(NO_JOBS)
    if not all(paper.path.is_file() for paper in job.papers):
        return text("ERR40: File not found")
    digits = request.form.text("faxno") or job.destination[-10:]
    return _refused(digits) or _accepted(request, digits, list(job.papers))


def status(request: Request) -> Reply:
    """The records of one job, of several, or of all in a time window."""
    jobs = _asked(request)
    if request.fault and request.fault.play is Play.PURGE:
        for job in jobs:
            request.network.clear(job)
        jobs = []
    if not jobs:
        return text(NO_JOBS)
    return text("".join("\t".join(_record(request, job)) + "\n" for job in jobs))


def _asked(request: Request) -> list[Job]:
    form = request.form
    several = [field.text().strip() for _, field in sorted(form.array("jobids").items())]
    wanted = several or ([form.text("jobid")] if form.text("jobid") else [])
    if wanted:
        found = (request.network.job(request.account.name, int(n)) for n in wanted if n.isdigit())
        return [job for job in found if job]
    begin, end = request.moment("begin"), request.moment("end")
    if form.text("end") and end is None:
        return []  # a date that is none compares as the year 0
    jobs = (job for job in request.network.jobs(request.account.name))
    # The wire has whole seconds: a job of the second that is asked for belongs to it.
    whole = ((job, job.accepted_at.replace(microsecond=0)) for job in jobs)
    return [job for job, at in whole if (not begin or at >= begin) and (not end or at <= end)]


def _record(request: Request, job: Job) -> list[str]:
    form, now = request.form, progress(job)
    long = now.long
    if form.flag("extqueue") and now.short == "pending":
        long += f" Tries: {now.tries} Status: {now.long}"
    fields = [
        str(job.number),
        str(job.number + 700_000),
        job.recipname,
        job.destination[-10:],
        now.short,
        long,
        request.stamp(job.accepted_at),
        request.stamp(job.ended_at),
        xmittime(job),
    ]
    optional = {
        "pagecount": str(job.pages),
        "csid": numbering.CSID if job.result == "success" else "",
        "showlogin": job.login,
        "xmitpages": str(job.pages_sent),
    }
    return fields + [value for flag, value in optional.items() if form.flag(flag)]


def xmittime(job: Job) -> str:
    """The time of transmission, HH:MM:SS."""
    if job.ended_at is None or job.result == "stopped":
        return "00:00:00"
    seconds = round((job.ended_at.astimezone(UTC) - job.accepted_at).total_seconds())
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def notification(job: Job, request: Request) -> dict[str, str]:
    """The fields of the call-back when a job ends."""
    now = progress(job)
    return {
        "jobid": str(job.number),
        "commid": str(job.number + 700_000),
        "destname": job.recipname,
        "destnum": job.destination[-10:],
        "shortstatus": now.short,
        "longstatus": now.long,
        "sendtime": request.stamp(job.accepted_at),
        "completetime": request.stamp(job.ended_at),
        "xmittime": xmittime(job),
        "pagecount": str(job.pages),
        "xmitpages": str(job.pages_sent),
    }


def download(request: Request) -> Reply:
    """The image of a fax as it was sent (dlstatus)."""
    pdf = request.form.text("viewtype") == "pdf"
    return _image(request, lambda job: picture(request.network, job, "pdf" if pdf else "tiff"))


def transmittal(request: Request) -> Reply:
    """A page about a job (dltrans)."""

    def page(job: Job) -> bytes:
        words = "\n".join(f"{name}: {value}" for name, value in notification(job, request).items())
        return request.network.papers.sheet(f"Transmittal\n\n{words}\n")

    return _image(request, page)


def _image(request: Request, draw: Callable[[Job], bytes]) -> Reply:
    job = _job(request)
    if job is None:
        return text(NO_JOBS)
    if job.result is None and time.monotonic() < job.queued_m:
        return text("ERR24: File is not yet converted")
    if job.ending is numbering.UNCONVERTED or not all(paper.path.is_file() for paper in job.papers):
        return text("ERR25: File does not exist")
    try:
        return Reply(draw(job), content_type="application/octet-stream")
    except CannotRender:
        return text("ERR25: File does not exist")


def clear(request: Request) -> Reply:
    """Forget a job that has ended."""
    job = _job(request)
    if job is None or job.result is None:
        number = request.form.text("jobid")
        return text(
            f"ERR07: Job ID: {number} not found, does not belong to you or is pending and cannot be cleared yet"
        )
    request.network.clear(job)
    return text(f"Job ID: {job.number} cleared")


def stopfax(request: Request) -> Reply:
    """Stop a job that is not being sent yet."""
    number = request.form.text("jobid")
    if not number.isdigit():
        return text("ERR18: No jobid specified")
    job = _job(request)
    if job is None:
        return text("ERR19: JOB ID not found or does not belong to you")
    if job.result is not None:
        return text(f"ERR20: Job ID - {number} - is not In Queue")
    if request.network.stop(job):
        return text(f"Job ID - {number} - stopped")
    return text(f"ERR22: Job ID - {number} - is in transmission")


def _job(request: Request) -> Job | None:
    number = request.form.text("jobid")
    return request.network.job(request.account.name, int(number)) if number.isdigit() else None


OPERATIONS: Mapping[str, Callable[[Request], Reply]] = {
    "sendfax": sendfax,
    "resend": resend,
    "status": status,
    "dlstatus": download,
    "dltrans": transmittal,
    "clear": clear,
    "stopfax": stopfax,
}
