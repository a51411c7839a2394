"""OpenText: next and delete.

A fax that is handed out is reserved until its delete or for `hold_sec`; then it is handed out again.  A delete with a
`doc_id` that is not, or no more, the one of a reservation is answered 404 (a choice)."""

from __future__ import annotations

import base64
import threading
import time

from faxdaemon.sandbox.faults import Play
from faxdaemon.sandbox.inbox import Inbox
from faxdaemon.sandbox.model import Received, SandboxAccount
from faxdaemon.sandbox.opentext_wire import Ask, Refusal, answer, base64_text, present, stamp
from faxdaemon.sandbox.wire import Reply

_HOLD = 900
_SHORTEST, _LONGEST = 5, 3600
_FIRST_JOB = 700_000


def inbound_job(number: int) -> str:
    """The job id of a received fax."""
    return f"xsi-{_FIRST_JOB + number}"


def internal_id(number: int) -> str:
    """Its `internal_fax_id`."""
    return f"fax1-{number:09}-1"


class Documents:
    """The inbound half."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._held: dict[int, tuple[str, float]] = {}
        """doc_id and the end of the reservation on the monotonic clock, by the fax's number."""
        self._pulls = 1_049_486
        self._lock = threading.Lock()

    def next(self, ask: Ask) -> Reply:
        """GET inbound/documents/next."""
        text = ask.call.query.get("hold_sec", str(_HOLD))
        if not text.isdigit() or not _SHORTEST <= int(text) <= _LONGEST:
            raise Refusal(400, f"hold_sec is not between {_SHORTEST} and {_LONGEST}")
        hold = ask.switch("hold", None)
        with self._lock:
            fax = self._free(ask.account)
            if fax and ask.fault and ask.fault.play is Play.DELETED_ELSEWHERE:
                self._inbox.delete(fax)
                fax = self._free(ask.account)
            if fax is None:
                return Reply(b"", 204)
            doc_id = self._doc_id(fax, changes=ask.switch("doc_id_changes", usual=True))
            self._held[fax.number] = (doc_id, time.monotonic() + (int(text) if hold is None else hold))
        reply = answer(document_of(fax, ask.account, doc_id))
        return Reply(reply.body, reply.status, reply.content_type, sent=lambda: self._inbox.fetched(fax))

    def _free(self, account: SandboxAccount) -> Received | None:
        now = time.monotonic()
        waiting = self._inbox.waiting(account.name)
        return next((fax for fax in waiting if self._held.get(fax.number, ("", 0.0))[1] <= now), None)

    def _doc_id(self, fax: Received, *, changes: bool) -> str:
        self._pulls += 1
        pull = self._pulls if changes else fax.number
        return base64.b64encode(f"xsiqa3}}|{fax.number}|qdoc-pull-{pull}?".encode()).decode()

    def delete(self, ask: Ask) -> Reply:
        """DELETE inbound/documents/<doc_id>."""
        (wanted,) = ask.call.path
        now = time.monotonic()
        with self._lock:
            for fax in self._inbox.waiting(ask.account.name):
                doc_id, until = self._held.get(fax.number, ("", 0.0))
                if doc_id == wanted and now < until:
                    del self._held[fax.number]
                    if not (ask.fault and ask.fault.play is Play.ITEM_AGAIN):
                        self._inbox.delete(fax)
                    self._inbox.released(fax)
                    return Reply(b"", 204)
        raise Refusal(404)


def document_of(fax: Received, account: SandboxAccount, doc_id: str) -> dict[str, object]:
    """A received fax as `next` and the web-hook tell it."""
    seconds = round((fax.received_at - fax.started_at).total_seconds())
    return {
        "doc_id": doc_id,
        "document_class": "Inbound Fax",
        "job_id": inbound_job(fax.number),
        "user_id": account.username,
        "customer_reference_base64": base64_text("cust_ref"),
        "billing_code_base64": base64_text("bc"),
        "transaction_info": present(
            fax_mode="FINE",
            tsid=f"{fax.csid or '':<20}",
            ani=_national(fax.caller),
            dnis=_national(fax.line),
            call_date=stamp(fax.started_at),
            connect_time=seconds,
            baud_rate=31200,
            page_count=fax.pages,
            internal_fax_id=internal_id(fax.number),
        ),
        "document": {
            "type": "PDF" if account.delivers == "pdf" else "TIFF",
            "name_base64": base64_text(fax.path.name),
            "data": base64.b64encode(fax.path.read_bytes()).decode(),
        },
    }


def _national(number: str | None) -> str | None:
    return number.removeprefix("+1") if number else None
