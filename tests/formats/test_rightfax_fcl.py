"""RightFax FCL: jobs in double braces."""

from __future__ import annotations

import pytest
from support.dialects import orders, refusal

from faxdaemon.core.model import Request

FCL = "rightfax_fcl"


def job(*commands: str) -> str:
    return "\n".join(["{{begin}}", *commands, "{{end}}", ""])


def test_a_job_in_full() -> None:
    text = job(
        "{{rem anything goes here}}",
        "{{fax 555-555-0123}}",
        "{{contact Dr. Lee}}",
        "{{company North Clinic}}",
        "{{comment first}}",
        "{{comment second}}",
        "{{owner LAB}}",
        "{{winsecid U1}}",
        "{{doctype PO}}",
        "{{billing K-12}}",
        "{{quality Fine}}",
        "{{cover NORTH}}",
        "{{covertext}}",
        "Please call back.",
        "",
        "Thank you.",
        "{{ENDCOVERTEXT}}",
        r"{{attach \\share\doc.pdf delete}}",
        "{{attach S:\\more.tif}}",
        "{{notifyhost OK.inc FAIL.inc CMD}}",
    )
    (order,) = orders(FCL, text)
    assert order.documents == (r"\\share\doc.pdf", "S:\\more.tif")
    assert order.requests == (
        Request(
            "555-555-0123",
            "Dr. Lee",
            None,
            {
                "comment": "first\nsecond",
                "delete": r"\\share\doc.pdf",
                "doctype": "PO",
                "notifyhost": "OK.inc FAIL.inc CMD",
                "owner": "LAB",
                "winsecid": "U1",
            },
            {
                "recipient_company": "North Clinic",
                "billing_code": "K-12",
                "cover": "NORTH",
                "cover_text": "Please call back.\n\nThank you.",
                "resolution": "fine",
            },
        ),
    )


def test_several_jobs_in_one_file() -> None:
    found = orders(FCL, job("{{fax 1}}", "{{attach a.pdf}}") + "\n\n" + job("{{fax 2}}", "{{attach b.pdf}}"))
    assert [(order.requests[0].number, order.documents) for order in found] == [("1", ("a.pdf",)), ("2", ("b.pdf",))]


def test_without_attach_the_document_has_the_name_of_the_file() -> None:
    (order,) = orders(FCL, job("{{fax 303 555 0123}}"))
    assert order.documents is None


@pytest.mark.parametrize(
    "text",
    [
        "{{BEGIN}}{{Fax 303 555 0123 }}{{END}}",
        "{{begin}} {{ fax   303 555 0123}}\t{{end}}",
        "\n\n{{begin}}\r\n{{fax 303 555 0123}}\r\n\r\n{{end}}",
    ],
)
def test_blanks_letter_case_and_lines_do_not_matter(text: str) -> None:
    (order,) = orders(FCL, text)
    assert order.requests == (Request("303 555 0123"),)


def test_a_comment_of_windows_is_read_as_it_was_written() -> None:
    (order,) = orders(FCL, job("{{fax 303 555 0123}}", "{{contact Dr. Müller}}").encode("cp1252"))
    assert order.requests[0].name == "Dr. Müller"
    assert order.encoding == "cp1252"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (job("{{fax 1}}", "{{subject x}}"), "line 3: {{subject}} is not known here"),
        (job("{{fax 1}}", "{{fax 2}}"), "line 3: {{fax}} a second time"),
        (job("{{fax 1}}", "{{lookup id buyer.inc}}"), "line 3: {{lookup}}: nothing is looked up"),
        (job("{{fax}}"), "line 1: the job that begins here has no {{fax …}}"),
        (job("{{fax 1}}", "{{quality ultra}}"), "“ultra” is not known"),
        (job("{{fax 1}}", "{{attach}}"), "line 3: {{attach}} without a file"),
        (job("{{fax 1}}", "Dear Sir,"), "line 3: “Dear Sir,” stands outside of the commands"),
        (job("{{fax 1}}", "{{covertext}}", "text"), "line 3: {{covertext}} without {{endcovertext}}"),
        (job("{{fax 1}}", "{{begin}}"), "line 3: {{begin}} inside of the job that begins in line 1"),
        ("{{begin}}\n{{fax 1\n}}\n{{end}}", "line 2: a command that is begun with {{"),
        ("{{begin}}\n{{fax {{x}}\n{{end}}", "line 2: a command that is begun with {{"),
        ("{{fax 1}}\n", "line 1: {{fax}} stands outside of a job"),
        ("{{begin}}\n{{fax 1}}\n", "line 1: the job that begins here has no {{end}}"),
        ("", "{{begin}} is missing"),
        ("{{rem x}}", "{{begin}} is missing"),
    ],
)
def test_why_it_cannot_be_followed(text: str, why: str) -> None:
    assert why in refusal(FCL, text)


def test_lines_are_counted_through_a_cover_text() -> None:
    text = job("{{covertext one}}", "two", "three{{endcovertext}}", "{{fax 1}}", "{{nonsense}}")
    assert refusal(FCL, text).startswith("line 6: ")


def test_more_faxes_than_anybody_means_are_refused() -> None:
    assert "10001 recipients" in refusal(FCL, job("{{fax 1}}") * 10_001)
