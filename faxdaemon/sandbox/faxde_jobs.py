"""FAX.de: SendJob, JobStatus, CancelJob.

Where the document is silent the choice is ours: a double is a job of the same account with the same recipients,
documents and options as one that was not cancelled, within `faxde.duplicate_window` seconds (24 hours); its id is
returned with -77 unless `faxde.duplicate_id` is False; `faxde.reference_counts` False leaves reference and options out
of the comparison.  A cancelled job is not found any more.  Several recipients and RecipientFile are not authorised.
"""

from __future__ import annotations

import binascii
import csv
import io
import re
import threading
from collections.abc import Iterable, Mapping, MutableMapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from faxdaemon.sandbox import numbering
from faxdaemon.sandbox.faults import Fault, Play
from faxdaemon.sandbox.faxde_soap import Call, Misread, reply
from faxdaemon.sandbox.model import Job, LedgerEntry, Paper, SandboxAccount, job_number
from faxdaemon.sandbox.network import Network
from faxdaemon.sandbox.wire import Reply

JOB_TYPES: Mapping[int, str] = MappingProxyType({0: "FAX", 1: "SMS", 2: "mail", 3: "letter", 4: "letter", 8: "QSign"})
SUFFIXES = frozenset({".tif", ".tiff", ".bmp", ".html", ".htm", ".doc", ".xls", ".pdf"})
_LIMITS = {"STATURL": 128, "STATIONID": 20, "FAXHEADER": 30, "SMSFROM": 16}
_RECIPIENT = re.compile(r"\s*([^\[\],]+?)\s*(?:\[([^\]]*)\])?\s*")
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

    def send(self, call: Call, account: SandboxAccount, fault: Fault | None) -> Reply:
        """SendJob."""
        number, reference = recipient_of(call)
        if code := _refused(call, number):
            return reply("SendJob", code)
        options = options_of(call)
        papers = self._papers(call)
        if isinstance(papers, int):
            return reply("SendJob", papers)
        with self._guard:  # two equal requests at once make one job
            double = self._double(call, account, number, reference, papers)
            if double is not None:
                shown = job_number(double.job) if self._switches.get("faxde.duplicate_id", True) else 0
                return reply("SendJob", -77, JobId=shown)
            late = fault is not None and fault.play in {Play.ACCEPT_LATE, Play.INDEX_LATE}
            job = self._network.submit(
                account.name,
                number,
                papers,
                hidden_for=fault.seconds if fault and late else 0.0,
                login=account.username,
                recipname="",
                reference=reference,
                notify=options.get("STATURL"),
                notify_first=fault is not None and fault.play is Play.NOTIFY_EARLY,
                caller=options.get("CALLERID") or options.get("ISDNABS"),
                csid=options.get("STATIONID"),
                extra={"type": JOB_TYPES[call.number("JobType")]},
            )
            self._options[job.number] = call.text("Options")
        if job.notify_first:
            self._network.finish(job)
        return reply("SendJob", 0, JobId=job.number, RecipientsCount=1, PageCount=job.pages)

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
    ) -> LedgerEntry | None:
        since = datetime.now(UTC) - timedelta(seconds=self._switches.get("faxde.duplicate_window", 86_400))
        documents = tuple(paper.sha256 for paper in papers)
        exact = self._switches.get("faxde.reference_counts", True)
        for entry in self._network.books.ledger():
            same = (entry.direction, entry.account, entry.destination) == ("out", account.name, number)
            if not same or entry.documents != documents or entry.result == "stopped" or entry.accepted_at < since:
                continue
            options = self._options.get(job_number(entry.job) or 0, call.text("Options"))  # not kept over a restart
            if not exact or (entry.reference == reference and options == call.text("Options")):
                return entry
        return None

    def status(self, call: Call, account: SandboxAccount, fault: Fault | None) -> Reply:
        """JobStatus."""
        job = self._network.job(account.name, call.number("JobId"))
        if job and fault and fault.play is Play.PURGE:
            self._network.clear(job)
            job = None
        if job is None or job.result == "stopped":
            return reply("JobStatus", 5)
        if job.result is None:
            return reply("JobStatus", 6)
        csid = numbering.CSID if job.result == "success" else ""
        return reply(
            "JobStatus",
            0,
            SendResult=word(job),
            SendDateTime=job.ended_at,
            RemoteId=csid,
            StatusFile=_protocol(job, csid),
        )

    def cancel(self, call: Call, account: SandboxAccount, _fault: Fault | None) -> Reply:
        """CancelJob."""
        job = self._network.job(account.name, call.number("JobId"))
        if job is None:
            return reply("CancelJob", -2)
        return reply("CancelJob", 0 if self._network.stop(job) else 1)


def recipient_of(call: Call) -> tuple[str, str]:
    """Number (E.164) or address, and reference; empty when there is none."""
    match = _RECIPIENT.fullmatch(call.text("Recipient"))
    if not match:
        return "", ""
    return match[1] if "@" in match[1] else _number(match[1]), match[2] or ""


def _number(text: str) -> str:
    digits = re.sub(r"[\s()/.-]", "", text)
    digits = re.sub(r"^00", "+", digits)
    digits = re.sub(r"^0", "+49", digits)
    return digits if re.fullmatch(r"\+[1-9][0-9]{5,14}", digits) else ""


def _refused(call: Call, number: str) -> int:
    """The result for a request that is not taken at all; 0 for one that is."""
    kind = call.number("JobType")
    if kind not in JOB_TYPES or not call.text("JobType").strip():
        return 4
    if call.text("RecipientFile") or "," in call.text("Recipient"):
        return 1
    if not number or (kind in {2, 8}) != ("@" in number):
        return 8
    return 45 if number.startswith(_PREMIUM) else 0


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


def _protocol(job: Job, csid: str) -> bytes:
    out = io.StringIO(newline="")
    rows = csv.writer(out, quoting=csv.QUOTE_ALL)
    rows.writerow(["RECIPIENT", "JOBTYPE", "RESULT", "REMOTEID", "PAGES", "SENDDATETIME", "DURATION", "REFID"])
    ended = f"{job.ended_at:%Y-%m-%d %H:%M:%S}" if job.ended_at else ""
    kind = job.extra.get("type", "FAX")
    rows.writerow([job.destination, kind, word(job), csid, job.pages_sent, ended, duration(job), job.reference])
    return out.getvalue().encode()
