"""A bare number in a text file beside the document, as OSCAR and CARLOS EMR write it: PDF first, text last.

Promise   a `.txt` with exactly one number in it, and nothing else, asks; any other is a document like all documents.
Needs     nothing.
Crash     keeps nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from faxdaemon.contracts.format import BadRequest, FolderAsks, NotMine, Order, Papers
from faxdaemon.core.model import Request
from faxdaemon.formats._about import About
from faxdaemon.formats._lines import LinesDialect, looks_like_number
from faxdaemon.formats._text import Ambiguous, Text, Undecided, decode
from faxdaemon.formats._write import single

LARGEST = 400
"""Bytes of a file that holds one number, in UTF-16 and with all its blanks."""

ABOUT = About(
    title="Bare number in a text file (OSCAR, CARLOS)",
    says="A `.txt` with the name of the document and nothing in it but the fax number. The document may come first.",
    files={"prescription_88123.pdf": "", "prescription_88123.txt": "303 555 0123\n"},
    numbers=("+13035550123",),
    carries=(),
    answers="`<stem>.result.json` beside the document.",
    source="B: applications that write it",
)


def open_format(folder: FolderAsks) -> NumberFile:
    """The dialect as one drop folder speaks it."""
    return NumberFile(folder)


class NumberFile(LinesDialect):
    """See the module."""

    endings = (".txt",)

    def read(self, papers: Papers) -> list[Order] | BadRequest | NotMine:
        """A long text is no number and is not even decoded; one that cannot be decoded is no number either."""
        if papers.control is None or len(papers.control) > LARGEST:
            return NotMine()
        try:
            return self.follow(decode(papers.control, self.folder.encoding))
        except Ambiguous as error:
            return BadRequest(str(error), hold=True)
        except Undecided:
            return NotMine()

    def follow(self, text: Text) -> list[Order] | NotMine:
        """One number for the one document."""
        number = text.text.strip()
        if not looks_like_number(number):
            return NotMine()
        return [Order((Request(number),), encoding=text.encoding)]

    def compose(self, orders: Sequence[Order]) -> str:
        """The number."""
        return f"{single(orders).number}\n"
