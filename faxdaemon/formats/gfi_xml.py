"""GFI FaxMaker XMLAPI: `job.xml`, and `job.xml.status` in the drop folder for an answer.

Promise   every element is known, or the job is refused; a `&` that stands for itself is understood, for clients write
          it so.  The status file comes once every recipient has an end: while one is held there is none, for a client
          takes any other word than “sent” for a failure, and sends again.
Needs     nothing.
Crash     keeps nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain
from pathlib import PurePath

from faxdaemon.contracts.format import AnswerFile, FolderAsks, NotMine, Order, ReportFacts
from faxdaemon.core.markup import element
from faxdaemon.core.model import Outcome, Request
from faxdaemon.core.states import Outbound
from faxdaemon.formats._about import About
from faxdaemon.formats._control import ControlDialect, Refused, chosen, filled
from faxdaemon.formats._result import result
from faxdaemon.formats._text import Undecided
from faxdaemon.formats._write import moment, nested, only, reversed_, said, tags, xml
from faxdaemon.formats._xml import children, decoded, foreign, one, texts, words
from faxdaemon.xmlsafe import Node

ROOT = "faxmakerdata"
SENDER = {
    "company": "sender_company",
    "faxnumber": "sender_fax",
    "voicenumber": "sender_phone",
    "emailaddress": "sender_email",
}
FIELDS = {
    "subject": "subject",
    "billingcode": "billing_code",
    "coverpage": "cover",
    "frontcovernote": "cover_text",
    "faxheader": "header",
}
_PERSON = ("firstname", "lastname", "company", "department", "faxnumber", "voicenumber", "emailaddress")
_RECIPIENT = (*_PERSON, "emaladdress")  # as one client writes it
_MINE = re.compile(rf"<\s*(?:\w+:)?{ROOT}\b", re.IGNORECASE)
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[-: T](\d\d:\d\d(?::\d\d)?)")
_UID = re.compile(r"<uid>([^<]*)</uid>", re.IGNORECASE)
_PRIORITY = {"low": "low", "normal": "normal", "high": "high", "veryhigh": "high"}
_RESOLUTION = {"normal": "standard", "high": "fine"}

ABOUT = About(
    title="GFI FaxMaker XMLAPI",
    says="An XML file `faxmakerdata` with `fields`, `sender` and `recipients`, which names its documents as "
    "`attachment`.",
    files={
        "order17.xml": '<?xml version="1.0" encoding="utf-8"?>\r\n<faxmakerdata>\r\n  <fields>\r\n    <subject>Order 17'
        "</subject>\r\n    <priority>high</priority>\r\n    <resolution>high</resolution>\r\n    <attachment>order.pdf"
        "</attachment>\r\n    <uid>17</uid>\r\n  </fields>\r\n  <sender>\r\n    <lastname>Gray</lastname>\r\n"
        "    <company>North & Sons</company>\r\n  </sender>\r\n  <recipients>\r\n    <fax>\r\n      <recipient>"
        "<lastname>Lee</lastname><faxnumber>1-303-555-0123</faxnumber></recipient>\r\n      <recipient>"
        "<lastname>Fox</lastname><faxnumber>1-303-555-0124</faxnumber></recipient>\r\n    </fax>\r\n  </recipients>"
        "\r\n</faxmakerdata>\r\n",
        "order.pdf": "",
    },
    numbers=("+13035550123", "+13035550124"),
    carries=(
        *("name", "reference", "documents", "several recipients", "fields", "recipient_company", "sender_name"),
        *("priority", "resolution", "send_at"),
        *sorted({*SENDER.values(), *FIELDS.values()}),
    ),
    answers="`<name>.xml.status` in the drop folder, once all recipients have an end: `errorcode` 0 for each that was "
    "reached, else 1. If the name is taken the fax id is put into it; nothing is appended. And `<stem>.result.json`.",
    source="manuals.gfi.com, FaxMaker 19 and 20: XMLAPI (A); real clients, also of the answer (B)",
    answer_files=(
        "{stem}.xml.status",
        "sent/{stem}.result.json",
    ),
)


def open_format(folder: FolderAsks) -> XmlApi:
    """The dialect as one drop folder speaks it."""
    return XmlApi(folder)


class XmlApi(ControlDialect):
    """See the module."""

    endings = (".xml",)
    answers = (".xml.status",)

    def understand(self, name: str, control: bytes) -> list[Order] | NotMine:  # noqa: ARG002 - the form of all of them
        """One order, for one or more recipients."""
        if not _MINE.search(decoded(control, self.folder.encoding).text):
            return NotMine()
        read = foreign(control, self.folder.encoding, mend=True)
        if read.root.name.lower() != ROOT:
            raise Refused(f"its outermost element is <{read.root.name[:40]}>, and not <{ROOT}>")
        parts = children(read.root, ROOT, ("fields", "sender", "recipients"))
        wishes, fields, uid, documents = _fields(one(parts, "fields", ROOT))
        wishes |= _sender(one(parts, "sender", ROOT), fields)
        recipients = one(parts, "recipients", ROOT)
        requests = [] if recipients is None else _recipients(recipients, wishes, fields, uid)
        return [Order(tuple(requests), documents, encoding=read.encoding)]

    def compose(self, orders: Sequence[Order]) -> str:
        """What is common to all recipients is said by the first."""
        order = only(orders)
        first = order.requests[0]
        priority, resolution = (str(first.options.get(wish, "")) for wish in ("priority", "resolution"))
        fields = [
            *said(first, FIELDS).items(),
            ("priority", priority),
            ("resolution", reversed_(_RESOLUTION).get(resolution)),
            ("schedule", moment(first, "send_at", self.folder, "%Y-%m-%d-%H:%M:%S")),
            ("faxline", first.fields.get("line")),
            *(("attachment", document) for document in order.documents or ()),
            ("uid", first.reference),
        ]
        sender = said(first, {"lastname": "sender_name", **SENDER})
        sender |= filled(department=first.fields.get("sender_department"))
        faxes = [line for request in order.requests for line in nested("recipient", tags(_person(request)))]
        parts = [*nested("fields", tags(fields)), *nested("sender", tags(sender.items()))]
        return xml(nested(ROOT, [*parts, *nested("recipients", nested("fax", faxes))]))

    def answer(self, facts: ReportFacts) -> list[AnswerFile]:
        """The status file in the drop folder; our own always."""
        if facts.overall == "held":
            return [result(facts)]
        uid = self._uid(facts.control or b"")
        lines = ['<?xml version="1.0" encoding="utf-8"?>', f"<{ROOT}>"]
        for each in facts.outcomes:
            lines += ["  <fax>", *(f"    {line}" for line in _status(each, uid)), "  </fax>"]
        status = "".join(f"{line}\r\n" for line in (*lines, f"</{ROOT}>"))
        suffix = f"{PurePath(facts.name).suffix}.status"
        return [AnswerFile(suffix, status.encode("utf-8", "replace"), in_folder=True), result(facts)]

    def _uid(self, control: bytes) -> str:
        """The asker's own name for the job, also where the rest of the file cannot be followed."""
        try:
            return (
                _fields(
                    one(
                        children(
                            foreign(control, self.folder.encoding, mend=True).root,
                            "",
                            ("fields", "sender", "recipients"),
                        ),
                        "fields",
                        "",
                    )
                )[2]
                or ""
            )
        except (Refused, Undecided):
            found = _UID.search(control.decode("utf-8", "replace"))
            return found[1].strip() if found else ""


