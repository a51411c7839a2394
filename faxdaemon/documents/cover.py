"""Cover pages: a template of plain text with fields, set in Helvetica on letter pages.

Promise   every word of the template and of its fields is on the page, folded where it is long, on a second page where
          there is no room.  The same template and fields give the same bytes.  A line whose fields are all empty is
          left out.  What is wrong with a template is `CannotMake`, with its line.
Needs     the template: UTF-8, 64 KiB at most.
Crash     keeps nothing.

A line of a template is one of these; `{field}` in it stands for what is known of the fax (`FIELDS`):

    # text            a heading
    ## text           a small heading
    ---               a rule across the page
    Label | text      a label, and its text beside it
    anything else     a paragraph; an empty line is a gap
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from faxdaemon.contracts.documents import FIELDS, CannotMake, Made
from faxdaemon.documents.paper import pdf_file, unprintable, winansi

LARGEST = 64 * 1024
MOST_PAGES = 20
_FIELD = re.compile(r"\{([^{}]*)\}")
_WIDTH, _HEIGHT, _MARGIN = 612.0, 792.0, 72.0
_LABELS = 110.0
"""Points from the margin to what stands beside a label."""
_NORMAL, _BOLD = "F", "B"
_ASCII = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 278 278 "
    "584 584 584 556 1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 667 778 722 667 611 722 667 944 "
    "667 667 611 278 278 278 469 556 333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 "
    "278 556 500 722 500 500 500 334 260 334 584"
)
_WIDTHS = dict(enumerate(map(int, _ASCII.split()), 32))
"""Helvetica's widths in thousandths of its size, for ASCII (Adobe's font metrics)."""
_WIDE = 1.08
"""How much wider bold is, and letters beyond ASCII may be, at most."""


@dataclass(frozen=True, slots=True)
class _Line:
    """Text at a place on its page; without text, a rule."""

    x: float
    y: float
    size: float = 0.0
    font: str = _NORMAL
    text: str = ""


def cover_page(template: Path | None, fields: Mapping[str, str], following: int | None) -> Made:
    """See `contracts.documents.Documents.cover`."""
    lines = _template(template).splitlines()
    strange = unprintable("".join(lines) + "".join(fields.values()))
    if strange:
        raise CannotMake(f"the cover page would have letters that cannot be printed here ({strange})")
    pages = 1
    while True:
        known = {**fields, "pages": "" if following is None else str(following + pages)}
        made = list(_pages(lines, known))
        if len(made) == pages:
            return Made(_pdf(made), pages)
        if len(made) > MOST_PAGES or len(made) < pages:
            raise CannotMake(f"the cover page would have {len(made)} pages; shorten its text")
        pages = len(made)


def _template(path: Path | None) -> str:
    try:
        if path is None:
            content = files("faxdaemon.documents").joinpath("cover.txt").read_bytes()
        else:
            with path.open("rb") as stream:
                content = stream.read(LARGEST + 1)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise CannotMake(f"the cover template {path} cannot be read ({why}); let the daemon's user read it") from error
    if len(content) > LARGEST:
        raise CannotMake(f"the cover template {path} is larger than {LARGEST // 1024} KiB; it is plain text")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CannotMake(f"the cover template {path} is no text in UTF-8; save it as that") from error
    for number, line in enumerate(text.splitlines(), 1):
        unknown = set(_FIELD.findall(line)) - set(FIELDS)
        if unknown:
            wrong = f"line {number} of the cover template {path} has {{{min(unknown)[:40]}}}"
            raise CannotMake(f"{wrong}; there are: {', '.join(FIELDS)}")
    return text


def _pages(template: list[str], fields: Mapping[str, str]) -> Iterator[list[_Line]]:
    page: list[_Line] = []
    y = _HEIGHT - _MARGIN
    for line in _said(template, fields):
        for height, parts in _set(line, fields):
            if y - height < _MARGIN and page:
                yield page
                page, y = [], _HEIGHT - _MARGIN
            y -= height
            page += [_Line(part.x, y, part.size, part.font, part.text) for part in parts]
    yield page


def _said(template: list[str], fields: Mapping[str, str]) -> Iterator[str]:
    """The lines that say something.  The label of one that is left out goes to the next, if that has none."""
    left = ""
    for line in template:
        label, bar, rest = line.partition("|")
        names = _FIELD.findall(line)
        if names and not any(fields.get(name) for name in names):
            left = (label.strip() or left) if bar else ""
            continue
        yield f"{left} |{rest}" if bar and left and not label.strip() else line
        left = ""


def _set(line: str, fields: Mapping[str, str]) -> Iterator[tuple[float, list[_Line]]]:
    """The lines on paper of one line of a template: how high each is, and what stands on it."""
    if line.strip() == "---":
        yield 12.0, [_Line(_MARGIN, 0.0)]
        yield 6.0, []
        return
    if not line.strip():
        yield 10.0, []
        return
    label, bar, rest = line.partition("|")
    if bar and not _FIELD.search(label):
        yield from _labelled(label.strip(), _filled(rest.strip(), fields))
        return
    size, font, text = _style(line)
    for words in _folded(_filled(text, fields), size, font, _WIDTH - 2 * _MARGIN):
        yield size * 1.35, [_Line(_MARGIN, 0.0, size, font, words)]


def _style(line: str) -> tuple[float, str, str]:
    if line.startswith("## "):
        return 14.0, _BOLD, line[3:]
    if line.startswith("# "):
        return 30.0, _BOLD, line[2:]
    return 12.0, _NORMAL, line


def _labelled(label: str, text: str) -> Iterator[tuple[float, list[_Line]]]:
    beside = _MARGIN + _LABELS
    for number, words in enumerate(_folded(text, 12.0, _NORMAL, _WIDTH - _MARGIN - beside)):
        parts = [_Line(beside, 0.0, 12.0, _NORMAL, words)]
        if number == 0:
            parts.insert(0, _Line(_MARGIN, 0.0, 12.0, _BOLD, label))
        yield 18.0, parts


def _filled(text: str, fields: Mapping[str, str]) -> str:
    return _FIELD.sub(lambda found: fields.get(found[1], ""), text)


def _folded(text: str, size: float, font: str, width: float) -> Iterator[str]:
    """Lines that are no wider than that; a word that is wider alone is broken."""
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split():
            while _long(f"{line} {word}".strip(), size, font) > width:
                if line:
                    yield line
                    line = ""
                else:
                    fits = next(n for n in range(len(word) - 1, 0, -1) if _long(word[:n], size, font) <= width)
                    yield word[:fits]
                    word = word[fits:]  # noqa: PLW2901 - what is left of it
            line = f"{line} {word}".strip()
        yield line


def _long(text: str, size: float, font: str) -> float:
    units = sum(_WIDTHS.get(byte, 1000 if byte in {0x85, 0x97, 0x99} else 667 * _WIDE) for byte in winansi(text))
    return units * size / 1000 * (_WIDE if font == _BOLD else 1.0)


def _pdf(pages: list[list[_Line]]) -> bytes:
    kids = b" ".join(b"%d 0 R" % (5 + 2 * n) for n in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d /MediaBox [0 0 612 792] >>" % (kids, len(pages)),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
    ]
    fonts = b"<< /Font << /F 3 0 R /B 4 0 R >> >>"
    for n, page in enumerate(pages):
        stream = b"\n".join(map(_drawn, page))
        objects.append(b"<< /Type /Page /Parent 2 0 R /Resources %s /Contents %d 0 R >>" % (fonts, 6 + 2 * n))
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
    return pdf_file(objects)


def _drawn(line: _Line) -> bytes:
    if not line.text:
        return b"1.5 w %.1f %.1f m %.1f %.1f l S" % (line.x, line.y, _WIDTH - _MARGIN, line.y) if not line.size else b""
    out = io.BytesIO()
    for byte in winansi(line.text):
        out.write(b"\\%c" % byte if byte in b"\\()" else b"%c" % byte)
    font = line.font.encode()
    return b"BT /%s %.1f Tf %.1f %.1f Td (%s) Tj ET" % (font, line.size, line.x, line.y, out.getvalue())
