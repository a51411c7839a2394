"""Reporting: document and answer in one place, once, whatever happens between the steps and whatever people do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.papers import pdf_bytes
from support.scripted import Crash, Faulty, Site

from faxdaemon.contracts.format import FolderAsks
from faxdaemon.contracts.journal import Routed, Settled
from faxdaemon.contracts.provider import JobStatus, Progress
from faxdaemon.contracts.stage import NOTHING_DUE
from faxdaemon.core.errors import FilesError, FolderOffline
from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import Drop, Origin, Outcome
from faxdaemon.core.states import Outbound
from faxdaemon.formats.filename import open_format
from faxdaemon.outbound.dialects import Dialects
from faxdaemon.outbound.mark import FolderMark
from faxdaemon.outbound.report import BATCH, RETRY, ReportStage, overall_of

NAME = "3035550123_x.pdf"
STEM = "3035550123_x"
ANSWER = f"{STEM}.result.json"


@pytest.fixture(autouse=True)
def opened(site: Site) -> None:
    """Intake opens the folder before anything can be reported into it."""
    FolderMark(site.places, site.spool, files=site.files).open(site.clock.entropy)


def stage(site: Site, **parts: Any) -> ReportStage:
    values: dict[str, Any] = {"files": site.files, "journal": site.journal, "alert": site.alerts}
    dialects = Dialects([("filename", open_format(FolderAsks("{number}[_{name}]", None)))])
    return ReportStage(site.places, site.spool, dialects=dialects, **(values | parts))


def end(site: Site, fax: FaxId, progress: Progress = Progress.SENT, text: str = "told") -> FaxId:
    """Take a READY fax to its outcome at the provider."""
    assert site.journal.accepted(site.claimed(), f"job-{fax}", 0.0)
    return settle(site, fax, progress, text)


def settle(site: Site, fax: FaxId, progress: Progress = Progress.SENT, text: str = "told") -> FaxId:
    """The provider tells how its job ended."""
    works = site.journal.claim_accepted("main", 10, 60.0)
    assert site.journal.settle([Settled(s, JobStatus(s.provider_id, progress, text)) for s in works]) == len(works)
    return fax


def sent(site: Site, name: str = NAME, content: bytes | None = None) -> FaxId:
    return end(site, site.ready(name, content=content))


def failed(site: Site, name: str = NAME) -> FaxId:
    return end(site, site.ready(name), Progress.FAILED, "busy")


def held(site: Site, name: str = NAME, content: bytes | None = None) -> FaxId:
    fax = site.uncertain(name, settle=0.0, content=content)
    hold(site)
    return fax


def hold(site: Site) -> None:
    (submission,) = site.journal.claim_uncertain("main", 1, 60.0)
    assert site.journal.given_up(submission, "nothing can tell")


def found(site: Site, fax: FaxId) -> None:
    """A held one is released and the provider has it after all; it is delivered."""
    site.journal.release(fax)
    (submission,) = site.journal.claim_uncertain("main", 1, 60.0)
    assert site.journal.accepted(submission, f"job-{fax}", 0.0)
    settle(site, fax)


def answer(site: Site, folder: str, name: str = ANSWER) -> dict[str, Any]:
    (path,) = (site.out / folder).rglob(name)
    body: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return body


def report_state(site: Site, fax: FaxId) -> str:
    return str(site.journal.life(fax).facts["report"])


def day(site: Site) -> str:
    return site.clock.now().astimezone().date().isoformat()


# -- where it goes


def test_sent_goes_into_the_days_folder_with_its_answer(site: Site) -> None:
    content = pdf_bytes(pages=2)
    fax = sent(site, content=content)
    assert stage(site).step() == 0.0
    place = site.out / "sent" / day(site)
    assert sorted(path.name for path in place.iterdir()) == [NAME, ANSWER]
    assert (place / NAME).read_bytes() == content
    told = answer(site, "sent")
    assert (told["id"], told["state"], told["reason"]) == (fax, "sent", None)
    assert report_state(site, fax) == "reported"
    assert site.leftovers() == []
    assert stage(site).step() == NOTHING_DUE


def test_failed_goes_into_failed_with_the_reason_and_advice(site: Site) -> None:
    failed(site)
    stage(site).step()
    assert site.shown("failed") == [NAME, ANSWER]
    told = answer(site, "failed")
    assert (told["state"], told["reason"]) == ("failed", "busy")
    assert "move the document back" in told["what_to_do"]


def test_cancelled_goes_into_failed_and_says_so(site: Site) -> None:
    fax = site.ready()
    site.journal.cancel(fax)
    stage(site).step()
    assert site.shown("failed") == [NAME, ANSWER]
    assert answer(site, "failed")["state"] == "cancelled"


def test_held_goes_into_held_and_is_loud(site: Site) -> None:
    fax = held(site)
    stage(site).step()
    assert site.shown("held") == [NAME, ANSWER]
    assert answer(site, "held")["state"] == "held"
    assert site.alerts.told == [f"held:{fax}"]
    assert "nothing can tell" in site.alerts.open[f"held:{fax}"]


def test_what_could_not_even_be_read_is_reported_too(site: Site) -> None:
    """A folder that was dropped: it is moved as it is."""
    fax = site.new_id()
    claim = site.places.claimed(fax, "x.pdf")
    claim.mkdir()
    (claim / "inside.txt").write_text("kept")
    site.journal.accept([Drop(fax, Origin(str(site.out), "x.pdf", 0, 0, 0), (), "is a folder")])
    stage(site).step()
    assert (site.out / "failed" / "x.pdf" / "inside.txt").read_text() == "kept"
    assert answer(site, "failed", "x.result.json")["reason"] == "is a folder"


def test_the_worst_outcome_names_the_fax() -> None:
    one = {state: _outcome(state) for state in (Outbound.SENT, Outbound.FAILED, Outbound.CANCELLED, Outbound.HELD)}
    order = [Outbound.SENT, Outbound.CANCELLED, Outbound.FAILED, Outbound.HELD]
    for number, state in enumerate(order):
        assert overall_of([one[each] for each in order[: number + 1]]) == state.value


def _outcome(state: Outbound) -> Outcome:
    return Outcome(1, None, None, state, None, None, None, None, None, None, 1, None, None)


def test_several_recipients_are_one_report_after_the_last(site: Site) -> None:
    site.ready(numbers=("+13035550123", "+13035550124"))
    end_one = site.claimed()
    site.journal.accepted(end_one, "job-1", 0.0)
    settle(site, end_one.fax_id)
    assert stage(site).step() == NOTHING_DUE
    other = site.claimed()
    site.journal.refused(other, "blocked")
    stage(site).step()
    told = answer(site, "failed")
    assert [each["state"] for each in told["recipients"]] == ["sent", "failed"]


# -- names that are taken


def test_nothing_is_ever_overwritten(site: Site) -> None:
    place = site.out / "sent" / day(site)
    place.mkdir(parents=True)
    (place / ANSWER).write_text("theirs")
    fax = sent(site)
    stage(site).step()
    assert (place / ANSWER).read_text() == "theirs"
    tail = fax[-8:]
    assert site.shown("sent") == sorted([ANSWER, f"{STEM}.{tail}.pdf", f"{STEM}.{tail}.result.json"])


def test_two_of_one_name_in_one_batch(site: Site) -> None:
    one, other = sent(site, content=pdf_bytes(text="one")), sent(site, content=pdf_bytes(text="other"))
    stage(site).step()
    assert [report_state(site, fax) for fax in (one, other)] == ["reported", "reported"]
    assert len(site.shown("sent")) == 4
    ids = {json.loads(path.read_text())["id"]: path for path in (site.out / "sent").rglob("*.json")}
    assert (ids[one].parent / NAME).read_bytes() == pdf_bytes(text="one")
    document = ids[other].with_name(ids[other].name.replace(".result.json", ".pdf"))
    assert document.read_bytes() == pdf_bytes(text="other")


def test_a_name_that_was_taken_after_staging(site: Site) -> None:
    fax = failed(site)
    with pytest.raises(Crash):
        stage(site, files=Faulty(site.files, move=[Crash()])).step()
    (site.out / "failed" / NAME).write_text("theirs")
    (site.out / "failed" / ANSWER).write_text("theirs, too")
    site.restart()
    stage(site).step()
    assert report_state(site, fax) == "reported"
    assert (site.out / "failed" / NAME).read_text() == "theirs"
    assert (site.out / "failed" / ANSWER).read_text() == "theirs, too"
    assert site.shown("failed") == sorted([NAME, ANSWER, f"{STEM}.{fax}.pdf", f"{STEM}.result.{fax}.json"])


def test_a_name_of_255_bytes(site: Site) -> None:
    """Its claim has a folder of its own, which is removed; with a stranger's file in it, it stays, and stops nobody."""
    name = "3035550123_" + "ü" * 120 + ".pdf"
    sent(site, name)
    stage(site).step()
    assert list(site.places.claims.iterdir()) == []
    fax = sent(site, name)
    claim = site.places.claimed(fax, name).parent
    (claim / "Thumbs.db").write_text("litter")
    stage(site).step()
    assert report_state(site, fax) == "reported"
    assert [path.name for path in claim.iterdir()] == ["Thumbs.db"]
    assert len(site.shown("sent")) == 4
    assert all(len(path.encode()) <= 255 for path in site.shown("sent"))


