"""Two accounts of two providers, a real daemon: which faxes go to the second one, and which never do."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.boxes import PASSWORD
from support.papers import pdf_bytes
from support.wire import WireServer, always, reply
from support.world import World

from faxdaemon.clock import SystemClock
from faxdaemon.contracts.journal import Filter, Life
from faxdaemon.journal import open_journal
from faxdaemon.outbound.breaker import IN_A_ROW
from faxdaemon.sandbox.faults import Fault
from faxdaemon.supervise import SignalHub
from faxdaemon.web.client import ControlClient, NoDaemon

Start = Callable[..., World]
WRONG = "not-the-password"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """A daemon whose folder sends through `first` (FAXAGE), then `second` (Concord)."""
    with World(tmp_path) as world:

        def begin(password: str = PASSWORD, **first: Any) -> World:
            other = world.place / "other-password"
            other.touch(mode=0o600)
            other.write_text(password)
            short = {"poll": "200ms", "settle": "300ms", "timeout": "10s"}
            accounts = {
                "first": {
                    "provider": "faxage",
                    "url": world.sandbox.url_of("faxage"),
                    "username": "clinic",
                    "company": "12345",
                    "password": "${file:other-password}",
                    **short,
                    **first,
                },
                "second": {
                    "provider": "concord",
                    "url": world.sandbox.url_of("concord"),
                    "user_id": "mbx1234567890",
                    "password": "${file:password}",
                    **short,
                },
            }
            folder = {"accounts": ["first", "second"]}
            world.configure({"folder": folder, "inbound": {"account": "first"}, "top": {"accounts": accounts}})
            world.start()
            return world

        yield begin


def dropped(world: World, count: int) -> None:
    for n in range(count):
        world.drop(f"3035550177_{n}.pdf", pdf_bytes(text=f"letter {n}"))


def taken(world: World) -> list[str]:
    """Which accounts of the sandbox took a fax, one entry for each fax."""
    return [entry.account for entry in world.sandbox.sent()]


def told(world: World) -> dict[str, Any]:
    """What the daemon tells of itself; nothing while it begins."""
    found: dict[str, Any] = {"alerts": {}, "paused": {}, "quiet": {}}
    with suppress(NoDaemon), ControlClient(world.state) as client:
        found = client.status()
    return found


def faxes(world: World) -> list[Life]:
    journal = open_journal(
        "sqlite", state=world.state, clock=SystemClock(), signals=SignalHub(), node="test", read_only=True
    )
    try:
        return [journal.life(row.fax_id) for row in journal.find(Filter())]
    finally:
        journal.close()


@pytest.mark.timeout(180)
def test_an_account_that_cannot_be_reached_is_left_and_shown(start: Start) -> None:
    world = start(url="http://127.0.0.1:9/faxage")
    count = IN_A_ROW + 4
    dropped(world, count)
    world.wait("all sent", lambda: len(world.names("sent")) >= 2 * count)
    assert taken(world) == ["concord"] * count
    status = told(world)
    assert "could not be reached" in status["paused"]["first"]["reason"]
    assert "account:first" in status["alerts"]
    assert "second" not in status["paused"]


@pytest.mark.timeout(180)
def test_wrong_credentials_stop_that_account_only(start: Start) -> None:
    world = start(password=WRONG)
    dropped(world, 4)
    world.wait("all sent", lambda: len(world.names("sent")) >= 8)
    assert taken(world) == ["concord"] * 4
    status = told(world)
    assert list(status["paused"]) == ["first"]
    assert "ERR02" in status["alerts"]["account:first"]
    assert WRONG not in world.logs()


@pytest.mark.timeout(180)
def test_faxes_of_a_wrong_account_wait_until_it_is_put_right_and_others_do_not_notice(start: Start) -> None:
    """Each folder has one account, so nothing can go elsewhere."""
    world = start(password=WRONG)
    world.stop(world.processes[-1])
    beside = world.place / "beside"
    beside.mkdir()
    settings = yaml.safe_load(world.config.read_text("utf-8"))
    (folder,) = settings["outbound"]
    settings["outbound"] = [
        {**folder, "accounts": ["first"]},
        {**folder, "folder": str(beside), "accounts": ["second"]},
    ]
    world.config.write_text(yaml.safe_dump(settings), encoding="utf-8")
    world.start()
    dropped(world, 3)
    world.wait("it is told", lambda: "account:first" in told(world)["alerts"])
    for n in range(3):
        world.drop(f"3035550177_{n}.pdf", pdf_bytes(text=f"beside {n}"), beside)
    world.wait("the others are sent", lambda: len(list((beside / "sent").rglob("*.pdf"))) == 3)
    status = told(world)
    assert list(status["paused"]) == ["first"]
    assert status["counts"]["out.ready"] == 3, "nothing failed, nothing is held"
    assert taken(world) == ["concord"] * 3

    world.stop(world.processes[-1])
    (world.place / "other-password").write_text(PASSWORD)
    world.start()
    world.wait("they go out", lambda: len(world.names("sent")) >= 6)
    assert sorted(taken(world)) == ["clinic"] * 3 + ["concord"] * 3
    assert told(world)["paused"] == {}


@pytest.mark.timeout(180)
def test_an_account_that_asks_for_time_gets_it_over_a_restart(start: Start) -> None:
    world = start(url="http://127.0.0.1:9/faxage")
    world.stop(world.processes[-1])
    with WireServer(always(reply("", "429 Too Many Requests", retry_after="3600"))) as server:
        settings = yaml.safe_load(world.config.read_text("utf-8"))
        settings["accounts"]["first"]["url"] = server.url
        world.config.write_text(yaml.safe_dump(settings), encoding="utf-8")
        world.start()
        world.wait("it is shown", lambda: "first" in told(world)["quiet"])
        asked = len(server.requests)
        assert told(world)["quiet"]["first"]["seconds"] > 3000
        world.stop(world.processes[-1])
        world.start()
        dropped(world, 1)
        world.wait("sent through the other one", lambda: len(world.names("sent")) >= 2)
        assert asked <= 2, "the inbox and nothing else"
        assert all(seen.field("operation") == "sendfax" for seen in server.requests[asked:]), "no question after it"


@pytest.mark.timeout(180)
def test_a_definite_no_goes_on_to_the_next_account(start: Start) -> None:
    world = start()
    fault = world.sandbox.fault(Fault("answer", operation="sendfax", body="ERR05: blocked", count=2))
    dropped(world, 3)
    world.wait("all sent", lambda: len(world.names("sent")) >= 6)
    assert fault.played == 2
    assert sorted(taken(world)) == ["clinic", "concord", "concord"]
    assert told(world)["paused"] == {}


@pytest.mark.timeout(180)
@pytest.mark.parametrize(("play", "outcome"), [("accept-then-drop", "sent"), ("drop-before-accept", "held")])
def test_a_lost_answer_never_goes_on_to_the_next_account(start: Start, play: str, outcome: str) -> None:
    world = start()
    fault = world.sandbox.fault(Fault(play, operation="sendfax", count=0))
    dropped(world, 3)
    world.wait(f"all {outcome}", lambda: len(world.names(outcome)) >= 6)
    assert fault.played == 3
    assert taken(world) == (["clinic"] * 3 if outcome == "sent" else [])
    assert told(world)["paused"] == {}


@pytest.mark.timeout(180)
def test_the_rate_is_kept_by_a_real_daemon(start: Start) -> None:
    world = start(rate=120)
    dropped(world, 6)
    world.wait("all sent", lambda: len(world.names("sent")) >= 12)
    assert len(world.sandbox.sent()) == 6
    begun = sorted(event.at.timestamp() for fax in faxes(world) for event in fax.events if event.event == "intend")
    # A slot may be used a little late, so the next can come a little sooner than half a second after it; never a slot
    # before its time, though: the n-th is not earlier than n slots after the first, but for the first's own delay.
    assert all(later - earlier >= 0.25 for earlier, later in itertools.pairwise(begun)), begun
    assert begun[-1] - begun[0] >= 5 * 0.5 - 0.25, begun
