"""Names in the way of Snappy Fax: `Joe Lee_15555550123_R_Y_Subject_Message_Memo_Bill.docx`.

Promise   a name of that shape is followed or refused; any other is left to the next dialect.
Needs     nothing.
Crash     keeps nothing.

`Y` asks for a cover page with subject and message; `N` for none, and then they come back as fields.  `R` and `S` (by
the server) are the same to us.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from faxdaemon.contracts.format import BadRequest, FolderAsks, NotMine, Order, Papers
from faxdaemon.core.model import Request
from faxdaemon.formats._about import About
from faxdaemon.formats._dialect import Dialect
from faxdaemon.formats._write import plain, single

_PARTS = ("subject", "message", "memo", "bill")
_ROUTES = ("R", "S")
_COVERS = ("Y", "N")

ABOUT = About(
    title="Snappy Fax, watched folder",
    says="`Name_Number_R_Y_Subject_Message_Memo_Bill`: `R` or `S` for Snappy Fax's two ways of sending, which are one "
    "here, `Y` or `N` for a cover page; what follows may be missing.",
    files={"Joe Lee_1-303-555-0123_R_Y_Your order_Please call back_for 4711_K-12.pdf": ""},
    numbers=("+13035550123",),
    carries=("name", "fields", "subject", "cover_text", "billing_code"),
    answers="`<stem>.result.json` beside the document.",
    source="A: Snappy Fax help, watched folders",
)


def open_format(folder: FolderAsks) -> SnappyFaxName:
    """The dialect as one drop folder speaks it."""
    return SnappyFaxName(folder)


class SnappyFaxName(Dialect):
    """See the module."""

    def read(self, papers: Papers) -> list[Order] | BadRequest | NotMine:
        """One recipient."""
        parts = [part.strip() for part in PurePath(papers.name).stem.split("_")]
        if len(parts) < 4 or parts[2].upper() not in _ROUTES or parts[3].upper() not in _COVERS:
            return NotMine("the name is not Name_Number_R_Y_Subject_Message_Memo_Bill: rename it, and drop it again")
        name, number, _, cover, *rest = parts
        if len(rest) > len(_PARTS):
            return BadRequest(f"the name has {len(parts)} parts where 8 are known; “_” can only stand between them")
        if not number:
            return BadRequest("the name has no fax number in its second place")
        told = {key: text for key, text in zip(_PARTS, rest, strict=False) if text}
        options = {"billing_code": told.pop("bill")} if "bill" in told else {}
        if cover.upper() == "Y":
            text = told.pop("message", "") or told.get("subject", "")
            if not text:
                return BadRequest("the name asks for a cover page (Y) with nothing on it; write N, or a subject")
            options["cover_text"] = text
            if "subject" in told:
                options["subject"] = told.pop("subject")
        return [Order((Request(number, name or None, None, told, options),))]

    def compose(self, orders: Sequence[Order]) -> str:
        """A cover page where there is a text for it."""
        request = single(orders)
        told = {wish: plain(value) for wish, value in request.options.items()}
        cover = bool(told.get("cover_text"))
        known = {
            **request.fields,
            **({"subject": told.get("subject", ""), "message": told["cover_text"]} if cover else {}),
        }
        rest = [known.get(part, "") for part in _PARTS[:3]] + [told.get("billing_code", "")]
        return "_".join([request.name or "", request.number, "R", "Y" if cover else "N", *rest]).rstrip("_")
