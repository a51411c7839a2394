"""Printing again: what lies in the `reprint` folder, once wherever it dies; and by command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.delivering import stored
from support.dying import Dying
from support.papers import make_tiff, pdf_bytes
from support.scripted import Crash, Site

from faxdaemon.contracts.journal import Filter
from faxdaemon.core.errors import UserError
from faxdaemon.core.ids import FaxId
from faxdaemon.inbound.deliver import DeliverStage
from faxdaemon.inbound.reprint import CUT, SETTLE, ReprintStage
from faxdaemon.web.reprint import Reprint

SINK = "main:other:printer"


class Tray:
    """A destination that remembers what it was given."""

    key = SINK

    def __init__(self) -> None:
        self.papers: list[bytes] = []

    def stage(self, fax: Any, document: Path) -> dict[str, Any]:
        return {"document": str(document)}

    def publish(self, plan: Any) -> None:
        self.papers.append(Path(plan["document"]).read_bytes())


@pytest.fixture
def folder(site: Site) -> Path:
    folder = site.place / "reprint"
    folder.mkdir()
    return folder


@pytest.fixture
def tray() -> Tray:
    return Tray()


def stage(site: Site, folder: Path, **parts: Any) -> ReprintStage:
    given = {"files": site.files, "documents": site.documents, "journal": site.journal, **parts}
    return ReprintStage(folder, SINK, site.spool, node="one", clock=site.clock, alert=site.alerts, **given)


def look(site: Site, one: ReprintStage) -> None:
    """Look as often as it takes for what lies there."""
    for _ in range(3):
        one.step()
        site.later(SETTLE)


def printed(site: Site, tray: Tray) -> list[bytes]:
    """Deliver all there is."""
    deliver = DeliverStage(tray, site.spool, journal=site.journal, clock=site.clock, alert=site.alerts)
    for _ in range(6):
        deliver.step()
        site.later(30)
    return tray.papers


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def received(site: Site, provider_id: str = "in-1", sinks: tuple[str, ...] = (SINK,)) -> tuple[FaxId, bytes]:
    content = pdf_bytes(text=provider_id)
    return stored(site, provider_id, sinks=sinks, content=content), content


# -- the folder


def test_documents_and_sidecars_are_printed_once_and_lie_in_done(site: Site, folder: Path, tray: Tray) -> None:
    fax, content = received(site, sinks=())
    (folder / "a.pdf").write_bytes(pdf_bytes(pages=2))
    make_tiff(folder / "b.TIF", pages=2)
    picture = (folder / "b.TIF").read_bytes()
    (folder / "c.json").write_text(json.dumps({"schema": 1, "id": fax}))
    (folder / ".hidden.pdf").write_bytes(b"not yet ours")
    look(site, stage(site, folder))
    assert sorted(printed(site, tray)) == sorted([pdf_bytes(pages=2), picture, content])
    assert names(folder / "done") == ["a.pdf", "b.TIF", "c.json"]
    assert names(folder) == [".hidden.pdf"]
    look(site, stage(site, folder))
    assert len(printed(site, tray)) == 3
    states = [row.state for row in site.journal.find(Filter(direction="in", account=f"reprint:{SINK}"))]
    assert states == ["acknowledged"] * 3, "nothing is left to be told to anybody"
    assert site.alerts.open == {}


def test_a_name_may_come_again(site: Site, folder: Path, tray: Tray) -> None:
    for _ in range(2):
        (folder / "a.pdf").write_bytes(pdf_bytes())
        look(site, stage(site, folder))
    assert len(printed(site, tray)) == 2
    assert len(names(folder / "done")) == 2


def test_what_is_still_being_written_is_left_alone(site: Site, folder: Path, tray: Tray) -> None:
    one = stage(site, folder)
    whole = pdf_bytes(pages=3)
    with (folder / "a.pdf").open("wb") as stream:
        for piece in (whole[:100], whole[100:300]):
            stream.write(piece)
            stream.flush()
            look(site, one)
            assert names(folder) == ["a.pdf"]
        stream.write(whole[300:])
    look(site, one)
    assert printed(site, tray) == [whole]


def test_what_cannot_be_printed_lies_in_failed_and_is_told_until_it_is_gone(
    site: Site, folder: Path, tray: Tray
) -> None:
    gone, _ = received(site, sinks=())
    site.spool.path(str(site.journal.life(gone).facts["spool"])).unlink()
    (folder / "cut.tif").write_bytes(b"II*\0")
    (folder / "none.json").write_text("[]")
    (folder / "unknown.json").write_text('{"id": "01jd6e0000000000000000000a"}')
    (folder / "gone.json").write_text(json.dumps({"id": gone}))
    (folder / "letter.docx").write_bytes(b"?")
    one = stage(site, folder)
    look(site, one)
    assert "cut.tif" in names(folder), "it may still be on its way"
    site.later(CUT)
    look(site, one)
    assert names(folder / "failed") == ["cut.tif", "gone.json", "none.json", "unknown.json"]
    assert names(folder) == ["letter.docx"]
    (words,) = site.alerts.open.values()
    assert "4 files lie in failed/" in words
    assert "1 files are neither" in words
    assert "letter" not in words
    assert printed(site, tray) == []
    for path in [*(folder / "failed").iterdir(), folder / "letter.docx"]:
        path.unlink()
    one.step()
    assert site.alerts.open == {}


def test_a_folder_that_is_away_is_told_and_not_made(site: Site, folder: Path) -> None:
    folder.rmdir()
    one = stage(site, folder)
    one.step()
    assert list(site.alerts.open) == [f"reprint:{SINK}"]
    assert not folder.exists()
    folder.mkdir()
    one.step()
    assert site.alerts.open == {}


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_a_document_is_printed_once_wherever_the_process_dies(site: Site, folder: Path, tray: Tray, done: bool) -> None:
    """At each change of a file, and at the commit."""
    at = 0
    while True:
        at += 1
        (folder / f"{at}.pdf").write_bytes(pdf_bytes(text=f"number {at}"))
        dying = Dying(at, Crash, done=done)
        files, journal = dying.of(site.files, "move", "write_new", "remove"), dying.of(site.journal, "arrived")
        try:
            look(site, stage(site, folder, files=files, journal=journal))
        except Crash:
            site.restart()
            look(site, stage(site, folder))
        assert printed(site, tray) == [pdf_bytes(text=f"number {n}") for n in range(1, at + 1)], f"died at call {at}"
        assert (folder / "done" / f"{at}.pdf").exists()
        if dying.calls < at:
            break
    assert at > 5


# -- by command


def reprint(site: Site, printers: dict[str, str]) -> Reprint:
    return Reprint(site.journal, printers, lambda place: site.spool.path(place).exists())


def test_a_printed_fax_is_printed_again_where_it_was(site: Site, tray: Tray) -> None:
    fax, content = received(site)
    printed(site, tray)
    again = reprint(site, {SINK: "laser", "main:other:second": "inkjet"})
    assert again(fax) == SINK
    assert printed(site, tray) == [content] * 2
    with pytest.raises(UserError, match="under way"):
        again(fax)
        again(fax)
    assert printed(site, tray) == [content] * 3
    (row,) = [row for row in site.journal.find(Filter(direction="in")) if row.fax_id == fax]
    assert row.state == "delivered"


def test_a_fax_that_went_elsewhere_is_printed_where_a_person_says(site: Site, tray: Tray) -> None:
    fax, content = received(site, sinks=())
    again = reprint(site, {SINK: "laser", "main:other:second": "inkjet"})
    for wrong, words in (({}, "name one.*laser .*inkjet"), ({"printer": "attic"}, "there is no such printer")):
        with pytest.raises(UserError, match=words):
            again(fax, **wrong)
    assert again(fax, printer="laser") == SINK
    assert printed(site, tray) == [content]
    assert again(fax, sink=SINK) == SINK
    assert again(received(site, "in-2", sinks=())[0], sink="main:other:second") == "main:other:second"
    assert printed(site, tray) == [content] * 2


def test_a_held_delivery_is_printed_as_a_new_job(site: Site, tray: Tray) -> None:
    fax, content = received(site)
    (work,) = site.journal.claim_deliveries(SINK, 1, 60.0)
    site.journal.delivering(work, {"document": "nowhere"})
    site.journal.delivery_held(work, "may be on paper", taken=True)
    reprint(site, {SINK: "laser"})(fax)
    assert printed(site, tray) == [content], "by a new plan"


def test_what_cannot_be_printed_again_is_said(site: Site) -> None:
    out = site.ready()
    with pytest.raises(UserError, match="faxdaemon resend"):
        reprint(site, {SINK: "laser"})(out, printer="laser")
    fax, _ = received(site)
    with pytest.raises(UserError, match="no printer is configured"):
        reprint(site, {})(fax)
    site.spool.path(str(site.journal.life(fax).facts["spool"])).unlink()
    with pytest.raises(UserError, match="is not kept here"):
        reprint(site, {SINK: "laser"})(fax)
