"""Names of documents that ask: ActiveFax's fields, a number first, Snappy Fax, a site's own regular expression."""

from __future__ import annotations

import pytest
from support.dialects import read

from faxdaemon.contracts.format import BadRequest, FolderAsks, NotMine
from faxdaemon.core import regular
from faxdaemon.core.model import Request
from faxdaemon.outbound.dialects import Asked


def request(dialect: str, name: str, pattern: str = "{number}", region: str = "US") -> Request:
    found = read(dialect, name, b"", FolderAsks(pattern, None, region=region))
    assert isinstance(found, Asked), found
    ((only,),) = (order.requests for order in found.orders)
    return only


def refused(dialect: str, name: str) -> str:
    found = read(dialect, name, b"")
    assert isinstance(found, BadRequest), found
    return found.reason


def left(dialect: str, name: str) -> str:
    found = read(dialect, name, b"")
    assert isinstance(found, NotMine), found
    return found.hint or ""


# -- ActiveFax


@pytest.mark.parametrize(
    "name",
    [
        "20260102_417@F201 North Clinic@@F211 1-555-555-0123@.pdf",
        "@F201 North Clinic@ @F211 1-555-555-0123 @.pdf",
        "@F201 North Clinic @F211 1-555-555-0123.pdf",
        "@F201North Clinic@@F2111-555-555-0123@@.PDF",
        "x@f201 North Clinic@y@f211 1-555-555-0123@z.pdf",
        "@F211 1-555-555-0123@@F201 North Clinic@@F211 1-555-555-0123@",
    ],
)
def test_fields_of_activefax_however_they_are_closed(name: str) -> None:
    assert request("activefax_name", name) == Request("1-555-555-0123", "North Clinic")


def test_other_fields_of_activefax() -> None:
    name = r"@F211 5555550123@@F307 50\@ each@@F301 1@@F212 a@example.org@@F308 x@@F111 b\@example.org.pdf"
    assert request("activefax_name", name) == Request(
        "5555550123",
        fields={"F301": "1", "F212": "a@example.org", "F308": "x", "F111": "b@example.org"},
        options={"subject": "50@ each"},
    )


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("@F201 North Clinic@.pdf", "none of them is a number"),
        ("@F211 @.pdf", "none of them is a number"),
        ("@F211 5555550123@@F211 5555550124@.pdf", "two different fields @F211"),
        ("@F211 5555550123 invoice.pdf", "“5555550123 invoice” in @F211 is not a fax number"),
    ],
)
def test_why_fields_of_activefax_cannot_be_followed(name: str, why: str) -> None:
    assert why in refused("activefax_name", name)


@pytest.mark.parametrize("name", ["letter.pdf", "a@b.pdf", "@F21 5555550123@.pdf"])
def test_a_name_without_them_is_left_to_others(name: str) -> None:
    assert "no ActiveFax field" in left("activefax_name", name)


# -- a number first


@pytest.mark.parametrize(
    ("name", "number", "title"),
    [
        ("3035550123.pdf", "3035550123", None),
        ("3035550123_invoice.pdf", "3035550123", "invoice"),
        ("+1 (303) 555-0123.PDF", "+1 (303) 555-0123", None),
        ("(303) 555-0123 invoice 4711.pdf", "(303) 555-0123", "invoice 4711"),
        ("303.555.0123 - Lee.pdf", "303.555.0123", "Lee"),
        ("3035550123_20260102_x.pdf", "3035550123", "20260102_x"),
        ("3035550123 (2).pdf", None, None),
        ("3035550123-2.pdf", None, None),
        ("3035550123invoice.pdf", None, None),
        ("invoice_3035550123.pdf", None, None),
        ("2026-01-02 report.pdf", None, None),
        ("20260102.pdf", None, None),
        ("5550123_x.pdf", None, None),
        (".pdf", None, None),
    ],
)
def test_a_number_first_and_a_title_behind_it(name: str, number: str | None, title: str | None) -> None:
    if number is None:
        assert "the name does not begin with a fax number" in left("number_first", name)
    else:
        assert request("number_first", name) == Request(number, fields={"title": title} if title else {})


def test_a_number_is_read_as_the_region_writes_it() -> None:
    assert request("number_first", "030 901820 Bericht.pdf", region="DE").number == "030 901820"
    assert left("number_first", "030 901820 Bericht.pdf")


# -- Snappy Fax


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        (
            "Joe Lee_15555550123_R_Y_Subject_Message_Memo_Bill.docx",
            Request(
                "15555550123",
                "Joe Lee",
                fields={"memo": "Memo"},
                options={"billing_code": "Bill", "cover_text": "Message", "subject": "Subject"},
            ),
        ),
        (
            "Joe Lee_15555550123_S_n_Subject_Message.docx",
            Request("15555550123", "Joe Lee", fields={"subject": "Subject", "message": "Message"}),
        ),
        ("_15555550123_r_N.pdf", Request("15555550123")),
        (
            "Joe_1_R_Y_Subject.pdf",
            Request("1", "Joe", options={"cover_text": "Subject", "subject": "Subject"}),
        ),
    ],
)
def test_names_of_snappy_fax(name: str, wanted: Request) -> None:
    assert request("snappyfax_name", name) == wanted


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Joe__R_N.pdf", "no fax number in its second place"),
        ("Joe_1_R_Y.pdf", "a cover page (Y) with nothing on it"),
        ("Joe_1_R_Y_a_b_c_d_e.pdf", "9 parts where 8 are known"),
    ],
)
def test_why_a_name_of_snappy_fax_cannot_be_followed(name: str, why: str) -> None:
    assert why in refused("snappyfax_name", name)


@pytest.mark.parametrize("name", ["Joe_1.pdf", "Joe_1_X_Y.pdf", "Joe_1_R_maybe.pdf", "letter.pdf"])
def test_a_name_of_another_shape_is_left_to_others(name: str) -> None:
    assert "Name_Number_R_Y" in left("snappyfax_name", name)


# -- a regular expression


def test_a_sites_own_regular_expression() -> None:
    pattern = r"regex:(?i)(?:fax|f)-(?P<number>[0-9 -]+?)(?:-(?P<resolution>fine))?(?:\+(?P<name>.*))?"
    assert request("filename", "FAX-303-555-0123-fine+Dr. Lee.pdf", pattern) == Request(
        "303-555-0123", "Dr. Lee", None, {"resolution": "fine"}, {"resolution": "fine"}
    )
    assert request("filename", "f-303 555 0123+.pdf", pattern) == Request("303 555 0123")
    found = read("filename", "303.pdf", b"", FolderAsks(pattern, None))
    assert isinstance(found, NotMine)
    assert "regex:" in (found.hint or "")


def test_an_expression_that_takes_too_long_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regular, "PATIENCE", 0.01)
    found = read("filename", "a" * 200 + ".pdf", b"", FolderAsks(r"regex:(?P<number>(?:a|aa)+)(?=c)(?<!x)", None))
    assert isinstance(found, BadRequest)
    assert "takes too long on this name" in found.reason
