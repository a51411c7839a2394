"""Many drops, slow drops, drops whose writer dies: each is sent once and whole, or not at all and answered."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from support.papers import pdf_bytes
from support.world import World

SLOWLY = """
import sys, time
path, source, seconds, share, again = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4]), sys.argv[5]
data = open(source, 'rb').read()
steps = 40
out = open(path, 'wb')
for n in range(int(steps * share)):
    out.write(data[len(data) * n // steps : len(data) * (n + 1) // steps])
    out.flush()
    if again == 'reopen' and n < steps - 1:
        out.close()
        out = open(path, 'ab')
    time.sleep(seconds / steps)
if share < 1:
    import os, signal
    os.kill(os.getpid(), signal.SIGKILL)
out.close()
"""


def slowly(
    world: World, name: str, content: bytes, seconds: float, *, share: float = 1.0, how: str = "keep"
) -> subprocess.Popen[bytes]:
    """Another process writes it into the drop folder, slowly; with `share` below 1 it dies on the way."""
    source = world.place / f"source-{name}"
    source.write_bytes(content)
    arguments = [str(world.out / name), str(source), str(seconds), str(share), how]
    return subprocess.Popen([sys.executable, "-c", SLOWLY, *arguments])


def sent(world: World) -> list[str]:
    """The digests of what the provider really took."""
    return sorted(entry.documents[0] for entry in world.sandbox.ledger() if entry.direction == "out")


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.mark.timeout(180)
def test_a_thousand_at_once(world: World) -> None:
    drafts = world.place / "drafts"
    drafts.mkdir()
    wanted = []
    for n in range(1000):
        content = pdf_bytes(text=f"letter {n}")
        (drafts / f"3035550177_{n:04}.pdf").write_bytes(content)
        wanted.append(digest(content))
    process = world.start()
    for path in sorted(drafts.iterdir()):
        path.rename(world.out / path.name)
    world.wait("all were answered", lambda: len(world.names("sent")) == 2000, 150)
    assert world.stop(process) == 0
    assert sent(world) == sorted(wanted)
    assert world.leftovers() == []


@pytest.mark.timeout(180)
def test_slow_writers_renamed_files_and_a_writer_that_dies(world: World) -> None:
    """One file kept open for 20 s, one opened again and again for 20 s, one renamed in, one whose writer dies."""
    papers = {name: pdf_bytes(pages=4, text=name) for name in ("keep", "reopen", "rename", "dies")}
    process = world.start()
    writers = [
        slowly(world, "3035550171_keep.pdf", papers["keep"], 20),
        slowly(world, "3035550172_reopen.pdf", papers["reopen"], 20, how="reopen"),
        slowly(world, "3035550174_dies.pdf", papers["dies"], 2, share=0.5),
    ]
    world.drop("3035550173_rename.pdf", papers["rename"])
    for writer in writers:
        writer.wait(60)
    world.wait("three were sent", lambda: len(world.names("sent")) == 6)
    world.wait("the half-written one was answered", lambda: len(world.names("failed")) == 2)
    assert world.stop(process) == 0
    assert sent(world) == sorted(digest(papers[name]) for name in ("keep", "reopen", "rename"))
    assert "cut off" in world.answer("failed", "3035550174_dies")["reason"]


def test_a_drop_while_the_daemon_is_down_is_found_at_the_next_start(world: World) -> None:
    world.drop("3035550177_x.pdf", pdf_bytes())
    process = world.start()
    world.wait("it was sent", lambda: len(world.names("sent")) == 2)
    assert world.stop(process) == 0


def test_names_of_any_length_keep_their_answers(world: World) -> None:
    stem = "3035550177_" + "n" * 200 + "_" + "ü" * 15
    assert len(f"{stem}.pdf".encode()) <= 255
    process = world.start()
    world.drop(f"{stem}.pdf", pdf_bytes())
    world.wait("document and answer", lambda: len(world.names("sent")) == 2)
    assert {Path(name).suffix for name in world.names("sent")} == {".pdf", ".json"}
    assert world.stop(process) == 0
