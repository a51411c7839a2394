"""RightFax FCL in the text of a document: `{{fax 555 0123}}` on the first or the last page, as ERP systems print it.

Promise   commands in double braces, each on one line.  One that we do not know, or cannot follow (`lookup`, `attach`),
          has the fax held.  All commands are taken out of what is sent, `{{begin}}` and `{{end}}` with them.
Needs     the text of the document's first and last page: Oracle puts its commands at the end of the last.
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
    title="RightFax FCL in the document",
    says="Commands such as `{{fax number}}` in the text of the first or the last page; they are not on the fax.",
    files={
        "po4711.txt": "{{begin}}{{doctype PO}}\nOur order:\n\f{{company North Clinic}}{{fax 303-555-0123}}\n"
        "{{contact Dr Lee}}{{quality fine}}{{owner LAB}}{{end}}\n"
    },
    numbers=("+13035550123",),
    carries=("name", "recipient_company", "billing_code", "resolution", "several recipients", "fields"),
    answers="`<stem>.result.json` beside the document.",
    source="B: what Oracle's purchasing prints; what no application was seen to use is not known here",
)

MEANINGS = {
    "fax": NUMBER,
    "contact": NAME,
    "company": "recipient_company",
    "billing": "billing_code",
    "quality": "resolution",
    "begin": IGNORED,
    "end": IGNORED,
    "rem": IGNORED,
    "doctype": "rightfax_doctype",
    "owner": "rightfax_owner",
    "winsecid": "rightfax_winsecid",
    "comment": "rightfax_comment",
}
_QUALITY = {"normal": "standard"}
_COMMAND = re.compile(r"\{\{[ \t]*([A-Za-z]{2,20})(?:[ \t]+([^{}\r\n]*))?\}\}")


def open_format(folder: FolderAsks) -> FclCodes:
    """The dialect as one drop folder speaks it."""
    return FclCodes(folder)


class FclCodes(Dialect):
    """See the module."""

    looks_at = Looks.CONTENT

    def read(self, papers: Papers) -> list[Order] | NotMine:
        """One order; each different number is a recipient."""
        return order_of(papers.pages(), commands, MEANINGS, "RightFax FCL")

    def compose(self, orders: Sequence[Order]) -> str:
        """A code a line."""
        return codes_for(only(orders), MEANINGS, lambda code, value: f"{{{{{code} {value}}}}}")


def commands(text: str) -> Iterator[Code]:
    """Every command in a text."""
    for match in _COMMAND.finditer(text):
        key, value = match[1].lower(), (match[2] or "").strip()
        yield Code(match[0], key, _QUALITY.get(value.lower(), value) if key == "quality" else value)
