"""FAX.de's wire, server side: XMLWS, one SOAP service with five methods, each with result codes of its own.

Source: the vendor's description of the interface; what it leaves open (name space, order of received faxes, method and
encoding of STATURL) is chosen here as Delphi servers usually have it: oldest first, GET, percent-encoded, one call.

    POST /faxde/xmlws.exe/soap/IntfXMLWS                                          the service
    GET  /faxde/xmlws.exe?wsdl/IntfXMLWS, /faxde/xmlws.exe/wsdl/IntfXMLWS         its WSDL
    GET  /faxde/xmlws.exe?intf=IntfXMLWS                                          a page about it

Switches: `faxde.duplicate_id`, `faxde.duplicate_window`, `faxde.reference_counts`, see `faxde_jobs`; `faxde.several`,
see `faxde_several`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from urllib.parse import quote
from zoneinfo import ZoneInfo

from faxdaemon.sandbox import faxde_soap, numbering
from faxdaemon.sandbox.dialect import Around, Asked, Push
from faxdaemon.sandbox.faults import Fault, Play, Role
from faxdaemon.sandbox.faxde_jobs import Jobs, duration, recipient_of, word
from faxdaemon.sandbox.faxde_soap import INTERFACE, Call, Misread, reply
from faxdaemon.sandbox.model import Job, Received, SandboxAccount
from faxdaemon.sandbox.server import Handler
from faxdaemon.sandbox.wire import Reply

GERMANY = ZoneInfo("Europe/Berlin")
ROLES: Mapping[str, Role] = MappingProxyType(
    {
        "SendJob": Role.SEND,
        "JobStatus": Role.STATUS,
        "RequestReceived": Role.FETCH,
        "DeleteReceived": Role.DELETE,
    }
)
#: The words of STATURL, which are not those of JobStatus.
_CALLED = {"No Answer": "NOANSWER", "No Service": "NOSERVICE", "Send-Fail": "SENDFAIL", "Call failed": "ISDNERR"}
_TOKEN = re.compile(r"\$(JID|RCV|STAT|MSGGS|COST|RID|CID|DATE|TIME|SEC|RET|COD|SPD)")


class FaxDe:
    """The dialect."""

    base = "/faxde/xmlws.exe"
    content_type = faxde_soap.XML

    def __init__(self, around: Around) -> None:
        self._network = around.network
        jobs = Jobs(around.network, around.switches)
        self._methods: Mapping[str, Callable[[Call, SandboxAccount, Fault | None], Reply]] = {
            "SendJob": jobs.send,
            "JobStatus": jobs.status,
            "CancelJob": jobs.cancel,
            "RequestReceived": self._received,
            "DeleteReceived": self._delete,
        }

    def asked(self, handler: Handler, body: bytearray) -> Asked | None:
        """The service, its WSDL, or the page."""
        path, _, query = handler.path.partition("?")
        place = (path.removeprefix(self.base), query)
        if place in {("", f"wsdl/{INTERFACE}"), (f"/wsdl/{INTERFACE}", "")}:
            address = f"http://{handler.headers.get('Host', 'localhost')}{self.base}/soap/{INTERFACE}"
            return Asked(None, "wsdl", request=faxde_soap.wsdl(address))
        if place == ("", f"intf={INTERFACE}"):
            page = f"<html><body><h1>{INTERFACE}</h1><p>{', '.join(faxde_soap.METHODS)}</p></body></html>"
            return Asked(None, "intf", request=Reply(page.encode()))
        if place[0] != f"/soap/{INTERFACE}" or handler.command != "POST":
            return None
        try:
            call = faxde_soap.read(body, handler.headers.get("SOAPAction"))
        except Misread as error:
            return Asked(None, "unreadable", request=faxde_soap.fault(str(error)))
        number = recipient_of(call)[0] or None
        return Asked(self._account(call), call.method, ROLES.get(call.method), number, lambda: repr(call), call)

    def _account(self, call: Call) -> SandboxAccount | None:
        for account in self._network.accounts.values():
            if account.provider == "faxde" and (account.username, account.password) == (
                call.text("Account"),
                call.text("Password"),
            ):
                return account
        return None

    def answer(self, asked: Asked, fault: Fault | None) -> Reply:
        """Do what is asked and say so."""
        if isinstance(asked.request, Reply):
            return asked.request
        call: Call = asked.request
        if asked.account is None:
            return self._no_access(call)
        try:
            return self._methods[call.method](call, asked.account, fault)
        except Misread as error:
            return faxde_soap.fault(str(error))

    def words(self, play: Play, asked: Asked) -> Reply:
        """Each method has its own; only SendJob has a result for an internal error, the others end in a fault."""
        call = asked.request
        if not isinstance(call, Call):
            return faxde_soap.fault("Server error")
        if play is Play.WRONG_CREDENTIALS:
            return self._no_access(call)
        return reply("SendJob", -4) if call.method == "SendJob" else faxde_soap.fault("Access violation")

    def _no_access(self, call: Call) -> Reply:
        known = any(
            account.provider == "faxde" and account.username == call.text("Account")
            for account in self._network.accounts.values()
        )
        if call.method == "SendJob":
            return reply(call.method, -1 if known else -2 if call.text("Account") else 2)
        if call.method == "CancelJob":
            return reply(call.method, -1)
        return reply(call.method, 2 if known else 1)

    def _received(self, _call: Call, account: SandboxAccount, fault: Fault | None) -> Reply:
        """RequestReceived: always the oldest."""
        waiting = self._network.inbox.waiting(account.name)
        if waiting and fault and fault.play is Play.DELETED_ELSEWHERE:
            self._network.inbox.delete(waiting.pop(0))
        if not waiting:
            return reply("RequestReceived", 5)
        fax = waiting[0]
        return reply(
            "RequestReceived",
            0,
            lambda: self._network.inbox.fetched(fax),
            FaxId=fax.number,
            CalledNumber=fax.line,
            ReceiveDate=fax.received_at,
            Originator=fax.caller or "",
            RemoteId=fax.csid or "",
            Pages=fax.pages,
            FaxImage=fax.path.read_bytes(),
        )

    def _delete(self, call: Call, account: SandboxAccount, fault: Fault | None) -> Reply:
        """DeleteReceived."""
        fax = self._network.inbox.fax(account.name, call.number("FaxId"))
        if fax is None:
            return reply("DeleteReceived", 5)
        if not (fault and fault.play is Play.ITEM_AGAIN):
            self._network.inbox.delete(fax)
        self._network.inbox.released(fax)
        return reply("DeleteReceived", 0)

    def ended(self, job: Job) -> Push | None:
        """STATURL; not for a job that was cancelled."""
        if not job.notify or job.result == "stopped":
            return None
        values = _values(job)
        url = _TOKEN.sub(lambda token: quote(values[token[1]], safe=""), job.notify)
        return Push(url if "://" in url else f"http://{url}", method="GET", number=job.destination)

    def arrived(self, fax: Received) -> Push | None:  # noqa: ARG002 - it never calls
        """Received faxes are only ever asked for."""
        return None


def _values(job: Job) -> dict[str, str]:
    ended = (job.ended_at or job.accepted_at).astimezone(GERMANY)
    return {
        "JID": str(job.number),
        "RCV": job.destination,
        "STAT": _CALLED.get(word(job), word(job).upper()),
        "MSGGS": str(job.pages_sent),
        "COST": f"{0.05 * job.pages_sent:.2f}",
        "RID": numbering.CSID if job.result == "success" else "",
        "CID": job.reference,
        "DATE": f"{ended:%d.%m.%y}",
        "TIME": f"{ended:%H:%M:%S}",
        "SEC": str(duration(job)),
        "RET": str(job.ending.tries - 1),
        "COD": "MMR",
        "SPD": "14400",
    }


def open_dialect(around: Around) -> FaxDe:
    """FAX.de."""
    return FaxDe(around)
