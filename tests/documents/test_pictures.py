"""Pictures on paper: black on white, upright, one page, whatever they were made for."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PIL import Image, ImageDraw

from faxdaemon.contracts.documents import Source
from faxdaemon.documents import open_documents

DOCUMENTS = open_documents()
BLACK, GREY, WHITE = (0, 100), (101, 235), (236, 255)


def drawn(path: Path) -> list[Image.Image]:
    """The pages as a fax machine would draw them, in grey."""
    made = DOCUMENTS.make([Source(path, path.name)])
    document = pypdfium2.PdfDocument(made.content)
    assert made.pages == len(document)
    return [page.render(scale=1, grayscale=True).to_pil() for page in document]


def shades(page: Image.Image) -> tuple[int, int]:
    """The darkest shade, and that of the corner."""
    return page.getextrema()[0], page.getpixel((1, 1))  # type: ignore[return-value] # of a grey picture


def half(mode: str, paper: Any, ink: Any) -> Image.Image:
    """A picture whose lower right quarter is inked."""
    picture = Image.new(mode, (400, 600), paper)
    picture.paste(ink, (200, 300, 400, 600))
    return picture


@pytest.mark.parametrize(
    ("name", "picture"),
    [
        ("alpha.png", half("RGBA", (0, 0, 0, 0), (0, 0, 0, 255))),
        ("grey-alpha.png", half("LA", (0, 0), (0, 255))),
        ("sixteen.png", half("I;16", 65535, 0)),
        ("cmyk.jpg", half("CMYK", (0, 0, 0, 0), (0, 0, 0, 255))),
        ("cmyk.tif", half("CMYK", (0, 0, 0, 0), (0, 0, 0, 255))),
        ("alpha.tif", half("RGBA", (0, 0, 0, 0), (0, 0, 0, 255))),
        ("sixteen.tif", half("I;16", 65535, 0)),
        ("palette.gif", half("P", 0, 1)),
        ("plain.jpg", half("RGB", "white", "black")),
        ("bits.png", half("1", 1, 0)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_ink_is_black_and_paper_is_white(tmp_path: Path, name: str, picture: Image.Image) -> None:
    options: dict[str, Any] = {}
    if picture.mode == "P":
        picture.putpalette([255, 255, 255, 0, 0, 0])
        options = {"transparency": 0}
    picture.save(tmp_path / name, **options)
    (page,) = drawn(tmp_path / name)
    darkest, corner = shades(page)
    assert darkest < 60
    assert corner > 240
    ink = sum(page.histogram()[:128])
    assert ink > 0.2 * 0.25 * 300 * 450, "the inked quarter is there"


def test_of_an_animation_the_first_picture_is_sent(tmp_path: Path) -> None:
    first, second = half("L", 255, 0), Image.new("L", (400, 600), 0)
    for name in ("a.gif", "a.png"):
        first.save(tmp_path / name, save_all=True, append_images=[second])
        (page,) = drawn(tmp_path / name)
        assert sum(page.histogram()[:128]) < 0.5 * 300 * 450


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_upright_however_the_camera_was_held(tmp_path: Path, orientation: int) -> None:
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    upright = Image.new("L", (400, 600), 255)
    ImageDraw.Draw(upright).rectangle((0, 0, 399, 60), fill=0)  # a bar at the head
    exif = Image.Exif()
    exif[274] = orientation
    held = upright.transpose(undo[orientation]) if orientation in undo else upright
    held.save(tmp_path / "a.jpg", exif=exif, dpi=(72, 72))
    (page,) = drawn(tmp_path / "a.jpg")
    inked = page.point(lambda shade: 255 if shade < 128 else 0).getbbox()
    assert inked is not None
    left, top, right, bottom = inked
    assert right - left > 5 * (bottom - top), "the bar lies"
    assert (top + bottom) / 2 < page.height / 2, "at the head"


def test_a_large_photograph_fits_on_the_page_and_a_small_one_is_not_blown_up(tmp_path: Path) -> None:
    Image.new("L", (4000, 3000), 0).save(tmp_path / "large.png")
    Image.new("L", (96, 96), 0).save(tmp_path / "small.png")
    (large,), (small,) = drawn(tmp_path / "large.png"), drawn(tmp_path / "small.png")
    assert sorted(large.size) == [612, 792]
    assert shades(large)[1] > 240
    assert abs(sum(small.histogram()[:128]) - 72 * 72) < 300


def test_a_picture_that_can_go_as_it_is_is_not_drawn_anew(tmp_path: Path) -> None:
    out = io.BytesIO()
    half("L", 255, 0).save(out, "JPEG")
    (tmp_path / "a.jpg").write_bytes(out.getvalue())
    assert out.getvalue() in DOCUMENTS.make([Source(tmp_path / "a.jpg", "a.jpg")]).content
