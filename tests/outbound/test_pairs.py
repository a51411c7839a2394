"""Drops of several files: taken together whichever came first, completed after a crash, never mixed up, and never
waited for longer than the folder's deadline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.dialects import opened
from support.papers import pdf_bytes
from support.scripted import Crash, Faulty, Site, capabilities

from faxdaemon.contracts.format import FolderAsks
from faxdaemon.contracts.journal import Filter
from faxdaemon.core.errors import FilesError
from faxdaemon.core.model import Role
from faxdaemon.outbound.attachments import Attachments, Reach
from faxdaemon.outbound.choose import FolderRules
from faxdaemon.outbound.dialects import Dialects
from faxdaemon.outbound.grouping import Grouping
from faxdaemon.outbound.intake import TROUBLE, Intake
from faxdaemon.outbound.readiness import Pace, Readiness
from faxdaemon.outbound.report import ReportStage

ASKS = FolderAsks("{number}_{name}", None)
DEADLINE = 300.0
NUMBER = "+13035550123"


def dialects(*names: str) -> Dialects:
    return Dialects([(name, opened(name, ASKS)) for name in names or ("request", "filename")])


def intake(site: Site, *, asks: Dialects | None = None, reach: Reach | None = None, files: Any = None) -> Intake:
    files = files or site.files
    asks = asks or dialects()
    readiness = Readiness(
        Pace(settle=0.0, scan=1.0), site.places, files=files, documents=site.documents, clock=site.clock
    )
    readiness.leave = asks.is_answer
    attachments = Attachments(site.out, reach or Reach(), files=files)
    grouping = Grouping(asks, attachments, DEADLINE, files=files, documents=site.documents, clock=site.clock)
    return Intake(
        readiness,
        grouping,
        attachments,
        site.places,
        site.spool,
        files=files,
        journal=site.journal,
        clock=site.clock,
        alert=site.alerts,
    )


def look(site: Site, stage: Intake, seconds: float = 1.0) -> None:
    """Let the next scan happen."""
    site.later(seconds)
    stage.step()


def drop(site: Site, name: str, content: bytes | str | dict[str, Any] | None = None) -> Path:
    path = site.out / name
    if isinstance(content, dict):
        content = json.dumps(content)
    path.write_bytes(
        pdf_bytes(text=name) if content is None else content.encode() if isinstance(content, str) else content
    )
    return path


def waiting(site: Site) -> list[str]:
    return sorted(path.name for path in site.out.iterdir() if path.is_file())


def taken(site: Site) -> list[tuple[str, list[tuple[str, Role]]]]:
    """Name and files of every drop that waits for its route."""
    return [(d.origin.name, [(doc.name, doc.role) for doc in d.documents]) for d in site.journal.to_route(100)]


def route(site: Site, asks: Dialects | None = None) -> None:
    rules = FolderRules(dialects=asks or dialects(), accounts=("main", "other"), region="US", options={}, expire=3600.0)
    able = {"main": capabilities(suffixes=frozenset({".pdf", ".txt"})), "other": capabilities()}
    site.routing(rules, able)[0].step()


def report(site: Site, asks: Dialects | None = None) -> None:
    asks = asks or dialects()
    ReportStage(
        site.places, site.spool, dialects=asks, files=site.files, journal=site.journal, alert=site.alerts
    ).step()


def reasons(site: Site) -> list[str]:
    return sorted(row.reason or "" for row in site.journal.find(Filter(limit=100)) if row.state == "failed")


BOTH = [("a.json", [("a.pdf", Role.DOCUMENT), ("a.json", Role.CONTROL)])]


@pytest.mark.parametrize("first", ["a.pdf", "a.json"])
def test_whichever_comes_first_both_are_taken_together(site: Site, first: str) -> None:
    stage = intake(site)
    content: dict[str, Any] = {"a.pdf": None, "a.json": {"to": NUMBER}}
    drop(site, first, content.pop(first))
    look(site, stage)
    assert waiting(site) == [first], "it waits for the other one"
    (second,) = content
    drop(site, second, content[second])
    look(site, stage)
    assert waiting(site) == []
    assert taken(site) == BOTH
    route(site)
    submission = site.claimed()
    assert (submission.number, [d.name for d in submission.documents]) == (NUMBER, ["a.pdf"])


def test_the_stem_is_compared_in_any_letter_case(site: Site) -> None:
    drop(site, "SCAN1.PDF")
    drop(site, "scan1.JSON", {"to": NUMBER})
    intake(site).step()
    assert taken(site) == [("scan1.JSON", [("SCAN1.PDF", Role.DOCUMENT), ("scan1.JSON", Role.CONTROL)])]


def test_a_name_that_says_it_all_waits_for_nothing_where_names_come_first(site: Site) -> None:
    drop(site, "3035550123_x.pdf")
    intake(site, asks=dialects("filename", "request")).step()
    assert taken(site) == [("3035550123_x.pdf", [("3035550123_x.pdf", Role.DOCUMENT)])]


def test_a_document_without_its_control_file_goes_by_its_name_after_the_deadline(site: Site) -> None:
    stage = intake(site)
    drop(site, "3035550123_x.pdf")
    look(site, stage)
    look(site, stage, DEADLINE - 2)
    assert waiting(site) == ["3035550123_x.pdf"]
    look(site, stage, 2.0)
    route(site)
    assert site.claimed().number == "+13035550123"


def test_without_either_it_fails_and_says_that_no_control_file_came(site: Site) -> None:
    stage = intake(site)
    drop(site, "scan.pdf")
    look(site, stage)
    look(site, stage, DEADLINE)
    route(site)
    assert len(reasons(site)) == 1
    assert "no control file came with it" in reasons(site)[0]


@pytest.mark.parametrize(
    ("asks", "missing"),
    [
        ({"to": NUMBER}, "no document called a.pdf"),
        ({"to": NUMBER, "documents": ["b.pdf", "c.pdf"]}, "c.pdf did not come"),
    ],
)
def test_a_control_file_without_its_documents_fails_and_names_what_is_missing(
    site: Site, asks: dict[str, Any], missing: str
) -> None:
    stage = intake(site, asks=dialects("request"))
    drop(site, "a.json", asks)
    drop(site, "b.pdf")
    look(site, stage)
    look(site, stage, DEADLINE - 2)
    assert waiting(site) == ["a.json", "b.pdf"]
    look(site, stage, 2.0)
    assert waiting(site) == []
    assert any(missing in reason for reason in reasons(site))
    report(site)
    assert "a.json" in site.shown("failed")


def test_several_documents_in_their_order_for_several_recipients(site: Site) -> None:
    stage = intake(site)
    both = {"to": [NUMBER, {"number": "303 555 0124", "reference": "2"}], "documents": ["z.pdf", "b.pdf"]}
    for name in ("b.pdf", "z.pdf"):
        drop(site, name)
    drop(site, "job.json", both)
    look(site, stage)
    route(site)
    first, second = site.claimed(), site.claimed()
    assert [d.name for d in first.documents] == [d.name for d in second.documents] == ["z.pdf", "b.pdf"]
    assert (first.number, second.number) == (NUMBER, "+13035550124")


def test_a_reused_name_is_a_new_job(site: Site) -> None:
    stage = intake(site)
    for text in ("one", "two"):
        drop(site, "a.pdf", pdf_bytes(text=text))
        drop(site, "a.json", {"to": NUMBER})
        look(site, stage)
    assert [name for name, _ in taken(site)] == ["a.json", "a.json"]
    first, second = (d.documents[0].sha256 for d in site.journal.to_route(10))
    assert first != second


def test_two_documents_with_its_name_are_one_too_many(site: Site) -> None:
    drop(site, "a.pdf")
    drop(site, "a.txt", "text")
    drop(site, "a.json", {"to": NUMBER})
    intake(site).step()
    (reason,) = reasons(site)
    assert "a.pdf and a.txt both have its name" in reason
    report(site)
    assert set(site.shown("failed")) >= {"a.pdf", "a.txt", "a.json"}
    assert site.leftovers() == []


def test_a_control_file_that_is_wrong_takes_its_document_along_to_where_people_look(site: Site) -> None:
    drop(site, "a.pdf")
    drop(site, "a.json", '{"too": 1}')
    intake(site).step()
    (reason,) = reasons(site)
    assert reason.startswith("a.json: ")
    assert "too: is not known here" in reason
    report(site)
    assert site.shown("failed") == ["a.json", "a.pdf", "a.result.json"]
    assert site.leftovers() == []


# -- where documents may come from


def outside(site: Site, written: str, reach: Reach | None = None) -> None:
    drop(site, "a.json", {"to": NUMBER, "documents": [written]})
    intake(site, reach=reach).step()


def test_a_document_from_a_root_is_read_and_left_there(site: Site) -> None:
    store = site.place / "store"
    store.mkdir()
    (store / "x.pdf").write_bytes(pdf_bytes(text="store"))
    outside(site, "S:\\out\\x.pdf", Reach((store,), {"s:\\out": str(store)}))
    route(site)
    assert [d.name for d in site.claimed().documents] == ["x.pdf"]
    assert (store / "x.pdf").exists()


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("../secret.pdf", "goes upwards"),
        ("/etc/passwd", "outside of the folders"),
        ("C:\\x.pdf", "another machine"),
        ("\\\\server\\share\\x.pdf", "another machine"),
        ("sub/link/x.pdf", "symbolic link"),
        (".faxdaemon/mark", "hidden"),
        ("a\0b.pdf", "without a name"),
    ],
)
def test_a_document_from_elsewhere_is_refused(site: Site, written: str, why: str) -> None:
    away = site.place / "away"
    away.mkdir()
    (away / "x.pdf").write_bytes(pdf_bytes())
    (site.place / "secret.pdf").write_bytes(pdf_bytes())
    (site.out / "sub").mkdir()
    (site.out / "sub" / "link").symlink_to(away)
    outside(site, written)
    (reason,) = reasons(site)
    assert why in reason
    assert not any("secret" in name for name in site.spooled())


def test_a_folder_that_becomes_a_link_after_it_was_looked_at_leads_nowhere(site: Site) -> None:
    """Who may write into a drop folder may do so at any moment."""
    away = site.place / "away"
    away.mkdir()
    (away / "x.pdf").write_bytes(pdf_bytes(text="secret"))
    (site.out / "sub").mkdir()
    (site.out / "sub" / "x.pdf").write_bytes(pdf_bytes())
    drop(site, "a.json", {"to": NUMBER, "documents": ["sub/x.pdf"]})

    def swapped(real: Any, *args: Any, **kwargs: Any) -> Any:
        if not (site.out / "sub").is_symlink():
            (site.out / "sub").rename(site.place / "sub")
            (site.out / "sub").symlink_to(away)
        return real(*args, **kwargs)

    stage = intake(site, files=Faulty(site.files, copy_new=[swapped, swapped]))
    stage.step()
    assert site.spooled() == []
    site.later(60.0)
    stage.step()
    told = reasons(site)
    assert len(told) == 2  # the link was dropped, too
    assert all("symbolic link" in reason for reason in told)


# -- crashes


def test_a_crash_between_two_claims_is_completed_under_the_same_id(site: Site) -> None:
    drop(site, "a.pdf")
    drop(site, "a.json", {"to": NUMBER})

    def one_only(real: Any, moves: Any) -> None:
        real(moves[:1])
        raise Crash

    with pytest.raises(Crash):
        intake(site, files=Faulty(site.files, move=[one_only])).step()
    assert waiting(site) == ["a.pdf"]
    (claim,) = [path.name for path in site.places.claims.iterdir()]
    site.restart()
    intake(site).step()
    assert taken(site) == BOTH
    assert site.journal.to_route(10)[0].fax_id == claim
    assert waiting(site) == []


def test_a_document_that_cannot_be_claimed_now_is_claimed_later(site: Site) -> None:
    drop(site, "a.pdf")
    drop(site, "a.json", {"to": NUMBER})

    def one_only(real: Any, moves: Any) -> None:
        real(moves[:1])
        raise FilesError("locked")

    locked = FilesError("locked")
    stage = intake(site, files=Faulty(site.files, move=[one_only, locked, locked]))
    stage.step()
    stage.step()
    assert waiting(site) == ["a.pdf"]
    assert taken(site) == []
    look(site, stage, TROUBLE)
    assert taken(site) == BOTH


def crashed_after_the_control_file(site: Site) -> None:
    def one_only(real: Any, moves: Any) -> None:
        real(moves[:1])
        raise Crash

    with pytest.raises(Crash):
        intake(site, files=Faulty(site.files, move=[one_only])).step()
    site.restart()
    intake(site).step()


def test_what_a_crash_left_of_a_refused_drop_is_not_faxed_by_its_name(site: Site) -> None:
    drop(site, "3035550188_x.pdf")
    drop(site, "3035550188_x.json", '{"too": 1}')
    crashed_after_the_control_file(site)
    assert waiting(site) == []
    assert taken(site) == []
    report(site)
    assert site.shown("failed") == ["3035550188_x.json", "3035550188_x.pdf", "3035550188_x.result.json"]


def test_several_documents_are_completed_after_a_crash(site: Site) -> None:
    for name in ("z.pdf", "b.pdf"):
        drop(site, name)
    drop(site, "job.json", {"to": NUMBER, "documents": ["z.pdf", "b.pdf"]})
    crashed_after_the_control_file(site)
    assert [[name for name, _ in files] for _, files in taken(site)] == [["z.pdf", "b.pdf", "job.json"]]


def test_no_document_is_claimed_without_its_control_file(site: Site) -> None:
    """It would be faxed by its name, to another number perhaps."""
    drop(site, "3035550188_x.pdf")
    drop(site, "3035550188_x.json", {"to": NUMBER})
    locked = Path(site.out / "3035550188_x.json")

    def all_but_it(real: Any, moves: Any) -> None:
        if any(source == locked for source, _ in moves):
            raise FilesError("locked")
        real(moves)

    stage = intake(site, files=Faulty(site.files, move=[all_but_it] * 4))
    stage.step()
    assert waiting(site) == ["3035550188_x.json", "3035550188_x.pdf"]
    assert taken(site) == []
    look(site, stage, TROUBLE)
    look(site, stage, TROUBLE)
    look(site, stage, TROUBLE)
    assert [name for name, _ in taken(site)] == ["3035550188_x.json"]


def test_a_crash_before_the_row_copies_again_and_takes_it_once(site: Site) -> None:
    drop(site, "a.pdf")
    drop(site, "a.json", {"to": [NUMBER]})
    with pytest.raises(Crash):
        intake(site, files=Faulty(site.files, sync=[None, None, Crash()])).step()
    site.restart()
    stage = intake(site)
    stage.step()
    look(site, stage)
    assert taken(site) == BOTH


# -- the answer


def test_everything_that_was_dropped_is_put_before_people_with_one_answer(site: Site) -> None:
    for name in ("z.pdf", "b.pdf"):
        drop(site, name)
    drop(site, "job.json", {"to": NUMBER, "documents": ["z.pdf", "b.pdf"], "fields": {"case": "9"}})
    intake(site).step()
    route(site)
    site.journal.refused(site.claimed(), "blocked")
    report(site)
    assert site.shown("failed") == ["b.pdf", "job.json", "job.result.json", "z.pdf"]
    answer = json.loads((site.out / "failed" / "job.result.json").read_text())
    assert (answer["fields"], [d["name"] for d in answer["documents"]]) == ({"case": "9"}, ["z.pdf", "b.pdf"])
    assert site.leftovers() == []


TWO = f"%%[MESSAGE]\nFAX: {NUMBER}\n%%[FILE]\na.pdf\n%%[MESSAGE]\nFAX: {NUMBER}\n%%[FILE]\nb.pdf\n"


@pytest.mark.parametrize(
    ("content", "why", "again"),
    [("%%[MESSAGE]\nX: 1", "line 2", "X: 1"), (TWO, "b.pdf did not come", "%%[FILE]\nb.pdf")],
)
def test_what_cannot_be_followed_is_answered_as_its_asker_knows_it(
    site: Site, content: str, why: str, again: str
) -> None:
    """Not as the folder's first dialect would; and the answer, left in the drop folder, is no drop."""
    asks = dialects("filename", "gfi_text", "zetafax")
    stage = intake(site, asks=asks)
    drop(site, "JOB.SUB", content)
    drop(site, "a.pdf")
    look(site, stage)
    look(site, stage, DEADLINE)
    assert any(why in reason for reason in reasons(site))
    report(site, asks)
    (answer,) = (path for path in site.out.iterdir() if path.name.lower().endswith(".err"))
    assert why in answer.read_text()
    assert again in answer.read_text()
    assert answer.read_text().count("%%[MESSAGE]") == 1, "only what was not sent is to be asked again"
    before = [name for name, _ in taken(site)]
    look(site, stage, DEADLINE)
    look(site, stage, DEADLINE)
    assert answer.exists()
    assert [name for name, _ in taken(site)] == before


