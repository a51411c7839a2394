"""One PDF of several documents: what is sent where the documents as they came would not do.

Promise   every page of every source, in order, without what was to be removed.  Fax images and photographs are embedded
          as they are, not drawn anew.  The same sources give a PDF with the same pages.
Needs     pypdfium2 and img2pdf; other programs for what only they can read (`outside`); PDFium is free meanwhile.
Crash     keeps nothing.
"""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pypdfium2

from faxdaemon.contracts.documents import CannotMake, Made, Source
from faxdaemon.documents import identify, outside
from faxdaemon.documents.clean import clean_pdf, clean_text
from faxdaemon.documents.paper import TooLong, decode, text_pdf, unprintable
from faxdaemon.documents.pdf import MAX_PAGES, PDFIUM, open_pdf
from faxdaemon.documents.pictures import picture_pdf
from faxdaemon.documents.text import LARGEST_TEXT

PATIENCE = 600.0
"""Seconds for all documents of one fax that other programs read; a worker that takes much longer counts as stuck."""
_MADE_HERE = frozenset({identify.PDF, identify.TEXT, identify.TIFF, *identify.IMAGES})


def makes(media: str) -> bool:
    """See `contracts.documents.Documents.makes`."""
    program = outside.reader(media)
    return media in _MADE_HERE or (program is not None and program.found() is not None)


def make(sources: Sequence[Source]) -> Made:
    """See `contracts.documents.Documents.make`."""
    until = time.monotonic() + PATIENCE
    parts = [_as_pdf(source, until) for source in sources]  # what takes long, before others wait for the lock
    with PDFIUM, closing(pypdfium2.PdfDocument.new()) as whole:
        for source, part in zip(sources, parts, strict=True):
            _add(whole, source, part)
        pages = len(whole)
        if not pages:
            raise CannotMake("nothing is left to be sent once the codes are taken out")
        content = io.BytesIO()
        whole.save(content)
    return Made(content.getvalue(), pages)


def _add(whole: pypdfium2.PdfDocument, source: Source, content: Path | bytes) -> None:
    try:
        with closing(open_pdf(content)) as part:
            _count(len(whole) + len(part))
            if source.removals and _media(source.path) != identify.TEXT:
                clean_pdf(part, source.removals)
            whole.import_pages(part)
    except pypdfium2.PdfiumError as error:
        raise CannotMake(f"{source.name} cannot be put together with the others") from error
    except CannotMake as error:
        raise CannotMake(f"{source.name}: {error}") from error


def _count(pages: int) -> None:
    if pages > MAX_PAGES:
        raise CannotMake(f"too many pages; more than {MAX_PAGES} cannot be faxed")


def _as_pdf(source: Source, until: float) -> Path | bytes:
    media = _media(source.path)
    try:
        if media == identify.PDF:
            return source.path
        if media == identify.TEXT:
            return _text(source)
        if media in _MADE_HERE:
            return picture_pdf(source.path, media)
        return outside.convert(source.path, media, min(outside.TIME, until - time.monotonic()))
    except CannotMake as error:
        raise CannotMake(f"{source.name} {error}") from error


def _text(source: Source) -> bytes:
    with source.path.open("rb") as stream:
        content = stream.read(LARGEST_TEXT + 1)
    if len(content) > LARGEST_TEXT:
        raise CannotMake(f"is a text of more than {LARGEST_TEXT // 1_000_000} MB; no more can be faxed")
    text = clean_text(decode(content), source.removals)
    strange = unprintable(text)
    if strange:
        raise CannotMake(f"has letters that cannot be printed here ({strange}); save it as PDF and drop that")
    try:
        return text_pdf(text, MAX_PAGES)
    except TooLong as error:
        raise CannotMake(str(error)) from error


def _media(path: Path) -> str:
    with path.open("rb") as file:
        return identify.media_type(file)
