"""GFI FaxMaker TextAPI: `::` lines, and `.ok` or `.err`."""

from __future__ import annotations

import pytest
from support.answers import CANCELLED, FAILED, HELD, SENT, ended, in_folder, told, unread
from support.dialects import dirty, not_mine, orders, refusal

from faxdaemon.contracts.format import Order
from faxdaemon.core.model import Request
from faxdaemon.core.wishes import parse

ALL = """::Ann, North Clinic, Müller, Lab, ann@example.org, (303) 555 0123
::s=Result of 1/2,from=Dr. Gray,fh=NORTH,c=cover1,B=5,p=high,line=2,H,2036-04-21-16:05:00,A=r1.pdf, a = "x y.tif"
Dear Ann,

the result.
"""


def one(content: str | bytes) -> Order:
    (order,) = orders("gfi_text", content, "a.txt")
    return order


def request(content: str) -> Request:
    (found,) = one(content).requests
    return found


@pytest.mark.parametrize("dirt", dirty(ALL))
def test_all_that_it_can_say_is_understood_however_dirty(dirt: str) -> None:
    (order,) = orders("gfi_text", dirty(ALL)[dirt], "RESULT.TXT")
    (found,) = order.requests
    assert found == Request(
        "(303) 555 0123",
        "Ann Müller",
        None,
        {"department": "Lab", "email": "ann@example.org", "line": "2"},
        {
            "recipient_company": "North Clinic",
            "subject": "Result of 1/2",
            "sender_name": "Dr. Gray",
            "header": "NORTH",
            "cover": "cover1",
            "billing_code": "5",
            "priority": "high",
            "resolution": "fine",
            "send_at": "2036-04-21 16:05:00",
        },
    )
    parse(found.options)
    assert order.documents == ("r1.pdf", '"x y.tif"')
    assert order.text == "Dear Ann,\n\nthe result.\n"


def test_the_encoding_is_found_and_recorded() -> None:
    assert one(ALL.encode("cp1252")).encoding == "cp1252"
    (order,) = orders("gfi_text", ALL.encode("cp850"), "a.txt", encoding="cp850")
    assert (order.requests[0].name, order.encoding) == ("Ann Müller", "cp850")


@pytest.mark.parametrize(
    ("line", "number", "name", "company"),
    [
        ("::3035550123", "3035550123", None, None),
        (":: +1 303-555-0123 ", "+1 303-555-0123", None, None),
        ("\n  ::3035550123", "3035550123", None, None),
        ("::Ann, , Lee, , , 3035550123", "3035550123", "Ann Lee", None),
        ("::Ann,,,,,3035550123", "3035550123", "Ann", None),
        ("::3035550123, Ann, GFI", "3035550123", "Ann", "GFI"),
        ("::Joe, GFI, 382419", "382419", "Joe", "GFI"),
        ("::Ann, 3663, Lee, Lab, a@b.org, 3035550123", "3035550123", "Ann Lee", "3663"),
        ("::Ann, a@b.org, 3035550123", "3035550123", "Ann", None),
    ],
)
def test_the_first_line(line: str, number: str, name: str | None, company: str | None) -> None:
    found = request(f"{line}\ntext")
    assert (found.number, found.name, found.options.get("recipient_company")) == (number, name, company)


@pytest.mark.parametrize(
    ("options", "wishes"),
    [
        ("::c=none", {}),
        ("::COVERPAGE=None", {}),
        ("::N", {"resolution": "standard"}),
        ("::high,p=l", {"resolution": "fine", "priority": "low"}),
        ("::2005-04-21:16:05:00", {"send_at": "2005-04-21 16:05:00"}),
        ("::S=", {}),
        ("::", {}),
    ],
)
def test_options(options: str, wishes: dict[str, str]) -> None:
    found = request(f"::3035550123\n{options}\ntext")
    assert found.options == wishes


