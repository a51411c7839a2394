"""OpenText: submit and status.

Choices: a call that failed tells each of the network's tries as an attempt of its own; the gamma codes below, but for
2004 (bad number), are made up, for the list is not public."""

from __future__ import annotations

import base64
import binascii
import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from faxdaemon.sandbox import numbering
from faxdaemon.sandbox.faults import Play
from faxdaemon.sandbox.model import Job, Paper, job_id, job_number
from faxdaemon.sandbox.network import Network
from faxdaemon.sandbox.opentext_wire import BAD, NO_DATA, Ask, Refusal, answer, base64_text, present, stamp
from faxdaemon.sandbox.wire import Reply

_TYPES = "BMP empty GIF HTML HTMLLITE JPEG MPP MSW PCL PDF PNG PPT PS PUB RTF text TIFF unspec VSD WAV XAR XLS XMF"
TYPES = frozenset(_TYPES.split(" "))
GAMMA: Mapping[str, int] = {
    numbering.BUSY.text: 3001,
    "No Answer": 3002,
    "No Fax Device: voice answered": 3003,
    "Number not in service": 2004,
    numbering.UNCONVERTED.text: 4001,
}
OTHER_GAMMA = 3999
BAUD = 31200
_ID_LENGTH = 80


@dataclass(frozen=True, slots=True)
class _Destination:
    number: str
    """E.164."""
    written: str
    ref: str | None


