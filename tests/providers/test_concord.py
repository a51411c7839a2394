"""Concord in the sandbox and on the wire: what is its own."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, cast

import pytest
import requests
from pydantic import ValidationError
from support.concord_wire import OK, Script, account
from support.faxes import Paper, new_submission
from support.papers import pdf_bytes
from support.provider_rigs import concord as soap_rig
from support.provider_rigs import concord_json as json_rig
from support.wire import RealClock, WireServer

from faxdaemon.contracts.provider import (
    Absent,
    Accepted,
    AccountRefused,
    Answer,
    Cancelled,
    Content,
    Found,
    NotNow,
    Progress,
    Refused,
)
from faxdaemon.contracts.services import Broadcast, Covers, Lines, Profile, Records
from faxdaemon.core.errors import NotSent, ProviderTrouble, UserError
from faxdaemon.core.model import Listed
from faxdaemon.http import Http, Reply, SizedStream
from faxdaemon.providers import concord
from faxdaemon.providers.concord.wsdl import BUNDLED
from faxdaemon.sandbox import Fault, Play, Sandbox

PAPER = Paper(pdf_bytes())
TAKEN = {"return": True, "FaxJobIds": [{"JobId": "br12"}], "TTFP": 3, "WSError": OK}
Open = Callable[..., Any]


@pytest.fixture(params=[soap_rig, json_rig], ids=["soap", "json"])
def either(request: pytest.FixtureRequest) -> ModuleType:
    """Each protocol's rig."""
    return cast(ModuleType, request.param)


def job(answer: Answer) -> str:
    assert isinstance(answer, Accepted)
    return answer.provider_id


# --- in the sandbox -----------------------------------------------------------------------------------------------


def test_a_fax_to_another_providers_line_arrives_there(either: ModuleType, box: Sandbox, opened: Open) -> None:
    provider = opened(either.options(box))
    provider.submit(new_submission("+13035550100"), [PAPER.content])
    (fax,) = box.wait(lambda: box.inbox("clinic"))
    assert (fax.line, fax.caller) == ("+13035550100", either.LINE)


def test_the_index_of_references_may_lag(either: ModuleType, box: Sandbox, opened: Open) -> None:
    provider = opened(either.options(box))
    box.switches["concord.index_delay"] = 1.5
    submission = new_submission()
    known = job(provider.submit(submission, [PAPER.content]))
    assert provider.find(submission) == Absent()
    assert provider.status([known])[0].progress is not Progress.UNKNOWN_JOB
    assert box.wait(lambda: provider.find(submission) != Absent() and provider.find(submission)) == Found(known)


@pytest.mark.parametrize("unknown", ["item", "false"])
def test_both_ways_of_saying_that_a_job_is_unknown(
    either: ModuleType, box: Sandbox, opened: Open, unknown: str
) -> None:
    box.switches["concord.unknown"] = unknown
    provider = opened(either.options(box))
    assert provider.find(new_submission()) == Absent()
    known = job(provider.submit(new_submission("+13035550118"), [PAPER.content]))
    assert [s.progress for s in provider.status([known, "br999"])] == [Progress.PENDING, Progress.UNKNOWN_JOB]


def test_a_service_that_calls_jobs_by_our_reference_is_followed_all_the_same(
    either: ModuleType, box: Sandbox, opened: Open
) -> None:
    box.switches["concord.echo"] = True
    provider = opened(either.options(box))
    submission = new_submission("+13035550118")
    provider.submit(submission, [PAPER.content])
    found = provider.find(submission)
    assert found == Found(f"JRI-{submission.reference}")
    assert provider.status([found.provider_id])[0].progress is Progress.PENDING
    assert provider.cancel(found.provider_id) is Cancelled.DONE


@pytest.mark.parametrize("method", concord.options.StatusMethod.__args__)
def test_every_status_method_tells_how_it_ended(either: ModuleType, box: Sandbox, opened: Open, method: str) -> None:
    provider = opened(either.options(box, status=method))
    submissions = [new_submission(number) for number in ("+13035550123", "+13035550110")]
    jobs = [job(provider.submit(submission, [PAPER.content])) for submission in submissions]
    box.wait(lambda: all(entry.result for entry in box.sent()))
    sent, failed, gone = provider.status([*jobs, "br999"])
    progress = [sent.progress, failed.progress, gone.progress]
    assert progress == [Progress.SENT, Progress.FAILED, Progress.UNKNOWN_JOB]
    assert failed.text == "Busy"
    assert (sent.pages, sent.ended_at is not None, sent.remote_csid) == {
        "GetFaxStatus": (None, False, None),
        "GetRealTimeFaxStatus": (1, False, None),
    }.get(method, (1, True, "SANDBOX FAX"))
    assert [provider.find(submission) for submission in submissions] == [Found(name) for name in jobs]


