"""A dialect of asking and of answering.  A folder lists the formats that it accepts, in order.

A format looks at one thing: at the *name* of a document, at a *control* file beside it (or naming it), or at the
*content* of the document.  It is pure: it sees names, bytes and text, and returns orders, answers and reasons.

Reading may be done several times, also after a restart: the same papers must always give the same orders, in the same
order, for an order is known by its place among them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol, runtime_checkable

from faxdaemon.contracts.documents import Page, Removal
from faxdaemon.core.model import Outcome, Request


class Looks(Enum):
    """What a format looks at."""

    NAME = "name"
    CONTROL = "control"
    CONTENT = "content"


@dataclass(frozen=True, slots=True)
class NotMine:
    """The drop is not written in this dialect; the next one may understand it."""

    hint: str | None = None
    """For the person who dropped it, in case that no dialect understands it."""


@dataclass(frozen=True, slots=True)
class BadRequest:
    """It is this dialect, but it cannot be followed; the reason is for the person who dropped it."""

    reason: str
    hold: bool = False
    """It may be right, and only a person can tell: it is held rather than failed."""
    rather: str | None = None
    """A dialect that reads such files, too, and has more words: where the folder speaks it, it is asked."""


@dataclass(frozen=True, slots=True)
class Papers:
    """What there is to read of one drop."""

    name: str
    """The name that the drop goes by: its document's, or its control file's."""
    control: bytes | None = None
    """The content of the control file, where there is one."""
    pages: Callable[[], tuple[Page, ...]] = tuple
    """The text of the document's first and last page, for formats that look at content; made when it is asked for."""


@dataclass(frozen=True, slots=True)
class Order:
    """One fax that is asked for: the same documents to one or more recipients."""

    requests: tuple[Request, ...]
    documents: tuple[str, ...] | None = None
    """The documents as the control file writes them, in order; None for the one that has the control file's stem."""
    text: str | None = None
    """A text that is sent as the first page or the only one."""
    removals: tuple[Removal, ...] = ()
    """What a format that looks at content wants gone from the document before it is sent."""
    hold: str | None = None
    """Why a person must look at it before it is sent: something that looks like a code, and is none that we know."""
    encoding: str | None = None
    """How the control file was decoded, for the record."""


@dataclass(frozen=True, slots=True)
class AnswerFile:
    """One file of an answer: `suffix` is put after the dropped name's stem."""

    suffix: str
    content: bytes
    in_folder: bool = False
    """Put into the drop folder itself, where askers of this dialect look for it; else beside the document."""
    stem: str | None = None
    """Instead of the dropped name's stem."""


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """All that an answer may tell about a fax; it comes from the journal and the spool alone, so that it can be written
    again byte for byte after a crash."""

    fax_id: str
    name: str
    received_at: str
    documents: tuple[Mapping[str, Any], ...]
    outcomes: tuple[Outcome, ...]
    overall: str
    """`sent`, `failed`, `cancelled` or `held`."""
    fields: Mapping[str, str]
    control: bytes | None = None
    """The control file, where there was one."""
    part: int = 0
    """Which of the control file's orders it is, counted from 0."""


@dataclass(frozen=True, slots=True)
class FolderAsks:
    """What a drop folder says about how it is asked."""

    filename: str
    """The pattern for file names."""
    to: str | None
    """A fixed number for every drop."""
    timezone: str = "UTC"
    """The zone of times that are written without one."""
    region: str = "US"
    """How numbers without a country code are read."""
    encoding: str | None = None
    """How control files are encoded; None to find out."""
    codes: tuple[str, ...] = ()
    """The site's own codes in documents: regular expressions with named groups."""


class Format(Protocol):
    """One dialect, as one drop folder speaks it."""

    @property
    def looks_at(self) -> Looks:
        """What it reads."""
        ...

    @property
    def answers(self) -> tuple[str, ...]:
        """Endings of the files that its answers leave in the drop folder itself, or whole names with `*`, lower case:
        they are never drops."""
        ...

    def is_control(self, name: str) -> bool:
        """Whether a file of this name can be a control file in this dialect."""
        ...

    def read(self, papers: Papers) -> list[Order] | BadRequest | NotMine:
        """Understand a drop."""
        ...

    def answer(self, facts: ReportFacts) -> list[AnswerFile]:
        """The files that tell the asker what became of the fax."""
        ...


class CannotSay(ValueError):
    """A dialect has no words for what is to be asked; the message is for people."""


@runtime_checkable
class Writes(Format, Protocol):
    """A dialect that can be written, too: not all can."""

    def compose(self, orders: Sequence[Order]) -> str:
        """A control file, the text with its codes, or the stem of a document's name, that asks for these orders, as far
        as the dialect has words.  Raises `CannotSay`."""
        ...
