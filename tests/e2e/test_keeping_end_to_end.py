"""What FAXAGE shows of a fax lies beside its answer, byte for byte what it gives when it is asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.papers import pdf_bytes
from support.provider_rigs import faxage as rig
from support.world import ELSEWHERE, World

from faxdaemon.clock import SystemClock
from faxdaemon.journal import open_journal
from faxdaemon.parts import open_account
from faxdaemon.sandbox import Fault, Play

STEM = f"{ELSEWHERE}_Dr-Lee"
BUSY = "3035550110_Dr-Lee"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World(tmp_path, changes={"folder": {"keep": ["image", "transmittal"]}}) as made:
        yield made


@contextmanager
def account(world: World) -> Iterator[Any]:
    provider = open_account(rig.options(world.sandbox), SystemClock())
    try:
        yield provider
    finally:
        provider.close()


def kept(world: World, fax: str) -> dict[str, Any]:
    """What the journal tells of the pictures, by kind."""

    class Nobody:
        def notify(self, *topics: str) -> None: ...

    journal = open_journal(
        "sqlite", state=world.state, clock=SystemClock(), signals=Nobody(), node="test", read_only=True
    )
    try:
        return {row["what"]: row for row in journal.life(fax).facts["kept"]}
    finally:
        journal.close()


def shown_by(world: World, job: str) -> tuple[bytes, bytes]:
    """The image and the page, as the provider gives them to whoever asks."""
    image: list[bytes] = []
    page: list[bytes] = []
    with account(world) as provider:
        provider.sent_image(job, "pdf", image.append)
        provider.transmittal(job, page.append)
    return b"".join(image), b"".join(page)


def test_image_and_transmittal_of_a_sent_fax(world: World) -> None:
    world.sandbox.fault(Fault(Play.HTTP_ERROR, operation="dlstatus"))
    process = world.start()
    world.drop(f"{STEM}.pdf", pdf_bytes(pages=2))
    world.wait("everything in sent/", lambda: len(world.names("sent")) == 4)
    answer = world.answer("sent", STEM)
    place = next((world.out / "sent").iterdir())
    image, page = shown_by(world, answer["recipients"][0]["provider_id"])
    assert (place / f"{STEM}.image.pdf").read_bytes() == image
    assert (place / f"{STEM}.transmittal.pdf").read_bytes() == page
    assert image.startswith(b"%PDF")
    assert image != page
    assert "kept" not in json.dumps(answer)
    world.wait("it is told", lambda: {r["state"] for r in kept(world, answer["id"]).values()} == {"done"})
    command = [sys.executable, "-m", "faxdaemon", "show", answer["id"], "--config", str(world.config)]
    told = subprocess.run(
        command, capture_output=True, check=True, text=True, env={**os.environ, "COLUMNS": "500"}
    ).stdout
    assert "image of recipient 1\n" in told
    assert str(place / f"{STEM}.image.pdf") in told
    assert world.stop(process) == 0
    assert world.leftovers() == []
    assert [entry.destination for entry in world.sandbox.ledger()] == [ELSEWHERE]


def test_of_a_busy_number_the_transmittal_is_kept(world: World) -> None:
    process = world.start()
    world.drop(f"{BUSY}.pdf", pdf_bytes())
    world.wait("everything in failed/", lambda: len(world.names("failed")) == 3)
    answer = world.answer("failed", BUSY)
    _, page = shown_by(world, answer["recipients"][0]["provider_id"])
    assert (world.out / "failed" / f"{BUSY}.transmittal.pdf").read_bytes() == page
    assert world.names("failed") == sorted([f"{BUSY}.pdf", f"{BUSY}.result.json", f"{BUSY}.transmittal.pdf"])
    assert world.stop(process) == 0


def test_a_daemon_that_is_killed_before_it_has_fetched_fetches_in_its_next_life(world: World) -> None:
    """The folder no longer asks by then: what was begun is finished."""
    stall = Fault(Play.STALL, operation="dlstatus", seconds=60, count=1)
    world.sandbox.fault(stall)
    process = world.start()
    world.drop(f"{STEM}.pdf", pdf_bytes())
    world.wait("the answer is there", lambda: len(world.names("sent")) >= 2)
    answer = world.answer("sent", STEM)
    process.kill()
    process.wait()
    world.configure({})
    process = world.start()
    world.wait("everything in sent/", lambda: len(world.names("sent")) == 4)
    world.wait("it is told", lambda: {r["state"] for r in kept(world, answer["id"]).values()} == {"done"})
    assert world.stop(process) == 0
    assert world.leftovers() == []


def test_what_was_put_beside_an_answer_is_not_faxed(world: World) -> None:
    process = world.start()
    world.drop(f"{BUSY}.transmittal.pdf", pdf_bytes())
    world.wait("it failed", lambda: len(world.names("failed")) == 2)
    assert "not to be sent" in world.answer("failed", f"{BUSY}.transmittal")["reason"]
    assert world.sandbox.ledger() == []
    assert world.stop(process) == 0
