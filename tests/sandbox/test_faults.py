"""Every fault: what the client sees, and what is true."""

from __future__ import annotations

import http.server
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from faxdaemon.sandbox import Fault, Play, Sandbox

LINE = "+13035550100"


def test_accept_then_drop_leaves_a_fax_and_no_answer(sandbox: Sandbox, clinic: Any) -> None:
    fault = sandbox.fault(Fault("accept-then-drop"))
    with pytest.raises(httpx.ReadError):
        clinic.send()
    assert fault.played == 1
    (entry,) = sandbox.sent()
    assert clinic.record(entry.job)[2] == "token-1"
    assert clinic.send().startswith("JOBID")


def test_drop_before_accept_leaves_nothing(sandbox: Sandbox, clinic: Any) -> None:
    sandbox.fault(Fault("drop-before-accept"))
    with pytest.raises(httpx.ReadError):
        clinic.send()
    assert sandbox.sent() == []
    clinic.send()
    assert len(sandbox.sent()) == 1


def test_drop_early_leaves_nothing(sandbox: Sandbox, clinic: Any) -> None:
    sandbox.fault(Fault("drop-early"))
    with pytest.raises(httpx.TransportError):
        clinic.send(content=b"%PDF-" + bytes(3_000_000))
    assert sandbox.sent() == []


def test_accept_late_hides_the_job_from_the_listing(sandbox: Sandbox, clinic: Any) -> None:
    sandbox.fault(Fault("accept-late", seconds=0.3))
    with pytest.raises(httpx.ReadError):
        clinic.send()
    (entry,) = sandbox.sent()
    (job,) = sandbox.network._jobs.values()
    job.visible_m = float("inf")
    assert clinic.ask("status").startswith("ERR06")
    assert clinic.ask("status", jobid=entry.job).startswith("ERR06")
    job.visible_m = time.monotonic()
    assert clinic.record(entry.job)[0] == entry.job


def test_accept_late_shows_the_job_in_the_end(sandbox: Sandbox, clinic: Any) -> None:
    sandbox.fault(Fault("index-late", seconds=0.2))
    job = clinic.sent()
    sandbox.wait(lambda: clinic.ask("status").startswith(job))
    entry = sandbox.sent()[0]
    hidden = sandbox.network.job("clinic", int(entry.job))
    assert hidden is not None
    assert hidden.visible_m - hidden.queued_m == pytest.approx(0.2 - 0.2 * 0.01)


def test_an_answer_instead_of_acting(sandbox: Sandbox, clinic: Any) -> None:
    sandbox.fault(Fault("answer", operation="sendfax", body="ERR15: Invalid Job ID"))
    assert clinic.send() == "ERR15: Invalid Job ID"
    assert sandbox.sent() == []


def test_an_error_after_acting(sandbox: Sandbox, clinic: Any) -> None:
    sandbox.fault(Fault("accept-then-answer"))
    answer = clinic.post(
        operation="sendfax", faxno="3035550150", **{"faxfilenames[]": "a.txt", "faxfiledata[]": "SGVsbG8="}
    )
    assert answer.status_code == 502
    assert "<html>" in answer.text
    assert len(sandbox.sent()) == 1


OWN_FORM = {
    Play.HTTP_ERROR: (503, "<!DOCTYPE html>"),
    Play.ERR01: (200, "ERR01: Database connection failed"),
    Play.WRONG_CREDENTIALS: (200, "ERR02: Login incorrect"),
    Play.GARBAGE: (200, "<html>"),
}


@pytest.mark.parametrize("play", OWN_FORM)
@pytest.mark.parametrize("operation", ["sendfax", "status", "listfax", "getfax", "delfax"])
def test_errors_in_the_providers_own_form(sandbox: Sandbox, clinic: Any, play: Play, operation: str) -> None:
    status, start = OWN_FORM[play]
    number = sandbox.inject(LINE, pages=1)
    sandbox.fault(Fault(play, operation=operation))
    answer = clinic.post(operation=operation, faxid=number, faxno="3035550150")
    assert (answer.status_code, answer.text[: len(start)]) == (status, start)
    assert sandbox.sent() == []
    assert len(sandbox.inbox("clinic")) == 1


def test_an_http_error_of_choice(sandbox: Sandbox, clinic: Any) -> None:
    sandbox.fault(Fault("http-error", status=500, body="oops"))
    answer = clinic.post(operation="listfax")
    assert (answer.status_code, answer.text) == (500, "oops")


