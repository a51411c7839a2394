"""GFI FaxMaker XMLAPI: `faxmakerdata`, and `.xml.status`."""

from __future__ import annotations

import pytest
from support.answers import CANCELLED, FAILED, HELD, SENT, ended, in_folder, told, unread
from support.dialects import dirty, not_mine, orders, refusal

from faxdaemon.core.model import Request
from faxdaemon.core.wishes import parse
from faxdaemon.xmlsafe import parse as xml

ALL = """<?xml version="1.0" encoding="utf-8"?>
<faxmakerdata>
  <fields>
    <subject>Lee & Sons &amp; more</subject>
    <schedule>2036-10-10-08:15:00</schedule>
    <priority>veryhigh</priority>
    <billingcode>25</billingcode>
    <resolution>High</resolution>
    <coverpage>corporate</coverpage>
    <frontcovernote>Please
call.</frontcovernote>
    <faxline demandline="false">3</faxline>
    <faxheader>NORTH</faxheader>
    <attachment>\\\\srv\\out\\a.pdf</attachment>
    <attachment>b.pdf</attachment>
    <uid>17</uid>
  </fields>
  <sender>
    <firstname>Ann</firstname><lastname>Gray</lastname><company>North Clinic</company><department>Lab</department>
    <faxnumber>+13035550112</faxnumber><voicenumber>+13035550111</voicenumber>
    <emailaddress>a@example.org</emailaddress>
  </sender>
  <recipients>
    <fax>
      <recipient>
        <firstname>Bo</firstname><lastname>Müller</lastname><company>South Clinic</company>
        <department>Ward</department><faxnumber>1-303-555-0123</faxnumber><emaladdress>b@example.org</emaladdress>
      </recipient>
      <recipient><faxnumber> 303 555 0124 </faxnumber></recipient>
    </fax>
  </recipients>
</faxmakerdata>
"""
WISHES = {
    "subject": "Lee & Sons & more",
    "send_at": "2036-10-10 08:15:00",
    "priority": "high",
    "billing_code": "25",
    "resolution": "fine",
    "cover": "corporate",
    "cover_text": "Please\ncall.",
    "header": "NORTH",
    "sender_name": "Ann Gray",
    "sender_company": "North Clinic",
    "sender_fax": "+13035550112",
    "sender_phone": "+13035550111",
    "sender_email": "a@example.org",
}
FIELDS = {"line": "3", "sender_department": "Lab"}
MEANT = (
    Request(
        "1-303-555-0123",
        "Bo Müller",
        "17",
        {**FIELDS, "department": "Ward", "email": "b@example.org"},
        {**WISHES, "recipient_company": "South Clinic"},
    ),
    Request("303 555 0124", None, "17", FIELDS, WISHES),
)


def job(
    fields: str = "", recipients: str = "<fax><recipient><faxnumber>3035550123</faxnumber></recipient></fax>"
) -> str:
    return f"<faxmakerdata><fields>{fields}</fields><recipients>{recipients}</recipients></faxmakerdata>"


@pytest.mark.parametrize("dirt", dirty(ALL))
def test_all_that_it_can_say_is_understood_however_dirty(dirt: str) -> None:
    (order,) = orders("gfi_xml", dirty(ALL)[dirt], "JOB.XML")
    assert order.requests == MEANT
    assert order.documents == ("\\\\srv\\out\\a.pdf", "b.pdf")
    assert str(order.encoding).endswith(", with & written as it is")
    for request in order.requests:
        parse(request.options)


def test_what_says_utf_8_and_is_not_is_understood_and_recorded() -> None:
    (order,) = orders("gfi_xml", ALL.encode("cp1252"), "a.xml")
    assert order.requests == MEANT
    assert order.encoding == "cp1252, though it says utf-8, with & written as it is"


def test_no_cover_page_is_no_wish() -> None:
    (order,) = orders("gfi_xml", job("<coverpage>None</coverpage><subject/>"), "a.xml")
    assert order.requests == (Request("3035550123"),)
    assert order.documents == ()


