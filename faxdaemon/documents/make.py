"""One PDF of several documents: what is sent where the documents as they came would not do.

Promise   every page of every source, in order, without what was to be removed.  Fax images and photographs are embedded
          as they are, not drawn anew.  The same sources give a PDF with the same pages.
Needs     pypdfium2 and img2pdf; a converter for what only an office program can read (`outside`).
Crash     keeps nothing.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import img2pdf
import pypdfium2

from faxdaemon.contracts.documents import CannotMake, Made, Source
from faxdaemon.documents import identify
from faxdaemon.documents.clean import clean_pdf, clean_text
from faxdaemon.documents.paper import decode, text_pdf
from faxdaemon.documents.pdf import PDFIUM, open_pdf
from faxdaemon.documents.text import LARGEST_TEXT

MADE_HERE = frozenset({identify.PDF, identify.TEXT, identify.TIFF, *identify.IMAGES})


def make(sources: Sequence[Source]) -> Made:
    """See `contracts.documents.Documents.make`."""
    with PDFIUM, closing(pypdfium2.PdfDocument.new()) as whole:
        for source in sources:
            _add(whole, source)
        pages = len(whole)
        if not pages:
            raise CannotMake("nothing is left to be sent once the codes are taken out")
        content = io.BytesIO()
        whole.save(content)
    return Made(content.getvalue(), pages)


def _add(whole: pypdfium2.PdfDocument, source: Source) -> None:
    try:
        with closing(open_pdf(_as_pdf(source))) as part:
            if source.removals and _media(source.path) != identify.TEXT:
                clean_pdf(part, source.removals)
            whole.import_pages(part)
    except pypdfium2.PdfiumError as error:
        raise CannotMake(f"{source.name} cannot be put together with the others") from error
    except CannotMake as error:
        raise CannotMake(f"{source.name}: {error}") from error


def _as_pdf(source: Source) -> Path | bytes:
    media = _media(source.path)
    if media == identify.PDF:
        return source.path
    if media == identify.TEXT:
        with source.path.open("rb") as stream:
            return text_pdf(clean_text(decode(stream.read(LARGEST_TEXT)), source.removals))
    if media in MADE_HERE:
        return _picture(source)
    raise CannotMake(f"is of a kind that cannot be turned into a PDF here ({media})")


def _picture(source: Source) -> bytes:
    try:
        content = img2pdf.convert(source.path.read_bytes(), nodate=True, engine=img2pdf.Engine.internal)
    except (img2pdf.ImageOpenError, img2pdf.AlphaChannelError, ValueError, SyntaxError) as error:
        raise CannotMake("is not a picture that can be put on paper as it is") from error
    return bytes(content)


def _media(path: Path) -> str:
    with path.open("rb") as file:
        return identify.media_type(file)
