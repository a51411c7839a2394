"""Concord Folder Fax: control files and tokens in names, and what they answer."""

from __future__ import annotations

from typing import Any

import pytest
from support.answers import FAILED, HELD, SENT, beside, ended, told
from support.dialects import dirty, not_mine, orders, read, refusal, sample

from faxdaemon.contracts.format import BadRequest, FolderAsks, NotMine
from faxdaemon.core.model import Request
from faxdaemon.core.wishes import parse
from faxdaemon.outbound.dialects import Asked

ALL = """<?xml version="1.0"?>
<FaxFile>
  <CoverName>Standard</CoverName>
  <CoverSubject>Your order</CoverSubject>
  <CoverText>Please
call back.</CoverText>
  <EmailNotificationAddress>desk@example.org</EmailNotificationAddress>
  <FaxNumber>1 (303) 555-0123</FaxNumber>
  <JobExpiryDate>2036-12-01T08:15:00-08:00</JobExpiryDate>
  <JobScheduleStartDate>2036-11-30T06:03:15-08:00</JobScheduleStartDate>
  <JobScheduleStartType>Scheduled</JobScheduleStartType>
  <RecipientCompany>South Clinic</RecipientCompany>
  <RecipientName>Dr. Müller</RecipientName>
  <RecipientTitle>Head</RecipientTitle>
  <ReferenceId>4711</ReferenceId>
  <Resolution>Low</Resolution>
  <SenderCSID>NORTH</SenderCSID>
  <SenderCompany>North Clinic</SenderCompany>
  <SenderFax>+13035550112</SenderFax>
  <SenderName>Dr. Gray</SenderName>
  <SenderPhone>+13035550111</SenderPhone>
</FaxFile>
"""
MEANT = Request(
    "1 (303) 555-0123",
    "Dr. Müller",
    "4711",
    options={
        "cover": "Standard",
        "subject": "Your order",
        "cover_text": "Please\ncall back.",
        "expire_at": "2036-12-01T08:15:00-08:00",
        "send_at": "2036-11-30T06:03:15-08:00",
        "recipient_company": "South Clinic",
        "recipient_title": "Head",
        "sender_company": "North Clinic",
        "sender_csid": "NORTH",
        "sender_fax": "+13035550112",
        "sender_name": "Dr. Gray",
        "sender_phone": "+13035550111",
        "notify": "email",
        "notify_to": "desk@example.org",
        "resolution": "standard",
    },
)


def asked(*elements: str, lead: str = "job42.xml", **asks: Any) -> Request:
    (order,) = orders("concord", f"<x>{''.join(elements)}</x>", lead, **asks)
    (request,) = order.requests
    return request


def why(*elements: str, lead: str = "job42.xml", **asks: Any) -> str:
    return refusal("concord", f"<x>{''.join(elements)}</x>", lead, **asks)


NUMBER = "<FaxNumber>3035550123</FaxNumber>"

# -- the control file


@pytest.mark.parametrize("dirt", dirty(ALL))
def test_all_that_it_can_say_is_understood_however_dirty(dirt: str) -> None:
    (order,) = orders("concord", dirty(ALL)[dirt], "JOB42.XML")
    assert (order.requests, order.documents) == ((MEANT,), None)
    parse(order.requests[0].options)


def test_the_encoding_is_found_and_recorded() -> None:
    (order,) = orders("concord", ALL.encode("cp1252"), "job42.xml")
    assert (order.requests, order.encoding) == ((MEANT,), "cp1252")
    (order,) = orders("concord", ALL.encode("cp850"), "job42.xml", encoding="cp850")
    assert (order.requests, order.encoding) == ((MEANT,), "cp850")


def test_names_of_elements_count_in_any_letter_case_and_empty_ones_say_nothing() -> None:
    assert asked("<FAXNUMBER>3035550123</FAXNUMBER>", "<covername/>", "<CoverText> </CoverText>") == Request(
        "3035550123"
    )


def test_what_the_file_or_its_name_says_comes_before_the_folder() -> None:
    folder = "+13035550199"
    assert asked(NUMBER, to=folder).number == "3035550123"
    assert asked("<CoverName>A</CoverName>", to=folder).number == folder
    named = asked("<CoverName>A</CoverName>", lead="fax={3035550123}email={a@b.org}x.xml", to=folder)
    assert (named.number, named.options["notify_to"]) == ("3035550123", "a@b.org")


def test_the_same_number_twice_is_no_contradiction() -> None:
    assert asked("<FaxNumber>+1 303-555-0123</FaxNumber>", lead="fax={13035550123}.xml").number == "+1 303-555-0123"


