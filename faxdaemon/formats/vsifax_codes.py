"""VSI-FAX's tags in the text of a document: `@+VFX[tfn=555-0123]`.

Promise   `@+VFX[…]` and `@+TAG[…]`, one tag each, on one line.  One that we do not know has the fax held.
Needs     the text of the document's first and last page.
Crash     keeps nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from faxdaemon.contracts.format import FolderAsks, Looks, NotMine, Order, Papers
from faxdaemon.formats._about import About
from faxdaemon.formats._codes import IGNORED, NAME, NUMBER, Code, codes_for, order_of
from faxdaemon.formats._dialect import Dialect
from faxdaemon.formats._write import only

ABOUT = About(
    title="VSI-FAX tags in the document",
    says="Tags such as `@+VFX[tfn=number]` in the text of the first or the last page; they are not on the fax.",
    files={"order.txt": "@+VFX[tfn=303-555-0123]\n@+VFX[tnm=North Clinic]\n@+TAG[sub=Order 4711]\nOur order:\n"},
    numbers=("+13035550123",),
    carries=("name", "recipient_company", "subject", "several recipients", "fields"),
    answers="`<stem>.result.json` beside the document.",
    source="VSI-FAX technical information (A)",
)

#: `tvn` is a telephone for people, `cvr` a cover page of that product.
MEANINGS = {
    "tfn": NUMBER,
    "tnm": NAME,
    "tco": "recipient_company",
    "sub": "subject",
    "tvn": IGNORED,
    "cvr": "vsifax_cover",
}
_TAG = re.compile(r"@\+(?:VFX|TAG)\[[ \t]*([A-Za-z]{2,8})[ \t]*=[ \t]*([^\]\r\n]*)\]", re.IGNORECASE)


def open_format(folder: FolderAsks) -> VsifaxCodes:
    """The dialect as one drop folder speaks it."""
    return VsifaxCodes(folder)


class VsifaxCodes(Dialect):
    """See the module."""

    looks_at = Looks.CONTENT

    def read(self, papers: Papers) -> list[Order] | NotMine:
        """One order; each different number is a recipient."""
        return order_of(papers.pages(), tags, MEANINGS, "VSI-FAX")

    def compose(self, orders: Sequence[Order]) -> str:
        """A code a line."""
        return codes_for(only(orders), MEANINGS, lambda tag, value: f"@+VFX[{tag}={value}]")


def tags(text: str) -> Iterator[Code]:
    """Every tag in a text."""
    for match in _TAG.finditer(text):
        yield Code(match[0], match[1].lower(), match[2])
