"""What a drop folder asks for, from the configuration through a real daemon onto the provider's wire; and by which
description Concord is asked when it is away at the start."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.papers import pdf_bytes
from support.world import ELSEWHERE, World

from faxdaemon.core.wishes import VOCABULARY
from faxdaemon.providers import concord, faxde

ASKED = {name: VOCABULARY[name].example for name in sorted(concord.CAPABILITIES.wishes)}
WIRE = {
    "JobScheduleStartType": "1",
    "JobScheduleStartDate": "2036/11/30 07:15:00",
    "JobExpiryDate": "2036/12/01 07:15:00",
    "SenderCSID": "NORTH CLINIC",
    "SenderName": "Dr. Gray",
    "SenderCompany": "North Clinic",
    "SenderPhone": "+13035550111",
    "SenderFax": "+13035550112",
    "CoverName": "Standard",
    "CoverSubject": "Your order",
    "CoverText": "Please call back.",
    "Resolution": "High",
    "NotifyType": "1",
    "NotifyIncludeDeliveredImage": "1",
    "NotifyDestination": "it@example.org",
    "RecipCompany": "South Clinic",
    "RecipTitle": "Head of Cardiology",
    **{f"UserField{n}": f"free {n}" for n in range(1, 13)},
}
SHORT = {"poll": "200ms", "settle": "300ms", "timeout": "10s"}
Begin = Callable[..., World]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """A daemon with one account and one folder."""
    with World(tmp_path) as world:

        def _begin(provider: str, account: dict[str, Any], folder: dict[str, Any]) -> World:
            url = world.sandbox.url_of(provider)
            accounts = {"main": {"provider": provider, "url": url, "password": "${file:password}", **SHORT, **account}}
            top = {"accounts": accounts, "inbound": []}
            world.configure({"folder": {"accounts": ["main"], **folder}, "top": top})
            world.start()
            return world

        yield _begin


def job(world: World, provider: str) -> Any:
    """What the provider has of the one fax that was sent."""
    world.wait("it was sent", lambda: len(world.names("sent")) == 2)
    (entry,) = [e for e in world.sandbox.ledger() if e.direction == "out"]
    digits = "".join(filter(str.isdigit, entry.job))
    return world.sandbox.network.job(provider, int(digits))


def test_concord_is_asked_for_everything_that_a_folder_asks_for(begin: Begin) -> None:
    world = begin("concord", {"user_id": "mbx1234567890"}, {"options": ASKED})
    world.drop(f"{ELSEWHERE}_Dr-Lee.pdf", pdf_bytes())
    made = job(world, "concord")
    assert {name: str(made.extra.get(name)) for name in WIRE} == WIRE
    assert made.reference
    assert world.stop(world.processes[-1]) == 0


def test_an_e_mail_reaches_its_address(begin: Begin) -> None:
    options = {"service": "email", "address": "desk@example.org", "sender_email": "clinic@example.org"}
    assert set(options) <= faxde.CAPABILITIES.wishes
    world = begin("faxde", {"customer": "faxde"}, {"options": options, "filename": "{reference}"})
    world.drop("4711.pdf", pdf_bytes())
    world.wait("it was sent", lambda: len(world.names("sent")) == 2)
    (entry,) = [e for e in world.sandbox.ledger() if e.direction == "out"]
    assert entry.destination == "desk@example.org"
    (recipient,) = world.answer("sent", "4711")["recipients"]
    assert (recipient["number"], recipient["state"]) == ("desk@example.org", "sent")
    assert "desk@example.org" not in world.logs()
    assert world.stop(world.processes[-1]) == 0


def test_a_cover_text_that_nobody_would_send_fails_in_words(begin: Begin) -> None:
    world = begin(
        "faxage", {"username": "clinic", "company": "12345"}, {"options": {"cover_text": "Please call back."}}
    )
    world.drop(f"{ELSEWHERE}_x.pdf", pdf_bytes())
    world.wait("it failed", lambda: len(world.names("failed")) == 2)
    assert "main: does not take cover_text" in world.answer("failed", f"{ELSEWHERE}_x")["reason"]
    assert world.sandbox.ledger() == []
    assert world.stop(world.processes[-1]) == 0


def test_concord_away_at_the_start_is_asked_by_the_description_fetched_last(begin: Begin) -> None:
    world = begin("concord", {"user_id": "mbx1234567890"}, {})
    world.drop(f"{ELSEWHERE}_1.pdf", pdf_bytes())
    world.wait("it was sent", lambda: len(world.names("sent")) == 2)
    assert world.stop(world.processes[-1]) == 0
    (kept,) = (world.state / "cache").iterdir()
    assert b"SendFaxEx" in kept.read_bytes()
    assert "concord.wsdl" not in world.logs()
    world.sandbox.unplug()
    process = world.start()
    world.drop(f"{ELSEWHERE}_2.pdf", pdf_bytes())
    world.wait("the kept one is used", lambda: re.search(r"concord\.wsdl .*origin=cache", world.logs()))
    world.sandbox.plug()
    world.drop(f"{ELSEWHERE}_3.pdf", pdf_bytes())
    world.wait("the next one is sent by it", lambda: len(world.names("sent")) == 4)
    assert "origin=bundled" not in world.logs()
    assert world.stop(process) == 0
