"""Backup beside a writer, and restoring: everything that the journal names is there, and nothing is done twice."""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.clock import FakeClock
from support.delivering import stored
from support.papers import pdf_bytes
from support.scripted import ACCEPTED, NODE, Crash, Faulty, Scripted, Signals, Site, submit

from faxdaemon.backup import JOURNAL, MANIFEST, Backup, Made, Restore, every
from faxdaemon.contracts.journal import Filter, Journal
from faxdaemon.contracts.journal.retention import What
from faxdaemon.core.errors import JournalBusy, UserError
from faxdaemon.core.places import DropPlaces, Spool
from faxdaemon.journal import open_journal
from faxdaemon.journal.copying import compact, copy_journal
from faxdaemon.outbound.mark import FolderMark

_ALL = Filter(limit=10_000)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    FolderMark(made.places, made.spool, files=made.files).open(made.clock.entropy)
    yield made
    made.journal.close()


def opened(state: Path, *, read_only: bool = True) -> Journal:
    return open_journal("sqlite", state=state, clock=FakeClock(), signals=Signals(), node=NODE, read_only=read_only)


def back_up(site: Site, target: Path | None = None, files: Any = None) -> Made:
    target = target or site.place / "backup"
    work = Backup(target, site.spool, files=files or site.files, clock=site.clock)
    copy_journal(site.state, work.prepare(journal=True))
    journal = opened(target)
    try:
        return work.documents(journal, NODE)
    finally:
        journal.close()


def restore(site: Site, files: Any = None, *also: DropPlaces) -> tuple[dict[str, int], list[Path]]:
    """As the command does it."""
    work = Restore(site.place / "backup", site.spool, files=files or site.files)
    work.check()
    work.documents()
    journal = opened(work.work, read_only=False)
    try:
        held = dict(journal.hold_restored("restored"))
        moved = work.claims(journal, [site.places, *also])
    finally:
        journal.close()
    work.finish()
    return held, moved


def lose(site: Site) -> None:
    """The disk of the state folder is gone; a new one is there."""
    site.journal.close()
    shutil.rmtree(site.state)
    site.state.mkdir()


def begin(site: Site) -> None:
    site.journal = site._open()
    site.journal.interrupt(60.0)


def test_a_backup_beside_a_writer_has_every_document_that_its_journal_names(site: Site) -> None:
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            site.received(f"3035550123_{site.clock.entropy(4).hex()}.pdf")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while len(site.journal.find(_ALL)) < 20:
            pass
        made = back_up(site)
    finally:
        stop.set()
        writer.join()
    there, journal = Spool(site.place / "backup"), opened(site.place / "backup")
    named = list(every(journal))
    journal.close()
    assert len(named) == made.documents >= 20
    assert (made.missing, made.damaged) == ([], [])
    for one in named:
        assert hashlib.sha256(there.path(one.name).read_bytes()).hexdigest() == one.sha256
    assert sorted(path.name for path in (site.place / "backup").iterdir()) == [
        MANIFEST,
        "folders",
        JOURNAL,
        "spool",
    ]


