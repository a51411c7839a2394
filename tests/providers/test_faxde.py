"""FAX.de's own ways of sending: every documented result, doubles, options, the order of parameters, the call-back."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from support.faxes import Paper, new_submission
from support.papers import pdf_bytes
from support.wire import FixedClock, Talk, WireServer, always, reply

from faxdaemon.contracts.provider import (
    Accepted,
    AccountRefused,
    Ambiguous,
    Answer,
    Cancelled,
    Duplicates,
    Find,
    JobStatus,
    NotNow,
    Progress,
    Provider,
    Refused,
    Unknown,
)
from faxdaemon.contracts.push import NotUnderstood, Push, Understood
from faxdaemon.core.errors import CredentialsRefused, OutcomeUnknown, ProviderTrouble
from faxdaemon.core.model import Listed
from faxdaemon.http import Http
from faxdaemon.providers.faxde import CAPABILITIES, Options, answers, open_account, orders, push, understand
from faxdaemon.providers.faxde.wire import moment
from faxdaemon.sandbox import Sandbox

NOW = datetime(2026, 11, 20, 9, 45, tzinfo=UTC)
PAPER = Paper(b"%PDF-1.4 x").content
SECRET = "the-password"
CSV = '"RECIPIENT","JOBTYPE","RESULT","REMOTEID","PAGES","SENDDATETIME","DURATION","REFID"'


def soap(inside: str, **changes: str) -> bytes:
    """A reply of the service."""
    envelope = "http://schemas.xmlsoap.org/soap/envelope/"
    text = f'<?xml version="1.0"?><E:Envelope xmlns:E="{envelope}"><E:Body>{inside}</E:Body></E:Envelope>'
    return reply(text, **{"content_type": "text/xml", **changes})


def results(code: int | str, **fields: object) -> bytes:
    """A reply with results."""
    inside = "".join(f"<{name}>{value}</{name}>" for name, value in {"return": code, **fields}.items())
    return soap(f'<n:XResponse xmlns:n="urn:any">{inside}</n:XResponse>')


def fault(code: str = "SOAP-ENV:Server") -> bytes:
    inside = f"<faultcode>{code}</faultcode><faultstring>exception with {SECRET}</faultstring>"
    return soap(f"<E:Fault>{inside}</E:Fault>", status="500 Internal Server Error")


def protocol(*rows: str, charset: str = "utf-8") -> str:
    return base64.b64encode("\r\n".join([CSV, *rows, ""]).encode(charset)).decode()


class Desk:
    """Opens accounts at servers that give the replies they are told."""

    def __init__(self) -> None:
        self.servers: list[WireServer] = []
        self.providers: list[Provider] = []

    def __call__(
        self, *replies: bytes, behave: Callable[[Talk], None] | None = None, now: datetime = NOW, **changes: Any
    ) -> Provider:
        server = WireServer(behave or always(*replies)).__enter__()
        self.servers.append(server)
        clock = FixedClock(now)
        options = Options(**{"provider": "faxde", "customer": "c", "password": SECRET, "url": server.url, **changes})
        self.providers.append(open_account(options, Http(timeout=20, clock=clock), clock))
        return self.providers[-1]

    @property
    def requests(self) -> list[str]:
        return [seen.body.decode() for server in self.servers for seen in server.requests]

    def close(self) -> None:
        for provider in self.providers:
            provider.close()
        for server in self.servers:
            server.__exit__(None, None, None)


@pytest.fixture
def faxde() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.close()


def submitted(provider: Provider, **changes: Any) -> Answer:
    return provider.submit(new_submission("+4940123456789", intended_at=NOW, **changes), [PAPER])


def value(request: str, name: str) -> str:
    """A parameter of a request."""
    match = re.search(f"<{name} [^>]*>([^<]*)</{name}>", request)
    assert match, name
    return match[1].replace("&amp;", "&")


# --- SendJob's results --------------------------------------------------------------------------------------------

TAKEN_CLASSES = {
    0: Accepted,
    **dict.fromkeys((-1, -2, 1, 2, 3, 6, 7, 54, 61), AccountRefused),
    **dict.fromkeys((-1309, -14, -8, -7, -6, -5, -3, 4, 8, 9, 10, 11, 15, 45, 46, 47, 58, 75, -77), Refused),
    **dict.fromkeys((-65, -66), NotNow),
    **dict.fromkeys((-4, 5, 12, 77, 4711, -999), Unknown),
}


@pytest.mark.parametrize("code", TAKEN_CLASSES)
def test_each_result_of_sendjob(faxde: Desk, code: int) -> None:
    answer = submitted(faxde(results(code, JobId=12)))
    assert type(answer) is TAKEN_CLASSES[code]
    if code:
        reason = getattr(answer, "reason", "")
        assert f"({code})" in reason
        assert len(reason) > 20


def test_every_documented_result_has_a_class_here() -> None:
    documented = "0 -1 -2 -3 -4 -5 -6 -7 -8 -14 -65 -66 -77 -1309 1 2 3 4 6 7 8 9 10 11 15 45 46 47 54 58 61 75"
    assert {*answers.SEND, 0, answers.DUPLICATE} == set(map(int, documented.split(" ")))


@pytest.mark.parametrize(
    "told",
    [
        results(0, JobId=12),
        results(" 0 ", JobId="\n12\n"),
        soap("<SendJobResponse xmlns='urn:x'><JobId>12</JobId><return>0</return></SendJobResponse>"),
        soap("<a:r xmlns:a='urn:x'><a:PageCount/><a:return>0</a:return><a:JobId>12</a:JobId></a:r>"),
    ],
)
def test_results_are_found_by_their_local_names(faxde: Desk, told: bytes) -> None:
    assert submitted(faxde(told)) == Accepted("12")


def test_an_answer_needs_no_length_because_its_end_is_seen(faxde: Desk) -> None:
    whole = results(0, JobId=1234).partition(b"\r\n\r\n")[2]

    def behave(talk: Talk) -> None:
        talk.request()
        talk.send(reply(whole, content_length="", connection="close"))

    def cut(talk: Talk) -> None:
        talk.request()
        talk.send(reply(whole[: whole.index(b"34<")], content_length="", connection="close"))

    assert submitted(faxde(behave=behave)) == Accepted("1234")
    assert isinstance(submitted(faxde(behave=cut)), Unknown)


@pytest.mark.parametrize(
    "told",
    [
        results("", JobId=12),
        results("yes", JobId=12),
        results(0),
        results(0, JobId=""),
        results(0, JobId=0),
        reply("<html>Welcome</html>"),
        reply("<html><br>Welcome"),
        reply(""),
        soap(""),
        soap("<x/>"),
        reply("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>"),
        fault(),
        fault("SOAP-ENV:Server.Userexception"),
        fault(""),
    ],
)
def test_what_is_no_result_is_unknown(faxde: Desk, told: bytes) -> None:
    answer = submitted(faxde(told))
    assert isinstance(answer, Unknown)
    assert SECRET not in repr(answer)


@pytest.mark.parametrize("code", ["SOAP-ENV:Client", "Client.Authentication", "e:MustUnderstand", "VersionMismatch"])
def test_a_fault_of_ours_stops_the_account_and_not_the_fax(faxde: Desk, code: str) -> None:
    answer = submitted(faxde(fault(code)))
    assert isinstance(answer, AccountRefused)
    assert "namespace" in answer.reason


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((s, AccountRefused) for s in (301, 307, 308, 401, 403, 404, 405, 407, 410, 451)),
        *((s, Refused) for s in (400, 411, 413, 414, 415, 417, 431)),
        *((s, NotNow) for s in (408, 421, 425, 429)),
        *((s, Unknown) for s in (201, 202, 402, 409, 418, 500, 501, 502, 503, 504, 520)),
    ],
)
def test_each_http_status(faxde: Desk, status: int, kind: type) -> None:
    answer = submitted(faxde(reply("<html>no", status=f"{status} X", retry_after="7")))
    assert type(answer) is kind
    assert getattr(answer, "retry_after", 7.0) == 7.0


# --- doubles ------------------------------------------------------------------------------------------------------


def test_a_double_of_an_attempt_in_doubt_is_that_attempt(faxde: Desk) -> None:
    provider = faxde(results(-77, JobId=12), results(6))
    assert submitted(provider, doubt=True) == Accepted("12")


def test_a_double_of_nothing_that_we_sent_is_refused(faxde: Desk) -> None:
    """Taken for ours, another fax's end would be told as the end of this one, which nobody sends."""
    answer = submitted(faxde(results(-77, JobId=12)))
    assert isinstance(answer, Refused)
    assert "job 12" in answer.reason


