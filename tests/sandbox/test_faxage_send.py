"""FAXAGE's sending operations on the wire."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx
import pypdfium2
import pytest
from PIL import Image
from support.papers import pdf_bytes

from faxdaemon.sandbox import DEFAULT_ACCOUNTS, LedgerEntry, Sandbox

STAMP = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"


def test_a_fax_is_accepted_and_in_the_ledger(sandbox: Sandbox, clinic: Any) -> None:
    content = pdf_bytes(3)
    answer = clinic.send(content=content)
    assert re.fullmatch(r"JOBID: [0-9]+", answer)
    (entry,) = sandbox.sent()
    assert (entry.account, entry.job, entry.destination) == ("clinic", answer.split()[1], "+13035550150")
    assert (entry.recipname, entry.pages, entry.names) == ("token-1", 3, ("a.pdf",))
    assert entry.documents == (hashlib.sha256(content).hexdigest(),)
    assert abs(datetime.now(UTC) - entry.accepted_at) < timedelta(minutes=1)


def test_a_fax_is_pending_then_sent(sandbox: Sandbox, clinic: Any) -> None:
    number = clinic.sent("3035550118")  # a call that does not begin by itself
    (job,) = sandbox.network.jobs("clinic")
    record = clinic.record(number)
    assert len(record) == 9
    assert record[0] == number
    assert record[2:5] == ["token-1", "3035550118", "pending"]
    assert re.fullmatch(STAMP, record[6])
    assert record[7:] == ["0000-00-00 00:00:00", "00:00:00"]
    seen = []
    for job.queued_m, job.sends_m in ((float("inf"), float("inf")), (0.0, float("inf")), (0.0, 0.0)):
        seen.append(clinic.record(number)[5])
    assert seen == ["Waiting for conversion", "In Queue", "Sending"]
    sandbox.network.finish(job)
    record = clinic.record(number)
    assert record[4:6] == ["success", "Success"]
    assert re.fullmatch(STAMP, record[7])
    assert re.fullmatch(r"\d\d:\d\d:\d\d", record[8])


def test_optional_fields_come_in_the_order_of_the_document(sandbox: Sandbox, clinic: Any) -> None:
    job = clinic.sent()
    clinic.ended(job)
    flags = {"pagecount": "1", "csid": "1", "showlogin": "1", "xmitpages": "1"}
    assert clinic.record(job, **flags)[9:] == ["2", "SANDBOX FAX", "clinic", "2"]
    assert clinic.record(job, pagecount="1")[9:] == ["2"]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("3035550110", ("failure", "Busy", 0)),
        ("3035550111", ("failure", "No Answer", 0)),
        ("3035550112", ("failure", "voice", 0)),
        ("3035550113", ("failure", "not in service", 0)),
        ("3035550114", ("success", "Success", 2)),
        ("3035550115", ("failure", "after page 1", 1)),
        ("3035550117", ("failure", "Failed Conversion", 0)),
        ("2125550142", ("success", "Success", 2)),
    ],
)
def test_the_number_tells_how_the_call_ends(
    sandbox: Sandbox, clinic: Any, number: str, expected: tuple[str, str, int]
) -> None:
    result, words, pages = expected
    job = clinic.sent(number)
    record = clinic.ended(job)
    assert record[4] == result
    assert words in record[5]
    (entry,) = sandbox.sent()
    assert (entry.result, entry.pages_sent) == (result, pages)


def test_one_number_is_busy_only_once(sandbox: Sandbox, clinic: Any) -> None:
    assert clinic.ended(clinic.sent("3035550116"))[4] == "failure"
    assert clinic.ended(clinic.sent("3035550116"))[4] == "success"


def test_a_document_that_cannot_be_imaged_is_accepted_and_fails(sandbox: Sandbox, clinic: Any) -> None:
    job = clinic.sent(content=pdf_bytes()[:-200])
    assert "Failed Conversion" in clinic.ended(job)[5]
    assert "ERR25" in clinic.ask("dlstatus", jobid=job)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("5550150", "ERR04"),
        ("13035550150", "ERR04"),
        ("+13035550", "ERR04"),
        ("303555015x", "ERR04"),
        ("", "ERR04"),
        ("9115550150", "ERR05"),
        ("3034115015", "ERR05"),
        ("9005550150", "ERR05"),
        ("8765550150", "ERR05"),
        ("0035550150", "ERR05"),
    ],
)
def test_a_number_that_cannot_be_dialled_is_refused(sandbox: Sandbox, clinic: Any, number: str, code: str) -> None:
    assert clinic.send(number).startswith(f"{code}:")
    assert sandbox.sent() == []


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"faxfilenames[]": "a.exe", "faxfiledata[]": "AAAA"},
        {"faxfilenames[]": "a.pdf"},
        {"faxfilenames[]": "a.pdf", "faxfiledata[]": ""},
        {"faxurl": "ftp://127.0.0.1/"},
    ],
)
def test_without_a_file_there_is_no_fax(sandbox: Sandbox, clinic: Any, files: dict[str, str]) -> None:
    assert clinic.ask("sendfax", faxno="3035550150", recipname="x", **files) == "ERR03: No files to fax"
    assert sandbox.sent() == []


@pytest.mark.parametrize("field", ["username", "company", "password"])
def test_wrong_credentials_are_told_with_http_200(sandbox: Sandbox, clinic: Any, field: str) -> None:
    assert clinic.send(**{field: "wrong"}) == "ERR02: Login incorrect"
    assert sandbox.sent() == []


def test_names_may_begin_with_capitals(sandbox: Sandbox) -> None:
    fields = {"Username": "clinic", "Company": "12345", "Password": "sandbox", "Operation": "listlines"}
    answer = httpx.post(f"{sandbox.faxage_url}/httpsfax.php", data=fields)
    assert answer.text == "3035550100\n3035550101\n"


def test_an_unknown_operation_gets_its_request_back(clinic: Any) -> None:
    answer = clinic.ask("sendfaxes", faxno="3035550150")
    assert answer.startswith("ERR08: Unknown operation specified or bad POST")
    assert "sandbox" in answer  # the password: why nobody may log what this provider answers
    assert "3035550150" in answer


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def taken(sandbox: Sandbox) -> LedgerEntry:
    (entry,) = sandbox.sent()
    return entry


def hashes(*contents: bytes) -> tuple[str, ...]:
    return tuple(hashlib.sha256(content).hexdigest() for content in contents)


def test_several_documents_by_empty_index(sandbox: Sandbox, clinic: Any) -> None:
    one, two = pdf_bytes(1), pdf_bytes(2)
    files = {"faxfilenames[]": ["1.pdf", "2.pdf"], "faxfiledata[]": [encoded(one), encoded(two)]}
    clinic.ask("sendfax", faxno="3035550150", recipname="x", **files)
    assert (taken(sandbox).documents, taken(sandbox).pages) == (hashes(one, two), 3)


def test_several_documents_by_number(sandbox: Sandbox, clinic: Any) -> None:
    one, two = pdf_bytes(1), pdf_bytes(2)
    files = {
        "faxfiledata[1]": encoded(two),
        "faxfilenames[1]": "2.pdf",
        "faxfilenames[0]": "1.pdf",
        "faxfiledata[0]": encoded(one),
    }
    clinic.ask("sendfax", faxno="3035550150", recipname="x", **files)
    assert (taken(sandbox).documents, taken(sandbox).names) == (hashes(one, two), ("1.pdf", "2.pdf"))


def test_a_multipart_form_is_read_too(sandbox: Sandbox) -> None:
    content = pdf_bytes(1, text="--boundary\r\n--")
    fields = {
        "username": "clinic",
        "company": "12345",
        "password": "sandbox",
        "operation": "sendfax",
        "faxno": "3035550150",
        "recipname": "größe & 1%2B+",
        "faxfilenames[]": "a.pdf",
        "faxfiledata[]": encoded(content),
    }
    parts = [(name, (None, value.encode())) for name, value in fields.items()]
    answer = httpx.post(f"{sandbox.faxage_url}/httpsfax.php", files=parts)
    assert answer.text.startswith("JOBID:")
    assert (taken(sandbox).documents, taken(sandbox).recipname) == (hashes(content), "größe & 1%2B+")


def test_a_body_may_come_in_chunks(sandbox: Sandbox) -> None:
    content = pdf_bytes(1, size=200_000)
    fields = {
        "username": "clinic",
        "company": "12345",
        "password": "sandbox",
        "operation": "sendfax",
        "faxno": "3035550150",
        "faxfilenames[]": "a.pdf",
        "faxfiledata[]": encoded(content),
    }
    body = bytes(httpx.Request("POST", "http://x", data=fields).read())
    pieces = (body[at : at + 5000] for at in range(0, len(body), 5000))
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = httpx.post(f"{sandbox.faxage_url}/httpsfax.php", content=pieces, headers=kind)
    assert answer.text.startswith("JOBID:")
    assert taken(sandbox).documents == hashes(content)


def test_the_name_is_cut_to_its_length(sandbox: Sandbox, clinic: Any) -> None:
    files = {"faxfilenames[]": "a.pdf", "faxfiledata[]": encoded(pdf_bytes())}
    clinic.ask("sendfax", faxno="3035550150", recipname="x" * 40, **files)
    assert taken(sandbox).recipname == "x" * 32


def test_status_of_several_jobs_and_of_all(sandbox: Sandbox, clinic: Any, lab: Any) -> None:
    jobs = [clinic.sent(f"303555015{n}") for n in range(4)]
    lab.sent()
    two = clinic.ask("status", **{"jobids[]": [jobs[1], jobs[3], "999999"]})
    assert [line.split("\t")[0] for line in two.splitlines()] == [jobs[1], jobs[3]]
    assert [line.split("\t")[0] for line in clinic.ask("status").splitlines()] == jobs


def test_nothing_to_tell_is_err06(clinic: Any, lab: Any) -> None:
    assert clinic.ask("status").startswith("ERR06")
    job = lab.sent()
    assert clinic.ask("status", jobid=job).startswith("ERR06")


def test_status_in_a_time_window(clinic: Any) -> None:
    job = clinic.sent()
    at = datetime.strptime(clinic.record(job)[6], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)

    def window(begin: int, end: int) -> str:
        form = "%Y-%m-%d %H:%M:%S"
        begun, ended = at + timedelta(seconds=begin), at + timedelta(seconds=end)
        return clinic.ask("status", begin=begun.strftime(form), end=ended.strftime(form))

    assert window(0, 0).startswith(job)
    assert window(-60, 60).startswith(job)
    assert window(1, 60).startswith("ERR06")
    assert window(-60, -1).startswith("ERR06")
    assert clinic.ask("status", end="yesterday").startswith("ERR06")


def test_times_are_of_the_zone_that_the_sandbox_is_given(client_of: Callable[..., Any]) -> None:
    with Sandbox(zone=timezone(timedelta(hours=-7))) as sandbox:
        client = client_of(sandbox)
        at = datetime.strptime(client.record(client.sent())[6], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        assert abs(sandbox.sent()[0].accepted_at - timedelta(hours=7) - at) < timedelta(seconds=2)


def test_extqueue_says_more_of_a_pending_job(clinic: Any) -> None:
    job = clinic.sent("3035550118")
    assert re.search(r"Tries: \d+ Status: .+", clinic.record(job, extqueue="1")[5])


def test_only_a_finished_job_can_be_cleared(sandbox: Sandbox, clinic: Any) -> None:
    waiting, done = clinic.sent("3035550118"), clinic.sent()
    clinic.ended(done)
    assert clinic.ask("clear", jobid=waiting).startswith("ERR07")
    assert "cleared" in clinic.ask("clear", jobid=done)
    assert clinic.ask("status", jobid=done).startswith("ERR06")
    assert clinic.ask("clear", jobid=done).startswith("ERR07")
    assert len(sandbox.sent()) == 2


def test_only_a_job_in_the_queue_can_be_stopped(sandbox: Sandbox, clinic: Any) -> None:
    waiting, done = clinic.sent("3035550118"), clinic.sent()
    clinic.ended(done)
    assert clinic.ask("stopfax", jobid="").startswith("ERR18")
    assert clinic.ask("stopfax", jobid="999999").startswith("ERR19")
    assert clinic.ask("stopfax", jobid=done).startswith("ERR20")
    assert "stopped" in clinic.ask("stopfax", jobid=waiting)
    assert {entry.job: entry.result for entry in sandbox.sent()} == {waiting: "stopped", done: "success"}


def test_a_job_being_sent_cannot_be_stopped(client_of: Callable[..., Any]) -> None:
    with Sandbox(seconds_per_page=1.0) as sandbox:
        client = client_of(sandbox)
        job = client.sent(content=pdf_bytes(50))
        sandbox.wait(lambda: client.record(job)[5] == "Sending")
        assert client.ask("stopfax", jobid=job).startswith("ERR22")
        assert sandbox.sent()[0].result is None


def test_the_image_of_a_sent_fax(sandbox: Sandbox, clinic: Any) -> None:
    job = clinic.sent()
    clinic.ended(job)
    answer = clinic.post(operation="dlstatus", jobid=job)
    assert answer.headers["content-type"] == "application/octet-stream"
    with Image.open(io.BytesIO(answer.content)) as image:
        assert (image.format, image.n_frames) == ("TIFF", 2)
    document = pypdfium2.PdfDocument(clinic.post(operation="dlstatus", jobid=job, viewtype="pdf").content)
    assert len(document) == 2
    document.close()
    assert clinic.post(operation="dltrans", jobid=job).content.startswith(b"%PDF-")
    assert clinic.ask("dlstatus", jobid="1").startswith("ERR06")


def test_the_image_is_not_there_before_conversion(client_of: Callable[..., Any]) -> None:
    with Sandbox(seconds_per_page=600) as sandbox:
        client = client_of(sandbox)
        assert client.ask("dlstatus", jobid=client.sent()).startswith("ERR24")


def test_a_job_can_be_sent_again(sandbox: Sandbox, clinic: Any) -> None:
    job = clinic.sent()
    again = clinic.ask("resend", jobid=job, recipname="token-2").removeprefix("JOBID: ")
    first, second = sandbox.sent()
    assert (first.job, second.job) == (job, again)
    assert first.documents == second.documents
    assert clinic.ask("resend", jobid="1").startswith("ERR06")


def test_call_records(sandbox: Sandbox, clinic: Any) -> None:
    clinic.ended(clinic.sent())
    clinic.ended(clinic.sent("3035550110"))
    sandbox.inject("+13035550100", caller="+12125550142", pages=1)
    assert clinic.post("getcdr.php").text == ""
    lines = clinic.post("getcdr.php", nuidgt="0", nuidshow="1").text.splitlines()
    records = [line.split(",") for line in lines]
    assert {tuple(record[2:5]) for record in records} == {
        ("OUT", "3035550100", "3035550150"),
        ("OUT", "3035550100", "3035550110"),
        ("IN", "2125550142", "3035550100"),
    }
    last = max(int(record[0]) for record in records)
    assert clinic.post("getcdr.php", nuidgt=str(last)).text == ""
    day = {"begin": "2000-01-01 00:00:00", "end": "2999-01-01 00:00:00"}
    assert len(clinic.post("getcdr.php", **day).text.splitlines()) == 3
    assert len(clinic.post("getcdr.php", didnumber="3035550100", **day).text.splitlines()) == 1


def test_numbers_can_be_taken_and_given_back(sandbox: Sandbox, clinic: Any) -> None:
    def provision(operation: str, **fields: str) -> str:
        return clinic.post("provision.php", operation=operation, **fields).text

    assert "303" in provision("listac").split()
    assert "303555\tDENVER\tCO" in provision("listnpanxx", ac="303")
    free = provision("listdids", npanxx="303555").split()
    assert provision("provdid", didnumber=free[0]) == f"{free[0]} provisioned"
    assert free[0] in clinic.ask("listlines").split()
    assert free[0] not in provision("listdids").split()
    sandbox.inject(f"+1{free[0]}", pages=1)
    assert len(sandbox.inbox("clinic")) == 1
    assert provision("provdid", didnumber=free[0]).startswith("ERR05")
    assert provision("deprovdid", didnumber=free[0]) == f"{free[0]} deprovisioned"
    assert provision("deprovdid", didnumber=free[0]).startswith("ERR05")
    assert provision("provdid", didnumber="1").startswith("ERR04")
    assert provision("other").startswith("ERR03")


def test_the_debug_script_shows_the_post(clinic: Any) -> None:
    answer = clinic.post("httpsfax-debug.php", operation="listlines").text
    assert "password => sandbox" in answer
    assert "3035550100" in answer


def test_accounts_are_as_told() -> None:
    ours = [account for account in DEFAULT_ACCOUNTS if account.provider == "faxage"]
    assert [(account.name, account.delivers) for account in ours] == [("clinic", "pdf"), ("lab", "tiff")]
