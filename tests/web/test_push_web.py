"""The push addresses: who gets in, what is answered, what the log tells."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import structlog

from faxdaemon.contracts.push import Kind, Push, Reply
from faxdaemon.core.errors import JournalError, UserError
from faxdaemon.web.listen import WebServer
from faxdaemon.web.push import Place, Pushes, build

SECRET = "k3v9q2m7x0abk3v9q2m7"
LARGEST = 100_000


@dataclass
class Desk:
    """A receiver that remembers."""

    reply: Reply | Exception = field(default_factory=lambda: Reply(200, b"thanks", "text/plain"))
    pushes: list[Push] = field(default_factory=list)
    at_once: int = 0
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    meeting: threading.Barrier | None = None

    def take(self, push: Push) -> Reply:
        with self.lock:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        self.pushes.append(push)
        if self.meeting:
            with suppress(threading.BrokenBarrierError):
                self.meeting.wait(0.5)  # nobody else comes while this one is here
        with self.lock:
            self.at_once -= 1
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def log() -> Iterator[list[Any]]:
    with structlog.testing.capture_logs() as events:
        yield events


@pytest.fixture
def web(desk: Desk, log: list[Any]) -> Iterator[httpx.Client]:
    places = {
        "main": Place(SECRET, None, desk, frozenset(Kind)),
        "locked": Place(SECRET, "hook:pass:word", desk, frozenset({Kind.STATUS})),
    }
    server = WebServer(build(Pushes(places, LARGEST)), "127.0.0.1:0")
    server.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{server.port}") as client:
            yield client
    finally:
        server.stop()


def test_a_push_comes_whole_and_is_answered_as_the_receiver_says(web: httpx.Client, desk: Desk) -> None:
    answer = web.post(f"/push/main/{SECRET}/fax?a=1%2B1", content=b"\x00body", headers={"X-Thing": "y"})
    assert (answer.status_code, answer.content) == (200, b"thanks")
    (push,) = desk.pushes
    assert (push.kind, push.method, dict(push.query), push.body) == ("fax", "POST", {"a": "1+1"}, b"\x00body")
    assert push.headers["x-thing"] == "y"
    assert web.get(f"/push/main/{SECRET}/status?j=1").status_code == 200


WRONG = [
    "/",
    "/push",
    "/push/",
    "/push/main",
    f"/push/main/{SECRET}",
    f"/push/main/{SECRET}/",
    f"/push/main/{SECRET}/other",
    f"/push/main/{SECRET}/status/",
    f"/push/main/{SECRET[:-1]}/status",
    f"/push/main/{SECRET.upper()}/status",
    f"/push/main/{SECRET}x/status",
    "/push/main/%ff%00/status",
    f"/push/nobody/{SECRET}/status",
    f"/push/locked/{SECRET}/fax",
    "/docs",
    "/openapi.json",
]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS", "HEAD"])
def test_whoever_does_not_know_the_address_learns_nothing(web: httpx.Client, desk: Desk, method: str) -> None:
    nowhere = web.request(method, "/elsewhere")
    for path in WRONG:
        answer = web.request(method, path)
        assert (path, answer.status_code) == (path, 404)
        assert (answer.content, dict(answer.headers)) == (nowhere.content, dict(nowhere.headers))
    assert desk.pushes == []


def test_a_secret_is_compared_in_constant_time_whatever_else_is_wrong(
    web: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(given: bytes, expected: bytes) -> bool:
        compared.append((given, expected))
        return given == expected

    monkeypatch.setattr("faxdaemon.web.push.secrets.compare_digest", compare)
    for account in ("main", "nobody"):
        for kind in ("status", "other"):
            for secret in (SECRET, "wrong"):
                web.post(f"/push/{account}/{secret}/{kind}")
    assert [given for given, _ in compared] == [SECRET.encode(), b"wrong"] * 4, "once each, unknown accounts included"
    assert web.post(f"/push/locked/{SECRET}/status", auth=("hook", "wrong")).status_code == 401
    assert compared[-1][1] == b"hook:pass:word"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
def test_the_right_address_takes_get_and_post_only(web: httpx.Client, desk: Desk, method: str) -> None:
    assert web.request(method, f"/push/main/{SECRET}/status").status_code == 404
    assert desk.pushes == []


def test_basic_is_asked_for_where_it_is_wanted(web: httpx.Client, desk: Desk) -> None:
    path = f"/push/locked/{SECRET}/status"
    refused = [
        web.post(path),
        web.post(path, auth=("hook", "word")),
        web.post(path, headers={"authorization": "Basic ???"}),
        web.post(path, headers={"authorization": "Bearer " + base64.b64encode(b"hook:pass:word").decode()}),
    ]
    assert [answer.status_code for answer in refused] == [401] * 4
    assert refused[0].headers["www-authenticate"].startswith("Basic")
    assert desk.pushes == []
    assert web.post(path, auth=("hook", "pass:word")).status_code == 200


def test_a_body_that_is_too_large_is_refused_told_or_not(web: httpx.Client, desk: Desk) -> None:
    path = f"/push/main/{SECRET}/fax"
    assert web.post(path, content=b"x" * (LARGEST + 1)).status_code == 413
    pieces = (b"x" * 1000 for _ in range(LARGEST // 1000 + 1))
    assert web.post(path, content=pieces).status_code == 413
    assert desk.pushes == []
    assert web.post(path, content=b"x" * LARGEST).status_code == 200


@pytest.mark.parametrize("told", [True, False])
def test_a_gigabyte_is_not_taken_in(web: httpx.Client, desk: Desk, *, told: bool) -> None:
    taken = 0

    def pieces() -> Iterator[bytes]:
        nonlocal taken
        while taken < 1 << 30:
            yield b"x" * 65536
            taken += 65536

    headers = {"content-length": str(1 << 30)} if told else {}
    try:
        answer = web.post(f"/push/main/{SECRET}/fax", content=pieces(), headers=headers)
    except httpx.TransportError:  # it hung up before we had listened
        pass
    else:
        assert answer.status_code == 413
    assert taken < LARGEST + (16 << 20), "what is in the buffers between the two"
    assert desk.pushes == []


def test_a_compressed_body_is_refused(web: httpx.Client, desk: Desk) -> None:
    assert web.post(f"/push/main/{SECRET}/fax", headers={"content-encoding": "gzip"}).status_code == 415
    assert desk.pushes == []


@pytest.mark.parametrize(
    ("what", "status"), [(JournalError("disk"), 503), (ValueError("oops"), 500), (Reply(422), 422), (Reply(400), 400)]
)
def test_what_could_not_be_recorded_is_never_answered_well(
    web: httpx.Client, desk: Desk, what: Reply | Exception, status: int
) -> None:
    desk.reply = what
    assert web.post(f"/push/main/{SECRET}/fax").status_code == status


def test_one_push_of_an_account_at_a_time(web: httpx.Client, desk: Desk) -> None:
    desk.meeting = threading.Barrier(2)
    threads = [
        threading.Thread(target=lambda: httpx.post(f"{web.base_url}/push/main/{SECRET}/fax", content=b"x"))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(desk.pushes) == 2
    assert desk.most == 1


def test_the_log_tells_no_secret_and_nothing_of_a_push(web: httpx.Client, desk: Desk, log: list[Any]) -> None:
    desk.reply = Reply(503)
    web.post(f"/push/main/{SECRET}/fax?CallerNumber=5550100", content=b"5550100")
    web.post(f"/push/main/{SECRET}x/fax")
    web.post(f"/push/locked/{SECRET}/status", auth=("hook", "wrong-word"))
    told = repr(log)
    assert {event["event"] for event in log} >= {"push.refused", "push.nowhere", "push.stranger"}
    for secret in (SECRET, "5550100", "wrong-word", "pass:word"):
        assert secret not in told
    assert SECRET not in repr(Place(SECRET, "hook:pass:word", desk, frozenset(Kind)))


def test_an_address_in_use_is_said_so(web: httpx.Client) -> None:
    second = WebServer(build(Pushes({}, 1)), f"127.0.0.1:{web.base_url.port}")
    with pytest.raises(UserError, match=r"web\.listen"):
        second.start()
    second.stop()
