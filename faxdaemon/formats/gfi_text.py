"""GFI FaxMaker TextAPI: a text file whose first line says to whom it goes.

Promise   the codes are the first line, or the first two, and are not sent; a line like them further down stops the job,
          for it would be legible on the fax.  `.ok` and `.err` come into the drop folder where no sender is given, as
          FaxMaker does it; while a fax is held there is neither, for nobody knows yet.
Needs     nothing.
Crash     keeps nothing.

    ::Ann, North Clinic, Lee, Lab, ann@example.org, 303 555 0123
    ::s=Result,c=none,A=r1.pdf
    The text of the fax.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from faxdaemon.contracts.format import AnswerFile, FolderAsks, NotMine, Order, ReportFacts
from faxdaemon.core.model import Request
from faxdaemon.formats._about import About
from faxdaemon.formats._control import ControlDialect, Refused, chosen, filled
from faxdaemon.formats._result import result
from faxdaemon.formats._text import Undecided, decode
from faxdaemon.formats._write import moment, only, reversed_, said, single

OPTIONS = {
    "s": "subject",
    "subject": "subject",
    "fr": "sender_name",
    "from": "sender_name",
    "fh": "header",
    "faxheader": "header",
    "c": "cover",
    "coverpage": "cover",
    "b": "billing_code",
    "billingcode": "billing_code",
    "p": "priority",
    "priority": "priority",
    "l": "line",
    "line": "line",
}
_WORDS = {word: wish for wish, word in reversed_(OPTIONS).items()}
_PRIORITY = {"low": "low", "l": "low", "normal": "normal", "n": "normal", "high": "high", "h": "high"}
_RESOLUTION = {"h": "fine", "high": "fine", "n": "standard", "normal": "standard"}
_DEMANDED = ("dl", "demandline")
_NUMBER = re.compile(r"\+?[0-9 ().\-/]{3,}")
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[-: T](\d\d:\d\d(?::\d\d)?)")
_HOUR = re.compile(r"\d{1,2}:\d\d")
_MARK = "::"

ABOUT = About(
    title="GFI FaxMaker TextAPI",
    says="A `.txt` file. Its first line is `::` and the number, or first name, company, last name, department, e-mail "
    "address and number with commas; the second may give options after `::`; the rest is text to be faxed.",
    files={
        "result.txt": "::Ann, North Clinic, Lee, Lab, ann@example.org, (303) 555-0123\r\n::s=Result,H,A=r1.pdf\r\n",
        "r1.pdf": "",
    },
    numbers=("+13035550123",),
    carries=(
        *("name", "documents", "text", "subject", "sender_name", "header", "cover", "billing_code", "priority"),
        *("resolution", "send_at", "recipient_company", "fields"),
    ),
    answers="`<stem>.ok` or `<stem>.err` in the drop folder where no sender is given; and `<stem>.result.json`.",
    source="manuals.gfi.com, FaxMaker 12, 19 and 20: TextAPI (A); the text inside of `.ok` and `.err` is shown there "
    "only as a picture",
    answer_files=(
        "sent/{stem}.result.json",
        "{stem}.ok",
    ),
)


def open_format(folder: FolderAsks) -> TextApi:
    """The dialect as one drop folder speaks it."""
    return TextApi(folder)


class TextApi(ControlDialect):
    """See the module."""

    endings = (".txt",)
    answers = (".ok", ".err")

    def understand(self, name: str, control: bytes) -> list[Order] | NotMine:  # noqa: ARG002 - the form of all of them
        """One order for one recipient."""
        try:
            read = decode(control, self.folder.encoding)
        except Undecided:
            if control.lstrip().startswith(_MARK.encode()):
                raise
            return NotMine()
        lines = read.paper
        first = next((n for n, line in enumerate(lines) if line.strip("\ufeff \t")), len(lines))
        if first == len(lines) or not lines[first].strip().startswith(_MARK):
            return NotMine()
        number, person, fields = _recipient(_codes(lines[first]), first + 1)
        begin = first + 1
        options: dict[str, str] = {}
        documents: tuple[str, ...] = ()
        if begin < len(lines) and lines[begin].strip().startswith(_MARK):
            options, documents = _options(_codes(lines[begin]), begin + 1)
            begin += 1
        text = _text(lines, begin)
        line = options.pop("line", None)
        request = Request(
            number,
            " ".join(filter(None, (person.pop("first", None), person.pop("last", None)))) or None,
            fields={**fields, **filled(line=line)},
            options={**filled(recipient_company=person.pop("company", None)), **options},
        )
        return [Order((request,), documents, text, encoding=read.encoding)]

    def compose(self, orders: Sequence[Order]) -> str:
        """The name as the first name: where one ends and the other begins nobody can tell."""
        request, order = single(orders), only(orders)
        fields = dict(request.fields)
        company = request.options.get("recipient_company", "")
        who = [request.name or "", company, "", fields.pop("department", ""), fields.pop("email", "")]
        first = ", ".join([*who, request.number]) if any(who) else request.number
        options = [f"{key}={value}" for key, value in said(request, _WORDS).items()]
        options += [f"{key}={value}" for key, value in fields.items()]
        options += [{"fine": "H", "standard": "N"}.get(request.options.get("resolution", ""), "")]
        options += [moment(request, "send_at", self.folder, "%Y-%m-%d-%H:%M:%S") or ""]
        options += [f"A={document}" for document in order.documents or ()]
        second = ",".join(filter(None, options))
        lines = [f"{_MARK}{first}", *([f"{_MARK}{second}"] if second else [])]
        return "".join(f"{line}\r\n" for line in lines) + (order.text or "").replace("\n", "\r\n")

    def answer(self, facts: ReportFacts) -> list[AnswerFile]:
        """`.ok` or `.err` in the drop folder; our own always."""
        if facts.overall == "held" or self._sender(facts.control):
            return [result(facts)]
        suffix = ".ok" if facts.overall == "sent" else ".err"
        return [AnswerFile(suffix, _report(facts).encode("utf-8", "replace"), in_folder=True), result(facts)]

    def _sender(self, control: bytes | None) -> bool:
        """Whether the options name a sender; they are looked at as far as they can be read."""
        try:
            lines = decode(control or b"", self.folder.encoding).lines
        except Undecided:
            return False
        codes = [_codes(line) for line in lines if line.strip().startswith(_MARK)][1:2]
        keys = {part.partition("=")[0].strip().lower() for line in codes for part in line.split(",")}
        return bool(keys & {"fr", "from"})


def _codes(line: str) -> str:
    return line.strip().removeprefix(_MARK).strip(" \t\x1a")


def _recipient(codes: str, line: int) -> tuple[str, dict[str, str], dict[str, str]]:
    """The number, who it is, and what no provider shows."""
    parts = [part.strip() for part in codes.split(",")]
    numbers = [place for place, part in enumerate(parts) if _NUMBER.fullmatch(part) and any(map(str.isdigit, part))]
    if len(parts) == 6 and 5 in numbers:
        numbers = [5]  # all parts are there, so a company may be called like a number
    if len(numbers) != 1:
        told = "there is no fax number in it" if not numbers else "more than one part of it looks like a fax number"
        raise Refused(f"line {line}: {told}; write ::number, or ::first, company, last, dept, e-mail, number")
    number = parts.pop(numbers[0])
    if len(parts) > 5:
        raise Refused(f"line {line}: it has {len(parts) + 1} parts, and there can be 6")
    emails = [part for part in parts if "@" in part]
    rest = [part for part in parts if "@" not in part]
    who = dict(zip(("first", "company", "last", "department"), rest, strict=False))
    if len(emails) > 1 or any(rest[4:]):
        raise Refused(f"line {line}: write ::first, company, last, dept, e-mail, number; empty parts stay as commas")
    return number, filled(**who), filled(department=who.pop("department", ""), email="".join(emails))


def _options(codes: str, line: int) -> tuple[dict[str, str], tuple[str, ...]]:
    """What is wished, and the attachments."""
    wishes: dict[str, str] = {}
    documents: list[str] = []
    for part in filter(None, (part.strip() for part in codes.split(","))):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if key.lower() == "a" and equals and value:
            documents.append(value)
            continue
        wish, meant = _option(key.lower(), equals, value, part, line)
        if wish in wishes:
            raise Refused(f"line {line}: it says twice what is meant by {wish}")
        wishes[wish] = meant
    return {wish: meant for wish, meant in wishes.items() if meant}, tuple(documents)


def _option(key: str, equals: str, value: str, part: str, line: int) -> tuple[str, str]:
    """One option: what is wished for by it, and how."""
    if key in _DEMANDED:
        raise Refused(f"line {line}: it demands one line to send by, and there are accounts here: leave {key} out")
    if equals and key in OPTIONS:
        wish = OPTIONS[key]
        if wish == "priority":
            value = chosen(f"line {line}: priority", value, _PRIORITY)
        return wish, "" if wish == "cover" and value.lower() == "none" else value
    if not equals and key in _RESOLUTION:
        return "resolution", _RESOLUTION[key]
    time = _TIME.fullmatch(part)
    if time:
        return "send_at", f"{time[1]} {time[2]}"
    if _HOUR.fullmatch(part):
        raise Refused(f"line {line}: {part} names no day; write it like 2026-11-30-{part.zfill(5)}:00")
    raise Refused(
        f"line {line}: “{part[:40]}” is not an option that is known; no text may have a comma in it, and a second "
        "recipient needs a file of its own"
    )


def _text(lines: list[str], begin: int) -> str | None:
    for number, line in enumerate(lines[begin:], begin + 1):
        if line.lstrip().startswith(_MARK):
            raise Refused(f"line {number}: it begins with ::, and codes are known in the first two lines only")
    text = "\n".join(lines[begin:]).rstrip("\x1a \t\n")
    return f"{text}\n" if text.strip() else None


def _report(facts: ReportFacts) -> str:
    lines = [f"Fax: {facts.name}", f"ID: {facts.fax_id}", f"Received: {facts.received_at}"]
    for each in facts.outcomes:
        lines += [f"To: {each.number or '-'}", f"Status: {each.state.value}"]
        lines += [f"Pages: {each.pages}"] if each.pages else []
        lines += [f"Ended: {each.ended_at.isoformat(timespec='milliseconds')}"] if each.ended_at else []
        lines.append(f"Description: {' '.join((each.reason or 'The fax was sent.').split())}")
    return "".join(f"{line}\r\n" for line in lines)
