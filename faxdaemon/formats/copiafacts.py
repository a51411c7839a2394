"""CopiaFacts FS files: `$command parameters`, one a line; `12345678.FS` is one fax.

Promise   each command is followed, comes back as a field, or is refused with its line; the records of earlier attempts
          are left alone.  The answer is the same file with the record of this attempt.
Needs     the folder's zone, for times without one.
Crash     keeps nothing.

A semicolon after a blank begins a comment.  Values may stand in quotes.  A number is freed of what CopiaFacts discards;
one with pauses, extensions or letters is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from faxdaemon.contracts.format import AnswerFile, FolderAsks, Order, ReportFacts
from faxdaemon.core.model import Outcome, Request
from faxdaemon.core.states import Outbound
from faxdaemon.formats._about import About
from faxdaemon.formats._lines import LinesDialect, Wrong, short, unquoted
from faxdaemon.formats._result import result
from faxdaemon.formats._text import Text, Undecided, decode
from faxdaemon.formats._write import lines, moment, only, said, single

SUFFIX = ".result.fs"
_DISCARDED = re.compile(r"[\s()\[\]\-~/]")
_PLAIN = re.compile(r"\+?[0-9]+")
_COMMENT = re.compile(r'"[^"]*"|(\s;)')
_NAMED = re.compile(r'"([^"]*)"|(\S+)')
_RECORDS = ("$attempt_record", "$fax_status2", "$fax_next_date", "$fax_next_time")
"""What CopiaFacts itself adds."""
_OPTIONS = {"$fax_header": "header", "$retry_max": "retries"}
_KEPT = frozenset(
    f"${name}"
    for name in [
        "alternate_phone",
        "alternate_cover",
        "convert_options",
        "delete_option",
        "fax_origin",
        "fax_request_date",
        "fax_request_time",
        "fax_tosend",
        "fax_user",
        "retry_delays",
    ]
)
_READY = frozenset({"0", "2", "6"})
_SINGLE = frozenset(
    {"$fax_phone", "$fax_receiver", "$fax_cover", "$fax_send_date", "$fax_send_time", *_OPTIONS, *_KEPT}
)

ABOUT = About(
    title="CopiaFacts FS file",
    says="A `.FS` file, `$command parameters` one a line. `$fax_phone` is the number; `$fax_filename`, once or more, "
    "names the documents, and without it the document has the name of the file. `$alternate_phone`, "
    "`$alternate_cover` and all that is for CopiaFacts itself come back as fields.",
    files={
        "00006101.pdf": "",
        "12345678.FS": '$fax_phone "(303) 555-0123"\n$fax_user LAB ; whose fax it is\n$fax_filename 00006101.pdf\n'
        '$fax_receiver "Dr. Lee"\n$var_def DATA5 "4711"\n$fax_status1 2\n',
    },
    numbers=("+13035550123",),
    carries=("name", "documents", "fields", "cover", "header", "retries", "send_at"),
    answers="`<stem>.result.fs` beside the document: the same file with `$fax_status1 6`, `$fax_status2` (0 when sent, "
    "else 1) and an `$attempt_record` for each submission; and `<stem>.result.json`.",
    source="A: CopiaFacts reference 8.2, FS commands; B: applications that write and read it",
    answer_files=("sent/{stem}.result.fs", "sent/{stem}.result.json"),
)


def open_format(folder: FolderAsks) -> CopiaFacts:
    """The dialect as one drop folder speaks it."""
    return CopiaFacts(folder)


class CopiaFacts(LinesDialect):
    """See the module."""

    endings = (".fs",)

    def is_control(self, name: str) -> bool:
        """Our own answers look alike."""
        return super().is_control(name) and not name.lower().endswith(SUFFIX)

    def follow(self, text: Text) -> list[Order]:
        """One recipient."""
        found: dict[str, str] = {}
        fields: dict[str, str] = {}
        documents: list[str] = []
        for line, command, value in _commands(text.lines):
            if command in _RECORDS:
                continue
            if command == "$fax_filename":
                documents.append(_document(line, value))
            elif command == "$var_def":
                name, _, content = value.partition(" ")
                _once(fields, name, unquoted(content), line)
            elif command == "$fax_status1":
                if value.partition(" ")[0] not in _READY:
                    raise Wrong(line, "the file says that it is being sent elsewhere; $fax_status1 must be 2")
            elif command in _SINGLE:
                _once(found, command, value, line)
            else:
                raise Wrong(line, f"{short(command)} is not known here, or cannot be done")
        return [Order((_request(found, fields),), tuple(documents) or None)]

    def compose(self, orders: Sequence[Order]) -> str:
        """Every value in quotes."""
        request = single(orders)
        told = [
            ("$fax_phone", request.number),
            ("$fax_receiver", request.name),
            ("$fax_cover", str(request.options.get("cover") or "")),
            *said(request, _OPTIONS).items(),
            ("$fax_send_date", moment(request, "send_at", self.folder, "%m/%d/%Y")),
            ("$fax_send_time", moment(request, "send_at", self.folder, "%H:%M:%S")),
            *(
                (f"${name}" if f"${name}" in _KEPT else f"$var_def {name}", text)
                for name, text in request.fields.items()
            ),
            *(("$fax_filename", document) for document in only(orders).documents or ()),
        ]
        whole = lines(told, lambda command, value: f'{command} "{value}"')
        return "".join(f"{line}\r\n" for line in (*whole, "$fax_status1 2"))

    def answer(self, facts: ReportFacts) -> list[AnswerFile]:
        """The file with what became of it, and our own answer, which says more."""
        if facts.control is None:
            return [result(facts)]
        try:
            text = decode(facts.control, self.folder.encoding)
        except Undecided:
            return [result(facts)]
        kept = [line for line in text.lines if not line.strip().lower().startswith(("$fax_status1", "$fax_status2"))]
        sent = all(outcome.state is Outbound.SENT for outcome in facts.outcomes)
        zone = ZoneInfo(self.folder.timezone)
        records = [_record(outcome, facts, zone) for outcome in facts.outcomes]
        reasons = [f"; {_plain(outcome.reason)}" for outcome in facts.outcomes if outcome.reason]
        lines = [*kept, "$fax_status1 6", f"$fax_status2 {0 if sent else 1}", *records, *reasons]
        whole = "\r\n".join(lines) + "\r\n"
        encoding = text.encoding if text.encoding.isascii() and " " not in text.encoding else "utf-8"
        return [AnswerFile(SUFFIX, whole.encode(encoding, "replace")), result(facts)]


def _commands(lines: list[str]) -> Iterator[tuple[int, str, str]]:
    """Each command with its line; without comments.  Raises `Wrong`."""
    for line, written in enumerate(lines, 1):
        comment = next((found.start() for found in _COMMENT.finditer(written[:10_000]) if found[1]), None)
        plain = written[: 10_000 if comment is None else comment].strip()
        if not plain or plain.startswith(";"):
            continue
        if len(written) > 10_000 or not plain.startswith("$"):
            raise Wrong(line, f"“{short(plain)}” is not a $command")
        command, _, value = plain.partition(" ")
        yield line, command.lower(), value.strip()


def _once(into: dict[str, str], key: str, value: str, line: int) -> None:
    if not key:
        raise Wrong(line, "$var_def without a name")
    if into.get(key, value) != value:
        raise Wrong(line, f"{short(key)} is said a second time, and otherwise")
    into[key] = value


def _document(line: int, value: str) -> str:
    """The file's name; pages cannot be picked out of it."""
    words = [found[1] or found[2] for found in _NAMED.finditer(value)]
    name = words[0] if words else None
    if not name:
        raise Wrong(line, "$fax_filename without a file")
    if any(word not in {None, "", "0"} for word in words[4:]):
        raise Wrong(line, "single pages or messages cannot be picked out of a file here; name the file alone")
    return name


