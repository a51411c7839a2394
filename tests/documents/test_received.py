"""Received documents in other forms: point by point the same where that is possible, and told where it is not."""

from __future__ import annotations

import io
import struct

import img2pdf
import pytest
from PIL import Image, ImageDraw, ImageSequence
from support.papers import pdf_bytes

from faxdaemon.documents import open_documents
from faxdaemon.documents.inspect import Inspector

PDF, TIFF = "application/pdf", "image/tiff"


@pytest.fixture
def documents() -> Inspector:
    found = open_documents()
    assert isinstance(found, Inspector)
    return found


def sheets(count: int = 3, size: tuple[int, int] = (1728, 1100)) -> list[Image.Image]:
    pages = []
    for number in range(count):
        page = Image.new("1", size, 1)
        ImageDraw.Draw(page).text((40, 40 + number), f"page {number}", fill=0, font_size=60)
        ImageDraw.Draw(page).rectangle((size[0] - 200, number, size[0] - 100, 200), fill=0)
        pages.append(page)
    return pages


def tiff(
    pages: list[Image.Image], compression: str = "group4", dpi: tuple[int, int] = (204, 98), **more: object
) -> bytes:
    room = io.BytesIO()
    pages[0].save(room, "TIFF", compression=compression, dpi=dpi, save_all=True, append_images=pages[1:], **more)
    return room.getvalue()


def wrapped(content: bytes) -> bytes:
    return bytes(img2pdf.convert(content, nodate=True, engine=img2pdf.Engine.internal))


def pixels(content: bytes) -> list[bytes]:
    with Image.open(io.BytesIO(content)) as image:
        return [frame.convert("1").tobytes() for frame in ImageSequence.Iterator(image)]


def strips(content: bytes) -> list[bytes]:
    """What was coded, page by page."""
    found = []
    with Image.open(io.BytesIO(content)) as image:
        for frame in ImageSequence.Iterator(image):
            tags = frame.tag_v2  # type: ignore[attr-defined] # a TIFF's frames have it
            parts = zip(tags[273], tags[279], strict=True)
            found.append(b"".join(content[at : at + size] for at, size in parts))
    return found


def _abs(width: int, height: int) -> tuple[tuple[img2pdf.ImgSize, int], ...]:
    return (img2pdf.ImgSize.abs, width), (img2pdf.ImgSize.abs, height)


@pytest.mark.parametrize("compression", ["group4", "group3", "tiff_lzw", "packbits", "raw"])
@pytest.mark.parametrize("more", [{}, {"strip_size": 4096}, {"big_endian": True}], ids=str)
def test_each_page_of_a_tiff_keeps_its_strips(documents: Inspector, compression: str, more: dict[str, object]) -> None:
    content = tiff(sheets(), compression, **more)
    made = documents.as_tiff(content, TIFF, each=True)
    assert made is not None and made.lossless
    assert [strips(page) for page in made.files] == [[strip] for strip in strips(content)]
    assert [pixels(page) for page in made.files] == [[page] for page in pixels(content)]
    for page in made.files:
        with Image.open(io.BytesIO(page)) as image:
            assert tuple(map(round, image.info["dpi"])) == (204, 98)
            assert image.n_frames == 1  # type: ignore[attr-defined] # likewise


def test_a_tiff_in_one_file_is_the_very_same(documents: Inspector) -> None:
    content = tiff(sheets())
    made = documents.as_tiff(content, TIFF, each=False)
    assert made is not None
    assert (made.files, made.lossless) == ((content,), True)


@pytest.mark.parametrize("dpi", [(204, 98), (204, 196), (408, 391)], ids=str)
@pytest.mark.parametrize("size", [(1728, 1100), (2432, 300)], ids=str)
def test_fax_images_in_a_pdf_come_out_point_by_point(
    documents: Inspector, dpi: tuple[int, int], size: tuple[int, int]
) -> None:
    content = tiff(sheets(size=size), dpi=dpi)
    made = documents.as_tiff(wrapped(content), PDF, each=False)
    assert made is not None and made.lossless
    (whole,) = made.files
    assert pixels(whole) == pixels(content)
    with Image.open(io.BytesIO(whole)) as image:
        assert tuple(map(round, image.info["dpi"])) == dpi
        assert image.tag_v2[259] == 4  # type: ignore[attr-defined] # likewise
    again = documents.as_tiff(wrapped(content), PDF, each=False)
    assert again == made


def test_each_page_of_a_pdf(documents: Inspector) -> None:
    content = tiff(sheets())
    made = documents.as_tiff(wrapped(content), PDF, each=True)
    assert made is not None and made.lossless
    assert [pixels(page) for page in made.files] == [[page] for page in pixels(content)]


def test_a_pdf_of_text_is_drawn_and_told(documents: Inspector) -> None:
    made = documents.as_tiff(pdf_bytes(pages=2, text="hello"), PDF, each=False)
    assert made is not None and not made.lossless
    with Image.open(io.BytesIO(made.files[0])) as image:
        assert (image.width, image.n_frames) == (1728, 2)  # type: ignore[attr-defined] # likewise
        assert image.convert("L").getextrema() == (0, 255)


@pytest.mark.parametrize("turn", [90, 180])
def test_a_page_that_is_shown_turned_is_drawn(documents: Inspector, turn: int) -> None:
    content = wrapped(tiff(sheets(1))).replace(b"/Type /Page\n", b"/Type /Page\n/Rotate %d\n" % turn)
    assert b"/Rotate" in content
    made = documents.as_tiff(content, PDF, each=False)
    assert made is not None and not made.lossless


def test_a_photograph_is_drawn(documents: Inspector) -> None:
    grey = Image.linear_gradient("L").resize((800, 1000))
    room = io.BytesIO()
    grey.save(room, "JPEG", dpi=(100, 100))
    made = documents.as_tiff(wrapped(room.getvalue()), PDF, each=False)
    assert made is not None and not made.lossless


def test_a_picture_that_is_not_all_of_its_page_is_drawn(documents: Inspector) -> None:
    layout = img2pdf.get_layout_fun((img2pdf.mm_to_pt(210), img2pdf.mm_to_pt(297)), _abs(300, 400))
    content = img2pdf.convert(tiff(sheets(1)), nodate=True, engine=img2pdf.Engine.internal, layout_fun=layout)
    made = documents.as_tiff(bytes(content), PDF, each=False)
    assert made is not None and not made.lossless


@pytest.mark.parametrize("each", [True, False])
@pytest.mark.parametrize(
    ("content", "media"),
    [(b"%PDF-1.4 damaged", PDF), (b"", PDF), (b"what", "application/octet-stream"), (b"\xff\xd8\xff", "image/jpeg")],
)
def test_what_is_none_gives_nothing(documents: Inspector, content: bytes, media: str, each: bool) -> None:
    assert documents.as_tiff(content, media, each=each) is None


def test_a_damaged_tiff_cannot_be_taken_apart(documents: Inspector) -> None:
    whole = tiff(sheets())
    endless = bytearray(tiff(sheets(1)))
    (first,) = struct.unpack_from("<I", endless, 4)
    (count,) = struct.unpack_from("<H", endless, first)
    struct.pack_into("<I", endless, first + 2 + 12 * count, first)
    for content in (
        b"",
        b"II*\0",
        whole[:4] + b"\xff" * 4,
        bytes(endless),
        b"II+\0" + whole[4:],
        whole[: len(whole) // 2],
    ):
        assert documents.as_tiff(content, TIFF, each=True) is None
