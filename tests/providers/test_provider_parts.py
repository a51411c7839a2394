"""What the providers share: statuses, documents inside of requests, batches that are refused, words."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from support.clock import FakeClock
from support.concord_wire import OK, Script, account
from support.faxes import Paper, new_submission
from support.wire import WireServer, always, reply

from faxdaemon.contracts.provider import (
    AccountRefused,
    Content,
    JobStatus,
    NotNow,
    Progress,
    Refused,
    Unknown,
)
from faxdaemon.core.errors import CredentialsRefused, NotSent, OutcomeUnknown, ProviderTrouble, UserError
from faxdaemon.http import Http
from faxdaemon.providers import _batches, _documents, _statuses, concord, faxage
from faxdaemon.providers._words import shown
from faxdaemon.providers.concord import reports
from faxdaemon.providers.opentext import answers as opentext

# --- statuses -----------------------------------------------------------------------------------------------------


def test_nothing_definite_is_concluded_from_what_may_come_after_the_work() -> None:
    may_follow = {*range(200, 300), 302, 303, *range(500, 600)}
    for status in range(200, 600):
        answer = _statuses.answer_of("X", status, None)
        assert status not in may_follow or isinstance(answer, Unknown), status


@pytest.mark.parametrize(
    ("status", "kind"), [(401, AccountRefused), (413, Refused), (429, NotNow), (418, Unknown), (303, Unknown)]
)
def test_each_kind_of_status(status: int, kind: type) -> None:
    answer = _statuses.answer_of("X", status, 7.0, {422: "no such number"})
    assert type(answer) is kind
    assert f"X answered HTTP {status}" in answer.reason
    assert not isinstance(answer, NotNow) or answer.retry_after == 7.0


def test_a_service_may_refuse_by_more() -> None:
    assert _statuses.answer_of("X", 422, None, {422: "no such number"}) == Refused(
        "X answered HTTP 422: no such number"
    )


# --- documents ----------------------------------------------------------------------------------------------------


def content(data: bytes, said: int) -> Content:
    return Content("a.pdf", said, lambda: io.BytesIO(data))


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 49_151, 49_152, 49_153, 100_000])
def test_a_document_of_the_size_that_was_said_goes_out(size: int) -> None:
    data = bytes(n % 251 for n in range(size))
    stream = _documents.between([b"<", b"|", b">"], [content(data, size), content(b"x", 1)])
    made = b"".join(stream.chunks())
    assert made == b"<" + base64.b64encode(data) + b"|eA==>"
    assert stream.size == len(made)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 49_152, 49_153])
@pytest.mark.parametrize("by", [-1, 1])
def test_one_byte_more_or_less_breaks_the_exchange(size: int, by: int) -> None:
    stream = _documents.between([b"<", b">"], [content(bytes(size + by), size)])
    with pytest.raises(OSError, match="changed its size"):
        list(stream.chunks())


# --- batches ------------------------------------------------------------------------------------------------------


class Service:
    """Refuses a batch that holds one of the jobs in `gone`."""

    def __init__(self, clock: FakeClock, *gone: str, seconds: float = 0.0) -> None:
        self.clock, self.gone, self.seconds = clock, set(gone), seconds
        self.asked: list[int] = []
        self.trouble: Exception | None = None
        self.fine = 1

    def ask(self, jobs: Sequence[str]) -> list[JobStatus] | None:
        self.asked.append(len(jobs))
        self.clock.advance(self.seconds)
        if self.trouble and len(self.asked) > self.fine:
            raise self.trouble
        if self.gone & set(jobs):
            return None
        return [JobStatus(job, Progress.SENT, "") for job in jobs]

    def statuses(self, jobs: Sequence[str]) -> list[JobStatus]:
        return _batches.statuses(jobs, self.ask, lambda job: JobStatus(job, Progress.UNKNOWN_JOB, ""), self.clock)


def test_the_one_that_is_gone_is_found_by_halves() -> None:
    jobs = [str(n) for n in range(1000)]
    service = Service(FakeClock(), "17", "803")
    found = service.statuses(jobs)
    assert [status.provider_id for status in found] == jobs
    assert {s.provider_id for s in found if s.progress is Progress.UNKNOWN_JOB} == {"17", "803"}
    assert len(service.asked) < 50


def test_no_request_is_made_after_the_claim_may_end() -> None:
    service = Service(FakeClock(), *map(str, range(1000)), seconds=6.0)
    service.statuses([str(n) for n in range(1000)])
    assert len(service.asked) == 4


@pytest.mark.parametrize("trouble", [ProviderTrouble("x"), NotSent("x"), OutcomeUnknown("x"), CredentialsRefused("x")])
def test_trouble_in_the_middle_keeps_what_is_known(trouble: Exception) -> None:
    service = Service(FakeClock(), "3")
    service.trouble = trouble
    with pytest.raises(type(trouble)):
        service.statuses(["1", "2", "3", "4"])
    assert service.asked == [4, 2]
    service.asked, service.fine = [], 2
    assert [status.provider_id for status in service.statuses(["1", "2", "3", "4"])] == ["1", "2"]


def test_a_batch_that_is_answered_is_one_request() -> None:
    service = Service(FakeClock())
    assert len(service.statuses(["1", "2"])) == 2
    assert service.asked == [2]


@pytest.mark.parametrize("jobs", [8, 500])
def test_faxage_is_asked_by_halves(jobs: int) -> None:
    """ERR06 for a batch with one forgotten job must not become a request for each of the others."""
    gone = "5"

    def answer(talk: object) -> None:
        while True:
            asked = talk.request()  # type: ignore[attr-defined] # a Talk
            ids = [value for name, value in asked.form if name == "jobids[]"]
            row = "\t1\tname\t3035550100\tsuccess\tSuccess\t\t\t\t1"
            text = "ERR06: no jobs" if gone in ids else "\n".join(f"{job}{row}" for job in ids)
            talk.send(reply(text))  # type: ignore[attr-defined] # likewise

    with WireServer(answer) as server:
        clock = FakeClock()
        options = faxage.Options(provider="faxage", url=server.url, username="u", company="1", password="p")
        provider = faxage.open_account(options, Http(timeout=20, clock=clock), clock)
        found = {s.provider_id: s.progress for s in provider.status([str(n) for n in range(jobs)])}
        provider.close()
    assert len(found) == jobs
    assert [job for job, progress in found.items() if progress is not Progress.SENT] == [gone]
    assert len(server.requests) < 20


# --- words, ids, times --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [(" Busy\r\n", "Busy"), ("a\tb\x00c\u2028d\x1b[31m", "a b c d [31m"), ("", ""), ("x" * 10**6, "x" * 200)],
)
def test_words_are_one_short_line(text: str, expected: str) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize("job", ["", " ", "br 1", "b\n", "x" * 101, "bré"])
def test_what_is_no_job_id_is_not_taken_for_one(job: str) -> None:
    taken = {"return": True, "FaxJobIds": [{"JobId": job}], "TTFP": 1, "WSError": OK}
    with account(Script(SendFaxEx=taken)) as provider:
        answer = provider.submit(new_submission(), [Paper(b"%PDF-1.4").content])
    assert job.strip() != job or isinstance(answer, Unknown)


@pytest.mark.parametrize("text", ["JOBID: " + "7" * 19, "JOBID: " + "7" * 10_000, "ERR" + "1" * 10_000])
def test_numbers_without_an_end_are_none(text: str) -> None:
    with WireServer(always(reply(text))) as server:
        clock = FakeClock()
        options = faxage.Options(provider="faxage", url=server.url, username="u", company="1", password="p")
        provider = faxage.open_account(options, Http(timeout=20, clock=clock), clock)
        assert isinstance(provider.submit(new_submission(), [Paper(b"%PDF-1.4").content]), Unknown)
        for call in (provider.check, provider.inbox, lambda: provider.status(["1"])):
            with pytest.raises(ProviderTrouble):
                call()
        provider.close()


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00", "soon", "", None, 5])
def test_a_time_that_cannot_be_is_none(text: object) -> None:
    assert opentext.moment_of(text) is None


def test_an_activity_report_is_whole_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "PAGE", 2)
    monkeypatch.setattr(reports, "_PAGES", 3)
    rows = "<a><id>1</id></a><a><id>2</id></a>"
    body = f'<e:Envelope xmlns:e="urn:e"><e:Body><R>{rows}</R></e:Body></e:Envelope>'
    with WireServer(always(reply(body, content_type="text/xml"))) as server:
        clock = FakeClock()
        told = {"url": server.url, "username": "u", "password": "p"}
        options = concord.Options(provider="concord", user_id="u", password="p", reports=told)
        provider = concord.open_account(options, Http(timeout=20, clock=clock), clock)
        since, until = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 30, tzinfo=UTC)
        with pytest.raises(UserError, match="more than 6 entries; ask for a shorter time"):
            provider.records(since, until, None)  # type: ignore[attr-defined] # Concord's
        provider.close()
    assert len(server.requests) == 3