def _request(found: dict[str, str], fields: dict[str, str]) -> Request:
    number = _DISCARDED.sub("", unquoted(found.get("$fax_phone", "")))
    if not number:
        raise Wrong(None, "it has no $fax_phone")
    if not _PLAIN.fullmatch(number):
        raise Wrong(
            None, f"$fax_phone: “{short(number)}” has more than a number in it; pauses and extensions cannot be dialled"
        )
    options = {wish: unquoted(found[command]) for command, wish in _OPTIONS.items() if found.get(command)}
    if found.get("$fax_cover"):
        options["cover"] = next((part[1] or part[2] for part in _NAMED.finditer(found["$fax_cover"])), "")
    if "$fax_send_date" in found or "$fax_send_time" in found:
        options["send_at"] = _moment(*(unquoted(found.get(f"$fax_send_{part}", "")) for part in ("date", "time")))
    kept = {command[1:]: unquoted(found[command]) for command in sorted(_KEPT) if found.get(command)}
    name = " ".join(unquoted(found.get("$fax_receiver", "")).split())
    return Request(number, name or None, None, {**kept, **fields}, options)


def _moment(date: str, time: str) -> str:
    for form in ("%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%y %H:%M:%S", "%m/%d/%y %H:%M"):
        try:
            return datetime.strptime(f"{date} {time}", form).isoformat()  # noqa: DTZ007 - the folder's zone is added later
        except ValueError:
            continue
    raise Wrong(None, "$fax_send_date and $fax_send_time must both be there, as MM/DD/YYYY and HH:MM:SS")


def _record(outcome: Outcome, facts: ReportFacts, zone: ZoneInfo) -> str:
    """Date and time at its beginning, then: type, pages skipped, pages in all, outcome, class, pages sent, queue,
    flags, line, speed, seconds to call, seconds connected, answerback."""
    sent = outcome.state is Outbound.SENT
    ended = outcome.ended_at or datetime.fromisoformat(facts.received_at)
    begun = (ended - timedelta(seconds=outcome.duration_s or 0)).astimezone(zone)
    pages = outcome.pages or 0
    told = sum(document["pages"] or 0 for document in facts.documents) or pages
    return (
        f"$attempt_record {begun:%m/%d/%Y %H:%M:%S} 0 0 {told} {0 if sent else 1} {'S' if sent else 'Z'} {pages} 0 0 "
        f'F1 0 0 {outcome.duration_s or 0} "{_plain(outcome.remote_csid or "")}"'
    )


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() and c != '"' else " " for c in text)