def test_a_slow_reply_comes_after_acting(sandbox: Sandbox, clinic: Any) -> None:
    sandbox.fault(Fault("slow-reply", operation="sendfax", seconds=60))
    with pytest.raises(httpx.ReadTimeout):
        clinic.http.timeout = httpx.Timeout(20, read=0.5)
        clinic.send()
    sandbox.wait(lambda: len(sandbox.sent()) == 1)


def test_a_slow_start_has_not_acted_yet(sandbox: Sandbox, clinic: Any) -> None:
    sandbox.fault(Fault("slow-before", operation="sendfax", seconds=60))
    with pytest.raises(httpx.ReadTimeout):
        clinic.http.timeout = httpx.Timeout(20, read=0.5)
        clinic.send()
    assert sandbox.sent() == []


def test_a_stall_ends_in_a_reset(sandbox: Sandbox, clinic: Any) -> None:
    sandbox.fault(Fault("stall", operation="sendfax", seconds=0.05))
    with pytest.raises(httpx.ReadError):
        clinic.send()
    assert len(sandbox.sent()) == 1


def test_a_reply_cut_off(sandbox: Sandbox, clinic: Any) -> None:
    number = sandbox.inject(LINE, pages=1)
    sandbox.fault(Fault("cut-reply", operation="getfax"))
    with pytest.raises(httpx.RemoteProtocolError):
        clinic.post(operation="getfax", faxid=number)
    assert sandbox.ledger()[0].fetched == 0


