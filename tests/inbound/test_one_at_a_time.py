"""An inbox that shows one fax at a time: nothing blocks it for ever, and nothing is acknowledged before it is ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from support.papers import pdf_bytes
from support.scripted import Crash, Faulty, Scripted, Site, capabilities, listed

from faxdaemon.contracts.journal import TURN, Filter
from faxdaemon.contracts.stage import NOTHING_DUE
from faxdaemon.core.errors import FilesError, ItemGone, ProviderTrouble
from faxdaemon.core.lines import OTHER, Lines
from faxdaemon.core.model import InboundFax, Listed, StoredDocument
from faxdaemon.inbound.acknowledge import AcknowledgeStage
from faxdaemon.inbound.deliver import DeliverStage
from faxdaemon.inbound.fetch import BLOCKS_AFTER, TRIES_BEFORE_KEPT, FetchStage, InboxRules

POLL = 3600.0
LINE = "+13035550100"
NOBODYS = "+13035550999"
GARBAGE = b"\x00\x01 this is no document"


class Queue:
    """A provider whose inbox shows the first fax only."""

    capabilities = capabilities(head_of_queue_inbox=True)

    def __init__(self, site: Site, *waiting: tuple[Listed, Any]) -> None:
        self.site = site
        self.waiting = list(waiting)
        self.listings = 0
        self.downloads = 0
        self.deaf = False
        """Acknowledging has no effect."""
        self.before: Callable[[Listed], object] = lambda _: None
        """Called when a fax is acknowledged."""

    def inbox(self) -> list[Listed]:
        self.listings += 1
        return [self.waiting[0][0]] if self.waiting else []

    def fetch(self, wanted: Listed, write: Callable[[bytes], object]) -> None:
        if not self.waiting or self.waiting[0][0].provider_id != wanted.provider_id:
            raise ItemGone("it shows another one")
        content = self.waiting[0][1]
        self.downloads += 1
        if isinstance(content, BaseException):
            raise content
        write(content)

    def acknowledge(self, done: Listed) -> None:
        self.before(done)
        if not self.deaf:
            self.waiting = [one for one in self.waiting if one[0].provider_id != done.provider_id]


class Desk:
    """A sink that remembers, unless it is away."""

    key = "desk"

    def __init__(self) -> None:
        self.got: list[tuple[str, bytes, str | None]] = []
        self.away = False

    def stage(self, fax: InboundFax, document: Path) -> Mapping[str, Any]:
        if self.away:
            raise FilesError("not mounted")
        assert fax.document is not None
        return {"name": fax.listed.provider_id, "path": str(document), "warning": fax.document.warning}

    def publish(self, plan: Mapping[str, Any]) -> None:
        self.got.append((plan["name"], Path(plan["path"]).read_bytes(), plan["warning"]))


class Line:
    """The stages of one account, driven by hand."""

    def __init__(
        self, site: Site, provider: Any, *, lines: Mapping[str, Sequence[str]], when_stored: bool = True
    ) -> None:
        self.site = site
        self.desk = Desk()
        common: dict[str, Any] = {"journal": site.journal, "clock": site.clock, "alert": site.alerts}
        asked = {**common, "provider": provider, "asking": site.asking()}
        rules = InboxRules("main", POLL, 100.0, Lines(lines), one_at_a_time=True)
        self.fetch = FetchStage(
            rules, site.spool, files=site.files, documents=site.documents, accounts=site.journal, **asked
        )
        self.stages = [
            self.fetch,
            DeliverStage(self.desk, site.spool, **common),
            AcknowledgeStage(rules, when_stored=when_stored, **asked),
        ]

    def run(self) -> float:
        """Until nothing is due; the seconds until something is."""
        for _ in range(1000):
            waits = [stage.step() for stage in self.stages]
            if all(waits):
                return min(waits)
        raise AssertionError("it never comes to rest")

    def after(self, seconds: float) -> None:
        """Work for some time."""
        until = self.site.clock.monotonic() + seconds
        while (left := until - self.site.clock.monotonic()) > 0:
            self.site.later(max(0.1, min(self.run(), left)))
        self.run()


def good(number: int) -> tuple[Listed, bytes]:
    return listed(f"in-{number}"), pdf_bytes(pages=1, text=f"fax {number}")


def line(site: Site, *waiting: tuple[Listed, Any], **how: Any) -> tuple[Line, Queue]:
    queue = Queue(site, *waiting)
    return Line(site, queue, **{"lines": {LINE: ["desk"]}, **how}), queue


def state(site: Site, provider_id: str) -> tuple[str, str | None]:
    found = site.journal.received_as("main", provider_id)
    (row,) = [row for row in site.journal.find(Filter(direction="in", limit=100)) if row.fax_id == found.fax_id]
    return row.state, row.reason


def test_the_inbox_is_emptied_within_one_poll(site: Site) -> None:
    made, queue = line(site, *[good(n) for n in range(50)])
    made.run()
    assert queue.waiting == []
    assert [name for name, _, _ in made.desk.got] == [f"in-{n}" for n in range(50)]
    assert queue.listings == 51, "one for each, and one that found nothing: then at the next poll"
    site.later(POLL - 1)
    made.run()
    assert queue.listings == 51


@pytest.mark.parametrize("lines", [{LINE: ["desk"]}, {OTHER: ["desk"]}], ids=["its line", "other"])
def test_what_cannot_be_understood_is_delivered_as_it_came(site: Site, lines: Any) -> None:
    made, queue = line(site, good(1), (listed("poison"), GARBAGE), good(3), lines=lines)
    made.run()
    assert [one[0].provider_id for one in queue.waiting] == ["poison", "in-3"], "it may be repaired meanwhile"
    made.after(1800)
    assert queue.waiting == []
    assert [name for name, _, _ in made.desk.got] == ["in-1", "poison", "in-3"]
    _, content, warning = made.desk.got[1]
    assert content == GARBAGE
    assert "kept as it came" in (warning or "")
    fax = site.journal.received_as("main", "poison")
    assert fax.document.spool.endswith(".bin")
    assert "look at it" in site.alerts.open[f"fax:{fax.fax_id}"]
    assert state(site, "poison")[0] == "acknowledged"


def test_it_is_tried_a_few_times_first(site: Site) -> None:
    made, queue = line(site, (listed("poison"), GARBAGE))
    for tries in range(TRIES_BEFORE_KEPT):
        made.run()
        assert (tries, len(queue.waiting), made.desk.got) == (tries, 1, [])
        assert site.spooled() == []
        site.later(700)
    queue.waiting = [(listed("poison"), good(1)[1])]
    made.run()
    assert [warning for _, _, warning in made.desk.got] == [None], "repaired in time"
    assert site.alerts.open == {}


def test_garbage_after_other_trouble_is_tried_once_more(site: Site) -> None:
    """A provider that is just getting well may talk nonsense."""
    made, queue = line(site, (listed("in-1"), ProviderTrouble("502")))
    made.after(3000)
    queue.waiting = [(listed("in-1"), GARBAGE)]
    before = queue.downloads
    assert before > TRIES_BEFORE_KEPT
    while queue.downloads == before:
        made.after(30)
    assert len(queue.waiting) == 1
    queue.waiting = [good(1)]
    made.after(800)
    assert made.desk.got == [("in-1", good(1)[1], None)]


def test_what_nobody_is_to_get_is_kept_for_a_person(site: Site) -> None:
    made, queue = line(site, good(1), (listed("lost", called=NOBODYS), good(2)[1]), good(3))
    made.run()
    assert queue.waiting == []
    assert [name for name, _, _ in made.desk.got] == ["in-1", "in-3"]
    fax = site.journal.received_as("main", "lost")
    held, reason = state(site, "lost")
    assert held == "held"
    assert "not configured" in (reason or "")
    assert site.spool.path(fax.document.spool).read_bytes() == good(2)[1]
    assert "release" in site.alerts.open[f"line:{NOBODYS}"]
    site.restart()
    configured = Line(site, queue, lines={LINE: ["desk"], OTHER: ["desk"]})
    configured.run()
    assert configured.desk.got == [], "a person decides"
    site.journal.release(fax.fax_id)
    configured.run()
    assert [content for _, content, _ in configured.desk.got] == [good(2)[1]], "delivered from what was kept"
    assert state(site, "lost")[0] == "acknowledged"


def test_a_line_of_nobody_with_an_unreadable_fax_does_not_block_either(site: Site) -> None:
    made, queue = line(site, (listed("both", called=NOBODYS), GARBAGE), good(2))
    made.after(1800)
    assert queue.waiting == []
    assert state(site, "both")[0] == "held"
    fax = site.journal.received_as("main", "both")
    assert site.spool.path(fax.document.spool).read_bytes() == GARBAGE


@pytest.mark.parametrize("content", [GARBAGE, good(1)[1]], ids=["garbage", "a document"])
@pytest.mark.parametrize("called", [LINE, NOBODYS])
def test_nothing_is_acknowledged_before_its_bytes_are_in_the_spool(site: Site, content: bytes, called: str) -> None:
    made, queue = line(site, (listed("in-1", called=called), content))
    seen: list[bytes] = []

    def look(done: Listed) -> None:
        fax = site.journal.received_as("main", done.provider_id)
        seen.append(site.spool.path(fax.document.spool).read_bytes())

    queue.before = look
    made.after(1800)
    assert seen == [content]


def test_a_fax_without_any_document_is_never_given_up(site: Site) -> None:
    """There is nothing that could be kept: only the provider has it, if anybody."""
    made, queue = line(site, (listed("empty"), b""), good(2))
    made.after(3 * POLL)
    assert [one[0].provider_id for one in queue.waiting] == ["empty", "in-2"]
    assert "empty" in site.alerts.open["blocked:main"]
    assert "ask the provider" in site.alerts.open["blocked:main"]


@pytest.mark.parametrize("method", ["write_new", "move"])
def test_a_full_disk_acknowledges_nothing(site: Site, method: str) -> None:
    site.files = Faulty(site.files, **{method: [FilesError("no space left")] * 500})
    made, queue = line(site, (listed("in-1"), GARBAGE), good(2))
    made.after(2 * POLL)
    assert len(queue.waiting) == 2
    assert "in-1" in site.alerts.open["blocked:main"]


def test_what_stays_at_the_head_is_told_and_told_over(site: Site) -> None:
    made, queue = line(site, (listed("stuck"), ProviderTrouble("502")), good(2))
    made.run()
    since = f"{site.clock.now():%Y-%m-%d %H:%M}"
    made.after(POLL + BLOCKS_AFTER)
    told = site.alerts.open["blocked:main"]
    assert all(text in told for text in ("account main", "stuck", f"blocks the inbox since {since}", "because 502"))
    queue.waiting[0] = (listed("stuck"), good(1)[1])
    made.after(POLL)
    assert queue.waiting == []
    assert "blocked:main" in site.alerts.over


def test_a_destination_that_is_away_blocks_only_where_the_site_waits_for_it(site: Site) -> None:
    made, queue = line(site, good(1), good(2), when_stored=False)
    made.desk.away = True
    made.after(POLL + BLOCKS_AFTER)
    assert len(queue.waiting) == 2
    assert "not mounted" in site.alerts.open["blocked:main"]
    assert "acknowledge: stored" in site.alerts.open["blocked:main"]
    made.desk.away = False
    made.after(POLL)
    assert queue.waiting == []
    assert "blocked:main" not in site.alerts.open


def test_with_stored_a_destination_that_is_away_blocks_nothing(site: Site) -> None:
    made, queue = line(site, good(1), good(2))
    made.desk.away = True
    made.run()
    assert queue.waiting == []


def test_what_was_held_as_gone_and_comes_again_is_fetched(site: Site) -> None:
    """The order of the inbox is not documented: a newer fax may have stood in front of it for a moment."""
    made, queue = line(site, good(1))
    made.fetch.step()
    queue.waiting.insert(0, good(2))
    made.after(2 * POLL)
    assert queue.waiting == []
    assert sorted(name for name, _, _ in made.desk.got) == ["in-1", "in-2"]


@pytest.mark.parametrize("called", [LINE, NOBODYS])
def test_what_is_shown_although_it_was_acknowledged_is_acknowledged_again(site: Site, called: str) -> None:
    made, queue = line(site, (listed("in-1", called=called), good(1)[1]), good(2))
    queue.deaf = True
    acknowledged: list[str] = []
    queue.before = lambda done: acknowledged.append(done.provider_id)
    made.after(3 * POLL)
    assert 2 <= len(acknowledged) < 40, "again, and at a decent pace"
    assert "blocks the inbox" in site.alerts.open["blocked:main"]
    queue.deaf = False
    made.after(2 * POLL)
    assert queue.waiting == []
    assert "blocked:main" not in site.alerts.open
    assert [name for name, _, _ in made.desk.got] == (["in-1", "in-2"] if called == LINE else ["in-2"])


def test_another_fax_under_the_name_of_one_that_is_kept_is_not_given_up(site: Site) -> None:
    made, queue = line(site, (listed("in-1", called=NOBODYS), good(1)[1]))
    made.run()
    queue.waiting = [(listed("in-1", called=NOBODYS, caller="+13035550111"), good(2)[1])]
    made.after(3 * POLL)
    assert len(queue.waiting) == 1, "it was never fetched"
    assert "in-1" in site.alerts.open["blocked:main"]


def test_one_at_a_time_asks_over_all_nodes(site: Site) -> None:
    made, _queue = line(site, good(1))
    assert site.journal.take_duty(f"{TURN}fetch:main", 160.0) == 0
    assert made.fetch.step() == NOTHING_DUE, "another node has its turn"
    site.later(100)
    assert made.fetch.step() == NOTHING_DUE
    site.journal.end_duty(f"{TURN}fetch:main")
    assert made.fetch.step() == 0.0


def test_a_turn_ends_with_the_life_that_took_it(site: Site) -> None:
    assert site.journal.take_duty(f"{TURN}fetch:main", 160.0) == 0
    site.restart()
    site.journal.begin()
    made, _queue = line(site, good(1))
    assert made.fetch.step() == 0.0


def test_a_crash_between_keeping_and_acknowledging_acknowledges(site: Site) -> None:
    made, queue = line(site, (listed("lost", called=NOBODYS), good(1)[1]))

    def dies(_: Listed) -> None:
        raise Crash

    queue.before = dies
    with pytest.raises(Crash):
        made.run()
    site.restart()
    site.journal.begin()
    queue.before = lambda _: None
    Line(site, queue, lines={LINE: ["desk"]}).run()
    assert queue.waiting == []
    assert state(site, "lost")[0] == "held"


def test_elsewhere_an_acknowledgement_causes_no_listing(site: Site) -> None:
    site.journal.seen("main", [listed()])
    (fax,) = site.journal.claim_seen("main", 1, 60.0)
    site.journal.take_duty("inbox:main", POLL)
    provider = Scripted().will("acknowledge", None)
    asked: dict[str, Any] = {"journal": site.journal, "clock": site.clock, "alert": site.alerts}
    site.journal.stored(fax, StoredDocument("in/x", 1, "0" * 64, "application/pdf", 1), [])
    rules = InboxRules("main", POLL, 100.0, Lines({}))
    AcknowledgeStage(rules, when_stored=False, provider=provider, asking=site.asking(), **asked).step()
    assert site.journal.take_duty("inbox:main", POLL) == POLL
