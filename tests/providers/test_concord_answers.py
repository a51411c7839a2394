"""What Concord's answers become, one by one, in both protocols."""

from __future__ import annotations

import re
from typing import Any

import pytest
from support.concord_wire import OK, SETTINGS_OK, Script, account, refusal, soap, xml
from support.faxes import Paper, new_submission
from support.papers import pdf_bytes
from support.wire import Talk, reply

from faxdaemon.contracts.provider import (
    Absent,
    Accepted,
    AccountRefused,
    Ambiguous,
    Cancelled,
    Found,
    JobStatus,
    NotNow,
    Progress,
    Refused,
    Unknown,
)
from faxdaemon.core.errors import CredentialsRefused, OutcomeUnknown, ProviderTrouble

PAPER = Paper(pdf_bytes())
STATUS = "GetRealTimeFaxStatusEx3"
TAKEN = {"return": True, "FaxJobIds": [{"JobId": "br12"}], "TTFP": 3, "WSError": OK}
GONE = {"ErrorCode": -5019, "ErrorString": "Invalid"}

protocols = pytest.mark.parametrize("protocol", ["soap", "json"])


def entry(job: str, status: int = 3, error: Any = OK, **more: Any) -> dict[str, Any]:
    """One status, in the order of the WSDL."""
    first = {"FaxJobId": job, "FaxJobStatusId": status, "StatusDescription": "words"}
    return {**first, **more, "Error": error}


def listed(*entries: Any) -> dict[str, Any]:
    return {"return": True, "FaxStatusList": list(entries), "WSError": OK}


def submitted(protocol: str, *answers: Any, control: Any = SETTINGS_OK, **changes: Any) -> tuple[Any, list[str]]:
    """What a submission becomes, and what was asked."""
    script = Script(protocol, SendFaxEx=answers, GetFaxAccountSettings=control)
    with account(script, **changes) as provider:
        return provider.submit(new_submission(), [PAPER.content]), script.asked


# --- submitting ---------------------------------------------------------------------------------------------------


@protocols
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (TAKEN, Accepted),
        ({**TAKEN, "WSError": {"ErrorCode": 7, "ErrorString": "odd"}}, Accepted),
        ({**TAKEN, "FaxJobIds": []}, Unknown),
        ({**TAKEN, "FaxJobIds": [{"JobId": ""}]}, Unknown),
        ({**TAKEN, "FaxJobIds": [{"JobId": "br1"}, {"JobId": "br2"}]}, Unknown),
        ({**TAKEN, "return": "maybe"}, Unknown),
        ({**TAKEN, "return": ""}, Unknown),
        ({"FaxJobIds": [{"JobId": "br12"}]}, Unknown),
        ({}, Unknown),
    ],
)
def test_only_a_plain_yes_with_one_job_is_accepted(protocol: str, fields: Any, expected: type) -> None:
    answer, asked = submitted(protocol, fields)
    assert isinstance(answer, expected)
    assert asked == ["SendFaxEx"]
    if isinstance(answer, Accepted):
        assert answer.provider_id == "br12"


@protocols
def test_an_answer_of_unknown_length_is_unknown(protocol: str) -> None:
    def cut(talk: Talk) -> None:
        body = b'{"a":{"return":true,"FaxJobIds":[{"JobId":"br1"}]}}'
        whole = body if protocol == "json" else soap(f"<FaxSendExResponse>{xml(TAKEN)}</FaxSendExResponse>")
        talk.send(b"HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\n\r\n" + whole.partition(b"\r\n\r\n")[2])

    answer, _ = submitted(protocol, cut)
    assert answer == Unknown("Concord's answer does not tell its own length, so it may have been cut off")