def test_an_answer_may_have_a_name_of_its_own(site: Site) -> None:
    asks = dialects("retarus")
    stage = intake(site, asks=asks)
    file = "<fax-file-list><fax-file>a.pdf</fax-file></fax-file-list>"
    address = f"<fax-address><fax-number>{NUMBER}</fax-number></fax-address>"
    drop(site, "a.pdf")
    drop(site, "job1.xml", f"<jobs><fax>{file}<distribution-list>{address}</distribution-list></fax></jobs>")
    look(site, stage)
    route(site, asks)
    site.journal.refused(site.claimed(), "blocked")
    report(site, asks)
    assert "<status>FAILED</status>" in (site.out / "rep1.xml").read_text()
    look(site, stage, DEADLINE)
    look(site, stage, DEADLINE)
    assert waiting(site) == ["rep1.xml"]


def test_a_held_job_that_is_moved_back_whole_is_sent_again(site: Site) -> None:
    drop(site, "a.pdf")
    drop(site, "a.json", {"to": NUMBER})
    stage = intake(site)
    stage.step()
    route(site)
    submission = site.claimed()
    site.journal.lost(submission, "time-out", 0.0)
    (claimed,) = site.journal.claim_uncertain("main", 1, 60.0)
    site.journal.given_up(claimed, "nothing can tell")
    report(site)
    assert site.shown("held") == ["a.json", "a.pdf", "a.result.json"]
    for name in ("a.pdf", "a.json"):
        (site.out / "held" / name).rename(site.out / name)
    look(site, stage)
    assert site.state_of(submission.fax_id) == "cancelled"
    assert site.shown("held") == []
    assert taken(site) == BOTH