@pytest.mark.parametrize("doubt", [True, False])
def test_a_double_without_an_id_is_never_offered_again(faxde: Desk, doubt: bool) -> None:
    answer = submitted(faxde(results(-77, JobId=0)), doubt=doubt)
    assert isinstance(answer, Refused)
    assert ("was taken" in answer.reason) is doubt


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (results(6), Accepted),
        (results(5), Accepted),
        (reply("", status="503 X"), Accepted),
        (results(6, StatusFile=protocol('"+49","FAX","OK","","1","","1","another"')), Accepted),
        (results(0, SendResult="OK", StatusFile=protocol('"+49","FAX","OK","","1","","1",""')), Accepted),
        (results(0, SendResult="OK", StatusFile=protocol('"+49","FAX","OK","","1","","1","our-reference"')), Accepted),
        (results(0, SendResult="OK", StatusFile=protocol('"+49","FAX","OK","","1","","1","another"')), Refused),
    ],
)
def test_a_double_with_another_reference_is_another_fax(faxde: Desk, told: bytes, kind: type) -> None:
    submission = new_submission("+4940123456789", reference="our-reference", doubt=True, intended_at=NOW)
    answer = faxde(results(-77, JobId=12), told).submit(submission, [PAPER])
    assert type(answer) is kind