def test_ten_thousand_recipients_and_no_more() -> None:
    one = "<recipient><lastname>Lee</lastname><company>C</company><faxnumber>3035550123</faxnumber></recipient>"
    (order,) = orders("gfi_xml", job(recipients=f"<fax>{one * 10_000}</fax>"), "a.xml")
    assert len(order.requests) == 10_000
    assert "10001 recipients" in refusal("gfi_xml", job(recipients=f"<fax>{one * 10_001}</fax>"), "a.xml")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (job("<subject>a < b</subject>"), "well-formed (line 1)"),
        (job("<subject>&nbsp;</subject>"), "well-formed"),
        (f"\n\n{job('<subject>')}", "line 3"),
        (job("<subject>a</subject><subject>b</subject>"), "faxmakerdata/fields: <subject> is there 2 times"),
        (job("<bodyfile>x</bodyfile>"), "<bodyfile> is not known here"),
        (job("<priority>asap</priority>"), "priority is “asap”; write low or normal or high or veryhigh"),
        (job("<resolution>fine</resolution>"), "resolution is “fine”"),
        (job("<faxline demandline='true'>3</faxline>"), "demands one line"),
        (job("<subject lang='en'>a</subject>"), "the attribute lang of <subject>"),
        (job(recipients="<sms/>"), "text messages"),
        (job(recipients=""), "it names no recipient"),
        (job(recipients="<fax><recipient/><recipient/></fax>"), "fax/recipient 1: there is no faxnumber"),
        ("<faxmakerdata/>", "it names no recipient"),
        ("<x><faxmakerdata/></x>", "its outermost element is <x>"),
        ("<!DOCTYPE x><faxmakerdata/>", "document type"),
    ],
)
def test_what_is_unclear_is_refused(content: str, reason: str) -> None:
    assert reason in refusal("gfi_xml", content, "a.xml")


@pytest.mark.parametrize("content", ["<x/>", "", "no XML", "<FaxFile><FaxNumber>1</FaxNumber></FaxFile>"])
def test_xml_of_others_is_left_to_them(content: str) -> None:
    assert not_mine("gfi_xml", content, "a.xml")


# -- the answer

CONTROL = ALL.encode()


def test_each_recipient_has_its_own_status() -> None:
    facts = told("a.xml", ended(1, SENT), ended(2, FAILED, reason="busy & <gone>"), control=CONTROL)
    assert in_folder("gfi_xml", facts) == {
        ".xml.status": '<?xml version="1.0" encoding="utf-8"?>\r\n'
        "<faxmakerdata>\r\n"
        "  <fax>\r\n"
        "    <errorcode>0</errorcode>\r\n"
        "    <description>Status: sent\nPages: 2\nEnded: 2026-11-20T09:01:02.345+00:00\n"
        "Description: The fax was sent.</description>\r\n"
        "    <uid>17</uid>\r\n"
        "    <faxfile></faxfile>\r\n"
        "    <recipient>+13035550123</recipient>\r\n"
        "  </fax>\r\n"
        "  <fax>\r\n"
        "    <errorcode>1</errorcode>\r\n"
        "    <description>Status: failed\nEnded: 2026-11-20T09:01:02.345+00:00\n"
        "Description: busy &amp; &lt;gone&gt;</description>\r\n"
        "    <uid>17</uid>\r\n"
        "    <faxfile></faxfile>\r\n"
        "    <recipient>+13035550124</recipient>\r\n"
        "  </fax>\r\n"
        "</faxmakerdata>\r\n"
    }


def test_the_ending_is_written_as_the_asker_wrote_it() -> None:
    assert set(in_folder("gfi_xml", told("A.XML", ended(1, CANCELLED), control=CONTROL))) == {".XML.status"}


@pytest.mark.parametrize("control", [b"<faxmakerdata><fields><uid> 17 </uid><x>", ALL.replace("uid", "UID").encode()])
def test_the_askers_own_name_is_found_also_in_what_cannot_be_followed(control: bytes) -> None:
    status = in_folder("gfi_xml", unread("a.xml", control, "as XML it is not well-formed"))[".xml.status"]
    fax = xml(status.encode()).child("fax")
    assert fax is not None
    assert (fax.told("uid"), fax.told("errorcode"), fax.told("recipient")) == ("17", "1", "")


def test_while_one_is_held_there_is_none() -> None:
    assert in_folder("gfi_xml", told("a.xml", ended(1, SENT), ended(2, HELD), control=CONTROL)) == {}