class Faxes:
    """The outbound half."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._taking = threading.Lock()

    def submit(self, ask: Ask) -> Reply:
        """POST outbound/faxes."""
        body = ask.call.body
        if not ask.call.headers.get("content-type", "").lower().startswith("application/json"):
            raise Refusal(415)
        if body is BAD or not isinstance(body, dict):
            raise Refusal(400, "the body is not a JSON object")
        options = _object(body.get("options", {}), "options")
        destinations = [_destination(one) for one in _objects(body, "destinations")]
        papers = [self._paper(one) for one in _objects(body, "documents")]
        message_id = str(options.get("message_id") or "")
        if len(message_id) > _ID_LENGTH:
            raise Refusal(400, f"message_id is longer than {_ID_LENGTH} characters")
        with self._taking:
            known = self._taken(message_id) if message_id and ask.switch("message_id", usual=True) else None
            return answer({"job_id": known or self._take(ask, destinations, papers, options).id})

    def _taken(self, message_id: str) -> str | None:
        ours = (entry for entry in self._network.books.ledger() if entry.direction == "out")
        return next((entry.job for entry in ours if entry.reference == message_id), None)

    def _paper(self, document: dict[str, Any]) -> Paper:
        name, kind, data = (document.get(field) for field in ("name", "type", "data"))
        if kind not in TYPES:
            raise Refusal(400, f"document type {kind} is not supported")
        if not isinstance(data, str):
            raise Refusal(400, "a document has no data")
        try:
            content = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            raise Refusal(400, "a document's data is not base64") from None
        return self._network.papers.keep(str(name or ""), [content])

    def _take(
        self, ask: Ask, destinations: Sequence[_Destination], papers: list[Paper], options: dict[str, Any]
    ) -> Job:
        fault = ask.fault
        late = fault.seconds if fault and fault.play in {Play.ACCEPT_LATE, Play.INDEX_LATE} else 0.0
        mode = _object(options.get("translation_options", {}), "translation_options").get("fax_mode")
        jobs: list[Job] = []
        for one in destinations:
            job = self._network.submit(
                ask.account.name,
                one.number,
                papers,
                hidden_for=late,
                login=ask.account.username,
                recipname="",
                reference=str(options.get("message_id") or one.ref or ""),
                notify_first=fault is not None and fault.play is Play.NOTIFY_EARLY,
                resolution="standard" if mode == "standard" else "fine",
                extra={"destination": one, "options": options, "following": (), "submit": dict(ask.call.headers)},
            )
            jobs.append(job)
        jobs[0].extra = {**jobs[0].extra, "following": tuple(jobs[1:])}
        if jobs[0].notify_first:
            self._network.finish(jobs[0])
        return jobs[0]

    def status(self, ask: Ask) -> Reply:
        """GET outbound/faxes/status."""
        text = ask.call.query.get("job_id", "")
        if not text:
            raise Refusal(400, "job_id is missing")
        number = job_number(text)
        job = self._network.job(ask.account.name, number) if number and text == job_id("opentext", number) else None
        if job and ask.fault and ask.fault.play is Play.PURGE:
            self._network.clear(job)
            job = None
        if job is None:
            raise Refusal(404, "no data for that job", NO_DATA)
        return answer(status_of(job))


def status_of(job: Job) -> dict[str, Any]:
    """A job as the status resource and the web-hook tell it."""
    jobs = [job, *job.extra.get("following", ())]
    options = job.extra.get("options", {})
    return present(
        job_id=job.id,
        entry_time=stamp(job.accepted_at),
        job_state=_states(jobs),
        billing_code_base64=_encoded(options.get("billing_code")),
        customer_reference_base64=_encoded(options.get("customer_reference")),
        deliveries=[_delivery(one) for one in jobs],
    )


def _states(jobs: Sequence[Job]) -> list[str]:
    now = time.monotonic()
    if any(job.result is None for job in jobs):
        if all(now < job.queued_m for job in jobs):
            return ["Setup"]
        return ["Awaiting Delivery"] if all(now < job.sends_m for job in jobs) else ["Delivering"]
    if any(job.result == "stopped" for job in jobs):
        return ["Complete", "Cancelled"]
    return ["Complete", "Posted"] if all(job.result == "success" for job in jobs) else ["Complete", "Error"]


def _delivery(job: Job) -> dict[str, Any]:
    wanted: _Destination | None = job.extra.get("destination")
    return present(
        ref_base64=_encoded(wanted.ref if wanted else job.reference),
        fax=wanted.written if wanted else job.destination,
        delivery_attempts=_attempts(job),
    )


def _attempts(job: Job) -> list[dict[str, Any]]:
    if job.result is None:
        sending = time.monotonic() >= job.sends_m
        return [present(state="InProcess" if sending else "Pending", first_attempt=_begin(job) if sending else None)]
    if job.result == "stopped":
        return [{"state": "Cancelled"}]
    gamma = None if job.result == "success" else GAMMA.get(job.text, OTHER_GAMMA)
    last = present(
        state="Sent" if job.result == "success" else "Error",
        gamma_code=gamma,
        first_attempt=_begin(job),
        delivery_time=stamp(job.ended_at),
        delivery_sec=_seconds(job),
        pages_delivered=job.pages_sent,
        baud_rate=BAUD if job.pages_sent else None,
        rcsid=f"{numbering.CSID:<20}" if job.result == "success" else None,
    )
    earlier = {"state": "Error", "gamma_code": gamma, "first_attempt": _begin(job)}
    return [earlier] * (job.ending.tries - 1) + [last]


def _begin(job: Job) -> str | None:
    return stamp(job.accepted_at)


def _seconds(job: Job) -> int:
    return round((job.ended_at - job.accepted_at).total_seconds()) if job.ended_at else 0


def _encoded(text: Any) -> str | None:
    return base64_text(str(text)) if text else None


def _objects(body: dict[str, Any], name: str) -> list[dict[str, Any]]:
    values = body.get(name)
    if not isinstance(values, list) or not values:
        raise Refusal(400, f"there are no {name}")
    return [_object(value, name) for value in values]


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Refusal(400, f"{name} is not an object")
    return value


def _destination(one: dict[str, Any]) -> _Destination:
    written = one.get("fax")
    digits = re.sub(r"[\s().-]", "", written) if isinstance(written, str) else ""
    ref = one.get("ref")
    if re.fullmatch(r"[2-9][0-9]{9}", digits):
        number = f"+1{digits}"
    elif re.fullmatch(r"\+[1-9][0-9]{6,14}", digits):
        number = digits
    elif re.fullmatch(r"011[1-9][0-9]{6,14}", digits):
        number = f"+{digits[3:]}"
    elif re.fullmatch(r"[1-9][0-9]{7,14}", digits):
        number = f"+{digits}"
    else:
        raise Refusal(400, "a destination has no fax number")
    return _Destination(number, str(written), str(ref) if ref is not None else None)
