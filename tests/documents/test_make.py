"""One PDF of several documents, and codes that nobody can read on it any more."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PIL import Image
from support.papers import make_tiff, pdf_bytes

from faxdaemon.contracts.documents import CannotMake, Page, Removal, Source
from faxdaemon.documents import clean, open_documents
from faxdaemon.documents.merge import Part, merge
from faxdaemon.documents.paper import text_pdf

DOCUMENTS = open_documents()
CODE = "@F211 303 555 0123@"


@pytest.fixture
def paper(tmp_path: Path) -> Any:
    def written(name: str, content: bytes) -> Path:
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return written


def picture(form: str, mode: str = "1") -> bytes:
    out = io.BytesIO()
    Image.new(mode, (200, 100), 1 if mode == "1" else "white").save(out, form)
    return out.getvalue()


def ink(content: bytes, page: int = 0) -> int:
    """Dark dots on a page as it is drawn."""
    image = pypdfium2.PdfDocument(content)[page].render(scale=2, grayscale=True).to_pil()
    return sum(image.histogram()[:128])


def test_the_first_and_the_last_page_are_read(paper: Any) -> None:
    assert DOCUMENTS.text(paper("a.pdf", text_pdf("one\ftwo\fthree")), "a.pdf") == (Page(1, "one"), Page(3, "three"))
    assert DOCUMENTS.text(paper("a.txt", b"one\ftwo\fthree\f"), "a.txt") == (Page(1, "one"), Page(3, "three"))
    assert DOCUMENTS.text(paper("b.txt", b"one"), "b.txt") == (Page(1, "one"),)


@pytest.mark.parametrize("content", [b"", b"%PDF-1.4 broken", b"\x00\x01\x02", picture("PNG")])
def test_what_has_no_text_has_none(paper: Any, content: bytes) -> None:
    assert DOCUMENTS.text(paper("a", content), "a") == ()


def test_all_pages_of_all_documents_in_their_order(paper: Any, tmp_path: Path) -> None:
    sources = [
        Source(paper("a.txt", b"first"), "a.txt"),
        Source(paper("b.pdf", pdf_bytes(pages=2, text="second")), "b.pdf"),
        Source(make_tiff(tmp_path / "c.tif"), "c.tif"),
        Source(paper("d.png", picture("PNG", "RGB")), "d.png"),
        Source(paper("e.jpg", picture("JPEG", "RGB")), "e.jpg"),
    ]
    made = DOCUMENTS.make(sources)
    assert made.pages == len(pypdfium2.PdfDocument(made.content)) == 6
    out = paper("out.pdf", made.content)
    assert DOCUMENTS.inspect(out, "out.pdf").pages == 6
    assert DOCUMENTS.text(out, "out.pdf")[0].text == "first"


@pytest.mark.parametrize("name", ["a.pdf", "a.txt"])
def test_a_code_is_gone_and_everything_else_is_there(paper: Any, name: str) -> None:
    text = f"Dear all,\n{CODE} and more\nthe end"
    content = text_pdf(text) if name.endswith("pdf") else text.encode()
    made = DOCUMENTS.make([Source(paper(name, content), name, (Removal(1, CODE),))])
    assert ink(made.content) == ink(text_pdf(text.replace(CODE, " " * len(CODE) if name.endswith("pdf") else "")))


def test_every_occurrence_on_its_page_is_gone(paper: Any) -> None:
    made = DOCUMENTS.make([Source(paper("a.pdf", text_pdf(f"{CODE}\n\n  {CODE}")), "a.pdf", (Removal(1, CODE),))])
    assert ink(made.content) == 0


def test_a_whole_page_is_taken_out(paper: Any) -> None:
    made = DOCUMENTS.make([Source(paper("a.pdf", text_pdf(f"one\f{CODE}")), "a.pdf", (Removal(2, None),))])
    assert made.pages == 1
    assert DOCUMENTS.text(paper("b.pdf", made.content), "b.pdf") == (Page(1, "one"),)


def test_where_a_code_can_still_be_seen_nothing_is_made(paper: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clean.pdfium, "FPDFPageObj_SetFillColor", lambda *_: True)  # the patch stays black
    with pytest.raises(CannotMake, match="still be legible"):
        merge([Part("a.pdf", text_pdf(CODE), (Removal(1, CODE),))])


@pytest.mark.parametrize(
    ("name", "content", "removals", "why"),
    [
        ("a.pdf", text_pdf("hello"), (Removal(1, CODE),), "cannot be found again"),
        ("a.txt", b"hello", (Removal(1, CODE),), "cannot be found again"),
        ("a.pdf", text_pdf("hello"), (Removal(1, None),), "nothing is left"),
        ("a.txt", "Уважаемый".encode(), (), "a.txt has letters that cannot be printed here .Уважемый"),
        ("a.svg", b"<svg>hello</svg>", (), "cannot be turned into a PDF here"),
        ("a.pdf", b"%PDF-1.4 broken", (), "cannot be put together"),
        ("a.png", b"\x89PNG\r\n\x1a\nbroken", (), "not a picture"),
    ],
)
def test_what_cannot_be_made_is_told(paper: Any, name: str, content: bytes, removals: Any, why: str) -> None:
    with pytest.raises(CannotMake, match=why):
        DOCUMENTS.make([Source(paper(name, content), name, removals)])


def test_letters_of_our_neighbours_are_printed_as_the_nearest(paper: Any) -> None:
    made = DOCUMENTS.make([Source(paper("a.txt", "Łódź, Plzeň, 5 €".encode()), "a.txt")])
    assert DOCUMENTS.text(paper("b.pdf", made.content), "b.pdf") == (Page(1, "Lódz, Plzen, 5 €"),)


def test_a_code_on_a_turned_page_is_not_trusted_to_be_gone(paper: Any) -> None:
    document = pypdfium2.PdfDocument(text_pdf(CODE))
    document[0].set_rotation(90)
    out = io.BytesIO()
    document.save(out)
    with pytest.raises(CannotMake, match="turned"):
        DOCUMENTS.make([Source(paper("a.pdf", out.getvalue()), "a.pdf", (Removal(1, CODE),))])