def _person(request: Request) -> list[tuple[str, str | None]]:
    told = said(request, {"company": "recipient_company"})
    fields = {"department": "department", "voicenumber": "phone", "emailaddress": "email"}
    known = [(name, request.fields.get(field)) for name, field in fields.items()]
    return [("lastname", request.name), *told.items(), ("faxnumber", request.number), *known]


def _fields(node: Node | None) -> tuple[dict[str, str], dict[str, str], str | None, tuple[str, ...]]:
    """The wishes for all, what no provider takes, the asker's reference, the documents."""
    path = f"{ROOT}/fields"
    if node is None:
        return {}, {}, None, ()
    known = (*FIELDS, "schedule", "priority", "resolution", "faxline", "attachment", "uid")
    found = children(node, path, known)
    documents = tuple(filter(None, (words(each, path) for each in found.pop("attachment", []))))
    line = found.pop("faxline", [])
    told = {name: words(each, path) for name in found if (each := one(found, name, path)) is not None}
    wishes = {FIELDS[name]: text for name, text in told.items() if name in FIELDS and text}
    if wishes.get("cover", "").lower() == "none":
        del wishes["cover"]
    if told.get("priority"):
        wishes["priority"] = chosen(f"{path}: priority", told["priority"], _PRIORITY)
    if told.get("resolution"):
        wishes["resolution"] = chosen(f"{path}: resolution", told["resolution"], _RESOLUTION)
    if told.get("schedule"):
        wishes["send_at"] = _TIME.sub(r"\1 \2", told["schedule"])
    return wishes, filled(line=_line(line, path)), told.get("uid") or None, documents


