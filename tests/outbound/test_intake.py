"""Taking drops: each once and whole, whatever happens between the steps, and none at the cost of the others."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from support.papers import pdf_bytes
from support.scripted import NODE, Crash, Faulty, Site

from faxdaemon.contracts.format import FolderAsks
from faxdaemon.contracts.journal import Filter
from faxdaemon.core.errors import FilesError, FolderOffline, JournalError
from faxdaemon.core.ids import FaxId
from faxdaemon.core.places import MARK, claimant
from faxdaemon.formats.filename import open_format
from faxdaemon.outbound.attachments import Attachments, Reach
from faxdaemon.outbound.dialects import Dialects
from faxdaemon.outbound.grouping import Grouping
from faxdaemon.outbound.intake import BATCH, NO_ROOM, TROUBLE, Intake
from faxdaemon.outbound.readiness import Pace, Readiness
from faxdaemon.outbound.report import ReportStage

NAME = "3035550123_x.pdf"
SCAN = 30.0


def stage(site: Site, **parts: Any) -> Intake:
    files = parts.pop("files", site.files)
    journal = parts.pop("journal", site.journal)
    readiness = Readiness(
        Pace(settle=0.0, scan=SCAN), site.places, files=files, documents=site.documents, clock=site.clock
    )
    dialects = parts.pop("dialects", None) or Dialects(
        [("filename", open_format(FolderAsks("{number}[_{name}]", None)))]
    )
    attachments = Attachments(site.out, Reach(), files=files)
    grouping = Grouping(dialects, attachments, 300.0, files=files, documents=site.documents, clock=site.clock)
    return Intake(
        readiness,
        grouping,
        attachments,
        site.places,
        site.spool,
        files=files,
        journal=journal,
        clock=site.clock,
        alert=site.alerts,
        **parts,
    )


def drop(site: Site, name: str = NAME, content: bytes | None = None) -> Path:
    path = site.out / name
    path.write_bytes(pdf_bytes(text=ascii(name)) if content is None else content)
    return path


def rows(site: Site) -> list[tuple[str, str]]:
    """Name and state of every fax."""
    return sorted((row.name, row.state) for row in site.journal.find(Filter(limit=1000)))


def ids(site: Site) -> list[FaxId]:
    return sorted(row.fax_id for row in site.journal.find(Filter(limit=1000)))


def waiting(site: Site) -> list[str]:
    """What lies in the drop folder."""
    return sorted(path.name for path in site.out.iterdir() if path.name not in {".faxdaemon", "sent", "failed", "held"})


def claims(site: Site) -> list[str]:
    """The names of the claimed files."""
    found = [path for path in site.places.claims.rglob("*") if path.is_file()]
    return sorted(path.name.partition(MARK)[2] or path.name for path in found)


# -- the plain way


def test_a_drop_becomes_ours(site: Site) -> None:
    content = pdf_bytes(pages=2)
    info = drop(site, content=content).stat()
    stage(site).step()
    assert waiting(site) == []
    (work,) = site.journal.to_route(10)
    assert work.origin.folder == str(site.out)
    assert (work.origin.name, work.origin.size, work.origin.inode) == (NAME, len(content), info.st_ino)
    (document,) = work.documents
    assert site.spool.path(document.spool).read_bytes() == content
    assert site.places.claimed(work.fax_id, NAME).read_bytes() == content, "the original stays, as the second copy"


def test_two_drops_of_one_name_one_after_the_other_are_two_faxes(site: Site) -> None:
    intake = stage(site)
    for _ in range(2):
        drop(site, content=pdf_bytes())
        intake.step()
        site.later(SCAN)
    assert rows(site) == [(NAME, "received")] * 2
    assert claims(site) == [NAME, NAME]
    assert len(site.spooled()) == 2


def test_a_batch_is_one_commit_and_many_are_several_batches(site: Site) -> None:
    for n in range(BATCH + 1):
        drop(site, f"{n}.pdf")
    journal = Faulty(site.journal)
    intake = stage(site, journal=journal)
    assert intake.step() == 0.0
    assert len(rows(site)) == BATCH
    intake.step()
    assert len(rows(site)) == BATCH + 1
    assert [name for name, _ in journal.calls].count("accept") == 2


def test_everything_is_durable_before_the_commit(site: Site) -> None:
    drop(site)
    files = Faulty(site.files)
    order: list[str] = []

    def accept(real: Any, drops: Any) -> None:
        order.extend(name for name, _ in files.calls)
        synced = [folder for name, (folders, *_) in files.calls if name == "sync" for folder in folders]
        assert site.spool.path(drops[0].documents[0].spool).parent in synced
        real(drops)

    stage(site, files=files, journal=Faulty(site.journal, accept=[accept])).step()
    assert [name for name in order if name in {"move", "copy_new"}] == ["move", "copy_new"]
    assert order[-1] == "sync"
    assert len(rows(site)) == 1


@pytest.mark.parametrize(
    "name", ["a" * 251 + ".pdf", "ü" * 120 + ".pdf", "no suffix", ".x" * 30, "x.pdf.PDF", "x.tar.gz"]
)
def test_any_name_is_kept(site: Site, name: str) -> None:
    if name.startswith("."):
        name = "x" + name
    drop(site, name, pdf_bytes())
    stage(site).step()
    (work,) = site.journal.to_route(10)
    assert work.origin.name == name
    assert claims(site) == [name]
    assert all(len(os.fsencode(Path(path).name)) <= 255 for path in site.spooled())


# -- what is no document


def test_what_cannot_be_read_is_recorded_with_its_reason(site: Site) -> None:
    outside = site.place / "outside.pdf"
    outside.write_bytes(b"x")
    (site.out / "link.pdf").symlink_to(outside)
    (site.out / "folder.pdf").mkdir()
    (site.out / "folder.pdf" / "inside").write_bytes(b"x")
    os.mkfifo(site.out / "pipe.pdf")
    drop(site, os.fsdecode(b"M\xfcller.pdf"))
    drop(site, "good.pdf")
    stage(site).step()
    states = dict(rows(site))
    assert states.pop("good.pdf") == "received"
    assert set(states.values()) == {"failed"}
    assert len(states) == 4
    assert len(site.spooled()) == 1


def refused(error: OSError) -> FilesError:
    made = FilesError(f"cannot read: {error}")
    made.__cause__ = error
    return made


def test_a_drop_that_we_may_not_read_fails(site: Site) -> None:
    drop(site)
    stage(site, files=Faulty(site.files, read=[refused(PermissionError(13, "denied"))])).step()
    assert rows(site) == [(NAME, "failed")]


@pytest.mark.parametrize("error", [OSError(5, "input/output"), FileNotFoundError(2, "gone"), OSError(116, "stale")])
def test_a_drop_that_cannot_be_read_now_waits(site: Site, error: OSError) -> None:
    """A share that does not answer for a moment must not fail anybody's fax."""
    drop(site)
    drop(site, "other.pdf")
    intake = stage(site, files=Faulty(site.files, read=[refused(error)]))
    intake.step()
    assert len(rows(site)) == 1
    (key,) = site.alerts.open
    site.later(TROUBLE)
    intake.step()
    assert rows(site) == [(NAME, "received"), ("other.pdf", "received")]
    assert site.alerts.over == [key]


