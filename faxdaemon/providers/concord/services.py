"""What Concord offers beyond sending and receiving: covers, settings, lines, broadcasts, activity reports.

Promise   each is one method of `faxdaemon.contracts.services`; no secret is in what they return.  `SimpleSendFax` and
          `SendFax` are not offered: they carry no reference, so that a fax with a lost answer could not be found.
Needs     the account's talk; for activity reports, `reports` in its settings.
Crash     a broadcast has no reference: one whose answer was lost must be looked for by hand, in Concord's portal.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn

from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.provider import Content
from faxdaemon.contracts.services import Table
from faxdaemon.core.errors import ProviderTrouble, UserError
from faxdaemon.providers.concord import message, values
from faxdaemon.providers.concord.errors import Kind
from faxdaemon.providers.concord.options import Options
from faxdaemon.providers.concord.reports import Reporting
from faxdaemon.providers.concord.talk import SETTINGS, Talk

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
