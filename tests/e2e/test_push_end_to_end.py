"""Pushes with a real daemon and a real wire.  Polls are an hour apart, so that what happens is the pushes' doing."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.papers import pdf_bytes
from support.world import ELSEWHERE, World

from faxdaemon.sandbox import Fault, Play

SECRET = "k3v9q2m7x0abk3v9q2m7"
LINES = {
    "faxage": "+13035550100",
    "concord": "+13035550120",
    "faxde": "+494055500130",
    "opentext": "+13035550140",
}
NAMES = {"faxage": "clinic"}
SETTINGS: dict[str, dict[str, Any]] = {
    "faxage": {"username": "clinic", "company": "12345", "password": "${file:password}"},
    "concord": {"user_id": "mbx1234567890", "password": "${file:password}"},
    "faxde": {"customer": "faxde", "password": "${file:password}"},
    "opentext": {"username": "opentext", "password": "${file:password}"},
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Site:
    """A world with one account that gets pushes."""

    def __init__(self, place: Path, provider: str) -> None:
        self.provider = provider
        self.line = LINES[provider]
        self.name = NAMES.get(provider, provider)
        self.port = free_port()
        self.world = World(place)
        self.box = self.world.sandbox
        (place / "secret").touch(mode=0o600)
        (place / "secret").write_text(SECRET, encoding="utf-8")

    def address(self, kind: str, secret: str = SECRET) -> str:
        return f"http://127.0.0.1:{self.port}/push/{self.name}/{secret}/{kind}"

    def set_up(self, *, status: bool = True, fax: bool = True, **more: Any) -> None:
        """What the provider is told."""
        where = {"again": [0.2] * 20, **more}
        if status:
            where["status"] = self.address("status")
        if fax:
            where["fax"] = self.address("fax")
        self.box.switches[f"{self.provider}.push.{self.name}"] = where

    def configure(self, poll: str = "1h", inbox: str = "1h", **account: Any) -> None:
        own = {
            "provider": self.provider,
            "url": self.box.url_of(self.provider),
            "poll": "50ms",
            "settle": "300ms",
            "timeout": "10s",
            "push": {"secret": "${file:secret}", "poll": poll},
            **SETTINGS[self.provider],
            **account,
        }
        called = {"faxage": "url_notify", "faxde": "staturl"}.get(self.provider)
        if called:
            own[called] = self.address("status", "${file:secret}")
        lines = {self.line: {"folder": {"path": str(self.world.desk)}}}
        self.world.configure(
            {
                "folder": {"accounts": [self.name]},
                "inbound": {"account": self.name, "poll": inbox, "lines": lines},
                "top": {"accounts": {self.name: own}, "web": {"listen": f"127.0.0.1:{self.port}"}},
            }
        )

    def send(self, count: int = 1) -> None:
        for n in range(count):
            self.world.drop(f"{ELSEWHERE}_x{n}.pdf", pdf_bytes())

    def sent(self, count: int = 1) -> bool:
        return len(self.world.names("sent")) == 2 * count

    def received(self) -> list[dict[str, Any]]:
        """The sidecars in the line's folder."""
        return [json.loads(path.read_text("utf-8")) for path in self.world.desk.glob("*.json")]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Callable[[str], Site]]:
    made: list[Site] = []

    def make(provider: str) -> Site:
        made.append(Site(tmp_path, provider))
        made[-1].world.__enter__()
        made[-1].configure()
        return made[-1]

    yield make
    for one in made:
        one.world.__exit__()


WAYS = [
    ("faxage", {}),
    ("concord", {"status_form": "get"}),
    ("concord", {"status_form": "form"}),
    ("concord", {"status_form": "octet-stream"}),
    ("concord", {"status_form": "xml"}),
    ("concord", {"status_form": "soap"}),
    ("faxde", {}),
    ("opentext", {}),
]


@pytest.mark.parametrize(("provider", "form"), WAYS, ids=lambda x: x if isinstance(x, str) else "-".join(x.values()))
def test_the_end_of_a_fax_is_learned_by_its_push(site: Any, provider: str, form: dict[str, str]) -> None:
    here = site(provider)
    here.set_up(**form)
    here.box.fault(Fault(Play.NOTIFY_TWICE))
    process = here.world.start()
    here.send()
    here.world.wait("it is reported", here.sent)
    (entry,) = here.box.sent()
    assert here.world.answer("sent", f"{ELSEWHERE}_x0")["recipients"][0]["provider_id"] == entry.job
    assert here.world.stop(process) == 0
    assert SECRET not in here.world.logs()


