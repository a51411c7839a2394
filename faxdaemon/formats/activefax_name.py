"""ActiveFax data fields in the name of the document: `20260102_417@F201 North Clinic@@F211 1-555-555-0123@.pdf`.

Promise   a field that is not closed ends where the next one begins, as ActiveFax has it; `\\@` is a character of the
          value.  Fields whose meaning is not established come back under their own names, as `F308`.
Needs     nothing.
Crash     keeps nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath

from faxdaemon.contracts.format import BadRequest, FolderAsks, NotMine, Order, Papers
from faxdaemon.core.model import Request
from faxdaemon.formats._about import About
from faxdaemon.formats._dialect import Dialect
from faxdaemon.formats._write import plain, single

_BEGIN = re.compile(r"@(F[0-9]{3}) ?", re.IGNORECASE)
_END = re.compile(r"(?<!\\)@")
_ADDRESSES = frozenset({"F111", "F212", "F607"})
"""Their `@` need not be masked."""
_NUMBER, _NAME, _SUBJECT = "F211", "F201", "F307"
_PLAIN = re.compile(r"[0-9 +().\-/]+")

_MASKED = "\\@"

ABOUT = About(
    title="ActiveFax data fields in the name",
    says="`@Fnnn value@` anywhere in the document's name: `@F211` is the number, `@F201` the recipient, `@F307` the "
    "subject; other fields come back as they are. A field that is not closed ends where the next one begins.",
    files={"20260102_417@F201 North Clinic @F211 1-303-555-0123@ @F307 Rates@.pdf": ""},
    numbers=("+13035550123",),
    carries=("name", "fields", "subject"),
    answers="`<stem>.result.json` beside the document.",
    source="A: ActFax user's manual, data fields; B: applications that write them",
)


def open_format(folder: FolderAsks) -> ActiveFaxName:
    """The dialect as one drop folder speaks it."""
    return ActiveFaxName(folder)


class ActiveFaxName(Dialect):
    """See the module."""

    def read(self, papers: Papers) -> list[Order] | BadRequest | NotMine:
        """One recipient."""
        stem = PurePath(papers.name).stem
        begins = list(_BEGIN.finditer(stem))
        if not begins:
            return NotMine("the name has no ActiveFax field such as “@F211 5555550123@”: rename it, and drop it again")
        ends = [*(begin.start() for begin in begins[1:]), len(stem)]
        found: dict[str, str] = {}
        for begin, end in zip(begins, ends, strict=True):
            code = begin[1].upper()
            value = _value(code, stem[begin.end() : end])
            if found.get(code, value) != value:
                return BadRequest(f"the name has two different fields @{code}; which one counts is not known")
            found[code] = value
        number = found.pop(_NUMBER, "")
        if not number:
            return BadRequest("the name has ActiveFax fields, and none of them is a number (@F211 5555550123@)")
        if not _PLAIN.fullmatch(number):
            return BadRequest(
                f"“{number[:40]}” in @F211 is not a fax number; close the field with “@” behind the number"
            )
        subject = found.pop(_SUBJECT, "")
        name = found.pop(_NAME, "")
        fields = {code: value for code, value in found.items() if value}
        return [Order((Request(number, name or None, None, fields, {"subject": subject} if subject else {}),))]

    def compose(self, orders: Sequence[Order]) -> str:
        """Each field closed."""
        request = single(orders)
        subject = plain(request.options.get("subject") or "")
        told = {_NUMBER: request.number, _NAME: request.name, _SUBJECT: subject, **request.fields}
        return "".join(
            f"@{code} {text if code in _ADDRESSES else text.replace('@', _MASKED)}@"
            for code, text in told.items()
            if text
        )


def _value(code: str, text: str) -> str:
    """What a field says; `text` goes up to the next field, or to the end."""
    if code in _ADDRESSES:
        text = text.rstrip().removesuffix("@")
    else:
        closed = _END.search(text)
        text = text[: closed.start()] if closed else text
    return text.replace(_MASKED, "@").strip()