def test_a_cached_status_changes_nothing_but_the_time(either: ModuleType, box: Sandbox, opened: Open) -> None:
    provider = opened(either.options(box))
    known = job(provider.submit(new_submission("+13035550114"), [PAPER.content]))
    box.fault(Fault(Play.STATUS_CACHE, seconds=600, count=0))
    assert provider.status([known])[0].progress is Progress.PENDING
    box.wait(lambda: box.sent()[0].result)
    assert provider.status([known])[0].progress is Progress.PENDING
    box.clear_faults()
    assert provider.status([known])[0].progress is Progress.SENT


def test_wishes_reach_the_job(either: ModuleType, box: Sandbox, opened: Open) -> None:
    provider = opened(either.options(box, resolution="standard", sender={"csid": "CLINIC"}, notify={"how": "email"}))
    wishes = {"subject": "Ürgent", "send_at": "2026-12-01T10:00:00+00:00", "notify": "post", "user_field3": "x"}
    known = job(provider.submit(new_submission(options=wishes), [PAPER.content]))
    made = box.network.job("concord", int(known.removeprefix("br")))
    assert made is not None
    assert (made.resolution, made.csid) == ("standard", "CLINIC")
    kept = {name: str(made.extra[name]) for name in ("CoverSubject", "JobScheduleStartType", "JobScheduleStartDate")}
    assert kept == {
        "CoverSubject": "Ürgent",
        "JobScheduleStartType": "1",
        "JobScheduleStartDate": "2026/12/01 10:00:00",
    }
    assert (str(made.extra["NotifyType"]), made.extra["UserField3"]) == ("3", "x")


def test_a_notice_that_cannot_be_is_refused(box: Sandbox, opened: Open) -> None:
    answer = opened(soap_rig.options(box)).submit(new_submission(options={"notify": "fax"}), [PAPER.content])
    assert isinstance(answer, Refused)
    assert "no notice by" in answer.reason
    assert box.sent() == []


@pytest.mark.parametrize("name", ["A\x00B\x0bC", "half \ud83d", "\ufffe"])
def test_signs_that_cannot_be_written_do_not_hold_up_a_fax(
    either: ModuleType, box: Sandbox, opened: Open, name: str
) -> None:
    provider = opened(either.options(box))
    submission = new_submission(name=name, options={"cover_text": name})
    assert provider.find(submission) == Absent()
    assert isinstance(provider.submit(submission, [PAPER.content]), Accepted)
    assert len(box.sent()) == 1


def test_files_of_unknown_kind_are_refused_before_anything_leaves(box: Sandbox, opened: Open) -> None:
    paper = Paper(b"x", name="letter.xyz")
    answer = opened(soap_rig.options(box)).submit(new_submission(), [paper.content])
    assert isinstance(answer, Refused)
    assert "files .xyz" in answer.reason
    assert paper.opened == 0


@pytest.mark.parametrize(
    ("form", "written"), [("e164", "+13035550123"), ("digits", "13035550123"), ("national", "3035550123")]
)
def test_numbers_are_written_as_the_account_wants(form: str, written: str) -> None:
    script = Script(SendFaxEx=TAKEN)
    with account(script, numbers=form) as provider:
        provider.submit(new_submission(), [PAPER.content])
        provider.submit(new_submission("+494055500130"), [PAPER.content])
    assert f"RecipFaxNumber>{written}<" in script.bodies[0]
    abroad = {"e164": "+494055500130", "digits": "494055500130", "national": "011494055500130"}[form]
    assert f"RecipFaxNumber>{abroad}<" in script.bodies[1]


def test_a_reference_that_is_too_long_is_found_by_its_token(either: ModuleType, box: Sandbox, opened: Open) -> None:
    provider = opened(either.options(box))
    submission = new_submission(reference=f"{'x' * 26}-1234567-1")
    known = job(provider.submit(submission, [PAPER.content]))
    assert len(box.sent()[0].reference) == 32
    assert provider.find(submission) == Found(known)


