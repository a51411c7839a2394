"""PDF, as PDFium reads it: how many pages, whether they can be read, the text on them.

Promise   nothing is ever sent of which pages may be missing.  Opens by path, so the size of the file does not matter.
Needs     pypdfium2.  PDFium is not thread-safe: everything that touches it, anywhere, holds `PDFIUM`.  What strangers
          wrote is read in a process of its own only (`aside`): a PDF of a few KiB can take gigabytes.
Crash     keeps nothing.

Measured: a page count of a small PDF costs about 0.1 ms.
"""

from __future__ import annotations

import ctypes
import threading
from pathlib import Path
from typing import NamedTuple

import pypdfium2
import pypdfium2.raw as pdfium

from faxdaemon.contracts.documents import Page

PDFIUM = threading.RLock()
"""Held for every call into pdfium, in the whole process."""
MAX_PAGES = 5_000
"""More than any fax has (two days on the line); a bound for files made to waste time."""
MOST = 200_000
"""Characters of the text of one page: some hundred times what paper holds."""


class Pages(NamedTuple):
    """Pages, or the reason why there are none to fax.  `problem` follows the document's name in a
    sentence."""

    pages: int | None
    problem: str | None = None


def count_pages(path: Path) -> Pages:
    """Count the pages of the PDF at `path`, and say what is wrong with it; the caller holds `PDFIUM`."""
    document = pdfium.FPDF_LoadDocument(str(path).encode("utf-8", "surrogateescape") + b"\0", None)
    if not document:
        if pdfium.FPDF_GetLastError() == pdfium.FPDF_ERR_PASSWORD:
            return Pages(None, "is protected by a password: save it without one and drop it again")
        return Pages(None, "is damaged: no PDF reader can open it")
    try:
        pages = int(pdfium.FPDF_GetPageCount(document))
        if pages < 1:
            return Pages(None, "has no pages")
        if pages > MAX_PAGES:
            return Pages(None, f"has {pages} pages; more than {MAX_PAGES} cannot be faxed")
        bad = _unreadable(document, pages)
        if bad is not None:
            return Pages(None, f"is damaged: page {bad + 1} of {pages} cannot be read")
        return Pages(pages)
    finally:
        pdfium.FPDF_CloseDocument(document)


def _unreadable(document: object, pages: int) -> int | None:
    # A good cross-reference table vouches for the pages between; without one pdfium has guessed, so each is
    # looked at.
    sound = pdfium.FPDF_DocumentHasValidCrossReferenceTable(document)
    size = pdfium.FS_SIZEF()
    for index in (0, pages - 1) if sound else range(pages):
        if not pdfium.FPDF_GetPageSizeByIndexF(document, index, ctypes.byref(size)):
            return index
    return None


def open_pdf(source: Path | bytes) -> pypdfium2.PdfDocument:
    """Open a PDF; the caller holds `PDFIUM` and closes it.  Raises `pypdfium2.PdfiumError`."""
    if isinstance(source, Path) and not _sayable(source):
        source = source.read_bytes()
    return pypdfium2.PdfDocument(source)


def _sayable(path: Path) -> bool:
    """Whether its name is UTF-8, the only one that pypdfium2 takes."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def text_of_pdf(source: Path | bytes) -> tuple[Page, ...]:
    """The text of the first page and the last one; none where it cannot be read.  The caller holds `PDFIUM`."""
    try:
        document = open_pdf(source)
    except pypdfium2.PdfiumError:
        return ()
    try:
        return tuple(Page(number, _text(document, number)) for number in sorted({1, len(document)}) if number)
    except pypdfium2.PdfiumError:
        return ()
    finally:
        document.close()


def _text(document: pypdfium2.PdfDocument, number: int) -> str:
    page = document[number - 1]
    try:
        layer = page.get_textpage()
        try:
            return layer.get_text_range(count=min(layer.count_chars(), MOST)) if layer.count_chars() else ""
        finally:
            layer.close()
    finally:
        page.close()
