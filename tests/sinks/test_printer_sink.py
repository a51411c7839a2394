"""The printer sink on a print server of the test's own: on paper once, whatever dies, forgets or refuses."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PIL import Image
from pydantic import ValidationError
from support.clock import FakeClock
from support.papers import pdf_bytes
from support.scripted import listed
from support.sinking import sink_tools
from support.spooling import Spooled

from faxdaemon.contracts.sink import Waiting
from faxdaemon.core.errors import FilesError, SinkOffline, Undeliverable
from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import InboundFax, StoredDocument
from faxdaemon.printing.reasons import in_words
from faxdaemon.printing.spooler import State
from faxdaemon.sinks.printer import SLOW, STUCK, TRIES, Options, PrinterSink

ID = FaxId("01jd6e0000000000000000000a")
OTHER = FaxId("01jd6e0000000000000000000b")


def tiff(pages: int = 3) -> bytes:
    images = [Image.new("1", (1728, 1100), 1) for _ in range(pages)]
    room = io.BytesIO()
    images[0].save(room, "TIFF", compression="group4", dpi=(204, 98), save_all=True, append_images=images[1:])
    return room.getvalue()


class Desk:
    """One sink, its server, and a fax for it."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.spooled = Spooled()
        self.clock = FakeClock()
        self.options: dict[str, Any] = {"printer": "laser"}
        self.sink = self.restart()

    def restart(self, **options: Any) -> PrinterSink:
        """A new process."""
        self.options |= options
        tools = sink_tools(self.place / "work", clock=self.clock)
        self.sink = PrinterSink("main:other:printer", Options(**self.options), tools, lambda _: self.spooled)
        return self.sink

    def staged(self, content: bytes | None = None, media: str = "application/pdf", fax: FaxId = ID) -> dict[str, Any]:
        content = pdf_bytes(pages=2) if content is None else content
        document = self.place / "document"
        document.write_bytes(content)
        stored = StoredDocument("in/x", len(content), hashlib.sha256(content).hexdigest(), media, 2)
        now = datetime(2026, 11, 20, 9, tzinfo=UTC)
        return self.sink.stage(InboundFax(fax, "main", 1, listed(), now, 0, stored), document)

    def go(self, plan: Mapping[str, Any]) -> Waiting:
        waiting = self.sink.publish(plan)
        assert waiting is not None
        return waiting

    def begun(self) -> Mapping[str, Any]:
        return self.go(self.staged()).plan

    def filled(self) -> Mapping[str, Any]:
        return self.go(self.begun()).plan


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


# -- the plain way


def test_a_fax_is_begun_then_handed_over_then_followed_until_it_is_printed(desk: Desk) -> None:
    plan = desk.staged()
    first = desk.go(plan)
    assert desk.spooled.paper == [], "an empty job prints nothing"
    assert (first.plan["step"], first.plan["job"], first.delay, first.trouble) == ("begun", 1, 0.0, None)
    second = desk.go(first.plan)
    assert desk.spooled.paper == [(desk.spooled.names[1], 2)]
    assert second.delay == 1.0
    desk.spooled.becomes(1, State.PRINTING)
    desk.clock.advance(30)
    third = desk.go(second.plan)
    assert third.delay == 3.0, "not asked more often than a tenth of its age"
    assert Path(plan["file"]).exists()
    desk.spooled.becomes(1, State.COMPLETED)
    assert desk.sink.publish(third.plan) is None
    assert not Path(plan["file"]).exists()
    assert len(desk.spooled.paper) == 1


def test_handed_over_is_not_printed(desk: Desk) -> None:
    plan = desk.filled()
    for state in (State.WAITING, State.HELD, State.PRINTING, State.STOPPED):
        desk.spooled.becomes(1, state)
        assert desk.go(plan).delay >= 1.0


def test_a_tiff_is_handed_over_as_a_pdf_with_every_page(desk: Desk) -> None:
    plan = desk.staged(tiff(3), "image/tiff")
    with pypdfium2.PdfDocument(Path(plan["file"])) as document:
        sizes = [[round(side) for side in document.get_page_size(page)] for page in range(len(document))]
    assert sizes == [[round(1728 / 204 * 72), round(1100 / 98 * 72)]] * 3
    desk.go(desk.go(plan).plan)
    assert [pages for _, pages in desk.spooled.paper] == [3]


def test_the_job_is_told_what_is_configured(desk: Desk) -> None:
    desk.begun()
    assert desk.spooled.options[1] == {"print-scaling": "fit", "copies": "1"}
    more = {"number-up": 2, "output-bin": "fax", "job-hold": True}
    desk.restart(copies=3, media="A4", duplex="long-edge", pages="as_received", options=more)
    desk.begun()
    assert desk.spooled.options[2] == {
        "print-scaling": "none",
        "copies": "3",
        "media": "A4",
        "sides": "two-sided-long-edge",
        "number-up": "2",
        "output-bin": "fax",
        "job-hold": "true",
    }