def test_a_double_of_which_nobody_can_tell_more_is_ours(faxde: Desk) -> None:
    def behave(talk: Talk) -> None:
        if b"SendJob" in talk.request().body:
            talk.send(results(-77, JobId=12))
        else:
            talk.reset()

    assert submitted(faxde(behave=behave), doubt=True) == Accepted("12")


@pytest.mark.parametrize(("age", "sent"), [(0, True), (3600, True), (3601, False), (86_400, False)])
def test_after_the_window_a_doubt_is_never_sent_again(faxde: Desk, age: int, sent: bool) -> None:
    provider = faxde(results(0, JobId=12), now=NOW + timedelta(seconds=age))
    answer = submitted(provider, doubt=True)
    assert (answer == Accepted("12")) is sent
    assert bool(faxde.requests) is sent
    if not sent:
        assert isinstance(answer, Refused)
        assert "earlier attempt" in answer.reason


def test_a_submission_takes_a_connection_of_its_own(faxde: Desk) -> None:
    provider = faxde(results(5), results(5), results(0, JobId=12))
    provider.check()
    provider.check()
    assert faxde.servers[0].connections == 1
    assert submitted(provider) == Accepted("12")
    assert faxde.servers[0].connections == 2


def test_without_a_doubt_there_is_no_window(faxde: Desk) -> None:
    provider = faxde(results(0, JobId=12), now=NOW + timedelta(days=3))
    assert submitted(provider) == Accepted("12")


def test_a_doubt_of_which_the_time_is_not_known_is_not_sent_again(faxde: Desk) -> None:
    submission = new_submission("+4940123456789", doubt=True, intended_at=None)
    assert isinstance(faxde(results(0, JobId=12)).submit(submission, [PAPER]), Refused)
    assert faxde.requests == []


def test_a_repeat_is_the_same_request_byte_for_byte(faxde: Desk) -> None:
    submission = new_submission("+4940123456789", intended_at=NOW, options={"retries": 2})
    wishes = {"stationid": "Praxis", "staturl": "https://fax.example.org/p"}
    for later in (0, 60, 3000):
        told = results(0, JobId=1)
        provider = faxde(told, now=NOW + timedelta(seconds=later), **wishes)
        provider.submit(replace(submission, doubt=bool(later), epoch=later, attempts=later, asked=later), [PAPER])
    one, two, three = faxde.requests
    assert one == two == three
    assert "2026" not in one, "nothing of today is in it"


