"""RightFax's embedded codes in the text of a document: `<TOFAXNUM:5550123>`.

Promise   codes in any letter case, a blank after the colon tolerated, never over the end of a line, as the vendor has
          it.  What looks like a code and is none that we know has the fax held: RightFax would print it on the fax.
Needs     the text of the document's first and last page.
Crash     keeps nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from faxdaemon.contracts.format import FolderAsks, Looks, NotMine, Order, Papers
from faxdaemon.formats._about import About
from faxdaemon.formats._codes import IGNORED, NAME, NUMBER, REFERENCE, Code, codes_for, order_of
from faxdaemon.formats._dialect import Dialect
from faxdaemon.formats._write import only

ABOUT = About(
    title="RightFax embedded codes in the document",
    says="Codes such as `<TOFAXNUM:number>` in the text of the first or the last page; they are not on the fax.",
    files={
        "order.txt": "*AUTOFAX*<TOFAXNUM: 13035550123><TONAME:North Clinic><NOCOVER><UNIQUEID:PO4711>\r\nOur order:\r\n"
    },
    numbers=("+13035550123",),
    carries=("name", "reference", "cover_text", "recipient_company", "sender_name", "several recipients", "fields"),
    answers="`<stem>.result.json` beside the document.",
    source="vendor's guide to embedded codes (A); COBOL and BASIC programs that write them (B)",
)

MEANINGS = {
    "TOFAXNUM": NUMBER,
    "TONAME": NAME,
    "TOCOMPANY": "recipient_company",
    "FROMNAME": "sender_name",
    "NOTE": "cover_text",
    "UNIQUEID": REFERENCE,
    "WHO": "rightfax_user",
    "NOCOVER": IGNORED,
    "FORMTYPE": "rightfax_formtype",
    "AUTOFAX": IGNORED,
}
_CODE = re.compile(r"\*(?P<mark>AUTOFAX)\*[ \t]*|<(?P<key>[A-Za-z]{3,20}[0-9]?)(?::[ \t]*(?P<value>[^<>\r\n]*))?>")
#: Codes that ask for what we do not do (a preview, another document, a time): unknown to us, so the fax is held.
_TAGS = frozenset({"HTML", "BODY", "HEAD", "TITLE", "TABLE", "FONT", "SPAN", "DIV", "IMG"})


def open_format(folder: FolderAsks) -> RightFax:
    """The dialect as one drop folder speaks it."""
    return RightFax(folder)


class RightFax(Dialect):
    """See the module."""

    looks_at = Looks.CONTENT

    def read(self, papers: Papers) -> list[Order] | NotMine:
        """One order; each different TOFAXNUM is a recipient."""
        return order_of(papers.pages(), codes, MEANINGS, "RightFax")

    def compose(self, orders: Sequence[Order]) -> str:
        """A code a line."""
        return codes_for(only(orders), MEANINGS, lambda code, value: f"<{code}:{value}>")


def codes(text: str) -> Iterator[Code]:
    """Every code in a text, and what looks like one."""
    for match in _CODE.finditer(text):
        key = (match["mark"] or match["key"]).upper()
        if key not in _TAGS:
            yield Code(match[0].rstrip(), key, match["value"] or "")