@pytest.mark.parametrize("call", [lambda p: p.status(["br1"]), lambda p: p.cancel("br1"), lambda p: p.inbox()])
def test_no_answer_of_unknown_length_is_believed(call: Any) -> None:
    def cut(talk: Talk) -> None:
        talk.send(b"HTTP/1.1 200 OK\r\n\r\n" + soap(f"<X>{xml(listed(entry('br1', 1)))}</X>").partition(b"\r\n\r\n")[2])

    script = Script(**{STATUS: cut, "CancelFax": cut, "GetInboundList": cut})
    with account(script) as provider, pytest.raises(ProviderTrouble, match="its own length"):
        call(provider)


def test_an_error_with_something_new_in_it_is_read_by_name() -> None:
    error = "<WSError><Why/><ErrorCode>-4242</ErrorCode></WSError>"
    answer, _ = submitted(
        "soap", soap(f"<FaxSendExResponse xmlns='urn:FaxWS'><return>false</return>{error}</FaxSendExResponse>")
    )
    assert isinstance(answer, Refused)
    assert "-4242" in answer.reason


@protocols
def test_a_no_of_unknown_meaning_refuses_the_fax_when_the_account_is_well(protocol: str) -> None:
    answer, asked = submitted(protocol, refusal(-4242))
    assert isinstance(answer, Refused)
    assert "-4242" in answer.reason
    assert asked == ["SendFaxEx", "GetFaxAccountSettings"]


@protocols
def test_a_no_of_unknown_meaning_is_the_accounts_when_its_settings_are_refused_too(protocol: str) -> None:
    answer, _ = submitted(protocol, refusal(-4242), control=refusal(-4242))
    assert isinstance(answer, AccountRefused)


@protocols
@pytest.mark.parametrize("control", [reply("<html>", "503 Later"), reply("no answer"), refusal(-9)])
def test_a_no_of_unknown_meaning_waits_when_nobody_can_tell(protocol: str, control: Any) -> None:
    answer, _ = submitted(protocol, refusal(-4242), control=control, errors={-9: "later"})
    assert isinstance(answer, NotNow)


@protocols
@pytest.mark.parametrize(
    ("word", "expected"),
    [("credentials", AccountRefused), ("later", NotNow), ("refused", Refused), ("unclear", Unknown)],
)
def test_the_sites_table_tells_what_a_number_means(protocol: str, word: str, expected: type) -> None:
    answer, asked = submitted(protocol, refusal(-4242), errors={-4242: word})
    assert isinstance(answer, expected)
    assert asked == ["SendFaxEx"], "no control question where the meaning is known"


@protocols
def test_the_services_words_are_never_shown(protocol: str) -> None:
    for code in (-4242, -5019, "none"):
        answer, _ = submitted(protocol, refusal(code))
        assert "Quentin" not in repr(answer)
        assert isinstance(answer, Refused)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("SOAP-ENV:Client", AccountRefused),
        ("s:MustUnderstand", AccountRefused),
        ("s:VersionMismatch", AccountRefused),
        ("SOAP-ENV:Server", Unknown),
        ("Quentin", Unknown),
        ("", Unknown),
    ],
)
@pytest.mark.parametrize("status", ["500 Internal Server Error", "200 OK"])
def test_only_a_fault_that_blames_the_message_is_a_no(code: str, expected: type, status: str) -> None:
    fault = f"<s:Fault><faultcode>{code}</faultcode><faultstring>Quentin</faultstring></s:Fault>"
    answer, asked = submitted("soap", soap(fault, status))
    assert isinstance(answer, expected)
    assert "Quentin" not in repr(answer)
    assert asked == ["SendFaxEx"]
    if isinstance(answer, AccountRefused):  # a mistake of ours or of the account: no fax is at fault
        assert "`wsdl`" in answer.reason


