"""A file is what its content says."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest
from support.papers import pdf_bytes

from faxdaemon.documents import identify


def archive(*names: str, first: tuple[str, str] | None = None) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        if first:
            made.writestr(*first, zipfile.ZIP_STORED)
        for name in names:
            made.writestr(name, "content " * 3000, zipfile.ZIP_STORED)
    return out.getvalue()


def compound(stream: str) -> bytes:
    header = bytearray(512)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    struct.pack_into("<H", header, 30, 9)
    struct.pack_into("<I", header, 48, 20)  # the directory lies behind the head that is read first
    return bytes(header) + bytes(512 * 20) + "Root Entry".encode("utf-16-le") + bytes(44) + stream.encode("utf-16-le")


OFFICE = "application/vnd.openxmlformats-officedocument."
ODT = "application/vnd.oasis.opendocument.text"
CASES = {
    "pdf": (pdf_bytes(), "application/pdf"),
    "pdf behind a printer's own header": (b"\n\nJUNK\n" + pdf_bytes(), "application/pdf"),
    "print job around a pdf": (b"\x1b%-12345X@PJL ENTER LANGUAGE=PDF\r\n" + pdf_bytes(), "application/vnd.hp-pcl"),
    "little tiff": (b"II*\0" + bytes(20), "image/tiff"),
    "big-endian tiff": (b"MM\0*" + bytes(20), "image/tiff"),
    "bigtiff": (b"II+\0" + bytes(20), "image/tiff"),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(20), "image/png"),
    "jpeg": (b"\xff\xd8\xff\xe0" + bytes(20), "image/jpeg"),
    "gif": (b"GIF89a" + bytes(20), "image/gif"),
    "bmp": (b"BM" + struct.pack("<I", 54) + bytes(48), "image/bmp"),
    "text that begins with BM": (b"BMW invoice, 26 January\r\n" * 3, "text/plain"),
    "postscript": (b"%!PS-Adobe-3.0\n", "application/postscript"),
    "postscript of a driver": (b"\x04%!PS-Adobe-3.0\n", "application/postscript"),
    "rtf": (rb"{\rtf1\ansi Hello}", "application/rtf"),
    "pcl": (b"\x1bE\x1b&l0O hello", "application/vnd.hp-pcl"),
    "html": (b"  <!DOCTYPE html>\n<html>", "text/html"),
    "html with a mark": (b"\xef\xbb\xbf<html><body>", "text/html"),
    "text about PDFs": (b"Every PDF begins with %PDF-1.4 or so.\n", "text/plain"),
    "text": (b"Dear colleague,\r\n\tsee you\x0c", "text/plain"),
    "text of a DOS program": ("Grüße".encode("cp437") + b"\r\n\x1a", "text/plain"),
    "utf-16 text": ("Grüße\r\n".encode("utf-16"), "text/plain"),
    "docx": (archive("[Content_Types].xml", "_rels/.rels", "word/document.xml"), OFFICE + "wordprocessingml.document"),
    "xlsx": (archive("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml"), OFFICE + "spreadsheetml.sheet"),
    "pptx": (archive("[Content_Types].xml", "ppt/a.xml"), OFFICE + "presentationml.presentation"),
    "odt": (archive("content.xml", first=("mimetype", ODT)), ODT),
    "zip": (archive("a.txt"), "application/zip"),
    "doc": (compound("WordDocument"), "application/msword"),
    "xls": (compound("Workbook"), "application/vnd.ms-excel"),
    "another compound file": (compound("Thumbs"), "application/x-ole-storage"),
    "program": (b"\x7fELF\2\1\1" + bytes(60), "application/octet-stream"),
    "zeros": (bytes(600), "application/octet-stream"),
}


@pytest.mark.parametrize("name", CASES)
def test_content_tells_the_type(name: str) -> None:
    content, media = CASES[name]
    assert identify.media_type(io.BytesIO(content)) == media


def test_only_a_little_of_a_large_file_is_read() -> None:
    class Counting(io.BytesIO):
        total = 0

        def read(self, size: int | None = -1) -> bytes:
            block = super().read(size)
            self.total += len(block)
            return block

    large = Counting(archive("[Content_Types].xml", *(f"word/{n}.xml" for n in range(200))))
    assert identify.media_type(large).endswith("wordprocessingml.document")
    assert large.total < 128 * 1024 < len(large.getvalue())
