"""One PDF of several, without what was to be removed.

Promise   every page of every part, in order.
Needs     pypdfium2; the caller holds `PDFIUM`.  Runs aside (`aside`), for the parts are what strangers wrote.
Crash     keeps nothing.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pypdfium2

from faxdaemon.contracts.documents import CannotMake, Made, Removal
from faxdaemon.documents.clean import clean_pdf
from faxdaemon.documents.pdf import MAX_PAGES, open_pdf


@dataclass(frozen=True, slots=True)
class Part:
    """A PDF that is put together with others."""

    name: str
    content: Path | bytes
    removals: tuple[Removal, ...] = ()


def merge(parts: Sequence[Part]) -> Made:
    """All of them in one.  Raises `CannotMake`."""
    with closing(pypdfium2.PdfDocument.new()) as whole:
        for part in parts:
            _add(whole, part)
        pages = len(whole)
        if not pages:
            raise CannotMake("nothing is left to be sent once the codes are taken out")
        content = io.BytesIO()
        whole.save(content)
    return Made(content.getvalue(), pages)


def _add(whole: pypdfium2.PdfDocument, part: Part) -> None:
    try:
        with closing(open_pdf(part.content)) as opened:
            _count(len(whole) + len(opened))
            clean_pdf(opened, part.removals)
            whole.import_pages(opened)
    except pypdfium2.PdfiumError as error:
        raise CannotMake(f"{part.name} cannot be put together with the others") from error
    except CannotMake as error:
        raise CannotMake(f"{part.name}: {error}") from error


def _count(pages: int) -> None:
    if pages > MAX_PAGES:
        raise CannotMake(f"too many pages; more than {MAX_PAGES} cannot be faxed")
