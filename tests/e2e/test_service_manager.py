"""A real daemon under a service manager's eyes: ready, status, watchdog, reload, stop."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.manager import Manager
from support.world import LINE, PATIENCE, World

from faxdaemon.documents.paper import text_pdf
from faxdaemon.sandbox.faults import Fault, Play
from faxdaemon.supervise import EXIT_STUCK
from faxdaemon.web.client import ControlClient

NUMBER = "+13035550177"
RUN = "import sys; from faxdaemon.cli import main; sys.argv[0] = 'faxdaemon'; main()"


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    with Manager(tmp_path / "notify") as made:
        monkeypatch.setenv("NOTIFY_SOCKET", made.address)
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
        yield made


def started(world: World, changed: str = "") -> subprocess.Popen[bytes]:
    """A daemon in which `changed` (Python) was executed first."""
    world.fresh = True  # an interpreter of its own, which takes what was changed
    return world.start(("-c", changed + RUN, "run"))


def ask(world: World, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "faxdaemon", *words, "--config", str(world.config)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)


def status(world: World) -> Any:
    """From the daemon itself: the command would stumble over a configuration that is wrong."""
    with ControlClient(world.state) as client:
        return client.status()


def test_the_life_of_a_service(world: World, manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "1500000")
    world.drop(f"{NUMBER}_first.pdf", text_pdf("first"))
    daemon = started(world)
    ready = manager.hear("READY=1")
    assert status(world)["running"], "ready means that it answers"
    assert (world.out / ".faxdaemon").is_dir(), "and that the drop folder was looked at"
    assert "under way:" in ready["STATUS"]
    for _ in range(3):
        manager.hear("WATCHDOG=1")
    world.wait("the first fax", lambda: world.names("sent"))

    # A mistake: refused, told, and the old one goes on.
    good = world.config.read_text("utf-8")
    world.config.write_text(good + "nonsense: 1\n", "utf-8")
    daemon.send_signal(signal.SIGHUP)
    told = manager.hear("RELOADING=1")
    assert int(told["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000
    assert "refused" in manager.hear("READY=1")["STATUS"]
    assert "nonsense" in status(world)["configuration"]["trouble"]
    world.config.write_text((good + "nonsense: 1\n").replace("${file:password}", "${file:gone}"), "utf-8")
    done = ask(world, "reload")
    assert done.returncode == 1 and "nonsense" in done.stderr, "the daemon says it, not the command"

    # A change: another drop folder.
    second = world.place / "second"
    second.mkdir()
    world.configure({"top": {"node": "elsewhere"}, "folder": {"folder": str(second)}})
    daemon.send_signal(signal.SIGHUP)
    manager.hear("RELOADING=1")
    manager.hear("READY=1")
    found = status(world)
    assert found["configuration"] == {"generation": 2, "trouble": None}
    assert found["node"] != "elsewhere", "that needs a restart"
    assert "node: not applied" in world.logs()
    world.drop(f"{NUMBER}_second.pdf", text_pdf("second"), second)
    world.wait("the second fax", lambda: len(world.sandbox.sent()) == 2)
    world.wait("its answer", lambda: list((second / "sent").rglob("*.result.json")))

    assert world.stop(daemon) == 0
    manager.hear("STOPPING=1")
    assert [entry.destination for entry in world.sandbox.sent()] == [NUMBER, NUMBER]


def test_reload_as_a_command(world: World, manager: Manager) -> None:
    started(world)
    manager.hear("READY=1")
    world.configure({"inbound": {"lines": {LINE: {"folder": {"path": str(world.other)}}}}})
    done = ask(world, "reload")
    assert (done.returncode, done.stdout) == (0, "reloaded\n"), done.stderr
    assert "changed: inbound" in done.stderr
    # Correct in itself, and yet nothing to build a daemon of: refused by the daemon before anything is stopped.
    world.configure({"account": {"ca": str(world.place / "no-such-file.pem")}})
    done = ask(world, "reload")
    assert done.returncode == 1
    assert "the old one stays in force" in done.stderr and "accounts.clinic" in done.stderr
    found = status(world)["configuration"]
    assert found["generation"] == 2 and "accounts.clinic" in found["trouble"]
    assert "configuration: the new one is not in force" in ask(world, "status").stdout


def test_new_settings_that_cannot_be_started_are_left_for_the_old_ones(world: World, manager: Manager) -> None:
    started(world)
    manager.hear("READY=1")
    taken = world.sandbox.url.rpartition("/")[2]
    (world.place / "push").touch(mode=0o600)
    (world.place / "push").write_text("a" * 24, "utf-8")
    push = {"secret": "${file:push}"}
    world.configure({"account": {"push": push}, "top": {"web": {"listen": taken}}})
    done = ask(world, "reload")
    assert done.returncode == 1
    assert "web.listen" in done.stderr
    world.drop(f"{NUMBER}_after.pdf", text_pdf("after"))
    world.wait("a fax with the old settings", lambda: world.names("sent"))


def test_a_reload_waits_for_the_upload_in_hand(world: World, manager: Manager) -> None:
    daemon = started(world)
    manager.hear("READY=1")
    world.sandbox.fault(Fault(Play.SLOW_REPLY, operation="sendfax", seconds=3.0))
    world.drop(f"{NUMBER}_slow.pdf", text_pdf("slow"))
    world.wait("the upload", world.sandbox.sent)
    daemon.send_signal(signal.SIGHUP)
    manager.hear("RELOADING=1")
    manager.hear("READY=1")
    world.wait("the answer", lambda: world.names("sent"))
    assert len(world.sandbox.sent()) == 1
    assert "reloaded" in world.logs() and "interrupted=1" not in world.logs(), "it was not cut off"


def test_a_stop_does_not_wait_for_a_slow_provider_and_nothing_is_sent_twice(world: World, manager: Manager) -> None:
    world.configure({"account": {"timeout": "100s"}})
    daemon = started(world, "import faxdaemon.daemon as d; d.STOP = 1.0; ")
    manager.hear("READY=1")
    world.sandbox.fault(Fault(Play.SLOW_REPLY, operation="sendfax", seconds=100.0))
    world.drop(f"{NUMBER}_slow.pdf", text_pdf("slow"))
    world.wait("the upload", world.sandbox.sent)
    before = time.monotonic()
    assert world.stop(daemon) == 0
    assert time.monotonic() - before < 30
    assert "workers did not finish in time" in world.logs()
    started(world)
    world.wait("the fax, looked up", lambda: world.names("sent"))
    assert len(world.sandbox.sent()) == 1


HANGING = """
import faxdaemon.outgoing, faxdaemon.files.posix as posix, pathlib, time
faxdaemon.outgoing.SLOW = 1.0
inner = posix.PosixFiles.copy_new
def copy_new(self, *given, **how):
    while pathlib.Path(%r).exists():
        time.sleep(0.05)
    return inner(self, *given, **how)
posix.PosixFiles.copy_new = copy_new
"""


def test_a_share_that_hangs_ends_the_process_with_its_stacks_and_nothing_is_lost(
    world: World, manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "1000000")
    hangs = world.place / "hangs"
    daemon = started(world, HANGING % str(hangs))
    manager.hear("READY=1")
    manager.hear("WATCHDOG=1")
    hangs.touch()
    world.drop(f"{NUMBER}_x.pdf", text_pdf("x"))
    assert daemon.wait(PATIENCE) == EXIT_STUCK
    manager.drain()
    assert "is_=stuck" in world.logs() and "copy_new" in world.logs(), "all stacks are in the log"
    hangs.unlink()
    started(world)  # as the service manager does
    world.wait("the fax", lambda: world.names("sent"))
    assert len(world.sandbox.sent()) == 1
