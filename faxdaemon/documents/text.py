"""The text of a document's first and last page: where codes for fax machines stand.

Promise   text as a reader would see it, never more than `MOST` characters a page; a picture has none.  What is damaged
          has no text; what would take too much time or memory is `CannotRead`.
Needs     a process aside for PDF; a converter for print streams (`outside`); nothing for plain text, whose pages are
          divided by form feeds.
Crash     keeps nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from faxdaemon.contracts.documents import CannotMake, CannotRead, Page, Removal
from faxdaemon.documents import aside, identify, outside
from faxdaemon.documents.paper import decode
from faxdaemon.documents.pdf import MOST

PRINTED = frozenset({identify.POSTSCRIPT, identify.PCL})
"""Print streams: their text is that of the PDF which a converter makes of them, where one is installed."""
PATIENCE = 60.0
"""Seconds for that."""
LARGEST_TEXT = 16_000_000
"""Bytes of a text document that are looked at."""


def text_of(path: Path) -> tuple[Page, ...]:
    """The first page and the last one, if there are two.  Raises `CannotRead`, OSError."""
    with path.open("rb") as file:
        media = identify.media_type(file)
        file.seek(0)
        content = file.read(LARGEST_TEXT) if media == identify.TEXT else b""
    if media == identify.TEXT:
        return _ends(sheets(decode(content)))
    if _convertible(media):
        return aside.text(_printed(path, media))
    return aside.text(path) if media == identify.PDF else ()


def is_slow(path: Path) -> bool:
    """Whether its text is only had by a program that may take as long as `PATIENCE`.  Raises OSError."""
    with path.open("rb") as file:
        return _convertible(identify.media_type(file))


def _convertible(media: str) -> bool:
    program = outside.reader(media) if media in PRINTED else None
    return program is not None and program.found() is not None


def _printed(path: Path, media: str) -> bytes:
    try:
        return outside.convert(path, media, PATIENCE)
    except CannotMake as error:
        raise CannotRead(str(error)) from error


def sheets(text: str) -> list[str]:
    """The pages of a plain text."""
    return text.removesuffix("\f").split("\f")


def _ends(pages: list[str]) -> tuple[Page, ...]:
    numbers = sorted({1, len(pages)})
    return tuple(Page(number, pages[number - 1][:MOST]) for number in numbers)


def clean_text(text: str, removals: Sequence[Removal]) -> str:
    """A plain text without them.  Raises `CannotMake` when one is not there."""
    pages: list[str | None] = list(sheets(text))
    for removal in removals:
        page = pages[removal.page - 1] if removal.page <= len(pages) else None
        if removal.text is None:
            pages[removal.page - 1] = None
        elif page is None or removal.text not in page:
            raise CannotMake("a code cannot be found again where it was read")
        else:
            pages[removal.page - 1] = page.replace(removal.text, "")
    return "\f".join(page for page in pages if page is not None)
