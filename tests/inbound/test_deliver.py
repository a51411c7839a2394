"""Delivering: each fax once to each sink, a commit between staging and showing; a sink that is down waits alone."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.papers import pdf_bytes
from support.scripted import Crash, Faulty, Site, listed

from faxdaemon.contracts.journal import Filter
from faxdaemon.contracts.stage import NOTHING_DUE
from faxdaemon.core.errors import FilesError, FolderOffline, JournalError
from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import InboundFax, StoredDocument
from faxdaemon.inbound.deliver import WITHIN, DeliverStage
from faxdaemon.sinks.folder import Options, open_sink


class Sink:
    """A sink that writes down what is done with it."""

    def __init__(self, key: str = "desk", *faults: BaseException | None) -> None:
        self.key = key
        self.acts: list[tuple[str, Any]] = []
        self.faults: deque[BaseException | None] = deque(faults)

    def _act(self, name: str, argument: Any) -> None:
        fault = self.faults.popleft() if self.faults else None
        if fault is not None:
            raise fault
        self.acts.append((name, argument))

    def stage(self, fax: InboundFax, document: Path) -> Mapping[str, Any]:
        self._act("stage", document.read_bytes())
        return {"id": fax.fax_id}

    def publish(self, plan: Mapping[str, Any]) -> None:
        self._act("publish", plan["id"])


def deliver(site: Site, sink: Any, **parts: Any) -> DeliverStage:
    journal = parts.pop("journal", site.journal)
    return DeliverStage(sink, site.spool, journal=journal, clock=site.clock, alert=site.alerts)


def stored(site: Site, provider_id: str = "in-1", *, sinks: tuple[str, ...] = ("desk",)) -> FaxId:
    """A received fax in our spool, for these sinks."""
    content = pdf_bytes(text=provider_id)
    site.later(1)
    site.journal.seen("main", [listed(provider_id)])
    (fax,) = site.journal.claim_seen("main", 1, 60.0)
    name = site.spool.name("in", fax.fax_id, 1, ".pdf")
    path = site.spool.path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    written = site.files.write_new(path, [content])
    document = StoredDocument(name, written.size, written.sha256, "application/pdf", 1)
    assert site.journal.stored(fax, document, list(sinks))
    return FaxId(fax.fax_id)


def state(site: Site, fax: FaxId) -> str:
    (row,) = [row for row in site.journal.find(Filter(direction="in")) if row.fax_id == fax]
    return str(row.state)


def deliveries(site: Site, fax: FaxId) -> dict[str, str]:
    return {each["sink"]: each["state"] for each in site.journal.life(fax).facts["deliveries"]}


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


@pytest.mark.parametrize("faults", [[FolderOffline("not mounted")], [None, FilesError("share gone")]])
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


def test_a_bug_is_told_and_tried_again_and_stops_nothing(site: Site) -> None:
    stored(site)
    sink = Sink("desk", ValueError("a bug of ours"))
    stage = deliver(site, sink)
    assert stage.step() == 0.0
    assert "ValueError" in site.alerts.open["sink:desk"]
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
    assert list(site.alerts.open) == ["sink:desk"]
    assert [path for path in desk.iterdir() if path.is_file()] == []


def test_a_broken_journal_passes_through(site: Site) -> None:
    stored(site)
    sink = Sink()
    with pytest.raises(JournalError):
        deliver(site, sink, journal=Faulty(site.journal, delivering=[JournalError("disk")])).step()
    assert [name for name, _ in sink.acts] == ["stage"], "without a recorded plan nothing is shown"


def test_nothing_to_do(site: Site) -> None:
    assert deliver(site, Sink()).step() == NOTHING_DUE