def test_windows_says_permission_denied_while_a_scanner_has_the_file(site: Site) -> None:
    error = PermissionError(13, "the process cannot access the file")
    error.winerror = 32  # type: ignore[attr-defined] # as on Windows
    drop(site)
    intake = stage(site, files=Faulty(site.files, read=[refused(error)]))
    intake.step()
    assert rows(site) == []
    site.later(TROUBLE)
    intake.step()
    assert rows(site) == [(NAME, "received")]


# -- crashes


def crashing(site: Site, *, files: Any = None, journal: Any = None) -> None:
    with pytest.raises(Crash):
        stage(site, files=files or site.files, journal=journal or site.journal).step()
    site.restart()


def test_a_crash_after_the_claim_goes_on_under_the_same_id(site: Site) -> None:
    content = drop(site).read_bytes()
    crashing(site, files=Faulty(site.files, copy_new=[Crash()]))
    (claim,) = site.places.claims.iterdir()
    assert rows(site) == []
    intake = stage(site)
    assert intake.step() == 0.0
    assert ids(site) == [claimant(claim.name)]
    (document,) = site.journal.to_route(10)[0].documents
    assert site.spool.path(document.spool).read_bytes() == content
    intake.step()
    assert len(rows(site)) == 1


def test_an_adopted_claim_is_made_durable_before_the_commit(site: Site) -> None:
    """The process may have died between the rename and its sync; then the power fails, and the drop would be back."""
    drop(site)
    crashing(site, files=Faulty(site.files, copy_new=[Crash()]))
    files = Faulty(site.files)

    def accept(real: Any, drops: Any) -> None:
        synced = {folder for name, (folders, *_) in files.calls if name == "sync" for folder in folders}
        assert {site.out, site.places.claims} <= synced
        real(drops)

    stage(site, files=files, journal=Faulty(site.journal, accept=[accept])).step()
    assert len(rows(site)) == 1


