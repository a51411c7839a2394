"""XML that we write: one element at a time.

Promise   what comes out is well-formed whatever text goes in: a character that no XML may have is a `?`.
Needs     nothing.
Crash     keeps nothing.
"""

from __future__ import annotations

import re
from html import escape

_UNFIT = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def element(tag: str, text: str | None, **attributes: str) -> str:
    """`<tag>text</tag>`, with attributes."""
    told = "".join(f' {key}="{escape(_fit(value), quote=True)}"' for key, value in attributes.items())
    return f"<{tag}{told}>{escape(_fit(text or ''), quote=False)}</{tag}>"


def _fit(text: str) -> str:
    return _UNFIT.sub("?", text)
