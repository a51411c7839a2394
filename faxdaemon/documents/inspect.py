"""Looking into a document: type, pages, and what keeps it from being faxed.

Promise   the answer rests on content alone; a file is never read whole, and bad content is an answer, not an
          exception.  A PDF without its end is called cut, even where PDFium would mend it and show fewer pages.  What
          only the provider can count (text, office files, HTML) has no page number and no problem.
Needs     the file readable; a file that is not raises OSError, because that says nothing about its content.
Crash     keeps nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from faxdaemon.contracts.documents import CannotMake, CannotRead, Converted, Inspection, Made, Page, Source
from faxdaemon.documents import aside, identify, outside, tail
from faxdaemon.documents.cover import cover_page
from faxdaemon.documents.first import first_page
from faxdaemon.documents.make import make, makes
from faxdaemon.documents.office import trouble_with
from faxdaemon.documents.pdf import Pages
from faxdaemon.documents.pictures import too_large
from faxdaemon.documents.received import as_pdf, as_tiff
from faxdaemon.documents.text import is_slow, text_of
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
                return Inspection(media, *_pdf(path, file))
            if media == identify.TIFF:
                return Inspection(media, *inspect_tiff(file))
            if tail.cut(file):
                return Inspection(media, None, "is cut off: its end is missing")
        return Inspection(media, 1 if media in identify.IMAGES else None, _problem(path, media))

    def text(self, path: Path, name: str) -> tuple[Page, ...]:
        """See `contracts.documents`."""
        del name
        return text_of(path)

    def is_slow(self, path: Path) -> bool:
        """See `contracts.documents`."""
        return is_slow(path)

    def makes(self, media: str) -> bool:
        """See `contracts.documents`."""
        return makes(media)

    def advice(self, media: str) -> str:
        """See `contracts.documents`."""
        return outside.advice(media)

    def make(self, sources: Sequence[Source]) -> Made:
        """See `contracts.documents`."""
        return make(sources)

    def cover(self, template: Path | None, fields: Mapping[str, str], following: int | None) -> Made:
        """See `contracts.documents`."""
        return cover_page(template, fields, following)

    def as_pdf(self, content: bytes, media: str) -> bytes | None:
        """See `contracts.documents`."""
        return as_pdf(content, media)

    def as_tiff(self, content: bytes, media: str, *, each: bool) -> Converted | None:
        """See `contracts.documents`."""
        return as_tiff(content, media, each=each)

    def first_page(self, path: Path) -> bytes | None:
        """See `contracts.documents`."""
        return first_page(path)

    def searches(self) -> bool:
        """See `contracts.documents`."""
        return outside.searches()

    def searchable(self, content: bytes, media: str, language: str, seconds: float) -> bytes:
        """See `contracts.documents`."""
        pdf = as_pdf(content, media)
        if pdf is None:
            raise CannotMake("is neither a PDF nor a TIFF that can be read")
        return outside.searchable(pdf, language, seconds)

    def looks_cut(self, path: Path) -> bool:
        """See `contracts.documents`."""
        with path.open("rb") as file:
            return tail.cut(file)


def _pdf(path: Path, file: BinaryIO) -> Pages:
    size = file.seek(0, 2)
    if not tail.has_mark(file, size, b"%%EOF", tail.TAIL):
        kib = tail.TAIL // 1024
        return Pages(None, f"is cut off: its end is missing (no %%EOF in the last {kib} KiB of {size} bytes)")
    try:
        return aside.count(path)
    except CannotRead as error:
        return Pages(None, str(error))


def _problem(path: Path, media: str) -> str | None:
    if media in {identify.UNKNOWN, identify.ZIP}:
        return "is not a kind of document that can be faxed"
    if media == identify.LOCKED:
        return "is protected by a password: save it without one and drop it again"
    if media in identify.IMAGES:
        return too_large(path)
    return trouble_with(path) if media in identify.OFFICE_ZIPS else None