def test_the_name_of_a_job_tells_the_fax_and_is_never_used_again(desk: Desk) -> None:
    """A fax that a person releases is staged again and printed, whatever became of its first job."""
    names = {desk.spooled.names[desk.begun()["job"]] for _ in range(3)}
    assert len(names) == 3
    assert all(name.startswith(f"fax {ID} ") for name in names)


@pytest.mark.parametrize(
    ("content", "media"),
    [
        (tiff()[:8], "image/tiff"),
        (b"%PDF-1.4 cut", "application/pdf"),
        (b"?", "application/octet-stream"),
    ],
)
def test_what_cannot_be_printed_is_told_and_not_handed_over(desk: Desk, content: bytes, media: str) -> None:
    with pytest.raises(Undeliverable, match=r"cannot be printed.*in/x"):
        desk.staged(content, media)
    assert desk.spooled.asked == []


def test_a_fax_without_document_is_told(desk: Desk) -> None:
    now = datetime(2026, 11, 20, 9, tzinfo=UTC)
    with pytest.raises(FilesError, match="no document"):
        desk.sink.stage(InboundFax(ID, "main", 1, listed(), now, 0, None), desk.place / "document")


# -- a process is gone


def test_an_empty_job_of_a_dead_process_is_ended_and_another_one_printed(desk: Desk) -> None:
    plan = desk.begun()
    desk.restart()
    again = desk.go(plan)
    assert desk.spooled.jobs[1].state is State.CANCELED, "what was still on its way to it finds it closed"
    assert again.plan["step"] == "staged"
    desk.go(desk.go(again.plan).plan)
    assert desk.spooled.paper == [(desk.spooled.names[2], 2)]


def test_a_job_that_a_dead_process_filled_is_followed(desk: Desk) -> None:
    plan = desk.begun()
    desk.go(plan)
    desk.restart()
    assert desk.go(plan).plan["job"] == 1
    assert len(desk.spooled.paper) == 1


def test_a_document_that_arrives_while_its_job_is_ended_is_seen(desk: Desk) -> None:
    plan = desk.begun()
    desk.restart()

    def late(number: int) -> None:
        desk.spooled.becomes(number, State.CANCELED, empty=False)

    desk.spooled.discard = late  # type: ignore[method-assign] # the dead process's bytes come just before
    with pytest.raises(Undeliverable, match="may be on paper"):
        desk.go(plan)


@pytest.mark.parametrize("step", ["begun", "filled"])
def test_a_job_that_the_queue_has_forgotten_is_never_printed_again(desk: Desk, step: str) -> None:
    plan = desk.begun() if step == "begun" else desk.filled()
    desk.spooled.jobs.clear()
    desk.restart()
    with pytest.raises(Undeliverable, match=r"job 1 of printer laser is no longer known.*may be on paper"):
        desk.go(plan)


def test_a_number_that_now_belongs_to_another_job_is_not_ours(desk: Desk) -> None:
    plan = desk.filled()
    desk.spooled.names[1] = "a letter of somebody's"
    desk.spooled.becomes(1, State.COMPLETED)
    with pytest.raises(Undeliverable, match="no longer known"):
        desk.go(plan)


def test_an_empty_job_that_vanished_before_anybody_tried_to_fill_it_is_simply_made_anew(desk: Desk) -> None:
    plan = desk.begun()
    desk.spooled.jobs.clear()
    again = desk.go(plan)
    assert (again.plan["step"], again.plan["tries"]) == ("staged", 2)


def test_a_fax_stays_with_the_printer_that_has_it_when_another_is_configured(desk: Desk) -> None:
    plan = desk.filled()
    desk.restart(printer="inkjet", server="elsewhere")
    desk.spooled.becomes(1, State.COMPLETED)
    assert (plan["printer"], plan["server"]) == ("laser", None)
    assert desk.sink.publish(plan) is None


@pytest.mark.parametrize("act", ["begin", "fill", "look"])
def test_a_server_that_is_away_is_told_and_asked_again(desk: Desk, act: str) -> None:
    plan = desk.staged() if act == "begin" else desk.begun() if act == "fill" else desk.filled()
    desk.spooled.away = True
    with pytest.raises(SinkOffline, match="cannot be reached"):
        desk.go(plan)
    desk.spooled.away = False
    for _ in range(4):
        plan = desk.go(plan).plan
    assert len(desk.spooled.paper) == 1


def test_a_server_that_forgets_what_it_printed_gets_nothing(desk: Desk) -> None:
    desk.spooled.history = False
    with pytest.raises(SinkOffline, match="PreserveJobHistory"):
        desk.go(desk.staged())
    assert desk.spooled.names == {}
    desk.spooled.history = True
    desk.begun()
    desk.begun()
    assert desk.spooled.asked.count("remembers") == 2, "it is asked until it does, and not for each fax"


def test_a_pdf_that_somebody_cleared_away_is_told(desk: Desk) -> None:
    plan = desk.staged()
    Path(plan["file"]).unlink()
    with pytest.raises(Undeliverable, match="release the fax"):
        desk.go(plan)
    assert desk.spooled.names == {}


