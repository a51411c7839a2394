"""One PDF of several documents: what is sent where the documents as they came would not do.

Promise   every page of every source, in order, without what was to be removed.  Fax images and photographs are embedded
          as they are, not drawn anew.  The same sources give a PDF with the same pages.
Needs     img2pdf; other programs for what only they can read (`outside`), and for putting PDFs together (`aside`).
Crash     keeps nothing.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from faxdaemon.contracts.documents import CannotMake, Made, Source
from faxdaemon.documents import aside, identify, outside
from faxdaemon.documents.merge import Part
from faxdaemon.documents.paper import TooLong, decode, text_pdf, unprintable
from faxdaemon.documents.pdf import MAX_PAGES
from faxdaemon.documents.pictures import picture_pdf
from faxdaemon.documents.text import LARGEST_TEXT, clean_text

PATIENCE = 480.0
"""Seconds for all documents of one fax that other programs read; a worker that takes much longer counts as stuck."""
_MADE_HERE = frozenset({identify.PDF, identify.TEXT, identify.TIFF, *identify.IMAGES})


def makes(media: str) -> bool:
    """See `contracts.documents.Documents.makes`."""
    program = outside.reader(media)
    return media in _MADE_HERE or (program is not None and program.found() is not None)


def make(sources: Sequence[Source]) -> Made:
    """See `contracts.documents.Documents.make`."""
    until = time.monotonic() + PATIENCE
    return aside.merge([_part(source, until) for source in sources])


def _part(source: Source, until: float) -> Part:
    """As a PDF, with what is still to be removed of it."""
    removals = () if _media(source.path) == identify.TEXT else source.removals
    return Part(source.name, _as_pdf(source, until), removals)


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