# -- crashes


def test_a_crash_before_the_plan_is_recorded_stages_again_with_the_same_bytes(site: Site) -> None:
    fax = sent(site)
    with pytest.raises(Crash):
        stage(site, journal=Faulty(site.journal, staged=[Crash()])).step()
    temporary = site.places.staged(fax, 2)
    first = temporary.read_bytes()
    assert site.shown("sent") == []
    site.restart()
    site.later(3600)
    stage(site).step()
    (path,) = (site.out / "sent").rglob("*.json")
    assert path.read_bytes() == first
    assert site.leftovers() == []


def test_a_crash_between_stage_and_publish_publishes(site: Site) -> None:
    fax = sent(site)
    with pytest.raises(Crash):
        stage(site, files=Faulty(site.files, move=[Crash()])).step()
    assert site.shown("sent") == []
    assert report_state(site, fax) == "reporting"
    site.restart()
    stage(site).step()
    assert site.shown("sent") == [NAME, ANSWER]
    assert report_state(site, fax) == "reported"


def only_the_first(real: Any, moves: Any) -> None:
    real(list(moves)[:1])
    raise Crash


def test_a_crash_in_the_middle_of_publishing_shows_the_rest(site: Site) -> None:
    sent(site)
    with pytest.raises(Crash):
        stage(site, files=Faulty(site.files, move=[only_the_first])).step()
    assert site.shown("sent") == [NAME], "the answer comes last, for it is what an application waits for"
    site.restart()
    stage(site).step()
    assert site.shown("sent") == [NAME, ANSWER]


