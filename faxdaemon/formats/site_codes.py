"""A site's own codes in the text of a document, by regular expressions with named groups.

Promise   for each of the folder's `codes`, the first match on a line: `number`, `name`, `reference`, words of the
          vocabulary and free fields by the names of its groups.  The whole match is taken out of what is sent.
Needs     the folder's `codes`; the text of the document's first and last page.
Crash     keeps nothing.

An expression sees one line of at most `LINE` characters at a time, each line once, for no longer than
`core.regular.PATIENCE`, and all of a page for no longer than `PAGE`: a careless one, met by an unlucky document, would
otherwise take for ever.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from faxdaemon.contracts.format import BadRequest, FolderAsks, Looks, NotMine, Order, Papers
from faxdaemon.core.regular import compile_regular
from faxdaemon.core.wishes import VOCABULARY
from faxdaemon.formats._about import About
from faxdaemon.formats._codes import Code, order_of
from faxdaemon.formats._dialect import Dialect

LINE = 200
"""Characters of a line that are looked at."""
PAGE = 5.0
"""Seconds for all lines of one page."""

ABOUT = About(
    title="A site's own codes in the document",
    says="Whatever an ERP or a form letter writes, by the regular expressions under `codes` of the folder; what "
    "matches is not on the fax.",
    files={"order.txt": "BG~FAXNUM~303-555-0123~\nBG~REF~4711~\nOur order:\n"},
    numbers=("+13035550123",),
    carries=("name", "reference", "several recipients", *VOCABULARY),
    answers="`<stem>.result.json` beside the document.",
    source="the site; the sample is made up after what Infor's reports write (A)",
    folder={"codes": [r"BG~FAXNUM~(?P<number>[^~]+)~", r"BG~REF~(?P<reference>[^~]+)~"]},
)


def open_format(folder: FolderAsks) -> SiteCodes:
    """The dialect as one drop folder speaks it."""
    return SiteCodes(folder)


class SiteCodes(Dialect):
    """See the module."""

    looks_at = Looks.CONTENT

    def __init__(self, folder: FolderAsks) -> None:
        super().__init__(folder)
        self._patterns = [compile_regular(each) for each in folder.codes]
        self._meanings = {group: group for pattern in self._patterns for group in pattern.fields}

    def read(self, papers: Papers) -> list[Order] | BadRequest | NotMine:
        """One order; each different number is a recipient."""
        try:
            return order_of(papers.pages(), self._codes, self._meanings, "This folder")
        except TimeoutError:
            return BadRequest("one of the folder's `codes` takes too long on this document; write it more simply")

    def _codes(self, text: str) -> Iterator[Code]:
        until = time.monotonic() + PAGE
        for line in dict.fromkeys(text.splitlines()):
            if time.monotonic() > until:
                raise TimeoutError
            for pattern in self._patterns:
                found = pattern.search(line[:LINE])
                if found is not None:
                    yield from (Code(found[0], group, value) for group, value in found[1].items())
