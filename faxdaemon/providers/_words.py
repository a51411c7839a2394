"""Words of a service as they may be shown: in an answer, in `show`, in the log.

Promise   one line of printable characters, no longer than a line.  Only words about how a call ended go through here;
          what a service says about a request of ours is never shown at all, because it may echo it.
Needs     nothing.
Crash     keeps nothing.
"""

from __future__ import annotations

LONGEST = 200
"""Characters."""


def shown(text: str, longest: int = LONGEST) -> str:
    """The words, cut."""
    head = text[: 4 * longest]
    return " ".join("".join(c if c.isprintable() else " " for c in head).split())[:longest]