@protocols
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        *((status, AccountRefused) for status in (301, 307, 401, 403, 404, 405, 407, 410)),
        *((status, Refused) for status in (400, 411, 413, 415)),
        *((status, NotNow) for status in (408, 429)),
        *((status, Unknown) for status in (202, 204, 302, 303, 409, 500, 502, 503, 504)),
    ],
)
def test_http_statuses(protocol: str, status: int, expected: type) -> None:
    answer, asked = submitted(protocol, reply("<html>Quentin</html>", f"{status} Words"))
    assert isinstance(answer, expected)
    assert "Quentin" not in repr(answer)
    assert asked == ["SendFaxEx"]


def test_a_wait_that_was_asked_for_is_passed_on() -> None:
    answer, _ = submitted("soap", reply("", "429 Slow Down", retry_after="17"))
    assert isinstance(answer, NotNow)
    assert answer.retry_after == 17


@pytest.mark.parametrize(
    "inside",
    [
        (
            "<FaxSendExResponse xmlns='urn:FaxWS'><FaxJobIds><item><JobId>br12</JobId></item></FaxJobIds><New>1</New>"
            "<return>true</return></FaxSendExResponse>"
        ),
        (
            "<FaxSendExResponse xmlns='urn:FaxWS'><New/><return>1</return><FaxJobIds><item><JobId> br12 </JobId></item>"
            "</FaxJobIds><WSError><Why/><ErrorCode>0</ErrorCode></WSError></FaxSendExResponse>"
        ),
        (
            "<n:SendFaxExResponse xmlns:n='urn:other'><n:return>true</n:return><n:FaxJobIds><n:item>"
            "<n:JobId>br12</n:JobId></n:item></n:FaxJobIds></n:SendFaxExResponse>"
        ),
        (
            "<FaxSendExResponse><return>true</return><FaxJobIds><item><JobId>br12</JobId></item></FaxJobIds>"
            "<TTFP>soon</TTFP></FaxSendExResponse>"
        ),
    ],
    ids=["other order", "additions", "other names", "no number"],
)
def test_an_answer_that_differs_from_the_wsdl_is_read_by_name(inside: str) -> None:
    assert submitted("soap", soap(inside))[0] == Accepted("br12")


@pytest.mark.parametrize(
    "body",
    [
        (
            '<!DOCTYPE x [<!ENTITY a "aaaa">]><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
            "<FaxSendExResponse><return>true</return><FaxJobIds><item><JobId>br&a;</JobId></item></FaxJobIds>"
            "</FaxSendExResponse></s:Body></s:Envelope>"
        ),
        (
            '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><FaxSendExResponse>'
            "<return>true</return><FaxJobIds><item><JobId>br1"
        ),
        (
            "<FaxSendExResponse><return>true</return><FaxJobIds><item><JobId>br1</JobId></item></FaxJobIds>"
            "</FaxSendExResponse>"
        ),
    ],
    ids=["entity", "cut off", "no envelope"],
)
def test_damaged_or_strange_xml_is_unknown(body: str) -> None:
    assert isinstance(submitted("soap", reply(body, content_type="text/xml"))[0], Unknown)


@pytest.mark.parametrize("body", ["[]", "{}", '{"a": 1}', '{"a": {"return": true}, "b": {}}', "true", '{"a": {"return'])
def test_strange_json_is_unknown(body: str) -> None:
    assert isinstance(submitted("json", reply(body, content_type="application/json"))[0], Unknown)


# --- finding ------------------------------------------------------------------------------------------------------


def found(protocol: str, fields: Any, **changes: Any) -> Any:
    script = Script(protocol, **{STATUS: fields}, GetFaxAccountSettings=SETTINGS_OK)
    submission = new_submission(reference="01jd0000000000000000000000-1-1")
    with account(script, **changes) as provider:
        answer = provider.find(submission)
    assert "JRI-01jd0000000000000000000000-1-1" in script.bodies[0]
    return answer


