"""The main job with a real daemon process and the real wire: a drop is faxed, a received fax lands in its folder."""

from __future__ import annotations

import hashlib
import json

import pytest
from support.papers import pdf_bytes
from support.world import ELSEWHERE, LINE, World


@pytest.fixture(autouse=True)
def _as_a_person_starts_it(world: World) -> None:
    world.fresh = True


def test_a_drop_is_faxed_and_answered_and_the_received_fax_lands_in_its_folder(world: World) -> None:
    process = world.start()
    content = pdf_bytes(pages=3)
    world.drop(f"{LINE}_Dr-Lee_4711.pdf", content)
    world.wait("an answer in sent/", lambda: len(world.names("sent")) == 2)
    world.wait("the fax in the line's folder", lambda: len(world.received()) == 2)
    world.wait("acknowledged", lambda: not world.sandbox.inbox("clinic"))
    assert world.stop(process) == 0

    (original,) = (world.out / "sent").rglob("*.pdf")
    assert original.read_bytes() == content
    answer = world.answer("sent", f"{LINE}_Dr-Lee_4711")
    assert answer["state"] == "sent"
    assert answer["fields"] == {"name": "Dr-Lee", "reference": "4711"}
    (recipient,) = answer["recipients"]
    assert (recipient["number"], recipient["state"], recipient["submissions"]) == (LINE, "sent", 1)
    assert answer["documents"][0]["sha256"] == hashlib.sha256(content).hexdigest()
    assert answer["documents"][0]["pages"] == 3

    (entry,) = [e for e in world.sandbox.ledger() if e.direction == "out"]
    assert entry.documents == (hashlib.sha256(content).hexdigest(),)
    assert recipient["provider_id"] == entry.job

    (sidecar_path,) = world.desk.glob("*.json")
    (document,) = world.desk.glob("*.pdf")
    sidecar = json.loads(sidecar_path.read_text("utf-8"))
    assert sidecar_path.stem == document.stem
    assert sidecar["pages"] == 3
    assert sidecar["sha256"] == hashlib.sha256(document.read_bytes()).hexdigest()
    assert world.leftovers() == []


def test_the_log_shows_nothing_in_json_and_in_full(world: World) -> None:
    """What it must not show is looked for when the world ends, here as everywhere."""
    world.configure({"top": {"log": {"level": "debug", "format": "json"}}})
    process = world.start()
    world.drop(f"{LINE}_Dr-Lee_4711.pdf", pdf_bytes(pages=3))
    world.sandbox.inject(to="+13035550101", caller="+13035550199", pages=2)
    world.wait("an answer in sent/", lambda: len(world.names("sent")) == 2)
    world.wait("both faxes in their folders", lambda: len(world.received()) + len(world.received(world.other)) == 4)
    assert world.stop(process) == 0
    lines = [json.loads(line) for line in world.logs().splitlines()]
    assert {line["level"] for line in lines} >= {"debug", "info"}
    assert any("+1303•••••00" in str(line.get("subject")) for line in lines)


def test_a_number_nobody_configured_lands_in_the_other_folder(world: World) -> None:
    process = world.start()
    world.sandbox.inject(to="+13035550101", caller="+13035550199", pages=2)
    world.wait("the fax in the other folder", lambda: len(world.received(world.other)) == 2)
    assert world.received() == []
    assert world.stop(process) == 0


def test_moving_a_failed_document_back_sends_it_again(world: World) -> None:
    process = world.start()
    world.drop("303555O177_x.pdf", pdf_bytes())
    world.wait("it failed", lambda: len(world.names("failed")) == 2)
    assert "contains “O”" in world.answer("failed", "303555O177_x")["reason"]
    (world.out / "failed" / "303555O177_x.pdf").rename(world.out / "3035550177_x.pdf")
    world.wait("it was sent", lambda: len(world.names("sent")) == 2)
    assert [e.destination for e in world.sandbox.ledger()] == [ELSEWHERE]
    assert world.stop(process) == 0


def test_a_busy_number_fails_with_the_providers_words(world: World) -> None:
    process = world.start()
    world.drop("3035550110_x.pdf", pdf_bytes())
    world.wait("it failed", lambda: len(world.names("failed")) == 2)
    answer = world.answer("failed", "3035550110_x")
    assert answer["state"] == "failed"
    assert "Busy" in answer["reason"]
    assert world.stop(process) == 0


def test_two_drops_of_one_document_are_two_faxes(world: World) -> None:
    process = world.start()
    content = pdf_bytes()
    for _ in range(2):
        world.drop("3035550177_x.pdf", content)
        world.wait("it was taken", lambda: not (world.out / "3035550177_x.pdf").exists())
    world.wait("both were sent", lambda: len(world.names("sent")) == 4)
    assert len(world.sandbox.ledger()) == 2
    assert world.stop(process) == 0
