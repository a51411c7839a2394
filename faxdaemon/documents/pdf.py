"""PDF: how many pages, and whether it is whole.

Promise   a PDF without its end is called cut, even where pdfium would mend it and show fewer pages; nothing
          is ever sent of which pages may be missing.  Opens by path, so the size of the file does not matter.
Needs     pypdfium2.  pdfium is not thread-safe: everything that touches it, anywhere, holds `PDFIUM`.
Crash     keeps nothing.

Measured: a page count of a small PDF costs about 0.1 ms.
"""

from __future__ import annotations

import ctypes
import threading
from pathlib import Path
from typing import BinaryIO, NamedTuple

import pypdfium2
import pypdfium2.raw as pdfium

from faxdaemon.documents.identify import PDF_HEADER
from faxdaemon.documents.tail import TAIL, has_mark

PDFIUM = threading.RLock()
"""Held for every call into pdfium, in the whole process."""
MAX_PAGES = 5_000
"""More than any fax has (two days on the line); a bound for files made to waste time."""


class Pages(NamedTuple):
    """Pages, or the reason why there are none to fax.  `problem` follows the document's name in a
    sentence."""

    pages: int | None
    problem: str | None = None


def inspect_pdf(path: Path, file: BinaryIO) -> Pages:
    """Count the pages of the PDF at `path`, open as `file`, and say what is wrong with it.  Raises OSError."""
    size = file.seek(0, 2)
    file.seek(0)
    if not PDF_HEADER.search(file.read(1024)):
        return Pages(None, "is not a PDF: it does not begin with %PDF-")
    if not has_mark(file, size, b"%%EOF", TAIL):
        kib = TAIL // 1024
        return Pages(None, f"is cut off: its end is missing (no %%EOF in the last {kib} KiB of {size} bytes)")
    with PDFIUM:
        return _count(path)


def _count(path: Path) -> Pages:
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
    """Open a PDF for rendering; the caller holds `PDFIUM` and closes it.  Raises `pypdfium2.PdfiumError`."""
    return pypdfium2.PdfDocument(source)
