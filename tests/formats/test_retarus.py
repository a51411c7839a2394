"""Retarus Fax-for-Applications by files: `job*.xml`, and `rep*.xml`."""

from __future__ import annotations

import pytest
from support.answers import CANCELLED, FAILED, HELD, SENT, ended, in_folder, told, unread
from support.dialects import dirty, not_mine, opened, orders, refusal

from faxdaemon.core.model import Request

ALL = """<jobs>
  <reference>yd-1</reference>
  <fax>
    <job-reference>yd-1-1 Müller</job-reference>
    <resolution>low</resolution>
    <csid>004930123</csid>
    <fax-file-list>
      <fax-file><file-name>a.pdf</file-name></fax-file>
      <fax-file><file-name>b.txt</file-name><file-encoding>88591</file-encoding></fax-file>
    </fax-file-list>
    <distribution-list>
      <fax-address><fax-number>+1 303 555 0123</fax-number></fax-address>
      <fax-address><fax-number>0013035550124</fax-number><reference>own</reference></fax-address>
    </distribution-list>
  </fax>
  <fax>
    <fax-file-list><fax-file>c.pdf</fax-file></fax-file-list>
    <distribution-list><fax-address><fax-number>+13035550125</fax-number></fax-address></distribution-list>
  </fax>
</jobs>
"""
FIELDS = {"job": "yd-1", "file_encoding": "88591"}
WISHES = {"resolution": "standard", "sender_csid": "004930123"}


def job(inside: str, files: str = "<fax-file-list><fax-file>c.pdf</fax-file></fax-file-list>") -> str:
    return f"<jobs><fax>{files}<distribution-list>{inside}</distribution-list></fax></jobs>"


ONE = "<fax-address><fax-number>+13035550123</fax-number></fax-address>"


@pytest.mark.parametrize("dirt", dirty(ALL))
def test_all_that_it_can_say_is_understood_however_dirty(dirt: str) -> None:
    first, second = orders("retarus", dirty(ALL)[dirt], "JOB1.XML")
    assert first.requests == (
        Request("+1 303 555 0123", None, "yd-1-1 Müller", FIELDS, WISHES),
        Request("0013035550124", None, "own", FIELDS, WISHES),
    )
    assert first.documents == ("a.pdf", "b.txt")
    assert second.requests == (Request("+13035550125", None, "yd-1", {"job": "yd-1"}),)
    assert second.documents == ("c.pdf",)


def test_latin_1_is_read_without_being_told() -> None:
    first, _ = orders("retarus", ALL.encode("latin-1"), "job1.xml")
    assert (first.requests[0].reference, first.encoding) == ("yd-1-1 Müller", "cp1252")


def test_only_jobs_are_control_files() -> None:
    dialect = opened("retarus")
    assert [dialect.is_control(name) for name in ("job1.xml", "JOB1.XML", "rep1.xml", "a.xml", "job1.pdf")] == [
        True,
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (job(ONE) + "<", "well-formed"),
        (job("<fax-address/>"), "fax 1/fax-address 1: there is no fax-number"),
        (job(""), "fax 1: it has no fax-address"),
        ("<jobs><fax/><fax-number/></jobs>", "<fax-number> is not known here"),
        (job("<fax-address><fax-number>1</fax-number><name>A</name></fax-address>"), "<name> is not known here"),
        (job(ONE, "<express>true</express>"), "<express> is not known here"),
        (job(ONE, "<resolution>fine</resolution>"), "write low or high"),
        (job(ONE, "<fax-file-list><fax-file/></fax-file-list>"), "a fax-file without file-name"),
        (
            job(
                ONE,
                "<fax-file-list><fax-file><file-name>a.txt</file-name><file-encoding>1</file-encoding></fax-file></fax-file-list>",
            ),
            "write 88591 or 88592",
        ),
        (
            job(
                ONE,
                "<fax-file-list><fax-file><file-name>a.TXT</file-name><file-encoding>88592</file-encoding></fax-file></fax-file-list>",
            ),
            "write the text in UTF-8",
        ),
        ("<jobs><reference>1</reference><reference>2</reference><fax><fax-file-list/></fax></jobs>", "2 times"),
    ],
)
def test_what_is_unclear_is_refused(content: str, reason: str) -> None:
    assert reason in refusal("retarus", content, "job1.xml")


@pytest.mark.parametrize("content", ["<FaxFile><FaxNumber>1</FaxNumber></FaxFile>", "", "<jobs><reference/></jobs>"])
def test_what_has_none_of_its_elements_is_left_to_others(content: str) -> None:
    assert not_mine("retarus", content, "job1.xml")


# -- the answer

CONTROL = ALL.encode()


def test_the_report_tells_of_each_address() -> None:
    facts = told(
        "job-order-1.xml",
        ended(1, SENT, fields={"reference": "own"}),
        ended(2, FAILED, reason="busy & “gone”"),
        control=CONTROL,
    )
    assert in_folder("retarus", facts, encoding="latin-1") == {
        "rep-order-1.xml": "<?xml version='1.0' encoding='ISO-8859-1'?>\n"
        "<jobs>\n"
        "  <reference>yd-1</reference>\n"
        "  <fax>\n"
        "    <job-reference>yd-1-1 Müller</job-reference>\n"
        "    <distribution-list>\n"
        "      <fax-address>\n"
        "        <fax-number>+13035550123</fax-number>\n"
        "        <status>OK</status>\n"
        "        <reference>own</reference>\n"
        "        <pages>2</pages>\n"
        "        <duration>61</duration>\n"
        "        <sent>2026-11-20T09:01:02.345+00:00</sent>\n"
        "      </fax-address>\n"
        "      <fax-address>\n"
        "        <fax-number>+13035550124</fax-number>\n"
        "        <status>FAILED</status>\n"
        "        <sent>2026-11-20T09:01:02.345+00:00</sent>\n"
        "        <description>busy &amp; &#8220;gone&#8221;</description>\n"
        "      </fax-address>\n"
        "    </distribution-list>\n"
        "  </fax>\n"
        "</jobs>\n"
    }


def test_each_fax_has_its_own_names() -> None:
    report = in_folder("retarus", told("JOB1.XML", ended(1, CANCELLED), control=CONTROL, part=1))["rep1.xml"]
    assert "<reference>yd-1</reference>" in report
    assert "job-reference" not in report
    assert "<status>CANCELLED</status>" in report


def test_what_could_not_be_followed_failed() -> None:
    report = in_folder("retarus", unread("job1.xml", b"<jobs><fax-number>", "as XML it is not well-formed"))["rep1.xml"]
    assert "<status>FAILED</status>" in report
    assert "<description>as XML it is not well-formed</description>" in report


def test_while_one_is_held_there_is_none() -> None:
    assert in_folder("retarus", told("job1.xml", ended(1, SENT), ended(2, HELD), control=CONTROL)) == {}
