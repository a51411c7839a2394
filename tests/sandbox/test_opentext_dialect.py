"""OpenText's wire, as the sandbox plays it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.papers import pdf_bytes

from faxdaemon.sandbox import Fault, Play, Sandbox
from faxdaemon.sandbox.opentext_send import GAMMA

LINE = "+13035550140"
FAXES, NEXT = "outbound/faxes", "inbound/documents/next"


class Client:
    """The sandbox's OpenText customer."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.http = httpx.Client(base_url=f"{sandbox.url_of('opentext')}/mra/v1/", timeout=20, verify=False)
        self.http.auth = ("opentext", "sandbox")

    def send(self, *numbers: str, **more: Any) -> httpx.Response:
        return self.http.post(FAXES, json=self.body(*numbers, **more))

    @staticmethod
    def body(*numbers: str, **more: Any) -> dict[str, Any]:
        document = {"name": "a.pdf", "type": "PDF", "data": base64.b64encode(pdf_bytes(2)).decode()}
        wanted = [{"fax": number, "ref": f"ref-{number[-4:]}"} for number in numbers or ("3035550150",)]
        return {"destinations": wanted, "documents": [document], **more}

    def sent(self, *numbers: str, **more: Any) -> str:
        job: str = self.send(*numbers, **more).json()["job_id"]
        return job

    def status(self, job: str) -> dict[str, Any]:
        answer = self.http.get(f"{FAXES}/status", params={"job_id": job})
        assert answer.status_code == 200
        told: dict[str, Any] = answer.json()
        return told

    def ended(self, job: str) -> dict[str, Any]:
        self.sandbox.wait(lambda: all(entry.result for entry in self.sandbox.sent()))
        return self.status(job)

    def next(self, **query: Any) -> httpx.Response:
        return self.http.get(NEXT, params=query)

    def delete(self, doc_id: str) -> int:
        return self.http.delete(f"inbound/documents/{doc_id.replace('/', '%2F').replace('+', '%2B')}").status_code


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    made = Client(sandbox)
    yield made
    made.http.close()


def last(told: dict[str, Any]) -> dict[str, Any]:
    """The last attempt of the first delivery."""
    attempt: dict[str, Any] = told["deliveries"][0]["delivery_attempts"][-1]
    return attempt


# --- sending ------------------------------------------------------------------------------------------------------


def test_a_fax_is_taken_and_told(client: Client, sandbox: Sandbox) -> None:
    options = {"message_id": "m-1", "billing_code": "b", "customer_reference": "c"}
    answer = client.send("3035550150", options=options)
    (entry,) = sandbox.sent()
    assert (answer.status_code, answer.json()) == (200, {"job_id": entry.job})
    assert entry.job.startswith("xsi-")
    assert (entry.account, entry.destination, entry.reference, entry.pages) == ("opentext", "+13035550150", "m-1", 2)
    told = client.ended(entry.job)
    assert (told["job_id"], told["job_state"]) == (entry.job, ["Complete", "Posted"])
    assert base64.b64decode(told["billing_code_base64"]) == b"b"
    assert base64.b64decode(told["customer_reference_base64"]) == b"c"
    assert base64.b64decode(told["deliveries"][0]["ref_base64"]) == b"ref-0150"
    attempt = last(told)
    assert (attempt["state"], attempt["pages_delivered"], attempt["rcsid"].strip()) == ("Sent", 2, "SANDBOX FAX")
    assert attempt["delivery_time"].endswith(".000Z")


@pytest.mark.parametrize(
    ("number", "code", "attempts"), [("3035550110", GAMMA["Busy"], 3), ("3035550113", 2004, 1), ("3035550117", 4001, 1)]
)
def test_a_failed_call_has_its_number(client: Client, number: str, code: int, attempts: int) -> None:
    told = client.ended(client.sent(number))
    assert told["job_state"] == ["Complete", "Error"]
    assert [a["gamma_code"] for a in told["deliveries"][0]["delivery_attempts"]] == [code] * attempts
    assert last(told)["state"] == "Error"


def test_a_job_on_its_way(client: Client) -> None:
    told = client.status(client.sent("3035550118"))
    assert told["job_state"] in (["Setup"], ["Awaiting Delivery"])
    assert last(told) == {"state": "Pending"}


