"""PDFs are read in a process of its own: what one does to it is neither felt by the asker nor by the next document."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.papers import pdf_bytes, streamed

from faxdaemon.contracts.documents import CannotMake, CannotRead, Page, Removal, Source
from faxdaemon.documents import aside, open_documents, reader
from faxdaemon.documents.merge import Part

DOCUMENTS = open_documents()


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    path = tmp_path / "a.pdf"
    path.write_bytes(pdf_bytes(2))
    return path


def pid() -> int:
    """Of the process that looks."""
    process = aside._LOOKS._process
    assert process is not None
    return process.pid


def test_one_process_reads_many(paper: Path) -> None:
    assert aside.count(paper).pages == 2
    first = pid()
    assert "page 1 of 2" in aside.text(paper)[0].text
    assert aside.text(paper.read_bytes())[1].number == 2
    assert pid() == first != os.getpid()


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """One that takes about half a second."""
    path = tmp_path / "b.pdf"
    path.write_bytes(streamed(b"BT /F1 9 Tf 1 1 Td (a) Tj ET\n" * 30_000, 11))
    return path


def test_what_takes_too_long_is_told_and_the_next_is_read(
    paper: Path, endless: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aside, "LOOKING", 0.05)
    with pytest.raises(CannotRead, match="more time or memory"):
        DOCUMENTS.text(endless, "b.pdf")
    monkeypatch.undo()
    assert DOCUMENTS.text(paper, "a.pdf")[1].number == 2


def test_what_takes_too_long_to_make_is_told(paper: Path, endless: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "MAKING", 0.05)
    with pytest.raises(CannotMake, match=r"b\.pdf takes more time or memory"):
        DOCUMENTS.make([Source(endless, "b.pdf", (Removal(1, "x"),))])
    monkeypatch.undo()
    assert DOCUMENTS.make([Source(paper, "a.pdf")]).pages == 2


def test_a_process_that_was_killed_is_replaced(paper: Path) -> None:
    aside.count(paper)
    old = pid()
    os.kill(old, signal.SIGKILL)
    process = aside._LOOKS._process
    assert process is not None
    process.wait(60)
    assert aside.count(paper).pages == 2
    assert pid() != old


@pytest.mark.skipif(sys.platform == "win32", reason="platform: there is no SIGTERM")
def test_it_answers_also_while_the_service_manager_stops_everything(paper: Path) -> None:
    aside.count(paper)
    old = pid()
    os.kill(old, signal.SIGTERM)
    os.kill(old, signal.SIGINT)
    assert aside.count(paper).pages == 2
    assert pid() == old


def test_one_that_cannot_be_started_says_nothing_about_the_document(
    paper: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aside, "_LOOKS", aside._Aside(aside.MEMORY))
    monkeypatch.setattr(reader, "__name__", "faxdaemon.documents.nothing")
    with pytest.raises(OSError, match="cannot be started"):
        DOCUMENTS.inspect(paper, "a.pdf")


@pytest.mark.skipif(sys.platform != "linux", reason="platform: seen in /proc, and by pidfd")
def test_it_may_use_so_much_memory_and_ends_with_its_asker(paper: Path) -> None:
    asker = (
        "import sys, time; from pathlib import Path; from faxdaemon.documents import aside; "
        "aside.count(Path(sys.argv[1])); print(aside._LOOKS._process.pid, flush=True); time.sleep(60)"
    )
    path = os.pathsep.join(filter(None, sys.path))
    with subprocess.Popen(
        [sys.executable, "-c", asker, str(paper)], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path}
    ) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        assert str(aside.MEMORY) in Path(f"/proc/{child}/limits").read_text().partition("Max address space")[2][:40]
        ended = os.pidfd_open(child)
        process.kill()
    try:
        assert select.select([ended], [], [], 10)[0], "it is still there"
    finally:
        os.close(ended)


def test_names_that_are_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"M\xfcller.pdf")
    path.write_bytes(pdf_bytes())
    assert aside.count(path).pages == 1
    assert aside.text(path)[0] == Page(1, aside.text(path.read_bytes())[0].text)
    assert aside.merge([Part("a.pdf", path)]).pages == 1


def test_a_message_that_is_cut_is_none(tmp_path: Path) -> None:
    whole = tmp_path / "m"
    with whole.open("wb") as stream:
        reader.write(stream, {"a": 1}, [b"12345"])
    for size in range(whole.stat().st_size):
        cut = tmp_path / "cut"
        cut.write_bytes(whole.read_bytes()[:size])
        with cut.open("rb") as stream:
            assert reader.read(stream) is None
    with whole.open("rb") as stream:
        assert reader.read(stream) == ({"a": 1}, [b"12345"])
