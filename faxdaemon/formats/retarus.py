"""Retarus Fax-for-Applications by files: `job4711.xml`, and `rep4711.xml` for an answer.

Promise   each `fax` of the file is a fax of its own, to all of its addresses; every element is known, or the job is
          refused.  The report comes into the drop folder once every recipient of a fax has an end.
Needs     nothing.
Crash     keeps nothing.

    <jobs>
      <reference>4711</reference>
      <fax>
        <fax-file-list><fax-file><file-name>invoice.pdf</file-name></fax-file></fax-file-list>
        <distribution-list><fax-address><fax-number>+13035550123</fax-number></fax-address></distribution-list>
      </fax>
    </jobs>

The name of the outermost element is not published, so any is taken.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

from faxdaemon.contracts.format import AnswerFile, FolderAsks, NotMine, Order, ReportFacts
from faxdaemon.core.markup import element
from faxdaemon.core.model import Outcome, Request
from faxdaemon.core.states import Outbound
from faxdaemon.formats._about import About
from faxdaemon.formats._control import ControlDialect, Refused, chosen, filled
from faxdaemon.formats._result import result
from faxdaemon.formats._text import Undecided
from faxdaemon.formats._write import nested, reversed_, said, tags, xml
from faxdaemon.formats._xml import children, decoded, foreign, one, texts, words
from faxdaemon.xmlsafe import Node

_JOB = "job"
_MINE = re.compile(r"<\s*(?:\w+:)?(?:fax-file-list|distribution-list|fax-address|fax-number)\b", re.IGNORECASE)
_FILE = {"file-name", "file-encoding"}
_ENCODINGS = {"88591": "iso-8859-1", "88592": "iso-8859-2"}
_TEXTS = (".txt", ".htm", ".html")
_RESOLUTION = {"low": "standard", "high": "fine"}
_STATUS = {Outbound.SENT: "OK", Outbound.CANCELLED: "CANCELLED"}

ABOUT = About(
    title="Retarus Fax-for-Applications, files",
    says="A file `job....xml` that lists its documents (`fax-file-list`) and its recipients (`distribution-list`); "
    "several `fax` are several faxes.",
    files={
        "invoice4711.pdf": "",
        "job4711.xml": "<jobs>\n <reference>4711</reference>\n <fax>\n  <job-reference>4711-1</job-reference>\n"
        "  <fax-file-list><fax-file><file-name>invoice4711.pdf</file-name></fax-file></fax-file-list>\n"
        "  <distribution-list>\n   <fax-address><fax-number>+1 303 555 0123</fax-number></fax-address>\n"
        "   <fax-address><fax-number>+1 303 555 0124</fax-number></fax-address>\n  </distribution-list>\n </fax>\n"
        "</jobs>\n",
    },
    numbers=("+13035550123", "+13035550124"),
    carries=("reference", "documents", "several recipients", "several jobs", "fields", "resolution", "sender_csid"),
    answers="`rep....xml` in the drop folder, once all recipients of a fax have an end: the status `OK`, `FAILED` or "
    "`CANCELLED` of each address. If the name is taken the fax id is put into it. And `<stem>.result.json`.",
    source="docs.retarus.com, Fax-for-Applications, FTP API (A); a real client, also of the report (B); how elements "
    "nest otherwise is not published (C)",
    answer_files=(
        "rep4711.xml",
        "sent/{stem}.result.json",
    ),
)


def open_format(folder: FolderAsks) -> Retarus:
    """The dialect as one drop folder speaks it."""
    return Retarus(folder)


@dataclass(frozen=True, slots=True)
class _Names:
    """The asker's own names for a fax."""

    job: str = ""
    """Of the whole file."""
    fax: str = ""


class Retarus(ControlDialect):
    """See the module."""

    endings = (".xml",)
    answers = ("rep*.xml",)

    def is_control(self, name: str) -> bool:
        """`job` comes before everything else."""
        return super().is_control(name) and name.lower().startswith(_JOB)

    def understand(self, name: str, control: bytes) -> list[Order] | NotMine:  # noqa: ARG002 - the form of all of them
        """One order a fax."""
        if not _MINE.search(decoded(control, self.folder.encoding).text):
            return NotMine()
        read = foreign(control, self.folder.encoding)
        reference, faxes = _parts(read.root)
        if not faxes:
            raise Refused(f"{read.root.name[:40]}: there is no <fax> in it")
        return [_order(fax, reference, number, read.encoding) for number, fax in enumerate(faxes, 1)]

    def compose(self, orders: Sequence[Order]) -> str:
        """A fax for each."""
        job = orders[0].requests[0].fields.get("job")
        return xml(nested("jobs", [*tags([("reference", job)]), *(line for order in orders for line in _fax(order))]))

    def answer(self, facts: ReportFacts) -> list[AnswerFile]:
        """The report in the drop folder; our own always."""
        if facts.overall == "held":
            return [result(facts)]
        names = self._names(facts)
        inside = [element("job-reference", names.fax)] if names.fax else []
        addresses = [f"  {line}" for each in facts.outcomes for line in _address(each)]
        inside += ["<distribution-list>", *addresses, "</distribution-list>"]
        lines = ["<?xml version='1.0' encoding='ISO-8859-1'?>", "<jobs>"]
        lines += [f"  {element('reference', names.job)}"] if names.job else []
        lines += ["  <fax>", *(f"    {line}" for line in inside), "  </fax>", "</jobs>"]
        report = "".join(f"{line}\n" for line in lines).encode("iso-8859-1", "xmlcharrefreplace")
        stem = PurePath(facts.name).stem
        return [AnswerFile(".xml", report, in_folder=True, stem=f"rep{stem[len(_JOB) :]}"), result(facts)]

    def _names(self, facts: ReportFacts) -> _Names:
        """Also where the rest of the file cannot be followed, as far as it is XML."""
        try:
            reference, faxes = _parts(foreign(facts.control or b"", self.folder.encoding).root)
            fax = faxes[facts.part] if facts.part < len(faxes) else None
            found = fax.told("job-reference") if fax is not None else None
        except (Refused, Undecided):
            return _Names()
        return _Names(reference or "", found or "")


