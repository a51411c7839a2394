"""The plain dialects: a table of recipients, key=value, a bare number, Faxbot's JSON."""

from __future__ import annotations

import pytest
from support.dialects import NUMBER, not_mine, opened, orders, refusal

from faxdaemon.contracts.format import BadRequest
from faxdaemon.core.model import Request
from faxdaemon.outbound.dialects import Asked, Dialects

# -- a table


def table(text: str | bytes) -> tuple[Request, ...]:
    (order,) = orders("csv_list", text)
    assert order.documents is None
    return order.requests


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_each_row_is_a_recipient(separator: str) -> None:
    rows = [
        ["Fax Number", "Name", "reference", "Resolution", "ward", "account"],
        ["+1 (303) 555-0123", '"Lee, Ann; ""Dr."""', "4711", "fine", "7b", "main"],
        ["3035550124", "", "", "", "", ""],
    ]
    assert table("\n".join(separator.join(row) for row in rows)) == (
        Request("+1 (303) 555-0123", 'Lee, Ann; "Dr."', "4711", {"ward": "7b"}, {"resolution": "fine"}, "main"),
        Request("3035550124"),
    )


@pytest.mark.parametrize(
    "text",
    [
        "number\n3035550123\n",
        "number;name\r\n3035550123;\r\n;\r\n\r\n",
        "sep=;\r\nnumber;name\r\n3035550123\r\n",
        '"number", "name"\n 3035550123 , \n',
        "number\r3035550123\r",
        "name,number,\n,3035550123,,,\n",
    ],
)
def test_tables_as_spreadsheets_write_them(text: str) -> None:
    assert table(text) == (Request("3035550123"),)


def test_a_cell_of_several_lines() -> None:
    assert table('number,cover_text\n3035550123,"one\ntwo"\n')[0].options == {"cover_text": "one\ntwo"}


def test_a_table_of_windows() -> None:
    assert table("number;name\n3035550123;Müller\n".encode("cp1252"))[0].name == "Müller"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("3035550123;Lee\n", "line 1: no column is called “number”"),
        ("number,name\n3035550123,Lee\n,Gray\n", "line 3: it has no fax number"),
        ("number,name\n3035550123,Lee,more\n", "line 2: it has more cells than there are headers"),
        ("number,,name\n3035550123,x,Lee\n", "line 2: it has a cell below an empty header"),
        ("number,fax\n1,2\n", "line 1: two columns mean number"),
        ("number,resolutoin\n1,fine\n", "line 1: “resolutoin” is not known here; did you mean resolution?"),
        ('number,name\n1,"Lee\n', "it is no table"),
        ('number,name\n1,"Lee"x\n', "line 2: it is no table"),
        ("number,name\n", "no recipient below them"),
        ("sep=;\nnumber;name\n;Lee\n", "line 3: it has no fax number"),
        ("", "line 1: no column"),
        ("number\n" + "3035550123\n" * 10_001, "line 10002: more than 10000 recipients"),
        ("number\n" + "1" * 200_000, "it is no table"),
    ],
)
def test_why_a_table_cannot_be_followed(text: str, why: str) -> None:
    assert why in refusal("csv_list", text)


def test_ten_thousand_recipients_are_possible() -> None:
    assert len(table("number\n" + "3035550123\n" * 10_000)) == 10_000


# -- key=value


def test_a_file_of_keys_and_values() -> None:
    text = (
        "# from the laboratory\n! likewise\n[Fax]\nFaxNumber: 1 (303) 555-0123\nRecipient Name = 'Dr. Lee'\n"
        "ref=4711\nsubject=a=b: c\nward = 7b\nempty =\ndocument = a.pdf\nDocument = b.pdf\n"
    )
    (order,) = orders("key_value", text, "job.PROPERTIES")
    assert order.documents == ("a.pdf", "b.pdf")
    assert order.requests == (Request("1 (303) 555-0123", "Dr. Lee", "4711", {"ward": "7b"}, {"subject": "a=b: c"}),)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("name=Lee\n", "it has no fax number"),
        ("to=1\nfax=2\n", "line 2: “fax” is said a second time"),
        ("to=1\n[a]\nname=x\n[b]\n", "line 4: a second section"),
        ("to=1\nhello\n", "line 2: “hello” is not key=value"),
        ("to=1\n=x\n", "line 2: “=x” is not key=value"),
        ("to=1\npriorty=high\n", "line 2: “priorty” is not known here; did you mean priority?"),
    ],
)
def test_why_keys_and_values_cannot_be_followed(text: str, why: str) -> None:
    assert why in refusal("key_value", text)


# -- a bare number


@pytest.mark.parametrize("text", ["5555550123", " +1 (555) 555-0123 \r\n\r\n", "\n555.555.0123"])
def test_a_number_and_nothing_else(text: str) -> None:
    (order,) = orders("number_file", text)
    assert (order.requests, order.documents) == ((Request(text.strip()),), None)


@pytest.mark.parametrize(
    "text",
    ["", "\n", "Dear Sir,\n", "5555550123 Lee", "5555550123\n5555550124\n", "1234", "1" * 21, "5" * 500, b"\xff\xfe5"],
)
def test_any_other_text_is_a_document(text: str | bytes) -> None:
    assert not_mine("number_file", text)


# -- Faxbot


def test_faxbot_asks_with_one_key() -> None:
    (order,) = orders("faxbot", '{"to": " +13035550123 "}')
    assert order.requests == (Request(NUMBER),)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        ("[]", 'it is not {"to": "…"}'),
        ('{"number": "1"}', 'it is not {"to": "…"}'),
        ('{"to": 3035550123}', "in quotes"),
        ('{"to": ""}', "must be one fax number"),
        ('{"to": "1", "cover": "x"}', "cover: is not known here; the dialect “request”"),
    ],
)
def test_why_faxbots_file_cannot_be_followed(text: str, why: str) -> None:
    assert why in refusal("faxbot", text)


@pytest.mark.parametrize(("name", "answer"), [("faxbot", "a.result.json"), ("csv_list", "a.RESULT.csv")])
def test_our_answers_are_no_requests(name: str, answer: str) -> None:
    assert not opened(name).is_control(answer)


def test_a_request_of_our_own_is_read_as_that_whatever_comes_first() -> None:
    known = [(name, opened(name)) for name in ("faxbot", "request")]
    more, plain = b'{"to": "+13035550123", "name": "Dr. Lee"}', b'{"to": "+13035550123"}'
    for order in (known, known[::-1]):
        found = Dialects(order).control("a.json", more)
        assert isinstance(found, Asked)
        assert (found.format, found.orders[0].requests[0].name) == ("request", "Dr. Lee")
        assert isinstance(Dialects(order).control("a.json", plain), Asked)
    alone = Dialects(known[:1]).control("a.json", more)
    assert isinstance(alone, BadRequest), "nobody said that this folder speaks it"
