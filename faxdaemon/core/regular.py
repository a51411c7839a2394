"""Regular expressions that sites write, for the names and for the text of documents, with a limit on time.

Promise   no expression takes longer than `PATIENCE` for one text: then it is `TimeoutError`.  Some would else take for
          ever on fifty characters, and any name may be dropped.
Needs     the library `regex`, which speaks Python's language and more, and can be told to give up.
Crash     keeps nothing.
"""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import regex

PATIENCE = 0.5
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Regular:
    """A compiled expression."""

    text: str
    """As it stands in the configuration."""
    fields: tuple[str, ...]
    """Its named groups."""
    _compiled: Any = field(repr=False)

    def match(self, stem: str) -> dict[str, str] | None:
        """The groups that take part, when the whole of `stem` matches.  Raises `TimeoutError`."""
        found = self._compiled.fullmatch(unicodedata.normalize("NFC", stem), timeout=PATIENCE)
        return None if found is None else {group: text for group, text in found.groupdict().items() if text is not None}

    def search(self, line: str) -> tuple[str, Mapping[str, str]] | None:
        """The first match in `line`, and its groups; none where it matches nothing at all.  Raises `TimeoutError`."""
        found = self._compiled.search(line, timeout=PATIENCE)
        if found is None or not found[0]:
            return None
        return found[0], {group: text or "" for group, text in found.groupdict().items()}

    def fill(self, values: Mapping[str, str]) -> None:
        """No name can be made of it."""


def compile_regular(expression: str) -> Regular:
    """Compile; `ValueError` says what is wrong."""
    expression = unicodedata.normalize("NFC", expression)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            compiled = regex.compile(expression, regex.DOTALL)
    except (regex.error, OverflowError, RecursionError, Warning) as error:
        raise ValueError(f"is no regular expression: {error}") from None
    return Regular(expression, tuple(compiled.groupindex), compiled)
