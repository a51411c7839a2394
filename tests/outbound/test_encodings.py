"""A control file that can be read in several ways: where they do not give the same digits, a person decides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.papers import pdf_bytes
from support.scripted import Site, capabilities

from faxdaemon.contracts.format import BadRequest, FolderAsks, Papers
from faxdaemon.contracts.journal import Filter, Routed
from faxdaemon.core.model import Role
from faxdaemon.formats import filename, number_file, request
from faxdaemon.formats._text import Ambiguous, Undecided, decode
from faxdaemon.outbound.attachments import Attachments, Reach
from faxdaemon.outbound.choose import FolderRules
from faxdaemon.outbound.dialects import Dialects
from faxdaemon.outbound.grouping import Grouping
from faxdaemon.outbound.intake import Intake
from faxdaemon.outbound.readiness import Pace, Readiness
from faxdaemon.outbound.report import ReportStage

NUMBER = "+13035550123"
ASKED = f'to: "{NUMBER}"\nname: Dr. Lee\n'
PAIR = ("a.pdf", "a.yaml")


def dialects(encoding: str | None = None) -> Dialects:
    asks = FolderAsks("{number}_{name}", None, encoding=encoding)
    return Dialects([("request", request.open_format(asks)), ("filename", filename.open_format(asks))])


def take_in(site: Site, encoding: str | None = None) -> None:
    spoken = dialects(encoding)
    readiness = Readiness(
        Pace(settle=0.0, scan=1.0), site.places, files=site.files, documents=site.documents, clock=site.clock
    )
    attachments = Attachments(site.out, Reach(), files=site.files)
    grouping = Grouping(spoken, attachments, 300.0, files=site.files, documents=site.documents, clock=site.clock)
    intake = Intake(
        readiness,
        grouping,
        attachments,
        site.places,
        site.spool,
        files=site.files,
        journal=site.journal,
        clock=site.clock,
        alert=site.alerts,
    )
    site.later(1.0)
    intake.step()


def route(site: Site, encoding: str | None = None) -> None:
    rules = FolderRules(dialects(encoding), ("main",), "US", {}, 3600.0)
    site.routing(rules, {"main": capabilities()})[0].step()


def report(site: Site) -> None:
    ReportStage(
        site.places, site.spool, dialects=dialects(), files=site.files, journal=site.journal, alert=site.alerts
    ).step()


def drop(folder: Path, content: bytes) -> None:
    (folder / "a.pdf").write_bytes(pdf_bytes())
    (folder / "a.yaml").write_bytes(content)


@pytest.fixture
def held(site: Site) -> str:
    """A pair whose control file is EBCDIC, which nobody has said."""
    drop(site.out, ASKED.encode("cp037"))
    take_in(site)
    route(site)
    (row,) = site.journal.find(Filter())
    assert row.state == "held"
    return str(row.fax_id)


def test_it_is_held_and_the_reason_says_what_to_do(site: Site, held: str) -> None:
    assert site.reason(held).startswith("a.yaml: its digits depend on its encoding")
    assert "`encoding`" in site.reason(held)
    report(site)
    assert site.shown("held") == ["a.pdf", "a.result.json", "a.yaml"]
    assert site.events(held)[:2] == ["received", "hold"]


def test_moved_back_when_the_encoding_is_told_it_is_sent(site: Site, held: str) -> None:
    report(site)
    for name in PAIR:
        (site.out / "held" / name).rename(site.out / name)
    take_in(site, "cp037")
    route(site, "cp037")
    submission = site.claimed()
    assert (submission.number, submission.name) == (NUMBER, "Dr. Lee")
    assert site.state_of(held) == "cancelled"


def test_released_it_is_never_sent_in_part(site: Site, held: str) -> None:
    """Nobody knows which faxes it asks for: they are told apart where it is taken in."""
    site.journal.release(held)
    route(site)
    assert site.state_of(held) == "held"
    site.journal.release(held)
    route(site, "cp037")
    assert site.state_of(held) == "held"
    assert "move its files back" in site.reason(held)


def test_how_it_was_read_is_in_its_history(site: Site) -> None:
    drop(site.out, ASKED.replace("Lee", "Müller").encode("cp1252"))
    take_in(site)
    route(site)
    submission = site.claimed()
    assert submission.name == "Dr. Müller"
    (routed,) = [event for event in site.journal.life(submission.fax_id).events if event.event == "routed"]
    assert routed.note == "its control file was read as cp1252"


def test_what_is_not_as_the_folder_says_is_held_too(site: Site) -> None:
    drop(site.out, ASKED.replace("Lee", "Müller").encode("cp1252"))
    take_in(site, "utf-8")
    assert [document.role for document in site.journal.to_route(1)[0].documents] == [Role.DOCUMENT, Role.CONTROL]
    route(site, "utf-8")
    (row,) = site.journal.find(Filter())
    assert (row.state, row.reason) == ("held", "a.yaml: it is not utf-8: its byte 31 cannot be")


def test_a_decision_may_be_to_hold_without_a_route(site: Site) -> None:
    fax = site.received()
    with pytest.raises(ValueError, match="is to be held"):
        site.journal.route([Routed(fax)])
    site.journal.route([Routed(fax, hold="who knows", shown_number="303")])
    assert (site.state_of(fax), site.reason(fax)) == ("held", "who knows")


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        (b"3035550123", "utf-8"),
        ("Müller 3035550123".encode("cp1252"), "cp1252"),
        ("Müller 3035550123".encode("cp850"), "cp1252"),
        ("3035550123".encode("utf-16"), "utf-16"),
    ],
)
def test_where_all_give_the_same_digits_one_is_taken(raw: bytes, encoding: str) -> None:
    read = decode(raw)
    assert read.encoding == encoding
    assert "3035550123" in read.text


def test_ebcdic_is_ambiguous_until_it_is_told() -> None:
    raw = "TO 3035550123".encode("cp037")
    with pytest.raises(Ambiguous):
        decode(raw)
    assert decode(raw, "cp037").text == "TO 3035550123"
    with pytest.raises(Undecided):
        decode("ü".encode("cp1252"), "utf-8")


def test_a_number_in_a_file_of_its_own_is_held_in_the_same_way() -> None:
    dialect: Any = number_file.open_format(FolderAsks("{number}", None))
    found = dialect.read(Papers("a.txt", "3035550123".encode("cp037")))
    assert isinstance(found, BadRequest)
    assert found.hold
