"""Received documents in the form that people want, without loss where their pages are fax images.

Promise   the very fax lines that came are in what is made, and nothing else; the same bytes for the same document.
          A page that is more than one black and white picture is drawn as a fine fax, and that is told.  What is
          damaged is no exception but no answer: it is then delivered as it came.
Needs     img2pdf; the process aside for what is in a PDF.
Crash     keeps nothing.
"""

from __future__ import annotations

import img2pdf
import structlog

from faxdaemon.contracts.documents import Converted
from faxdaemon.documents import aside, identify
from faxdaemon.documents.split import Unsplittable, split

log = structlog.get_logger()


def as_pdf(content: bytes, media: str) -> bytes | None:
    """See `contracts.documents.Documents`; page sizes are by the TIFF's resolution."""
    if media == identify.PDF:
        return content
    if media != identify.TIFF:
        return None
    try:
        return bytes(img2pdf.convert(content, nodate=True, engine=img2pdf.Engine.internal))
    except Exception as error:  # noqa: BLE001 - whatever a damaged image provokes, it must be delivered all the same
        log.warning("a received TIFF cannot be made a PDF", kind=type(error).__name__)
        return None


def as_tiff(content: bytes, media: str, *, each: bool) -> Converted | None:
    """See `contracts.documents.Documents`."""
    try:
        if media == identify.TIFF:
            return Converted(tuple(split(content)) if each else (content,), lossless=True)
        return aside.tiff(content, each=each) if media == identify.PDF else None
    except Unsplittable:
        log.warning("a received TIFF cannot be taken apart")
    except Exception as error:  # noqa: BLE001 - likewise
        log.warning("a received document cannot be made a TIFF", kind=type(error).__name__)
    return None
