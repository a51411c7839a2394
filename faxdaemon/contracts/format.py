"""A dialect of asking and of answering.  A folder lists the formats that it accepts, in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from faxdaemon.core.model import Outcome, Request


@dataclass(frozen=True, slots=True)
class NotMine:
    """The drop is not written in this dialect; the next one may understand it."""


@dataclass(frozen=True, slots=True)
class BadRequest:
    """It is this dialect, but it cannot be followed; the reason is for the person who dropped it."""

    reason: str


@dataclass(frozen=True, slots=True)
class AnswerFile:
    """One file of an answer: `suffix` is put after the dropped name's stem."""

    suffix: str
    content: bytes


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """All that an answer may tell about a fax; it comes from the journal alone, so that it can be written again byte
    for byte after a crash."""

    fax_id: str
    name: str
    received_at: str
    documents: tuple[Mapping[str, Any], ...]
    outcomes: tuple[Outcome, ...]
    overall: str
    """`sent`, `failed`, `cancelled` or `held`."""
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FolderAsks:
    """What a drop folder says about how it is asked."""

    filename: str
    """The pattern for file names."""
    to: str | None
    """A fixed number for every drop."""


class Format(Protocol):
    """One dialect.  Pure: it sees names and bytes and returns requests and bytes."""

    def read(self, name: str) -> list[Request] | BadRequest | NotMine:
        """Understand a drop by its document's file name."""
        ...

    def answer(self, facts: ReportFacts) -> list[AnswerFile]:
        """The files that tell the asker what became of the fax."""
        ...
