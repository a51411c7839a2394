"""Concord's inbound service: GetInboundList, GetInboundByID, RemoveInboundByID.

Public are the methods, and that getting removes nothing; names, numbers and the answer about an item that is not there
(an entry with -5019; -5019 for removing it) are our choice.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any

from faxdaemon.sandbox.concord_send import STAMP, UNKNOWN, Fields, Method, error, no, text
from faxdaemon.sandbox.concord_wire import Call
from faxdaemon.sandbox.faults import Fault, Play
from faxdaemon.sandbox.model import Received, SandboxAccount
from faxdaemon.sandbox.network import Network


class Receiving:
    """The receiving half of the dialect."""

    def __init__(self, network: Network, zone: tzinfo) -> None:
        self._network = network
        self._inbox = network.inbox
        self._zone = zone
        self.methods: Mapping[str, Method] = {
            "GetInboundList": self.list,
            "GetInboundByID": self.get,
            "RemoveInboundByID": self.remove,
        }

    def list(self, call: Call, account: SandboxAccount, fault: Fault | None) -> Fields:  # noqa: ARG002 - the form of all methods
        """The ids, oldest first."""
        request: Mapping[str, Any] = call.fields.get("Request") or {}
        faxes = [fax for fax in self._inbox.waiting(account.name) if self._wanted(fax, request)]
        most = text(request, "MaxItems")
        if most.isdigit() and int(most):
            faxes = faxes[: int(most)]
        return {"return": True, "InboundItemIds": [{"ItemId": str(fax.number)} for fax in faxes], "WSError": error()}

    def _wanted(self, fax: Received, request: Mapping[str, Any]) -> bool:
        at = fax.received_at.replace(microsecond=0)
        since, until = (self._moment(text(request, name)) for name in ("StartDateTime", "EndDateTime"))
        line = text(request, "FaxNumber")
        return (not line or line == fax.line) and (not since or at >= since) and (not until or at <= until)

    def _moment(self, written: str) -> datetime | None:
        try:
            return datetime.strptime(written, STAMP).replace(tzinfo=self._zone)
        except ValueError:
            return None

    def get(self, call: Call, account: SandboxAccount, fault: Fault | None) -> Fields:
        """The faxes with their documents."""
        items = []
        for entry in call.entries("InboundItemIds"):
            name = text(entry, "ItemId")
            fax = self._fax(account, name)
            if fax and fault and fault.play is Play.DELETED_ELSEWHERE:
                self._inbox.delete(fax)
                fax = None
            items.append(
                self._item(fax, cut=bool(fault and fault.play is Play.TRUNCATE))
                if fax
                else {"ItemId": name, "Error": error(UNKNOWN, "Invalid item id")}
            )
        return {"return": True, "InboundItems": items, "WSError": error()}

    def _item(self, fax: Received, *, cut: bool) -> Fields:
        content = fax.path.read_bytes()
        return {
            "ItemId": str(fax.number),
            "CalledNumber": fax.line,
            "CallerNumber": fax.caller or "",
            "FaxReceiveDateTime": fax.received_at.astimezone(self._zone).strftime(STAMP),
            "FaxDuration": round((fax.received_at - fax.started_at) / timedelta(seconds=1)),
            "FaxPartialFlag": 0,
            "FaxPages": fax.pages,
            "FaxFormat": "PDF" if fax.path.suffix == ".pdf" else "TIF",
            "FaxMessageId": f"in{fax.number}",
            "FaxSenderCSID": fax.csid or "",
            "FileData": base64.b64encode(content[: len(content) // 2] if cut else content).decode(),
            "Error": error(),
        }

    def handed_out(self, call: Call, account: SandboxAccount) -> None:
        """Note that the faxes of a `GetInboundByID` left whole."""
        for entry in call.entries("InboundItemIds"):
            fax = self._fax(account, text(entry, "ItemId"))
            if fax:
                self._inbox.fetched(fax)

    def remove(self, call: Call, account: SandboxAccount, fault: Fault | None) -> Fields:
        """Delete them."""
        faxes = [self._fax(account, text(entry, "ItemId")) for entry in call.entries("InboundItemIds")]
        for fax in faxes:
            if fax:
                if not (fault and fault.play is Play.ITEM_AGAIN):
                    self._inbox.delete(fax)
                self._inbox.released(fax)
        return {"return": True, "WSError": error()} if all(faxes) else no(UNKNOWN, "Invalid item id")

    def _fax(self, account: SandboxAccount, name: str) -> Received | None:
        return self._inbox.fax(account.name, int(name)) if name.isdigit() else None
