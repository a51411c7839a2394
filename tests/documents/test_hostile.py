"""Documents made to waste time and memory: refused with a reason, by a process that has little of both.

Everything is done in a process with `MEMORY` bytes and `SECONDS` of the processor: one that took more would die.
"""

from __future__ import annotations

import copy
import io
import json
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pikepdf
import pytest
from PIL import Image
from support.papers import make_tiff, pdf_bytes, streamed

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="platform: no limits for one process there")
MEMORY = 1024**3
SECONDS = 60

LOOK = f"""
import json, resource, sys
from pathlib import Path
from faxdaemon.contracts.documents import CannotMake, CannotRead, Source
from faxdaemon.documents import open_documents
resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))
resource.setrlimit(resource.RLIMIT_CPU, ({SECONDS}, {SECONDS}))
documents, path = open_documents(), Path(sys.argv[1])
seen = documents.inspect(path, path.name)
made, cannot = None, None
if not seen.problem:
    try:
        documents.text(path, path.name)
        made = documents.make([Source(path, path.name)]).pages
    except (CannotMake, CannotRead) as error:
        cannot = str(error)
for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
    assert resource.getrusage(who).ru_maxrss * 1024 <= {MEMORY}
print(json.dumps([seen.pages, seen.problem, made, cannot]))
"""


def looked(path: Path) -> tuple[int | None, str | None, int | None, str | None]:
    """Pages, problem, pages made, and why nothing could be made."""
    environment = {"PATH": "", "PYTHONPATH": ":".join(filter(None, sys.path))}
    command = [sys.executable, "-c", LOOK, str(path)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=110)
    assert run.returncode == 0, run.stderr[-2000:]
    pages, problem, made, cannot = json.loads(run.stdout)
    return pages, problem, made, cannot


def refused(path: Path) -> str:
    """Why it is refused, at first sight or in the making."""
    _, problem, made, cannot = looked(path)
    assert made is None
    return str(problem or cannot)


def office(path: Path, parts: dict[str, bytes], copies: int = 0) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", b"<Types/>")
        for name, content in parts.items():
            archive.writestr(name, content)
        for number in range(copies):  # the same bytes are listed again and again
            again = copy.copy(archive.filelist[-1])
            again.filename = again.orig_filename = f"word/media{number}.bin"
            archive.filelist.append(again)
    return path


def png(width: int, height: int, data: bytes = b"") -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def gif(width: int, height: int) -> bytes:
    screen, image = struct.pack("<HHBBB", width, height, 0, 0, 0), struct.pack("<HHHHB", 0, 0, width, height, 0)
    return b"GIF89a" + screen + b"," + image + b"\x08\x01\x00\x00;"


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_the_limits_let_honest_documents_pass(tmp_path: Path) -> None:
    assert looked(written(tmp_path / "a.pdf", pdf_bytes(500)))[:3] == (500, None, 500)
    assert looked(make_tiff(tmp_path / "a.tif", 3))[:3] == (3, None, 3)
    Image.new("RGB", (2500, 3500), "white").save(tmp_path / "a.png")
    assert looked(tmp_path / "a.png")[:3] == (1, None, 1)


def test_ten_thousand_pages_are_no_fax(tmp_path: Path) -> None:
    path = written(tmp_path / "a.pdf", pdf_bytes(10_000))
    assert refused(path) == "has 10000 pages; more than 5000 cannot be faxed"


def test_a_page_that_takes_gigabytes_to_read(tmp_path: Path) -> None:
    path = written(tmp_path / "a.pdf", streamed(b"BT /F1 9 Tf 1 1 Td (a) Tj ET\n" * 30_000, 300))
    assert path.stat().st_size < 1_000_000
    assert "more time or memory" in refused(path)


def test_pages_that_are_packed_into_gigabytes(tmp_path: Path) -> None:
    path = written(tmp_path / "a.pdf", packed_pages(bytes(10_000_000), 60))
    assert path.stat().st_size < 1_500_000
    assert "more time or memory" in refused(path)


