"""Looking into a document before it is sent, or after it was received."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a document is.  `problem` is set when it cannot be faxed, in words for a person."""

    media: str
    """MIME type by content (never by name), `application/octet-stream` when not recognised."""
    pages: int | None
    """Pages as they would be faxed; None where only the provider can tell (office files, HTML, ...)."""
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """The text of one page of a document."""

    number: int
    """Counted from 1."""
    text: str


@dataclass(frozen=True, slots=True)
class Removal:
    """What must be gone before a document is sent."""

    page: int
    """Counted from 1."""
    text: str | None
    """This text, exactly as `Page.text` has it, wherever it stands on the page; None for the whole page."""


@dataclass(frozen=True, slots=True)
class Source:
    """One document of which a part of a new one is made."""

    path: Path
    name: str
    removals: tuple[Removal, ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """What was made: a PDF."""

    content: bytes
    pages: int


@dataclass(frozen=True, slots=True)
class Converted:
    """A received document in another form."""

    files: tuple[bytes, ...]
    """One, or one for each page."""
    lossless: bool
    """Whether every point is as it came; else it was drawn anew as a fine fax."""


FIELDS: Mapping[str, str] = {
    "to": "the recipient",
    "number": "the number",
    "title": "the recipient's title",
    "company": "the recipient's company",
    "from": "the sender",
    "sender_company": "the sender's company",
    "phone": "the sender's telephone number",
    "fax": "the sender's fax number",
    "email": "the sender's e-mail address",
    "subject": "the subject",
    "text": "what the asker writes",
    "reference": "the asker's reference",
    "date": "the day of the drop",
    "time": "its time",
    "pages": "how many there are, with this one",
}
"""What the template of a cover page may have in braces, and what it stands for."""


class CannotMake(Exception):
    """Nothing that could be sent can be made of it; the message is for people."""


class CannotRead(Exception):
    """It cannot be looked into within bounds; the message is a predicate, to be written behind the document's name."""


class Documents(Protocol):
    """Reads documents, and makes new ones of them; never changes one."""

    def inspect(self, path: Path, name: str) -> Inspection:
        """Look at the file at `path`, which was called `name`.  Bounded in time and memory; never raises for bad
        content."""
        ...

    def looks_cut(self, path: Path) -> bool:
        """A quick look at the end of a file: True when it surely has not been written to its end yet."""
        ...

    def text(self, path: Path, name: str) -> tuple[Page, ...]:
        """The text of the first and the last page, as far as it is text and not a picture; empty where there is none.
        Bounded in time and memory.  Raises `CannotRead` where that is not enough, OSError."""
        ...

    def is_slow(self, path: Path) -> bool:
        """Whether `text` may take a minute for it, because another program must read it.  Raises OSError."""
        ...

    def makes(self, media: str) -> bool:
        """Whether `make` can take a document of this kind here, with the programs that are installed now."""
        ...

    def advice(self, media: str) -> str:
        """What to install so that `make` could take it, as the rest of a sentence; empty where nothing would help."""
        ...

    def make(self, sources: Sequence[Source]) -> Made:
        """One PDF of all sources, in order; what was to be removed can be seen nowhere on it.  Raises `CannotMake`,
        OSError."""
        ...

    def as_pdf(self, content: bytes, media: str) -> bytes | None:
        """A received document as PDF, without loss: the pages of a TIFF bit for bit, a PDF as it is.  None when it is
        damaged or of another kind; never raises for bad content."""
        ...

    def as_tiff(self, content: bytes, media: str, *, each: bool) -> Converted | None:
        """A received document as TIFF, `each` page a file of its own: without loss where its pages are fax images, else
        drawn.  None when it is damaged or of another kind; never raises for bad content."""
        ...

    def first_page(self, path: Path) -> bytes | None:
        """The first page of the document at `path` as a small PNG.  None where there is no picture of it; never raises
        for bad content."""
        ...

    def searches(self) -> bool:
        """Whether `searchable` has the program that it needs."""
        ...

    def searchable(self, content: bytes, media: str, language: str, seconds: float) -> bytes:
        """A received document as PDF, its pictures as they are, with the text on them to be searched; read within so
        many seconds, in a language by Tesseract's name (`eng+deu`).  Raises `CannotMake`, OSError."""
        ...

    def cover(self, template: Path | None, fields: Mapping[str, str], following: int | None) -> Made:
        """A cover page by a template (None: the built-in one), for a fax of that many pages besides it (None: nobody
        knows).  `fields` are some of `FIELDS`, all but `pages`.  Raises `CannotMake`."""
        ...
