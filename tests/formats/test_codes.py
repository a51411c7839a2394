"""Codes in documents, with the dirt of real print streams."""

from __future__ import annotations

from typing import Any

import pytest

from faxdaemon.contracts.documents import Page
from faxdaemon.contracts.format import FolderAsks, NotMine, Papers
from faxdaemon.formats import activefax, rightfax

ASKS = FolderAsks("{number}", None)


def read(module: Any, *pages: str) -> Any:
    made = tuple(Page(n, text) for n, text in enumerate(pages, 1))
    found = module.open_format(ASKS).read(Papers("x.pdf", pages=lambda: made))
    return found if isinstance(found, NotMine) else found[0]


@pytest.mark.parametrize(
    "text",
    [
        "@F201 North Clinic@@F211 303 555 0123@",
        "@F201 North Clinic@ @F211 303 555 0123 @",
        "@F201 North Clinic@F211 303 555 0123@",
        "@F201 North Clinic\r\n@F211 303 555 0123",
        "@F201North Clinic@\n\n   @F211\t303 555 0123@ text behind it",
    ],
)
def test_activefax_fields_closed_or_not(text: str) -> None:
    order = read(activefax, text)
    (request,) = order.requests
    assert (request.number, request.name, order.hold) == ("303 555 0123", "North Clinic", None)
    left = text
    for removal in order.removals:
        assert removal.text in text
        left = left.replace(removal.text, "")
    assert "@" not in left
    assert "555" not in left


def test_an_at_sign_may_be_masked() -> None:
    assert read(activefax, r"@F201 a\@b@@F211 1@").requests[0].name == "a@b"


def test_several_numbers_are_several_recipients() -> None:
    assert [r.number for r in read(activefax, "@F211 1@@F211 2@", "@F211 1@").requests] == ["1", "2"]


@pytest.mark.parametrize("text", ["", "nothing", "@F201 somebody@", "a@b.org", "@F211 @"])
def test_without_a_number_nobody_asked(text: str) -> None:
    assert read(activefax, text) == NotMine()


def test_fields_that_contradict_each_other_hold_the_fax() -> None:
    assert "name" in read(activefax, "@F211 1@@F201 Lee@@F201 Mu@").hold


def test_an_unknown_field_holds_the_fax() -> None:
    assert "F999" in read(activefax, "@F211 1@@F999 x@").hold


@pytest.mark.parametrize(
    "text",
    [
        "<TOFAXNUM:13035550123><TONAME:North Clinic>",
        "*AUTOFAX* <TOFAXNUM: 13035550123>\r\n<toname:North Clinic><NOCOVER>",
        "*AUTOFAX*<tofaxnum:13035550123 ><ToName: North Clinic >",
    ],
)
def test_rightfax_codes(text: str) -> None:
    order = read(rightfax, text)
    (request,) = order.requests
    assert (request.number, request.name, order.hold) == ("13035550123", "North Clinic", None)
    left = text
    for removal in order.removals:
        left = left.replace(removal.text, "")
    assert left.strip() == ""


def test_rightfax_notes_are_put_together() -> None:
    order = read(rightfax, "<TOFAXNUM:1><NOTE:one><NOTE:two>")
    assert order.requests[0].options == {"cover_text": "one\ntwo"}


@pytest.mark.parametrize("code", ["<TOFAXNUN:2>", "<SENDAT:12:00>", "<PREVIEW>"])
def test_what_looks_like_a_rightfax_code_holds_the_fax_and_is_removed_too(code: str) -> None:
    order = read(rightfax, f"<TOFAXNUM:1>{code}")
    assert code[1:5] in order.hold
    assert code in {removal.text for removal in order.removals}


def test_html_is_not_a_code() -> None:
    assert read(rightfax, "<TOFAXNUM:1><table><font>").hold is None