def half(real: Any, source: Path, target: Path, **_: Any) -> None:
    target.write_bytes(source.read_bytes()[:10])
    raise Crash


def test_a_crash_during_the_copy_copies_again(site: Site) -> None:
    content = drop(site).read_bytes()
    crashing(site, files=Faulty(site.files, copy_new=[half]))
    stage(site).step()
    (document,) = site.journal.to_route(10)[0].documents
    assert site.spool.path(document.spool).read_bytes() == content
    assert len(site.spooled()) == 1


def test_a_crash_before_the_commit_takes_it_once(site: Site) -> None:
    drop(site)
    crashing(site, journal=Faulty(site.journal, accept=[Crash()]))
    stage(site).step()
    assert rows(site) == [(NAME, "received")]
    assert len(site.spooled()) == 1


def test_a_crash_after_the_commit_takes_it_once(site: Site) -> None:
    drop(site)

    def after(real: Any, drops: Any) -> None:
        real(drops)
        raise Crash

    crashing(site, journal=Faulty(site.journal, accept=[after]))
    intake = stage(site)
    for _ in range(3):
        intake.step()
        site.later(SCAN)
    assert rows(site) == [(NAME, "received")]


def test_a_long_name_survives_a_crash_after_its_claim(site: Site) -> None:
    name = "ü" * 120 + ".pdf"
    drop(site, name)
    crashing(site, files=Faulty(site.files, copy_new=[Crash()]))
    stage(site).step()
    assert rows(site) == [(name, "received")]


def test_a_dropped_folder_survives_a_crash_after_its_claim(site: Site) -> None:
    (site.out / "x.pdf").mkdir()
    (site.out / "x.pdf" / "inside").write_bytes(b"x")
    with pytest.raises(Crash):
        stage(site, journal=Faulty(site.journal, accept=[Crash()])).step()
    site.restart()
    stage(site).step()
    assert rows(site) == [("x.pdf", "failed")]


def test_an_empty_claim_is_tidied_away(site: Site) -> None:
    fax = site.new_id()
    (site.places.claims / fax).mkdir(parents=True)
    stage(site).step()
    assert list(site.places.claims.iterdir()) == []
    assert rows(site) == []


def test_the_claims_of_another_node_are_left_alone(site: Site) -> None:
    other = site.places.claims.parent / "other"
    other.mkdir()
    (other / f"{site.new_id()}{MARK}{NAME}").write_bytes(b"x")
    stage(site).step()
    assert rows(site) == []
    assert NODE != "other"


# -- the second copy (W1)


@pytest.mark.parametrize("loss", [Path.unlink, lambda path: path.write_bytes(b"cut")], ids=["lost", "cut"])
def test_what_the_spool_has_lost_is_copied_again_at_the_next_start(site: Site, loss: Any) -> None:
    content = drop(site).read_bytes()
    stage(site).step()
    (document,) = site.journal.to_route(10)[0].documents
    loss(site.spool.path(document.spool))
    site.restart()
    stage(site).step()
    assert site.spool.path(document.spool).read_bytes() == content
    assert rows(site) == [(NAME, "received")]


