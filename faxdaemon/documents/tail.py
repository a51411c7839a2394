"""Whether a file has its end yet: the cheapest proof that an application is still writing.

Promise   reads at most a few KiB; True only where the format says that something must follow.  What has no
          end mark (text, PostScript, office files of old) is never called cut.
Needs     the file open for reading, seekable.
Crash     keeps nothing.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

from faxdaemon.documents import identify

TAIL = 2048
"""Where the end mark of a PDF must be.  The standard has it last, readers look through 1 KiB, some writers
add more."""
_ZIP_TAIL = 65557  # the end record and the longest comment behind it
_JPEG_TAIL = 4096  # cameras and scanners append their own data


def cut(file: BinaryIO) -> bool:
    """Whether an open file surely ends too early.  Raises OSError."""
    size = file.seek(0, 2)
    if size == 0:
        return True
    file.seek(0)
    head = file.read(1024)
    media = identify.from_head(head)
    if media == identify.PDF:
        return not has_mark(file, size, b"%%EOF", TAIL)
    if media == identify.TIFF:
        return _tiff_cut(head, size)
    return media in identify.IMAGES | {identify.ZIP} and _container_cut(media, head, file, size)


def _container_cut(media: str, head: bytes, file: BinaryIO, size: int) -> bool:
    if media == identify.JPEG:
        return not has_mark(file, size, b"\xff\xd9", _JPEG_TAIL)
    if media == identify.PNG:
        return not has_mark(file, size, b"IEND\xaeB`\x82", _JPEG_TAIL)
    if media == identify.ZIP:
        return not has_mark(file, size, b"PK\x05\x06", _ZIP_TAIL)
    if media == identify.BMP:
        (announced,) = struct.unpack_from("<I", head, 2)
        return bool(announced > size)
    return False


def has_mark(file: BinaryIO, size: int, mark: bytes, window: int) -> bool:
    """Whether `mark` is in the last `window` bytes of a file of `size` bytes."""
    file.seek(max(0, size - window))
    return mark in file.read(window)


def _tiff_cut(head: bytes, size: int) -> bool:
    order = "<" if head[:2] == b"II" else ">"
    big = b"+" in head[2:4]
    if len(head) < (16 if big else 8):
        return True
    (first,) = struct.unpack_from(order + ("Q" if big else "I"), head, 8 if big else 4)
    return bool(first == 0 or first >= size)  # a writer that has not finished leaves the offset at zero
