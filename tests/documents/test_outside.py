"""Other programs that make PDF: what they are called with, and that nothing they do harms us.

The programs are scripts that do what the real ones do when they are given such a document.
"""

from __future__ import annotations

import os
import select
import stat
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pypdfium2
import pytest
from support.papers import pdf_bytes

from faxdaemon.contracts.documents import CannotMake, Page, Removal, Source
from faxdaemon.documents import identify, open_documents, outside
from faxdaemon.documents.paper import text_pdf

DOCUMENTS = open_documents()
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="platform: the programs are scripts with #!")
Install = Callable[[str, str], Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Makes a shell script a program on PATH; no other program that makes PDF is there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("prlimit", "unshare", "true", "sleep", "cp", "cat", "env", "grep", "ls", "head", "sh"):
        found = next((Path(one, name) for one in os.defpath.split(os.pathsep) if Path(one, name).exists()), None)
        if found:
            (folder / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(folder))
    outside._fences.cache_clear()
    (tmp_path / "made.pdf").write_bytes(pdf_bytes(2))

    def installed(name: str, script: str) -> Path:
        path = folder / name
        path.write_text(f"#!/bin/sh\nlog={tmp_path}/log\nmade={tmp_path}/made.pdf\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return tmp_path / "log"

    return installed


@pytest.fixture
def page(tmp_path: Path) -> Source:
    (tmp_path / "page.html").write_text("<html><p>Hello</p></html>")
    return Source(tmp_path / "page.html", "page.html")


LAST = 'for last; do :; done; out="${last%.*}.pdf"'
GOOD = f'{LAST}; cp "$made" "$out"'


def office(path: Path, parts: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", b"<Types/>")
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def test_without_the_program_it_is_told_what_to_install(install: Install, page: Source) -> None:
    assert not DOCUMENTS.makes(identify.HTML)
    assert "LibreOffice (Debian: libreoffice-writer-nogui)" in DOCUMENTS.advice(identify.HTML)
    with pytest.raises(CannotMake, match=r"page\.html is of a kind .* with LibreOffice"):
        DOCUMENTS.make([page])


def test_a_program_is_used_as_soon_as_it_is_there(install: Install, page: Source) -> None:
    install("soffice", GOOD)
    assert DOCUMENTS.makes(identify.HTML)
    assert DOCUMENTS.advice(identify.HTML) == ""
    assert DOCUMENTS.make([page]).pages == 2


def test_what_nothing_reads_has_no_advice(install: Install) -> None:
    assert not DOCUMENTS.makes("application/x-strange")
    assert DOCUMENTS.advice("application/x-strange") == ""


def test_libreoffice_is_kept_from_macros_links_and_our_files(install: Install, page: Source, tmp_path: Path) -> None:
    log = install("soffice", f'echo "$@" >$log; cat "$HOME/profile/user/registrymodifications.xcu" >>$log; {GOOD}')
    DOCUMENTS.make([page])
    said = log.read_text()
    assert "--headless" in said
    assert "--convert-to pdf" in said
    assert "--infilter=HTML (StarWriter)" in said, "without it the first paragraph is lost"
    assert "-env:UserInstallation=file://" in said
    assert str(page.path) not in said, "LibreOffice writes lock files beside what it opens"
    assert 'DisableMacrosExecution" oor:op="fuse"><value>true' in said
    assert 'BlockUntrustedRefererLinks" oor:op="fuse"><value>true' in said


@pytest.mark.parametrize(
    ("name", "program", "content"), [("a.ps", "gs", b"%!PS-Adobe-3.0\n"), ("a.pcl", "gpcl6", b"\x1bEHello")]
)
def test_print_streams(install: Install, tmp_path: Path, name: str, program: str, content: bytes) -> None:
    log = install(program, f'echo "$@" >$log; {GOOD}')
    (tmp_path / name).write_bytes(content)
    assert DOCUMENTS.make([Source(tmp_path / name, name)]).pages == 2
    assert "-dSAFER" in log.read_text()


@pytest.mark.parametrize(
    ("name", "program", "content"), [("a.ps", "gs", b"%!PS-Adobe-3.0\n"), ("a.pcl", "gpcl6", b"\x1bEHello")]
)
def test_the_text_of_a_print_stream_is_read_and_its_codes_are_taken_out(
    install: Install, tmp_path: Path, name: str, program: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    assert DOCUMENTS.text(tmp_path / name, name) == (), "nothing that reads it is installed"
    install(program, GOOD)
    (tmp_path / "made.pdf").write_bytes(text_pdf("@F211 303 555 0123@"))
    assert DOCUMENTS.text(tmp_path / name, name) == (Page(1, "@F211 303 555 0123@"),)
    made = DOCUMENTS.make([Source(tmp_path / name, name, (Removal(1, "@F211 303 555 0123@"),))])
    image = pypdfium2.PdfDocument(made.content)[0].render(grayscale=True).to_pil()
    assert image.getextrema() == (255, 255)


def test_it_gets_nothing_of_our_environment(install: Install, page: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAXDAEMON_PASSWORD", "hunter2")
    log = install("soffice", f"env >$log; {GOOD}")
    DOCUMENTS.make([page])
    assert "hunter2" not in log.read_text()


def test_its_folder_is_gone_afterwards(install: Install, page: Source) -> None:
    log = install("soffice", f'echo "$HOME" >$log; {GOOD}')
    DOCUMENTS.make([page])
    assert not Path(log.read_text().strip()).exists()


@pytest.mark.parametrize(
    "script",
    [
        "exit 1",
        "exit 0",
        f'{LAST}; echo garbage >"$out"',
        f'{LAST}; echo %PDF-1.4 >"$out"',
        f"{GOOD}; exit 3",
        "kill -9 $$",
    ],
    ids=["status", "nothing", "garbage", "half", "status after all", "killed"],
)
def test_whatever_it_does_the_answer_is_words(install: Install, page: Source, script: str) -> None:
    install("soffice", script)
    with pytest.raises(CannotMake, match=r"^page\.html "):
        DOCUMENTS.make([page])


def test_one_that_hangs_is_ended_with_all_that_it_started(
    install: Install, page: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "TIME", 1.0)
    log = install("soffice", "sleep 1000 & echo $! >$log; sleep 1000")
    with pytest.raises(CannotMake, match="keeps LibreOffice busy"):
        DOCUMENTS.make([page])
    assert _ended(int(log.read_text()))


def _ended(pid: int) -> bool:
    """Whether the process ends.  A kill is carried out a moment after it is sent: the kernel tells when."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        ready, _, _ = select.select([process], [], [], 30)
        return bool(ready)
    finally:
        os.close(process)


def test_its_memory_and_its_files_are_limited(install: Install, page: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    log = install("soffice", f"cat /proc/self/limits >$log; {GOOD}")
    DOCUMENTS.make([page])
    limits = log.read_text()
    assert f"Max address space         {outside.MEMORY}" in limits
    assert f"Max file size             {outside.LARGEST}" in limits


@pytest.mark.skipif(not outside._works(("unshare", "-r", "-n")), reason="platform: no networks of one's own here")
def test_it_has_no_network(install: Install, page: Source) -> None:
    log = install("soffice", f"cat /proc/net/dev >$log; {GOOD}")
    DOCUMENTS.make([page])
    assert [line.split(":")[0].strip() for line in log.read_text().splitlines()[2:]] == ["lo"]


def test_an_office_file_is_recognised_and_made(install: Install, tmp_path: Path) -> None:
    install("soffice", GOOD)
    path = office(tmp_path / "a.docx", {"word/document.xml": b"<w/>"})
    assert DOCUMENTS.inspect(path, "a.docx").problem is None
    assert DOCUMENTS.make([Source(path, "a.docx")]).pages == 2