def test_a_download_that_claims_to_be_whole(sandbox: Sandbox, clinic: Any) -> None:
    number = sandbox.inject(LINE, pages=1)
    sandbox.fault(Fault("truncate"))
    half = clinic.post(operation="getfax", faxid=number).content
    assert sandbox.ledger()[0].fetched == 0
    whole = clinic.post(operation="getfax", faxid=number).content
    assert half == whole[: len(whole) // 2]
    assert sandbox.ledger()[0].fetched == 1


def test_an_item_that_comes_again(sandbox: Sandbox, clinic: Any) -> None:
    number = sandbox.inject(LINE, pages=1)
    sandbox.fault(Fault("item-again"))
    assert clinic.ask("delfax", faxid=number) == "Deleted"
    assert clinic.ask("listfax").startswith(number)
    assert clinic.ask("delfax", faxid=number) == "Deleted"
    assert clinic.ask("listfax").startswith("ERR11")


def test_an_item_that_another_client_deleted(sandbox: Sandbox, clinic: Any) -> None:
    number = sandbox.inject(LINE, pages=1)
    sandbox.fault(Fault("deleted-elsewhere"))
    assert clinic.ask("getfax", faxid=number).startswith("ERR12")
    assert clinic.ask("listfax").startswith("ERR11")
    assert sandbox.ledger()[0].deleted_at is None


def test_jobs_that_the_provider_forgot(sandbox: Sandbox, clinic: Any) -> None:
    job = clinic.sent()
    sandbox.fault(Fault("purge"))
    assert clinic.ask("status", jobid=job).startswith("ERR06")
    assert clinic.ask("status", jobid=job).startswith("ERR06")
    assert sandbox.sent()[0].job == job


def test_a_status_that_is_not_fresh(sandbox: Sandbox, clinic: Any) -> None:
    job = clinic.sent("3035550118")
    sandbox.fault(Fault("status-cache", count=2, seconds=600))
    before = clinic.record(job)
    clinic.ask("stopfax", jobid=job)
    assert clinic.record(job) == before
    assert clinic.record(job)[4] == "failure"


def test_faults_count_and_skip(sandbox: Sandbox, clinic: Any) -> None:
    fault = sandbox.fault(Fault("err01", operation="listfax", skip=1, count=2))
    answers = [clinic.ask("listfax")[:5] for _ in range(4)]
    assert answers == ["ERR11", "ERR01", "ERR01", "ERR11"]
    assert fault.played == 2


def test_a_fault_for_ever_ends_when_cleared(sandbox: Sandbox, clinic: Any) -> None:
    sandbox.fault(Fault("err01", count=0))
    assert {clinic.ask("listfax")[:5] for _ in range(5)} == {"ERR01"}
    sandbox.clear_faults()
    assert clinic.ask("listfax").startswith("ERR11")


def test_a_fault_of_one_account(sandbox: Sandbox, clinic: Any, lab: Any) -> None:
    sandbox.fault(Fault("err01", account="lab"))
    assert clinic.ask("listfax").startswith("ERR11")
    assert lab.ask("listfax").startswith("ERR01")


def test_a_fault_of_one_number(sandbox: Sandbox, clinic: Any) -> None:
    sandbox.fault(Fault("err01", number="+13035550151"))
    assert clinic.send("3035550150").startswith("JOBID")
    assert clinic.send("3035550151").startswith("ERR01")


def test_a_word_that_is_no_fault_is_refused() -> None:
    with pytest.raises(ValueError, match="not a valid Play"):
        Fault("explode")


class Receiver:
    """A client's address for call-backs, which keeps what was posted to it."""

    def __init__(self) -> None:
        self.posts: list[dict[str, str]] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                outer.posts.append(dict(urllib.parse.parse_qsl(body, keep_blank_values=True)))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/done?token=x"

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def jobs(self) -> list[str]:
        return [post["jobid"] for post in self.posts]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    running.close()


def test_the_call_back_tells_the_end(sandbox: Sandbox, clinic: Any, receiver: Receiver) -> None:
    job = clinic.sent("3035550115", url_notify=receiver.url)
    sandbox.wait(lambda: receiver.posts)
    (post,) = receiver.posts
    names = "jobid commid destname destnum shortstatus longstatus sendtime completetime xmittime pagecount xmitpages"
    assert sorted(post) == sorted(names.split(" "))
    assert (post["jobid"], post["shortstatus"], post["pagecount"], post["xmitpages"]) == (job, "failure", "2", "1")
    assert (post["destname"], post["destnum"]) == ("token-1", "3035550115")


def test_no_call_back_without_an_address(sandbox: Sandbox, clinic: Any, receiver: Receiver) -> None:
    clinic.ended(clinic.sent())
    job = clinic.sent(url_notify=receiver.url)
    sandbox.wait(lambda: receiver.posts)
    assert receiver.jobs() == [job]


def test_a_call_back_before_the_answer(sandbox: Sandbox, clinic: Any, receiver: Receiver) -> None:
    sandbox.fault(Fault("notify-early"))
    job = clinic.sent(url_notify=receiver.url)
    assert receiver.jobs() == [job]


def test_a_call_back_twice(sandbox: Sandbox, clinic: Any, receiver: Receiver) -> None:
    sandbox.fault(Fault("notify-twice"))
    job = clinic.sent(url_notify=receiver.url)
    sandbox.wait(lambda: len(receiver.posts) == 2)
    assert receiver.jobs() == [job, job]


def test_a_call_back_lost(sandbox: Sandbox, clinic: Any, receiver: Receiver) -> None:
    fault = sandbox.fault(Fault("notify-lost"))
    clinic.ended(clinic.sent(url_notify=receiver.url))
    sandbox.wait(lambda: fault.played)
    second = clinic.sent(url_notify=receiver.url)
    sandbox.wait(lambda: receiver.posts)
    assert receiver.jobs() == [second]


def test_call_backs_out_of_order(sandbox: Sandbox, clinic: Any, receiver: Receiver) -> None:
    fault = sandbox.fault(Fault("notify-after-next"))
    first = clinic.sent(url_notify=receiver.url)
    sandbox.wait(lambda: fault.played)
    second = clinic.sent(url_notify=receiver.url)
    sandbox.wait(lambda: len(receiver.posts) == 2)
    assert receiver.jobs() == [second, first]


def test_a_call_back_late(sandbox: Sandbox, clinic: Any, receiver: Receiver) -> None:
    fault = sandbox.fault(Fault("notify-late", seconds=2))
    first = clinic.sent(url_notify=receiver.url)
    sandbox.wait(lambda: fault.played)
    second = clinic.sent(url_notify=receiver.url)
    sandbox.wait(lambda: len(receiver.posts) == 2)
    assert receiver.jobs() == [second, first]


def test_an_address_that_nobody_has_harms_nothing(sandbox: Sandbox, clinic: Any, receiver: Receiver) -> None:
    for address in ("http://127.0.0.1:9/", "file:///etc/passwd", "http://[bad"):
        assert clinic.ended(clinic.sent(url_notify=address))[4] == "success"
    job = clinic.sent(url_notify=receiver.url)
    sandbox.wait(lambda: receiver.posts)
    assert receiver.jobs() == [job]


def test_every_play_is_tested(request: pytest.FixtureRequest) -> None:
    source = request.path.read_text("utf-8")
    assert [play for play in Play if f'"{play}"' not in source and f"Play.{play.name}" not in source] == []


def test_faults_make_no_lock_that_lasts(sandbox: Sandbox, client_of: Callable[..., Any]) -> None:
    sandbox.fault(Fault("slow-reply", operation="listfax", seconds=60))
    slow, quick = client_of(sandbox), client_of(sandbox)
    slow.http.timeout = httpx.Timeout(20, read=0.3)
    with pytest.raises(httpx.ReadTimeout):
        slow.ask("listfax")
    assert quick.ask("listfax").startswith("ERR11")
