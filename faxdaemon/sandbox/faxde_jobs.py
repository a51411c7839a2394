"""FAX.de: SendJob, JobStatus, CancelJob.

Where the document is silent the choice is ours: a double is a job of the same account with the same recipients,
documents and options as one that was not cancelled, within `faxde.duplicate_window` seconds (24 hours); its id is
returned with -77 unless `faxde.duplicate_id` is False; `faxde.reference_counts` False leaves reference and options out
of the comparison.  A cancelled job is not found any more.  Several recipients: see `faxde_several`.
"""

from __future__ import annotations

import binascii
import csv
import io
import re
import threading
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from faxdaemon.sandbox import numbering
from faxdaemon.sandbox.faults import Fault, Play
from faxdaemon.sandbox.faxde_several import Groups, Recipient, recipients_of
from faxdaemon.sandbox.faxde_soap import Call, Misread, reply
from faxdaemon.sandbox.model import Job, Paper, SandboxAccount, job_number
from faxdaemon.sandbox.network import Network
from faxdaemon.sandbox.wire import Reply

JOB_TYPES: Mapping[int, str] = MappingProxyType({0: "FAX", 1: "SMS", 2: "mail", 3: "letter", 4: "letter", 8: "QSign"})
SUFFIXES = frozenset({".tif", ".tiff", ".bmp", ".html", ".htm", ".doc", ".xls", ".pdf"})
_LIMITS = {"STATURL": 128, "STATIONID": 20, "FAXHEADER": 30, "SMSFROM": 16}
_PREMIUM = ("+49900", "+49137", "+49118")

#: What FAX.de calls an end, by the network's words.
WORDS: Mapping[str, str] = MappingProxyType(
    {
        "Success": "OK",
        "Busy": "Busy",
        "No Answer": "No Answer",
        "No Fax Device: voice answered": "Voice",
        "Number not in service": "No Service",
        "Communication failure after page 1": "Send-Fail",
    }
)


class Jobs:
    """The sending half of the dialect."""

    def __init__(self, network: Network, switches: MutableMapping[str, Any]) -> None:
        self._network = network
        self._switches = switches
        self._guard = threading.Lock()
        self._options: dict[int, str] = {}
        self._groups = Groups()

    def send(self, call: Call, account: SandboxAccount, fault: Fault | None) -> Reply:
        """SendJob."""
        wanted = [(_destination(name), reference) for name, reference in recipients_of(call)]
        several = len(wanted) > 1
        if several and not self._switches.get("faxde.several", True):
            return reply("SendJob", 1)
        wanted = [one for one in wanted if one[0]] if several else wanted
        if code := _refused(call, [number for number, _ in wanted]):
            return reply("SendJob", code)
        papers = self._papers(call)
        if isinstance(papers, int):
            return reply("SendJob", papers)
        key = (account.name, tuple(wanted), tuple(paper.sha256 for paper in papers), call.text("Options"))
        with self._guard:  # two equal requests at once make one job
            double = self._groups.double(key) if several else self._double(call, account, *wanted[0], papers)
            if double is not None:
                return reply("SendJob", -77, JobId=double if self._switches.get("faxde.duplicate_id", True) else 0)
            jobs = [self._taken(call, account, fault, recipient, papers) for recipient in wanted]
            if several:
                self._groups.add(key, jobs)
        for job in jobs:
            if job.notify_first:
                self._network.finish(job)
        return reply("SendJob", 0, JobId=jobs[0].number, RecipientsCount=len(jobs), PageCount=jobs[0].pages)

    def _taken(
        self,
        call: Call,
        account: SandboxAccount,
        fault: Fault | None,
        recipient: Recipient,
        papers: Sequence[Paper],
    ) -> Job:
        options = options_of(call)
        late = fault is not None and fault.play in {Play.ACCEPT_LATE, Play.INDEX_LATE}
        job = self._network.submit(
            account.name,
            recipient[0],
            papers,
            hidden_for=fault.seconds if fault and late else 0.0,
            login=account.username,
            recipname="",
            reference=recipient[1],
            notify=options.get("STATURL"),
            notify_first=fault is not None and fault.play is Play.NOTIFY_EARLY,
            caller=options.get("CALLERID") or options.get("ISDNABS"),
            csid=options.get("STATIONID"),
            extra={"type": JOB_TYPES[call.number("JobType")]},
        )
        self._options[job.number] = call.text("Options")
        return job

    def _papers(self, call: Call) -> list[Paper] | int:
        keep = self._network.papers.keep
        papers = [keep("text.txt", [call.text("SendText").encode()])] if call.text("SendText").strip() else []
        for n in "123":
            name = call.text(f"SendFilename{n}").strip()
            if not name and not call.text(f"SendFile{n}"):
                continue
            if name[name.rfind(".") :].lower() not in SUFFIXES:
                return -6
            try:
                paper = keep(name, call.document(f"SendFile{n}"))
            except binascii.Error:
                raise Misread(f"SendFile{n} is not base64") from None
            if not paper.size:
                return 15
            papers.append(paper)
        return papers or 75

    def _double(
        self, call: Call, account: SandboxAccount, number: str, reference: str, papers: Iterable[Paper]
    ) -> int | None:
        since = datetime.now(UTC) - timedelta(seconds=self._switches.get("faxde.duplicate_window", 86_400))
        documents = tuple(paper.sha256 for paper in papers)
        exact = self._switches.get("faxde.reference_counts", True)
        for entry in self._network.books.ledger():
            same = (entry.direction, entry.account, entry.destination) == ("out", account.name, number)
            if not same or entry.documents != documents or entry.result == "stopped" or entry.accepted_at < since:
                continue
            options = self._options.get(job_number(entry.job) or 0, call.text("Options"))  # not kept over a restart
            if not exact or (entry.reference == reference and options == call.text("Options")):
                return job_number(entry.job)
        return None

    def status(self, call: Call, account: SandboxAccount, fault: Fault | None) -> Reply:
        """JobStatus."""
        job = self._network.job(account.name, call.number("JobId"))
        if job and fault and fault.play is Play.PURGE:
            self._network.clear(job)
            job = None
        if job is None or job.result == "stopped":
            return reply("JobStatus", 5)
        jobs = self._groups.of(job)
        ended = [one.ended_at for one in jobs if one.result is not None and one.ended_at]
        if len(ended) < len(jobs):
            return reply("JobStatus", 6)
        return reply(
            "JobStatus",
            0,
            SendResult="multi" if len(jobs) > 1 else word(job),
            SendDateTime=max(ended),
            RemoteId="" if len(jobs) > 1 else _csid(job),
            StatusFile=_protocol(jobs),
        )

    def cancel(self, call: Call, account: SandboxAccount, _fault: Fault | None) -> Reply:
        """CancelJob."""
        job = self._network.job(account.name, call.number("JobId"))
        if job is None:
            return reply("CancelJob", -2)
        stopped = [self._network.stop(one) for one in self._groups.of(job)]
        return reply("CancelJob", 0 if any(stopped) else 1)


