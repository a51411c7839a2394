"""Writing a fax: a Group 4 TIFF of the form that fax software takes without converting it again.

Promise   1728 pixels wide, 204 x 196 (fine) or 204 x 98 (standard) to the inch, at most 2291 or 1145 lines,
          white is 0, one strip to a page (TIFF 6.0, TIFF-F of RFC 2306).  Pages are written one by one; only
          one is in memory.
Needs     Pillow, whose libtiff does the coding.  The directories are ours: Pillow writes black as 0 and many
          strips, and when told otherwise turns every pixel in a Python loop (measured: eleven times slower).
Crash     a file that was not closed has no last page; `close` is what completes it.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO

from PIL import Image

WIDTH = 1728
"""Pixels of a fax line (ITU-T T.4, A4 and letter)."""
_HORIZONTAL = 204


@dataclass(frozen=True, slots=True)
class Resolution:
    """Lines to the inch, and the most lines of a page: 297 mm of them; one more and fax software scales the
    page."""

    lines: int
    height: int


RESOLUTIONS = {"standard": Resolution(98, 1145), "fine": Resolution(196, 2291)}


class FaxTiff:
    """A fax being written into `file`, which stays open."""

    def __init__(self, file: BinaryIO, resolution: Resolution) -> None:
        self._file = file
        self.resolution = resolution
        self._link = 4
        self.pages = 0
        file.write(struct.pack("<2sHI", b"II", 42, 0))

    def add(self, page: Image.Image) -> None:
        """Append one page: mode `1`, white is 255, `WIDTH` wide."""
        if page.mode != "1" or page.width != WIDTH:
            raise ValueError(f"a fax page is bilevel and {WIDTH} pixels wide, not {page.mode} {page.width}")
        self.add_as_is(page, (_HORIZONTAL, self.resolution.lines))

    def add_as_is(self, page: Image.Image, density: tuple[int, int]) -> None:
        """Append one bilevel page of whatever size, with so many pixels to the inch across and down."""
        data = _group4(page)
        start = self._file.tell()
        self._file.write(data + b"\0" * (len(data) % 2))
        self._directory(start, len(data), page.size, density)
        self.pages += 1

    def _directory(self, start: int, length: int, size: tuple[int, int], density: tuple[int, int]) -> None:
        width, height = size
        kind_of_size = 3 if max(size) < 65536 else 4
        where = self._file.tell()
        fields: list[tuple[int, int, int]] = [
            (254, 4, 2),  # one page of several
            (256, kind_of_size, width),
            (257, kind_of_size, height),
            (258, 3, 1),
            (259, 3, 4),  # Group 4
            (262, 3, 0),  # white is 0
            (266, 3, 1),
            (273, 4, start),
            (274, 3, 1),
            (277, 3, 1),
            (278, kind_of_size, height),
            (279, 4, length),
            (282, 5, 0),
            (283, 5, 8),
            (293, 4, 0),
            (296, 3, 2),  # to the inch
        ]
        behind = where + 2 + 12 * len(fields) + 4
        body = struct.pack("<H", len(fields))
        for tag, kind, value in fields:
            body += struct.pack("<HHII", tag, kind, 1, value + (behind if kind == 5 else 0))
        body += struct.pack("<I", 0)
        body += struct.pack("<4I", density[0], 1, density[1], 1)
        self._file.write(body)
        end = self._file.tell()
        self._file.seek(self._link)
        self._file.write(struct.pack("<I", where))
        self._file.seek(end)
        self._link = behind - 4

    def __enter__(self) -> FaxTiff:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.flush()


def _group4(page: Image.Image) -> bytes:
    """The coded lines of one page; Pillow sees the negative, since it would code white as 1."""
    coded = io.BytesIO()
    negative = page.point(lambda v: 255 - v)
    negative.save(coded, format="TIFF", compression="group4", strip_size=(page.width + 7) // 8 * page.height)
    with Image.open(coded) as written:
        tags = written.tag_v2  # type: ignore[attr-defined]  # Image.open gives a TiffImageFile here
        (start,), (length,) = tags[273], tags[279]
    return coded.getvalue()[start : start + length]
