"""Concord Folder Fax, by a control file: `job42.tif` and `job42.xml`.

Promise   what the control file or the name says comes before what the folder says (`to`); where control file and name
          say different numbers, nothing is sent.
Needs     nothing.
Crash     keeps nothing.

    <FaxFile>
      <FaxNumber>13035550123</FaxNumber>
      <ReferenceId>4711</ReferenceId>
    </FaxFile>

The name of the outermost element is not published, so any is taken.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath

from faxdaemon.contracts.format import AnswerFile, CannotSay, FolderAsks, NotMine, Order, ReportFacts
from faxdaemon.core.model import Request
from faxdaemon.core.numbers import NotANumber, to_e164
from faxdaemon.formats._about import About
from faxdaemon.formats._concord import answers, tokens
from faxdaemon.formats._control import ControlDialect, Refused, chosen, filled
from faxdaemon.formats._write import nested, only, plain, said, single, tags, xml
from faxdaemon.formats._xml import decoded, foreign, texts

WISHES = {
    "covername": "cover",
    "coversubject": "subject",
    "covertext": "cover_text",
    "jobexpirydate": "expire_at",
    "recipientcompany": "recipient_company",
    "recipienttitle": "recipient_title",
    "sendercompany": "sender_company",
    "sendercsid": "sender_csid",
    "senderfax": "sender_fax",
    "sendername": "sender_name",
    "senderphone": "sender_phone",
}
KNOWN = frozenset(WISHES) | {
    "emailnotificationaddress",
    "faxnumber",
    "jobschedulestartdate",
    "jobschedulestarttype",
    "recipientname",
    "referenceid",
    "resolution",
}
_ONE = rf"<\s*(?:\w+:)?(?:{'|'.join(sorted(KNOWN))})\b"
_MINE = re.compile(_ONE, re.IGNORECASE)
_FIRST = re.compile(rf"\s*(?:<[?!][^>]*>\s*)*<[^>]{{1,200}}>\s*{_ONE}", re.IGNORECASE)
"""One of its elements comes first inside the outermost one: as much as can be told of what is no XML."""

_DECLARES = re.compile(r"<!DOCTYPE\b", re.IGNORECASE)
"""Which no asker writes, whatever comes behind it."""

ABOUT = About(
    title="Concord Folder Fax, XML files",
    says="An XML file with the name of its document; every element may be left out. Tokens in the name "
    "(`concord_name`) count as well.",
    files={
        "job42.pdf": "",
        "job42.xml": '<?xml version="1.0" encoding="utf-8"?>\r\n<FaxFile>\r\n  <FaxNumber>1 (303) 555-0123</FaxNumber>'
        "\r\n  <RecipientName>Dr. Lee</RecipientName>\r\n  <ReferenceId>4711</ReferenceId>\r\n"
        "  <Resolution>High</Resolution>\r\n</FaxFile>\r\n",
    },
    numbers=("+13035550123",),
    carries=("name", "reference", "resolution", "send_at", "notify", "notify_to", *sorted(WISHES.values())),
    answers="`<stem>.job.log` and `<stem>.history.csv` (one line a recipient; the files of a day, put together, are "
    "its history) beside the document, and `<stem>.result.json`.",
    source="developer.concordfax.com, Folder Fax: Service Description, XML Override (A); the outermost element and "
    "what stands in its logs are not published",
    answer_files=(
        "sent/{stem}.job.log",
        "sent/{stem}.history.csv",
        "sent/{stem}.result.json",
    ),
)


def open_format(folder: FolderAsks) -> Concord:
    """The dialect as one drop folder speaks it."""
    return Concord(folder)


class Concord(ControlDialect):
    """See the module."""

    endings = (".xml",)

    def understand(self, name: str, control: bytes) -> list[Order] | NotMine:
        """One order for one recipient, for the document of the same stem."""
        text = decoded(control, self.folder.encoding).text
        if not _MINE.search(text):
            return NotMine()
        try:
            read = foreign(control, self.folder.encoding)
        except Refused:
            if _FIRST.match(text) or _DECLARES.search(text):
                raise
            return NotMine()
        if not any(child.name.lower() in KNOWN for child in read.root.children):
            return NotMine()
        told = texts(read.root, read.root.name[:40], KNOWN)
        named = tokens(PurePath(name).stem)
        number = self._agreed(told.get("faxnumber"), named.get("fax")) or self.folder.to
        if number is None:
            raise Refused("it has no FaxNumber, and neither its name nor the folder has one")
        email = _same(told.get("emailnotificationaddress"), named.get("email"))
        options = {
            **{WISHES[element]: text for element, text in told.items() if element in WISHES},
            **filled(
                notify="email" if email else None,
                notify_to=email,
                resolution=self._resolution(told.get("resolution")),
                send_at=_begin(told),
            ),
        }
        request = Request(number, told.get("recipientname"), told.get("referenceid"), options=options)
        return [Order((request,), encoding=read.encoding)]

    def compose(self, orders: Sequence[Order]) -> str:
        """Under the name that its vendor's examples have for the outermost element."""
        request = single(orders)
        if only(orders).documents:
            raise CannotSay("this dialect names no documents: its file has the name of the document")
        begin = plain(request.options.get("send_at") or "")
        resolution = {"standard": "Low", "fine": "High"}.get(str(request.options.get("resolution")))
        told = [
            ("FaxNumber", request.number),
            ("RecipientName", request.name),
            ("ReferenceId", request.reference),
            ("Resolution", resolution),
            ("EmailNotificationAddress", plain(request.options.get("notify_to") or "")),
            ("JobScheduleStartType", "Scheduled" if begin else None),
            ("JobScheduleStartDate", begin),
            *said(request, WISHES).items(),
        ]
        return xml(nested("FaxFile", tags(told)))

    def answer(self, facts: ReportFacts) -> list[AnswerFile]:
        """As Folder Fax tells of its jobs."""
        return answers(facts)

    def _agreed(self, told: str | None, named: str | None) -> str | None:
        if told and named and self._plain(told) != self._plain(named):
            raise Refused("FaxNumber is another number than the one in its name; put one of them right")
        return told or named

    def _plain(self, number: str) -> str:
        try:
            return to_e164(number, self.folder.region)
        except NotANumber:
            return "".join(c for c in number if c.isdigit())

    def _resolution(self, told: str | None) -> str | None:
        return told and chosen("Resolution", told, {"low": "standard", "high": "fine"})


def _same(told: str | None, named: str | None) -> str | None:
    if told and named and told.lower() != named.lower():
        raise Refused("EmailNotificationAddress is another address than the one in its name; put one of them right")
    return told or named


def _begin(told: dict[str, str]) -> str | None:
    """When it is to be sent."""
    date = told.get("jobschedulestartdate")
    kind = told.get("jobschedulestarttype")
    scheduled = kind and chosen("JobScheduleStartType", kind, {"immediate": "", "scheduled": "scheduled"})
    if scheduled and not date:
        raise Refused("JobScheduleStartType is Scheduled, and there is no JobScheduleStartDate")
    if date and not scheduled:
        raise Refused("there is a JobScheduleStartDate, but JobScheduleStartType is not Scheduled")
    return date