# --- tokens -------------------------------------------------------------------------------------------------------


def token_of(box: Sandbox) -> Any:
    """The sandbox's token endpoint."""
    return box._dialects["concord"]._tokens


def test_one_token_serves_all_threads(box: Sandbox, opened: Open) -> None:
    provider = opened(json_rig.options(box))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: provider.submit(new_submission(), [PAPER.content]), range(16)))
    assert all(isinstance(answer, Accepted) for answer in answers)
    assert len(token_of(box)._live) == 1


@pytest.mark.parametrize("refresh", [True, False])
def test_a_token_that_ended_is_renewed_once_and_the_fax_goes_out_once(
    either: ModuleType, box: Sandbox, opened: Open, refresh: bool
) -> None:
    box.switches["concord.refresh"] = refresh
    provider = opened(json_rig.options(box, protocol="json" if either is json_rig else "soap"))
    provider.check()
    token_of(box)._live.clear()
    assert isinstance(provider.submit(new_submission(), [PAPER.content]), Accepted)
    assert len(box.sent()) == 1
    token_of(box)._live.clear()
    assert provider.inbox() == [], "the inbound service goes by the same token"


def test_a_token_refused_twice_is_the_accounts_trouble(box: Sandbox, opened: Open) -> None:
    provider = opened(json_rig.options(box))
    fault = box.fault(Fault(Play.WRONG_CREDENTIALS, operation="SendFaxEx", count=2))
    assert isinstance(provider.submit(new_submission(), [PAPER.content]), AccountRefused)
    assert (fault.played, box.sent()) == (2, [])


@pytest.mark.parametrize("play", [Play.HTTP_ERROR, Play.GARBAGE, Play.DROP_BEFORE_ACCEPT])
def test_without_a_token_nothing_leaves(box: Sandbox, opened: Open, play: Play) -> None:
    provider = opened(json_rig.options(box))
    box.fault(Fault(play, operation="token"))
    assert isinstance(provider.submit(new_submission(), [PAPER.content]), NotNow)
    assert box.sent() == []
    box.fault(Fault(play, operation="token"))
    with pytest.raises((NotSent, ProviderTrouble)):
        provider.status(["br1"])
    assert isinstance(provider.submit(new_submission(), [PAPER.content]), Accepted)


def test_with_oauth_the_pin_stays_away() -> None:
    oauth = {"token_url": "https://login.example/token", "client_id": "c", "client_secret": "s"}
    clock = RealClock()
    http = Http(timeout=1, clock=clock)
    for protocol, expected in (("json", {"UserID": "u"}), ("soap", {"UserID": "u", "strPIN": ""})):
        options = concord.Options(provider="concord", user_id="u", protocol=protocol, oauth=oauth)
        assert cast(Any, concord.open_account(options, http, clock)).talk.who == expected
    http.close()


# --- zeep and the WSDL --------------------------------------------------------------------------------------------