def _line(nodes: list[Node], path: str) -> str | None:
    node = one({"faxline": nodes}, "faxline", path)
    if node is None:
        return None
    line = words(node, path, ("demandline",))
    demand = next((value for name, value in node.attributes.items() if name.lower() == "demandline"), "false")
    if demand.strip().lower() != "false":
        raise Refused(f"{path}: it demands one line to send by, and there are accounts here: leave demandline out")
    return line


def _sender(node: Node | None, fields: dict[str, str]) -> dict[str, str]:
    told = texts(node, f"{ROOT}/sender", _PERSON)
    fields.update(filled(sender_department=told.get("department")))
    return {**filled(sender_name=_name(told)), **{SENDER[key]: told[key] for key in SENDER if key in told}}


def _recipients(node: Node, wishes: dict[str, str], fields: dict[str, str], uid: str | None) -> list[Request]:
    path = f"{ROOT}/recipients"
    faxes = children(node, path, ("fax", "sms"))
    if "sms" in faxes:
        raise Refused(f"{path}: it asks for text messages, and they are not sent from control files")
    inside = (children(fax, f"{path}/fax", ("recipient",)).get("recipient", []) for fax in faxes.get("fax", []))
    requests = []
    for number, each in enumerate(chain.from_iterable(inside), 1):
        told = texts(each, f"{path}/fax/recipient {number}", _RECIPIENT)
        if "faxnumber" not in told:
            raise Refused(f"{path}/fax/recipient {number}: there is no faxnumber")
        own = filled(
            department=told.get("department"),
            phone=told.get("voicenumber"),
            email=told.get("emailaddress") or told.get("emaladdress"),
        )
        options = {**wishes, **filled(recipient_company=told.get("company"))}
        requests.append(Request(told["faxnumber"], _name(told), uid, {**fields, **own}, options))
    return requests


def _name(told: dict[str, str]) -> str | None:
    return " ".join(filter(None, (told.get("firstname"), told.get("lastname")))) or None


def _status(outcome: Outcome, uid: str) -> list[str]:
    sent = outcome.state is Outbound.SENT
    told = [f"Status: {outcome.state.value}"]
    told += [f"Pages: {outcome.pages}"] if outcome.pages else []
    told += [f"Ended: {outcome.ended_at.isoformat(timespec='milliseconds')}"] if outcome.ended_at else []
    told.append(f"Description: {outcome.reason or ('The fax was sent.' if sent else 'The fax was not sent.')}")
    lines = [element("errorcode", "0" if sent else "1"), element("description", "\n".join(told))]
    lines += [element("uid", uid)] if uid else []
    return [*lines, element("faxfile", ""), element("recipient", outcome.number)]
