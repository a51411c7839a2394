"""What Concord offers beyond sending and receiving: covers, settings, lines, broadcasts, plain faxes, activity reports.

Promise   each is one method of `faxdaemon.contracts.services`; no secret is in what they return.
Needs     the account's talk; for activity reports, `reports` in its settings; for `SimpleSendFax`, SOAP: nothing public
          tells how a bare value is answered in JSON.
Crash     a broadcast and a `SimpleSendFax` have no reference: one whose answer was lost must be looked for by hand, in
          Concord's portal.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, NoReturn

from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.provider import Accepted, AccountRefused, Content, NotNow, Refused, Unknown
from faxdaemon.contracts.services import Table
from faxdaemon.core.errors import CredentialsRefused, OutcomeUnknown, ProviderTrouble, UserError
from faxdaemon.providers.concord import answers, message, values
from faxdaemon.providers.concord.errors import Kind
from faxdaemon.providers.concord.options import Options
from faxdaemon.providers.concord.reports import Reporting
from faxdaemon.providers.concord.talk import SETTINGS, Talk, entire

#: `RecipientStatus` columns of the WSDL, in its order.
RECIPIENT = (
    "RecipientId",
    "FaxNumber",
    "RecipientStatusId",
    "RecipientStatusDescription",
    "RecipientName",
    "RecipientCompanyName",
    "DeliveryAttempts",
    "DeliveryDuration",
    "DeliverySpeed",
    "ReceiveCSID",
    "PageCount",
    "StartDate",
    "EndDate",
    "FaxJobId",
)
#: What `SimpleGetFaxStatus` returns (developer portal); below zero it is the number of an error.
SIMPLE_STATUS: Mapping[int, str] = MappingProxyType({1: "succeeded", 2: "failed", 3: "being processed"})
_LINE = ("did", "PortNumber", "DefaultCSID", "SendDeliveryConfirmation", "ProcessInbound")
_ALL = -1
"""No filter (GetFaxBroadcastStatus)."""


class Services:
    """The methods; an account has them beside those of the contract."""

    __slots__ = ()
    options: Options
    talk: Talk
    reporting: Reporting | None
    clock: Clock

    def covers(self) -> Table:
        """`GetFaxCoverList`."""
        _, said = self.talk.ask("GetFaxCoverList", {})
        names = [values.said(entry.get("FaxCoverName")) for entry in values.items(said.get("FaxCoverList"))]
        return Table(("FaxCoverName",), tuple((name,) for name in names))

    def profile(self) -> Mapping[str, str]:
        """`GetFaxAccountSettings`, without the PIN."""
        info = self._account()
        return {name: values.said(info.get(name)) for name in ("UserId", "DefaultCSID", "SendDeliveryConfirmation")}

    def lines(self) -> Table:
        """The lines in `GetFaxAccountSettings`, without their credentials."""
        entries = values.items(self._account().get("DIDList"))
        return Table(_LINE, tuple(tuple(values.said(entry.get(name)) for name in _LINE) for entry in entries))

    def set_line(self, number: str, *, enabled: bool) -> NoReturn:  # noqa: ARG002 - the contract's form
        """Not over this interface."""
        raise UserError("Concord's lines are set in its portal, or by its support; the web service cannot do it")

    def _account(self) -> Mapping[str, Any]:
        _, said = self.talk.ask(SETTINGS, {})
        info = said.get("AccountInfo")
        if not isinstance(info, Mapping):
            raise ProviderTrouble("Concord told no account settings")
        return info

    def broadcast(self, numbers: Sequence[str], name: str, content: bytes) -> str:
        """`SendFaxBroadcast`.  Raises `UserError` when Concord refuses it."""
        document = Content(name, len(content), lambda: io.BytesIO(content))
        try:
            fields = message.several(self.options, numbers, [document], self.clock.now())
        except message.Unfit as error:
            raise UserError(str(error)) from None
        said = self._asked("SendFaxBroadcast", fields, fresh=True)
        job = values.said(said.get("FaxJobId"))
        if not job:
            raise ProviderTrouble("Concord took the broadcast without telling its id")
        return job

    def broadcast_status(self, job: str) -> Table:
        """`GetFaxBroadcastStatus`, all recipients."""
        request = {"JobId": job, "StartRecipientId": _ALL, "EndRecipientId": _ALL, "RecipientStatus": _ALL}
        entries = values.items(self._asked("GetFaxBroadcastStatus", {"request": request}).get("RecipientStatusList"))
        return Table(RECIPIENT, tuple(tuple(values.said(entry.get(name)) for name in RECIPIENT) for entry in entries))

    def broadcast_report(self, job: str, address: str, kind: int = 1) -> None:
        """`GetFaxBroadcastReport`: have a report sent to `address`.  `kind` is `RecipientType`, whose values are not
        public; 1 is e-mail where the service numbers it as it numbers notices."""
        self._asked("GetFaxBroadcastReport", {"JobId": job, "RecipientType": kind, "RecipAddress": address})

    def send_simple(self, number: str, name: str, content: bytes) -> str:
        """`SimpleSendFax`: a TIFF.  Raises `UserError` when Concord refuses it."""
        self._in_soap()
        document = Content("1.tif", len(content), lambda: io.BytesIO(content))
        try:
            fields = message.simple(self.options, number, name, document)
        except message.Unfit as error:
            raise UserError(str(error)) from None
        spoken = self.talk.voice.ask("SimpleSendFax", {**self.talk.who, **fields}, fresh=True)
        match answers.simply_taken(spoken, self.talk):
            case Accepted(job):
                return job
            case Refused(reason):
                raise UserError(reason)
            case AccountRefused(reason):
                raise CredentialsRefused(reason)
            case NotNow(reason, retry_after):
                raise ProviderTrouble(reason, retry_after)
            case Unknown(reason):
                raise OutcomeUnknown(reason)

    def simple_status(self, job: str) -> Table:
        """`SimpleGetFaxStatus`: a number."""
        self._in_soap()
        spoken = self.talk.voice.ask("SimpleGetFaxStatus", {**self.talk.who, "JobId": job})
        code = values.whole(entire(spoken).get("return")) or 0
        if code in SIMPLE_STATUS:
            return Table(("JobId", "Status", "Meaning"), ((job, str(code), SIMPLE_STATUS[code]),))
        if code >= 0:
            raise ProviderTrouble("Concord answered with a status that is not documented")
        kind = self.talk.kind(code, "SimpleGetFaxStatus", spoken.reply)
        raise (CredentialsRefused if kind is Kind.CREDENTIALS else UserError)(self.talk.errors.sentence(code))

    def _in_soap(self) -> None:
        if self.options.protocol != "soap":
            raise UserError("Concord's simple calls are known in SOAP only; set `protocol: soap` for the account")

    def records(self, since: datetime, until: datetime, number: str | None) -> Table:
        """`ListOutboundActivity`; with `number`, only the rows that have it somewhere."""
        if self.reporting is None:
            raise UserError("activity reports need `reports` in the account's settings: address, user and password")
        table = self.reporting.outbound(since, until)
        if number is None:
            return table
        wanted = tuple(row for row in table.rows if any(values.number(value) == number for value in row))
        return Table(table.columns, wanted)

    def _asked(self, operation: str, fields: Mapping[str, Any], *, fresh: bool = False) -> Mapping[str, Any]:
        """A request for people: what the service refuses is theirs to read."""
        refusals = (Kind.UNKNOWN_JOB, Kind.REFUSED, Kind.UNCLASSIFIED, Kind.LATER)
        kind, said = self.talk.ask(operation, fields, expected=refusals, fresh=fresh)
        if kind:
            raise UserError(self.talk.sentence(said))
        return said
