"""The control API over a real Unix socket."""

import asyncio
import gc
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from faxdaemon.contracts.journal import Pause, SinkStanding
from faxdaemon.core.errors import FilesError, JournalError, UserError
from faxdaemon.core.ids import FaxId
from faxdaemon.core.places import DropPlaces
from faxdaemon.files import open_files
from faxdaemon.web import local, loopback
from faxdaemon.web.client import ControlClient, NoDaemon
from faxdaemon.web.control import Control, ControlServer, build
from faxdaemon.web.outbox import Outbox
from faxdaemon.web.status import Status

# A peer that breaks off in the middle leaves the server's end of the connection to the garbage collector when the
# server's loop ends before it: nothing of ours is lost, and the collector tells of it whenever it runs.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True, scope="module")
def collected():
    """What this module leaves is collected while it still answers for it."""
    yield
    gc.collect()


class Journal:
    """Remembers what it was told; `answer` is returned, or raised."""

    def __init__(self):
        self.told = []
        self.answer = 1

    def _do(self, *what):
        self.told.append(what)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def hold(self, fax, reason):
        return self._do("hold", fax, reason)

    def release(self, fax):
        return self._do("release", fax)

    def resend(self, fax):
        return self._do("resend", fax)

    def cancel(self, fax):
        return self._do("cancel", fax)

    def mark_sent(self, fax):
        return self._do("sent", fax)

    def give_up(self, fax, sink):
        return self._do("give up", fax, sink)

    def redirect(self, sink, target):
        return self._do("redirect", sink, target)

    def sinks(self):
        return [SinkStanding("main:other:folder", 2, 1, FaxId("01jd"), "away", 4.4)]

    def counts(self):
        return {"out.ready": 2}

    def paused(self, account):
        return Pause("wrong password", 41.6) if account == "backup" else None

    def quieted(self, account):
        return Pause("HTTP 429", 7.4) if account == "backup" else None


@pytest.fixture
def journal():
    return Journal()


@pytest.fixture
def outbox(tmp_path):
    box = Outbox(DropPlaces(tmp_path / "outbox", "here"), files=open_files(), region="US", entropy=os.urandom)
    box.prepare()
    return box


@pytest.fixture
def control(journal, outbox):
    status = Status(
        node="here",
        accounts=["main", "backup"],
        journal=journal,
        alerts=lambda: {"account:backup": "refused"},
        started=datetime(2026, 11, 20, 9, tzinfo=UTC),
    )
    return Control(journal, status, outbox.drop, outbox.folder)


