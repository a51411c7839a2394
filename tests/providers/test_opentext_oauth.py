"""The shared OAuth helper: when a token is got, renewed, refused; and that no doubt about a fax comes from it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pydantic import SecretStr
from support.clock import FakeClock
from support.wire import RealClock, Talk, WireServer, always, reply

from faxdaemon.core.errors import CredentialsRefused, NotSent, ProviderTrouble
from faxdaemon.http import Http, Reply
from faxdaemon.providers._oauth import Grant, Tokens

ALL: dict[str, Any] = {"client_id": "the-client", "client_secret": SecretStr("the+secret")}


def given(number: int, **more: Any) -> bytes:
    answer = {"access_token": f"token-{number}", "token_type": "Bearer", "expires_in": 3600, **more}
    return reply(json.dumps({k: v for k, v in answer.items() if v is not None}), content_type="application/json")


def denied(error: str, status: str = "400 Bad Request") -> bytes:
    return reply(json.dumps({"error": error}), status, content_type="application/json")


@pytest.fixture
def http() -> Iterator[Http]:
    client = Http(timeout=5, clock=RealClock(), silence=1)
    yield client
    client.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


class Service:
    """Answers 401 to the tokens in `refused`."""

    def __init__(self, *refused: str) -> None:
        self.refused = set(refused)
        self.seen: list[str] = []

    def __call__(self, headers: Any) -> Reply:
        self.seen.append(headers["authorization"])
        good = headers["authorization"].removeprefix("Bearer ") not in self.refused
        return Reply(200 if good else 401, {}, b"", framed=True)


def grant(url: str, kind: Any = "client_credentials", **more: Any) -> Grant:
    return Grant(url, kind, **{**ALL, **more})


def test_a_token_is_got_once_and_used_again(http: Http, clock: FakeClock) -> None:
    with WireServer(always(given(1), given(2))) as server:
        tokens, service = Tokens(grant(f"{server.url}/token", scope="a b"), http, clock), Service()
        for _ in range(3):
            assert tokens.send(service).status == 200
    assert service.seen == ["Bearer token-1"] * 3
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/token")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.form == [
        ("grant_type", "client_credentials"),
        ("scope", "a b"),
        ("client_id", "the-client"),
        ("client_secret", "the+secret"),
    ]


def test_the_password_grant_and_the_client_in_the_header(http: Http, clock: FakeClock) -> None:
    with WireServer(always(given(1))) as server:
        wanted = grant(server.url, "password", username="me", password=SecretStr("pässword"), basic=True)
        Tokens(wanted, http, clock).send(Service())
    (request,) = server.requests
    assert request.form == [("grant_type", "password"), ("username", "me"), ("password", "pässword")]
    assert request.headers["authorization"] == "Basic dGhlLWNsaWVudDp0aGUlMkJzZWNyZXQ="  # the-client:the%2Bsecret


@pytest.mark.parametrize(("life", "still", "over"), [(3600, 3539, 3541), (100, 49, 51), ("100", 49, 51)])
def test_a_token_is_renewed_before_its_end(http: Http, clock: FakeClock, life: object, still: int, over: int) -> None:
    with WireServer(always(given(1, expires_in=life), given(2))) as server:
        tokens, service = Tokens(grant(server.url), http, clock), Service()
        tokens.send(service)
        clock.advance(still)
        tokens.send(service)
        clock.advance(over - still)
        tokens.send(service)
    assert service.seen == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


def test_without_a_told_end_it_lasts_until_refused(http: Http, clock: FakeClock) -> None:
    with WireServer(always(given(1, expires_in=None), given(2))) as server:
        tokens, service = Tokens(grant(server.url), http, clock), Service()
        tokens.send(service)
        clock.advance(10**9)
        tokens.send(service)
        service.refused = {"token-1"}
        assert tokens.send(service).status == 200
    assert service.seen == ["Bearer token-1"] * 3 + ["Bearer token-2"]


def test_after_a_401_it_is_renewed_once_and_the_second_401_is_the_answer(http: Http, clock: FakeClock) -> None:
    with WireServer(always(given(1), given(2), given(3))) as server:
        tokens, service = Tokens(grant(server.url), http, clock), Service("token-1", "token-2")
        assert tokens.send(service).status == 401
    assert service.seen == ["Bearer token-1", "Bearer token-2"]
    assert len(server.requests) == 2


def test_a_refresh_token_is_used_and_kept_until_there_is_another(http: Http, clock: FakeClock) -> None:
    answers = (given(1, refresh_token="again-1"), given(2), given(3, refresh_token="again-3"), given(4))
    with WireServer(always(*answers)) as server:
        tokens, service = Tokens(grant(server.url), http, clock), Service()
        for _ in range(4):
            tokens.send(service)
            clock.advance(4000)
    assert [request.field("refresh_token") for request in server.requests] == [None, "again-1", "again-1", "again-3"]
    assert server.requests[1].field("client_id") == "the-client"


def test_a_refresh_token_that_has_ended_leads_back_to_the_grant(http: Http, clock: FakeClock) -> None:
    with WireServer(always(given(1, refresh_token="again"), denied("invalid_grant"), given(2))) as server:
        tokens, service = Tokens(grant(server.url), http, clock), Service()
        tokens.send(service)
        clock.advance(4000)
        tokens.send(service)
    assert service.seen == ["Bearer token-1", "Bearer token-2"]
    kinds = [request.field("grant_type") for request in server.requests]
    assert kinds == ["client_credentials", "refresh_token", "client_credentials"]


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (denied("invalid_client", "401 Unauthorized"), CredentialsRefused, "the client's id or secret"),
        (denied("invalid_grant"), CredentialsRefused, "user name or password"),
        (denied("invalid_scope"), CredentialsRefused, "scope"),
        (denied("quite new"), CredentialsRefused, "does not accept the credentials"),
        (reply("<html>", "403 Forbidden"), CredentialsRefused, "does not accept the credentials"),
        (reply("<html>", "503 Service Unavailable", retry_after="7"), ProviderTrouble, "gave no token"),
        (reply("<html>"), ProviderTrouble, "gave no token"),
        (reply("[]"), ProviderTrouble, "gave no token"),
        (given(1, access_token=""), ProviderTrouble, "gave no token"),
        (given(1, access_token="a\r\nb"), ProviderTrouble, "gave no token"),
    ],
)
def test_no_token_no_request(http: Http, clock: FakeClock, answer: bytes, error: Any, words: str) -> None:
    service = Service()
    with WireServer(always(answer)) as server, pytest.raises(error, match=words) as caught:
        Tokens(grant(server.url), http, clock).send(service)
    assert service.seen == []
    assert type(caught.value) is error
    assert getattr(caught.value, "retry_after", None) == (7 if b"503" in answer else None)
    assert "the+secret" not in repr(caught.value)


@pytest.mark.parametrize("behave", [Talk.reset, Talk.request, Talk.until_gone])
def test_a_token_request_without_an_answer_leaves_no_doubt_about_the_fax(
    http: Http, clock: FakeClock, behave: Callable[[Talk], object]
) -> None:
    def once(talk: Talk) -> None:
        behave(talk)

    service = Service()
    with WireServer(once) as server, pytest.raises(NotSent, match="no token could be had"):
        Tokens(grant(server.url), http, clock).send(service)
    assert service.seen == []


def test_a_request_is_not_let_out_late(http: Http, clock: FakeClock) -> None:
    def slow(talk: Talk) -> None:
        while talk.request():
            clock.advance(21)
            talk.send(given(len(server.requests)))

    service = Service()
    with WireServer(slow) as server:
        tokens = Tokens(grant(server.url), http, clock)
        with pytest.raises(ProviderTrouble, match="too long"):
            tokens.send(service)
        assert service.seen == []
        assert tokens.send(service).status == 200  # the token is there by then
        service.refused = {"token-1"}
        with pytest.raises(ProviderTrouble, match="too long"):
            tokens.send(service)
        assert service.seen == ["Bearer token-1"] * 2


def test_many_threads_share_one_token_and_one_renewal(http: Http, clock: FakeClock) -> None:
    with WireServer(always(given(1), given(2), given(3))) as server:
        tokens = Tokens(grant(server.url), http, clock)
        together = threading.Barrier(8, timeout=60)
        waited = threading.local()

        def act(headers: Any) -> Reply:
            if not getattr(waited, "done", False):
                waited.done = True
                together.wait()  # all hold token 1 before anybody is refused
            return Reply(200 if headers["authorization"] == "Bearer token-2" else 401, {}, b"", framed=True)

        with ThreadPoolExecutor(8) as pool:
            replies = list(pool.map(lambda _: tokens.send(act), range(8)))
    assert [r.status for r in replies] == [200] * 8
    assert len(server.requests) == 2
