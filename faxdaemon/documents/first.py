"""The first page of a document as a small picture, for people who want to see what it was.

Promise   a PNG that any mail program shows, or no answer; never an exception for bad content.
Needs     Pillow; for a PDF the process that reads those of strangers (`aside`).
Crash     keeps nothing.
"""

from __future__ import annotations

import io
from pathlib import Path

import structlog
from PIL import Image

from faxdaemon.documents import aside, identify
from faxdaemon.documents.pictures import grey, opened, oversize

log = structlog.get_logger()

LARGEST = (1000, 1400)
"""Pixels: enough to read a letter."""
_FLAT = 1.5
"""A fax in standard resolution has half as many lines as columns: drawn as they are, its pages would be squashed."""


def first_page(path: Path) -> bytes | None:
    """See `contracts.documents.Documents`."""
    try:
        with path.open("rb") as file:
            media = identify.media_type(file)
        if media == identify.PDF:
            page = aside.tiff(path.read_bytes(), each=True).files[0]
            with Image.open(io.BytesIO(page)) as image:
                return _png(image)
        if media == identify.TIFF or media in identify.IMAGES:
            with opened(path) as image:
                return _png(image)
    except Exception as error:  # noqa: BLE001 - a picture is an extra; whatever a damaged document provokes
        log.warning("no picture of a first page", kind=type(error).__name__)
    return None


def _png(image: Image.Image) -> bytes | None:
    if oversize(image.width, image.height):
        return None
    across, down = map(float, image.info.get("dpi", (1, 1)))
    page = grey(image).convert("L")
    if down and across / down > _FLAT:
        page = page.resize((page.width, round(page.height * across / down)))
    page.thumbnail(LARGEST)
    out = io.BytesIO()
    page.save(out, "PNG", optimize=True)
    return out.getvalue()
