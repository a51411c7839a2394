"""Codes in documents, with the dirt of real print streams."""

from __future__ import annotations

from typing import Any

import pytest

from faxdaemon.contracts.documents import Page
from faxdaemon.contracts.format import BadRequest, FolderAsks, NotMine, Papers
from faxdaemon.core import regular
from faxdaemon.core.wishes import VOCABULARY
from faxdaemon.formats import activefax, rightfax, rightfax_fcl_codes, site_codes, vsifax_codes, zetafax_codes

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


@pytest.mark.parametrize(
    ("text", "number", "name"),
    [
        ("%%[Fax: 020 7946 0123]", "020 7946 0123", None),
        ("%%[TO: Dr Lee]\r\n%%[FAX:020 7946 0123 ]", "020 7946 0123", "Dr Lee"),
        ("text %%[ fax : 1 ] more %%[To:  ]", "1", None),
    ],
)
def test_zetafax_codes(text: str, number: str, name: str | None) -> None:
    order = read(zetafax_codes, text)
    assert [(each.number, each.name) for each in order.requests] == [(number, name)]
    assert order.hold is None


@pytest.mark.parametrize("code", ["%%[Preview]", "%%[Hold: YES]", "%%[After: 12:00]"])
def test_a_zetafax_code_that_we_cannot_follow_holds_the_fax(code: str) -> None:
    assert read(zetafax_codes, f"%%[Fax: 1]{code}").hold


def test_vsifax_tags() -> None:
    order = read(vsifax_codes, "@+VFX[tfn=555-0123]@+vfx[ TNM = North Clinic ]\n@+TAG[sub=x]")
    (request,) = order.requests
    assert (request.number, request.name, request.options) == ("555-0123", "North Clinic", {"subject": "x"})
    assert "zzz" in read(vsifax_codes, "@+VFX[tfn=1]@+VFX[zzz=2]").hold


def test_a_sites_own_codes() -> None:
    asks = FolderAsks("{number}", None, codes=(r"Fax-To (?P<number>[0-9 ]+)", r"Ref: (?P<reference>\w+)"))
    page = Page(1, "Hello\r\nFax-To 303 555 0123\r\nRef: 4711\r\nbye")
    (order,) = site_codes.open_format(asks).read(Papers("x.pdf", pages=lambda: (page,)))
    assert [(each.number, each.reference) for each in order.requests] == [("303 555 0123", "4711")]
    assert [each.text for each in order.removals] == ["Fax-To 303 555 0123", "Ref: 4711"]


def test_a_careless_expression_of_a_site_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each few characters more double its time; without a limit this one would take longer than there is."""
    monkeypatch.setattr(regular, "PATIENCE", 0.01)
    asks = FolderAsks("{number}", None, codes=(r"(?P<number>(a|aa)+)c",))
    page = Page(1, "a" * 1000)
    refused = site_codes.open_format(asks).read(Papers("x.pdf", pages=lambda: (page,)))
    assert isinstance(refused, BadRequest)
    assert "takes too long" in refused.reason


def test_expressions_have_so_much_time_for_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many lines, each a little slow, are slow as well."""
    monkeypatch.setattr(site_codes, "PAGE", -1.0)
    asks = FolderAsks("{number}", None, codes=(r"FAX~(?P<number>[^~]+)~",))
    refused = site_codes.open_format(asks).read(Papers("x.pdf", pages=lambda: (Page(1, "FAX~303 555 0123~"),)))
    assert isinstance(refused, BadRequest)
    assert "takes too long" in refused.reason


def test_a_line_that_repeats_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    real = regular.Regular.search
    monkeypatch.setattr(regular.Regular, "search", lambda self, line: seen.append(line) or real(self, line))
    asks = FolderAsks("{number}", None, codes=(r"FAX~(?P<number>[^~]+)~",))
    page = Page(1, "FAX~303 555 0123~\n\n\nFAX~303 555 0123~")
    (order,) = site_codes.open_format(asks).read(Papers("x.pdf", pages=lambda: (page,)))
    assert [request.number for request in order.requests] == ["303 555 0123"]
    assert seen == ["FAX~303 555 0123~", ""]


def test_fcl_on_the_first_and_the_last_page() -> None:
    order = read(rightfax_fcl_codes, "{{begin}}{{doctype PO}}", "{{company North}}{{ FAX 303 555 0123 }}\r\n{{end}}")
    (request,) = order.requests
    assert (request.number, request.options) == ("303 555 0123", {"recipient_company": "North"})
    assert (order.hold, {each.page for each in order.removals}) == (None, {1, 2})


@pytest.mark.parametrize("command", ["{{lookup id buyer.inc}}", "{{attach C:\\x.pdf}}", "{{faks 1}}"])
def test_fcl_that_we_cannot_follow_holds_the_fax(command: str) -> None:
    assert read(rightfax_fcl_codes, f"{{{{fax 1}}}}{command}").hold


def test_different_numbers_on_the_first_and_the_last_page_are_held() -> None:
    """Several letters printed in one go: each would get the others' pages."""
    pages = (Page(1, "@F211 303 555 0123@"), Page(3, "@F211 303 555 0124@"))
    found = activefax.open_format(FolderAsks("", None)).read(Papers("x.pdf", pages=lambda: pages))
    assert isinstance(found, list)
    assert "perhaps it is several letters in one" in (found[0].hold or "")
    same = (Page(1, "@F211 303 555 0123@"), Page(3, "@F211 303 555 0123@ @F307 Rates@"))
    found = activefax.open_format(FolderAsks("", None)).read(Papers("x.pdf", pages=lambda: same))
    assert isinstance(found, list)
    assert found[0].hold is None


@pytest.mark.parametrize("module", [activefax, rightfax, rightfax_fcl_codes, vsifax_codes, zetafax_codes])
def test_all_that_its_codes_can_mean_is_told(module: Any) -> None:
    means = set(module.MEANINGS.values()) - {"number", ""}
    words = {meaning if meaning in VOCABULARY or meaning in {"name", "reference"} else "fields" for meaning in means}
    assert words <= set(module.ABOUT.carries)
