"""The fax image of a document, as a fax machine would receive it.

Promise   every page of the document becomes one page: nothing is cut off, small documents are not blown up,
          landscape pages are turned.  Grey becomes black or white by a threshold: dots in its place take
          three to ten times as long to transmit and read worse.
Needs     pypdfium2, Pillow, img2pdf.  PDF, TIFF, PNG, JPEG, GIF, BMP and plain text can be rendered, nothing
          else.
Crash     leaves a part of `out`; the caller names it so that nobody takes it for whole.

Measured on a page of text, fine: about 25 ms.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import img2pdf
import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image, ImageSequence

from faxdaemon.documents import identify
from faxdaemon.documents.faxtiff import RESOLUTIONS, WIDTH, FaxTiff, Resolution
from faxdaemon.documents.paper import decode, text_pdf
from faxdaemon.documents.pdf import PDFIUM, open_pdf
from faxdaemon.documents.pictures import UNREADABLE, opened, oversize
from faxdaemon.documents.pictures import grey as flattened

_BLACK = 150
"""Grey values below are black; scans of grey paper stay readable."""
_ACROSS = 204
_MAX_TEXT = 16_000_000
_THRESHOLD = [0 if grey < _BLACK else 255 for grey in range(256)]


class CannotRender(Exception):
    """The document cannot be made a fax here; the message is a predicate behind its name."""


def render_fax(path: Path, out: Path, resolution: Literal["standard", "fine"]) -> int:
    """Write the fax image of the document at `path` to `out`; returns its pages.  Raises `CannotRender`,
    OSError."""
    return render_faxes([path], out, resolution)


def render_faxes(paths: list[Path], out: Path, resolution: Literal["standard", "fine"]) -> int:
    """`render_fax` of several documents in one fax."""
    with out.open("wb") as file, FaxTiff(file, RESOLUTIONS[resolution]) as fax:
        for path in paths:
            add_document(fax, path)
        return fax.pages


def add_document(fax: FaxTiff, path: Path) -> None:
    """Append every page of the document at `path`.  Raises `CannotRender`, OSError; pages before the bad one stay."""
    for page in _pages(path, fax.resolution):
        fax.add(page)


def tiff_to_pdf(tiff: Path) -> bytes:
    """A PDF with the very same fax lines in it, page sizes by the TIFF's resolution; the same bytes for the same TIFF.
    Raises `CannotRender`, OSError."""
    content = tiff.read_bytes()
    try:
        return bytes(img2pdf.convert(content, nodate=True, engine=img2pdf.Engine.internal))
    except (img2pdf.ImageOpenError, ValueError, SyntaxError) as error:
        raise CannotRender("is not a TIFF that can be read") from error


def _pages(path: Path, resolution: Resolution) -> Iterator[Image.Image]:
    with path.open("rb") as file:
        media = identify.media_type(file)
        file.seek(0)
        text = file.read(_MAX_TEXT) if media == identify.TEXT else b""
    if media == identify.PDF:
        return _pdf_pages(path, resolution)
    if media == identify.TEXT:
        return _pdf_pages(text_pdf(decode(text)), resolution)
    if media == identify.TIFF or media in identify.IMAGES:
        return _image_pages(path, resolution)
    raise CannotRender(f"is of a kind that cannot be turned into a fax here ({media})")


def _pdf_pages(source: Path | bytes, resolution: Resolution) -> Iterator[Image.Image]:
    with PDFIUM:
        try:
            document = open_pdf(source)
        except pypdfium2.PdfiumError as error:
            raise CannotRender("is not a PDF that can be read") from error
    try:
        for index in range(len(document)):
            with PDFIUM:  # for a page, not for the document: others wait to count theirs
                page = pdf_page(document, index, resolution)
            yield page
    finally:
        with PDFIUM:
            document.close()


def pdf_page(document: pypdfium2.PdfDocument, index: int, resolution: Resolution) -> Image.Image:
    """One page as a fax page; the caller holds `PDFIUM`.  Raises `CannotRender`."""
    try:
        page = document[index]
    except pypdfium2.PdfiumError as error:
        raise CannotRender(f"is damaged: page {index + 1} cannot be read") from error
    try:
        across, down = page.get_size()
        turn = across > down
        if turn:
            across, down = down, across
        width, height = _fitted(across / 72, down / 72, resolution, enlarge=False)
        bitmap = pypdfium2.PdfBitmap.new_native(WIDTH, height, pdfium.FPDFBitmap_Gray)
        bitmap.fill_rect((255, 255, 255, 255), 0, 0, WIDTH, height)
        flags = pdfium.FPDF_ANNOT | pdfium.FPDF_PRINTING
        left = (WIDTH - width) // 2
        pdfium.FPDF_RenderPageBitmap(bitmap, page, left, 0, width, height, 1 if turn else 0, flags)
        image: Image.Image = bitmap.to_pil().point(_THRESHOLD, "1")
        bitmap.close()
        return image
    finally:
        page.close()


def _image_pages(path: Path, resolution: Resolution) -> Iterator[Image.Image]:
    try:
        with opened(path) as image:
            # A GIF's further frames are an animation; a TIFF's are pages.
            frames = ImageSequence.Iterator(image) if image.format == "TIFF" else iter([image])
            for frame in frames:
                problem = oversize(frame.width, frame.height)
                if problem:
                    raise CannotRender(problem)
                yield _image_page(frame, resolution)
    except UNREADABLE as error:
        raise CannotRender("is not a picture that can be read") from error


def _image_page(frame: Image.Image, resolution: Resolution) -> Image.Image:
    horizontal, vertical = _density(frame)
    if frame.mode == "1" and frame.width == WIDTH and vertical == resolution.lines:
        return frame.copy() if frame.height <= resolution.height else frame.resize((WIDTH, resolution.height))
    grey = flattened(frame)
    if grey.width / horizontal > grey.height / vertical:
        grey = grey.transpose(Image.Transpose.ROTATE_90)
        horizontal, vertical = vertical, horizontal
    known = "dpi" in frame.info
    size = _fitted(grey.width / horizontal, grey.height / vertical, resolution, enlarge=not known)
    page = Image.new("L", (WIDTH, size[1]), 255)
    page.paste(grey.resize(size, Image.Resampling.LANCZOS), ((WIDTH - size[0]) // 2, 0))
    return page.point(_THRESHOLD, "1")


def _density(frame: Image.Image) -> tuple[float, float]:
    """Pixels to the inch; a picture that does not say has square ones."""
    across, down = frame.info.get("dpi", (0, 0))
    return (float(across), float(down)) if across > 1 and down > 1 else (float(_ACROSS), float(_ACROSS))


def _fitted(across: float, down: float, resolution: Resolution, *, enlarge: bool) -> tuple[int, int]:
    """The size in fax pixels of something `across` x `down` inches, made to fit the page with its shape
    kept."""
    scale = min(WIDTH / (across * _ACROSS), resolution.height / (down * resolution.lines))
    if not enlarge:
        scale = min(scale, 1.0)
    width = round(across * _ACROSS * scale)
    height = round(down * resolution.lines * scale)
    return max(1, min(width, WIDTH)), max(1, min(height, resolution.height))