def test_a_whole_spool_is_not_touched(site: Site) -> None:
    """It may be read at this very moment, on its way to the provider."""
    drop(site)
    stage(site).step()
    site.restart()
    files = Faulty(site.files)
    stage(site, files=files).step()
    assert [name for name, _ in files.calls].count("copy_new") == 0


def test_what_was_never_spooled_is_not_spooled_at_the_next_start(site: Site) -> None:
    drop(site, os.fsdecode(b"M\xfcller.pdf"))
    stage(site).step()
    site.restart()
    stage(site).step()
    assert site.spooled() == []


def test_a_spool_that_cannot_be_written_does_not_stop_the_drops(site: Site) -> None:
    drop(site)
    stage(site).step()
    (fax,) = ids(site)
    shutil.rmtree(site.spool.root / "out")
    site.restart()
    drop(site, "new.pdf")
    stage(site, files=Faulty(site.files, copy_new=[FilesError("no space")])).step()
    assert ("new.pdf", "received") in rows(site)
    assert "no space" in site.alerts.open[f"spool:{fax}"]


# -- changed, locked, taken back


def test_a_drop_that_changes_while_it_is_copied_goes_back_whole(site: Site) -> None:
    drop(site)

    def grows(real: Any, source: Path, target: Path, **more: Any) -> Any:
        written = real(source, target, **more)
        with source.open("ab") as stream:
            stream.write(b"% more\n")
        return written

    intake = stage(site, files=Faulty(site.files, copy_new=[grows]))
    intake.step()
    assert rows(site) == []
    assert waiting(site) == [NAME]
    assert claims(site) == []
    assert site.spooled() == [], "what was copied is of no use, and is somebody's document"
    content = (site.out / NAME).read_bytes()
    intake.step()
    (document,) = site.journal.to_route(10)[0].documents
    assert site.spool.path(document.spool).read_bytes() == content
    assert content.endswith(b"% more\n")


def test_one_that_cannot_be_copied_does_not_stop_the_others(site: Site) -> None:
    for name in ("1.pdf", "2.pdf", "3.pdf"):
        drop(site, name)

    def refuses(real: Any, source: Path, target: Path, **more: Any) -> Any:
        if source.name.endswith("2.pdf"):
            raise FilesError("the disk reports an error")
        return real(source, target, **more)

    intake = stage(site, files=Faulty(site.files, copy_new=[refuses] * 4))
    assert intake.step() <= TROUBLE
    assert rows(site) == [("1.pdf", "received"), ("3.pdf", "received")]
    ((key, told),) = site.alerts.open.items()
    assert "the disk reports an error" in told
    site.later(TROUBLE)
    intake.step()
    assert len(rows(site)) == 2
    site.later(TROUBLE)
    intake.step()
    assert rows(site) == [(f"{n}.pdf", "received") for n in (1, 2, 3)]
    assert site.alerts.over == [key]


def test_one_that_cannot_be_claimed_does_not_stop_the_others(site: Site) -> None:
    for name in ("1.pdf", "2.pdf", "3.pdf"):
        drop(site, name)

    def refuses(real: Any, moves: Any) -> None:
        for move in moves:
            if move[0].name == "2.pdf":
                raise FilesError("permission denied")
            real([move])

    files = Faulty(site.files, move=[refuses] * 4)
    intake = stage(site, files=files)
    intake.step()
    assert [name for name, _ in rows(site)] == ["1.pdf", "3.pdf"]
    assert waiting(site) == ["2.pdf"]
    assert "permission denied" in site.alerts.open[f"claim:{site.out}"]
    site.later(SCAN)
    files._faults["move"].clear()
    intake.step()
    assert [name for name, _ in rows(site)] == ["1.pdf", "2.pdf", "3.pdf"]
    assert site.alerts.open == {}


def test_a_drop_that_was_taken_back_in_the_last_moment_leaves_nothing(site: Site) -> None:
    path = drop(site, "ü" * 120 + ".pdf")

    def gone(real: Any, moves: Any) -> None:
        path.unlink(missing_ok=True)
        real(moves)

    intake = stage(site, files=Faulty(site.files, move=[gone]))
    for _ in range(3):
        intake.step()
        site.later(SCAN)
    assert rows(site) == []
    assert list(site.places.claims.iterdir()) == []
    assert site.alerts.open == {}


