"""Concord's `SimpleSendFax` and `SimpleGetFaxStatus`: in the sandbox, and answer by answer."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.concord_wire import SETTINGS_OK, Script, account, refusal, soap
from support.papers import make_tiff, pdf_bytes
from support.provider_rigs import concord as rig
from support.provider_rigs import concord_json as json_rig
from support.wire import reply

from faxdaemon.contracts.services import Simple
from faxdaemon.core.errors import CredentialsRefused, OutcomeUnknown, ProviderTrouble, UserError
from faxdaemon.sandbox import Fault, Play, Sandbox

TO = "+13035550123"
TIFF = b"II*\0 a page"
JOB = "br7731046255"
Open = Callable[..., Any]


@pytest.fixture
def tiff(tmp_path: Path) -> bytes:
    return make_tiff(tmp_path / "a.tif", pages=2).read_bytes()


# --- in the sandbox -----------------------------------------------------------------------------------------------


def test_a_tiff_is_faxed_and_followed(box: Sandbox, opened: Open, tiff: bytes) -> None:
    provider = opened(rig.options(box))
    assert isinstance(provider, Simple)
    job = provider.send_simple(TO, "Dr Lee", tiff)
    assert provider.simple_status(job).rows == ((job, "3", "being processed"),)
    (fax,) = box.wait(lambda: [entry for entry in box.sent() if entry.result])
    assert (fax.job, fax.destination, fax.pages, fax.reference) == (job, TO, 2, "")
    assert provider.simple_status(job).rows == ((job, "1", "succeeded"),)
    failing = provider.send_simple("+13035550110", "", tiff)
    box.wait(lambda: all(entry.result for entry in box.sent()))
    assert provider.simple_status(failing).rows == ((failing, "2", "failed"),)


def test_an_unknown_job_is_told(box: Sandbox, opened: Open) -> None:
    with pytest.raises(UserError, match="-5019"):
        opened(rig.options(box)).simple_status("br77")


@pytest.mark.parametrize(
    ("number", "content", "words"),
    [(TO, pdf_bytes(), "takes a TIFF"), (TO, b"", "takes a TIFF"), ("1234", TIFF, "no number")],
)
def test_what_can_never_be_taken_is_not_asked_for(number: str, content: bytes, words: str) -> None:
    script = Script()
    with account(script) as provider, pytest.raises(UserError, match=words):
        provider.send_simple(number, "", content)
    assert script.asked == []


@pytest.mark.parametrize("table", [{}, rig.ERRORS], ids=["numbers not known", "known"])
def test_wrong_credentials(box: Sandbox, opened: Open, tiff: bytes, table: Any) -> None:
    provider = opened(rig.wrong(box, **({} if table else {"errors": {}})))
    for act in (lambda: provider.send_simple(TO, "", tiff), lambda: provider.simple_status("br1")):
        with pytest.raises(CredentialsRefused, match="-5001"):
            act()
    assert box.sent() == []


@pytest.mark.parametrize("play", [Play.ACCEPT_THEN_DROP, Play.ERR01])
def test_whether_it_was_taken_may_not_be_told(box: Sandbox, opened: Open, tiff: bytes, play: Play) -> None:
    box.fault(Fault(play, operation="SimpleSendFax"))
    with pytest.raises(OutcomeUnknown):
        opened(rig.options(box)).send_simple(TO, "", tiff)


def test_in_json_it_is_not_to_be_had(box: Sandbox, opened: Open, tiff: bytes) -> None:
    provider = opened(json_rig.options(box))
    for act in (lambda: provider.send_simple(TO, "", tiff), lambda: provider.simple_status("br1")):
        with pytest.raises(UserError, match="protocol: soap"):
            act()
    assert box.sent() == []


# --- answer by answer ---------------------------------------------------------------------------------------------


def sent(answer: Any, **changes: Any) -> str:
    script = Script(SimpleSendFax=answer, GetFaxAccountSettings=changes.pop("control", SETTINGS_OK))
    with account(script, **changes) as provider:
        return str(provider.send_simple(TO, "A", TIFF))


def fault(code: str) -> bytes:
    words = f"<faultcode>SOAP-ENV:{code}</faultcode><faultstring>Quentin</faultstring>"
    return soap(f"<s:Fault>{words}</s:Fault>", "500 Internal Server Error")


def test_the_document_goes_where_it_belongs_and_nowhere_else() -> None:
    script = Script(SimpleSendFax={"return": JOB})
    mark = base64.b64encode(b"<0000000>").decode()  # what stands for the document until it leaves
    with account(script) as provider:
        assert provider.send_simple(TO, mark, TIFF) == JOB
    told = dict(re.findall(r"<\w+:(\w+)>([^<]*)</", script.bodies[0]))
    assert told["TIFFJobFile"] == base64.b64encode(TIFF).decode()
    assert told["RecipientName"] == mark


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        ({"return": "-5011"}, UserError, "-5011"),
        ({"return": ""}, OutcomeUnknown, "could not be read"),
        ({"return": "true"}, OutcomeUnknown, "could not be read"),
        ({"return": "12"}, OutcomeUnknown, "could not be read"),
        ({"return": "br 12 Quentin"}, OutcomeUnknown, "could not be read"),
        ({}, OutcomeUnknown, "could not be read"),
        (reply("<html>"), OutcomeUnknown, "could not be read"),
        (fault("Client"), CredentialsRefused, "`wsdl`"),
        (fault("Server"), OutcomeUnknown, "fault"),
        (reply("", "401 No"), CredentialsRefused, "401"),
        (reply("", "413 Large"), UserError, "413"),
        (reply("", "429 Slow"), ProviderTrouble, "429"),
        (reply("", "503 Later"), OutcomeUnknown, "503"),
    ],
)
def test_only_a_job_id_is_a_yes_and_only_a_definite_no_is_one(answer: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words) as caught:
        sent(answer)
    assert type(caught.value) is error
    assert "Quentin" not in str(caught.value)


@pytest.mark.parametrize(
    ("word", "error"),
    [
        ("credentials", CredentialsRefused),
        ("later", ProviderTrouble),
        ("refused", UserError),
        ("unclear", OutcomeUnknown),
    ],
)
def test_the_sites_table_holds_here_too(word: str, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        sent({"return": "-4242"}, errors={-4242: word})
    assert type(caught.value) is error


def test_the_control_question_tells_that_it_is_the_account() -> None:
    with pytest.raises(CredentialsRefused, match="settings either"):
        sent({"return": "-4242"}, control=refusal(-4242))


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        ({"return": 0}, ProviderTrouble, "not documented"),
        ({"return": 4}, ProviderTrouble, "not documented"),
        ({"return": "Quentin"}, ProviderTrouble, "not documented"),
        ({"return": -4242}, UserError, "-4242"),
        (reply("<html>"), ProviderTrouble, "could not be read"),
        (reply("", "403 No"), CredentialsRefused, "403"),
        (fault("Client"), ProviderTrouble, "fault"),
    ],
)
def test_a_status_is_one_of_three_or_nothing(answer: Any, error: type[Exception], words: str) -> None:
    script = Script(SimpleGetFaxStatus=answer, GetFaxAccountSettings=SETTINGS_OK)
    with account(script) as provider, pytest.raises(error, match=words) as caught:
        provider.simple_status(JOB)
    assert type(caught.value) is error
    assert "Quentin" not in str(caught.value)
