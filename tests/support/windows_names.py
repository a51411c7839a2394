"""What Windows says of a file name, written from its documentation and not from our code
(learn.microsoft.com/windows/win32/fileio/naming-a-file)."""

from __future__ import annotations

import re
import unicodedata

_DEVICES = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}
_PORT = re.compile(r"(COM|LPT)[0-9\u00b9\u00b2\u00b3]", re.IGNORECASE)


def trouble(name: str) -> str | None:
    """Why a name cannot be used, or would mislead; None when nothing is wrong with it."""
    for wrong, why in (
        (not name, "it is empty"),
        (name in {".", ".."}, "it is a folder's own"),
        (any(c in '<>:"/\\|?*' for c in name), "it has a reserved character"),
        (any(ord(c) < 32 or ord(c) == 127 for c in name), "it has a control character"),
        (name.endswith((".", " ")), "Windows drops its end"),
        (name.startswith((" ", ".")), "it is hidden, or begins with a blank"),
        (_is_device(name), "it is a device"),
        (_not_utf8(name), "it is not UTF-8"),
        (len(name.encode("utf-8", "replace")) > 255, "it is too long for Linux"),
        (len(name.encode("utf-16-le", "replace")) > 510, "it is too long for Windows"),
        (any(unicodedata.bidirectional(c) in _TURNS for c in name), "it turns the direction of text"),
        (any(unicodedata.category(c) in {"Cf", "Zl", "Zp"} for c in name), "it has what nobody sees"),
    ):
        if wrong:
            return why
    return None


_TURNS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def _is_device(name: str) -> bool:
    stem = name.split(".", maxsplit=1)[0].rstrip(" ")
    return stem.upper() in _DEVICES or bool(_PORT.fullmatch(stem))


def _not_utf8(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False