def test_several_destinations_are_one_job(client: Client, sandbox: Sandbox) -> None:
    told = client.ended(client.sent("3035550150", "3035550110"))
    assert [d["fax"] for d in told["deliveries"]] == ["3035550150", "3035550110"]
    assert [d["delivery_attempts"][-1]["state"] for d in told["deliveries"]] == ["Sent", "Error"]
    assert told["job_state"] == ["Complete", "Error"]
    assert len(sandbox.sent()) == 2


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("3035550150", "+13035550150"),
        ("(303) 555-0150", "+13035550150"),
        ("011494055500150", "+494055500150"),
        ("+494055500150", "+494055500150"),
        ("494055500150", "+494055500150"),
    ],
)
def test_numbers_are_understood(client: Client, sandbox: Sandbox, written: str, number: str) -> None:
    client.sent(written)
    assert sandbox.sent()[0].destination == number


def test_a_repeated_message_id_gives_the_first_job(client: Client, sandbox: Sandbox) -> None:
    first = client.sent(options={"message_id": "m"})
    assert client.sent(options={"message_id": "m"}) == first
    assert client.sent(options={"message_id": "n"}) != first
    assert client.sent() != client.sent()
    sandbox.switches["opentext.message_id"] = False
    assert client.sent(options={"message_id": "m"}) != first
    assert len(sandbox.sent()) == 5


def test_many_at_once_with_one_message_id_are_one_job(client: Client, sandbox: Sandbox) -> None:
    with ThreadPoolExecutor(8) as pool:
        jobs = set(pool.map(lambda _: client.sent(options={"message_id": "m"}), range(24)))
    assert jobs == {entry.job for entry in sandbox.sent()}
    assert len(jobs) == 1


def test_a_message_id_outlives_a_restart(tmp_path: Path) -> None:
    jobs = set()
    for _ in "12":
        with Sandbox(seconds_per_page=0.01, directory=tmp_path) as sandbox:
            client = Client(sandbox)
            jobs.add(client.sent(options={"message_id": "m"}))
            client.http.close()
    assert len(jobs) == 1


def test_a_job_is_known_after_a_restart(tmp_path: Path) -> None:
    with Sandbox(seconds_per_page=0.01, directory=tmp_path) as sandbox:
        client = Client(sandbox)
        job = client.sent(options={"message_id": "m"})
        client.ended(job)
        client.http.close()
    with Sandbox(seconds_per_page=0.01, directory=tmp_path) as sandbox:
        client = Client(sandbox)
        assert client.status(job)["job_state"] == ["Complete", "Posted"]
        assert client.sent() != job
        client.http.close()


@pytest.mark.parametrize(
    "changes",
    [
        {"destinations": []},
        {"destinations": None},
        {"destinations": ["3035550150"]},
        {"destinations": [{}]},
        {"destinations": [{"fax": "nobody"}]},
        {"destinations": [{"fax": 3035550150}]},
        {"documents": []},
        {"documents": [{"name": "a", "type": "pdf", "data": ""}]},
        {"documents": [{"name": "a", "type": "PDF"}]},
        {"documents": [{"name": "a", "type": "PDF", "data": "%"}]},
        {"options": []},
        {"options": {"message_id": "m" * 81}},
        {"options": {"translation_options": 1}},
    ],
)
def test_a_bad_request_is_400_and_no_fax(client: Client, sandbox: Sandbox, changes: dict[str, Any]) -> None:
    answer = client.http.post(FAXES, json={**client.body(), **changes})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 400)
    assert sandbox.sent() == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff"])
def test_what_is_no_json_object_is_400(client: Client, content: bytes) -> None:
    answer = client.http.post(FAXES, content=content, headers={"content-type": "application/json"})
    assert answer.status_code == 400


def test_another_content_type_is_415(client: Client) -> None:
    assert client.http.post(FAXES, content=json.dumps(client.body())).status_code == 415


def test_the_submit_id_comes_back(client: Client) -> None:
    answer = client.http.post(FAXES, json=client.body(), headers={"X-MRA-SubmitId": "abc"})
    assert answer.headers["X-MRA-SubmitId"] == "abc"


