"""Zetafax's embedded addressing in the text of a document: `%%[Fax: 020 7946 0123]`.

Promise   a code ends with its bracket, on its own line; keys in any letter case.  One that we do not know has the fax
          held: Zetafax would print it.
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
    title="Zetafax embedded addressing in the document",
    says="Codes such as `%%[Fax: number]` in the text of the first or the last page; they are not on the fax.",
    files={"letter.txt": "%%[To: Dr Lee]\r\n%%[Fax: 303 555 0123]\r\n%%[Subject: Result]\r\nDear Dr Lee,\r\n"},
    numbers=("+13035550123",),
    carries=("name", "recipient_company", "sender_name", "subject", "several recipients", "fields"),
    answers="`<stem>.result.json` beside the document.",
    source="Equisys on embedded addressing (A for `Fax`; the other keys are those of its submit files)",
)

MEANINGS = {
    "FAX": NUMBER,
    "TO": NAME,
    "ORGANISATION": "recipient_company",
    "FROM": "sender_name",
    "SUBJECT": "subject",
    "USER": "zetafax_user",
    "CHARGE": "zetafax_charge",
    "COMMENT": "zetafax_comment",
}
_CODE = re.compile(r"%%\[[ \t]*([A-Za-z][A-Za-z -]{0,30}?)[ \t]*(?::[ \t]*([^\]\r\n]*))?\]")


def open_format(folder: FolderAsks) -> ZetafaxCodes:
    """The dialect as one drop folder speaks it."""
    return ZetafaxCodes(folder)


class ZetafaxCodes(Dialect):
    """See the module."""

    looks_at = Looks.CONTENT

    def read(self, papers: Papers) -> list[Order] | NotMine:
        """One order; each different number is a recipient."""
        return order_of(papers.pages(), codes, MEANINGS, "Zetafax")

    def compose(self, orders: Sequence[Order]) -> str:
        """A code a line."""
        return codes_for(only(orders), MEANINGS, lambda code, value: f"%%[{code.title()}: {value}]")


def codes(text: str) -> Iterator[Code]:
    """Every code in a text."""
    for match in _CODE.finditer(text):
        yield Code(match[0], match[1].upper(), match[2] or "")
