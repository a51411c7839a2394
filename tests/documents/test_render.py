"""The fax image: the form that fax software takes, with everything on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pypdfium2
import pytest
from PIL import Image, ImageChops, ImageDraw
from support.papers import make_image, make_pdf, make_tiff

from faxdaemon.documents import open_documents
from faxdaemon.documents.paper import decode, text_pdf
from faxdaemon.documents.render import CannotRender, render_fax, render_faxes, tiff_to_pdf

FINE: Literal["fine"] = "fine"


def pages(path: Path) -> list[Image.Image]:
    with Image.open(path) as image:
        shown = []
        for n in range(image.n_frames):
            image.seek(n)
            shown.append(image.convert("L"))
        return shown


def black(page: Image.Image) -> int:
    return page.histogram()[0]


def tags(path: Path) -> list[dict[int, Any]]:
    with Image.open(path) as image:
        found = []
        for n in range(image.n_frames):
            image.seek(n)
            found.append(dict(image.tag_v2))
        return found


@pytest.mark.parametrize(("resolution", "lines"), [("fine", 196), ("standard", 98)])
def test_the_form_is_that_of_a_fax(tmp_path: Path, resolution: Literal["fine", "standard"], lines: int) -> None:
    out = tmp_path / "out.tif"
    assert render_fax(make_pdf(tmp_path / "a.pdf", 3), out, resolution) == 3
    found = tags(out)
    assert len(found) == 3
    for page in found:
        assert page[256] == 1728
        assert page[257] == page[278] == round(11 * lines) - (lines == 196) * 7 - (lines == 98) * 4
        assert page[259] == 4  # Group 4
        assert page[262] == 0  # white is 0
        assert (float(page[282]), float(page[283]), page[296]) == (204, lines, 2)
        assert len(page[273]) == len(page[279]) == 1  # one strip
    assert documents_pages(out) == 3


def documents_pages(path: Path) -> int | None:
    seen = open_documents().inspect(path, path.name)
    assert seen.problem is None
    return seen.pages


def test_text_is_black_on_white_and_where_it_was(tmp_path: Path) -> None:
    out = tmp_path / "out.tif"
    render_fax(make_pdf(tmp_path / "a.pdf", 1), out, FINE)
    (page,) = pages(out)
    assert 2000 < black(page) < page.width * page.height * 0.05
    left, top, right, bottom = ImageChops.invert(page).getbbox() or (0, 0, 0, 0)
    assert 190 < left < 215  # one inch from the left, 204 dots to the inch
    assert 190 < top < 215  # 24-point text, its base line at 92 points
    assert right < 1000
    assert bottom < 400


def test_a_page_longer_than_a_fax_is_made_smaller(tmp_path: Path) -> None:
    document = pypdfium2.PdfDocument.new()
    document.new_page(595, 1500).close()
    document.save(tmp_path / "long.pdf")
    document.close()
    out = tmp_path / "out.tif"
    render_fax(tmp_path / "long.pdf", out, FINE)
    assert tags(out)[0][257] == 2291


def test_a_landscape_page_is_turned(tmp_path: Path) -> None:
    wide = Image.new("L", (1100, 850), 255)
    ImageDraw.Draw(wide).rectangle((0, 0, 1100, 100), fill=0)  # a bar along its upper edge
    wide.save(tmp_path / "wide.pdf", resolution=100)
    out = tmp_path / "out.tif"
    render_fax(tmp_path / "wide.pdf", out, FINE)
    (page,) = pages(out)
    assert page.height > page.width
    right = page.crop((page.width - 150, 200, page.width - 50, 1800))
    left = page.crop((50, 200, 150, 1800))
    assert black(right) > 100 * 1500
    assert black(left) == 0


@pytest.mark.parametrize("suffix", ["png", "jpg", "gif", "bmp"])
def test_a_picture_becomes_a_page(tmp_path: Path, suffix: str) -> None:
    out = tmp_path / "out.tif"
    assert render_fax(make_image(tmp_path / f"a.{suffix}", (600, 800)), out, FINE) == 1
    (page,) = pages(out)
    share = black(page) / (page.width * page.height)
    assert 0.04 < share < 0.07  # a quarter of its width and of its height, on a page a little longer


def test_what_is_transparent_is_paper(tmp_path: Path) -> None:
    Image.new("RGBA", (300, 400), (0, 0, 0, 0)).save(tmp_path / "a.png")
    out = tmp_path / "out.tif"
    render_fax(tmp_path / "a.png", out, FINE)
    assert black(pages(out)[0]) == 0


def test_a_fax_that_is_one_already_keeps_every_dot(tmp_path: Path) -> None:
    source = make_tiff(tmp_path / "a.tif", 3)
    out = tmp_path / "out.tif"
    assert render_fax(source, out, FINE) == 3
    for before, after in zip(pages(source), pages(out), strict=True):
        assert ImageChops.difference(before, after).getbbox() is None


def test_a_coarse_fax_keeps_its_shape(tmp_path: Path) -> None:
    out = tmp_path / "out.tif"
    render_fax(make_tiff(tmp_path / "a.tif", 1, dpi=(204, 98)), out, FINE)
    assert tags(out)[0][257] == 2200


def test_text_keeps_every_line(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"".join(b"line %d\r\n" % n for n in range(100)))
    out = tmp_path / "out.tif"
    assert render_fax(tmp_path / "a.txt", out, FINE) == 2
    assert all(black(page) > 1000 for page in pages(out))


def test_text_on_paper_can_be_read_back() -> None:
    words = "Grüße (an \\ alle)\t€\n" + "x" * 100 + "\fnext"
    document = pypdfium2.PdfDocument(text_pdf(words))
    shown = []
    for n in range(len(document)):
        page = document[n]
        part = page.get_textpage()
        shown.append(part.get_text_range().split("\r\n"))
        part.close()
        page.close()
    document.close()
    assert shown == [["Grüße (an \\ alle) €", "x" * 80, "x" * 20], ["next"]]


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_text_is_read_in_the_codings_that_occur(coding: str) -> None:
    assert decode("Grüße €".encode(coding)) == "Grüße €"


def test_several_documents_become_one_fax(tmp_path: Path) -> None:
    out = tmp_path / "out.tif"
    papers = [make_pdf(tmp_path / "a.pdf", 2), make_tiff(tmp_path / "b.tif", 3)]
    assert render_faxes(papers, out, "standard") == 5
    assert documents_pages(out) == 5


@pytest.mark.parametrize(("name", "content"), [("a.pdf", b"%PDF-1.4\nnothing"), ("a.tif", b"II*\0\0\0\0\0")])
def test_what_cannot_be_read_cannot_be_rendered(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CannotRender):
        render_fax(tmp_path / name, tmp_path / "out.tif", FINE)


def test_what_is_no_document_cannot_be_rendered(tmp_path: Path) -> None:
    (tmp_path / "a.doc").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    with pytest.raises(CannotRender, match="of a kind"):
        render_fax(tmp_path / "a.doc", tmp_path / "out.tif", FINE)


def test_a_fax_as_pdf_keeps_every_dot_and_its_size(tmp_path: Path) -> None:
    source = tmp_path / "fax.tif"
    render_fax(make_pdf(tmp_path / "a.pdf", 2), source, "standard")
    (tmp_path / "fax.pdf").write_bytes(tiff_to_pdf(source))
    document = pypdfium2.PdfDocument(tmp_path / "fax.pdf")
    assert len(document) == 2
    for n, before in enumerate(pages(source)):
        page = document[n]
        width, height = page.get_size()
        assert (round(width), round(height)) == (round(1728 / 204 * 72), round(before.height / 98 * 72))
        (picture,) = page.get_objects()
        bitmap = picture.get_bitmap()
        after = bitmap.to_pil().convert("L")
        assert ImageChops.difference(before, after).getbbox() is None
        bitmap.close()
        page.close()
    document.close()


def test_a_broken_tiff_becomes_no_pdf(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(b"II*\0\0\0\0\0")
    with pytest.raises(CannotRender):
        tiff_to_pdf(tmp_path / "a.tif")
