"""One TIFF a page, of a TIFF with several: the very strips that came, under directories of their own.

Promise   every point and every tag of a page is as it was; only where the parts lie changes, and what tells of a page's
          place among others is left out.  `Unsplittable` for what cannot be taken apart without drawing it anew.
Needs     a whole TIFF 6.0 (`tiff.inspect_tiff` has nothing to say about it).
Crash     keeps nothing.
"""

from __future__ import annotations

import io
import struct

from faxdaemon.documents.pdf import MAX_PAGES

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_NUMBERS = {3: "H", 4: "I"}
_SUBFILE = 254
_NOT_A_PAGE = 0b101
_DATA = {273: 279, 324: 325}
"""Where strips or tiles begin, and the tag with their lengths."""
_POINTS_ELSEWHERE = frozenset({330, 34665, 34853, 513, 514, 519, 520, 521})
"""Further directories, and the tables of old JPEG: their values are places in the file."""
_PAGE_NUMBER = 297

_Tags = dict[int, tuple[int, int, bytes]]


class Unsplittable(Exception):
    """It cannot be taken apart."""


def split(content: bytes) -> list[bytes]:
    """Each page as a file of its own, in order.  Raises `Unsplittable`."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(content[:4])
    if order is None:
        raise Unsplittable
    try:
        return _pages(content, order)
    except (struct.error, KeyError, ValueError) as error:
        raise Unsplittable from error


def _pages(content: bytes, order: str) -> list[bytes]:
    pages: list[bytes] = []
    (offset,) = struct.unpack_from(order + "I", content, 4)
    seen: set[int] = set()
    while offset:
        if offset in seen or len(seen) >= MAX_PAGES:
            raise Unsplittable
        seen.add(offset)
        tags, offset = _directory(content, order, offset)
        if not (_numbers(tags, _SUBFILE, order) or [0])[0] & _NOT_A_PAGE:
            pages.append(_page(content, order, tags))
    return pages


def _directory(content: bytes, order: str, offset: int) -> tuple[_Tags, int]:
    (count,) = struct.unpack_from(order + "H", content, offset)
    tags: _Tags = {}
    for at in range(offset + 2, offset + 2 + 12 * count, 12):
        tag, kind, length = struct.unpack_from(order + "HHI", content, at)
        size = _SIZES[kind] * length
        start = at + 8 if size <= 4 else struct.unpack_from(order + "I", content, at + 8)[0]
        value = content[start : start + size]
        if len(value) < size:
            raise Unsplittable
        tags[tag] = kind, length, value
    (following,) = struct.unpack_from(order + "I", content, offset + 2 + 12 * count)
    return tags, following


def _numbers(tags: _Tags, tag: int, order: str) -> list[int]:
    if tag not in tags:
        return []
    kind, length, value = tags[tag]
    return list(struct.unpack(f"{order}{length}{_NUMBERS[kind]}", value))


def _page(content: bytes, order: str, tags: _Tags) -> bytes:
    if tags.keys() & _POINTS_ELSEWHERE:
        raise Unsplittable
    out = io.BytesIO(content[:4] + b"\0\0\0\0")
    out.seek(8)
    own = {tag: each for tag, each in tags.items() if tag != _PAGE_NUMBER}
    for starts, lengths in _DATA.items():
        if starts in tags:
            parts = zip(_numbers(tags, starts, order), _numbers(tags, lengths, order), strict=True)
            places = [_put(out, content[at : at + size]) for at, size in parts]
            own[starts] = 4, len(places), struct.pack(f"{order}{len(places)}I", *places)
    fields = b""
    for tag in sorted(own):
        kind, length, value = own[tag]
        inside = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack(order + "I", _put(out, value))
        fields += struct.pack(order + "HHI", tag, kind, length) + inside
    where = _put(out, struct.pack(order + "H", len(own)) + fields + b"\0\0\0\0")
    out.seek(4)
    out.write(struct.pack(order + "I", where))
    return out.getvalue()


def _put(out: io.BytesIO, data: bytes) -> int:
    """Append, at an even place."""
    where = out.seek(0, 2)
    out.write(data + b"\0" * (len(data) % 2))
    return where