def test_documents_of_many_faxes_are_found_page_by_page(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faxdaemon.backup._PAGE", 2)
    for n in range(5):
        site.received(f"3035550123_{n}.pdf")
    stored(site)
    assert back_up(site).documents == 6


def test_what_is_lost_or_damaged_is_told(site: Site) -> None:
    one, two = site.received("3035550123_a.pdf"), site.received("3035550123_b.pdf")
    places = {fax: next(name for name in site.spooled() if fax in name) for fax in (one, two)}
    site.spool.path(places[one]).unlink()
    site.spool.path(places[two]).write_bytes(b"%PDF cut")
    made = back_up(site)
    assert (made.missing, made.damaged) == ([places[one]], [places[two]])


def test_what_was_cleared_away_is_not_missed(site: Site) -> None:
    fax = stored(site)
    site.journal.is_cleared([fax], What.SPOOL)
    assert back_up(site).documents == 0


def test_a_backup_has_a_folder_of_its_own(site: Site) -> None:
    (site.place / "backup").mkdir()
    (site.place / "backup" / "x").touch()
    with pytest.raises(UserError, match="not empty"):
        back_up(site)
    with pytest.raises(UserError, match="state folder"):
        back_up(site, site.state / "backup")


def test_a_backup_that_was_cut_off_is_none(site: Site) -> None:
    site.received()
    with pytest.raises(Crash):
        back_up(site, files=Faulty(site.files, copy_new=[Crash()]))
    site.journal.close()
    (site.state / JOURNAL).unlink()
    with pytest.raises(UserError, match="no whole backup"):
        restore(site)
    site.journal = site._open()


def test_nothing_is_restored_over_a_journal(site: Site) -> None:
    back_up(site)
    with pytest.raises(UserError, match="is there; move it away"):
        restore(site)


def test_after_restoring_nothing_is_sent_or_delivered_that_was_before(site: Site) -> None:
    unclear, waiting, came = site.uncertain("3035550123_b.pdf"), site.ready("3035550123_a.pdf"), stored(site)
    back_up(site)
    # the world goes on: what waited is sent, what came is delivered, another document is taken
    first = Scripted().will("submit", ACCEPTED)
    submit(site, first)
    assert [reference for reference, _ in first.sent] == [f"{waiting}-1-1"]
    later = site.received("3035550123_later.pdf")
    lose(site)
    held, moved = restore(site)
    begin(site)
    assert held == {"to send": 1, "to deliver": 1}
    assert (site.state_of(waiting), site.state_of(unclear)) == ("held", "uncertain")
    assert "restored" in site.reason(waiting)
    second = Scripted()
    submit(site, second)
    assert second.calls == [], "nothing is offered by itself"
    assert site.journal.claim_deliveries("desk", 9, 60) == []
    assert [path.name for path in moved] == [f"3035550123_later.{later}.pdf"]
    assert site.shown("held") == [f"3035550123_later.{later}.pdf"]
    assert site.journal.known([later]) == frozenset()
    assert {path for path in site.leftovers() if later in path} == set(), "no claim that a start would go on with"
    assert site.journal.release(came) == 1
    assert len(site.journal.claim_deliveries("desk", 9, 60)) == 1
    assert all(site.spool.path(name).exists() for name in site.spooled())


def of_our_own(site: Site) -> tuple[DropPlaces, FolderMark]:
    """A drop folder in the state folder, as the daemon opens it."""
    places = DropPlaces(site.state / "outbox", NODE)
    mark = FolderMark(places, site.spool, files=site.files)
    mark.open(site.clock.entropy)
    return places, mark


def test_a_folder_of_our_own_that_was_lost_as_well_begins_anew(site: Site) -> None:
    places, _ = of_our_own(site)
    back_up(site)
    lose(site)
    restore(site, None, places)
    begin(site)
    of_our_own(site)[1].check()
    assert places.claims.is_dir()


def test_what_was_taken_from_a_folder_of_our_own_after_the_backup_waits_for_a_person(site: Site) -> None:
    places, _ = of_our_own(site)
    back_up(site)
    site.journal.close()
    (site.state / JOURNAL).unlink()
    later = site.new_id()
    places.claimed(later, "3035550123_x.pdf").write_bytes(pdf_bytes())
    _, moved = restore(site, None, places)
    begin(site)
    assert moved == [places.folder / "held" / f"3035550123_x.{later}.pdf"]
    assert list(places.claims.iterdir()) == []


def test_without_the_hold_it_is_sent_twice(site: Site) -> None:
    """The rule removed."""
    waiting = site.ready()
    back_up(site)
    submit(site, Scripted().will("submit", ACCEPTED))
    lose(site)
    shutil.copytree(site.place / "backup" / "spool", site.state / "spool")
    shutil.copy(site.place / "backup" / JOURNAL, site.state)
    begin(site)
    second = Scripted().will("submit", ACCEPTED)
    submit(site, second)
    assert [reference for reference, _ in second.sent] == [f"{waiting}-1-1"]


def test_a_folder_that_is_away_stops_it(site: Site) -> None:
    site.ready()
    back_up(site)
    lose(site)
    site.out.rename(site.place / "unmounted")
    site.out.mkdir()
    with pytest.raises(UserError, match="then restore once more"):
        restore(site)
    assert not (site.state / JOURNAL).exists()
    site.out.rmdir()
    (site.place / "unmounted").rename(site.out)
    assert restore(site)[0] == {"to send": 1, "to deliver": 0}
    begin(site)


@pytest.mark.parametrize("method", ["copy_new", "make_dirs", "move", "remove", "sync"])
@pytest.mark.parametrize("nth", [0, 1, 2, 3])
def test_a_restore_that_was_cut_off_is_made_again(site: Site, method: str, nth: int) -> None:
    fax = site.ready()
    back_up(site)
    later = site.received("3035550123_later.pdf")
    lose(site)
    try:
        restore(site, Faulty(site.files, **{method: [None] * nth + [Crash()]}))
    except Crash:
        if (site.state / JOURNAL).exists():  # only what is left of the work folder was to go
            begin(site)
            assert site.state_of(fax) == "held"
            return
        restore(site)
    begin(site)
    assert site.state_of(fax) == "held"
    assert len([name for name in site.shown("held") if later in name]) == 1
    assert site.spool.path(site.spooled()[0]).exists()


def test_free_space_is_given_back_without_a_daemon_only(site: Site) -> None:
    for n in range(300):
        site.received(f"3035550123_{n}.pdf", b"%PDF x")
    with pytest.raises(JournalBusy):
        compact(site.state)
    site.journal._write(lambda tx: tx.connection.exec_driver_sql("DELETE FROM event"))
    count = len(site.journal.find(_ALL))
    site.journal.close()
    before, after = compact(site.state)
    assert after < before
    site.journal = site._open()
    assert len(site.journal.find(_ALL)) == count == 300
