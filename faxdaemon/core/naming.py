"""File names: which are never taken, and what makes a name safe everywhere.

Promise   `is_temporary` knows the names under which programs write what is not finished; `safe_name` returns a name
          that Windows and Linux both take and that cannot lead out of its folder, whatever the text.
Needs     nothing.
Crash     keeps nothing.

Patterns that read a name are in `faxdaemon.core.patterns` and `faxdaemon.core.regular`, templates that make one in
`faxdaemon.core.templates`; all are offered here.
"""

from __future__ import annotations

import re
import unicodedata

from faxdaemon.core import patterns, regular
from faxdaemon.core.patterns import Pattern
from faxdaemon.core.regular import Regular
from faxdaemon.core.templates import check_template, expand

__all__ = [
    "NAME_MAX",
    "REGULAR",
    "Pattern",
    "Regular",
    "check_template",
    "compile_pattern",
    "cut",
    "expand",
    "fit",
    "is_temporary",
    "safe_name",
    "stem_suffix",
]

REGULAR = "regex:"
"""What a pattern begins with that is a regular expression."""
NAME_MAX = 255
"""Bytes that every usual file system takes for one name."""
_TAIL = 32
"""Bytes at the end of a stem that `fit` keeps: a fax id put there to tell names apart must survive."""

#: Endings under which a copy, a download or an editor keeps what is not finished.
_UNFINISHED = (
    "~",
    ".!qb",
    ".!ut",
    ".aria2",
    ".crdownload",
    ".crswap",
    ".download",
    ".filepart",
    ".incomplete",
    ".lck",
    ".lock",
    ".opdownload",
    ".part",
    ".partial",
    ".swo",
    ".swp",
    ".swx",
    ".temp",
    ".tmp",
    ".uploading",
    ".writing",
)
#: Beginnings: hidden files (Syncthing, rsync, GNOME, Samba, NFS and LibreOffice hide theirs), Office owner files.
_HIDDEN = (".", "~$", "~syncthing~", "$recycle.bin", "#recycle", "@eadir")
#: What file managers leave everywhere.
_LITTER = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"})

_FORBIDDEN = re.compile(r'[\\/:*?"<>|]')
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    | {f"{port}{number}" for port in ("com", "lpt") for number in "0123456789¹²³"}
)
#: Categories without a place in a name: control, format (bidi marks, zero width), surrogate, private, line ends.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def compile_pattern(pattern: str) -> Pattern | Regular:
    """Compile a pattern for names, of fields in braces or a regular expression; `ValueError` says what is wrong."""
    if pattern.startswith(REGULAR):
        return regular.compile_regular(pattern[len(REGULAR) :].strip())
    return patterns.compile_pattern(pattern)


def is_temporary(name: str) -> bool:
    """Whether a file of this name is somebody's unfinished or private work and is never taken."""
    folded = name.lower()
    return (
        folded.startswith(_HIDDEN)
        or folded.endswith(_UNFINISHED)
        or folded in _LITTER
        or (folded.startswith("#") and folded.endswith("#"))  # Emacs
    )


def stem_suffix(name: str) -> tuple[str, str]:
    """`name` in two parts that give it back: `invoice.v2` and `.PDF`; the suffix is empty when there is none."""
    stem, dot, suffix = name.rpartition(".")
    return (stem, dot + suffix) if stem.strip(".") and suffix else (name, "")


def fit(stem: str, suffix: str, limit_bytes: int = NAME_MAX) -> str:
    """`stem` and `suffix` as one name of at most `limit_bytes`; what is too much is taken out inside the stem."""
    room = limit_bytes - _size(suffix)
    if _size(stem) <= room:
        return stem + suffix
    tail = stem[-_TAIL:]
    while _size(tail) > min(_TAIL, room):
        tail = tail[1:]
    return cut(cut(stem, max(room - _size(tail), 0)) + tail + suffix, limit_bytes)


def safe_name(text: str, limit_bytes: int = 200) -> str:
    """`text` as a file name: no reserved character or device name, nothing invisible, no dot at either end, not empty.

    The limit leaves room for a suffix.  The result put in again comes out unchanged.
    """
    visible = "".join(c for c in text if unicodedata.category(c) not in _INVISIBLE)
    clean = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", visible))
    name = _trimmed(cut(_trimmed(clean), limit_bytes))
    if name.partition(".")[0].rstrip().lower() in _DEVICES:
        name = _trimmed(cut("_" + name, limit_bytes))
    return name or "unnamed"[:limit_bytes]


def _trimmed(name: str) -> str:
    """Without dots and blanks of any kind at either end, however they are mixed."""
    start, end = 0, len(name)
    while start < end and (name[start] == "." or name[start].isspace()):
        start += 1
    while end > start and (name[end - 1] == "." or name[end - 1].isspace()):
        end -= 1
    return name[start:end]


def _size(text: str) -> int:
    """Bytes on disk; a name that is not UTF-8 carries its odd bytes as surrogate escapes."""
    return len(text.encode("utf-8", "surrogateescape"))


def cut(text: str, limit_bytes: int) -> str:
    """The longest beginning that fits, never splitting a character from its accents."""
    if _size(text) <= limit_bytes:
        return text
    end = min(len(text), limit_bytes)
    while end and (_size(text[:end]) > limit_bytes or unicodedata.combining(text[end])):
        end -= 1
    return text[:end]