def test_every_submission_has_a_reference_of_its_own(faxde: Desk) -> None:
    provider = faxde(results(0, JobId=1))
    first, second = new_submission(), new_submission(reference="x" * 200)
    for submission in (first, second):
        provider.submit(submission, [PAPER])
    tokens = [re.fullmatch(r"\+13035550123\[([0-9A-Za-z-]{8,32})\]", value(r, "Recipient")) for r in faxde.requests]
    assert tokens[0] and tokens[0][1] == first.reference
    assert tokens[1] and len(tokens[1][1]) == 32


# --- what is sent -------------------------------------------------------------------------------------------------


def test_every_parameter_is_sent_in_order_with_its_type(faxde: Desk) -> None:
    submitted(faxde(results(0, JobId=1), namespace="urn:Other-IntfXMLWS"))
    (request,) = faxde.requests
    found = re.findall(r'<(\w+) xsi:type="xsd:(\w+)">', request)
    names = "Account Password JobType Recipient RecipientFile SendText SendFilename1 SendFile1 SendFilename2 SendFile2"
    assert [name for name, _ in found] == [*names.split(" "), "SendFilename3", "SendFile3", "SendDateTime", "Options"]
    kinds = dict(found)
    assert {kinds[name] for name in ("SendFile1", "SendFile3", "RecipientFile")} == {"base64Binary"}
    assert (kinds["JobType"], kinds["SendDateTime"], kinds["Options"]) == ("int", "dateTime", "string")
    assert "<m:SendJob>" in request
    assert 'xmlns:m="urn:Other-IntfXMLWS"' in request
    assert faxde.servers[0].requests[0].headers["soapaction"] == '"urn:Other-IntfXMLWS#SendJob"'


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("", "/soap/IntfXMLWS"),
        ("/xmlws.exe/", "/xmlws.exe/soap/IntfXMLWS"),
        ("/x.dll/soap/IXMLWS3", "/x.dll/soap/IXMLWS3"),
    ],
)
def test_the_address_of_the_service(path: str, asked: str) -> None:
    clock = FixedClock(NOW)
    with WireServer(always(results(5))) as server:
        options = Options(provider="faxde", customer="c", password=SECRET, url=server.url + path)
        provider = open_account(options, Http(timeout=20, clock=clock), clock)
        provider.check()
        provider.close()
        assert server.requests[0].path == asked


def papers(*names: str, data: bytes = b"x") -> list[Any]:
    return [Paper(data, name=name).content for name in names]


@pytest.mark.parametrize(
    ("service", "names", "job_type", "files"),
    [
        ("fax", ["a.pdf"], "0", ["1.pdf", "", ""]),
        ("", ["a.TIFF", "Müller.htm", "c.doc"], "0", ["1.tif", "2.html", "3.doc"]),
        ("fax", ["note.txt", "a.xls", "b.bmp", "c.tif"], "0", ["1.xls", "2.bmp", "3.tif"]),
        ("sms", ["a.txt"], "1", ["", "", ""]),
        ("email", ["a.txt", "b.pdf"], "2", ["1.pdf", "", ""]),
        ("letter", ["b.pdf"], "3", ["1.pdf", "", ""]),
        ("letter-color", ["b.pdf"], "4", ["1.pdf", "", ""]),
        ("qsign", ["b.pdf"], "8", ["1.pdf", "", ""]),
    ],
)
def test_each_service(faxde: Desk, service: str, names: list[str], job_type: str, files: list[str]) -> None:
    submission = new_submission("+4940123456789", options={"service": service, "address": "a@example.org"})
    assert faxde(results(0, JobId=1)).submit(submission, papers(*names)) == Accepted("1")
    (request,) = faxde.requests
    assert value(request, "JobType") == job_type
    assert [value(request, f"SendFilename{n}") for n in "123"] == files
    assert value(request, "SendText") == ("x" if names[0].endswith(".txt") else "")
    whom = "a@example.org" if service in {"email", "qsign"} else "+4940123456789"
    assert value(request, "Recipient").partition("[")[0] == whom


