"""TIFF: how many pages, and whether every strip of them is there.

Promise   walks the directories only, never the pixels; bounded in directories and in entries.  A strip that
          lies beyond the end of the file means cut: a TIFF that is still being received is valid up to its
          last page, and only its strips tell.
Needs     the file open for reading, seekable.  TIFF 6.0, and BigTIFF.
Crash     keeps nothing.
"""

from __future__ import annotations

import struct
from typing import BinaryIO, NamedTuple

from faxdaemon.documents.pdf import MAX_PAGES, Pages
from faxdaemon.documents.pictures import oversize

_SIZES = {1: 1, 3: 2, 4: 4, 13: 4, 16: 8}
_INTEGERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q"}
_SUBFILE, _WIDTH, _HEIGHT, _STRIPS, _STRIP_SIZES, _TILES, _TILE_SIZES = 254, 256, 257, 273, 279, 324, 325
_WANTED = frozenset({_SUBFILE, _WIDTH, _HEIGHT, _STRIPS, _STRIP_SIZES, _TILES, _TILE_SIZES})
_MAX_VALUES = 65536
_Fields = dict[int, list[int]]
_NOT_A_PAGE = 0b101  # a reduced image or a mask


class _Damaged(Exception):
    """What is wrong, as a predicate."""


class _Form(NamedTuple):
    """How numbers are written: byte order, and the sizes that differ between TIFF and BigTIFF."""

    order: str
    number: str
    offset: str
    entry: int
    inline: int


def inspect_tiff(file: BinaryIO) -> Pages:
    """Count the pages of an open TIFF and say what is wrong with it.  Raises OSError."""
    try:
        return Pages(_pages(file))
    except _Damaged as damage:
        return Pages(None, str(damage))


def _pages(file: BinaryIO) -> int:
    size = file.seek(0, 2)
    form, offset = _header(file)
    seen: set[int] = set()
    pages = 0
    while offset:
        if offset in seen or len(seen) > MAX_PAGES:
            raise _Damaged("is damaged: its list of pages has no end")
        seen.add(offset)
        fields, following = _directory(file, form, offset, size, len(seen))
        if not (fields.get(_SUBFILE) or [0])[0] & _NOT_A_PAGE:
            pages += 1
            _check_data(fields, size, pages)
        offset = following
    if not pages:
        raise _Damaged("is cut off: it has no page yet")
    return pages


def _header(file: BinaryIO) -> tuple[_Form, int]:
    file.seek(0)
    head = file.read(16)
    order = "<" if head[:2] == b"II" else ">"
    if len(head) < 8:
        raise _Damaged("is cut off: its header is not whole")
    if struct.unpack_from(order + "H", head, 2)[0] == 43:
        if len(head) < 16:
            raise _Damaged("is cut off: its header is not whole")
        return _Form(order, "Q", "Q", 20, 8), struct.unpack_from(order + "Q", head, 8)[0]
    return _Form(order, "H", "I", 12, 4), struct.unpack_from(order + "I", head, 4)[0]


def _directory(file: BinaryIO, form: _Form, offset: int, size: int, number: int) -> tuple[dict[int, list[int]], int]:
    cut = _Damaged(f"is cut off: its list of pages ends before page {number}")
    width = struct.calcsize(form.order + form.number)
    file.seek(offset)
    raw = file.read(width)
    if offset >= size or len(raw) < width:
        raise cut
    (count,) = struct.unpack(form.order + form.number, raw)
    if count > 4096:
        raise _Damaged(f"is damaged: page {number} has {count} fields")
    link = struct.calcsize(form.order + form.offset)
    body = file.read(count * form.entry + link)
    if len(body) < count * form.entry + link:
        raise cut
    fields: _Fields = {}
    for at in range(0, count * form.entry, form.entry):
        (tag,) = struct.unpack_from(form.order + "H", body, at)
        if tag in _WANTED:
            fields[tag] = _values(file, form, body[at : at + form.entry], size, number)
    (following,) = struct.unpack_from(form.order + form.offset, body, count * form.entry)
    return fields, following


def _values(file: BinaryIO, form: _Form, entry: bytes, size: int, number: int) -> list[int]:
    _, kind, count = struct.unpack_from(f"{form.order}HH{form.offset}", entry)
    if kind not in _INTEGERS or count > _MAX_VALUES:
        raise _Damaged(f"is damaged: page {number} has a field that makes no sense")
    length = _SIZES[kind] * count
    raw = entry[-form.inline :]
    if length > form.inline:
        (where,) = struct.unpack(form.order + form.offset, raw)
        if where + length > size:
            raise _Damaged(f"is cut off: page {number} is not whole")
        file.seek(where)
        raw = file.read(length)
    return list(struct.unpack_from(f"{form.order}{count}{_INTEGERS[kind]}", raw))


def _check_data(fields: _Fields, size: int, number: int) -> None:
    too_large = oversize(sum(fields.get(_WIDTH, [])), sum(fields.get(_HEIGHT, [])))
    if too_large:
        raise _Damaged(too_large)
    starts = fields.get(_STRIPS) or fields.get(_TILES) or []
    lengths = fields.get(_STRIP_SIZES) or fields.get(_TILE_SIZES) or []
    if not starts or len(starts) != len(lengths):
        raise _Damaged(f"is damaged: page {number} has no image")
    if any(start + length > size for start, length in zip(starts, lengths, strict=True)):
        raise _Damaged(f"is cut off: page {number} is not whole")