@pytest.mark.parametrize("job", ["", "xsi-1", "xsi-", "1", "zz-1001"])
def test_an_unknown_job(client: Client, job: str) -> None:
    client.sent()
    answer = client.http.get(f"{FAXES}/status", params={"job_id": job})
    assert (answer.status_code, answer.json()["error"]["code"]) == ((404, 2060) if job else (400, 400))


def test_both_spellings_of_the_status_place(client: Client) -> None:
    job = client.sent()
    assert client.http.get(f"{FAXES}/status/", params={"job_id": job}).json()["job_id"] == job


def test_a_purged_job_is_unknown(client: Client, sandbox: Sandbox) -> None:
    job = client.sent()
    sandbox.fault(Fault(Play.PURGE))
    for _ in "12":
        assert client.http.get(f"{FAXES}/status", params={"job_id": job}).status_code == 404


# --- who asks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header", [None, "Basic", "Basic !", "Basic /w==", "Basic b3BlbnRleHQ6d3Jvbmc=", "Bearer x", "Digest x"]
)
def test_wrong_credentials_are_401(sandbox: Sandbox, header: str | None) -> None:
    headers = {"authorization": header} if header else {}
    for path in (f"{FAXES}/status?job_id=xsi-1", NEXT):
        answer = httpx.get(f"{sandbox.url_of('opentext')}/mra/v1/{path}", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Basic")


def token(sandbox: Sandbox, **form: str) -> httpx.Response:
    return httpx.post(f"{sandbox.url_of('opentext')}/oauth2/token", data=form)


CLIENT = {"client_id": "opentext", "client_secret": "sandbox"}


def test_a_token_opens_the_door_until_it_ends(sandbox: Sandbox) -> None:
    def status(text: str) -> int:
        address = f"{sandbox.url_of('opentext')}/mra/v1/{NEXT}"
        return httpx.get(address, headers={"authorization": f"Bearer {text}"}).status_code

    given = token(sandbox, grant_type="client_credentials", **CLIENT).json()
    assert (given["token_type"], given["expires_in"]) == ("Bearer", 3600)
    assert "refresh_token" not in given
    assert status(given["access_token"]) == 204
    sandbox.switches.update({"opentext.token_life": 0, "opentext.token_told": 100})
    given = token(sandbox, grant_type="client_credentials", **CLIENT).json()
    assert given["expires_in"] == 100
    assert status(given["access_token"]) == 401


def test_grants(sandbox: Sandbox) -> None:
    sandbox.switches["opentext.refresh"] = True
    given = token(sandbox, grant_type="password", username="opentext", password="sandbox").json()
    again = token(sandbox, grant_type="refresh_token", refresh_token=given["refresh_token"]).json()
    assert again["access_token"] != given["access_token"]
    basic = httpx.post(
        f"{sandbox.url_of('opentext')}/tenants/t/oauth2/token",
        data={"grant_type": "client_credentials"},
        auth=("opentext", "sandbox"),
    )
    assert basic.json()["access_token"]
    assert token(sandbox, grant_type="refresh_token", refresh_token=given["refresh_token"]).status_code == 400
    assert token(sandbox, grant_type="password", username="x").json() == {"error": "invalid_grant"}
    wrong = token(sandbox, grant_type="client_credentials", client_id="x")
    assert (wrong.status_code, wrong.json()) == (401, {"error": "invalid_client"})
    assert token(sandbox, grant_type="magic").json() == {"error": "unsupported_grant_type"}
    assert token(sandbox).json() == {"error": "invalid_request"}


@pytest.mark.parametrize(
    ("switch", "value", "status"), [("entitled", False, 403), ("max_bytes", 10, 413), ("busy", 7, 429)]
)
def test_switches_that_turn_everything_away(
    client: Client, sandbox: Sandbox, switch: str, value: object, status: int
) -> None:
    sandbox.switches[f"opentext.{switch}"] = value
    answer = client.send()
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, status)
    assert answer.headers.get("retry-after") == ("7" if switch == "busy" else None)
    assert sandbox.sent() == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "outbound", 404), ("GET", FAXES, 405), ("POST", NEXT, 405), ("DELETE", FAXES, 405)],
)
def test_other_places(client: Client, method: str, path: str, status: int) -> None:
    assert client.http.request(method, path).status_code == status


def test_the_control_api_sets_switches(sandbox: Sandbox, client: Client) -> None:
    httpx.post(f"{sandbox.url}/sandbox/switches", json={"opentext.entitled": False})
    assert client.send().status_code == 403
    assert httpx.get(f"{sandbox.url}/sandbox/state").json()["switches"] == {"opentext.entitled": False}