@protocols
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (listed(entry("br7", ReferenceId="01JD0000000000000000000000-1-1", FaxNumber="3035550123")), Found("br7")),
        (listed(entry("br7")), Found("br7")),
        (listed(entry("br7", 2, {"ErrorCode": 3, "ErrorString": "Busy"})), Found("br7")),
        (listed(entry("JRI-01jd0000000000000000000000-1-1", 1)), Found("JRI-01jd0000000000000000000000-1-1")),
        (listed(entry("")), Found("JRI-01jd0000000000000000000000-1-1")),
        (listed(entry("br7"), entry("br8")), Found("br7")),
        (listed(entry("JRI-x", 2, GONE)), Absent()),
        (listed(entry("JRI-x", 3, GONE)), Absent()),
        (refusal(-5019), Absent()),
    ],
)
def test_a_look_up_believes_the_error_number_before_the_status(protocol: str, fields: Any, expected: Any) -> None:
    assert found(protocol, fields) == expected


@protocols
@pytest.mark.parametrize("more", [{"ReferenceId": "another"}, {"FaxNumber": "+13035550177"}])
def test_a_look_up_that_shows_another_fax_is_ambiguous(protocol: str, more: dict[str, str]) -> None:
    assert isinstance(found(protocol, listed(entry("br7", **more))), Ambiguous)


@protocols
@pytest.mark.parametrize("fields", [listed(), {"return": True}, {"return": "", "FaxStatusList": []}, refusal(-1)])
def test_a_look_up_without_an_answer_is_never_a_no(protocol: str, fields: Any) -> None:
    with pytest.raises(ProviderTrouble) as caught:
        found(protocol, fields)
    assert not isinstance(caught.value, CredentialsRefused)


def test_a_number_that_the_site_calls_unknown_job_is_one() -> None:
    assert found("soap", listed(entry("x", 2, {"ErrorCode": -77, "ErrorString": ""})), errors={-77: "unknown-job"}) == (
        Absent()
    )
    assert isinstance(found("soap", listed(entry("x", 2, GONE)), errors={-5019: "refused"}), Found)


def test_two_jobs_under_one_reference_are_reported(quiet: list[Any]) -> None:
    found("soap", listed(entry("br7"), entry("br8")))
    assert [event["event"] for event in quiet if event["log_level"] == "error"] == ["concord.doubled"]


# --- following ----------------------------------------------------------------------------------------------------


def statuses(protocol: str, jobs: list[str], *answers: Any, **changes: Any) -> tuple[list[JobStatus], Script]:
    script = Script(protocol, **{STATUS: answers}, GetFaxAccountSettings=SETTINGS_OK)
    with account(script, **changes) as provider:
        return provider.status(jobs), script


@protocols
def test_statuses(protocol: str) -> None:
    fields = listed(
        entry("br1", 1, RecipientCurrentPageCount=2, FaxDeliveryDateTime="2026-11-20T09:33:00+01:00"),
        entry("br2", 2, {"ErrorCode": 9, "ErrorString": "No Answer"}, FaxDeliveryDuration=12),
        entry("br3", 2, GONE),
        entry("br4", 3, RecipientCurrentPageCount=1, FaxDeliveryDateTime="2026/11/20 09:33:00"),
        entry("br5", 99),
        entry("br6", 2),
    )
    found, script = statuses(protocol, ["br6", "br5", "br4", "br3", "br2", "br1", "br0"], fields)
    told = {status.provider_id: (status.progress, status.text, status.pages, status.duration_s) for status in found}
    assert told == {
        "br1": (Progress.SENT, "words", 2, None),
        "br2": (Progress.FAILED, "No Answer", None, 12),
        "br3": (Progress.UNKNOWN_JOB, "Concord does not know the job (error -5019)", None, None),
        "br4": (Progress.PENDING, "words", None, None),
        "br5": (Progress.PENDING, "words", None, None),
        "br6": (Progress.FAILED, "words", None, None),
    }
    assert [s.ended_at.hour for s in found if s.ended_at] == [8]
    assert script.asked == [STATUS], "all in one request"


