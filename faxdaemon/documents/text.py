"""The text of a document's first and last page: where codes for fax machines stand.

Promise   text as a reader would see it, never more than `MOST` characters a page; a picture has none.  Nothing about a
          document raises: one that cannot be read has no text.
Needs     pypdfium2 for PDF; a converter for print streams (`outside`); nothing for plain text, whose pages are divided
          by form feeds.
Crash     keeps nothing.
"""

from __future__ import annotations

from pathlib import Path

import pypdfium2

from faxdaemon.contracts.documents import CannotMake, Page
from faxdaemon.documents import identify, outside
from faxdaemon.documents.paper import decode
from faxdaemon.documents.pdf import PDFIUM, open_pdf

MOST = 200_000
"""Characters of one page: some hundred times what paper holds."""
PRINTED = frozenset({identify.POSTSCRIPT, identify.PCL})
"""Print streams: their text is that of the PDF which a converter makes of them, where one is installed."""
PATIENCE = 30.0
"""Seconds for that: whoever decides waits for it."""
LARGEST_TEXT = 16_000_000
"""Bytes of a text document that are looked at."""


def text_of(path: Path) -> tuple[Page, ...]:
    """The first page and the last one, if there are two."""
    try:
        with path.open("rb") as file:
            media = identify.media_type(file)
            file.seek(0)
            content = file.read(LARGEST_TEXT) if media == identify.TEXT else b""
        if media == identify.TEXT:
            return _ends(sheets(decode(content)))
        if media in PRINTED and outside.reader(media) is not None:
            return _pdf(outside.convert(path, media, PATIENCE))
        return _pdf(path) if media == identify.PDF else ()
    except (OSError, CannotMake, pypdfium2.PdfiumError):
        return ()


def sheets(text: str) -> list[str]:
    """The pages of a plain text."""
    return text.removesuffix("\f").split("\f")


def page_text(page: pypdfium2.PdfPage) -> str:
    """The text of one page of a PDF; the caller holds `PDFIUM`."""
    layer = page.get_textpage()
    try:
        return layer.get_text_range(count=min(layer.count_chars(), MOST)) if layer.count_chars() else ""
    finally:
        layer.close()


def _ends(pages: list[str]) -> tuple[Page, ...]:
    numbers = sorted({1, len(pages)})
    return tuple(Page(number, pages[number - 1][:MOST]) for number in numbers)


def _pdf(source: Path | bytes) -> tuple[Page, ...]:
    with PDFIUM:
        document = open_pdf(source)
        try:
            return tuple(Page(number, _read(document, number)) for number in sorted({1, len(document)}) if number)
        finally:
            document.close()


def _read(document: pypdfium2.PdfDocument, number: int) -> str:
    page = document[number - 1]
    try:
        return page_text(page)
    finally:
        page.close()