def test_an_answer_that_was_eaten_is_not_shown_twice(site: Site) -> None:
    fax = sent(site)
    with pytest.raises(Crash):
        stage(site, journal=Faulty(site.journal, reported=[Crash()])).step()
    for path in list((site.out / "sent").rglob("*")):
        if path.is_file():
            path.unlink()
    site.restart()
    files = Faulty(site.files)
    stage(site, files=files).step()
    assert site.shown("sent") == []
    assert report_state(site, fax) == "reported"
    synced = [folder for name, (folders,) in files.calls if name == "sync" for folder in folders]
    assert site.out / "sent" / day(site) in synced, "the process that moved them may have died before it could sync"


def test_a_day_folder_that_was_removed_after_staging_is_made_again(site: Site) -> None:
    sent(site)
    with pytest.raises(Crash):
        stage(site, files=Faulty(site.files, move=[Crash()])).step()
    (site.out / "sent" / day(site)).rmdir()
    site.restart()
    stage(site).step()
    assert site.shown("sent") == [NAME, ANSWER]


def test_what_is_staged_is_durable_before_the_plan_and_shown_before_it_is_reported(site: Site) -> None:
    sent(site)
    done: list[str] = []

    def noting(name: str) -> Any:
        return lambda real, *args: (done.append(name), real(*args))[1]

    files = Faulty(site.files, sync=[noting("sync")], move=[noting("move")])
    journal = Faulty(site.journal, staged=[noting("staged")], reported=[noting("reported")])
    stage(site, files=files, journal=journal).step()
    assert done == ["sync", "staged", "move", "reported"]


# -- held, and then what


def test_held_released_and_sent_moves_the_document_and_takes_the_old_answer_back(site: Site) -> None:
    fax = held(site)
    stage(site).step()
    found(site, fax)
    stage(site).step()
    assert site.shown("held") == []
    assert site.shown("sent") == [NAME, ANSWER]
    assert answer(site, "sent")["state"] == "sent"
    assert site.alerts.open == {}
    assert site.alerts.over == [f"held:{fax}"]


def test_a_document_that_staff_took_away_is_restored_from_the_spool(site: Site) -> None:
    content = pdf_bytes(pages=3)
    fax = held(site, content=content)
    stage(site).step()
    (site.out / "held" / NAME).unlink()
    found(site, fax)
    stage(site).step()
    (document,) = (site.out / "sent").rglob(NAME)
    assert document.read_bytes() == content
    assert site.shown("held") == []