@protocols
def test_a_job_known_by_its_reference_is_told_by_place(protocol: str) -> None:
    found, _ = statuses(protocol, ["JRI-a", "br2"], listed(entry("br1", 1), entry("br2", 2)))
    assert [(s.provider_id, s.progress) for s in found] == [("JRI-a", Progress.SENT), ("br2", Progress.FAILED)]
    found, _ = statuses(protocol, ["br1", "br3"], listed(entry("br1", 1), entry("br2", 1)))
    assert [s.provider_id for s in found] == ["br1"], "another job's status is nobody's"


@protocols
def test_a_batch_refused_for_one_job_is_asked_one_by_one(protocol: str) -> None:
    answers = [refusal(-5019), listed(entry("br1", 1)), refusal(-5019)]
    found, script = statuses(protocol, ["br1", "br2"], *answers)
    assert [(s.provider_id, s.progress) for s in found] == [("br1", Progress.SENT), ("br2", Progress.UNKNOWN_JOB)]
    assert script.asked == [STATUS] * 3


@protocols
@pytest.mark.parametrize("fields", [listed(), {"return": True, "WSError": OK}, refusal(-3), {}])
def test_a_status_answer_that_says_nothing_is_trouble(protocol: str, fields: Any) -> None:
    with pytest.raises(ProviderTrouble):
        statuses(protocol, ["br1", "br2"], fields)


def test_a_thousand_jobs_go_into_one_request() -> None:
    jobs = [f"br{n}" for n in range(1000)]
    found, script = statuses("soap", jobs, listed(*(entry(job, 1, ReferenceId="x", FaxNumber="+1") for job in jobs)))
    assert len(found) == 1000
    assert script.asked == [STATUS]
    assert re.findall(r"JobId>(br\d+)<", script.bodies[0]) == jobs


@protocols
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"return": True, "WSError": OK}, Cancelled.DONE),
        (refusal(-5019), Cancelled.TOO_LATE),
        (refusal(-31), Cancelled.TOO_LATE),
        (refusal(-32), Cancelled.TOO_LATE),
    ],
)
def test_cancelling(protocol: str, fields: Any, expected: Cancelled) -> None:
    script = Script(protocol, CancelFax=fields, GetFaxAccountSettings=SETTINGS_OK)
    with account(script, errors={-32: "refused"}) as provider:
        assert provider.cancel("br1") is expected


@protocols
def test_every_refusal_asks_whether_it_is_the_account(protocol: str) -> None:
    script = Script(protocol, CancelFax=refusal(-31), GetFaxAccountSettings=refusal(-1), **{STATUS: refusal(-31)})
    with account(script) as provider:
        for call in (lambda: provider.cancel("br1"), lambda: provider.status(["br1"])):
            with pytest.raises(CredentialsRefused):
                call()
    assert script.asked == ["CancelFax", "GetFaxAccountSettings", STATUS, "GetFaxAccountSettings"]


@protocols
def test_check_asks_for_the_service_first_and_for_the_account_then(protocol: str) -> None:
    good = {"return": "up"}
    script = Script(
        protocol, CheckService=[good, good, {"return": ""}], GetFaxAccountSettings=[SETTINGS_OK, refusal(-1)]
    )
    with account(script) as provider:
        assert provider.check() == "Concord accepts these credentials"
        with pytest.raises(CredentialsRefused, match="refuses to tell this account's settings"):
            provider.check()
        with pytest.raises(ProviderTrouble, match="CheckService"):
            provider.check()
    assert script.asked == ["CheckService", "GetFaxAccountSettings"] * 2 + ["CheckService"]


@protocols
def test_a_reply_that_broke_off_stays_unknown_all_the_way(protocol: str) -> None:
    def broken(talk: Talk) -> None:
        talk.send(b"HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n<s:Envelope")
        talk.reset()

    assert isinstance(submitted(protocol, broken)[0], Unknown)
    with pytest.raises(OutcomeUnknown):
        found(protocol, broken)