@pytest.mark.parametrize(
    ("options", "contents", "why"),
    [
        ({"service": "telegram"}, papers("a.pdf"), "telegram"),
        ({}, [], "no document"),
        ({}, papers(*["a.pdf"] * 4), "at most 3"),
        ({}, papers("a.odt"), ".odt"),
        ({}, papers("a"), "without a suffix"),
        ({}, papers("a.pdf", "b.txt"), "first"),
        ({}, papers("a.txt", data=b" \n"), "empty"),
        ({}, papers("a.txt", data=b"x" * 70_000), "64 KiB"),
        ({"service": "sms"}, papers("a.pdf"), "one .txt"),
        ({"service": "sms"}, papers("a.txt", "b.pdf"), "one .txt"),
        ({"service": "letter"}, papers("a.txt"), "letter"),
        ({"service": "email"}, papers("a.pdf"), "address"),
        ({"service": "email", "address": "a@b.c,d@e.f"}, papers("a.pdf"), "address"),
        ({"sender_csid": "x;FAXRETRY=9"}, papers("a.pdf"), "semicolon"),
        ({"sender_csid": "x" * 21}, papers("a.pdf"), "20"),
        ({"retries": "many"}, papers("a.pdf"), "retries"),
    ],
)
def test_what_faxde_could_never_take_is_refused_unsent(
    faxde: Desk, options: dict[str, Any], contents: list[Any], why: str
) -> None:
    answer = faxde(results(0, JobId=1)).submit(new_submission("+4940123456789", options=options), contents)
    assert isinstance(answer, Refused)
    assert why in answer.reason
    assert faxde.requests == []


@pytest.mark.parametrize("number", ["4940123", "+0123", "+49 40", "", "+4940,+4941", "+49[x]"])
def test_a_number_in_another_form_is_refused(faxde: Desk, number: str) -> None:
    assert isinstance(faxde(results(0, JobId=1)).submit(new_submission(number), [PAPER]), Refused)
    assert faxde.requests == []


def test_a_text_is_read_in_either_charset(faxde: Desk) -> None:
    provider = faxde(results(0, JobId=1))
    for raw in ("Grüße".encode(), "\ufeffGrüße".encode(), "Grüße".encode("cp1252")):
        provider.submit(new_submission(options={"service": "sms"}), papers("a.txt", data=raw))
    assert [value(request, "SendText") for request in faxde.requests] == ["Grüße"] * 3


