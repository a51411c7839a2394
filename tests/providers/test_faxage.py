"""FAXAGE's own ways: every documented error, the statuses, the token, the tolerance."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from support.faxes import Paper, new_submission
from support.wire import RealClock, Talk, WireServer, always, reply

from faxdaemon.contracts.provider import (
    Accepted,
    AccountRefused,
    Ambiguous,
    Answer,
    Cancelled,
    Content,
    Found,
    NotNow,
    Progress,
    Provider,
    Refused,
    Unknown,
)
from faxdaemon.core import ids
from faxdaemon.core.errors import (
    CredentialsRefused,
    FaxdaemonError,
    ItemGone,
    OutcomeUnknown,
    ProviderTrouble,
)
from faxdaemon.core.model import Listed
from faxdaemon.http import Http
from faxdaemon.providers.faxage import Options, dialect, form, open_account
from faxdaemon.providers.faxage.account import RECIPNAME, recipname

PAPER = Paper(b"%PDF-1.4 x").content
LISTED = Listed("88001", None, None, None, None, None, {})
DENVER = ZoneInfo("America/Denver")
SECRET = "the-password"


def options(**changes: Any) -> Options:
    return Options(
        **{"provider": "faxage", "username": "u", "company": "1", "password": SECRET, "timezone": "UTC", **changes}
    )


class Desk:
    """Opens accounts at servers that give the replies they are told."""

    def __init__(self) -> None:
        self.servers: list[WireServer] = []
        self.providers: list[Provider] = []

    def __call__(self, *replies: bytes | str, behave: Callable[[Talk], None] | None = None) -> Provider:
        told = [r if isinstance(r, bytes) else reply(r) for r in replies]
        server = WireServer(behave or always(*told)).__enter__()
        self.servers.append(server)
        clock = RealClock()
        self.providers.append(open_account(options(url=server.url + "/"), Http(timeout=20, clock=clock), clock))
        return self.providers[-1]

    def close(self) -> None:
        for provider in self.providers:
            provider.close()
        for server in self.servers:
            server.__exit__(None, None, None)


@pytest.fixture
def faxage() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.close()


def submitted(provider: Provider, number: str = "+13035550123") -> Answer:
    return provider.submit(new_submission(number), [PAPER])


# --- sendfax ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["JOBID: 12", "JOBID:12", "jobid: 12\r\n", "\nJOBID:  12 \n"])
def test_job_id_in_any_dress_is_accepted(faxage: Desk, text: str) -> None:
    assert submitted(faxage(text)) == Accepted("12")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (1, Unknown),
        (2, AccountRefused),
        (3, Refused),
        (4, Refused),
        (5, Refused),
        (8, Refused),
        (15, Unknown),
        (40, Unknown),
        (99, Unknown),
    ],
)
def test_each_error_of_sendfax(faxage: Desk, code: int, kind: type) -> None:
    answer = submitted(faxage(f"ERR{code:02}: username=u password={SECRET}"))
    assert type(answer) is kind
    assert f"ERR{code:02}" in getattr(answer, "reason", "")
    assert SECRET not in repr(answer)


@pytest.mark.parametrize("text", ["", "OK", "JOBID: ", "JOBID: 12 JOBID: 13", "<html>JOBID: 12</html>", "12"])
def test_what_is_neither_job_nor_error_is_unknown(faxage: Desk, text: str) -> None:
    assert isinstance(submitted(faxage(text)), Unknown)


def test_answer_without_its_length_is_unknown(faxage: Desk) -> None:
    def behave(talk: Talk) -> None:
        talk.request()
        talk.send(reply("JOBID: 12", content_length="", connection="close"))

    assert isinstance(submitted(faxage(behave=behave)), Unknown)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((s, AccountRefused) for s in (301, 307, 308, 401, 403, 404, 405, 407, 410, 451)),
        *((s, Refused) for s in (400, 411, 413, 414, 415, 417, 431)),
        *((s, NotNow) for s in (408, 421, 425, 429)),
        *((s, Unknown) for s in (201, 202, 302, 303, 402, 409, 418, 422, 500, 501, 502, 503, 504, 520)),
    ],
)
def test_each_http_status_of_sendfax(faxage: Desk, status: int, kind: type) -> None:
    answer = submitted(faxage(reply("JOBID: 12", f"{status} X", retry_after="7")))
    assert type(answer) is kind
    assert str(status) in getattr(answer, "reason", "")
    if isinstance(answer, NotNow):
        assert answer.retry_after == 7


@pytest.mark.parametrize("number", ["+493012345678", "+1303555012", "+130355501234", "3035550123", "+1303555012x"])
def test_number_elsewhere_is_refused_before_sending(faxage: Desk, number: str) -> None:
    provider = faxage("JOBID: 1")
    answer = submitted(provider, number)
    assert isinstance(answer, Refused)
    assert "US and Canada" in answer.reason
    assert number not in answer.reason
    assert faxage.servers[0].requests == []


@pytest.mark.parametrize("name", ["virus.exe", "noname", "x.pdf.zip"])
def test_kind_of_file_is_refused_before_sending(faxage: Desk, name: str) -> None:
    answer = faxage("JOBID: 1").submit(new_submission(), [PAPER, Content(name, 1, lambda: io.BytesIO(b"x"))])
    assert isinstance(answer, Refused)
    assert ".pdf" in answer.reason
    assert faxage.servers[0].requests == []


def test_a_submission_never_uses_a_kept_connection(faxage: Desk) -> None:
    provider = faxage("JOBID: 1")
    submitted(provider)
    submitted(provider)
    assert faxage.servers[0].connections == 2


# --- the token ----------------------------------------------------------------------------------------------------


@given(name=st.none() | st.text(max_size=60))
def test_the_token_is_always_whole_and_the_name_fits(name: str | None) -> None:
    submission = new_submission(name=name)
    written = recipname(submission)
    assert written.endswith(f"[{ids.token(submission.reference, 12)}]")
    assert len(written.encode()) <= RECIPNAME
    assert written.isprintable()


def test_a_short_name_is_kept() -> None:
    assert recipname(new_submission(name="  Łukasz\tMüller ")).startswith("Łukasz Müller [")


def record(job: str, name: str, number: str = "3035550123", *more: str) -> str:
    return "\t".join([job, "9", name, number, "pending", "In Queue", "x", "0000-00-00 00:00:00", "00:00:00", *more])


def test_a_submission_that_was_taken_twice_is_found_once_and_told(faxage: Desk, quiet: list[Any]) -> None:
    submission = new_submission()
    name = recipname(submission)
    provider = faxage("\n".join([record("12", name), record("7", name.upper()), record("9", "other")]))
    assert provider.find(submission) == Found("7")
    assert [e["jobs"] for e in quiet if e["event"] == "faxage.doubled"] == [["7", "12"]]


def test_our_token_beside_another_number_is_ambiguous(faxage: Desk) -> None:
    submission = new_submission()
    assert isinstance(faxage(record("7", recipname(submission), "3035550999")).find(submission), Ambiguous)


@pytest.mark.parametrize("number", ["3035550123", "13035550123", "(303) 555-0123", "1.303.555.0123"])
def test_any_form_of_the_number_is_ours(faxage: Desk, number: str) -> None:
    submission = new_submission()
    assert faxage(record("7", recipname(submission), number)).find(submission) == Found("7")


@pytest.mark.parametrize(
    "text", ["", "\n", "<html>\n", "OK", record("7", "other") + "\nhalf a rec", record("x", "other")]
)
def test_a_list_that_cannot_be_read_whole_proves_no_absence(faxage: Desk, text: str) -> None:
    with pytest.raises(ProviderTrouble):
        faxage(text).find(new_submission())


def test_a_list_without_its_length_proves_no_absence(faxage: Desk) -> None:
    def behave(talk: Talk) -> None:
        talk.request()
        talk.send(reply(record("7", "other"), content_length="", connection="close"))

    with pytest.raises(ProviderTrouble):
        faxage(behave=behave).find(new_submission())


# --- status -------------------------------------------------------------------------------------------------------


def status(*fields: str) -> str:
    return "\t".join(("7", "9", "n [t]", "3035550123", *fields))


DONE = ("success", "Success", "2026-07-01 10:00:00", "2026-07-01 10:01:00", "00:01:00")


@pytest.mark.parametrize(
    ("line", "progress", "pages", "seconds"),
    [
        (status(*DONE, "3"), Progress.SENT, 3, 60),
        (status(*DONE), Progress.SENT, None, 60),
        (status(*DONE, "3", "CSID"), Progress.SENT, None, 60),
        (status(*DONE, "many"), Progress.SENT, None, 60),
        (status("failure", "Busy", *DONE[2:], "3"), Progress.FAILED, None, 60),
        (status("PENDING", "In Queue", *DONE[2:], "3"), Progress.PENDING, None, None),
        (status("resting", "?", *DONE[2:], "3"), Progress.PENDING, None, None),
        (status("success", "", "", "0000-00-00 00:00:00", "", "3"), Progress.SENT, 3, None),
    ],
)
def test_status_records(line: str, progress: Progress, pages: int | None, seconds: int | None) -> None:
    (job,), unreadable = dialect.jobs(f"\r\n{line}\r\n\r\n", DENVER)
    got = job.status
    assert (got.progress, got.pages, got.duration_s, unreadable) == (progress, pages, seconds, 0)
    assert not got.permanent


def test_times_are_read_in_the_configured_zone() -> None:
    (job,), _ = dialect.jobs(status(*DONE), DENVER)
    assert job.status.ended_at == datetime(2026, 7, 1, 16, 1, tzinfo=UTC)
    assert dialect.told(datetime(2026, 1, 1, 3, 0, tzinfo=UTC), DENVER) == "2025-12-31 20:00:00"


def test_a_name_with_unicodes_own_line_ends_is_one_record() -> None:
    found, unreadable = dialect.jobs(record("7", "a\u2028b\x85c\x0cd"), DENVER)
    assert (len(found), unreadable) == (1, 0)


def test_one_forgotten_job_does_not_make_the_others_unknown(faxage: Desk) -> None:
    provider = faxage("ERR06: none", "ERR06: none", record("8", "n"))
    assert [(s.provider_id, s.progress) for s in provider.status(["7", "8"])] == [
        ("7", Progress.UNKNOWN_JOB),
        ("8", Progress.PENDING),
    ]
    assert [seen.field("jobids[]") for seen in faxage.servers[0].requests[1:]] == ["7", "8"]


def test_a_job_missing_from_an_unreadable_list_is_left_out(faxage: Desk) -> None:
    assert [s.provider_id for s in faxage(record("8", "n") + "\nbroken").status(["7", "8"])] == ["8"]


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    jobs, odd = dialect.jobs(text, DENVER)
    faxes, odd_too = dialect.received(text, DENVER)
    lines = [line for line in text.replace("\r", "").split("\n") if line.strip()]
    assert len(jobs) + odd == len(faxes) + odd_too == len(lines)


# --- stopfax, delfax, listfax, getfax -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("Job ID - 7 - stopped", Cancelled.DONE),
        ("ERR19: JOB ID not found", Cancelled.TOO_LATE),
        ("ERR20: Job ID - 7 - is not In Queue", Cancelled.TOO_LATE),
        ("ERR21: not found on fax server", Cancelled.TOO_LATE),
        ("ERR22: is in transmission", Cancelled.TOO_LATE),
    ],
)
def test_each_answer_of_stopfax(faxage: Desk, text: str, result: Cancelled) -> None:
    assert faxage(text).cancel("7") is result


CALLS: dict[str, Callable[[Provider], object]] = {
    "status": lambda p: p.status(["7"]),
    "find": lambda p: p.find(new_submission()),
    "stopfax": lambda p: p.cancel("7"),
    "listfax": lambda p: p.inbox(),
    "getfax": lambda p: p.fetch(LISTED, lambda _: None),
    "delfax": lambda p: p.acknowledge(LISTED),
    "check": lambda p: p.check(),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("ERR01: Database connection failed", ProviderTrouble),
        ("ERR02: Login incorrect", CredentialsRefused),
        (f"ERR08: {SECRET}", ProviderTrouble),
        ("ERR13: File could not be opened", ProviderTrouble),
        ("ERR18: No jobid", ProviderTrouble),
        ("ERR23: failed to stop", ProviderTrouble),
        ("ERR77: what", ProviderTrouble),
        ("something stopped by nobody knows", None),
        (reply("x", "401 Unauthorized"), CredentialsRefused),
        (reply("x", "403 Forbidden"), CredentialsRefused),
        (reply("x", "404 Not Found"), ProviderTrouble),
        (reply("x", "302 Found"), ProviderTrouble),
        (reply("x", "503 Service Unavailable", retry_after="9"), ProviderTrouble),
    ],
    ids=lambda v: v.__name__ if isinstance(v, type) else str(v)[:30],
)
def test_each_trouble_of_each_call(faxage: Desk, call: str, answer: str | bytes, kind: type | None) -> None:
    if kind is None and call == "stopfax":
        return  # the word is all that is documented
    with pytest.raises(kind or ProviderTrouble) as caught:
        CALLS[call](faxage(answer))
    assert type(caught.value) is (kind or ProviderTrouble)
    assert SECRET not in str(caught.value)
    assert caught.value.retry_after == (9 if b"503" in str(answer).encode() else None)


@pytest.mark.parametrize("text", ["Deleted", "FAX ID 7 deleted", "ERR14: FAX ID not found"])
def test_each_way_of_being_deleted(faxage: Desk, text: str) -> None:
    faxage(text).acknowledge(LISTED)
    assert faxage.servers[0].requests[0].field("faxid") == "88001"


TIMES = ("2026-07-01 10:00:00", "2026-07-01 09:59:00")


@pytest.mark.parametrize(
    ("fields", "caller", "pages", "names"),
    [
        (("8", *TIMES, "(212)555-0142", "(303)555-0100", "f.pdf", "3"), "+12125550142", 3, 7),
        (("8", TIMES[0], "Unavailable", "(303)555-0100", "f.pdf", "3"), None, 3, 6),
        (("8", *TIMES, "", "(303)555-0100"), None, None, 5),
        (("8", *TIMES, "Anonymous Co", "(303)555-0100", "f.pdf", "3", "TSID", "new"), "Anonymous Co", 3, 8),
    ],
)
def test_listfax_records(fields: tuple[str, ...], caller: str | None, pages: int | None, names: int) -> None:
    (listed,), _ = dialect.received("\t".join(fields), DENVER)
    assert (listed.provider_id, listed.called, listed.caller, listed.pages) == ("8", "+13035550100", caller, pages)
    assert listed.received_at == datetime(2026, 7, 1, 16, 0, tzinfo=UTC)
    assert len(listed.metadata) == names
    assert listed.csid == ("TSID" if names == 8 else None)


def test_one_unreadable_fax_does_not_hide_the_others(faxage: Desk, quiet: list[Any]) -> None:
    good = "\t".join(("8", *TIMES, "Unavailable", "(303)555-0100", "f.pdf", "3"))
    assert [listed.provider_id for listed in faxage(f"odd\n{good}").inbox()] == ["8"]
    assert [e["records"] for e in quiet if e["event"] == "faxage.unreadable"] == [1]


def fetched(provider: Provider) -> bytes:
    target = io.BytesIO()
    provider.fetch(LISTED, target.write)
    return target.getvalue()


def dripped(body: bytes, content_type: str) -> Callable[[Talk], None]:
    """The body in chunks of one byte."""

    def behave(talk: Talk) -> None:
        talk.request()
        chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
        talk.send(reply(b"", content_type=content_type, content_length="", transfer_encoding="chunked") + chunks)

    return behave


@pytest.mark.parametrize("body", [b"II*\0", b"%PDF-1.4 ...", b"E", b"ER and more", b"MM\0*" + bytes(5000)])
@pytest.mark.parametrize("media", ["application/octet-stream", "application/pdf", ""])
def test_a_document_is_passed_on_in_whatever_pieces(faxage: Desk, body: bytes, media: str) -> None:
    assert fetched(faxage(behave=dripped(body, media))) == body
    assert fetched(faxage(reply(body, content_type=media))) == body


@pytest.mark.parametrize("media", ["application/octet-stream", "text/plain", "text/html; charset=UTF-8"])
def test_an_error_in_the_documents_place_is_an_error(faxage: Desk, media: str) -> None:
    text = b"\n ERR12: FAX ID not found" + b" and so on" * 500
    for provider in (faxage(behave=dripped(text, media)), faxage(reply(text, content_type=media))):
        with pytest.raises(ItemGone):
            fetched(provider)


@pytest.mark.parametrize("body", [b"", b"<html>Welcome</html>"])
def test_no_document_is_never_a_document(faxage: Desk, body: bytes) -> None:
    with pytest.raises(ProviderTrouble):
        fetched(faxage(reply(body)))
    with pytest.raises(ProviderTrouble):
        fetched(faxage(reply(b"", content_type="application/octet-stream")))


def test_a_document_without_its_length_is_not_trusted(faxage: Desk) -> None:
    def behave(talk: Talk) -> None:
        talk.request()
        talk.send(reply(b"%PDF", content_type="application/pdf", content_length="", connection="close"))

    with pytest.raises(ProviderTrouble, match="cut off"):
        fetched(faxage(behave=behave))


def test_a_lost_answer_to_a_harmless_question_is_raised(faxage: Desk) -> None:
    with pytest.raises(OutcomeUnknown) as caught:
        faxage(behave=lambda talk: (talk.request(), talk.reset())[1]).inbox()
    assert isinstance(caught.value, FaxdaemonError)


# --- the form -----------------------------------------------------------------------------------------------------


class Short(io.BytesIO):
    """Reads fewer bytes than asked for, as an unbuffered file may."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size, 7) if size and size > 0 else size)


