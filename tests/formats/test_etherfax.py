"""etherFAX's integration module: one job a file."""

from __future__ import annotations

import pytest
from support.dialects import not_mine, orders, refusal

from faxdaemon.core.model import Request

EIM = "etherfax"


def job(inside: str, before: str = "") -> str:
    return f"{before}<FaxJob>{inside}</FaxJob>"


def test_a_job_in_full() -> None:
    text = job(
        "<Recipient>+15555550123</Recipient>\r\n<Attachment>\\\\srv\\out\\a&b.tif</Attachment>"
        "<LocalId>NORTH</LocalId><CallerId>5555550100</CallerId><Tag>4711</Tag><TZ>America/Chicago</TZ>",
        '\r\n<?xml version="1.0" encoding="utf-16"?>\r\n',
    )
    (order,) = orders(EIM, text)
    assert order.documents == ("\\\\srv\\out\\a&b.tif",)
    assert order.requests == (
        Request(
            "+15555550123",
            None,
            "4711",
            {"tz": "America/Chicago"},
            {"sender_csid": "NORTH", "sender_fax": "5555550100"},
        ),
    )


@pytest.mark.parametrize("before", ["", '<?xml version="1.0"?>', '<?xml version="1.0" encoding="utf-8"?>\n'])
def test_however_it_begins_and_in_any_letter_case(before: str) -> None:
    (order,) = orders(EIM, job("<RECIPIENT> 555 555 0123 </RECIPIENT><Tag/>", before).replace("FaxJob", "faxjob"))
    assert (order.requests, order.documents) == ((Request("555 555 0123"),), None)


@pytest.mark.parametrize(
    ("inside", "why"),
    [
        ("", "<Recipient> is missing or empty"),
        ("<Recipient/>", "<Recipient> is missing or empty"),
        ("<Recipient>1</Recipient><Recipient>2</Recipient>", "<Recipient> is there 2 times"),
        ("<Recipient>1</Recipient><Cover>x</Cover>", "<Cover> is not known here"),
        ("<Recipient>1</Recipient>text", "there is text where only elements belong"),
        ("<Recipient>1</Tag>", "not well-formed"),
    ],
)
def test_why_it_cannot_be_followed(inside: str, why: str) -> None:
    assert why in refusal(EIM, job(inside))


def test_xml_of_others_is_left_to_them() -> None:
    assert not_mine(EIM, "<faxmakerdata/>")