# -- what becomes of a job


def test_a_job_that_somebody_cancelled_is_not_printed_again(desk: Desk) -> None:
    plan = desk.filled()
    desk.spooled.becomes(1, State.CANCELED, message="Print job canceled at printer.")
    with pytest.raises(Undeliverable, match=r"cancelled there \(“Print job canceled at printer.”\); pages may be"):
        desk.go(plan)


def test_a_job_that_was_given_up_before_the_first_sheet_is_printed_again_later(desk: Desk) -> None:
    plan = desk.filled()
    desk.clock.advance(100)
    desk.spooled.becomes(1, State.ABORTED, message="Filter failed")
    again = desk.go(plan)
    assert 100 <= again.delay <= 120
    assert "Filter failed" in (again.trouble or "")
    desk.go(desk.go(again.plan).plan)
    assert [name for name, _ in desk.spooled.paper] == [desk.spooled.names[1], desk.spooled.names[2]]
    assert desk.spooled.names[1] != desk.spooled.names[2]


def test_a_job_that_was_given_up_after_a_sheet_is_held(desk: Desk) -> None:
    plan = desk.filled()
    desk.spooled.becomes(1, State.ABORTED, sheets=1)
    with pytest.raises(Undeliverable, match="may be on paper"):
        desk.go(plan)


def test_a_job_that_is_always_given_up_is_held_in_the_end(desk: Desk) -> None:
    plan: Mapping[str, Any] = desk.staged()
    for number in range(1, TRIES):
        plan = desk.go(desk.go(plan).plan).plan
        desk.spooled.becomes(number, State.ABORTED)
        plan = desk.go(plan).plan
    plan = desk.go(desk.go(plan).plan).plan
    desk.spooled.becomes(TRIES, State.ABORTED)
    with pytest.raises(Undeliverable, match="nothing was printed"):
        desk.go(plan)


# -- telling


def test_what_the_printer_says_is_told_at_each_step(desk: Desk) -> None:
    desk.spooled.says = "printer laser: it has no paper"
    plan: Mapping[str, Any] = desk.staged()
    for _ in range(3):
        waiting = desk.go(plan)
        assert waiting.trouble == "printer laser: it has no paper"
        plan = waiting.plan
    desk.spooled.says = None
    assert desk.go(plan).trouble is None


@pytest.mark.parametrize(("state", "after"), [(State.PRINTING, SLOW), (State.STOPPED, SLOW), (State.WAITING, STUCK)])
def test_a_job_that_does_not_get_on_is_told(desk: Desk, state: State, after: float) -> None:
    plan = desk.filled()
    desk.spooled.becomes(1, state, message="The printer may not exist")
    desk.clock.advance(after - 1)
    assert desk.go(plan).trouble is None
    desk.clock.advance(1)
    assert desk.go(plan).trouble == "printer laser does not get on (“The printer may not exist”)"
    assert desk.go(desk.staged(fax=OTHER)).trouble, "another fax that has just begun does not end it"
    desk.spooled.becomes(1, State.COMPLETED)
    assert desk.sink.publish(plan) is None
    assert desk.go(desk.staged()).trouble is None


def test_a_job_that_somebody_holds_is_told(desk: Desk) -> None:
    plan = desk.filled()
    desk.spooled.becomes(1, State.HELD)
    assert "lp -i 1 -H resume" in (desk.go(plan).trouble or "")


@pytest.mark.parametrize(
    ("reasons", "words"),
    [
        (["none"], []),
        (["media-empty-error", "media-empty"], ["it has no paper"]),
        (["toner-low-warning", "media-low-report", "connecting-to-device"], []),
        (["toner-empty-warning"], []),
        (["toner-empty-error"], ["it has no toner"]),
        (["offline-report"], ["it is offline"]),
        (["paused"], ["it is stopped"]),
        (["door-open-error", "stapler-on-fire-error"], ["a door is open", "it says “stapler-on-fire”"]),
    ],
)
def test_reasons_of_printers_in_words(reasons: list[str], words: list[str]) -> None:
    assert in_words(reasons) == words


# -- options


@pytest.mark.parametrize("wrong", [{}, {"printer": ""}, {"printer": "a/b"}, {"copies": 0}, {"duplex": "both"}])
def test_wrong_options_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Options(**({"printer": "laser"} if wrong and "printer" not in wrong else {}), **wrong)


def test_a_stage_that_dies_while_making_the_pdf_makes_it_again(desk: Desk) -> None:
    first = desk.staged(tiff(1), "image/tiff")
    second = desk.staged(tiff(3), "image/tiff")
    assert [str(path) for path in (desk.place / "work").iterdir()] == [second["file"]], "nothing is left behind"
    assert first["name"] != second["name"]
    desk.go(desk.go(second).plan)
    assert [pages for _, pages in desk.spooled.paper] == [3]
