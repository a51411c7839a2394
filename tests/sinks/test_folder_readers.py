"""A reader that opens what it waits for as soon as it appears finds it finished, and all that belongs to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from support import eager_reader
from support.desk import CONTENT, fax, sink

from faxdaemon.core.ids import FaxId

FAXES = 10_000
CHUNK = CONTENT * 300
"""Some 6 kB: what is copied in one piece would hide a file that is shown half-written."""


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory, where there is one: a disk would take most of the time."""
    room = Path("/dev/shm")
    with TemporaryDirectory(dir=room if room.is_dir() else None, prefix="faxdaemon-") as place:
        yield Path(place)


@pytest.mark.timeout(400)  # some ten seconds, but what else the machine does counts, too
@pytest.mark.skipif(sys.platform != "linux", reason="inotify")
@pytest.mark.parametrize(("first", "awaited", "count"), [("sidecar", ".pdf", FAXES), ("document", ".json", 500)])
def test_ten_thousand_times(
    memory: Path, monkeypatch: pytest.MonkeyPatch, first: str, awaited: str, count: int
) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # memory needs none
    desk, spooled = memory / "desk", memory / "spooled"
    desk.mkdir()
    spooled.write_bytes(CHUNK)
    command = [sys.executable, eager_reader.__file__, str(desk), awaited, str(count)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        try:
            assert reader.stdout.readline() == "ready\n"
            one = sink(desk, first=first, name="{id}")
            for number in range(count):
                one.publish(one.stage(fax(CHUNK, fax_id=FaxId(f"01jd{number:022}")), spooled))
            told = json.loads(reader.stdout.readline())
        finally:
            with suppress(ProcessLookupError):
                reader.kill()
    assert told == {"right": count, "wrong": []}
    assert [path.name for path in desk.iterdir()] == [".faxdaemon"]
