"""The pages of a PDF as TIFF: fax images as they are, everything else drawn; works in the process aside.

Promise   a page that is one black and white picture comes out point by point; any other is drawn as a fine fax, and
          that is told.  The same bytes for the same document.
Needs     PDFium, held by the caller.
Crash     keeps nothing.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image

from faxdaemon.contracts.documents import Converted
from faxdaemon.documents.faxtiff import RESOLUTIONS, FaxTiff
from faxdaemon.documents.pdf import open_pdf
from faxdaemon.documents.pictures import oversize
from faxdaemon.documents.render import pdf_page

_FINE = RESOLUTIONS["fine"]
_ACROSS = 204
_WHOLE = 0.98
"""The share of a page, either way, that a picture must cover to be all of it."""
_GREY = frozenset({pdfium.FPDF_COLORSPACE_DEVICEGRAY, pdfium.FPDF_COLORSPACE_CALGRAY})


def tiff_of_pdf(content: bytes, *, each: bool) -> Converted:
    """All pages in one TIFF, or each in its own.  Raises `pypdfium2.PdfiumError`."""
    files: list[bytes] = []
    lossless = True
    out = io.BytesIO()
    writer = FaxTiff(out, _FINE)
    for page, density in _pages(content):
        lossless = lossless and density is not None
        writer.add_as_is(page, density or (_ACROSS, _FINE.lines))
        if each:
            files.append(out.getvalue())
            out = io.BytesIO()
            writer = FaxTiff(out, _FINE)
    return Converted(tuple(files) if each else (out.getvalue(),), lossless)


def _pages(content: bytes) -> Iterator[tuple[Image.Image, tuple[int, int] | None]]:
    """Each page, with its density when it is as it came."""
    with closing(open_pdf(content)) as document:
        for index in range(len(document)):
            yield _picture(document, index) or (pdf_page(document, index, _FINE), None)


def _picture(document: pypdfium2.PdfDocument, index: int) -> tuple[Image.Image, tuple[int, int]] | None:
    """The one black and white picture that is the whole page."""
    with closing(document[index]) as page:
        parts = list(page.get_objects(max_depth=1))
        if len(parts) != 1 or not isinstance(parts[0], pypdfium2.PdfImage) or page.get_rotation():
            return None
        about = parts[0].get_metadata()
        density = round(about.horizontal_dpi), round(about.vertical_dpi)
        matrix, (width, height) = parts[0].get_matrix(), page.get_size()
        upright = not matrix.b and not matrix.c and matrix.a >= width * _WHOLE and matrix.d >= height * _WHOLE
        plain = about.bits_per_pixel == 1 and about.colorspace in _GREY and min(density) > 0
        if not upright or not plain or oversize(about.width, about.height):
            return None
        with closing(parts[0].get_bitmap()) as bitmap:
            return bitmap.to_pil().convert("1", dither=Image.Dither.NONE), density