def test_what_people_put_in_its_place_is_neither_moved_nor_removed(site: Site) -> None:
    content = pdf_bytes(pages=3)
    fax = held(site, content=content)
    stage(site).step()
    (site.out / "held" / NAME).write_text("another document")
    (site.out / "held" / ANSWER).write_text("a note for the doctor")
    found(site, fax)
    stage(site).step()
    assert (site.out / "held" / NAME).read_text() == "another document"
    assert (site.out / "held" / ANSWER).read_text() == "a note for the doctor"
    (document,) = (site.out / "sent").rglob(NAME)
    assert document.read_bytes() == content


def test_held_twice_keeps_its_names(site: Site) -> None:
    fax = held(site)
    stage(site).step()
    first = answer(site, "held")
    site.journal.release(fax)
    hold(site)
    stage(site).step()
    assert site.shown("held") == [NAME, ANSWER]
    assert answer(site, "held") == first
    assert report_state(site, fax) == "reported"
    found(site, fax)
    stage(site).step()
    assert site.shown("held") == []
    assert site.shown("sent") == [NAME, ANSWER]


def test_a_crash_after_the_second_holding_was_shown_keeps_its_answer(site: Site) -> None:
    """The same bytes under the same name: what is outdated and what is new can be told by the plan alone."""
    fax = held(site)
    stage(site).step()
    site.journal.release(fax)
    hold(site)
    with pytest.raises(Crash):
        stage(site, journal=Faulty(site.journal, reported=[Crash()])).step()
    site.restart()
    stage(site).step()
    assert site.shown("held") == [NAME, ANSWER]
    assert report_state(site, fax) == "reported"


def test_one_that_was_put_aside_is_found_again(site: Site) -> None:
    fax = held(site)
    with pytest.raises(Crash):
        stage(site, files=Faulty(site.files, move=[Crash()])).step()
    (site.out / "held" / NAME).write_text("theirs")
    site.restart()
    stage(site).step()
    assert site.shown("held") == sorted([NAME, f"{STEM}.{fax}.pdf", ANSWER])
    found(site, fax)
    stage(site).step()
    assert site.shown("held") == [NAME], "only theirs is left"
    assert site.shown("sent") == [NAME, ANSWER]


def test_a_strangers_file_where_the_document_was_is_not_published_after_a_crash(site: Site) -> None:
    """held -> sent: the document was moved, then a crash, then another document appears under its old name."""
    fax = held(site)
    stage(site).step()
    found(site, fax)
    with pytest.raises(Crash):
        stage(site, journal=Faulty(site.journal, reported=[Crash()])).step()
    (site.out / "held" / NAME).write_text("another's")
    (site.out / "held" / ANSWER).write_text("another's answer")
    site.restart()
    stage(site).step()
    assert site.shown("held") == [NAME, ANSWER]
    assert len(site.shown("sent")) == 2


def test_an_outcome_that_changes_while_it_is_published_is_reported_again(site: Site) -> None:
    fax = held(site)
    with pytest.raises(Crash):
        stage(site, files=Faulty(site.files, move=[Crash()])).step()
    site.restart()
    site.journal.mark_sent(fax)
    report = stage(site)
    report.step()
    report.step()
    assert site.shown("held") == []
    assert answer(site, "sent")["state"] == "sent"


# -- trouble


def test_several_are_reported_with_one_move(site: Site) -> None:
    for n in range(5):
        sent(site, f"{n}.pdf")
    files = Faulty(site.files)
    stage(site, files=files).step()
    assert len(site.shown("sent")) == 10
    assert [name for name, _ in files.calls].count("move") == 1


def test_more_than_a_batch(site: Site) -> None:
    for n in range(BATCH + 1):
        sent(site, f"{n}.pdf")
    report = stage(site)
    assert [report.step(), report.step(), report.step()] == [0.0, 0.0, NOTHING_DUE]
    assert len(site.shown("sent")) == 2 * (BATCH + 1)


def test_a_folder_that_is_away_is_told_once_and_tried_again(site: Site) -> None:
    fax = sent(site)
    site.out.rename(site.place / "away")
    report = stage(site)
    assert report.step() == RETRY
    assert report.step() == RETRY
    assert site.alerts.told == [f"report:{site.out}"]
    assert not site.out.exists(), "never created here: its share may not be mounted"
    (site.place / "away").rename(site.out)
    assert report.step() == 0.0
    assert site.shown("sent") == [NAME, ANSWER]
    assert site.alerts.over == [f"report:{site.out}"]
    assert report_state(site, fax) == "reported"


