"""The sample of every dialect through one running daemon: each is faxed to its number, with its documents, and each is
answered as its dialect promises."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.dialects import NAMES, Sample, about, opened, read, sample
from support.world import World

from faxdaemon.contracts.format import Looks
from faxdaemon.outbound.dialects import Asked

DROPPED = {name: sample(name) for name in NAMES}
CODES = [name for name in NAMES if opened(name).looks_at is Looks.CONTENT]
SETTLED = 90.0


def folder(world: World, name: str) -> Path:
    return world.out / name


def answers(world: World, made: Sample) -> list[Path]:
    """Where the answer must appear; a day's folder lies between."""
    place = folder(world, made.format)
    found = []
    for written in about(made.format).answer_files:
        where, _, last = written.format(stem=made.stem).rpartition("/")
        found += list((place / where).rglob(last) if where else [place / last])
    return found


def answered(world: World, made: Sample) -> bool:
    found = answers(world, made)
    return len(found) >= len(about(made.format).answer_files) and all(path.exists() for path in found)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One daemon, one drop folder a dialect, every sample dropped and answered."""
    with World(tmp_path_factory.mktemp("formats")) as made:
        account = {
            "provider": "concord",
            "url": made.sandbox.url_of("concord"),
            "user_id": "mbx1234567890",
            "password": "${file:password}",
            "poll": "200ms",
            "settle": "300ms",
            "timeout": "20s",
        }
        folders = [
            {
                "folder": str(folder(made, name)),
                "accounts": ["main"],
                "formats": [name],
                "settle": "0s",
                "scan": "1s",
                **about(name).folder,
                **({"answer": ["csv", "xml"]} if name == "csv_list" else {}),
            }
            for name in DROPPED
        ]
        made.configure({"top": {"accounts": {"main": account}, "outbound": folders, "inbound": []}})
        for name, dropped in DROPPED.items():
            folder(made, name).mkdir()
            for file, content in dropped.files.items():
                made.drop(file, content, folder(made, name))
        process = made.start()
        made.wait("all are answered", lambda: all(answered(made, each) for each in DROPPED.values()), SETTLED)
        assert made.stop(process) == 0
        yield made


def sent(world: World) -> list[tuple[str, tuple[str, ...]]]:
    return [(e.destination, tuple(e.documents)) for e in world.sandbox.ledger() if e.direction == "out"]


@pytest.mark.parametrize("name", [name for name in DROPPED if name not in CODES])
def test_it_was_faxed_to_its_number_with_its_documents(world: World, name: str) -> None:
    made = DROPPED[name]
    found = read(name, made.lead, made.asks)
    assert isinstance(found, Asked)
    texts = [order.text.encode() for order in found.orders if order.text is not None]
    digests = {hashlib.sha256(content).hexdigest() for content in [*made.files.values(), *texts]}
    faxed = [number for number, documents in sent(world) if digests & set(documents)]
    assert sorted(faxed) == sorted(about(name).numbers)


@pytest.mark.parametrize("name", CODES)
def test_its_codes_are_not_on_the_fax(world: World, name: str) -> None:
    made = DROPPED[name]
    (answer,) = answers(world, made)
    told = json.loads(answer.read_text("utf-8"))
    assert [one["number"] for one in told["recipients"]] == list(about(name).numbers)
    (dropped,) = made.files.values()
    assert hashlib.sha256(dropped).hexdigest() not in {each for _, documents in sent(world) for each in documents}


def test_nothing_else_was_faxed(world: World) -> None:
    asked = sorted(number for name in DROPPED for number in about(name).numbers)
    assert sorted(number for number, _ in sent(world)) == asked


@pytest.mark.parametrize("name", DROPPED)
def test_it_is_answered_and_nothing_is_left_in_its_folder(world: World, name: str) -> None:
    place = folder(world, name)
    assert answered(world, DROPPED[name])
    left = {path.name for path in place.iterdir() if path.is_file()}
    assert left == {path.name for path in answers(world, DROPPED[name]) if path.parent == place}
    assert not list((place / "failed").rglob("*.*"))


def test_a_folder_has_the_answers_that_it_asks_for_besides(world: World) -> None:
    found = {path.suffix for path in (folder(world, "csv_list") / "sent").rglob("flyer.result.*")}
    assert found == {".json", ".csv", ".xml"}