def test_one_that_waits_is_not_copied_twice_after_trouble(site: Site) -> None:
    """Copying again over a spooled document could cut it while it is being sent."""
    drop(site)
    files = Faulty(site.files, copy_new=[FilesError("busy")], free_space=[None, FolderOffline("away")])
    intake = stage(site, files=files)
    intake.step()
    site.later(1)
    assert intake.step() == TROUBLE
    for _ in range(3):
        site.later(TROUBLE)
        intake.step()
    assert rows(site) == [(NAME, "received")]
    assert [name for name, _ in files.calls].count("copy_new") == 2


# -- room, folders, journal


def test_without_room_drops_stay_where_they_are(site: Site) -> None:
    drop(site)
    full = Faulty(site.files, free_space=[lambda real, path: 1000] * 2)
    intake = stage(site, files=full, reserve=2000)
    assert intake.step() == NO_ROOM
    assert intake.step() == NO_ROOM
    assert waiting(site) == [NAME]
    assert claims(site) == []
    assert site.alerts.told == [f"space:{site.spool.root}"]
    intake.step()
    assert rows(site) == [(NAME, "received")]
    assert site.alerts.open == {}


def test_a_folder_that_does_not_exist_is_not_created(site: Site) -> None:
    shutil.rmtree(site.out)
    intake = stage(site)
    assert intake.step() == TROUBLE
    assert not site.out.exists()
    assert list(site.alerts.open) == [f"folder:{site.out}"]
    site.out.mkdir()
    drop(site)
    intake.step()
    assert rows(site) == [(NAME, "received")]
    assert site.alerts.open == {}


def test_the_empty_folder_under_an_unmounted_share_is_not_taken_for_ours(site: Site) -> None:
    intake = stage(site)
    intake.step()
    site.out.rename(site.place / "away")
    site.out.mkdir()
    drop(site)
    site.later(SCAN)
    intake.step()
    site.restart()
    assert stage(site).step() == TROUBLE
    assert sorted(path.name for path in site.out.iterdir()) == [NAME], "nothing is created there"
    assert rows(site) == []
    assert "not mounted" in site.alerts.open[f"folder:{site.out}"]


def test_a_new_folder_in_its_place_is_taken_when_a_person_says_so(site: Site) -> None:
    stage(site).step()
    site.out.rename(site.place / "away")
    site.out.mkdir()
    intake = stage(site)
    intake.step()
    told = site.alerts.open[f"folder:{site.out}"]
    Path(told.rpartition("remove ")[2]).unlink()
    drop(site)
    intake.step()
    intake.step()
    assert rows(site) == [(NAME, "received")]
    assert site.alerts.open == {}


def test_a_share_that_goes_away_between_claim_and_copy_loses_nothing(site: Site) -> None:
    drop(site)

    def away(real: Any, moves: Any) -> None:
        real(moves)
        site.out.rename(site.place / "away")

    intake = stage(site, files=Faulty(site.files, move=[away]))
    intake.step()
    assert rows(site) == []
    (site.place / "away").rename(site.out)
    site.later(TROUBLE)
    intake.step()
    intake.step()
    assert rows(site) == [(NAME, "received")]


def test_a_broken_journal_passes_through(site: Site) -> None:
    drop(site)
    with pytest.raises(JournalError):
        stage(site, journal=Faulty(site.journal, accept=[JournalError("disk")])).step()
    assert claims(site) == [NAME], "the claim is what the next start goes on with"


# -- a held document that is moved back


def report(site: Site, **parts: Any) -> None:
    values: dict[str, Any] = {"files": site.files, "journal": site.journal, "alert": site.alerts}
    dialects = Dialects([("filename", open_format(FolderAsks("{number}[_{name}]", None)))])
    ReportStage(site.places, site.spool, dialects=dialects, **(values | parts)).step()


