"""Received documents in the form that people want, without loss.

Promise   the very fax lines that came are in what is made, and nothing else; the same bytes for the same document.
          What is damaged is no exception but no answer: it is then delivered as it came.
Needs     img2pdf.
Crash     keeps nothing.
"""

from __future__ import annotations

import img2pdf
import structlog

from faxdaemon.documents import identify

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