@pytest.mark.parametrize("crash", [False, True], ids=["due", "staged"])
def test_the_empty_folder_under_an_unmounted_share_proves_nothing(site: Site, crash: bool) -> None:
    fax = sent(site)
    if crash:
        with pytest.raises(Crash):
            stage(site, files=Faulty(site.files, move=[Crash()])).step()
        site.restart()
    site.out.rename(site.place / "away")
    site.files.make_dirs(site.places.needed())  # as whatever makes folders at every start would
    assert stage(site).step() == RETRY
    assert report_state(site, fax) in {"due", "reporting"}
    assert site.shown("") == []
    site.out.rename(site.place / "mount point")
    (site.place / "away").rename(site.out)
    stage(site).step()
    assert site.shown("sent") == [NAME, ANSWER]


def test_one_that_cannot_be_reported_does_not_stop_the_others(site: Site) -> None:
    bad = sent(site, "bad.pdf")
    site.places.claimed(bad, "bad.pdf").unlink()
    good = sent(site, "good.pdf")
    files = Faulty(site.files, copy_new=[FilesError("the disk reports an error")])
    report = stage(site, files=files)
    assert report.step() == RETRY
    assert (report_state(site, bad), report_state(site, good)) == ("due", "reported")
    assert "the disk reports an error" in site.alerts.open[f"report:{bad}"]
    report.step()
    assert report_state(site, bad) == "reported"
    assert site.alerts.open == {}


def test_one_that_cannot_be_published_does_not_stop_the_others(site: Site) -> None:
    bad, good = sent(site, "bad.pdf"), sent(site, "good.pdf")

    def refuses(real: Any, moves: Any) -> None:
        if any("bad" in str(source) for source, _ in moves):
            raise FilesError("another program has it locked")
        real(moves)

    files = Faulty(site.files, move=[refuses] * 3)
    report = stage(site, files=files)
    assert report.step() == RETRY
    assert (report_state(site, bad), report_state(site, good)) == ("reporting", "reported")
    assert list(site.alerts.open) == [f"report:{bad}"]
    report.step()
    assert report_state(site, bad) == "reported"


def test_a_bug_met_by_one_answer_does_not_stop_the_others(site: Site) -> None:
    bad, good = sent(site, "bad.pdf"), sent(site, "good.pdf")
    answerer: Any = Faulty(open_format(FolderAsks("{number}[_{name}]", None)), answer=[ZeroDivisionError()])
    dialects = Dialects([("filename", answerer)])
    report = ReportStage(
        site.places, site.spool, dialects=dialects, files=site.files, journal=site.journal, alert=site.alerts
    )
    assert report.step() == RETRY
    assert (report_state(site, bad), report_state(site, good)) == ("due", "reported")
    assert "ZeroDivisionError" in site.alerts.open[f"report:{bad}"]
    report.step()
    assert report_state(site, bad) == "reported"


def test_with_no_copy_left_the_answer_is_given_all_the_same(site: Site) -> None:
    fax = sent(site)
    site.places.claimed(fax, NAME).unlink()
    for path in site.spool.root.rglob("*.pdf"):
        path.unlink()
    stage(site).step()
    assert site.shown("sent") == [ANSWER]
    assert report_state(site, fax) == "reported"


def test_a_folder_that_goes_away_in_the_middle(site: Site) -> None:
    fax = sent(site)

    def away(real: Any, moves: Any) -> None:
        site.out.rename(site.place / "away")
        raise FolderOffline("its share does not answer")

    report = stage(site, files=Faulty(site.files, move=[away]))
    assert report.step() == RETRY
    assert list(site.alerts.open) == [f"report:{site.out}"]
    (site.place / "away").rename(site.out)
    report.step()
    assert report_state(site, fax) == "reported"
    assert site.alerts.open == {}


def test_routing_refusals_are_reported_without_a_number(site: Site) -> None:
    fax = site.received("hello.pdf")
    site.journal.route([Routed(fax, problem="no number in it")])
    stage(site).step()
    told = answer(site, "failed", "hello.result.json")
    assert told["reason"] == "no number in it"
    assert told["recipients"][0]["number"] is None


def test_a_name_that_is_not_utf_8(site: Site) -> None:
    name = "M\udcfcller.pdf"
    fax = site.new_id()
    site.places.claimed(fax, name).write_bytes(b"x")
    site.journal.accept([Drop(fax, Origin(str(site.out), name, 1, 0, 0), (), "has a name that is not UTF-8")])
    stage(site).step()
    assert name in site.shown("failed")
    (path,) = (site.out / "failed").glob("*.json")
    assert json.loads(Path(path).read_bytes())["name"] == "M\\xfcller.pdf"
