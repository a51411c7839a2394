"""Zetafax ZSUBMIT: messages of a `.SUB` file, and `.ERR`."""

from __future__ import annotations

from typing import Any

import pytest
from support.answers import FAILED, HELD, SENT, ended, in_folder, told, unread
from support.dialects import dirty, orders, refusal

from faxdaemon.contracts.format import FolderAsks
from faxdaemon.core.model import Request
from faxdaemon.core.wishes import parse

ALL = """%%[MESSAGE]
USER: LAB1
FROM: Dr. Gray
TO: Dr. Müller
ORGANISATION: North: Clinic
FAX: 303 555 0123
TO:Dr. Fox
FAX:3035550124
subject: Result
PRIORITY: Urgent
HOLD: NO
PREVIEW: no
LAN: gray
FORMAT: TIFF-FINE
AFTER: 2036-11-30 08:15:00
CHARGE: K-12
COMMENT: weekly
DELETE: YES
COVERSHEET: Standard

%%[text]
Dear all,

the result.
%%[FILE]
\\\\srv\\out\\r1.pdf

%%[FILE]
r2.pdf
%%[ Message ]
FAX: 3035550125
COVERSHEET:
%%[FILE]
r3.pdf
"""
WISHES = {
    "sender_name": "Dr. Gray",
    "subject": "Result",
    "billing_code": "K-12",
    "cover": "Standard",
    "priority": "high",
    "resolution": "fine",
    "send_at": "2036-11-30 08:15:00",
}
FIELDS = {"user": "LAB1", "lan": "gray", "comment": "weekly", "delete": "YES"}


@pytest.mark.parametrize("dirt", dirty(ALL))
def test_all_that_it_can_say_is_understood_however_dirty(dirt: str) -> None:
    first, second = orders("zetafax", dirty(ALL)[dirt], "job.sub")
    assert first.requests == (
        Request("303 555 0123", "Dr. Müller", None, FIELDS, {**WISHES, "recipient_company": "North: Clinic"}),
        Request("3035550124", "Dr. Fox", None, FIELDS, WISHES),
    )
    parse(first.requests[0].options)
    assert first.documents == ("\\\\srv\\out\\r1.pdf", "r2.pdf")
    assert first.text == "Dear all,\n\nthe result.\n"
    assert second.requests == (Request("3035550125"),)
    assert (second.documents, second.text) == (("r3.pdf",), None)


def test_the_encoding_is_found_and_recorded() -> None:
    assert {order.encoding for order in orders("zetafax", ALL.encode("cp1252"))} == {"cp1252"}
    first, _ = orders("zetafax", ALL.encode("cp850"), encoding="cp850")
    assert (first.requests[0].name, first.encoding) == ("Dr. Müller", "cp850")


def test_a_text_alone_is_a_fax_and_an_empty_one_is_none() -> None:
    (order,) = orders("zetafax", "%%[MESSAGE]\nFAX: 3035550123\n%%[TEXT]\nHello\n\x1a")
    assert (order.documents, order.text) == ((), "Hello\n")
    (order,) = orders("zetafax", "%%[MESSAGE]\nFAX: 3035550123\n%%[TEXT]\n\n%%[FILE]\na.pdf")
    assert (order.documents, order.text, order.hold) == (("a.pdf",), None, None)


def test_recipients_begin_with_what_began_the_first() -> None:
    (order,) = orders("zetafax", "%%[MESSAGE]\nFAX: 1234567\nTO: A\nFAX: 1234568\nTO: B\n%%[FILE]\na.pdf")
    assert [(each.number, each.name) for each in order.requests] == [("1234567", "A"), ("1234568", "B")]


def test_what_is_to_be_looked_at_first_waits() -> None:
    (order,) = orders("zetafax", "%%[MESSAGE]\nHOLD: yes\nPREVIEW: NO\nFAX: 3035550123\n%%[FILE]\na.pdf")
    assert order.hold == "it asks to wait until a person has looked at it (HOLD)"
    (order,) = orders("zetafax", "%%[MESSAGE]\nPREVIEW: YES\nFAX: 3035550123\n%%[FILE]\na.pdf")
    assert "PREVIEW" in str(order.hold)