def test_options_of_the_request_come_before_those_of_the_account(faxde: Desk) -> None:
    account = {"callerid": "+4940", "stationid": "Ours", "faxretry": 3, "mailfrom": "a@b.de", "smsfrom": "Praxis"}
    provider = faxde(results(0, JobId=1), **account, staturl="https://f.example/p?a=1")
    wishes = {"sender_csid": "Theirs", "header": "H", "flash": True, "staturl": "https://evil.example", "to": "x"}
    provider.submit(new_submission(options=wishes), [PAPER])
    assert value(faxde.requests[0], "Options").split(";") == [
        "CALLERID=+4940",
        "STATIONID=Theirs",
        "FAXHEADER=H",
        "FAXRETRY=3",
        "MAILFROM=a@b.de",
        "SMSFROM=Praxis",
        "STATURL=https://f.example/p?a=1&j=$JID&c=$CID&s=$STAT",
        "FLASHSMS",
    ]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"staturl": "https://f.example/" + "x" * 120}, "128"),
        ({"staturl": "https://f.example/;x"}, "semicolon"),
        ({"staturl": "f.example/p"}, "not an address"),
        ({"staturl": "https://f.example/p#x"}, "not an address"),
        ({"stationid": "x" * 21}, "20 characters"),
        ({"faxheader": "a;b"}, "semicolon"),
        ({"callerid": "Praxis"}, "a number"),
        ({"mailfrom": "Praxis"}, "e-mail"),
        ({"smsfrom": "+" + "1" * 17}, "16 digits"),
        ({"faxretry": 100}, "99"),
        ({"namespace": 'urn:"x'}, "name space"),
        ({"customer": ""}, "customer"),
    ],
)
def test_a_setting_that_cannot_be_is_a_mistake(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Options(**{"provider": "faxde", "customer": "c", "password": SECRET, **changes})


def test_the_longest_staturl_is_counted_with_its_tokens() -> None:
    url = "https://f.example/" + "x" * (128 - len("https://f.example/") - len("?" + push.TOKENS))
    options = Options(provider="faxde", customer="c", password=SECRET, staturl=url)
    assert options.staturl
    assert len(push.address(options.staturl.get_secret_value())) == 128


def test_the_address_of_the_call_back_is_a_secret(faxde: Desk) -> None:
    url = "https://f.example/push/unguessable"
    provider = faxde(results(0, JobId=1), staturl=url)
    with pytest.raises(ValidationError) as caught:
        Options(provider="faxde", customer="c", password=SECRET, staturl=url + ";" + "x" * 128)
    shown = repr(provider) + repr(Options(provider="faxde", customer="c", password=SECRET, staturl=url))
    assert "unguessable" not in shown + "".join(str(error["msg"]) for error in caught.value.errors())


# --- following ----------------------------------------------------------------------------------------------------

ROW = '"+4940123456789","FAX","{}","{}","2","2026-06-01 15:53:06","19","ref"'


def status_of(provider: Provider) -> JobStatus:
    (status,) = provider.status(["12"])
    return status


@pytest.mark.parametrize(
    ("word", "progress", "permanent"),
    [
        ("OK", Progress.SENT, False),
        ("Busy", Progress.FAILED, False),
        ("No Answer", Progress.FAILED, False),
        ("Send-Fail", Progress.FAILED, False),
        ("Voice", Progress.FAILED, True),
        ("No Service", Progress.FAILED, True),
        ("Call failed", Progress.FAILED, True),
        ("Black-List", Progress.FAILED, True),
        ("NOANSWER", Progress.FAILED, False),
    ],
)
def test_each_word_of_a_finished_job(faxde: Desk, word: str, progress: Progress, permanent: bool) -> None:
    told = results(
        0,
        SendResult=word,
        SendDateTime="2026-06-01T15:53:06Z",
        RemoteId="",
        StatusFile=protocol(ROW.format(word, "Zoë Müller"), charset="cp1252"),
    )
    status = status_of(faxde(told))
    assert (status.progress, status.permanent, status.text) == (progress, permanent, word)
    assert (status.pages, status.duration_s, status.remote_csid) == (2, 19, "Zoë Müller")
    assert status.ended_at == datetime(2026, 6, 1, 15, 53, 6, tzinfo=UTC)


def test_a_word_that_is_not_documented_is_for_a_person(faxde: Desk) -> None:
    status = status_of(faxde(results(0, SendResult="Pending?\x85 " + "x" * 200)))
    assert status.progress is Progress.UNKNOWN_JOB
    assert "Pending?" in status.text
    assert len(status.text) < 100


@pytest.mark.parametrize(
    ("words", "progress"),
    [
        (["OK", "OK"], Progress.SENT),
        (["OK", "Busy"], Progress.FAILED),
        (["OK", "Odd"], Progress.UNKNOWN_JOB),
        ([], Progress.UNKNOWN_JOB),
    ],
)
def test_several_recipients_are_sent_when_all_are(faxde: Desk, words: list[str], progress: Progress) -> None:
    table = protocol(*(ROW.format(word, "") for word in words))
    status = status_of(faxde(results(0, SendResult="multi", StatusFile=table)))
    assert status.progress is progress
    assert all(word in status.text for word in words)
    if words:
        assert status.pages == 4
        assert status.ended_at == datetime(2026, 6, 1, 15, 53, 6, tzinfo=UTC)


@pytest.mark.parametrize("table", ["", "!!!", base64.b64encode(b"no table").decode(), protocol()])
def test_a_protocol_that_cannot_be_read_leaves_the_rest(faxde: Desk, table: str) -> None:
    status = status_of(faxde(results(0, SendResult="OK", RemoteId="John", StatusFile=table)))
    assert status == JobStatus("12", Progress.SENT, "OK", remote_csid="John")


def test_columns_are_found_by_name(faxde: Desk) -> None:
    raw = '\ufeff"Pages";'.replace(";", ",") + '"RESULT","Duration"\n"3","OK","1:05"\n'
    status = status_of(faxde(results(0, SendResult="OK", StatusFile=base64.b64encode(raw.encode()).decode())))
    assert (status.pages, status.duration_s) == (3, 65)


def test_a_job_in_progress_and_one_that_is_not_known(faxde: Desk) -> None:
    assert status_of(faxde(results(6))).progress is Progress.PENDING
    assert status_of(faxde(results(5))).progress is Progress.UNKNOWN_JOB
    assert faxde(results(6)).status(["x1"])[0].progress is Progress.UNKNOWN_JOB


ACCESS = {1: CredentialsRefused, 2: CredentialsRefused, 3: CredentialsRefused, 4: CredentialsRefused}


@pytest.mark.parametrize(
    ("call", "code", "error"),
    [
        *(("status", code, kind) for code, kind in {**ACCESS, 7: ProviderTrouble, -1: ProviderTrouble}.items()),
        *(("inbox", code, kind) for code, kind in {**ACCESS, 6: ProviderTrouble, -1: ProviderTrouble}.items()),
        *(("acknowledge", code, kind) for code, kind in {**ACCESS, 6: ProviderTrouble}.items()),
        *(("check", code, kind) for code, kind in {**ACCESS, 7: ProviderTrouble}.items()),
        ("cancel", -1, CredentialsRefused),
        ("cancel", -3, CredentialsRefused),
        ("cancel", 2, ProviderTrouble),
        ("cancel", 5, ProviderTrouble),
    ],
)
def test_each_result_of_the_other_methods(faxde: Desk, call: str, code: int, error: type[Exception]) -> None:
    provider = faxde(results(code))
    acts: dict[str, Callable[[], object]] = {
        "status": lambda: provider.status(["1"]),
        "inbox": provider.inbox,
        "acknowledge": lambda: provider.acknowledge(Listed("1", None, None, None, None, None, {})),
        "check": provider.check,
        "cancel": lambda: provider.cancel("1"),
    }
    with pytest.raises(ProviderTrouble) as caught:
        acts[call]()
    assert type(caught.value) is error
    assert f"({code})" in str(caught.value)


@pytest.mark.parametrize(("code", "answer"), [(0, Cancelled.DONE), (1, Cancelled.TOO_LATE), (-2, Cancelled.TOO_LATE)])
def test_each_answer_to_cancelling(faxde: Desk, code: int, answer: Cancelled) -> None:
    assert faxde(results(code)).cancel("12") is answer


def test_an_id_that_is_none_is_not_asked_for(faxde: Desk) -> None:
    assert faxde(results(0)).cancel("br17") is Cancelled.TOO_LATE
    assert faxde.requests == []


@pytest.mark.parametrize(
    ("told", "error"),
    [
        (reply("no", status="401 X"), CredentialsRefused),
        (reply("no", status="403 X"), CredentialsRefused),
        (reply("no", status="503 X"), ProviderTrouble),
        (reply("<html/>"), ProviderTrouble),
        (fault(), ProviderTrouble),
        (fault("SOAP-ENV:Client"), ProviderTrouble),
    ],
)
def test_trouble_is_told_and_shows_nothing(faxde: Desk, told: bytes, error: type[Exception]) -> None:
    with pytest.raises(ProviderTrouble) as caught:
        faxde(told).check()
    assert type(caught.value) is error
    assert SECRET not in str(caught.value)


def test_a_connection_that_ends_is_unknown(faxde: Desk) -> None:
    def behave(talk: Talk) -> None:
        talk.request()
        talk.reset()

    assert isinstance(submitted(faxde(behave=behave)), Unknown)
    with pytest.raises(OutcomeUnknown):
        faxde(behave=behave).check()


def test_there_is_no_look_up(faxde: Desk) -> None:
    assert isinstance(faxde(results(0)).find(new_submission()), Ambiguous)
    assert faxde.requests == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-06-01T15:53:06Z", "15:53:06"),
        ("2026-06-01T15:53:06.125+02:00", "13:53:06"),
        ("2026-06-01T15:53:06", "15:53:06"),
        ("2026-06-01 15:53:06", "15:53:06"),
        ("1899-12-30T00:00:00.000Z", None),
        ("", None),
        ("yesterday", None),
        ("0001-01-01T00:00:00+14:00", None),
    ],
)
def test_times_are_utc_unless_they_say_otherwise(monkeypatch: pytest.MonkeyPatch, text: str, found: str | None) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    if hasattr(time, "tzset"):
        time.tzset()
    at = moment(text)
    monkeypatch.undo()
    if hasattr(time, "tzset"):
        time.tzset()
    assert (at and at.strftime("%H:%M:%S")) == found