@given(st.lists(st.binary(max_size=400), min_size=1, max_size=3), st.sampled_from([io.BytesIO, Short]))
def test_the_form_is_exact_and_decodes_to_the_documents(datas: list[bytes], kind: type[io.BytesIO]) -> None:
    contents = [Content(f"scan {n}.PDF", len(d), lambda d=d: kind(d)) for n, d in enumerate(datas)]
    stream = form.with_documents([("recipname", "Ü & =+")], contents)
    body = b"".join(stream.chunks())
    assert len(body) == stream.size
    fields = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True)
    assert fields[0] == ("recipname", "Ü & =+")
    names = [value for name, value in fields if name == "faxfilenames[]"]
    assert names == [f"{n}.pdf" for n in range(1, len(datas) + 1)]
    assert [base64.b64decode(v, validate=True) for name, v in fields if name == "faxfiledata[]"] == datas


def test_a_large_document_leaves_in_small_pieces() -> None:
    class Endless(io.RawIOBase):
        left = 4 * 1024 * 1024

        def read(self, size: int = -1, /) -> bytes:
            assert 0 < size <= 1024 * 1024
            piece = b"\xfb" * min(size, self.left)
            self.left -= len(piece)
            return piece

    opened = []

    def once() -> Any:
        opened.append(Endless())
        return opened[-1]

    stream = form.with_documents([], [Content("x.pdf", Endless.left, once)])
    assert max(map(len, stream.chunks())) <= 256 * 1024
    assert [paper.closed for paper in opened] == [True, True]


# --- settings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["1.303.555.0100", "+1 303 555 0100", "(303) 555-0100", "3035550100"])
def test_tag_number_takes_the_form_that_faxage_wants(written: str) -> None:
    assert options(tagnumber=written).tagnumber == "1.303.555.0100"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"tagnumber": "12345"}, "1.303.555.0100"),
        ({"timezone": "Mountain"}, "America/Denver"),
        ({"timezone": "../../etc/passwd"}, "America/Denver"),
        ({"resolution": "superb"}, "hyperfine"),
    ],
)
def test_mistakes_in_settings_are_told_with_a_way_out(changes: dict[str, Any], word: str) -> None:
    with pytest.raises(ValidationError, match=word):
        options(**changes)
