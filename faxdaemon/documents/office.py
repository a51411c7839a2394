"""What is wrong with an office file before a program opens it: it would fill the memory, or asks for a password.

Promise   bounded: reads the list of contents, and the beginnings of its XML, never a part as a whole.
Needs     the file readable.
Crash     keeps nothing.

Office files are ZIP archives of XML (docx, odt, ...).  A few KiB can be unpacked to terabytes there, and a few lines of
declarations can stand for more text than any memory holds.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from pathlib import Path

MOST_UNPACKED = 512 * 1024**2
"""Bytes of all parts together; a book of photographs has a tenth of that."""
MOST_PARTS = 10_000
_HEAD = 64 * 1024
_ENTITY = re.compile(rb"<!\s*E\s*N\s*T\s*I\s*T\s*Y", re.IGNORECASE)
_LOCKED = re.compile(rb"encryption-data")


def trouble_with(path: Path) -> str | None:
    """What keeps the office file (a ZIP archive) at `path` from being faxed, as a predicate.  Raises OSError."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _trouble(archive)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError):
        return "is damaged: its parts cannot be unpacked"


def _trouble(archive: zipfile.ZipFile) -> str | None:
    parts = archive.infolist()
    size = sum(part.file_size for part in parts)
    if len(parts) > MOST_PARTS or size > MOST_UNPACKED:
        unpacked = f"{len(parts)} parts with {size // 1024**2} MiB"
        return f"unpacks to {unpacked}; no document is like that (at most {MOST_UNPACKED // 1024**2} MiB)"
    if any(part.flag_bits & 1 for part in parts):
        return "is protected by a password: save it without one and drop it again"
    for part in parts:
        if not part.filename.lower().endswith((".xml", ".rels")):
            continue
        with archive.open(part) as stream:
            head = stream.read(_HEAD).replace(b"\0", b"")  # UTF-16 looks like ASCII then
        if _ENTITY.search(head):
            return "declares text to be repeated (entities), which no office program writes: it is not opened"
        if part.filename == "META-INF/manifest.xml" and _LOCKED.search(head):
            return "is protected by a password: save it without one and drop it again"
    return None
