"""Searchable copies: beside their fax, over nothing, and never in its way.  `ocrmypdf` is a script here."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from support.desk import CONTENT, DENVER, ID, NAME, OTHER_ID, fax, seen, sink, staged, tiff
from support.sinking import sink_tools

from faxdaemon.contracts.documents import CannotMake
from faxdaemon.core.errors import FilesError, SinkOffline, Undeliverable
from faxdaemon.core.model import InboundFax
from faxdaemon.documents import open_documents, outside
from faxdaemon.sinks.searchable import Options, SearchableSink, check, open_sink

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="platform: the program is a script with #!")
Install = Callable[[str], Path]
READS = 'head -c 5 "$in" | grep -q %PDF- || exit 3; cp "$in" "$out"; printf "words" >> "$out"'


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Makes a shell script the `ocrmypdf` on PATH; its arguments go into a log."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    def installed(script: str) -> Path:
        path, log = folder / "ocrmypdf", tmp_path / "log"
        head = f'#!/bin/sh\necho "$@" >> {log}\nfor one; do in="$out"; out="$one"; done\n'
        path.write_text(head + script + "\n")
        path.chmod(0o755)
        return log

    return installed


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


def reader(desk: Path, **options: Any) -> SearchableSink:
    tools = sink_tools(desk.parent / "work", zone=DENVER, services={"main": "faxage"})
    return open_sink("main:desk:searchable", Options.model_validate({"path": desk, **options}), tools)


def delivered(desk: Path, document: Path, received: InboundFax | None = None) -> None:
    one = sink(desk)
    one.publish(one.stage(received or fax(), document))


def test_the_copy_lies_beside_its_fax(desk: Path, spooled: Path, install: Install) -> None:
    log = install(READS)
    delivered(desk, spooled)
    one = reader(desk, language="deu+eng", mode="0640")
    one.publish(one.stage(fax(), spooled))
    assert seen(desk) == [f"{NAME}.json", f"{NAME}.ocr.pdf", f"{NAME}.pdf"]
    assert (desk / f"{NAME}.ocr.pdf").read_bytes() == CONTENT + b"words"
    assert (desk / f"{NAME}.ocr.pdf").stat().st_mode & 0o777 == 0o640
    assert (desk / f"{NAME}.pdf").read_bytes() == CONTENT
    assert "--skip-text" in log.read_text() and "-l deu+eng" in log.read_text()
    assert staged(desk) == []


def test_a_tiff_is_read_too(desk: Path, spooled: Path, install: Install) -> None:
    install(READS)
    spooled.write_bytes(tiff())
    one = reader(desk)
    one.publish(one.stage(fax(tiff(), media="image/tiff"), spooled))
    made = (desk / f"{NAME}.ocr.pdf").read_bytes()
    assert made.startswith(b"%PDF-") and made.endswith(b"words")


def test_of_two_faxes_of_one_name_each_has_its_own_copy(desk: Path, spooled: Path, install: Install) -> None:
    install(READS)
    delivered(desk, spooled)
    delivered(desk, spooled, fax(fax_id=OTHER_ID))
    one = reader(desk)
    for fax_id in (OTHER_ID, ID):
        plan = one.stage(fax(fax_id=fax_id), spooled)
        ending = {ID: "", OTHER_ID: "_2"}[fax_id]
        assert [Path(target).name for _, target, _ in plan["files"]] == [f"{NAME}{ending}.ocr.pdf"]
        one.publish(plan)
        one.publish(plan)
    assert len(seen(desk)) == 6


def test_before_its_fax_is_there_it_takes_nobody_s_place(desk: Path, spooled: Path, install: Install) -> None:
    install(READS)
    delivered(desk, spooled)  # another fax of that name
    one = reader(desk)
    one.publish(one.stage(fax(fax_id=OTHER_ID), spooled))
    assert f"{NAME}_2.ocr.pdf" in seen(desk)


def test_nothing_is_overwritten(desk: Path, spooled: Path, install: Install) -> None:
    install(READS)
    delivered(desk, spooled)
    one = reader(desk)
    plan = one.stage(fax(), spooled)
    (desk / f"{NAME}.ocr.pdf").write_bytes(b"somebody's")
    one.publish(plan)
    assert (desk / f"{NAME}.ocr.pdf").read_bytes() == b"somebody's"
    assert (desk / f"{NAME}.ocr_{ID}.pdf").read_bytes() == CONTENT + b"words"


@pytest.mark.parametrize("script", ["exit 2", "kill -9 $$", "echo nonsense > $out", "true"])
def test_what_cannot_be_read_is_given_up_and_told(desk: Path, spooled: Path, install: Install, script: str) -> None:
    install(script)
    with pytest.raises(Undeliverable, match=r"cannot be read by ocrmypdf .* without a searchable copy"):
        reader(desk).stage(fax(), spooled)
    assert seen(desk) == []


def test_what_is_no_document_is_given_up(desk: Path, spooled: Path, install: Install) -> None:
    install(READS)
    with pytest.raises(Undeliverable, match="neither a PDF nor a TIFF"):
        reader(desk).stage(fax(media="application/octet-stream"), spooled)


def test_it_may_not_take_for_ever(install: Install) -> None:
    install("sleep 60; " + READS)
    with pytest.raises(CannotMake, match="busy for more than 1 s"):
        open_documents().searchable(CONTENT, "application/pdf", "eng", 1.0)


def test_its_memory_and_its_files_are_bounded(install: Install) -> None:
    log = install('ulimit -v >> "$0.limits"; ulimit -f >> "$0.limits"; ' + READS)
    open_documents().searchable(CONTENT, "application/pdf", "eng", 60.0)
    limits = (log.parent / "bin" / "ocrmypdf.limits").read_text().split()
    assert int(limits[0]) * 1024 == outside.MEMORY
    assert limits[1] != "unlimited"


def test_where_it_is_not_installed_copies_wait(desk: Path, spooled: Path, nowhere: None) -> None:
    with pytest.raises(SinkOffline, match="ocrmypdf is not installed; install it"):
        reader(desk).stage(fax(), spooled)


def test_a_spool_that_changed_is_not_read(desk: Path, spooled: Path, install: Install) -> None:
    log = install(READS)
    spooled.write_bytes(b"rotten")
    with pytest.raises(FilesError, match="changed in the spool"):
        reader(desk).stage(fax(), spooled)
    with pytest.raises(FilesError, match="no document"):
        reader(desk).stage(replace(fax(), document=None), spooled)
    assert not log.exists()


def test_whether_it_is_installed_can_be_checked(desk: Path, install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    install(READS)
    assert check(Options(path=desk)) == "ocrmypdf is installed"
    monkeypatch.setenv("PATH", str(desk))
    with pytest.raises(SinkOffline, match="not installed"):
        check(Options(path=desk))


def test_it_is_optional_unless_the_site_says_otherwise(desk: Path) -> None:
    assert Options(path=desk).required is False
    assert Options(path=desk, required=True).required is True


@pytest.mark.parametrize(
    "options", [{"language": "eng; rm"}, {"language": "--pdfa"}, {"timeout": 1000}, {"name": "{x}"}]
)
def test_mistakes_are_told(desk: Path, options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Options.model_validate({"path": desk, **options})
