"""What providers push, as their documents have it, and what it becomes."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support import pushing

from faxdaemon import plugins
from faxdaemon.contracts.provider import Progress
from faxdaemon.contracts.push import NotUnderstood, Push, PushedFax, Understood
from faxdaemon.options import Account
from faxdaemon.options import Push as PushOptions
from faxdaemon.providers import concord, faxage, faxde, opentext

PLACE = Path(__file__).parent / "golden" / "push"
REFERENCE = "01jd0000000000000000000000-1-1"
OPTIONS: dict[str, Account] = {
    "faxage": faxage.Options(provider="faxage", username="u", company="1", password="p"),
    "concord": concord.Options(provider="concord", user_id="mbx1", password="p"),
    "faxde": faxde.Options(provider="faxde", customer="1", password="p"),
    "opentext": opentext.Options(provider="opentext", username="u", password="p"),
}
DOCUMENT = b"%PDF-1.4 the document"


def understood(provider: str, push: Push) -> Any:
    return plugins.load("faxdaemon.providers", provider).understand(OPTIONS[provider], push)


def golden(name: str) -> Any:
    provider, kind, *_ = name.split("-")
    return understood(provider, pushing.read(PLACE / f"{name}.http", "fax" if kind == "fax" else "status"))


STATUSES = {
    "faxage-status": ("1234567", Progress.SENT, "p1f9pxkxgrx5"),
    "concord-status-get": ("br1234567890", Progress.SENT, REFERENCE),
    "concord-status-form": ("br1234567890", Progress.FAILED, REFERENCE),
    "concord-status-multipart": ("br1234567890", Progress.SENT, REFERENCE),
    "concord-status-octets": ("br1234567890", Progress.SENT, REFERENCE),
    "concord-status-xml": ("br1234567890", Progress.SENT, REFERENCE),
    "concord-status-soap": ("br1234567890", Progress.SENT, REFERENCE),
    "faxde-staturl": ("4711", Progress.SENT, REFERENCE),
    "opentext-status": ("xsi-1111111111", Progress.SENT, REFERENCE),
}
FAXES = {
    "concord-fax-multipart": "m-4711",
    "concord-fax-xml": "m-4711",
    "concord-fax-soap": "m-4711",
    "concord-fax-octets": "m-4711",
    "opentext-fax": "xsi-700001:fax1-000000001-1",
}


def test_every_example_is_looked_at() -> None:
    hints = {"faxage-fax", "faxage-fax-json"}
    assert {path.stem for path in PLACE.glob("*.http")} == {*STATUSES, *FAXES, *hints}


@pytest.mark.parametrize("name", STATUSES)
def test_a_status_names_job_and_reference(name: str) -> None:
    job, progress, reference = STATUSES[name]
    said = golden(name)
    assert isinstance(said, Understood)
    assert (said.statuses[0].provider_id, said.statuses[0].progress) == (job, progress)
    assert said.references == {job: reference}
    assert said.faxes == ()


def test_concord_s_job_is_known_by_its_reference_too() -> None:
    """A submission that was found by `JRI-<reference>` may be followed under that name."""
    assert [status.provider_id for status in golden("concord-status-form").statuses] == [
        "br1234567890",
        f"JRI-{REFERENCE}",
    ]
    only = understood("concord", pushing.push("status", method="GET", ReferenceId=REFERENCE))
    assert [status.provider_id for status in only.statuses] == [f"JRI-{REFERENCE}"]


@pytest.mark.parametrize("name", FAXES)
def test_a_received_fax_comes_with_its_document(name: str) -> None:
    (fax,) = golden(name).faxes
    assert fax.document == DOCUMENT
    assert (fax.listed.provider_id, fax.listed.pages, fax.listed.csid) == (FAXES[name], 3, "LAB")
    if name.startswith("concord"):
        assert (fax.listed.called, fax.listed.caller) == ("+13035550120", "+494055500130")
        assert fax.listed.received_at == datetime(2018, 4, 18, 8, 24, 44, tzinfo=UTC)
        facts = (fax.listed.duration_s, fax.listed.resolution, fax.listed.speed, fax.listed.partial)
        assert facts == ((70, "fine", 14400, False) if name == "concord-fax-xml" else (None, None, None, None))
    else:
        assert (fax.listed.called, fax.listed.caller) == ("+13035550140", "+12125550142")
    told = repr(fax.listed.metadata)
    assert "hook" not in told, "the credentials of the push are kept"
    assert base64.b64encode(DOCUMENT).decode() not in told


@pytest.mark.parametrize("name", ["faxage-fax", "faxage-fax-json"])
def test_a_fax_without_document_is_a_hint(name: str) -> None:
    (fax,) = golden(name).faxes
    assert isinstance(fax, PushedFax)
    assert (fax.listed.provider_id, fax.document) == ("88001", None)


@pytest.mark.parametrize(
    ("name", "element"),
    [
        ("concord-status-soap", b'<r:FaxDeliveryNotificationResponse xmlns:r="C3FDNS"/>'),
        ("concord-fax-soap", b'<r:FaxReceiveNotifyResponse xmlns:r="CFRNNS"/>'),
    ],
)
def test_soap_is_answered_in_soap(name: str, element: bytes) -> None:
    said = golden(name)
    assert element in said.reply
    assert said.reply_type == "text/xml"


def test_concord_names_a_fax_without_id_by_its_content() -> None:
    faxes = [
        understood("concord", pushing.push("fax", body, "application/octet-stream")).faxes[0].listed.provider_id
        for body in (DOCUMENT, DOCUMENT, DOCUMENT + b"x")
    ]
    assert faxes[0] == faxes[1] != faxes[2]


def test_opentext_s_web_hook_may_hold_a_list() -> None:
    body = b"[" + b",".join([pushing.read(PLACE / "opentext-fax.http", "fax").body] * 2) + b"]"
    assert len(understood("opentext", pushing.push("fax", body, "application/json")).faxes) == 2


DTD = b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>'
BAD = {
    "faxage": [
        ("status", b"jobid=x", ""),
        ("status", b"", ""),
        ("fax", b"[1]", "application/json"),
        ("fax", b"{", "application/json"),
        ("fax", b"recvid=1;drop", ""),
    ],
    "concord": [
        ("status", b"AccountId=1", "application/x-www-form-urlencoded"),
        ("status", DTD + b"<a><FaxJobId>&b;</FaxJobId></a>", "text/xml"),
        ("status", b"<a><FaxJobId>br1</FaxJobId>", "text/xml"),
        ("fax", b"<faxDetails/>", "text/xml"),
        ("fax", b"<a><FaxMessageId>1</FaxMessageId><FaxFiles>not base64!</FaxFiles></a>", "text/xml"),
        ("fax", b"<a><FaxFiles>AAAA</FaxFiles><FaxFiles>AAAA</FaxFiles></a>", "text/xml"),
        ("fax", b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1", "multipart/form-data; boundary=x"),
        ("fax", b"nothing", "multipart/form-data"),
    ],
    "faxde": [("status", b"", ""), ("status", b"j=abc", "")],
    "opentext": [
        ("status", b"{}", ""),
        ("status", b"nothing", ""),
        ("status", b'{"job_id": "a b", "job_state": ["Complete"]}', ""),
        ("fax", b'{"job_id": "x"}', ""),
        ("fax", b'{"job_id": "x", "document": {"data": "?"}}', ""),
    ],
}


@pytest.mark.parametrize(("provider", "push"), [(p, push) for p, all_ in BAD.items() for push in all_])
def test_what_is_no_push_is_not_understood_and_not_quoted(provider: str, push: tuple[str, bytes, str]) -> None:
    said = understood(provider, pushing.push(*push))
    assert isinstance(said, NotUnderstood)
    assert "passwd" not in said.reason
    assert "drop" not in said.reason


def test_two_files_in_a_form_are_not_one_fax() -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nabc\r\n'
    body = b'--x\r\nContent-Disposition: form-data; name="FaxMessageId"\r\n\r\nm\r\n' + part * 2 + b"--x--\r\n"
    assert isinstance(
        understood("concord", pushing.push("fax", body, "multipart/form-data; boundary=x")), NotUnderstood
    )


def test_a_form_that_is_cut_off_is_no_fax_without_a_document() -> None:
    field = b'--x\r\nContent-Disposition: form-data; name="FaxMessageId"\r\n\r\nm\r\n'
    body = field + b'--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n%PDF-1.4'
    media = "multipart/form-data; boundary=x"
    assert isinstance(understood("concord", pushing.push("fax", body, media)), NotUnderstood)
    assert understood("concord", pushing.push("fax", body + b"\r\n--x--\r\n", media)).faxes[0].document == b"%PDF-1.4"


def test_a_binary_document_in_a_form_stays_as_it_is() -> None:
    content = bytes(range(256)) * 3 + b"\r\n--\r\n\n\r"
    body = b'--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n' + content + b"\r\n--x--\r\n"
    (fax,) = understood("concord", pushing.push("fax", body, "multipart/form-data; boundary=x")).faxes
    assert fax.document == content


@pytest.mark.parametrize("secret", ["", "short", "a" * 19, "with space in the middle x", "slash/slash/slash/slash"])
def test_a_secret_that_can_be_guessed_or_breaks_an_address_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="letters, digits"):
        PushOptions(secret=secret)


def test_a_login_is_whole() -> None:
    with pytest.raises(ValueError, match="both"):
        PushOptions(secret="a" * 20, username="hook")
