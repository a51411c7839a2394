"""RightFax FCL in files of its own: `{{begin}}`, commands in double braces, `{{end}}`; several jobs in a file.

Promise   each command is followed, comes back as a field, or is refused with its line; nothing is skipped but `rem`.
          One job is one fax to one number.
Needs     nothing.
Crash     keeps nothing.

`owner`, `winsecid`, `doctype` and `notifyhost` mean something to a RightFax server only and come back as fields;
`lookup` would change where the fax goes, and is refused.  `{{attach F delete}}`: what lies in the drop folder is moved
to `sent` like every document; what lies elsewhere is only read, and `delete` comes back as a field.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from faxdaemon.contracts.format import FolderAsks, Order
from faxdaemon.core.model import Request
from faxdaemon.formats._about import About
from faxdaemon.formats._lines import LinesDialect, Wrong, short
from faxdaemon.formats._text import Text
from faxdaemon.formats._write import plain, said, single

OPEN, CLOSE = "{{", "}}"
_WISHES = {"company": "recipient_company", "billing": "billing_code", "cover": "cover"}
_KEPT = frozenset({"owner", "winsecid", "doctype", "comment", "notifyhost"})
_ONCE = frozenset({"fax", "contact", "quality", *_WISHES, *_KEPT} - {"comment"})
_QUALITY = {"fine": "fine", "standard": "standard", "normal": "standard"}
_DELETE = re.compile(r"^(.*\S)\s+delete$", re.IGNORECASE | re.DOTALL)
_REFUSED = {"lookup": "nothing is looked up here; write the number itself with {{fax …}}"}

ABOUT = About(
    title="RightFax FCL",
    says="A `.fcl` file with commands in double braces. Each job stands between `{{begin}}` and `{{end}}` and names "
    "its documents with `{{attach …}}`; without that, the document has the name of the file.",
    files={
        "po4711.pdf": "",
        "terms.pdf": "",
        "po4711.fcl": "{{begin}}\n{{fax 303-555-0123}}\n{{contact Dr. Lee}}\n{{company North Clinic}}\n"
        "{{attach po4711.pdf}}\n{{attach terms.pdf delete}}\n{{billing K-12}}\n{{owner LAB}}\n{{quality fine}}\n"
        "{{end}}\n",
    },
    numbers=("+13035550123",),
    carries=(
        "name",
        "documents",
        "several jobs",
        "fields",
        "recipient_company",
        "billing_code",
        "resolution",
        "cover",
        "cover_text",
    ),
    answers="`<stem>.result.json` beside the document. RightFax's own completion file differs from version to version.",
    source="B: applications that write it; what no application was seen to use is not known here",
)


def open_format(folder: FolderAsks) -> RightFaxFcl:
    """The dialect as one drop folder speaks it."""
    return RightFaxFcl(folder)


@dataclass
class _Job:
    line: int
    values: dict[str, str] = field(default_factory=dict)
    documents: list[str] = field(default_factory=list)
    delete: list[str] = field(default_factory=list)

    def add(self, line: int, command: str, value: str) -> None:
        """One command.  Raises `Wrong`."""
        if command in _REFUSED:
            raise Wrong(line, f"{OPEN}{command}{CLOSE}: {_REFUSED[command]}")
        if command == "attach":
            self._attach(line, value)
        elif command in _ONCE and command in self.values:
            raise Wrong(line, f"{OPEN}{command}{CLOSE} a second time in one job; write a job of its own for each fax")
        elif command in _ONCE or command in {"comment", "covertext"}:
            before = self.values.get(command)
            self.values[command] = value if before is None else f"{before}\n{value}"
        else:
            raise Wrong(
                line, f"{OPEN}{short(command)}{CLOSE} is not known here; take it out, or write what it is to do"
            )

    def _attach(self, line: int, value: str) -> None:
        deleted = _DELETE.match(value)
        path = deleted[1] if deleted else value
        if not path:
            raise Wrong(line, "{{attach}} without a file")
        self.documents.append(path)
        if deleted:
            self.delete.append(path)

    def order(self) -> Order:
        """The fax.  Raises `Wrong` where something is missing."""
        number = self.values.get("fax", "")
        if not number:
            raise Wrong(self.line, "the job that begins here has no {{fax …}}")
        options = {wish: self.values[command] for command, wish in _WISHES.items() if self.values.get(command)}
        if self.values.get("covertext"):
            options["cover_text"] = self.values["covertext"]
        quality = self.values.get("quality", "")
        if quality:
            if quality.lower() not in _QUALITY:
                raise Wrong(self.line, f"the quality “{short(quality)}” is not known; write fine, or leave it out")
            options["resolution"] = _QUALITY[quality.lower()]
        fields = {command: self.values[command] for command in sorted(_KEPT) if self.values.get(command)}
        if self.delete:
            fields["delete"] = "\n".join(self.delete)
        request = Request(number, self.values.get("contact") or None, None, fields, options)
        return Order((request,), tuple(self.documents) or None)


class RightFaxFcl(LinesDialect):
    """See the module."""

    endings = (".fcl",)

    def follow(self, text: Text) -> list[Order]:
        """One order a job."""
        orders: list[Order] = []
        job: _Job | None = None
        for line, command, value in _commands(text.text):
            if command == "rem":
                continue
            if command == "begin":
                if job is not None:
                    raise Wrong(line, f"{{{{begin}}}} inside of the job that begins in line {job.line}")
                job = _Job(line)
            elif job is None:
                raise Wrong(line, f"{OPEN}{short(command)}{CLOSE} stands outside of a job; {{{{begin}}}} is missing")
            elif command == "end":
                orders.append(job.order())
                job = None
            else:
                job.add(line, command, value)
        if job is not None:
            raise Wrong(job.line, "the job that begins here has no {{end}}; perhaps the file was cut off")
        if not orders:
            raise Wrong(None, "it has no job; {{begin}} is missing")
        return orders

    def compose(self, orders: Sequence[Order]) -> str:
        """A job for each."""
        return "".join(f"{line}\n" for order in orders for line in _job(order))


def _job(order: Order) -> Iterator[str]:
    request = single([order])
    told = {"fax": request.number, "contact": request.name, **said(request, _WISHES)}
    told["quality"] = plain(request.options.get("resolution") or "")
    fields = {key: value for key, value in request.fields.items() if key != "delete"}
    deleted = request.fields.get("delete", "").split("\n")
    yield "{{begin}}"
    yield from (f"{{{{{command} {value}}}}}" for command, value in {**told, **fields}.items() if value)
    for document in order.documents or ():
        yield f"{{{{attach {document}{' delete' if document in deleted else ''}}}}}"
    if request.options.get("cover_text"):
        yield f"{{{{covertext}}}}\n{request.options['cover_text']}\n{{{{endcovertext}}}}"
    yield "{{end}}"


def _commands(text: str) -> Iterator[tuple[int, str, str]]:
    """Every command with its line; the text of a cover comes with its command.  Raises `Wrong`."""
    at, line = 0, 1
    while True:
        start = text.find(OPEN, at)
        between = text[at:] if start < 0 else text[at:start]
        line += _shown(line, between)
        if start < 0:
            return
        end = _end(text, start, line)
        command, _, value = text[start + 2 : end].strip().partition(" ")
        begun, command = line, command.lower()
        at = end + 2
        if command == "covertext":
            more, at = _cover(text, at, line)
            line += more.count("\n")
            value = "\n".join(part for part in (value.strip(), more.strip()) if part)
        yield begun, command, value.strip()


def _shown(line: int, between: str) -> int:
    """The lines between two commands, where nothing may stand.  Raises `Wrong`."""
    if between.strip():
        line += between[: len(between) - len(between.lstrip())].count("\n")
        raise Wrong(line, f"“{short(between.strip())}” stands outside of the commands; it would not be faxed")
    return between.count("\n")


def _end(text: str, start: int, line: int) -> int:
    """Where the command that begins at `start` ends: in the same line."""
    stop = text.find("\n", start)
    stop = len(text) if stop < 0 else stop
    end = text.find(CLOSE, start, stop)
    again = text.find(OPEN, start + 2, stop)
    if end < 0 or -1 < again < end:
        raise Wrong(line, f"a command that is begun with {OPEN} and not ended with {CLOSE}")
    return end


def _cover(text: str, at: int, line: int) -> tuple[str, int]:
    """The text up to {{endcovertext}}, and where it goes on after that."""
    found = re.compile(r"\{\{\s*endcovertext\s*\}\}", re.IGNORECASE).search(text, at)
    if found is None:
        raise Wrong(line, "{{covertext}} without {{endcovertext}}")
    return text[at : found.start()], found.end()
