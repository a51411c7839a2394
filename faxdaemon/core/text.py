"""Texts from outside, before a person's eyes.

Promise   `printable` leaves nothing that a terminal or a reader of lines would act on: no line end, no colour, no bidi
          mark, no half character.
Needs     nothing.
Crash     keeps nothing.
"""

from __future__ import annotations


def printable(text: str) -> str:
    """`text` with everything that is not a visible character or a space spelt out, as in `\\x1b`."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
