"""Concord: sending, status, cancelling, broadcasts.

Where nobody public can tell, the choice is ours: error numbers other than -5019, delivery reasons as positive numbers,
RecipientState (0 queued, 1 dialling, 2 sending, 3 done, 4 failed), and by switches:

    concord.unknown        how an unknown id is answered: `item` (an entry with status 2 and -5019), or `false`
    concord.index_delay    seconds until `JRI-<ReferenceId>` finds a job that its id finds at once (0)
    concord.echo           whether the entry of a `JRI-...` is called so instead of by its job id (False)
"""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from datetime import UTC, datetime, tzinfo
from types import MappingProxyType
from typing import Any

from faxdaemon.sandbox import numbering
from faxdaemon.sandbox.concord_wire import Call
from faxdaemon.sandbox.faults import Fault, Play
from faxdaemon.sandbox.model import Job, Paper, SandboxAccount, job_number
from faxdaemon.sandbox.network import Network

STAMP = "%Y/%m/%d %H:%M:%S"
UNKNOWN, BAD_LOGIN = -5019, -5001
_SUFFIX: Mapping[int, str] = MappingProxyType(
    {1: ".tif", 2: ".tif", 100: ".doc", 101: ".pdf", 102: ".rtf", 103: ".xls", 104: ".ppt", 105: ".txt", 106: ".vsd"}
    | {107: ".gif", 108: ".jpg", 109: ".tif", 111: ".html", 112: ".mht", 120: ".png"}
)
_REASONS: Mapping[str, int] = MappingProxyType({"Busy": 1, "No Answer": 2, "Number not in service": 4})

Fields = dict[str, Any]
Method = Callable[[Call, SandboxAccount, Fault | None], Fields]


def error(code: int = 0, words: str = "") -> Fields:
    """A WSError."""
    return {"ErrorCode": code, "ErrorString": words}


def no(code: int, words: str) -> Fields:
    """A method's refusal."""
    return {"return": False, "WSError": error(code, words)}