@pytest.fixture
def server(control, tmp_path):
    server = ControlServer(control, tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def client(server, tmp_path):
    with ControlClient(tmp_path) as client:
        yield client


def test_status_tells_what_the_daemon_knows(client):
    status = client.status()
    assert status["running"] is True and status["pid"] == os.getpid() and status["node"] == "here"
    assert status["counts"] == {"out.ready": 2}
    assert status["alerts"] == {"account:backup": "refused"}
    assert status["paused"] == {"backup": {"reason": "wrong password", "seconds": 42}}
    assert status["quiet"] == {"backup": {"reason": "HTTP 429", "seconds": 7}}
    assert status["started_at"] == "2026-11-20T09:00:00+00:00"


@pytest.mark.parametrize("action", ["release", "resend", "cancel", "sent"])
def test_each_decision_reaches_the_journal(client, journal, action):
    journal.answer = 3
    assert client.decide(action, "01jd") == 3
    assert journal.told == [(action, "01jd")]


def test_hold_passes_its_reason(client, journal):
    client.decide("hold", "01jd", "wrong patient? ask & wait / é")
    assert journal.told == [("hold", "01jd", "wrong patient? ask & wait / é")]


def test_a_refusal_is_told_in_the_journal_s_words(client, journal):
    journal.answer = UserError("01jd is sent already")
    with pytest.raises(UserError, match=r"^01jd is sent already$"):
        client.decide("cancel", "01jd")


@pytest.mark.parametrize("error", [JournalError("disk"), FilesError("disk")])
def test_trouble_is_not_taken_for_a_refusal(client, journal, error):
    journal.answer = error
    with pytest.raises(UserError, match="could not do it: disk"):
        client.decide("cancel", "01jd")


@pytest.mark.parametrize("fax", ["", "../status", "a/b", "a?b", "ünix", "01jd "])
def test_what_is_no_id_never_becomes_a_path(client, journal, fax):
    with pytest.raises(UserError, match="not a fax id"):
        client.decide("cancel", fax)
    assert journal.told == []


def test_a_document_arrives_whole(client, outbox):
    piece = os.urandom(1 << 16)
    name, folder = client.send("303-555-0100", "scan.pdf", (piece for _ in range(64)))
    assert (name, folder) == ("+13035550100_scan.pdf", outbox.folder)
    assert (folder / name).read_bytes() == piece * 64


def test_a_wrong_number_is_told_even_while_a_large_document_is_on_its_way(client, outbox):
    with pytest.raises(UserError, match="not a fax number"):
        client.send("12", "scan.pdf", (b"x" * 65536 for _ in range(400)))
    assert [p for p in outbox.folder.iterdir() if p.is_file()] == []
    assert client.status()["running"]


def test_a_document_that_breaks_off_is_not_dropped(client, outbox):
    def chunks():
        yield b"x" * 100_000
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        client.send("+13035550100", "scan.pdf", chunks())
    wait_for(lambda: not list((outbox.folder / ".faxdaemon/staged").iterdir()))
    assert [p for p in outbox.folder.iterdir() if p.is_file()] == []


def wait_for(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_document_is_never_whole_in_memory(tmp_path, journal):
    most, size = 0, 0

    def drop(_number, name, chunks):
        nonlocal most, size
        for chunk in chunks:
            most, size = max(most, len(chunk)), size + len(chunk)
        return name

    server = ControlServer(Control(journal, dict, drop, tmp_path), tmp_path)
    server.start()
    try:
        with ControlClient(tmp_path) as client:
            client.send("1", "n", (bytes(1 << 20) for _ in range(32)))
    finally:
        server.stop()
    assert size == 32 << 20
    assert most <= 4 << 20  # what has piled up between two turns of a busy loop, never the whole


def test_only_owner_and_group_may_connect(server, tmp_path):
    mode = (tmp_path / "control.sock").stat().st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o660


def test_the_socket_goes_when_the_server_stops(control, tmp_path):
    server = ControlServer(control, tmp_path)
    server.start()
    server.stop()
    server.stop()
    assert not (tmp_path / "control.sock").exists()
    assert "control" not in {thread.name for thread in threading.enumerate()}


def test_a_dead_daemon_s_socket_is_replaced(control, tmp_path):
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(tmp_path / "control.sock"))
    dead.close()
    server = ControlServer(control, tmp_path)
    server.start()
    try:
        with ControlClient(tmp_path) as client:
            assert client.status()["running"]
    finally:
        server.stop()


def test_a_living_daemon_s_socket_is_an_error(server, control, tmp_path):
    with pytest.raises(UserError, match="another faxdaemon is listening"):
        ControlServer(control, tmp_path).start()
    with ControlClient(tmp_path) as client:
        assert client.status()["running"]


def test_a_file_in_the_socket_s_place_is_left_alone(control, tmp_path):
    (tmp_path / "control.sock").write_text("precious")
    with pytest.raises(UserError, match="not a socket"):
        ControlServer(control, tmp_path).start()
    assert (tmp_path / "control.sock").read_text() == "precious"


def test_a_path_too_long_for_the_kernel_is_told(control, tmp_path):
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    with pytest.raises(UserError, match="shorter `state`"):
        ControlServer(control, deep).start()
    with pytest.raises(UserError, match="shorter `state`"):
        ControlClient(deep)


def test_no_socket_is_no_daemon(tmp_path):
    with pytest.raises(NoDaemon, match="faxdaemon run"):
        ControlClient(tmp_path)


def test_a_socket_nobody_listens_on_is_no_daemon(tmp_path):
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "control.sock"))
    with pytest.raises(NoDaemon, match="nobody listens"):
        ControlClient(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_who_may_not_connect_is_told_what_to_do(server, tmp_path):
    for folder in [tmp_path, *tmp_path.parents]:
        if folder.stat().st_uid == 0 and str(folder) not in ("/", "/tmp"):
            folder.chmod(0o755)
    program = (
        "import os, sys; from pathlib import Path\n"
        "import faxdaemon.web.client as c, httpx\n"
        "httpx.HTTPTransport(uds='x')\n"  # what is imported late could not be read any more
        "os.setgid(65534); os.setuid(65534)\n"
        "try: c.ControlClient(Path(sys.argv[1])).status()\n"
        "except c.UserError as e: print(type(e).__name__, e)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.stdout.startswith("UserError you may not use "), done


def test_an_answer_that_never_came_is_unknown(tmp_path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "control.sock"))
    listener.listen()

    def hang_up():
        listener.accept()[0].close()  # the look whether somebody is there
        connection, _ = listener.accept()
        connection.recv(65536)
        connection.close()

    thread = threading.Thread(target=hang_up)
    thread.start()
    with ControlClient(tmp_path) as client, pytest.raises(UserError, match="not known whether"):
        client.decide("resend", "01jd")
    thread.join()
    listener.close()


def test_the_idle_server_sleeps(server):
    """No look at the clock ten times a second: the thread does not run at all between requests."""
    thread = next(t for t in threading.enumerate() if t.name == "control")
    switches = Path(f"/proc/self/task/{thread.native_id}/status")

    def ran():
        return [line for line in switches.read_text().splitlines() if "ctxt_switches" in line]

    wait_for(lambda: ran() == (time.sleep(0.3), ran())[1])


def test_the_windows_door_asks_for_its_token(control, tmp_path):
    app = build(control, "secret")
    transport = httpx.ASGITransport(app)

    async def ask(headers):
        async with httpx.AsyncClient(transport=transport, base_url="http://x", headers=headers) as client:
            return (await client.get("/status")).status_code

    assert asyncio.run(ask({})) == 401
    assert asyncio.run(ask({"Authorization": "Bearer wrong"})) == 401
    assert asyncio.run(ask({"Authorization": "Bearer secret"})) == 200


def test_the_windows_door_is_found_through_its_file(tmp_path):
    door = loopback.Door(tmp_path)
    door.socket.listen()
    place = loopback.place(tmp_path)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    client = loopback.open_client(tmp_path, httpx.Timeout(1))
    assert client.headers["authorization"] == f"Bearer {door.token}"
    assert client.base_url.port == door.socket.getsockname()[1]
    client.close()
    door.socket.close()
    assert loopback.open_client(tmp_path, httpx.Timeout(1)) is None
    door.close()
    assert not place.exists()
    assert loopback.open_client(tmp_path, httpx.Timeout(1)) is None


def test_the_unix_door_leaves_another_s_socket_alone(tmp_path):
    door = local.Door(tmp_path)
    local.place(tmp_path).unlink()
    other = local.Door(tmp_path)
    door.close()
    assert local.place(tmp_path).exists()
    other.close()
    assert not local.place(tmp_path).exists()


def test_a_fax_is_reprinted_where_a_person_says(control, tmp_path):
    def reprint(*asked):
        if "nowhere" in asked:
            raise UserError("there is no such printer")
        return " ".join(asked)

    server = ControlServer(replace(control, reprint=reprint), tmp_path)
    server.start()
    try:
        with ControlClient(tmp_path) as client:
            assert client.reprint("01jd6e", "front desk", "a:b:printer") == "01jd6e front desk a:b:printer"
            with pytest.raises(UserError, match="there is no such printer"):
                client.reprint("01jd6e", "nowhere", "")
            with pytest.raises(UserError, match="is not a fax id"):
                client.reprint("../x", "", "")
    finally:
        server.stop()