ARRIVALS = [
    ("faxage", {"fax_form": "form"}),
    ("faxage", {"fax_form": "json"}),
    ("concord", {"fax_form": "form"}),
    ("concord", {"fax_form": "octet-stream"}),
    ("concord", {"fax_form": "xml"}),
    ("concord", {"fax_form": "soap"}),
    ("opentext", {}),
]


@pytest.mark.parametrize(
    ("provider", "form"), ARRIVALS, ids=lambda x: x if isinstance(x, str) else "-".join(x.values())
)
def test_a_received_fax_is_there_by_its_push_and_there_once(site: Any, provider: str, form: dict[str, str]) -> None:
    here = site(provider)
    here.set_up(keep=True, **form)
    here.box.fault(Fault(Play.NOTIFY_TWICE))
    process = here.world.start()
    here.world.wait("it listens", lambda: "started" in here.world.logs())
    here.box.inject(here.line, caller="+13035550199", csid="LAB", pages=2)
    here.world.wait("it lies in its folder", here.received)
    here.world.wait("the provider was told", lambda: not here.box.inbox(here.name))
    assert here.world.stop(process) == 0

    here.configure(poll="0s", inbox="100ms")  # a listing finds nothing that we do not have
    process = here.world.start()
    here.box.inject(here.line, pages=3)
    here.world.wait("the next one came", lambda: len(here.received()) == 2)
    here.world.wait("the provider was told", lambda: not here.box.inbox(here.name))
    assert here.world.stop(process) == 0
    pages = sorted(sidecar["pages"] for sidecar in here.received())
    assert pages == [2, 3]
    assert all(entry.deleted_at for entry in here.box.ledger() if entry.direction == "in")


@pytest.mark.parametrize("provider", ["concord", "opentext"])
def test_a_push_while_the_daemon_is_away_comes_again(site: Any, provider: str) -> None:
    here = site(provider)
    here.set_up(again=[0.2] * 200)
    here.box.inject(here.line, pages=2)
    process = here.world.start()
    here.world.wait("it lies in its folder", here.received)
    here.world.wait("the provider was told", lambda: not here.box.inbox(here.name))
    assert here.world.stop(process) == 0
    assert len(here.received()) == 1


@pytest.mark.parametrize("provider", ["faxage", "concord", "faxde", "opentext"])
def test_lost_pushes_cost_a_poll_and_nothing_else(site: Any, provider: str) -> None:
    here = site(provider)
    here.set_up()
    here.box.fault(Fault(Play.NOTIFY_LOST, count=0))
    here.configure(poll="300ms", inbox="300ms")
    process = here.world.start()
    here.send()
    here.box.inject(here.line, pages=2)
    here.world.wait("it is reported", here.sent)
    here.world.wait("the other one lies in its folder", here.received)
    assert here.world.stop(process) == 0
    assert len(here.box.sent()) == 1


@pytest.mark.parametrize("provider", ["faxage", "concord", "opentext"])
def test_pushes_out_of_order_and_late_change_nothing(site: Any, provider: str) -> None:
    here = site(provider)
    here.set_up()
    here.box.fault(Fault(Play.NOTIFY_AFTER_NEXT))
    here.box.fault(Fault(Play.NOTIFY_LATE, seconds=0.5, skip=1))
    process = here.world.start()
    here.send(2)
    here.world.wait("both are reported", lambda: here.sent(2))
    assert here.world.stop(process) == 0
    assert len(here.box.sent()) == 2


@pytest.mark.parametrize("provider", ["faxage", "concord", "faxde", "opentext"])
def test_a_push_before_the_answer_and_the_answer_lost(site: Any, provider: str) -> None:
    """Nothing else could tell OpenText's job and, without a job id for doubles, FAX.de's: the push settles it."""
    here = site(provider)
    here.set_up()
    here.box.switches["faxde.duplicate_id"] = False
    here.box.fault(Fault(Play.ACCEPT_THEN_DROP))
    here.configure(poll="500ms")
    process = here.world.start()
    here.send()
    here.world.wait(
        "it is reported as sent", lambda: "sent" in [path.parent.parent.name for path in here.world.out.rglob("*.json")]
    )
    assert here.world.stop(process) == 0
    assert len(here.box.sent()) == 1
