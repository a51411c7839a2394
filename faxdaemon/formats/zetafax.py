"""Zetafax ZSUBMIT: `.SUB` files of one or more messages, each with options, recipients, a text and files.

Promise   each message is a fax of its own; one that cannot be followed stops the whole file, so that nothing is sent
          by halves.  What was not sent comes back into the drop folder as `.ERR`, each message by itself, with the
          reasons before it; put right and renamed to `.SUB` it is asked again.
Needs     nothing.
Crash     keeps nothing.

    %%[MESSAGE]
    FROM: Lab
    TO: Dr. Lee
    FAX: 303 555 0123
    %%[FILE]
    r1.pdf
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from faxdaemon.contracts.format import AnswerFile, FolderAsks, NotMine, Order, ReportFacts
from faxdaemon.core.model import Outcome, Request
from faxdaemon.core.states import Outbound
from faxdaemon.formats._about import About
from faxdaemon.formats._control import ControlDialect, Refused, chosen, filled
from faxdaemon.formats._result import result
from faxdaemon.formats._text import Undecided, decode
from faxdaemon.formats._write import lines, moment, reversed_, said

OPTIONS = {"FROM": "sender_name", "SUBJECT": "subject", "CHARGE": "billing_code", "COVERSHEET": "cover"}
FIELDS = {"USER": "user", "LAN": "lan", "COMMENT": "comment", "DELETE": "delete"}
_RECIPIENT = {"TO": "name", "FAX": "number", "ORGANISATION": "company", "ORGANIZATION": "company"}
_WAITS = ("HOLD", "PREVIEW")
_KNOWN = frozenset({*OPTIONS, *FIELDS, *_WAITS, "PRIORITY", "FORMAT", "AFTER"})
_PRIORITY = {"urgent": "high", "normal": "normal", "background": "low"}
_FORMAT = {"ascii": "", "tiff-normal": "standard", "tiff-fine": "fine"}
_SECTION = re.compile(r"%%\[([^\]]*)\]?")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?")
_REMARK = ";"
"""Begins a line before the first message that says why it was refused."""

ABOUT = About(
    title="Zetafax ZSUBMIT",
    says="A `.SUB` file. After `%%[MESSAGE]` come options and recipients (`TO`, `FAX`, `ORGANISATION`) as "
    "`KEY: value`, then `%%[TEXT]` with a text or `%%[FILE]` with a path on the next line; several messages are "
    "several faxes. With `HOLD: YES` or `PREVIEW: YES` it is held for a person.",
    files={
        "JOB1.SUB": "%%[MESSAGE]\r\nFROM: Lab\r\nTO: Dr. Lee\r\nORGANISATION: North Clinic\r\nFAX: 303 555 0123\r\n"
        "TO: Dr. Fox\r\nFAX: 303 555 0124\r\nPRIORITY: URGENT\r\n\r\n%%[FILE]\r\nJOB1.001.pdf\r\n",
        "JOB1.001.pdf": "",
    },
    numbers=("+13035550123", "+13035550124"),
    carries=(
        *("name", "documents", "text", "several recipients", "several jobs", "fields", "recipient_company"),
        *("priority", "resolution", "send_at", *sorted(OPTIONS.values())),
    ),
    answers="`<stem>.ERR` in the drop folder where it was not sent: the message, after lines with the reasons; and "
    "`<stem>.result.json`.",
    source="equisys.com, Zetafax API help and ZTN1013 (A); two laboratory systems that write it (B)",
)


def open_format(folder: FolderAsks) -> Zetafax:
    """The dialect as one drop folder speaks it."""
    return Zetafax(folder)


@dataclass(slots=True)
class _Person:
    """A recipient, and the lines that tell of it, counted from 0."""

    told: dict[str, str] = field(default_factory=dict)
    lines: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Message:
    """What was read of one message so far; lines are counted from 0."""

    begin: int
    end: int = 0
    told: dict[str, str] = field(default_factory=dict)
    people: list[_Person] = field(default_factory=list)
    begins: str = ""
    """What begins each recipient: the key that began the first."""
    documents: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)


class Zetafax(ControlDialect):
    """See the module."""

    endings = (".sub",)
    answers = (".err",)

    def understand(self, name: str, control: bytes) -> list[Order] | NotMine:  # noqa: ARG002 - the form of all of them
        """One order a message."""
        read = decode(control, self.folder.encoding)
        return [_order(message, read.encoding) for message in _messages(read.paper)]

    def compose(self, orders: Sequence[Order]) -> str:
        """A message for each; what is common to all recipients is said by the first."""
        return "".join(f"{line}\r\n" for order in orders for line in self._message(order))

    def _message(self, order: Order) -> list[str]:
        first = order.requests[0]
        priority, resolution = (str(first.options.get(wish, "")) for wish in ("priority", "resolution"))
        options = [
            *said(first, OPTIONS).items(),
            ("PRIORITY", reversed_(_PRIORITY).get(priority, "").upper()),
            ("FORMAT", reversed_(_FORMAT).get(resolution, "").upper() if resolution else None),
            ("AFTER", moment(first, "send_at", self.folder)),
            *((key, first.fields.get(name)) for key, name in FIELDS.items()),
        ]
        for each in order.requests:
            options.append(("FAX", each.number))
            options += [("TO", each.name), *said(each, {"ORGANISATION": "recipient_company"}).items()]
        text = ["%%[TEXT]", *order.text.rstrip("\n").split("\n")] if order.text else []
        files = [line for document in order.documents or () for line in ("%%[FILE]", document)]
        return ["%%[MESSAGE]", *lines(options, lambda key, value: f"{key}: {value}"), *text, *files]

    def answer(self, facts: ReportFacts) -> list[AnswerFile]:
        """`.ERR` in the drop folder where it was not sent; our own always."""
        if facts.overall not in {"failed", "cancelled"}:
            return [result(facts)]
        control = facts.control or b""
        try:
            read = decode(control, self.folder.encoding)
            reasons = [_reason(each) for each in facts.outcomes if each.state is not Outbound.SENT]
            text = "".join(f"{line}\r\n" for line in (*reasons, *_unsent(read.paper, facts)))
            control = text.encode("utf-8" if read.encoding.startswith("utf") else read.encoding, "replace")
        except Undecided:
            pass  # it comes back as it was
        return [AnswerFile(".ERR", control, in_folder=True), result(facts)]


def _reason(outcome: Outcome) -> str:
    words = " ".join((outcome.reason or "").split())
    return f"{_REMARK} {outcome.number or 'no number'}: {outcome.state.value}: {words}"


def _unsent(lines: list[str], facts: ReportFacts) -> list[str]:
    """The lines that ask for what was not sent: of one message, without those whom it has reached; or all of a file
    that was refused as a whole."""
    try:
        message = _messages(lines)[facts.part]
    except (Refused, IndexError):
        return [line for line in lines if not line.startswith(_REMARK)]
    reached = {outcome.recipient for outcome in facts.outcomes if outcome.state is Outbound.SENT}
    done = {line for number, each in enumerate(message.people, 1) if number in reached for line in each.lines}
    return [lines[number] for number in range(message.begin, message.end) if number not in done]


def _messages(lines: list[str]) -> list[_Message]:
    """All messages of a file.  Raises `Refused`."""
    reading = _Reading()
    for number, line in enumerate(lines):
        reading.line(number, line.rstrip("\x1a") if number + 1 == len(lines) else line)
    reading.ends(len(lines))
    if not reading.messages:
        raise Refused("there is no %%[MESSAGE] in it")
    return reading.messages


class _Reading:
    """Reads line by line; lines are counted from 0, and told from 1."""

    def __init__(self) -> None:
        self.messages: list[_Message] = []
        self._section = ""

    def line(self, number: int, line: str) -> None:
        """Read on.  Raises `Refused`."""
        code = _SECTION.search(line)
        if code is not None:
            self._code(code, line.strip(), number)
        elif self._section == "TEXT":
            self.messages[-1].text.append(line)
        elif not line.strip():
            return
        elif self._section == "MESSAGE":
            _option(self.messages[-1], line, number)
        elif self._section == "FILE":
            self.messages[-1].documents.append(line.strip())
            self._section = "PATH"
        elif self._section == "PATH":
            raise Refused(f"line {number + 1}: %%[FILE] is followed by one path, and this is more")
        elif not line.startswith(_REMARK):
            raise Refused(f"line {number + 1}: it stands before the first %%[MESSAGE]")

    def ends(self, number: int) -> None:
        """The last message ends before this line.  Raises `Refused`."""
        if self._section == "FILE":
            raise Refused(f"line {number}: there is no path after %%[FILE]")
        if self.messages:
            self.messages[-1].end = number

    def _code(self, code: re.Match[str], line: str, number: int) -> None:
        name = code[1].strip().upper()
        if name not in {"MESSAGE", "TEXT", "FILE"} or line != code[0] or not line.endswith("]"):
            raise Refused(
                f"line {number + 1}: the code %%[{name[:20]}] is not known here, and would be seen on the fax"
            )
        if name == "MESSAGE":
            self.ends(number)
            self.messages.append(_Message(number))
        elif not self.messages:
            raise Refused(f"line {number + 1}: %%[{name}] stands before the first %%[MESSAGE]")
        elif self._section == "FILE":
            raise Refused(f"line {number + 1}: there is no path after %%[FILE]")
        elif name == "TEXT" and self._section != "MESSAGE":
            raise Refused(f"line {number + 1}: the text comes first, and there can be one: move it before %%[FILE]")
        self._section = name


def _option(message: _Message, line: str, number: int) -> None:
    key, colon, value = (piece.strip() for piece in line.partition(":"))
    key = key.upper()
    if not colon:
        raise Refused(f"line {number + 1}: it is no option: write KEY: value, and text after %%[TEXT]")
    if key in _RECIPIENT:
        message.begins = message.begins or key
        if key == message.begins:
            message.people.append(_Person())
        told = message.people[-1].told
        if _RECIPIENT[key] in told:
            raise Refused(f"line {number + 1}: a second {key} for one recipient; each begins with {message.begins}")
        told[_RECIPIENT[key]] = value
        message.people[-1].lines.append(number)
        return
    if key not in _KNOWN:
        raise Refused(f"line {number + 1}: the option {key[:20]} is not known here")
    if key in message.told:
        raise Refused(f"line {number + 1}: the option {key} is there twice")
    message.told[key] = value


def _order(message: _Message, encoding: str) -> Order:
    """Raises `Refused`."""
    where = f"the message of line {message.begin + 1}"
    told = message.told
    waits = [key for key in _WAITS if told.get(key) and chosen(f"{where}: {key}", told[key], {"yes": "1", "no": ""})]
    options = {wish: told[key] for key, wish in OPTIONS.items() if told.get(key)}
    if told.get("PRIORITY"):
        options["priority"] = chosen(f"{where}: PRIORITY", told["PRIORITY"], _PRIORITY)
    if told.get("FORMAT"):
        options |= filled(resolution=chosen(f"{where}: FORMAT", told["FORMAT"], _FORMAT))
    if told.get("AFTER"):
        if not _TIME.fullmatch(told["AFTER"]):
            raise Refused(f"{where}: AFTER is “{told['AFTER'][:40]}”; write it like 2026-11-30 08:15:00")
        options["send_at"] = told["AFTER"]
    fields = {name: told[key] for key, name in FIELDS.items() if told.get(key)}
    requests = []
    for person in message.people:
        who = person.told
        if not who.get("number"):
            raise Refused(f"line {person.lines[0] + 1}: this recipient has no FAX")
        own = {**options, **filled(recipient_company=who.get("company"))}
        requests.append(Request(who["number"], who.get("name") or None, None, fields, own))
    if not requests:
        raise Refused(f"{where} has no recipient")
    text = "\n".join(message.text).rstrip("\x1a \t\n")
    return Order(
        tuple(requests),
        tuple(message.documents),
        f"{text}\n" if text.strip() else None,
        encoding=encoding,
        hold=f"it asks to wait until a person has looked at it ({', '.join(waits)})" if waits else None,
    )
