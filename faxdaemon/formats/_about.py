"""What a dialect tells of itself: `docs/formats.md` is made of it, and every sample is a test.

Promise   data only.
Needs     nothing.
Crash     keeps nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class About:
    """A format module's `ABOUT`."""

    title: str
    """Whose dialect it is: `GFI FaxMaker TextAPI`."""
    says: str
    """In a sentence or two, how it asks."""
    files: Mapping[str, str]
    """A whole drop that it understands: each file's name and content; a document has `` (a PDF is put there)."""
    numbers: tuple[str, ...]
    """The recipients that the sample asks for, in E.164, as read in region US."""
    carries: tuple[str, ...]
    """What it can say besides the number: words of `core.wishes`, and `name`, `reference`, `documents`, `account`,
    `several recipients`, `several jobs`, `text`."""
    answers: str
    """What is written where, for the asker."""
    source: str
    """Where the facts are from, with their certainty (A vendor's document read, B seen in real code, C second-hand)."""
    answer_files: tuple[str, ...] = ("sent/{stem}.result.json",)
    """The files that tell of the sample once it was sent, from the drop folder; `{stem}` is the stem of the name that
    the drop goes by.  In `sent/` the day's folder is left out."""
    folder: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the drop folder that the sample needs, as the configuration has them."""