def packed_pages(filler: bytes, times: int) -> bytes:
    """A PDF whose page stands in an object stream, before that filler."""
    head = b"3 0 "
    packer = zlib.compressobj(9)
    pieces = [packer.compress(head + b"<< /Type /Page /Parent 2 0 R >>")]
    pieces += [packer.compress(filler) for _ in range(times)]
    packed = b"".join([*pieces, packer.flush()])
    objects = {
        1: b"<< /Type /Catalog /Pages 2 0 R >>",
        2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 /MediaBox [0 0 612 792] >>",
        4: b"<< /Type /ObjStm /N 1 /First %d /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream"
        % (len(head), len(packed), packed),
    }
    out, at = b"%PDF-1.5\n", {}
    for number, body in objects.items():
        at[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    end = len(out)
    rows = [(0, 0, 65535), (1, at[1], 0), (1, at[2], 0), (2, 4, 0), (1, at[4], 0), (1, end, 0)]
    table = b"".join(struct.pack(">BIH", *row) for row in rows)
    out += b"5 0 obj\n<< /Type /XRef /Size 6 /W [1 4 2] /Root 1 0 R /Length %d >>\nstream\n" % len(table)
    return out + b"%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % (table, end)


def test_ten_thousand_pages_of_text_are_no_fax(tmp_path: Path) -> None:
    assert "more than 5000 pages" in refused(written(tmp_path / "a.txt", b"a\f" * 1_000_000))
    assert "more than 16 MB" in refused(written(tmp_path / "b.txt", b"a" * 17_000_000))


def test_documents_that_are_too_much_together(tmp_path: Path) -> None:
    pages = written(tmp_path / "a.pdf", pdf_bytes(2_600))
    twice = LOOK.replace("[Source(path, path.name)]", "[Source(path, path.name)] * 2")
    command = [sys.executable, "-c", twice, str(pages)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=110)
    assert "too many pages" in str(json.loads(run.stdout)[3])


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (png(60_000, 60_000), "more pixels than can be faxed"),
        (png(12_000, 12_000), "12000 x 12000 pixels: too large"),
        (gif(65_000, 65_000), "more pixels than can be faxed"),
        (png(9_000, 9_000), "not a picture"),
    ],
    ids=["huge", "large", "gif", "hollow"],
)
def test_a_picture_that_would_fill_the_memory(tmp_path: Path, content: bytes, why: str) -> None:
    assert why in refused(written(tmp_path / "a.png", content))


def test_a_tiff_that_would_fill_the_memory(tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.new("1", (12_000, 12_000), 1).save(out, "TIFF", compression="group4")
    assert len(out.getvalue()) < 200_000
    assert "12000 x 12000 pixels: too large" in refused(written(tmp_path / "a.tif", out.getvalue()))


def test_an_archive_that_unpacks_to_gigabytes(tmp_path: Path) -> None:
    path = office(tmp_path / "a.docx", {"word/document.xml": b"<w/>", "word/0.bin": bytes(50_000_000)}, copies=50)
    assert path.stat().st_size < 200_000
    assert "unpacks to 53 parts with 2431 MiB" in refused(path)


def test_an_archive_of_too_many_parts(tmp_path: Path) -> None:
    path = office(tmp_path / "a.docx", {"word/document.xml": b"<w/>"}, copies=20_000)
    assert "unpacks to 20002 parts" in refused(path)


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&b;</x>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("part", ["word/document.xml", "word/_rels/document.xml.rels"])
def test_text_that_is_declared_to_be_repeated(tmp_path: Path, part: str, encoding: str) -> None:
    path = office(tmp_path / "a.docx", {part: LAUGHS.encode(encoding), "word/other.xml": b"<w/>"})
    assert "entities" in refused(path)


def test_drawings_are_no_text(tmp_path: Path) -> None:
    drawing = '<?xml version="1.0"?>' + LAUGHS.replace("<x>", '<svg xmlns="x">').replace("</x>", "</svg>")
    assert "image/svg+xml" in refused(written(tmp_path / "a.svg", drawing.encode()))


def test_office_files_behind_a_password(tmp_path: Path) -> None:
    path = office(tmp_path / "a.docx", {"word/document.xml": b"<w/>"})
    content = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = -1
        while (start := content.find(mark, start + 1)) >= 0:
            content[start + at] |= 1
    assert "protected by a password" in refused(written(tmp_path / "b.docx", bytes(content)))
    directory = bytearray(4096)
    directory[0:512] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
    struct.pack_into("<H", directory, 30, 9)
    directory[512:544] = "EncryptedPackage".encode("utf-16-le")
    assert "protected by a password" in refused(written(tmp_path / "c.docx", bytes(directory)))


def test_a_damaged_archive_says_so(tmp_path: Path) -> None:
    path = office(tmp_path / "a.docx", {"word/document.xml": b"<w/>" * 1000})
    content = bytearray(path.read_bytes())
    where = content.find(b"word/document.xml") + len("word/document.xml")
    content[where : where + 20] = bytes(range(200, 220))
    assert "is damaged" in refused(written(tmp_path / "b.docx", bytes(content)))


def test_a_pdf_that_lacks_a_page_is_not_sent_with_the_others(tmp_path: Path) -> None:
    with pikepdf.open(io.BytesIO(pdf_bytes(3))) as pdf:
        pdf.Root.Pages.Kids[1] = pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.Nothing))
        pdf.save(tmp_path / "a.pdf")
    content = (tmp_path / "a.pdf").read_bytes()
    broken = content.replace(b"startxref\n", b"startxref\n9")  # the table is lost, and with it what it vouched for
    assert "damaged" in refused(written(tmp_path / "b.pdf", broken))
