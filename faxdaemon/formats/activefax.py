"""ActiveFax's data fields in the text of a document: `@F211 555 0123@`.

Promise   a field that is not closed ends where the next one begins, or with its line, as real print streams have it; a
          masked `\\@` is a character of the value.
Needs     the text of the document's first and last page.
Crash     keeps nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from faxdaemon.contracts.format import FolderAsks, Looks, NotMine, Order, Papers
from faxdaemon.formats._about import About
from faxdaemon.formats._codes import NAME, NUMBER, Code, codes_for, order_of
from faxdaemon.formats._dialect import Dialect
from faxdaemon.formats._write import only

ABOUT = About(
    title="ActiveFax data fields in the document",
    says="Fields such as `@F211 number@` anywhere in the text of the first or the last page; they are not on the fax.",
    files={"letter.txt": "@F201 North Clinic@@F211 1-303-555-0123@@F307 Rates@\r\nDear all,\r\nthe rates.\r\n"},
    numbers=("+13035550123",),
    carries=("name", "subject", "several recipients", "fields"),
    answers="`<stem>.result.json` beside the document.",
    source="Epson's manual of the program (A); fields seen in real print streams (B)",
)

#: F212 is where the program would send its own notice; we answer in the folder.
MEANINGS = {
    "F201": NAME,
    "F211": NUMBER,
    "F212": "notice_to",
    "F301": "activefax_priority",
    "F307": "subject",
}
_MASKED = "\\@"
_FIELD = re.compile(r"@(F[0-9]{3})[ \t]*((?:\\@|[^@\r\n\\]|\\(?!@))*?)(?:@(?!F[0-9]{3})|(?=@F[0-9]{3})|(?=[\r\n])|\Z)")


def open_format(folder: FolderAsks) -> ActiveFax:
    """The dialect as one drop folder speaks it."""
    return ActiveFax(folder)


class ActiveFax(Dialect):
    """See the module."""

    looks_at = Looks.CONTENT

    def read(self, papers: Papers) -> list[Order] | NotMine:
        """One order; each different F211 is a recipient."""
        return order_of(papers.pages(), fields, MEANINGS, "ActiveFax")

    def compose(self, orders: Sequence[Order]) -> str:
        """A code a line."""
        return codes_for(only(orders), MEANINGS, lambda code, value: f"@{code} {value.replace('@', _MASKED)}@")


def fields(text: str) -> Iterator[Code]:
    """Every field in a text."""
    for match in _FIELD.finditer(text):
        yield Code(match[0], match[1], match[2].replace(_MASKED, "@").strip())
