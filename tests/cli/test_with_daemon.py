"""Commands beside a real daemon, in processes of their own, with the sandbox as provider."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
import urllib.request

import pytest
from support.world import World

from faxdaemon.documents.paper import text_pdf

COMMAND = [sys.executable, "-m", "faxdaemon"]
ANSWERS, BUSY, FOR_EVER = "+13035550177", "+13035550110", "+13035550118"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with World(tmp_path_factory.mktemp("world")) as world:
        (world.place / "letter.pdf").write_bytes(text_pdf("Dear Dr Lee"))
        world.fresh = True
        world.start()
        wait_for(lambda: run(world, "status").returncode == 0)
        yield world


def run(world, *words, timeout=60, **more):
    command = [*COMMAND, *words, "--config", str(world.config)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout, **more)


def wait_for(condition):
    deadline = time.monotonic() + 60
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def letter(world):
    return str(world.place / "letter.pdf")


def test_send_and_wait(world):
    before = len(world.sandbox.sent())
    done = run(world, "send", letter(world), "(303) 555-0177", "--wait")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "sent"
    (entry,) = world.sandbox.sent()[before:]
    assert entry.destination == ANSWERS


def test_two_of_the_same_are_two_faxes_each_followed_to_its_own_end(world):
    before = len(world.sandbox.sent())
    command = [*COMMAND, "send", letter(world), ANSWERS, "--wait", "--json", "--config", str(world.config)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [json.loads(process.communicate(timeout=60)[0]) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert len({answer["id"] for answer in answers}) == 2
    assert len(world.sandbox.sent()) == before + 2


def test_a_fax_that_fails_is_status_1_with_its_reason(world):
    done = run(world, "send", letter(world), BUSY, "--wait")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "failed (Busy)"


def test_send_without_waiting_tells_how_to_follow(world):
    done = run(world, "send", letter(world), ANSWERS)
    assert done.returncode == 0 and done.stdout.startswith("handed over as +13035550177_letter")
    advice = done.stderr.strip().removeprefix("follow it with: faxdaemon ")
    follow = advice.replace("'", "").split()
    wait_for(lambda: "sent" in run(world, *follow).stdout)


def test_what_cannot_be_faxed_is_answered(world):
    (world.place / "program.exe").write_bytes(b"MZ" + bytes(100))
    done = run(world, "send", str(world.place / "program.exe"), ANSWERS, "--wait")
    assert done.returncode == 1 and ".exe" in done.stdout


def test_decisions_go_to_the_running_daemon(world):
    sent = run(world, "send", letter(world), FOR_EVER, "--json")
    name = json.loads(sent.stdout)["name"]

    def row(state):
        found = json.loads(run(world, "list", "--json", "--name", name, "--state", state).stdout)
        return found[0] if found else None

    fax = wait_for(lambda: row("accepted"))["fax_id"]
    refused = run(world, "hold", fax)
    assert refused.returncode == 1 and "recipient 1 is accepted" in refused.stderr
    done = run(world, "cancel", fax[:20])
    assert done.returncode == 0 and fax in done.stdout and done.stderr == ""
    wait_for(lambda: row("cancelled"))
    story = run(world, "show", fax)
    assert "a person wants it stopped" in story.stdout


def test_status_tells_of_the_daemon_that_runs(world):
    found = json.loads(run(world, "status", "--json").stdout)
    assert found["running"] is True and found["alerts"] == {}
    assert found["pid"] == world.processes[0].pid
    told = run(world, "status")
    assert told.returncode == 0 and "no alerts" in told.stdout


def test_a_second_daemon_is_refused_in_one_line(world):
    done = run(world, "run")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "another faxdaemon" in done.stderr
    assert run(world, "status").returncode == 0


def test_the_socket_is_for_owner_and_group(world):
    mode = (world.state / "control.sock").stat().st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o660


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_orderly_end(tmp_path, number):
    with World(tmp_path) as world:
        process = world.start()
        wait_for(lambda: run(world, "status").returncode == 0)
        process.send_signal(number)
        assert process.wait(60) == 0
        assert not (world.state / "control.sock").exists()
        log = world.logs()
        assert "stopped" in log and "Traceback" not in log and "\x1b" not in log
        assert run(world, "status").returncode == 3


def test_a_daemon_that_was_killed_leaves_a_socket_that_nobody_minds(tmp_path):
    with World(tmp_path) as world:
        process = world.start()
        wait_for(lambda: run(world, "status").returncode == 0)
        process.kill()
        process.wait()
        assert (world.state / "control.sock").exists()
        assert run(world, "status").returncode == 3
        world.start()
        wait_for(lambda: run(world, "status").returncode == 0)


def test_the_sandbox_introduces_itself(tmp_path):
    command = [*COMMAND, "sandbox", "--port", "0", "--directory", str(tmp_path), "--seconds-per-page", "0.1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        lines = []
        while "Let a fax arrive" not in (line := process.stdout.readline()):
            assert line, process.stderr.read()
            lines.append(line)
        url = lines[0].split()[4].rstrip(";")
        assert urllib.request.urlopen(f"{url}/sandbox/ledger", timeout=10).read().strip() == b"[]"
        told = "".join(lines)
        for word in ("username: clinic", "password: sandbox", "+13035550100", "0110  Busy", "0118  stays in the queue"):
            assert word in told
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.communicate()


def test_a_port_that_is_taken_is_one_line(world):
    port = world.sandbox.url.rpartition(":")[2]
    done = subprocess.run(
        [*COMMAND, "sandbox", "--port", port], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "choose another one with --port" in done.stderr


def test_without_a_configuration_it_is_said_where_one_is_looked_for(tmp_path):
    env = {key: value for key, value in os.environ.items() if key != "FAXDAEMON_CONFIG"}
    done = subprocess.run(
        [*COMMAND, "status", "--config", str(tmp_path / "none.yaml")],
        capture_output=True,
        text=True,
        check=False,
        env=env,
    )
    assert done.returncode == 2 and "none.yaml: there is no such file" in done.stderr
