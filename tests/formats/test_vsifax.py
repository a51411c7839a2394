"""VSI-FAX tag files."""

from __future__ import annotations

import pytest
from support.dialects import orders, refusal

from faxdaemon.core.model import Request

TAG = "vsifax"


def test_a_file_in_full() -> None:
    text = (
        "cvr=classic\nsub=Sample\nudf=no\nfll=hello.pdf\nfll=second.tif\n"
        "ntf=<<END\nPlease call back.\nEND\n"
        "tfn=555-1212\ntnm=Ann Lee\ntco=North Clinic\ntvn=555-1213\n"
        'TFN = "556-1313"\ntnm=Bob\n'
    )
    (order,) = orders(TAG, text)
    common = {"cover": "classic", "subject": "Sample", "cover_text": "Please call back.\n"}
    assert order.documents == ("hello.pdf", "second.tif")
    assert order.text is None
    assert order.requests == (
        Request(
            "555-1212",
            "Ann Lee",
            None,
            {"udf": "no", "tvn": "555-1213"},
            {**common, "recipient_company": "North Clinic"},
        ),
        Request("556-1313", "Bob", None, {"udf": "no"}, common),
    )


def test_a_document_in_the_file_itself_is_the_only_page() -> None:
    (order,) = orders(TAG, "tfn=5551212\r\nfll=<<EOF\r\nHello, World.\r\n\r\ntfn=666\r\nEOF\r\n")
    assert (order.text, order.documents) == ("Hello, World.\n\ntfn=666\n", ())
    assert [request.number for request in order.requests] == ["5551212"]


def test_a_document_in_the_file_may_stand_before_others() -> None:
    (order,) = orders(TAG, "tfn=5551212\nfll=<<EOF\nHello\nEOF\nfll=a.pdf\n")
    assert (order.text, order.documents) == ("Hello\n", ("a.pdf",))


def test_without_a_file_the_document_has_the_name_of_the_tag_file() -> None:
    (order,) = orders(TAG, "tfn= 555 1212 \n\n")
    assert (order.documents, order.text, order.requests) == (None, None, (Request("555 1212"),))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("tfn=1\nxyz=2\n", "line 2: xyz=: this tag is not known"),
        ("tfn=1\nfls=standard.doc\n", "line 2: fls=: a file on the VSI-FAX server"),
        ("tfn=1\nfvl=form.tif\n", "line 2: fvl=: a form"),
        ("tfn=1\nntf=note.txt\n", "line 2: ntf=: a note"),
        ("tnm=Ann\ntfn=1\n", "line 1: tnm= before the first tfn="),
        ("tfn=1\ntnm=A\ntnm=B\n", "line 3: tnm= is said a second time"),
        ("tfn=1\ncvr=a\ntfn=2\ncvr=b\n", "line 4: cvr= is said a second time"),
        ("tfn=\n", "line 1: tfn= without a number"),
        ("tfn=1\nfll=\n", "line 2: fll= without a file"),
        ("tfn=1\nfll=a.pdf\nfll=<<EOF\nx\nEOF\n", "line 3: a text in the file itself can only be the first"),
        ("tfn=1\nfll=<<EOF\nx\n", "line 2: the text that begins here is not ended by a line “EOF”"),
        ("tfn=1\nfll=<<\nx\n", "line 2: the text that begins here"),
        ("tfn=1\nhello\n", "line 2: “hello” is not tag=value"),
        ("sub=x\n", "it has no recipient"),
        ("", "it has no recipient"),
    ],
)
def test_why_it_cannot_be_followed(text: str, why: str) -> None:
    assert why in refusal(TAG, text)