MESSAGE = "%%[MESSAGE]\nFAX: 1234567\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "no %%[MESSAGE]"),
        ("FAX: 1\n" + MESSAGE, "line 1: it stands before the first %%[MESSAGE]"),
        ("%%[FILE]\na.pdf\n" + MESSAGE, "line 1: %%[FILE] stands before"),
        ("%%[MESSAGE]\n%%[FILE]\na.pdf", "the message of line 1 has no recipient"),
        ("%%[MESSAGE]\nTO: A\nTO: B\nFAX: 1234567\n", "line 2: this recipient has no FAX"),
        ("%%[MESSAGE]\nTO: A\nFAX: 1\nFAX: 2\n", "line 4: a second FAX for one recipient; each begins with TO"),
        (MESSAGE + "QUALITY: HIGH", "line 3: the option QUALITY is not known here"),
        (MESSAGE + "FROM: A\nFROM: B", "line 4: the option FROM is there twice"),
        (MESSAGE + "some text", "line 3: it is no option"),
        (MESSAGE + "HOLD: PERHAPS", "write yes or no"),
        (MESSAGE + "PRIORITY: HIGH", "write urgent or normal or background"),
        (MESSAGE + "FORMAT: EPSON", "write ascii or tiff-normal or tiff-fine"),
        (MESSAGE + "AFTER: 19:00", "write it like 2026-11-30 08:15:00"),
        (MESSAGE + "%%[TEXT]\n%%[BOLD:ON]Hello", "line 4: the code %%[BOLD:ON] is not known here"),
        (MESSAGE + "%%[TEXT]\nsee %%[Fax: 1]", "line 4: the code %%[Fax: 1]"),
        (MESSAGE + "%%[TEXT", "line 3: the code %%[TEXT]"),
        (MESSAGE + "%%[FILE]\na.pdf\nb.pdf", "line 5: %%[FILE] is followed by one path"),
        (MESSAGE + "%%[FILE]\n\n", "there is no path after %%[FILE]"),
        (MESSAGE + "%%[FILE]\n%%[TEXT]", "line 4: there is no path after %%[FILE]"),
        (MESSAGE + "%%[FILE]\na.pdf\n%%[TEXT]\nb", "line 5: the text comes first"),
        (MESSAGE + "%%[FILE]\na.pdf\n" + MESSAGE + "X: 1", "line 7: the option X is not known here"),
    ],
)
def test_what_is_unclear_is_refused(content: str, reason: str) -> None:
    assert reason.lower() in refusal("zetafax", content).lower()


# -- the answer

TWO = (
    "%%[MESSAGE]\r\nFROM: Lab\r\nTO: A\r\nFAX: 3035550123\r\nTO: B\r\nFAX: 3035550124\r\n%%[FILE]\r\na.pdf\r\n"
    "%%[MESSAGE]\r\nFAX: 3035550125\r\n%%[FILE]\r\nMüller.pdf\r\n"
).encode("cp1252")


def test_what_failed_comes_back_without_whom_it_has_reached() -> None:
    """Renamed to `.SUB` it must not be sent a second time to anybody."""
    facts = told("JOB.SUB", ended(1, SENT), ended(2, FAILED), control=TWO)
    answer = (
        "; +13035550124: failed: busy\r\n%%[MESSAGE]\r\nFROM: Lab\r\nTO: B\r\nFAX: 3035550124\r\n%%[FILE]\r\na.pdf\r\n"
    )
    assert in_folder("zetafax", facts) == {".ERR": answer}
    (again,) = orders("zetafax", answer)
    assert [each.number for each in again.requests] == ["3035550124"]
    assert again.documents == ("a.pdf",)


def test_each_message_comes_back_by_itself() -> None:
    facts = told("JOB.SUB", ended(1, FAILED), control=TWO, part=1)
    answer = in_folder("zetafax", facts, FolderAsks("{number}", None, encoding="cp1252"), encoding="cp1252")
    assert answer == {
        ".ERR": "; +13035550123: failed: busy\r\n%%[MESSAGE]\r\nFAX: 3035550125\r\n%%[FILE]\r\nMüller.pdf\r\n"
    }


def test_a_file_that_could_not_be_followed_comes_back_whole_with_the_newest_reason_only() -> None:
    wrong = b"; old: failed: reason\r\n" + TWO.replace(b"FROM", b"FORM")
    answer = in_folder("zetafax", unread("JOB.SUB", wrong, "line 3: no"), encoding="cp1252")[".ERR"]
    assert answer == "; no number: failed: line 3: no\r\n" + TWO.replace(b"FROM", b"FORM").decode("cp1252")


@pytest.mark.parametrize("state", [SENT, HELD])
def test_what_was_sent_or_is_held_leaves_nothing(state: Any) -> None:
    assert in_folder("zetafax", told("JOB.SUB", ended(1, state), control=TWO)) == {}