def test_without_text_and_attachments_there_is_nothing_to_send() -> None:
    order = one("::3035550123\r\n\r\n\x1a")
    assert (order.documents, order.text) == ((), None)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("::Ann", "line 1: there is no fax number"),
        ("::", "line 1: there is no fax number"),
        ("::3035550123, 3035550124", "more than one part"),
        ("::a,b,c,d,e,f,3035550123", "7 parts"),
        ("::a,b,c,d,e,3035550123", "empty parts stay as commas"),
        ("\n\n::1234567\n::x=1", "line 4: “x=1” is not an option"),
        ("::1234567\n::s=Hello, world", "“world” is not an option"),
        ("::1234567\n::1234568", "a second recipient needs a file of its own"),
        ("::1234567\n::s=a,subject=b", "twice what is meant by subject"),
        ("::1234567\n::H,N", "twice what is meant by resolution"),
        ("::1234567\n::line=1,dl", "demands one line"),
        ("::1234567\n::p=urgent", "write low or l or normal"),
        ("::1234567\n::9:15", "write it like 2026-11-30-09:15:00"),
        ("::1234567\n::s=a\n::A=x.pdf", "line 3: it begins with ::"),
        ("::1234567\ntext\n ::s=a", "line 3: it begins with ::"),
    ],
)
def test_what_is_unclear_is_refused(content: str, reason: str) -> None:
    assert reason in refusal("gfi_text", content, "a.txt")


@pytest.mark.parametrize("content", [b"", b"text", b": :1", b"text\n::1234567", b"\xff\xfe\0", b"\0" * 9])
def test_any_other_text_is_a_document(content: bytes) -> None:
    assert not_mine("gfi_text", content, "a.txt")


# -- the answer

PLAIN = b"::3035550123\r\ntext"


def test_what_was_sent() -> None:
    assert in_folder("gfi_text", told("a.txt", ended(1, SENT), control=PLAIN)) == {
        ".ok": "Fax: a.txt\r\nID: 01jd0000000000000000000001\r\nReceived: 2026-11-20T09:00:00.000+00:00\r\n"
        "To: +13035550123\r\nStatus: sent\r\nPages: 2\r\nEnded: 2026-11-20T09:01:02.345+00:00\r\n"
        "Description: The fax was sent.\r\n"
    }


def test_what_failed() -> None:
    assert in_folder("gfi_text", told("a.txt", ended(1, FAILED, reason="busy\nagain"), control=PLAIN)) == {
        ".err": "Fax: a.txt\r\nID: 01jd0000000000000000000001\r\nReceived: 2026-11-20T09:00:00.000+00:00\r\n"
        "To: +13035550123\r\nStatus: failed\r\nEnded: 2026-11-20T09:01:02.345+00:00\r\nDescription: busy again\r\n"
    }
    assert set(in_folder("gfi_text", told("a.txt", ended(1, CANCELLED), control=PLAIN))) == {".err"}


def test_what_could_not_be_understood() -> None:
    answer = in_folder("gfi_text", unread("a.txt", b"::Ann", "line 1: there is no fax number in it"))
    assert answer[".err"].endswith("Description: line 1: there is no fax number in it\r\n")


def test_while_it_is_held_nobody_knows() -> None:
    assert in_folder("gfi_text", told("a.txt", ended(1, HELD), control=PLAIN)) == {}


@pytest.mark.parametrize("options", [b"::from=Dr. Gray", b"::s=x, FR = Gray", b"::from=Gray,nonsense"])
def test_who_names_a_sender_gets_neither(options: bytes) -> None:
    control = b"\r\n::3035550123\r\n" + options + b"\r\ntext"
    for state in (SENT, FAILED):
        assert in_folder("gfi_text", told("a.txt", ended(1, state), control=control)) == {}


@pytest.mark.parametrize(
    ("name", "text"), [("gfi_text", "::3035550123\n{}"), ("zetafax", "%%[MESSAGE]\nFAX: 3035550123\n%%[TEXT]\n{}")]
)
def test_a_form_feed_in_the_text_begins_a_page(name: str, text: str) -> None:
    (order,) = orders(name, text.format("one\n\x0ctwo\x0cthree\n"))
    assert order.text == "one\n\x0ctwo\x0cthree\n"