# --- receiving ----------------------------------------------------------------------------------------------------


def test_a_received_fax_is_handed_out_whole(client: Client, sandbox: Sandbox) -> None:
    number = sandbox.inject(LINE, caller="+12125550142", csid="NORTH LAB", pages=3)
    told = client.next().json()
    assert set(told) >= {"doc_id", "document_class", "job_id", "user_id", "transaction_info", "document"}
    info = told["transaction_info"]
    assert (info["ani"], info["dnis"], info["tsid"].strip()) == ("2125550142", "3035550140", "NORTH LAB")
    assert (info["page_count"], info["internal_fax_id"]) == (3, f"fax1-{int(number):09}-1")
    assert told["document"]["type"] == "PDF"
    assert base64.b64decode(told["document"]["data"]).startswith(b"%PDF-")
    assert sandbox.ledger()[0].fetched == 1


def test_what_is_reserved_is_handed_to_nobody_else(client: Client, sandbox: Sandbox) -> None:
    sandbox.inject(LINE)
    sandbox.inject(LINE)
    one, two, none = client.next().json(), client.next().json(), client.next()
    assert one["job_id"] != two["job_id"]
    assert (none.status_code, none.content) == (204, b"")


@pytest.mark.parametrize("changes", [True, False])
def test_a_reservation_ends(client: Client, sandbox: Sandbox, changes: bool) -> None:
    sandbox.switches.update({"opentext.hold": 0.0, "opentext.doc_id_changes": changes})
    sandbox.inject(LINE)
    one = client.next().json()
    assert client.delete(one["doc_id"]) == 404
    sandbox.switches["opentext.hold"] = None
    two = client.next().json()
    assert two["job_id"] == one["job_id"]
    assert (two["doc_id"] != one["doc_id"]) is changes
    if changes:
        assert client.delete(one["doc_id"]) == 404
    assert client.delete(two["doc_id"]) == 204
    assert client.delete(two["doc_id"]) == 404
    assert sandbox.inbox("opentext") == []
    assert sandbox.ledger()[0].deleted_at


@pytest.mark.parametrize("hold", ["4", "3601", "x", "-1"])
def test_hold_sec_has_its_limits(client: Client, hold: str) -> None:
    assert client.next(hold_sec=hold).status_code == 400


@pytest.mark.parametrize("hold", ["5", "3600"])
def test_hold_sec_within_its_limits(client: Client, hold: str) -> None:
    assert client.next(hold_sec=hold).status_code == 204


def test_faults_play_here_too(client: Client, sandbox: Sandbox) -> None:
    sandbox.inject(LINE)
    sandbox.fault(Fault(Play.DELETED_ELSEWHERE))
    assert client.next().status_code == 204
    sandbox.inject(LINE)
    sandbox.fault(Fault(Play.ITEM_AGAIN))
    assert client.delete(client.next().json()["doc_id"]) == 204
    assert client.next().status_code == 200
    sandbox.fault(Fault(Play.ERR01, operation="status"))
    assert client.http.get(f"{FAXES}/status?job_id=x").status_code == 500
    sandbox.fault(Fault(Play.WRONG_CREDENTIALS, operation="token"))
    assert token(sandbox, grant_type="client_credentials", **CLIENT).json() == {"error": "invalid_client"}
    sandbox.fault(Fault(Play.ANSWER, operation="next", status=418, body='{"a": 1}'))
    answer = client.next()
    assert (answer.status_code, answer.headers["content-type"]) == (418, "application/json")


def test_a_fax_to_another_providers_line_arrives_there(client: Client, sandbox: Sandbox) -> None:
    client.sent("3035550100")
    (fax,) = sandbox.wait(lambda: sandbox.inbox("clinic"))
    assert (fax.line, fax.caller) == ("+13035550100", LINE)


def test_a_fax_from_another_provider_arrives_here(
    client: Client, sandbox: Sandbox, client_of: Callable[..., Any]
) -> None:
    client_of(sandbox).sent(LINE[-10:])
    sandbox.wait(lambda: sandbox.inbox("opentext"))
    assert client.next().json()["transaction_info"]["ani"] == "3035550100"