# --- the call-back ------------------------------------------------------------------------------------------------


def called(query: dict[str, str], body: bytes = b"") -> Understood | NotUnderstood:
    options = Options(provider="faxde", customer="c", password=SECRET)
    return understand(options, Push("status", "GET", query, {}, body))


@pytest.mark.parametrize("word", push.RESULTS)
def test_each_word_of_the_call_back(word: str) -> None:
    told = called({"j": "123", "c": "01jd0000000000000000000000-1-1", "s": word})
    assert isinstance(told, Understood)
    (status,) = told.statuses
    assert (status.provider_id, status.progress) == ("123", Progress.SENT if word == "OK" else Progress.FAILED)
    assert told.references == {"123": "01jd0000000000000000000000-1-1"}


def test_a_word_that_is_not_documented_only_makes_it_due() -> None:
    told = called({"j": "123", "c": "", "s": "WHATEVER"})
    assert isinstance(told, Understood)
    assert [status.progress for status in told.statuses] == [Progress.PENDING]
    assert told.references == {}


def test_a_call_back_by_post_is_understood_too() -> None:
    told = called({}, b"j=123&s=OK&c=")
    assert isinstance(told, Understood)
    assert told.statuses[0].provider_id == "123"


@pytest.mark.parametrize("query", [{}, {"j": ""}, {"j": "$JID", "s": "OK"}, {"j": "1 OR 1"}, {"s": "OK"}])
def test_a_call_that_names_no_job_is_not_understood(query: dict[str, str]) -> None:
    assert isinstance(called(query), NotUnderstood)