def recipient_of(call: Call) -> tuple[str, str]:
    """Number (E.164) or address of the first recipient, and its reference; empty when there is none."""
    name, reference = (recipients_of(call) or [("", "")])[0]
    return _destination(name), reference


def _destination(text: str) -> str:
    if "@" in text:
        return text
    digits = re.sub(r"[\s()/.-]", "", text)
    digits = re.sub(r"^00", "+", digits)
    digits = re.sub(r"^0", "+49", digits)
    return digits if re.fullmatch(r"\+[1-9][0-9]{5,14}", digits) else ""


def _refused(call: Call, numbers: Sequence[str]) -> int:
    """The result for a request that is not taken at all; 0 for one that is."""
    kind = call.number("JobType")
    if kind not in JOB_TYPES or not call.text("JobType").strip():
        return 4
    if not numbers or not all(number and (kind in {2, 8}) == ("@" in number) for number in numbers):
        return 8
    if len(numbers) > 1 and kind == 8:
        return 11
    return 45 if any(number.startswith(_PREMIUM) for number in numbers) else 0


def options_of(call: Call) -> dict[str, str]:
    """The options by name.  Raises `Misread` for one that is longer than documented."""
    found = {}
    for option in filter(None, call.text("Options").split(";")):
        name, _, value = option.partition("=")
        if len(value) > _LIMITS.get(name, 1000):
            raise Misread(f"{name} is too long")
        found[name] = value
    return found


def word(job: Job) -> str:
    """How a job ended."""
    return WORDS.get(job.text, "Call failed")


def duration(job: Job) -> int:
    """Seconds that a job took."""
    return round(((job.ended_at or job.accepted_at) - job.accepted_at).total_seconds())


def _csid(job: Job) -> str:
    return numbering.CSID if job.result == "success" else ""


def _protocol(jobs: Sequence[Job]) -> bytes:
    out = io.StringIO(newline="")
    rows = csv.writer(out, quoting=csv.QUOTE_ALL)
    rows.writerow(["RECIPIENT", "JOBTYPE", "RESULT", "REMOTEID", "PAGES", "SENDDATETIME", "DURATION", "REFID"])
    for job in jobs:
        ended = f"{job.ended_at:%Y-%m-%d %H:%M:%S}" if job.ended_at else ""
        about = [job.destination, job.extra.get("type", "FAX"), word(job), _csid(job)]
        rows.writerow([*about, job.pages_sent, ended, duration(job), job.reference])
    return out.getvalue().encode()
