"""Codes taken out of a PDF: on the fax nobody can read them.

Promise   what is to be removed is covered in white on the page, and the page is then drawn as a fax machine would and
          looked at: where anything is left in that place, nothing is made.  Whole pages are taken out.
Needs     pypdfium2; the text exactly as `documents.text` gives it.
Crash     keeps nothing.

A PDF keeps the covered text below the white: it is for a machine that prints, not for one that searches.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pypdfium2
import pypdfium2.raw as pdfium

from faxdaemon.contracts.documents import CannotMake, Removal

Box = tuple[float, float, float, float]
_MARGIN = 1.0
"""Points around a character that are covered with it."""
_SCALE = 2.0
"""How fine the page is drawn to be looked at: 144 dots to the inch."""
_DARK = 200
"""Grey values below are something that can be seen."""


def clean_pdf(document: pypdfium2.PdfDocument, removals: Sequence[Removal]) -> None:
    """Take them out of an open PDF; the caller holds `PDFIUM`.  Raises `CannotMake`."""
    whole = sorted({removal.page for removal in removals if removal.text is None}, reverse=True)
    for number in sorted({removal.page for removal in removals} - set(whole)):
        texts = [removal.text for removal in removals if removal.page == number and removal.text]
        page = document[number - 1]
        try:
            _cover(page, [box for text in texts for box in _boxes(page, text)])
        finally:
            page.close()
    for number in whole:
        document.del_page(number - 1)


def _boxes(page: pypdfium2.PdfPage, text: str) -> list[Box]:
    """Where each character of every occurrence stands."""
    layer = page.get_textpage()
    try:
        search = layer.search(text, match_case=True)
        found = [
            layer.get_charbox(n, loose=True) for first, count in _hits(search) for n in range(first, first + count)
        ]
    finally:
        layer.close()
    if not found:
        raise CannotMake("a code cannot be found again where it was read")
    return [(box[0] - _MARGIN, box[1] - _MARGIN, box[2] + _MARGIN, box[3] + _MARGIN) for box in found]


def _hits(search: pypdfium2.PdfTextSearcher) -> Iterator[tuple[int, int]]:
    while (hit := search.get_next()) is not None:
        yield hit


def _cover(page: pypdfium2.PdfPage, boxes: Sequence[Box]) -> None:
    for left, bottom, right, top in boxes:
        patch = pdfium.FPDFPageObj_CreateNewRect(left, bottom, right - left, top - bottom)
        pdfium.FPDFPageObj_SetFillColor(patch, 255, 255, 255, 255)
        pdfium.FPDFPath_SetDrawMode(patch, pdfium.FPDF_FILLMODE_WINDING, False)
        pdfium.FPDFPage_InsertObject(page, patch)
    if not pdfium.FPDFPage_GenerateContent(page):
        raise CannotMake("a code cannot be taken out of its page")
    _look(page, boxes)


def _look(page: pypdfium2.PdfPage, boxes: Sequence[Box]) -> None:
    """Draw the page and see that nothing is left.  Raises `CannotMake`."""
    left, _, _, top = page.get_cropbox()
    image = page.render(scale=_SCALE, grayscale=True, draw_annots=True).to_pil()
    if page.get_rotation() or image.width < 1:
        raise CannotMake("it has a code on a page that is turned, and it cannot be seen whether it is gone")
    for box in boxes:
        inner = (box[0] + _MARGIN, box[1] + _MARGIN, box[2] - _MARGIN, box[3] - _MARGIN)
        x1, x2 = ((inner[0] - left) * _SCALE, (inner[2] - left) * _SCALE)
        y1, y2 = ((top - inner[3]) * _SCALE, (top - inner[1]) * _SCALE)
        area = (max(0, int(x1)), max(0, int(y1)), min(image.width, int(x2) + 1), min(image.height, int(y2) + 1))
        if area[0] < area[2] and area[1] < area[3] and image.crop(area).getextrema()[0] < _DARK:
            raise CannotMake("a code would still be legible on the fax")
