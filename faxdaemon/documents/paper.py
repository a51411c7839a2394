"""Plain text as a PDF: Courier, 80 columns and 66 lines to a letter page, as a line printer would have it.

Promise   every character of the text is there: long lines are folded, a form feed starts a page, what Courier
          does not have becomes the letter it is made from (ł: l), or "?" where there is none; `unprintable` tells.
Needs     nothing; Courier is one of the fonts that every PDF reader brings along.
Crash     keeps nothing.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterator
from itertools import islice

COLUMNS = 80
LINES = 66
_TAB = 8


def decode(content: bytes) -> str:
    """Text of unknown encoding: by its byte order mark, else UTF-8 where it is that, else Windows-1252."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


class TooLong(Exception):
    """It has more pages than it may; the message is a predicate."""


def text_pdf(text: str, most: int | None = None) -> bytes:
    """A PDF of `text`; one empty page when there is no text.  Raises `TooLong` for more than `most` pages."""
    pages = list(_pages(text) if most is None else islice(_pages(text), most + 1))
    if most is not None and len(pages) > most:
        raise TooLong(f"has more than {most} pages; more cannot be faxed")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d /MediaBox [0 0 612 792] >>"
        % (b" ".join(b"%d 0 R" % (4 + 2 * n) for n in range(len(pages))), len(pages)),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>",
    ]
    for n, lines in enumerate(pages):
        stream = _stream(lines)
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /Resources << /Font << /F 3 0 R >> >> /Contents %d 0 R >>" % (5 + 2 * n)
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
    return pdf_file(objects)


def winansi(text: str) -> bytes:
    """The text in the characters that the fonts of every PDF reader have."""
    try:
        return text.encode("cp1252")
    except UnicodeEncodeError:
        return b"".join(map(_nearest, text))


def unprintable(text: str) -> str:
    """Letters and digits of other scripts in it, up to ten: without them it would be another text."""
    found = dict.fromkeys(c for c in text if ord(c) > 0xFF and unicodedata.category(c)[0] in "LN")
    return "".join(c for c in found if _nearest(c) == b"?")[:10]


_MADE_FROM = str.maketrans("łŁđĐħĦıŧŦ", "lLdDhHitT")


def _nearest(character: str) -> bytes:
    try:
        return character.encode("cp1252")
    except UnicodeEncodeError:
        plain = unicodedata.normalize("NFKD", character.translate(_MADE_FROM))
        kept = "".join(c for c in plain if not unicodedata.combining(c))
        return kept.encode("cp1252", "replace")


def _pages(text: str) -> Iterator[list[str]]:
    for sheet in text.removesuffix("\f").replace("\x1a", "").split("\f"):
        lines = _folded(sheet)
        first = list(islice(lines, LINES))
        yield first
        while more := list(islice(lines, LINES)):
            yield more


def _folded(sheet: str) -> Iterator[str]:
    for line in sheet.splitlines():
        full = line.expandtabs(_TAB)
        for start in range(0, max(len(full), 1), COLUMNS):
            yield full[start : start + COLUMNS]


def _stream(lines: list[str]) -> bytes:
    shown = []
    for line in lines:
        escaped = line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        shown.append(b"(%s) '" % winansi(escaped))
    return b"BT /F 10 Tf 11 TL 66 756 Td\n" + b"\n".join(shown) + b"\nET"


def pdf_file(objects: list[bytes]) -> bytes:
    """A PDF of these objects, numbered from 1; the first is its catalogue."""
    out = io.BytesIO()
    out.write(b"%PDF-1.4\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.writelines(b"%010d 00000 n \n" % offset for offset in offsets)
    out.write(b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start))
    return out.getvalue()
