"""A printer's delivery dies at every call to the queue and at every commit: the fax is on paper once, and delivered."""

from __future__ import annotations

import pytest
from support.dying import Dying
from support.papers import pdf_bytes
from support.scripted import Crash, Site, listed
from support.spooling import Spooled

from faxdaemon.contracts.journal import Filter
from faxdaemon.core.errors import SinkOffline
from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import StoredDocument
from faxdaemon.inbound.deliver import WITHIN, DeliverStage
from faxdaemon.printing.spooler import State
from faxdaemon.sinks.printer import Options, PrinterSink

COMMITS = ("delivering", "delivery_waiting", "delivery_done")
ACTS = ("remembers", "begin", "fill", "look", "discard", "trouble")
CALLS = {Crash: 10, SinkOffline: 6}
"""How many of them an undisturbed life has."""


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("fault", [Crash, SinkOffline])
def test_one_fax_is_on_paper_once(site: Site, fault: type[BaseException], done: bool) -> None:
    """`Crash`: the process is gone.  `SinkOffline`: only the answer is lost."""
    at = 0
    while True:
        at += 1
        dying = Dying(at, fault, done=done)
        fax = stored(site, f"in-{at}")
        printed = live(site, dying, commits=COMMITS if fault is Crash else ())
        (row,) = [row for row in site.journal.find(Filter(direction="in")) if row.fax_id == fax]
        assert (str(row.state), printed) == ("delivered", [2]), f"at call {at}"
        if dying.calls < at:
            break
    assert dying.calls == CALLS[fault], "nothing was left out"


def live(site: Site, dying: Dying, commits: tuple[str, ...]) -> list[int]:
    """Deliver what there is; how many pages were handed over, job by job."""
    spooled = Spooled()

    def process() -> DeliverStage:
        server = dying.of(spooled, *ACTS)
        sink = PrinterSink("desk", Options(printer="laser"), site.sink_tools(), lambda _: server)
        journal = dying.of(site.journal, *commits)
        return DeliverStage(sink, site.spool, journal=journal, clock=site.clock, alert=site.alerts)

    stage = process()
    for _ in range(12):
        for number, job in spooled.jobs.items():
            if job.state is State.WAITING:
                spooled.becomes(number, State.COMPLETED)
        try:
            stage.step()
        except Crash:
            site.restart()
            site.later(WITHIN)
            stage = process()
        site.later(30)
    return [pages for _, pages in spooled.paper]


def stored(site: Site, provider_id: str) -> FaxId:
    """A received fax of two pages in our spool."""
    site.later(1)
    site.journal.seen("main", [listed(provider_id)])
    (fax,) = site.journal.claim_seen("main", 1, 60.0)
    name = site.spool.name("in", fax.fax_id, 1, ".pdf")
    path = site.spool.path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    written = site.files.write_new(path, [pdf_bytes(pages=2)])
    assert site.journal.stored(fax, StoredDocument(name, written.size, written.sha256, "application/pdf", 2), ["desk"])
    return FaxId(fax.fax_id)
