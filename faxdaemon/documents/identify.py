"""The MIME type of a file, by content: what an application calls its file proves nothing.

Promise   reads at most `HEAD` bytes at the beginning and one further block; the same bytes always give the
          same answer.
Needs     the file open for reading, seekable.
Crash     keeps nothing.
"""

from __future__ import annotations

import re
import struct
from typing import BinaryIO

HEAD = 8192
PDF_HEADER = re.compile(rb"(?:^|[\r\n\0]|\xef\xbb\xbf)%PDF-")
"""Within the first 1024 bytes, as Acrobat has it: some writers put lines of their own before it.  At the beginning of a
line only, or a letter about PDFs would be one."""
UNKNOWN = "application/octet-stream"
TEXT = "text/plain"
HTML = "text/html"
RTF = "application/rtf"
PDF = "application/pdf"
TIFF = "image/tiff"
PNG = "image/png"
JPEG = "image/jpeg"
GIF = "image/gif"
BMP = "image/bmp"
POSTSCRIPT = "application/postscript"
PCL = "application/vnd.hp-pcl"
SVG = "image/svg+xml"
ZIP = "application/zip"
OLE = "application/x-ole-storage"
DOC = "application/msword"
XLS = "application/vnd.ms-excel"
PPT = "application/vnd.ms-powerpoint"
LOCKED = "application/x-encrypted-office"
"""An office file behind a password; which kind it is nobody can see."""

IMAGES = frozenset({PNG, JPEG, GIF, BMP})

_OOXML = "application/vnd.openxmlformats-officedocument."
DOCX = _OOXML + "wordprocessingml.document"
XLSX = _OOXML + "spreadsheetml.sheet"
PPTX = _OOXML + "presentationml.presentation"
ODF = "application/vnd.oasis.opendocument."
ODT, ODS, ODP = ODF + "text", ODF + "spreadsheet", ODF + "presentation"
OFFICE_ZIPS = frozenset({DOCX, XLSX, PPTX, ODT, ODS, ODP})
"""Office files that are ZIP archives."""
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"II*\0", TIFF),
    (b"MM\0*", TIFF),
    (b"II+\0", TIFF),  # BigTIFF
    (b"MM\0+", TIFF),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"{\\rtf", RTF),
    (b"%!", POSTSCRIPT),
    (b"\x04%!", POSTSCRIPT),  # Ctrl-D before it, as printer drivers write
    (b"\xc5\xd0\xd3\xc6", POSTSCRIPT),  # EPS with a preview
    (b"\x1bE", PCL),
    (b"\x1b%-12345X", PCL),
    (b"\x1b&", PCL),
    (b"PK\x03\x04", ZIP),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLE),
)
_ROOT = re.compile(r"<(?:[a-z0-9_-]+:)?([a-z][a-z0-9]*)[\s>/]")
"""The first element behind all declarations."""
_OFFICE_ENTRIES = ((b"word/", DOCX), (b"xl/", XLSX), (b"ppt/", PPTX))
_OLE_STREAMS = (
    ("EncryptedPackage", LOCKED),
    ("WordDocument", DOC),
    ("Workbook", XLS),
    ("PowerPoint Document", PPT),
)


def media_type(file: BinaryIO) -> str:
    """The MIME type of an open file; `UNKNOWN` when it is nothing we know.  Raises OSError."""
    file.seek(0)
    head = file.read(HEAD)
    media = from_head(head)
    if media == ZIP:
        return _zip_kind(head, file)
    if media == OLE:
        return _ole_kind(head, file)
    return media


def from_head(head: bytes) -> str:
    """The MIME type as far as the first bytes tell; the containers stay `ZIP` and `OLE`."""
    if PDF_HEADER.search(head, 0, 1024):
        if head.startswith(b"\x1b%-12345X"):
            return PCL  # a print job around a PDF; the header belongs to the printer
        return PDF
    for magic, media in _MAGIC:
        if head.startswith(magic):
            return media
    if head.startswith(b"BM") and len(head) >= 26 and head[6:10] == b"\0\0\0\0":
        return BMP
    return _text_kind(head)


def _text_kind(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        sample = head.decode("utf-16", "replace")
    else:
        sample = head.decode("latin-1").removeprefix("\u00ef\u00bb\u00bf")
        if not sample or any(c in sample for c in _BINARY):
            return UNKNOWN
    start = sample.lstrip("\ufeff \t\r\n")[:4096].lower()
    if start.startswith(("<!doctype html", "<html", "<head", "<body")):
        return HTML
    if start.startswith(("<?xml", "<!--", "<!doctype", "<svg")):
        root = _ROOT.search(start)
        return {"html": HTML, "svg": SVG}.get(root[1] if root else "", TEXT)
    return TEXT


#: Control characters that no text has; BEL to CR, Ctrl-Z and ESC do occur in what old applications write.
_BINARY = frozenset(chr(c) for c in range(32) if c not in {7, 8, 9, 10, 11, 12, 13, 26, 27})


def _zip_kind(head: bytes, file: BinaryIO) -> str:
    if head[30:38] == b"mimetype":  # OpenDocument keeps its type uncompressed in the first entry
        end = head.find(b"PK", 38)
        return head[38 : end if end > 0 else 38].decode("ascii", "replace").strip() or ZIP
    if b"[Content_Types].xml" not in head and b"_rels/" not in head:
        return ZIP
    size = file.seek(0, 2)
    file.seek(max(0, size - 8 * HEAD))
    names = head + file.read(8 * HEAD)  # the central directory repeats every name at the end
    for folder, media in _OFFICE_ENTRIES:
        if folder in names:
            return media
    return ZIP


def _ole_kind(head: bytes, file: BinaryIO) -> str:
    if len(head) < 512:
        return OLE
    (shift,) = struct.unpack_from("<H", head, 30)
    (sector,) = struct.unpack_from("<I", head, 48)
    if shift not in {9, 12} or sector > 0xFFFFFFFA:
        return OLE
    file.seek((sector + 1) << shift)
    directory = file.read(4096)
    for stream, media in _OLE_STREAMS:
        if stream.encode("utf-16-le") in directory:
            return media
    return OLE