def test_zeep_is_loaded_for_soap_only() -> None:
    program = """
import sys
from faxdaemon.providers import concord
from faxdaemon.http import Http
class Clock:
    def now(self): ...
    def monotonic(self): ...
def made(protocol):
    options = concord.Options(provider="concord", user_id="u", password="p", protocol=protocol)
    concord.open_account(options, Http(timeout=1, clock=Clock()), Clock())
    return "zeep" in sys.modules
print("zeep" in sys.modules, made("json"), made("soap"))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", "True"]


def test_zeep_opens_no_session_of_its_own(box: Sandbox, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("zeep wants to talk HTTP by itself")

    monkeypatch.setattr(requests, "Session", never)
    monkeypatch.setattr(requests.Session, "request", never, raising=False)
    provider = opened(soap_rig.options(box))
    submission = new_submission()
    assert provider.find(submission) == Absent()
    assert isinstance(provider.submit(submission, [PAPER.content]), Accepted)


# --- memory -------------------------------------------------------------------------------------------------------


class Sink:
    """An HTTP client that reads what it is given and keeps nothing."""

    def __init__(self, answer: bytes = b"") -> None:
        self.size = self.sent = 0
        self._answer = answer

    def send(self, *_: Any, content: SizedStream, **__: Any) -> Reply:
        self.size, self.sent = content.size, sum(map(len, content.chunks()))
        return Reply(500, {}, b"", framed=True)

    def download(self, *_: Any, write: Callable[[bytes], object], **__: Any) -> Reply:
        head = b'<E:Envelope xmlns:E="http://schemas.xmlsoap.org/soap/envelope/"><E:Body><GetInboundByIDResponse>'
        write(head + b"<return>true</return><InboundItems><item><ItemId>1</ItemId><FileData>")
        for _n in range(600):
            write(b"QUJD" * 16384)
        write(b"</FileData></item></InboundItems></GetInboundByIDResponse></E:Body></E:Envelope>")
        return Reply(200, {}, b"", framed=True)


class Endless:
    """A stream of `size` bytes that are nowhere."""

    def __init__(self, size: int) -> None:
        self._left = size

    def read(self, size: int) -> bytes:
        size = min(size, self._left)
        self._left -= size
        return b"x" * size

    def __enter__(self) -> Endless:
        return self

    def __exit__(self, *_: object) -> None: ...


def measured(act: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("protocol", ["soap", "json"])
def test_memory_does_not_grow_with_a_document(protocol: str) -> None:
    options = concord.Options(provider="concord", user_id="u", password="p", protocol=protocol, wsdl=str(BUNDLED))
    sink = Sink()
    provider = concord.open_account(options, cast(Http, sink), RealClock())
    size = 40_000_001
    papers = [Content(f"{n}.pdf", size, lambda: cast(Any, Endless(size))) for n in range(2)]
    provider.submit(new_submission(), [PAPER.content])  # what is loaded once
    assert measured(lambda: provider.submit(new_submission(), papers)) < 4_000_000
    assert sink.size == sink.sent > 2 * size * 4 / 3


def test_memory_does_not_grow_with_a_received_fax() -> None:
    options = concord.Options(provider="concord", user_id="u", password="p", wsdl=str(BUNDLED))
    provider = concord.open_account(options, cast(Http, Sink()), RealClock())
    listed = Listed("1", None, None, None, None, None, {})
    got = 0

    def write(piece: bytes) -> None:
        nonlocal got
        got += len(piece)

    assert measured(lambda: provider.fetch(listed, write)) < 4_000_000
    assert got == 600 * 16384 * 3


@pytest.mark.parametrize("protocol", ["soap", "json"])
@pytest.mark.parametrize("size", [1, 99_999])
def test_a_document_of_another_size_than_said_breaks_the_exchange(protocol: str, size: int) -> None:
    script = Script(protocol, SendFaxEx=TAKEN)
    paper = Content("a.pdf", 50_000, lambda: cast(Any, Endless(size)))
    with account(script) as provider:
        assert not isinstance(provider.submit(new_submission(), [paper]), Accepted)
    assert script.asked == []
    options = concord.Options(provider="concord", user_id="u", password="p", protocol=protocol, wsdl=str(BUNDLED))
    provider = concord.open_account(options, cast(Http, Sink()), RealClock())
    with pytest.raises(OSError, match="changed its size"):
        provider.submit(new_submission(), [paper])


@pytest.mark.parametrize("protocol", ["soap", "json"])
def test_a_submission_takes_a_new_connection(protocol: str) -> None:
    settings = {"return": True, "AccountInfo": {"DefaultCSID": "X"}, "WSError": OK}
    script = Script(protocol, SendFaxEx=TAKEN, GetFaxAccountSettings=settings)
    with WireServer(script) as server, account(script, url=server.url) as provider:
        for _ in range(2):
            provider.profile()
        assert server.connections == 1
        for _ in range(2):
            provider.submit(new_submission(), [PAPER.content])
        assert server.connections == 3


def test_zeep_logs_nothing_of_an_answer(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    script = Script(SendFaxEx={**TAKEN, "TTFP": "Quentin"})
    with account(script) as provider:
        assert provider.submit(new_submission(name="Quentin"), [PAPER.content]) == Accepted("br12")
    assert "Quentin" not in caplog.text
    assert not [record for record in caplog.records if record.name.startswith("zeep")]


# --- services -----------------------------------------------------------------------------------------------------


def test_what_is_offered(either: ModuleType, box: Sandbox, opened: Open) -> None:
    provider = opened(either.options(box))
    for service in (Covers, Profile, Lines, Broadcast, Records):
        assert isinstance(provider, service)
    assert provider.covers().rows == (("Standard",), ("Confidential",))
    assert provider.lines().rows == (("+13035550120", "1", "SANDBOX", "0", "true"),)
    assert provider.profile() == {
        "UserId": "mbx1234567890",
        "DefaultCSID": "SANDBOX",
        "SendDeliveryConfirmation": "0",
    }
    shown = repr([provider.profile(), provider.lines()])
    assert "secret-of-line" not in shown
    assert "sandbox-password" not in shown
    with pytest.raises(UserError, match="portal"):
        provider.set_line("+13035550120", enabled=False)


def test_a_broadcast_goes_to_everybody(either: ModuleType, box: Sandbox, opened: Open) -> None:
    provider = opened(either.options(box))
    started = provider.broadcast(["+13035550123", "+13035550110"], "all.pdf", PAPER.data)
    box.wait(lambda: len(box.sent()) == 2 and all(entry.result for entry in box.sent()))
    table = provider.broadcast_status(started)
    shown = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    assert [(row["FaxNumber"], row["RecipientStatusDescription"]) for row in shown] == [
        ("+13035550123", "Success"),
        ("+13035550110", "Failure"),
    ]
    provider.broadcast_report(started, "me@clinic.example")
    for act in (lambda: provider.broadcast_status("bb77"), lambda: provider.broadcast_report("bb77", "x@y")):
        with pytest.raises(UserError, match="-5019"):
            act()
    for numbers, name in (([], "a.pdf"), (["+13035550123"], "a.xyz")):
        with pytest.raises(UserError):
            provider.broadcast(numbers, name, b"x")


def test_activity_needs_its_own_service(either: ModuleType, box: Sandbox, opened: Open) -> None:
    since, until = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    with pytest.raises(UserError, match="`reports`"):
        opened(either.options(box)).records(since, until, None)
    reports = {
        "url": f"{box.url_of('concord')}/reports",
        "username": "mbx1234567890",
        "password": "sandbox-password",
    }
    provider = opened(either.options(box, reports=reports))
    assert provider.records(since, until, None).rows == ()
    for number in ("+13035550123", "+13035550118"):
        provider.submit(new_submission(number), [PAPER.content])
    table = provider.records(since, until, None)
    assert (table.columns[:3], len(table.rows)) == (("id", "stat", "FaxNumber"), 2)
    assert [row[2] for row in provider.records(since, until, "+13035550118").rows] == ["+13035550118"]
    wrong = opened(either.options(box, reports={**reports, "password": "wrong-password"}))
    with pytest.raises(ProviderTrouble, match="401"):
        wrong.records(since, until, None)


# --- settings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password": None}, "needs `password` .the PIN. or `oauth`"),
        (
            {"oauth": {"token_url": "x", "client_id": "c", "client_secret": "s", "grant": "password"}},
            "needs `username`",
        ),
        ({"timezone": "Mars"}, "not a time zone"),
        ({"timezone": "America"}, "not a time zone"),  # a folder among the zones
        ({"user_fields": {13: "x"}}, "no UserField13"),
        ({"wsdl": "/nowhere/x.wsdl"}, "there is no file"),
        ({"errors": {-1: "unclassified"}}, "credentials"),
        ({"inbound": {"names": {"itemid": "x"}}}, "there is no name `itemid`"),
        ({"reports": {"url": "x", "username": "u", "password": "p", "names": {"x": "y"}}}, "there is no name `x`"),
    ],
)
def test_settings_that_cannot_be(changes: dict[str, Any], words: str) -> None:
    values = {"provider": "concord", "user_id": "u", "password": "p"}
    with pytest.raises(ValidationError, match=words):
        concord.Options(**{**values, **changes})


def test_the_address_may_be_the_services_own_or_the_base_of_it() -> None:
    clock = RealClock()
    http = Http(timeout=1, clock=clock)
    for url, inbound in (
        (None, "https://ws.concordfax.com/faxreceive/v5"),
        ("https://eu.example/fax/v5/", "https://eu.example/faxreceive/v5"),
        ("https://eu.example/x", "https://eu.example/x/faxreceive/v5"),
    ):
        options = concord.Options(provider="concord", url=url, user_id="u", password="p")
        provider = cast(Any, concord.open_account(options, http, clock))
        assert provider.received.url == inbound
        assert provider.talk.voice._url == inbound.replace("/faxreceive/v5", "/fax/v5")
    http.close()
