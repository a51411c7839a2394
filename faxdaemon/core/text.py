"""Texts from outside: before a person's eyes, and beside a site's patterns.

Promise   `printable` leaves nothing that a terminal or a reader of lines would act on: no line end, no colour, no bidi
          mark, no half character.  `cell` leaves nothing that a spreadsheet would calculate.
Needs     nothing.
Crash     keeps nothing.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

#: What makes a spreadsheet calculate, also in the wide forms of East Asian keyboards, and behind blanks.
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]")
_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def printable(text: str) -> str:
    """`text` with everything that is not a visible character or a space spelt out, as in `\\x1b`."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def cell(text: str) -> str:
    """`text` for a table that people open in a spreadsheet: what would be taken for a formula gets an apostrophe before
    it; a plain number, such as `+13035550100`, stays as it is."""
    if _FORMULA.match(text) and not _PLAIN_NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def matches(text: str, pattern: str) -> bool:
    """Whether a number (E.164), an address or another text is one of a pattern's: `*` stands for any signs, `?` for
    one; case does not matter."""
    return fnmatchcase(text.lower(), pattern.lower())
