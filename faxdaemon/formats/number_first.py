"""Names that begin with the number: `5555550123.pdf`, `5555550123_invoice.pdf`, `(303) 555-0123 invoice.pdf`.

Promise   only what is surely a number, as the folder's region writes it, asks; what follows it is a title, and comes
          back as a field.  Where digits follow that could belong to the number, the name asks for nothing.
Needs     the region.
Crash     keeps nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath

from faxdaemon.contracts.format import FolderAsks, NotMine, Order, Papers
from faxdaemon.core.model import Request
from faxdaemon.core.numbers import NotANumber, to_e164
from faxdaemon.formats._about import About
from faxdaemon.formats._dialect import Dialect
from faxdaemon.formats._write import single

_NUMBER = re.compile(r"[+(]?[0-9][0-9 ().\-]*")
_BETWEEN = " .-("
_AFTER = " _.-,;"

ABOUT = About(
    title="Name that begins with the number",
    says="The document's name is the number, or begins with it: `5555550123.pdf`, `5555550123_invoice.pdf`, "
    "`303-555-0123 invoice.pdf`. What follows is a title.",
    files={"(303) 555-0123_invoice 4711.pdf": ""},
    numbers=("+13035550123",),
    carries=("fields",),
    answers="`<stem>.result.json` beside the document; its field `title` is what follows the number.",
    source="B: applications that write it",
)


def open_format(folder: FolderAsks) -> NumberFirst:
    """The dialect as one drop folder speaks it."""
    return NumberFirst(folder)


class NumberFirst(Dialect):
    """See the module."""

    def read(self, papers: Papers) -> list[Order] | NotMine:
        """One recipient."""
        stem = PurePath(papers.name).stem.strip()
        found = _NUMBER.match(stem)
        number = found[0].rstrip(_BETWEEN) if found else ""
        rest = stem[len(number) :]
        if not number or (rest and rest[0] not in _AFTER):
            return _hint()
        try:
            to_e164(number, self.folder.region)
        except NotANumber as error:
            return _hint(f" ({error})")
        title = rest.lstrip(_AFTER).rstrip()
        return [Order((Request(number, None, None, {"title": title} if title else {}),))]

    def compose(self, orders: Sequence[Order]) -> str:
        """`number_title`."""
        request = single(orders)
        return "_".join(filter(None, (request.number, request.fields.get("title"))))


def _hint(why: str = "") -> NotMine:
    return NotMine(
        f"the name does not begin with a fax number{why}: rename it, with the number first, then “_” and what you like"
    )
