"""Concord's wire, server side: outbound and inbound web services, a token endpoint, a reporting service.

Source: the getting-started guide, the GetFaxStatus page, and what public clients show of the outbound service.
What nobody public can tell is our choice and said in `concord_send`, `concord_receive` and here:

    POST /concord/fax/v5                     outbound, SOAP or JSON by content type; GET .../faxws.wsdl
    POST /concord/faxreceive/v5              inbound, SOAP; GET .../faxreceive.wsdl
    POST /concord/reports                    ListOutboundActivity
    POST /concord/oauth/token                tokens; the client's id and secret are the account's user id and PIN

Wrong PIN: `return` false with -5001.  Wrong or outlived token: HTTP 401.

    concord.token_life     seconds that a token lasts (3600)
    concord.refresh        whether a refresh token comes along (True)
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from functools import cache
from pathlib import Path
from types import MappingProxyType
from urllib.parse import parse_qsl

from lxml import etree

from faxdaemon.sandbox import concord_push
from faxdaemon.sandbox.concord_receive import Receiving
from faxdaemon.sandbox.concord_send import BAD_LOGIN, Method, Sending, error, no
from faxdaemon.sandbox.concord_wire import JSON, XML, Call, Misread, Service, fault
from faxdaemon.sandbox.dialect import Around, Asked, Push
from faxdaemon.sandbox.faults import Fault, Play, Role
from faxdaemon.sandbox.model import Job, Received, SandboxAccount
from faxdaemon.sandbox.server import Handler
from faxdaemon.sandbox.wire import Reply

_WSDL = Path(__file__).parent / "wsdl"
_STATUSES = ("GetFaxStatus", *(f"GetRealTimeFaxStatus{more}" for more in ("", "Ex", "Ex2", "Ex3")))
ROLES: Mapping[str, Role] = MappingProxyType(
    {
        **dict.fromkeys(("SendFax", "SendFaxEx", "SimpleSendFax", "SendFaxBroadcast"), Role.SEND),
        **dict.fromkeys(_STATUSES, Role.STATUS),
        "GetInboundByID": Role.FETCH,
        "RemoveInboundByID": Role.DELETE,
    }
)
_REPORTS = "urn:AccountManagementReporting"


@dataclass(frozen=True, slots=True)
class _Posted:
    """A request to a web service."""

    call: Call
    token: str | None
    """With OAuth."""


@cache
def _service(name: str) -> Service:
    """Read once: every sandbox has the same."""
    return Service(_WSDL / name)


class Concord:
    """The dialect."""

    base = "/concord"
    content_type = XML

    def __init__(self, around: Around) -> None:
        self._network = around.network
        self._switches = around.switches
        self._tokens = _Tokens(around)
        self._sending = Sending(around.network, around.switches, UTC)
        self._receiving = Receiving(around.network, UTC)
        self._ids = itertools.count(1)
        self._services = {
            "/fax/v5": _service("concord-faxws.wsdl"),
            "/faxreceive/v5": _service("concord-faxreceive.wsdl"),
        }
        self._methods: Mapping[str, Method] = {
            **self._sending.methods,
            **self._receiving.methods,
            "GetFaxCoverList": self._covers,
            "GetFaxAccountSettings": self._settings,
        }

    # -- understanding

    def asked(self, handler: Handler, body: bytearray) -> Asked | None:
        """One of the services, a WSDL, or a token."""
        path = handler.path.partition("?")[0].removeprefix(self.base)
        if handler.command == "GET":
            return self._wsdl(path)
        if path == "/oauth/token":
            return Asked(None, "token", request=lambda: self._tokens.give(dict(parse_qsl(body.decode("latin-1")))))
        if path == "/reports":
            return Asked(None, "ListOutboundActivity", request=lambda: self._activity(bytes(body)))
        service = self._services.get(path)
        if service is None:
            return None
        kind = handler.headers.get("Content-Type") or "application/soap+xml"
        try:
            call = service.read(body, kind)
        except Misread as problem:
            told = fault("Client", str(problem), as_json=kind.startswith(JSON))
            return Asked(None, "unreadable", request=lambda: told)
        token = _bearer(handler.headers.get("Authorization"))
        number = next((entry.get("RecipFaxNumber") for entry in call.entries("Recipients")), call.text("FaxNumber"))
        return Asked(
            account=self._account(call, token),
            operation=call.operation,
            role=ROLES.get(call.operation),
            number=number or None,
            key=lambda: call.key,
            request=_Posted(call, token),
        )

    def _wsdl(self, path: str) -> Asked | None:
        place, _, name = path.rpartition("/")
        service = self._services.get(place)
        if service is None or name.lower() not in {"faxws.wsdl", "faxreceive.wsdl"}:
            return None
        return Asked(None, "wsdl", request=lambda: Reply(service.wsdl, 200, XML))

    def _account(self, call: Call, token: str | None) -> SandboxAccount | None:
        mine = [account for account in self._network.accounts.values() if account.provider == "concord"]
        user = next((account for account in mine if account.username == call.text("UserID")), None)
        if token is not None:
            return user if user and self._tokens.owner(token) == user.name else None
        return user if user and call.text("strPIN") == user.password else None

    # -- answering

    def answer(self, asked: Asked, fault: Fault | None) -> Reply:
        """Do what is asked and say so."""
        posted = asked.request
        if not isinstance(posted, _Posted):
            reply: Reply = posted()
            return reply
        if posted.call.operation == "CheckService":
            return self._told(posted.call, {"return": "FaxWS is running"})
        return self._done(posted.call, asked.account, fault) if asked.account else self._stranger(posted)

    def _done(self, call: Call, account: SandboxAccount, fault: Fault | None) -> Reply:
        method = self._methods.get(call.operation)
        if method is None:
            return _fault("Server", "Not to be had here", call)
        try:
            reply = self._told(call, method(call, account, fault))
        except Misread as problem:
            return _fault("Client", str(problem), call)
        if call.operation != "GetInboundByID":
            return reply
        cut = fault is not None and fault.play is Play.TRUNCATE
        return replace(reply, shortened=cut, sent=lambda: None if cut else self._receiving.handed_out(call, account))

    def _told(self, call: Call, fields: Mapping[str, object]) -> Reply:
        headers = (("x-ch-activity-id", f"activity-{next(self._ids)}"), ("x-ch-execution-time", "1"))
        return call.service.reply(call, fields, headers=headers)

    def _stranger(self, posted: _Posted) -> Reply:
        if posted.token is not None:
            return Reply(b"", 401, JSON, (("WWW-Authenticate", 'Bearer error="invalid_token"'),))
        simple = posted.call.operation in {"SimpleSendFax", "SimpleGetFaxStatus"}  # they have no room for more
        return self._told(posted.call, {"return": BAD_LOGIN} if simple else no(BAD_LOGIN, "Invalid user id or PIN"))

    def words(self, play: Play, asked: Asked) -> Reply:
        """A fault that blames the server; or what a stranger is told."""
        posted = asked.request
        if not isinstance(posted, _Posted):
            return Reply(b'{"error":"temporarily_unavailable"}', 503, JSON)
        if play is Play.WRONG_CREDENTIALS:
            return self._stranger(posted)
        return _fault("Server", "Internal error", posted.call)

    def _covers(self, call: Call, account: SandboxAccount, fault: Fault | None) -> dict[str, object]:  # noqa: ARG002 - the form of all methods
        covers = [{"FaxCoverName": name} for name in ("Standard", "Confidential")]
        return {"return": True, "FaxCoverList": covers, "WSError": error()}

    def _settings(self, call: Call, account: SandboxAccount, fault: Fault | None) -> dict[str, object]:  # noqa: ARG002 - the form of all methods
        lines = [
            {"PortNumber": n, "did": line, "DefaultCSID": "SANDBOX", "SendDeliveryConfirmation": 0}
            | {"ProcessInbound": True, "LineSpecificCredentials": f"secret-of-line-{n}"}
            for n, line in enumerate(self._network.inbox.lines(account.name), 1)
        ]
        info = {"UserId": account.username, "Pin": account.password, "DefaultCSID": "SANDBOX"}
        info |= {"SendDeliveryConfirmation": "0", "DIDList": lines}  # type: ignore[dict-item] # a list among texts
        return {"return": True, "AccountInfo": info, "WSError": error()}

    def _activity(self, body: bytes) -> Reply:
        """ListOutboundActivity: all jobs, whatever the dates; in pages."""
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        told = {etree.QName(e).localname: e.text or "" for e in etree.fromstring(body, parser).iter() if not len(e)}
        mine = [a for a in self._network.accounts.values() if (a.username, a.password) == _login(told)]
        if not mine:
            return Reply(b"", 401, XML)
        size, page = int(told.get("PageSize") or 1), int(told.get("PageIndex") or 1)
        rows = self._sending.activity(mine[0])[(page - 1) * size : page * size]
        written = "".join(f"<e>{''.join(f'<{k}>{v}</{k}>' for k, v in row.items())}</e>" for row in rows)
        name = "ListOutboundActivityResponse"
        inside = f'<{name} xmlns="{_REPORTS}">{written}</{name}>'
        envelope = (
            f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{inside}</s:Body></s:Envelope>'
        )
        return Reply(envelope.encode(), 200, XML)

    def ended(self, job: Job) -> Push | None:
        """A status push, where one is set up: see `concord_push`."""
        return concord_push.ended(job, self._network.accounts[job.account], self._switches, UTC)

    def arrived(self, fax: Received) -> Push | None:
        """A received fax, likewise; where it is pushed it does not wait in the inbox any more."""
        account = self._network.accounts[fax.account]
        return concord_push.arrived(fax, account, self._switches, UTC, lambda: self._network.inbox.delete(fax))


class _Tokens:
    """The token endpoint."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._lock = threading.Lock()
        self._count = itertools.count(1)
        self._live: dict[str, tuple[str, float]] = {}
        self._refresh: dict[str, str] = {}

    def give(self, form: Mapping[str, str]) -> Reply:
        """Answer a token request (RFC 6749, 4.3, 4.4 and 6)."""
        kind = form.get("grant_type")
        owner = {
            "client_credentials": lambda: self._known(form.get("client_id"), form.get("client_secret")),
            "password": lambda: self._known(form.get("username"), form.get("password")),
            "refresh_token": lambda: self._refresh.get(form.get("refresh_token", "")),
        }.get(kind or "", lambda: None)()
        if owner is None:
            return Reply(json.dumps({"error": "invalid_client"}).encode(), 401, JSON)
        life = float(self._around.switches.get("concord.token_life", 3600))
        with self._lock:
            number = next(self._count)
            self._live[f"token-{number}"] = (owner, time.monotonic() + life)
            answer = {"access_token": f"token-{number}", "token_type": "Bearer", "expires_in": int(life)}
            if self._around.switches.get("concord.refresh", True):
                self._refresh[f"refresh-{number}"] = owner
                answer["refresh_token"] = f"refresh-{number}"
        return Reply(json.dumps(answer).encode(), 200, JSON)

    def _known(self, user: str | None, secret: str | None) -> str | None:
        accounts = self._around.network.accounts.values()
        return next(
            (a.name for a in accounts if a.provider == "concord" and (a.username, a.password) == (user, secret)), None
        )

    def owner(self, token: str) -> str | None:
        """Whose token that is, while it lasts."""
        with self._lock:
            name, until = self._live.get(token, (None, 0.0))
        return name if time.monotonic() < until else None


def open_dialect(around: Around) -> Concord:
    """Concord."""
    return Concord(around)


def _fault(kind: str, words: str, call: Call) -> Reply:
    return fault(kind, words, as_json=call.as_json)


def _bearer(header: str | None) -> str | None:
    return header[7:].strip() if header and header.lower().startswith("bearer ") else None


def _login(told: Mapping[str, str]) -> tuple[str, str]:
    return told.get("Username", ""), told.get("Password", "")
