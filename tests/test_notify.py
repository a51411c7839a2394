"""The notify protocol over a real datagram socket."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from support.manager import Manager

from faxdaemon.notify import Notifier


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    with Manager(tmp_path / "notify") as made:
        yield made


def test_what_is_told(manager: Manager) -> None:
    notify = Notifier(manager.address, 30.0)
    notify.ready("two\nlines")
    assert manager.next() == {"READY": "1", "STATUS": "two\\nlines"}, "no value begins a line of its own"
    notify.status("under way: 2 accepted")
    assert manager.next() == {"STATUS": "under way: 2 accepted"}
    notify.alive()
    assert manager.next() == {"WATCHDOG": "1"}
    before = time.monotonic_ns() // 1000
    notify.reloading()
    told = manager.next()
    assert told["RELOADING"] == "1"
    assert before <= int(told["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000
    notify.stopping()
    assert manager.next()["STOPPING"] == "1"


def test_a_name_that_is_no_file() -> None:
    name = f"faxdaemon-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as hears:
        hears.bind(f"\0{name}")
        hears.settimeout(20)
        Notifier(f"@{name}").status("x")
        assert hears.recv(100) == b"STATUS=x"


def test_the_environment_is_read_once_and_not_handed_on(manager: Manager) -> None:
    environment = {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}
    notify = Notifier.from_environment(environment)
    assert (notify.present, notify.watchdog) == (True, 30.0)
    assert environment == {}


@pytest.mark.parametrize(
    "more", [{"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "x"}, {"WATCHDOG_USEC": "0"}, {}]
)
def test_a_watchdog_that_is_not_meant_for_us_is_not_fed(manager: Manager, more: dict[str, str]) -> None:
    notify = Notifier.from_environment({"NOTIFY_SOCKET": manager.address, **more})
    notify.alive()
    assert notify.watchdog is None
    assert manager.drain() == []


def test_without_a_manager_nothing_happens() -> None:
    notify = Notifier.from_environment({"WATCHDOG_USEC": "1000000"})
    with capture_logs() as logs:
        notify.ready("x")
        notify.alive()
    assert not notify.present
    assert logs == []


def test_a_manager_that_is_gone_is_told_of_once(tmp_path: Path) -> None:
    notify = Notifier(str(tmp_path / "nobody"))
    with capture_logs() as logs:
        notify.ready("x")
        notify.stopping()
    assert [entry["event"] for entry in logs] == ["the service manager cannot be told"]