@pytest.mark.parametrize(
    ("elements", "lead", "reason"),
    [
        ("<CoverName>A</CoverName>", "a.xml", "no FaxNumber"),
        (NUMBER, "fax={3035550124}.xml", "another number"),
        (f"{NUMBER}<EmailNotificationAddress>a@b.org</EmailNotificationAddress>", "email={c@b.org}.xml", "another ad"),
        (NUMBER + NUMBER, "a.xml", "2 times"),
        (f"{NUMBER}<Cover>A</Cover>", "a.xml", "<Cover> is not known here"),
        (f"{NUMBER}<Resolution>Fine</Resolution>", "a.xml", "Resolution is “Fine”; write low or high"),
        (f"{NUMBER}<JobScheduleStartType>Scheduled</JobScheduleStartType>", "a.xml", "no JobScheduleStartDate"),
        (f"{NUMBER}<JobScheduleStartDate>2036-11-30</JobScheduleStartDate>", "a.xml", "is not Scheduled"),
        (f"{NUMBER}<JobScheduleStartType>Soon</JobScheduleStartType>", "a.xml", "immediate or scheduled"),
        (f"{NUMBER}<CoverText>a & b</CoverText>", "a.xml", "not well-formed (line 1)"),
        (NUMBER, "fax={3035550123.xml", "not closed"),
        (f"<Cover>A</Cover>{NUMBER}", "a.xml", "<Cover> is not known here"),
        (f" {NUMBER}<x", "a.xml", "well-formed"),
    ],
)
def test_what_is_unclear_is_refused(elements: str, lead: str, reason: str) -> None:
    assert reason in why(elements, lead=lead)


OTHERS = [
    "<faxmakerdata><fields/></faxmakerdata>",
    "<faxmakerdata><fields><resolution>high</resolution></fields></faxmakerdata>",
    "<?xml version='1.0'?>\n<faxmakerdata>\n<fields><subject>a & b</subject><resolution>high</resolution>",
    "<x><y><FaxNumber>1</FaxNumber></y></x>",
    "",
    "no XML",
    "<x/>",
    "\0\0",
]


@pytest.mark.parametrize("content", OTHERS)
def test_what_has_none_of_its_elements_is_left_to_others(content: str) -> None:
    assert not_mine("concord", content, "a.xml")


# -- the name


def named(name: str, to: str | None = None) -> Request | str | None:
    found = read("concord_name", name, b"", FolderAsks("{number}", to))
    if isinstance(found, Asked):
        return found.orders[0].requests[0]
    return found.reason if isinstance(found, BadRequest) else None


@pytest.mark.parametrize(
    ("name", "number", "email"),
    [
        ("fax={13035550123}job42.tif", "13035550123", None),
        ("job42-fax={1 (303) 555-0123}email={desk@example.org}.TIF", "1 (303) 555-0123", "desk@example.org"),
        ("EMAIL = {a@b.org} FAX = { 3035550123 }.pdf", "3035550123", "a@b.org"),
        ("bill2fax={13035550123}.pdf", "13035550123", None),
    ],
)
def test_tokens_stand_anywhere_in_a_name(name: str, number: str, email: str | None) -> None:
    options = {"notify": "email", "notify_to": email} if email else {}
    assert named(name) == Request(number, options=options)
    assert named(name, "+13035550199") == Request(number, options=options), "the name comes before the folder"


def test_a_name_without_a_number_goes_where_the_folder_says() -> None:
    assert named("job42.pdf", "+13035550199") == Request("+13035550199")
    found = read("concord_name", "job42.pdf", b"")
    assert isinstance(found, NotMine)
    assert "fax={...}" in (found.hint or "")


@pytest.mark.parametrize("name", ["fax={13035550123.pdf", "fax={}.pdf", "fax={1}fax={2}.pdf", "fax={13{03}.pdf"])
@pytest.mark.parametrize("to", [None, "+13035550199"])
def test_a_token_that_is_not_well_written_sends_nothing_anywhere(name: str, to: str | None) -> None:
    assert "fax={" in str(named(name, to))


# -- the answer

MIXED = told(
    "job42.xml",
    ended(1, SENT, fields={"reference": "4711"}),
    ended(2, FAILED, submissions=3, reason="busy,\r\nthrice"),
)


@pytest.mark.parametrize("dialect", ["concord", "concord_name"])
def test_the_log_and_the_history_of_what_was_sent_and_what_failed(dialect: str) -> None:
    files = beside(dialect, MIXED)
    assert set(files) == {".job.log", ".history.csv", ".result.json"}
    assert files[".job.log"] == (
        "2026-11-20T09:00:00.000+00:00 received job42.xml as 01jd0000000000000000000001\r\n"
        "2026-11-20T09:00:00.000+00:00 document a.pdf, 9 bytes, 2 pages\r\n"
        "2026-11-20T09:01:02.345+00:00 sent +13035550123 as job-1 2 pages\r\n"
        "2026-11-20T09:01:02.345+00:00 failed +13035550124 as job-2 after 3 submissions: busy, thrice\r\n"
        "2026-11-20T09:01:02.345+00:00 result failed\r\n"
    )
    assert files[".history.csv"] == (
        "2026-11-20T09:01:02.345+00:00,01jd0000000000000000000001,job42.xml,+13035550123,sent,2,,4711\r\n"
        '2026-11-20T09:01:02.345+00:00,01jd0000000000000000000001,job42.xml,+13035550124,failed,,"busy, thrice",\r\n'
    )


def test_what_is_held_has_no_end() -> None:
    files = beside("concord", told("job42.xml", ended(1, HELD)))
    assert files[".job.log"].endswith(
        "+00:00 held +13035550123 as job-1: busy\r\n2026-11-20T09:00:00.000+00:00 result held\r\n"
    )
    assert files[".history.csv"].startswith("2026-11-20T09:00:00.000+00:00,")


def test_the_sample_says_what_its_module_says() -> None:
    made = sample("concord")
    (order,) = orders("concord", made.asks)
    assert order.requests[0].options == {"resolution": "fine"}
