"""Cover pages: everything that is known of the fax is on them, and nothing of a template fails silently."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pytest

from faxdaemon.contracts.documents import FIELDS, CannotMake
from faxdaemon.documents import open_documents

DOCUMENTS = open_documents()
ALL = {name: f"<{name}>" for name in FIELDS if name != "pages"}


def texts(template: Path | None, fields: dict[str, str], following: int | None = 2) -> list[str]:
    made = DOCUMENTS.cover(template, fields, following)
    pages = [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(made.content)]
    assert len(pages) == made.pages
    return pages


@pytest.fixture
def template(tmp_path: Path):
    def written(text: str, encoding: str = "utf-8") -> Path:
        (tmp_path / "cover.txt").write_text(text, encoding)
        return tmp_path / "cover.txt"

    return written


def test_every_field_is_on_the_built_in_page() -> None:
    (page,) = texts(None, ALL)
    assert [value for value in ALL.values() if value not in page] == []
    assert "3, with this one" in page


def test_lines_without_anything_to_say_are_left_out() -> None:
    (page,) = texts(None, {"number": "+13035550100", "company": "South Clinic"}, None)
    assert page.split() == ["Fax", "To", "South", "Clinic", "Fax", "+13035550100"]


def test_the_same_page_is_the_same_bytes() -> None:
    assert DOCUMENTS.cover(None, ALL, 2) == DOCUMENTS.cover(None, ALL, 2)
    assert DOCUMENTS.cover(None, ALL, 2) != DOCUMENTS.cover(None, ALL, 3)


def test_every_word_of_a_long_text_is_there_and_inside_the_paper(template) -> None:
    words = [f"word{n}" for n in range(1500)] + ["x" * 300]
    pages = texts(template("{pages}\n{text}\n"), {"text": " ".join(words)})
    assert len(pages) > 1
    assert pages[0].split()[0] == str(2 + len(pages)), "its own pages count"
    said = "".join("".join(pages).split())
    assert said == str(2 + len(pages)) + "".join(words)
    for page in pypdfium2.PdfDocument(DOCUMENTS.cover(template("{text}"), {"text": " ".join(words)}, 2).content):
        dark = page.render(scale=1, grayscale=True).to_pil().point(lambda shade: 255 * (shade < 128)).getbbox()
        assert dark is not None
        assert dark[0] >= 60
        assert dark[2] <= 552
        assert dark[3] <= 732


@pytest.mark.parametrize("letters", ["W" * 400, "Ü" * 400, "m…— " * 200, "I" * 900])
def test_no_line_is_wider_than_the_paper(template, letters: str) -> None:
    for mark in ("", "# ", "## ", "A | "):
        made = DOCUMENTS.cover(template(f"{mark}{{text}}"), {"text": letters}, 2)
        for page in pypdfium2.PdfDocument(made.content):
            dark = page.render(scale=1, grayscale=True).to_pil().point(lambda shade: 255 * (shade < 128)).getbbox()
            assert dark is not None
            assert dark[2] <= 545


def test_what_a_field_says_is_no_template(template) -> None:
    (page,) = texts(template("{text}"), {"text": "# {to} | \\(no\n---", "to": "secret"})
    assert page.split() == ["#", "{to}", "|", "\\(no", "---"]


def test_letters_of_our_neighbours(template) -> None:
    (page,) = texts(template("{to}"), {"to": "Łucja Grün, Čapek, €5 – “Ø”"})
    assert page == "Lucja Grün, Capek, €5 – “Ø”"


@pytest.mark.parametrize(
    ("text", "fields", "why"),
    [
        ("one\n{too}", {}, r"line 2 of the cover template .* has \{too\}; there are: to, number"),
        ("x" * 70_000, {}, "larger than 64 KiB"),
        ("{text}", {"text": "a\n" * 5000}, "shorten its text"),
        ("{to}", {"to": "Жанна"}, "letters that cannot be printed here .Жан"),
    ],
)
def test_what_is_wrong_with_it_is_told(template, text: str, fields: dict[str, str], why: str) -> None:
    with pytest.raises(CannotMake, match=why):
        DOCUMENTS.cover(template(text), fields, 2)


def test_a_template_that_cannot_be_read(template, tmp_path: Path) -> None:
    with pytest.raises(CannotMake, match=r"gone\.txt cannot be read \(No such file"):
        DOCUMENTS.cover(tmp_path / "gone.txt", {}, 2)
    with pytest.raises(CannotMake, match="no text in UTF-8"):
        DOCUMENTS.cover(template("Größe", "latin-1"), {}, 2)
