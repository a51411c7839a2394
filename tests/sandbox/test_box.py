"""The sandbox as a whole: its books, its control API, and that it starts, stops and starts again."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import threading
import urllib.parse
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.papers import make_tiff, pdf_bytes
from support.ports import free_port

from faxdaemon.sandbox import Sandbox, SandboxAccount, read_ledger, serve
from faxdaemon.sandbox.forms import parse

LINE = "+13035550100"


def test_the_ledger_is_on_disk_before_the_answer(tmp_path: Path, client_of: Callable[..., Any]) -> None:
    with Sandbox(seconds_per_page=60, directory=tmp_path) as sandbox:
        job = client_of(sandbox).sent()
        (entry,) = read_ledger(tmp_path)
        assert (entry.job, entry.result) == (job, None)
        assert entry == sandbox.sent()[0]


def test_the_ledger_keeps_the_last_state(tmp_path: Path, client_of: Callable[..., Any]) -> None:
    with Sandbox(seconds_per_page=0.01, directory=tmp_path) as sandbox:
        client = client_of(sandbox)
        client.ended(client.sent())
        number = sandbox.inject(LINE, pages=1)
        client.ask("getfax", faxid=number)
        client.ask("delfax", faxid=number)
        assert read_ledger(tmp_path) == sandbox.ledger()
        sent, received = read_ledger(tmp_path)
    assert sent.result == "success"
    assert received.fetched == 1
    assert received.deleted_at is not None


def test_a_line_that_is_not_whole_is_left_out(tmp_path: Path, client_of: Callable[..., Any]) -> None:
    with Sandbox(seconds_per_page=60, directory=tmp_path) as sandbox:
        client_of(sandbox).sent()
    with (tmp_path / "ledger.jsonl").open("ab") as file:
        file.write(b'{"direction": "ou')
    assert len(read_ledger(tmp_path)) == 1


def test_no_ledger_is_no_faxes(tmp_path: Path) -> None:
    assert read_ledger(tmp_path) == []


def test_opened_again_it_knows_its_faxes(tmp_path: Path, client_of: Callable[..., Any]) -> None:
    with Sandbox(seconds_per_page=0.01, directory=tmp_path) as sandbox:
        client = client_of(sandbox)
        done, cut = client.sent(), client.sent("3035550118")
        client.ended(done)
        kept, gone = sandbox.inject(LINE, pages=1), sandbox.inject(LINE, pages=1)
        client.ask("delfax", faxid=gone)
        before = client.post(operation="getfax", faxid=kept).content
    with Sandbox(seconds_per_page=0.01, directory=tmp_path) as sandbox:
        client = client_of(sandbox)
        assert client.record(done)[2:5] == ["token-1", "3035550150", "success"]
        assert client.record(cut)[4:6] == ["failure", "Service interrupted"]
        assert [str(fax.number) for fax in sandbox.inbox("clinic")] == [kept]
        assert client.post(operation="getfax", faxid=kept).content == before
        assert int(client.sent()) > int(cut)
        assert int(sandbox.inject(LINE, pages=1)) > int(gone)


def test_accounts_of_ones_own(client_of: Callable[..., Any]) -> None:
    account = SandboxAccount("ours", "user", "1", "secret", ("+12125550177",), delivers="tiff")
    with Sandbox(accounts=[account]) as sandbox:
        client = client_of(sandbox, account)
        assert client.ask("listlines") == "2125550177\n"
        sandbox.inject("+12125550177", pages=1)
        assert client.ask("getfax", faxid="5001").startswith("II*")


def test_stop_ends_every_thread_and_frees_the_port(client_of: Callable[..., Any]) -> None:
    before = set(threading.enumerate())
    with Sandbox(seconds_per_page=0.01) as sandbox:
        client_of(sandbox).ask("listfax")  # leaves a connection open
        host, port = sandbox.url.removeprefix("http://").split(":")
    assert [thread for thread in threading.enumerate() if thread not in before] == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=1)


def test_the_port_can_be_chosen(client_of: Callable[..., Any]) -> None:
    port = free_port()
    with Sandbox(port=port) as sandbox:
        assert sandbox.url == f"http://127.0.0.1:{port}"
        assert client_of(sandbox).ask("listfax").startswith("ERR11")
        with pytest.raises(OSError, match="in use"):
            Sandbox(port=port).start()


def test_unplugged_it_refuses_and_calls_go_on(sandbox: Sandbox, clinic: Any) -> None:
    job = clinic.sent()
    sandbox.unplug()
    with pytest.raises(httpx.ConnectError):
        clinic.ask("listfax")
    sandbox.wait(lambda: sandbox.sent()[0].result)
    sandbox.plug()
    assert clinic.record(job)[4] == "success"


def test_many_at_once_are_all_taken(sandbox: Sandbox, client_of: Callable[..., Any]) -> None:
    clients = [client_of(sandbox) for _ in range(8)]
    contents = [[pdf_bytes(1, text=f"{n}-{m}") for m in range(20)] for n in range(8)]

    def send(n: int) -> list[str]:
        return [clients[n].sent(content=content) for content in contents[n]]

    with ThreadPoolExecutor(8) as pool:
        jobs = [job for found in pool.map(send, range(8)) for job in found]
    assert len(set(jobs)) == 160
    assert sorted(jobs) == sorted(entry.job for entry in sandbox.sent())
    wanted = sorted(hashlib.sha256(content).hexdigest() for row in contents for content in row)
    assert sorted(entry.documents[0] for entry in sandbox.sent()) == wanted


def test_one_connection_serves_many_requests(sandbox: Sandbox) -> None:
    body = b"username=clinic&company=12345&password=sandbox&operation=listfax"
    head = b"POST /faxage/httpsfax.php HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
    with socket.create_connection(("127.0.0.1", int(sandbox.url.rsplit(":", 1)[1])), timeout=10) as wire:
        for _ in range(3):
            wire.sendall(head + body)
            answer = wire.recv(4096)
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
            assert answer.endswith(b"ERR11: No incoming faxes available")


def test_a_reset_is_a_reset_on_the_wire(sandbox: Sandbox) -> None:
    httpx.post(f"{sandbox.url}/sandbox/faults", json={"play": "drop-before-accept", "operation": "listfax"})
    body = b"username=clinic&company=12345&password=sandbox&operation=listfax"
    head = b"POST /faxage/httpsfax.php HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
    with socket.create_connection(("127.0.0.1", int(sandbox.url.rsplit(":", 1)[1])), timeout=10) as wire:
        wire.sendall(head + body)
        with pytest.raises(ConnectionResetError):
            wire.recv(4096)


def test_the_control_api(sandbox: Sandbox, clinic: Any, tmp_path: Path) -> None:
    control = f"{sandbox.url}/sandbox"
    job = clinic.sent()
    ledger = httpx.get(f"{control}/ledger").json()
    assert [(entry["job"], entry["destination"]) for entry in ledger] == [(job, "+13035550150")]
    number = httpx.post(f"{control}/receive", json={"to": LINE, "caller": "+12125550142", "pages": 3}).json()["id"]
    assert sandbox.inbox("clinic")[0].pages == 3
    document = str(make_tiff(tmp_path / "a.tif", 1))
    second = httpx.post(f"{control}/receive", json={"to": LINE, "document": document}).json()["id"]
    state = httpx.get(f"{control}/state").json()
    assert state["accounts"][0]["waiting"] == [int(number), int(second)]
    assert "password" not in json.dumps(state)
    httpx.post(f"{control}/faults", json={"play": "err01", "count": 0})
    assert clinic.ask("listfax").startswith("ERR01")
    httpx.delete(f"{control}/faults")
    assert not clinic.ask("listfax").startswith("ERR")


@pytest.mark.parametrize(
    ("place", "asked", "status"),
    [
        ("faults", {"play": "explode"}, 400),
        ("faults", {"plays": "err01"}, 400),
        ("receive", {"to": "+19995550100"}, 400),
        ("elsewhere", {}, 404),
    ],
)
def test_the_control_api_says_what_is_wrong(sandbox: Sandbox, place: str, asked: object, status: int) -> None:
    answer = httpx.post(f"{sandbox.url}/sandbox/{place}", json=asked)
    assert answer.status_code == status
    assert answer.json()["error"]


def test_other_places_do_not_exist(sandbox: Sandbox) -> None:
    assert httpx.get(f"{sandbox.url}/faxage/index.php").status_code == 404
    assert httpx.get(f"{sandbox.faxage_url}/httpsfax.php").text.startswith("ERR02")


def test_waiting_has_an_end(sandbox: Sandbox) -> None:
    with pytest.raises(TimeoutError):
        sandbox.wait(sandbox.ledger, timeout=0.05)


def test_serve_runs_until_it_is_interrupted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[str] = []

    def ready(sandbox: Sandbox) -> None:
        seen.append(httpx.get(f"{sandbox.url}/sandbox/ledger").text)
        raise KeyboardInterrupt

    serve(port=0, directory=tmp_path, ready=ready)
    assert seen == ["[]"]


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 1 << 20, (1 << 20) + 1, 3_500_003])
def test_a_document_of_any_size_is_decoded(size: int) -> None:
    content = bytes(range(251)) * (size // 251 + 1)
    content = content[:size]
    body = urllib.parse.urlencode({"a": "1", "d[]": base64.b64encode(content).decode(), "z": "ü +&=%"})
    form = parse("application/x-www-form-urlencoded", bytearray(body.encode()))
    assert b"".join(form.array("d")[0].base64()) == content
    assert (form.text("a"), form.text("z")) == ("1", "ü +&=%")


def test_percent_signs_at_the_edge_of_a_block_survive() -> None:
    value = "+" * 700_000
    form = parse("", bytearray(("a=" + urllib.parse.quote(value)).encode()))
    assert form.text("a") == value


def test_strange_characters_in_base64_are_skipped_as_php_does() -> None:
    form = parse("", bytearray(b"d[]=SGVs+bG8h%0D%0A%20-%3D"))
    assert b"".join(form.array("d")[0].base64()) == b"Hello!"