def held(site: Site, content: bytes) -> FaxId:
    stage(site).step()
    fax = site.uncertain(NAME, settle=0.0, content=content)
    (submission,) = site.journal.claim_uncertain("main", 1, 60.0)
    site.journal.given_up(submission, "nothing can tell")
    report(site)
    assert site.shown("held") == [NAME, "3035550123_x.result.json"]
    return fax


def test_moving_a_held_document_back_sends_it_again_in_place_of_the_held_one(site: Site) -> None:
    content = pdf_bytes(pages=2)
    fax = held(site, content)
    (site.out / "held" / NAME).rename(site.out / NAME)
    stage(site).step()
    (new,) = [each for each in ids(site) if each != fax]
    assert site.state_of(new) == "received"
    assert site.state_of(fax) == "cancelled"
    assert site.shown("held") == [], "the old answer is of no use any more"
    assert site.alerts.over == [f"held:{fax}"]
    report(site)
    assert site.shown("failed") == [], "and nothing more is told of the old one"


def test_route_knows_of_a_document_that_was_moved_back_before_it_decides(site: Site) -> None:
    """Else it would find that it looks like the held one, and hold it again."""
    held(site, pdf_bytes(pages=2))
    (site.out / "held" / NAME).rename(site.out / NAME)
    journal = Faulty(site.journal)
    stage(site, journal=journal).step()
    calls = [name for name, _ in journal.calls]
    assert calls.index("superseded") < calls.index("accept")


def test_a_crash_while_a_document_is_moved_back_loses_neither(site: Site) -> None:
    fax = held(site, pdf_bytes(pages=2))
    (site.out / "held" / NAME).rename(site.out / NAME)
    with pytest.raises(Crash):
        stage(site, journal=Faulty(site.journal, accept=[Crash()])).step()
    site.restart()
    stage(site).step()
    (new,) = [each for each in ids(site) if each != fax]
    assert (site.state_of(fax), site.state_of(new)) == ("cancelled", "received")
    (told,) = [event for event in site.journal.life(fax).events if event.event == "supersede"]
    assert told.note == f"dropped again, as {new}"


@pytest.mark.parametrize(
    ("name", "content"),
    [(NAME, pdf_bytes(text="another")), ("3035550123_y.pdf", pdf_bytes(pages=2))],
    ids=["other content", "other name"],
)
def test_a_drop_that_only_resembles_the_held_one_is_another_fax(site: Site, name: str, content: bytes) -> None:
    fax = held(site, pdf_bytes(pages=2))
    (site.out / "held" / NAME).unlink()
    drop(site, name, content)
    stage(site).step()
    assert site.state_of(fax) == "held"
    assert site.shown("held") == ["3035550123_x.result.json"]


def test_a_copy_of_the_held_document_is_another_fax(site: Site) -> None:
    content = pdf_bytes(pages=2)
    fax = held(site, content)
    drop(site, NAME, content)
    stage(site).step()
    assert site.state_of(fax) == "held"
    assert len(ids(site)) == 2
    assert site.shown("held") == [NAME, "3035550123_x.result.json"]


def test_a_second_drop_while_the_first_is_being_shown_as_held_is_another_fax(site: Site) -> None:
    """Staged and not yet shown: that its place in held/ is empty proves nothing."""
    content = pdf_bytes(pages=2)
    stage(site).step()
    fax = site.uncertain(NAME, settle=0.0, content=content)
    (submission,) = site.journal.claim_uncertain("main", 1, 60.0)
    site.journal.given_up(submission, "nothing can tell")
    with pytest.raises(Crash):
        report(site, files=Faulty(site.files, move=[Crash()]))
    drop(site, NAME, content)
    stage(site).step()
    assert site.state_of(fax) == "held"
    report(site)
    assert NAME in site.shown("held")


def test_what_people_wrote_into_the_old_answer_is_kept(site: Site) -> None:
    fax = held(site, pdf_bytes(pages=2))
    (site.out / "held" / NAME).rename(site.out / NAME)
    (site.out / "held" / "3035550123_x.result.json").write_text("asked Dr. Lee, not arrived")
    stage(site).step()
    assert site.state_of(fax) == "cancelled"
    assert site.shown("held") == ["3035550123_x.result.json"]
