"""The first page as a small picture: what is on it can be seen, and bad content is no exception."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image
from support.papers import make_image, make_pdf, make_tiff

from faxdaemon.documents import first, open_documents

DOCUMENTS = open_documents()


def shown(path: Path) -> Image.Image:
    content = DOCUMENTS.first_page(path)
    assert content is not None
    image = Image.open(io.BytesIO(content))
    assert image.format == "PNG"
    assert image.width <= first.LARGEST[0]
    assert image.height <= first.LARGEST[1]
    return image


def test_of_each_kind(tmp_path: Path) -> None:
    for path in (make_pdf(tmp_path / "a.pdf", 2), make_tiff(tmp_path / "b.tif", 2), make_image(tmp_path / "c.png")):
        low, high = shown(path).convert("L").getextrema()
        assert low < 100, f"there is something on {path.name}"
        assert high > 200


def test_a_page_is_as_tall_as_on_paper(tmp_path: Path) -> None:
    fine, standard = (shown(make_tiff(tmp_path / f"{down}.tif", dpi=(204, down))) for down in (196, 98))
    assert standard.height / standard.width == pytest.approx(2 * fine.height / fine.width, rel=0.1)


@pytest.mark.parametrize("content", [b"", b"%PDF-1.4 cut", b"II*\0\x08\0\0\0", b"\x89PNG\r\n\x1a\n", b"text"])
def test_what_has_no_picture(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    assert DOCUMENTS.first_page(path) is None
    assert DOCUMENTS.first_page(tmp_path / "missing") is None
