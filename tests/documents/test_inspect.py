"""Pages and wholeness: nothing is sent of which a part may be missing."""

from __future__ import annotations

import io
import os
import struct
import threading
from pathlib import Path

import pikepdf
import pytest
from PIL import Image
from support.papers import make_image, make_pdf, make_tiff, pdf_bytes

from faxdaemon.documents import open_documents

documents = open_documents()


def inspect(path: Path) -> tuple[int | None, str | None]:
    seen = documents.inspect(path, path.name)
    return seen.pages, seen.problem


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("pages", [1, 3, 120])
def test_a_pdf_has_its_pages(tmp_path: Path, pages: int) -> None:
    assert inspect(make_pdf(tmp_path / "a.pdf", pages)) == (pages, None)


def test_the_name_proves_nothing(tmp_path: Path) -> None:
    seen = documents.inspect(make_pdf(tmp_path / "invoice.doc", 2), "invoice.doc")
    assert (seen.media, seen.pages) == ("application/pdf", 2)


def test_a_path_that_is_not_utf8_opens(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/gr\xfc\xdfe.pdf"))
    assert inspect(make_pdf(path, 2)) == (2, None)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_pdf_cut_off_is_never_mended(tmp_path: Path, share: float) -> None:
    whole = pdf_bytes(40, size=60_000)
    path = written(tmp_path / "a.pdf", whole[: int(len(whole) * share)])
    pages, problem = inspect(path)
    assert pages is None
    assert problem is not None
    assert "is cut off: its end is missing (no %%EOF in the last" in problem
    assert documents.looks_cut(path)


def test_a_linearized_pdf_cut_in_half_is_cut(tmp_path: Path) -> None:
    whole = tmp_path / "whole.pdf"
    with pikepdf.open(make_pdf(tmp_path / "plain.pdf", 400)) as pdf:
        pdf.save(whole, linearize=True)
    assert inspect(whole) == (400, None)
    half = whole.read_bytes()[: whole.stat().st_size // 2]
    assert b"%%EOF" in half  # such a file has an end mark near its beginning
    path = written(tmp_path / "half.pdf", half)
    assert "is cut off" in str(inspect(path)[1])
    assert documents.looks_cut(path)


def test_a_pdf_with_a_password_says_so(tmp_path: Path) -> None:
    path = tmp_path / "locked.pdf"
    with pikepdf.open(make_pdf(tmp_path / "plain.pdf")) as pdf:
        pdf.save(path, encryption=pikepdf.Encryption(user="secret", owner="secret"))
    assert "is protected by a password" in str(inspect(path)[1])


def test_a_pdf_that_anyone_may_open_needs_no_password(tmp_path: Path) -> None:
    path = tmp_path / "owned.pdf"
    with pikepdf.open(make_pdf(tmp_path / "plain.pdf", 2)) as pdf:
        pdf.save(path, encryption=pikepdf.Encryption(user="", owner="secret"))
    assert inspect(path) == (2, None)


def test_a_damaged_pdf_is_damaged(tmp_path: Path) -> None:
    path = written(tmp_path / "a.pdf", b"%PDF-1.7\n" + b"nonsense " * 400 + b"\n%%EOF\n")
    assert "is damaged" in str(inspect(path)[1])


def test_a_pdf_without_its_middle_is_damaged(tmp_path: Path) -> None:
    whole = pdf_bytes(30)
    start, end = whole.index(b"20 0 obj"), whole.index(b"40 0 obj")  # its first and last pages are sound
    path = written(tmp_path / "a.pdf", whole[:start] + whole[end:])
    pages, problem = inspect(path)
    assert pages is None
    assert problem is not None
    assert "is damaged" in problem


def test_a_pdf_with_junk_before_its_header_is_read(tmp_path: Path) -> None:
    assert inspect(written(tmp_path / "a.pdf", b"@PJL\r\n" + pdf_bytes(2))) == (2, None)


def test_a_pdf_without_pages_has_none(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    with pikepdf.new() as pdf:
        pdf.save(path)
    assert inspect(path)[0] is None
    assert inspect(path)[1] is not None


def test_threads_may_count_at_once(tmp_path: Path) -> None:
    paths = [make_pdf(tmp_path / f"{n}.pdf", n) for n in range(1, 9)]
    seen: list[list[int | None]] = []

    def count() -> None:
        seen.append([inspect(path)[0] for path in paths * 20])

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [list(range(1, 9)) * 20] * 4


@pytest.mark.parametrize("pages", [1, 5])
def test_a_tiff_has_its_pages(tmp_path: Path, pages: int) -> None:
    assert inspect(make_tiff(tmp_path / "a.tif", pages)) == (pages, None)


@pytest.mark.parametrize("options", [{"compression": "tiff_lzw"}, {}, {"big_tiff": True}])
def test_tiffs_of_other_kinds_count(tmp_path: Path, options: dict[str, object]) -> None:
    frames = [Image.new("RGB", (400, 300), "white") for _ in range(3)]
    frames[0].save(tmp_path / "a.tif", save_all=True, append_images=frames[1:], **options)
    assert inspect(tmp_path / "a.tif") == (3, None)


def test_a_big_endian_tiff_counts(tmp_path: Path) -> None:
    fields = [(256, 3, 8 << 16), (257, 3, 1 << 16), (273, 4, 8), (279, 4, 1)]
    body = b"".join(struct.pack(">HHII", tag, kind, 1, value) for tag, kind, value in fields)
    content = b"MM\0*" + struct.pack(">I", 10) + b"\0\0" + struct.pack(">H", 4) + body + bytes(4)
    assert inspect(written(tmp_path / "a.tif", content)) == (1, None)


@pytest.mark.parametrize("missing", [20, 60, 400, 1200])
def test_a_tiff_that_lost_its_end_is_cut(tmp_path: Path, missing: int) -> None:
    path = make_tiff(tmp_path / "a.tif", 4)
    pages, problem = inspect(written(path, path.read_bytes()[:-missing]))
    assert pages is None
    assert "is cut off" in str(problem)


def test_a_tiff_whose_strips_lie_beyond_its_end_is_cut(tmp_path: Path) -> None:
    picture = io.BytesIO()
    Image.effect_noise((600, 600), 80).save(picture, format="TIFF")
    content = bytearray(picture.getvalue())
    order = "<I"
    (first,) = struct.unpack_from(order, content, 4)
    for at in range(first + 2, len(content) - 12, 12):
        if struct.unpack_from("<HHI", content, at) == (279, 4, 1):
            struct.pack_into(order, content, at + 8, len(content))
            break
    else:
        pytest.fail("the picture has no strip sizes")
    assert inspect(written(tmp_path / "a.tif", bytes(content)))[1] == "is cut off: page 1 is not whole"


def test_a_tiff_that_leads_in_circles_is_damaged(tmp_path: Path) -> None:
    path = make_tiff(tmp_path / "a.tif", 2)
    content = bytearray(path.read_bytes())
    (first,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, first)
    struct.pack_into("<I", content, first + 2 + 12 * count, first)
    assert "has no end" in str(inspect(written(path, bytes(content)))[1])


def test_a_fax_of_which_only_the_header_came_is_cut(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tif", b"II*\0\0\0\0\0")  # what a receiver leaves that was killed in a call
    assert "is cut off" in str(inspect(path)[1])
    assert documents.looks_cut(path)


@pytest.mark.parametrize("suffix", ["png", "jpg", "gif", "bmp"])
def test_a_picture_is_one_page(tmp_path: Path, suffix: str) -> None:
    path = make_image(tmp_path / f"a.{suffix}")
    assert inspect(path) == (1, None)
    assert not documents.looks_cut(path)


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp"])
def test_half_a_picture_is_cut(tmp_path: Path, suffix: str) -> None:
    path = make_image(tmp_path / f"a.{suffix}")
    written(path, path.read_bytes()[: path.stat().st_size // 2])
    assert documents.looks_cut(path)
    assert "is cut off" in str(inspect(path)[1])


def test_an_empty_file_is_empty(tmp_path: Path) -> None:
    path = written(tmp_path / "a.pdf", b"")
    assert inspect(path) == (None, "is empty (0 bytes)")
    assert documents.looks_cut(path)


def test_an_unknown_file_cannot_be_faxed(tmp_path: Path) -> None:
    path = written(tmp_path / "a.bin", bytes(range(256)))
    assert inspect(path) == (None, "is not a kind of document that can be faxed")


@pytest.mark.parametrize("content", [b"Dear colleague\n", b"<html><body>Hello", rb"{\rtf1 Hello}", b"%!PS\nshowpage\n"])
def test_what_only_a_provider_can_count_is_left_to_it(tmp_path: Path, content: bytes) -> None:
    path = written(tmp_path / "a", content)
    assert inspect(path) == (None, None)
    assert not documents.looks_cut(path)


def test_an_office_file_cut_off_is_cut(tmp_path: Path) -> None:
    content = b"PK\x03\x04" + bytes(26) + b"[Content_Types].xml" + b"word/document.xml" + bytes(5000)
    path = written(tmp_path / "a.docx", content)
    assert "is cut off" in str(inspect(path)[1])
    assert documents.looks_cut(path)