def test_the_sandbox_calls_back_what_is_understood(box: Sandbox, opened: Callable[..., Provider]) -> None:
    def behave(talk: Talk) -> None:
        talk.request()
        talk.send(reply("thanks"))

    with WireServer(behave) as server:
        provider = opened(
            Options(
                provider="faxde",
                url=box.url_of("faxde"),
                customer="faxde",
                password="sandbox-password",
                staturl=f"{server.url}/push/secret",
            )
        )
        submission = new_submission("+494055500123")
        answer = provider.submit(submission, [Paper(pdf_bytes()).content])
        assert isinstance(answer, Accepted)
        box.wait(lambda: server.requests)
        path, _, query = server.requests[0].path.partition("?")
        assert (server.requests[0].method, path) == ("GET", "/push/secret")
        fields = dict(pair.split("=") for pair in query.split("&"))
        told = called(fields)
    assert isinstance(told, Understood)
    assert told.references == {answer.provider_id: submission.reference}
    assert [(s.provider_id, s.progress) for s in told.statuses] == [(answer.provider_id, Progress.SENT)]


def test_capabilities_say_how_a_doubt_is_resolved() -> None:
    assert (CAPABILITIES.duplicates, CAPABILITIES.find) == (Duplicates.REFUSES, Find.NOT)
    assert (CAPABILITIES.head_of_queue_inbox, CAPABILITIES.status_batch) == (True, 1)
    assert CAPABILITIES.suffixes == {*orders.SUFFIXES, ".txt"}


def test_a_later_time_is_the_same_in_every_repeat(faxde: Desk) -> None:
    wishes = {"send_at": "2036-11-30T09:15:00+02:00"}
    provider = faxde(results(0, JobId=12))
    for _ in "12":
        submitted(provider, options=wishes)
    assert {value(request, "SendDateTime") for request in faxde.requests} == {"2036-11-30T07:15:00Z"}
