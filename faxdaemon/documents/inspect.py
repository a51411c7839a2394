"""Looking into a document: type, pages, and what keeps it from being faxed.

Promise   the answer rests on content alone; a file is never read whole, and bad content is an answer, not an
          exception. What only the provider can count (text, office files, HTML) has no page number and no
          problem.
Needs     the file readable; a file that is not raises OSError, because that says nothing about its content.
Crash     keeps nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from faxdaemon.contracts.documents import Inspection, Made, Page, Source
from faxdaemon.documents import identify, tail
from faxdaemon.documents.make import MADE_HERE, make
from faxdaemon.documents.pdf import inspect_pdf
from faxdaemon.documents.text import text_of
from faxdaemon.documents.tiff import inspect_tiff


class Inspector:
    """`contracts.documents.Documents`; stateless."""

    def inspect(self, path: Path, name: str) -> Inspection:
        """See `contracts.documents`.  `problem` is a predicate, to be written behind the document's name."""
        del name  # what a file is called proves nothing
        with path.open("rb") as file:
            if file.seek(0, 2) == 0:
                return Inspection(identify.UNKNOWN, None, "is empty (0 bytes)")
            media = identify.media_type(file)
            if media == identify.PDF:
                return Inspection(media, *inspect_pdf(path, file))
            if media == identify.TIFF:
                return Inspection(media, *inspect_tiff(file))
            if tail.cut(file):
                return Inspection(media, None, "is cut off: its end is missing")
        unknown = media in {identify.UNKNOWN, identify.ZIP}
        problem = "is not a kind of document that can be faxed" if unknown else None
        return Inspection(media, 1 if media in identify.IMAGES else None, problem)

    def text(self, path: Path, name: str) -> tuple[Page, ...]:
        """See `contracts.documents`."""
        del name
        return text_of(path)

    def makes(self, media: str) -> bool:
        """See `contracts.documents`."""
        return media in MADE_HERE

    def make(self, sources: Sequence[Source]) -> Made:
        """See `contracts.documents`."""
        return make(sources)

    def looks_cut(self, path: Path) -> bool:
        """See `contracts.documents`."""
        with path.open("rb") as file:
            return tail.cut(file)