class Sending:
    """The sending half of the dialect."""

    def __init__(self, network: Network, switches: MutableMapping[str, Any], zone: tzinfo) -> None:
        self._network = network
        self._switches = switches
        self._zone = zone
        self._broadcasts: dict[str, list[Job]] = {}
        self._numbers = itertools.count(1)
        statuses = ("GetFaxStatus", *(f"GetRealTimeFaxStatus{more}" for more in ("", "Ex", "Ex2", "Ex3")))
        self.methods: Mapping[str, Method] = {
            "SendFax": self.send,
            "SendFaxEx": self.send,
            "SimpleSendFax": self.simple,
            "SimpleGetFaxStatus": self.simple_status,
            "SendFaxBroadcast": self.broadcast,
            "CancelFax": self.cancel,
            "GetFaxBroadcastStatus": self.broadcast_status,
            "GetFaxBroadcastReport": self.broadcast_report,
            **dict.fromkeys(statuses, self.status),
        }

    # -- taking

    def send(self, call: Call, account: SandboxAccount, fault: Fault | None) -> Fields:
        """SendFax, SendFaxEx: one job for each recipient."""
        taken = self._taken(call, account, fault)
        if isinstance(taken, dict):
            return taken
        return {"return": True, "FaxJobIds": [{"JobId": job.id} for job in taken], "TTFP": 1, "WSError": error()}

    def _taken(self, call: Call, account: SandboxAccount, fault: Fault | None) -> list[Job] | Fields:
        recipients = [text(entry, "RecipFaxNumber") for entry in call.entries("Recipients")]
        if not recipients:
            return no(-5010, "No recipients")
        numbers = [e164(number) for number in recipients]
        if None in numbers:
            return no(-5011, "Invalid fax number")
        kinds = [text(entry, "FileTypeId") for entry in call.entries("FaxJobFiles")]
        if not kinds or len(kinds) != len(call.documents):
            return no(-5013, "No files")
        if any(not kind.isdigit() or int(kind) not in _SUFFIX for kind in kinds):
            return no(-5012, "Unsupported file type")
        papers = [
            self._network.papers.keep(f"{index}{_SUFFIX[int(kind)]}", document.blocks())
            for index, (kind, document) in enumerate(zip(kinds, call.documents, strict=True), 1)
        ]
        details = call.fields.get("JobDetails") or {}
        called = zip(numbers, call.entries("Recipients"), strict=True)
        return [
            self._submit(account, (number or "", text(who, "RecipName")), papers, {**who, **details}, fault)
            for number, who in called
        ]

    def _submit(
        self,
        account: SandboxAccount,
        called: tuple[str, str],
        papers: list[Paper],
        details: Mapping[str, Any],
        fault: Fault | None,
    ) -> Job:
        late = fault is not None and fault.play in {Play.ACCEPT_LATE, Play.INDEX_LATE}
        job = self._network.submit(
            account.name,
            called[0],
            papers,
            hidden_for=fault.seconds if fault and late else 0.0,
            login=account.username,
            recipname=called[1],
            reference=text(details, "ReferenceId"),
            resolution="standard" if text(details, "Resolution") == "Low" else "fine",
            csid=text(details, "SenderCSID") or None,
            notify_first=fault is not None and fault.play is Play.NOTIFY_EARLY,
            extra={"found_m": time.monotonic() + float(self._switches.get("concord.index_delay", 0)), **details},
        )
        if job.notify_first:
            self._network.finish(job)
        return job

    def simple(self, call: Call, account: SandboxAccount, fault: Fault | None) -> Fields:
        """SimpleSendFax: the job's id, or the number of an error."""
        number = e164(call.text("FaxNumber"))
        if number is None or not call.documents:
            return {"return": "-5011" if number is None else "-5013"}
        paper = self._network.papers.keep("1.tif", call.documents[0].blocks())
        return {"return": self._submit(account, (number, call.text("RecipientName")), [paper], {}, fault).id}

    def simple_status(self, call: Call, account: SandboxAccount, fault: Fault | None) -> Fields:  # noqa: ARG002 - the form of all methods
        """SimpleGetFaxStatus: a number."""
        jobs = self._found(account, call.text("JobId"))
        return {"return": _status(jobs[0], real=False)[0] if jobs else UNKNOWN}

    def broadcast(self, call: Call, account: SandboxAccount, fault: Fault | None) -> Fields:
        """SendFaxBroadcast: one id for all."""
        taken = self._taken(call, account, fault)
        if isinstance(taken, dict):
            return taken
        name = f"bb{next(self._numbers)}"
        self._broadcasts[name] = taken
        return {"return": True, "FaxJobId": name, "WSError": error()}

    # -- telling

    def status(self, call: Call, account: SandboxAccount, fault: Fault | None) -> Fields:
        """All five: each tells more than the one before."""
        wanted = [text(entry, "JobId") for entry in call.entries("FaxJobIds")]
        found = [(name, self._found(account, name)) for name in wanted]
        if fault and fault.play is Play.PURGE:
            for _, jobs in found:
                for job in jobs:
                    self._network.clear(job)
            found = [(name, []) for name, _ in found]
        if self._switches.get("concord.unknown") == "false" and not all(jobs for _, jobs in found):
            return no(UNKNOWN, "Invalid job id")
        level = call.operation.removeprefix("GetRealTimeFaxStatus").removeprefix("GetFaxStatus")
        real = call.operation.startswith("GetRealTime")
        told = [entry for name, jobs in found for entry in self._entries(name, jobs, level, real)]
        return {"return": True, "FaxStatusList": told, "WSError": error()}

    def _found(self, account: SandboxAccount, name: str) -> list[Job]:
        if name.startswith("JRI-"):
            now, wanted = time.monotonic(), name.removeprefix("JRI-").lower()
            jobs = (job for job in self._network.jobs(account.name) if job.reference.lower() == wanted)
            return [job for job in jobs if job.extra.get("found_m", 0.0) <= now]
        number = job_number(name) if re.fullmatch(r"br[0-9]+", name) else None
        job = self._network.job(account.name, number) if number else None
        return [job] if job else []

    def _entries(self, name: str, jobs: list[Job], level: str, real: bool) -> Iterator[Fields]:
        if not jobs:
            more, why = (self._details(None, level) if real else {}), error(UNKNOWN, "Invalid job id")
            yield {"FaxJobId": name, "FaxJobStatusId": 2, "StatusDescription": "Failure", **more, "Error": why}
        for job in jobs:
            shown = name if self._switches.get("concord.echo") else job.id
            number, words = _status(job, real=real)
            more = self._details(job, level) if real else {}
            why = error(_REASONS.get(job.text, 9), job.text) if number == 2 else error()
            yield {"FaxJobId": shown, "FaxJobStatusId": number, "StatusDescription": words, **more, "Error": why}

    def _details(self, job: Job | None, level: str) -> Fields:
        fields: Fields = {
            "RecipientState": 4 if job is None else _state(job),
            "RecipientCurrentPageCount": job.pages_sent if job else 0,
            "RecipientTotalPageCount": job.pages if job else 0,
        }
        if level >= "Ex":
            fields |= {
                "FaxDeliveryDateTime": self._stamp(job.ended_at if job else None),
                "FaxDeliveryDuration": _duration(job),
                "RemoteFaxCSID": numbering.CSID if job and job.result == "success" else "",
            }
        if level >= "Ex2":
            fields["ReferenceId"] = job.reference if job else ""
        if level >= "Ex3":
            fields |= {
                "FaxNumber": job.destination if job else "",
                "FaxSubmitDateTime": self._stamp(job.accepted_at if job else None),
                "FaxStartDateTime": self._stamp(job.accepted_at if job else None),
                "FaxDeliveryAttempts": job.ending.tries if job and job.result else 0,
            }
        return fields

    def broadcast_status(self, call: Call, account: SandboxAccount, fault: Fault | None) -> Fields:  # noqa: ARG002 - the form of all methods
        """GetFaxBroadcastStatus; the filters are heeded where they are not -1."""
        request = call.fields.get("request") or {}
        jobs = self._broadcasts.get(text(request, "JobId"))
        if jobs is None or any(job.account != account.name for job in jobs):
            return no(UNKNOWN, "Invalid job id")
        entries = [self._recipient(number, job, text(request, "JobId")) for number, job in enumerate(jobs, 1)]
        wanted = text(request, "RecipientStatus")
        kept = [entry for entry in entries if wanted in {"-1", str(entry["RecipientStatusId"])}]
        return {"return": True, "RecipientStatusList": kept, "WSError": error()}

    def _recipient(self, number: int, job: Job, name: str) -> Fields:
        status, words = _status(job, real=True)
        return {
            "FaxJobId": name,
            "RecipientId": number,
            "RecipientStatusId": status,
            "RecipientStatusDescription": words,
            "RecipientName": job.recipname,
            "RecipientCompanyName": "",
            "DeliveryAttempts": job.ending.tries if job.result else 0,
            "DeliveryDuration": _duration(job),
            "DeliverySpeed": 14400,
            "ReceiveCSID": numbering.CSID if job.result == "success" else "",
            "PageCount": job.pages_sent,
            "FaxNumber": job.destination,
            "StartDate": self._stamp(job.accepted_at),
            "EndDate": self._stamp(job.ended_at),
        }

    def broadcast_report(self, call: Call, account: SandboxAccount, fault: Fault | None) -> Fields:  # noqa: ARG002 - the form of all methods
        """GetFaxBroadcastReport: says that a report is sent."""
        known = call.text("JobId") in self._broadcasts
        return {"return": True, "WSError": error()} if known else no(UNKNOWN, "Invalid job id")

    def cancel(self, call: Call, account: SandboxAccount, fault: Fault | None) -> Fields:  # noqa: ARG002 - the form of all methods
        """CancelFax."""
        jobs = self._found(account, call.text("JobId"))
        if not jobs:
            return no(UNKNOWN, "Invalid job id")
        stopped = [self._network.stop(job) for job in jobs]
        return {"return": True, "WSError": error()} if all(stopped) else no(-5020, "Job cannot be cancelled")

    def activity(self, account: SandboxAccount) -> list[Fields]:
        """What ListOutboundActivity tells of each job."""
        return [
            {
                "id": f"{job.id}-1",
                "stat": {None: "Pending", "success": "Success"}.get(job.result, "Failed"),
                "FaxNumber": job.destination,
                "SubmitDate": job.accepted_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "ReferenceId": job.reference,
            }
            for job in self._network.jobs(account.name)
        ]

    def _stamp(self, at: datetime | None) -> str:
        return at.astimezone(self._zone).strftime(STAMP) if at else ""


def text(fields: Mapping[str, Any], name: str) -> str:
    """A value as text."""
    value = fields.get(name)
    return "" if value is None else str(value)


def e164(number: str) -> str | None:
    """A number as it may be written; None when it is none."""
    digits = re.sub(r"[\s().-]", "", number)
    if re.fullmatch(r"\+[1-9][0-9]{6,14}", digits):
        return digits
    if re.fullmatch(r"1?[2-9][0-9]{9}", digits):
        return f"+1{digits[-10:]}"
    return f"+{digits[3:]}" if re.fullmatch(r"011[1-9][0-9]{6,14}", digits) else None


def _status(job: Job, *, real: bool) -> tuple[int, str]:
    if job.result is not None:
        return (1, "Success") if job.result == "success" else (2, "Failure")
    return 3, ("Queued", "Dialing", "Sending")[_state(job)] if real else "Pending"


def _state(job: Job) -> int:
    if job.result is not None:
        return 3 if job.result == "success" else 4
    now = time.monotonic()
    return 0 if now < job.queued_m else 1 if now < job.sends_m else 2


def _duration(job: Job | None) -> int:
    return round((job.ended_at - job.accepted_at).total_seconds()) if job and job.ended_at else 0
