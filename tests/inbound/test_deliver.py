"""Delivering: each fax once to each sink, in order, a commit between staging and showing; a sink that is down waits
alone.  What is optional, handed over or a person's affair: `test_deliver_ends`."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Mapping
from typing import Any

import pytest
from support.delivering import Sink, deliver, deliveries, state, stored
from support.papers import pdf_bytes
from support.scripted import Crash, Faulty, Site

from faxdaemon.contracts.stage import NOTHING_DUE
from faxdaemon.core.errors import FilesError, FolderOffline, JournalError, SinkOffline
from faxdaemon.inbound.deliver import WITHIN
from faxdaemon.sinks.folder import Options, open_sink

# -- the plain way


def test_a_stored_fax_is_staged_shown_and_delivered(site: Site) -> None:
    fax = stored(site)
    sink = Sink()
    stage = deliver(site, sink)
    assert stage.step() == 0.0
    assert sink.acts == [("stage", pdf_bytes(text="in-1")), ("publish", fax)]
    assert state(site, fax) == "delivered"
    assert stage.step() == NOTHING_DUE
    assert len(sink.acts) == 2


def test_the_plan_is_recorded_between_staging_and_showing(site: Site) -> None:
    fax = stored(site)
    seen: list[tuple[list[str], str]] = []
    sink = Sink()
    real = sink.publish

    def publish(plan: Mapping[str, Any]) -> None:
        seen.append(([name for name, _ in sink.acts], deliveries(site, fax)["desk"]))
        real(plan)

    sink.publish = publish  # type: ignore[method-assign] # to look at the journal at that very moment
    deliver(site, sink).step()
    assert seen == [(["stage"], "delivering")]


def test_the_oldest_first(site: Site) -> None:
    faxes = [stored(site, f"in-{n}") for n in range(3)]
    sink = Sink()
    stage = deliver(site, sink)
    for _ in faxes:
        stage.step()
    assert [fax for name, fax in sink.acts if name == "publish"] == faxes


def test_the_fax_is_delivered_with_its_last_sink(site: Site) -> None:
    fax = stored(site, sinks=("desk", "printer"))
    deliver(site, Sink("desk")).step()
    assert state(site, fax) == "stored"
    assert deliveries(site, fax) == {"desk": "done", "printer": "pending"}
    deliver(site, Sink("printer")).step()
    assert state(site, fax) == "delivered"


# -- crashes


def test_a_crash_while_staging_stages_again(site: Site) -> None:
    fax = stored(site)
    with pytest.raises(Crash):
        deliver(site, Sink("desk", Crash())).step()
    site.restart()
    site.later(WITHIN)
    sink = Sink()
    deliver(site, sink).step()
    assert [name for name, _ in sink.acts] == ["stage", "publish"]
    assert state(site, fax) == "delivered"


def test_a_crash_before_the_plan_is_recorded_stages_again(site: Site) -> None:
    stored(site)
    with pytest.raises(Crash):
        deliver(site, Sink(), journal=Faulty(site.journal, delivering=[Crash()])).step()
    site.restart()
    site.later(WITHIN)
    sink = Sink()
    deliver(site, sink).step()
    assert [name for name, _ in sink.acts] == ["stage", "publish"]


def test_a_crash_between_stage_and_publish_publishes_by_the_recorded_plan(site: Site) -> None:
    fax = stored(site)
    with pytest.raises(Crash):
        deliver(site, Sink("desk", None, Crash())).step()
    site.restart()
    site.later(WITHIN)
    sink = Sink()
    deliver(site, sink).step()
    assert sink.acts == [("publish", fax)], "staging again would show it twice"
    assert state(site, fax) == "delivered"


def test_a_crash_before_the_end_is_recorded_publishes_again_which_is_harmless(site: Site) -> None:
    """With the real folder: a reader who took the fax meanwhile never sees it again."""
    desk = site.place / "desk"
    desk.mkdir()
    sink = open_sink("desk", Options.model_validate({"path": desk}), site.sink_tools())
    fax = stored(site)
    with pytest.raises(Crash):
        deliver(site, sink, journal=Faulty(site.journal, delivery_done=[Crash()])).step()
    taken = [path for path in desk.iterdir() if path.is_file()]
    assert len(taken) == 2
    for path in taken:
        path.unlink()
    site.restart()
    site.later(WITHIN)
    deliver(site, sink).step()
    assert [path for path in desk.iterdir() if path.is_file()] == []
    assert state(site, fax) == "delivered"


def test_a_late_claimant_shows_nothing(site: Site) -> None:
    """It slept while staging; somebody else has the delivery now."""
    fax = stored(site)
    slow, quick = Sink(), Sink()

    def slept(real: Any, work: Any, plan: Any) -> Any:
        site.later(WITHIN)
        deliver(site, quick).step()
        return real(work, plan)

    deliver(site, slow, journal=Faulty(site.journal, delivering=[slept])).step()
    assert [name for name, _ in slow.acts] == ["stage"]
    assert quick.acts[-1] == ("publish", fax)


# -- trouble


FULL = FilesError("no space left")
FULL.__cause__ = OSError(errno.ENOSPC, "no space left")


@pytest.mark.parametrize(
    "faults", [[FolderOffline("not mounted")], [SinkOffline("no queue")], [None, SinkOffline("gone")], [FULL]]
)
def test_a_sink_that_is_down_is_tried_again_told_once_and_told_over(site: Site, faults: list[Any]) -> None:
    fax = stored(site)
    sink = Sink("desk", *faults, *faults[-1:])
    stage = deliver(site, sink)
    for _ in range(2):
        assert stage.step() == 0.0
        assert state(site, fax) == "stored"
        assert 0 < stage.step() <= NOTHING_DUE, "not at once"
        site.later(800)
    assert site.alerts.told == ["sink:desk"]
    stage.step()
    assert state(site, fax) == "delivered"
    assert site.alerts.over == ["sink:desk"]
    assert [name for name, _ in sink.acts] == ["stage", "publish"], "what was staged is not staged again"
    told = [event for event in site.events(fax) if event == "postpone"]
    assert len(told) == 1, "the same trouble is one event"


def test_behind_a_sink_that_is_down_the_oldest_is_tried_and_the_order_kept(site: Site) -> None:
    faxes = [stored(site, f"in-{n}") for n in range(3)]
    sink = Sink("desk", *[FolderOffline("not mounted")] * 4)
    stage = deliver(site, sink)
    waits = []
    for _ in range(4):
        stage.step()
        waits.append(site.journal.next_delivery_due("desk"))
        assert stage.step() > 0, "nobody else is tried meanwhile"
        site.later(waits[-1])
    assert len(sink.faults) == 0
    assert {state for fax in faxes for state in deliveries(site, fax).values()} == {"pending"}
    assert waits == sorted(waits)
    assert waits[-1] > 2 * waits[0], "more and more rarely"
    late = stored(site, "in-3")
    for _ in range(4):
        assert stage.step() == 0.0
    assert [fax for name, fax in sink.acts if name == "publish"] == [*faxes, late]


def test_a_fax_that_cannot_be_delivered_by_its_own_fault_lets_the_others_go_on(site: Site) -> None:
    first, second = stored(site, "in-1"), stored(site, "in-2")
    sink = Sink("desk", FilesError("its content has changed in the spool"))
    stage = deliver(site, sink)
    stage.step()
    assert f"delivery:{first}:desk" in site.alerts.open
    stage.step()
    assert [fax for name, fax in sink.acts if name == "publish"] == [second]
    site.later(site.journal.next_delivery_due("desk"))
    stage.step()
    assert state(site, first) == "delivered"
    assert site.alerts.open == {}


def test_those_that_were_put_off_by_themselves_go_in_order_when_the_sink_was_down_since(site: Site) -> None:
    first = stored(site, "in-1")
    site.later(300)  # so that its own time is far later than that of the sink
    second = stored(site, "in-2")
    sink = Sink("desk", FilesError("odd"), FolderOffline("not mounted"))
    stage = deliver(site, sink)
    stage.step()
    stage.step()
    wait = site.journal.next_delivery_due("desk")
    assert wait < 10
    site.later(wait)
    for _ in range(2):
        stage.step()
    assert [fax for name, fax in sink.acts if name == "publish"] == [first, second]


def test_a_bug_is_told_and_tried_again_and_stops_nothing(site: Site) -> None:
    fax = stored(site)
    sink = Sink("desk", ValueError("a bug of ours"))
    stage = deliver(site, sink)
    assert stage.step() == 0.0
    assert "ValueError" in site.alerts.open[f"delivery:{fax}:desk"]
    assert "a bug of ours" not in str(site.alerts.said), "the log has it"
    wait = stage.step()
    assert 0 < wait < NOTHING_DUE
    site.later(wait)
    stage.step()
    assert [name for name, _ in sink.acts] == ["stage", "publish"]
    assert site.alerts.open == {}


def test_a_sink_that_is_down_delays_no_other(site: Site) -> None:
    fax = stored(site, sinks=("desk", "printer"))
    deliver(site, Sink("desk", FolderOffline("not mounted"))).step()
    deliver(site, Sink("printer")).step()
    assert deliveries(site, fax) == {"desk": "pending", "printer": "done"}


def test_a_document_that_the_spool_has_lost_is_told_and_not_delivered(site: Site) -> None:
    desk = site.place / "desk"
    desk.mkdir()
    fax = stored(site)
    shutil.rmtree(site.spool.root)
    stage = deliver(site, open_sink("desk", Options.model_validate({"path": desk}), site.sink_tools()))
    stage.step()
    assert state(site, fax) == "stored"
    assert list(site.alerts.open) == [f"delivery:{fax}:desk"]
    assert [path for path in desk.iterdir() if path.is_file()] == []


def test_a_broken_journal_passes_through(site: Site) -> None:
    stored(site)
    sink = Sink()
    with pytest.raises(JournalError):
        deliver(site, sink, journal=Faulty(site.journal, delivering=[JournalError("disk")])).step()
    assert [name for name, _ in sink.acts] == ["stage"], "without a recorded plan nothing is shown"


def test_nothing_to_do(site: Site) -> None:
    assert deliver(site, Sink()).step() == NOTHING_DUE