def _fax(order: Order) -> list[str]:
    first = order.requests[0]
    encoding = tags([("file-encoding", first.fields.get("file_encoding"))])
    files = [
        line
        for document in order.documents or ()
        for line in nested("fax-file", [*tags([("file-name", document)]), *encoding])
    ]
    addresses = [
        line
        for each in order.requests
        for line in nested("fax-address", tags([("fax-number", each.number), ("reference", each.reference)]))
    ]
    resolution = reversed_(_RESOLUTION).get(str(first.options.get("resolution")))
    options = tags([("resolution", resolution), *said(first, {"csid": "sender_csid"}).items()])
    lists = [*(nested("fax-file-list", files) if files else []), *nested("distribution-list", addresses)]
    return nested("fax", [*options, *lists])


def _parts(root: Node) -> tuple[str | None, list[Node]]:
    """The reference of the whole file, and its faxes."""
    path = root.name[:40]
    found = children(root, path, ("reference", "fax"))
    node = one(found, "reference", path)
    return (words(node, path) or None) if node else None, found.get("fax", [])


def _order(fax: Node, reference: str | None, number: int, encoding: str) -> Order:
    path = f"fax {number}"
    known = ("job-reference", "fax-file-list", "distribution-list", "resolution", "csid")
    found = children(fax, path, known)
    told = {name: words(each, path) for name in known if "list" not in name and (each := one(found, name, path))}
    fields: dict[str, str] = filled(job=reference)
    documents = _documents(one(found, "fax-file-list", path), path, fields)
    resolution = told.get("resolution")
    options = filled(
        resolution=chosen(f"{path}: resolution", resolution, _RESOLUTION) if resolution else None,
        sender_csid=told.get("csid"),
    )
    requests = []
    addresses = one(found, "distribution-list", path)
    inside = {} if addresses is None else children(addresses, f"{path}/distribution-list", ("fax-address",))
    for place, address in enumerate(inside.get("fax-address", []), 1):
        own = texts(address, f"{path}/fax-address {place}", ("fax-number", "reference"))
        if "fax-number" not in own:
            raise Refused(f"{path}/fax-address {place}: there is no fax-number")
        name = own.get("reference") or told.get("job-reference") or reference
        requests.append(Request(own["fax-number"], None, name, fields, options))
    if not requests:
        raise Refused(f"{path}: it has no fax-address")
    return Order(tuple(requests), documents, encoding=encoding)


def _documents(node: Node | None, path: str, fields: dict[str, str]) -> tuple[str, ...]:
    path = f"{path}/fax-file-list"
    inside = {} if node is None else children(node, path, ("fax-file",))
    documents = []
    for each in inside.get("fax-file", []):
        told = texts(each, path, _FILE) if each.children else {"file-name": words(each, path)}
        name = told.get("file-name")
        if not name:
            raise Refused(f"{path}: there is a fax-file without file-name")
        encoding = told.get("file-encoding")
        meant = chosen(f"{path}: file-encoding", encoding, _ENCODINGS) if encoding else None
        if meant == "iso-8859-2" and name.lower().endswith(_TEXTS):
            raise Refused(f"{path}: texts in ISO 8859-2 are not told from others; write the text in UTF-8, or a PDF")
        fields.update(filled(file_encoding=encoding))
        documents.append(name)
    return tuple(documents)


def _address(outcome: Outcome) -> list[str]:
    told = [element("fax-number", outcome.number), element("status", _STATUS.get(outcome.state, "FAILED"))]
    reference = outcome.fields.get("reference")
    told += [element("reference", reference)] if reference else []
    told += [element("pages", str(outcome.pages))] if outcome.pages else []
    told += [element("duration", str(outcome.duration_s))] if outcome.duration_s is not None else []
    told += [element("sent", outcome.ended_at.isoformat(timespec="milliseconds"))] if outcome.ended_at else []
    told += [element("description", " ".join(outcome.reason.split()))] if outcome.reason else []
    return ["<fax-address>", *(f"  {line}" for line in told), "</fax-address>"]
