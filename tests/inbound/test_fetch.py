"""Fetching: each listed fax once, whole, and never acknowledged before it is ours."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from support.papers import make_tiff, pdf_bytes
from support.scripted import Crash, Faulty, Scripted, Site, listed

from faxdaemon.contracts.journal import Filter
from faxdaemon.contracts.stage import NOTHING_DUE
from faxdaemon.core.errors import (
    FilesError,
    ItemGone,
    JournalError,
    NotSent,
    OutcomeUnknown,
    ProviderTrouble,
)
from faxdaemon.core.ids import FaxId
from faxdaemon.core.lines import OTHER, Lines
from faxdaemon.core.model import InboundFax
from faxdaemon.inbound.fetch import TRIES_BEFORE_ALERT, TRIES_BEFORE_HOLD, FetchStage, InboxRules

POLL = 60.0
LINE = "+13035550100"
LINES: Mapping[str, Sequence[str]] = {LINE: ["desk"], OTHER: ["rest"]}
TROUBLES = [ProviderTrouble("502"), NotSent("no connection"), OutcomeUnknown("reset"), ValueError("a bug of ours")]


def stage(site: Site, provider: Scripted, *, lines: Mapping[str, Sequence[str]] = LINES, **parts: Any) -> FetchStage:
    values: dict[str, Any] = {"files": site.files, "documents": site.documents, "journal": site.journal}
    values |= parts
    return FetchStage(
        InboxRules(account="main", poll=POLL, timeout=100.0, lines=Lines(lines)),
        site.spool,
        provider=provider,
        accounts=site.journal,
        asking=site.asking(),
        clock=site.clock,
        alert=site.alerts,
        **values,
    )


def rows(site: Site) -> dict[str, str]:
    """State of each received fax by its line."""
    return {row.name: row.state for row in site.journal.find(Filter(direction="in"))}


def only(site: Site) -> tuple[FaxId, str]:
    (row,) = site.journal.find(Filter(direction="in"))
    return row.fax_id, row.state


def reason(site: Site) -> str:
    (row,) = site.journal.find(Filter(direction="in"))
    return row.reason or ""


def delivered_to(site: Site, sink: str) -> InboundFax:
    (work,) = site.journal.claim_deliveries(sink, 10, 300.0)
    fax: InboundFax = work.fax
    return fax


def fetched(site: Site, content: bytes, **changes: Any) -> Scripted:
    """List one fax and download it."""
    provider = Scripted().will("inbox", [listed(**changes)]).will("fetch", content)
    fetch = stage(site, provider)
    fetch.step()
    fetch.step()
    return provider


# -- the plain way


def test_a_listed_fax_becomes_ours_with_everything_known(site: Site) -> None:
    content = pdf_bytes(pages=1)
    provider = fetched(site, content)
    assert only(site)[1] == "stored"
    fax = delivered_to(site, "desk")
    assert fax.listed == listed()
    assert fax.document is not None
    assert site.spool.path(fax.document.spool).read_bytes() == content
    assert (fax.document.size, fax.document.media) == (len(content), "application/pdf")
    assert (fax.document.pages, fax.document.warning) == (1, None)
    assert site.spooled() == [fax.document.spool]
    assert provider.asked("acknowledge") == [], "acknowledging is another stage's, and last"


def test_a_tiff_is_a_document_too(site: Site) -> None:
    fetched(site, make_tiff(site.place / "x.tif", pages=2).read_bytes(), pages=2)
    fax = delivered_to(site, "desk")
    assert fax.document is not None
    assert fax.document.spool.endswith(".tif")
    assert (fax.document.media, fax.document.pages) == ("image/tiff", 2)


def test_it_is_remembered_before_anything_is_downloaded(site: Site) -> None:
    provider = Scripted().will("inbox", [listed()])
    stage(site, provider).step()
    assert only(site)[1] == "seen"
    assert provider.asked("fetch") == []


def test_however_often_it_is_listed_it_is_one_fax(site: Site) -> None:
    provider = Scripted().will("inbox", *[[listed()]] * 5).will("fetch", pdf_bytes())
    fetch = stage(site, provider)
    for _ in range(5):
        fetch.step()
        site.later(POLL)
    site.restart()
    stage(site, provider).step()
    assert len(site.journal.find(Filter(direction="in"))) == 1
    assert len(provider.asked("fetch")) == 1
    assert provider.left() == {}


def test_listed_twice_in_one_answer_it_is_one_fax(site: Site) -> None:
    stage(site, Scripted().will("inbox", [listed(), listed()])).step()
    assert len(site.journal.find(Filter(direction="in"))) == 1


def test_other_lines_go_where_other_says(site: Site) -> None:
    fetched(site, pdf_bytes(), called="+13035550999")
    assert delivered_to(site, "rest").listed.called == "+13035550999"


def test_a_fax_without_a_line_goes_where_other_says(site: Site) -> None:
    fetched(site, pdf_bytes(), called=None)
    assert delivered_to(site, "rest").listed.called is None


def test_all_sinks_of_a_line_get_it(site: Site) -> None:
    provider = Scripted().will("inbox", [listed()]).will("fetch", pdf_bytes())
    fetch = stage(site, provider, lines={LINE: ["desk", "printer"]})
    fetch.step()
    fetch.step()
    assert delivered_to(site, "desk").fax_id == delivered_to(site, "printer").fax_id


# -- polling


def test_the_inbox_is_never_listed_more_often_than_poll_over_a_restart(site: Site) -> None:
    provider = Scripted().will("inbox", [], [])
    assert stage(site, provider).step() == POLL
    site.restart()
    site.later(POLL - 1)
    assert stage(site, provider).step() == 1.0
    assert len(provider.asked("inbox")) == 1
    site.later(1)
    stage(site, provider).step()
    assert len(provider.asked("inbox")) == 2


def test_what_is_due_sooner_than_the_list_is_not_kept_waiting(site: Site) -> None:
    provider = Scripted().will("inbox", [listed()]).will("fetch", ProviderTrouble("502"), pdf_bytes())
    fetch = stage(site, provider)
    fetch.step()
    fetch.step()
    wait = fetch.step()
    assert 0 < wait < POLL
    site.later(wait)
    fetch.step()
    assert only(site)[1] == "stored"


@pytest.mark.parametrize("error", TROUBLES, ids=lambda e: type(e).__name__)
def test_an_inbox_that_cannot_be_listed_is_told_once_and_told_over(site: Site, error: Exception) -> None:
    provider = Scripted().will("inbox", error, error, [])
    fetch = stage(site, provider)
    for _ in range(3):
        assert fetch.step() <= NOTHING_DUE
        site.later(POLL)
    assert len(provider.asked("inbox")) == 3
    assert site.alerts.told == ["inbox:main"]
    assert "a bug of ours" not in str(site.alerts.said), "the log has it"
    assert site.alerts.over == ["inbox:main"]


def test_a_listing_of_what_was_acknowledged_has_it_acknowledged_again(site: Site) -> None:
    fetched(site, pdf_bytes())
    (work,) = site.journal.claim_deliveries("desk", 1, 60.0)
    site.journal.delivering(work, {})
    site.journal.delivery_done(work)
    (fax,) = site.journal.claim_delivered("main", 1, 60.0, stored=False)
    site.journal.acknowledged(fax)
    site.later(POLL)
    provider = Scripted().will("inbox", [listed()], [listed(pages=9)], [])
    fetch = stage(site, provider)
    fetch.step()
    assert only(site)[1] == "delivered"
    site.later(POLL)
    (again,) = site.journal.claim_delivered("main", 1, 60.0, stored=False)
    assert again.fax_id == fax.fax_id
    site.journal.acknowledged(again)
    fetch.step()
    assert only(site)[1] == "acknowledged", "another fax under that name is left alone"
    assert fax.fax_id in site.alerts.open["again:main"]
    site.later(POLL)
    fetch.step()
    assert site.alerts.open == {}
    assert provider.left() == {}


# -- what is odd


def test_fewer_pages_than_announced_are_delivered_with_a_warning(site: Site) -> None:
    fetched(site, pdf_bytes(pages=2), pages=3)
    fax = delivered_to(site, "desk")
    assert fax.document is not None
    assert fax.document.warning == "2 pages came, 3 were announced"


def test_no_announcement_no_warning(site: Site) -> None:
    fetched(site, pdf_bytes(pages=2), pages=None)
    fax = delivered_to(site, "desk")
    assert fax.document is not None
    assert fax.document.warning is None


@pytest.mark.parametrize(
    "content", [pdf_bytes(pages=3)[:-200], b"<html>try later</html>", b""], ids=["cut", "an error page", "empty"]
)
def test_what_is_no_whole_document_is_never_ours(site: Site, content: bytes) -> None:
    provider = Scripted().will("inbox", [listed()]).will("fetch", content, pdf_bytes())
    fetch = stage(site, provider)
    fetch.step()
    fetch.step()
    assert only(site)[1] == "seen"
    assert "not a whole document" in reason(site)
    assert site.spooled() == []
    assert site.journal.claim_delivered("main", 10, 60.0, stored=True) == [], "so it cannot be acknowledged"
    assert fetch.step() > 0, "not at once"
    site.later(600)
    fetch.step()
    assert only(site)[1] == "stored"


def test_one_that_never_becomes_whole_is_told_and_then_held(site: Site) -> None:
    provider = Scripted().will("inbox", [listed()])
    fetch = stage(site, provider)
    fetch.step()
    fax, _ = only(site)
    for tries in range(TRIES_BEFORE_HOLD + 1):
        provider.will("fetch", b"no document").forget("inbox")
        assert only(site)[1] == "seen"
        assert (f"fax:{fax}" in site.alerts.open) == (tries > TRIES_BEFORE_ALERT)
        fetch.step()
        site.later(800)
    assert only(site)[1] == "held"
    assert "is held" in site.alerts.open[f"fax:{fax}"]
    provider.will("inbox", [listed()]).will("fetch", pdf_bytes())
    fetch.step()
    assert only(site)[1] == "held", "listing it again changes nothing"
    site.journal.release(fax)
    fetch.step()
    assert only(site)[1] == "stored"
    assert site.alerts.open == {}


def test_an_item_that_is_gone_is_for_a_person(site: Site) -> None:
    provider = Scripted().will("inbox", [listed()]).will("fetch", ItemGone("no such fax"))
    fetch = stage(site, provider)
    fetch.step()
    fetch.step()
    fax, state = only(site)
    assert state == "held"
    assert "no such fax" in reason(site)
    assert list(site.alerts.open) == [f"fax:{fax}"]


def test_a_line_that_nobody_configured_stays_at_the_provider(site: Site) -> None:
    provider = Scripted().will("inbox", [listed(called="+13035550999"), listed("in-2")]).will("fetch", pdf_bytes())
    fetch = stage(site, provider, lines={LINE: ["desk"]})
    for _ in range(3):
        fetch.step()
    assert rows(site) == {"+13035550999": "seen", LINE: "stored"}
    assert [one.provider_id for one in provider.asked("fetch")] == ["in-2"]
    assert "not configured" in site.alerts.open["line:+13035550999"]
    site.restart()
    site.later(800)
    configured = stage(site, Scripted().will("fetch", pdf_bytes()), lines=LINES)
    configured.step()
    assert rows(site)["+13035550999"] == "stored", "once it is, it is fetched"


# -- trouble


BUGS = [*TROUBLES, KeyError("a bug in the adapter"), OSError(28, "no space for a temporary file")]


@pytest.mark.parametrize("error", BUGS, ids=lambda e: type(e).__name__)
def test_a_download_that_fails_is_tried_again_told_and_told_over(site: Site, error: Exception) -> None:
    tries = TRIES_BEFORE_ALERT + 1
    provider = Scripted().will("inbox", [listed()]).will("fetch", *[error] * tries)
    fetch = stage(site, provider)
    fetch.step()
    fax, _ = only(site)
    for _ in range(tries):
        assert site.alerts.open == {}
        assert fetch.step() == 0.0
        assert only(site)[1] == "seen"
        provider.forget("inbox").will("inbox", [])
        site.later(800)
    assert list(site.alerts.open) == [f"fax:{fax}"]
    provider.will("fetch", pdf_bytes())
    fetch.step()
    assert only(site)[1] == "stored"
    assert site.alerts.open == {}


def test_a_bug_tells_nothing_of_what_its_error_says(site: Site) -> None:
    provider = Scripted().will("inbox", [listed()]).will("fetch", ValueError("Mrs. Smith"))
    fetch = stage(site, provider)
    fetch.step()
    fetch.step()
    assert "ValueError" in reason(site)
    assert "Smith" not in reason(site)


def test_one_that_cannot_be_fetched_does_not_keep_the_others_waiting(site: Site) -> None:
    provider = Scripted().will("inbox", [listed("in-1", called="+13035550101"), listed("in-2")])
    provider.will("fetch", ProviderTrouble("502"), pdf_bytes())
    fetch = stage(site, provider)
    for _ in range(3):
        fetch.step()
    assert rows(site) == {"+13035550101": "seen", LINE: "stored"}


@pytest.mark.parametrize("method", ["make_dirs", "write_new", "move"])
def test_a_full_disk_leaves_it_at_the_provider(site: Site, method: str) -> None:
    provider = Scripted().will("inbox", [listed()]).will("fetch", pdf_bytes(), pdf_bytes())
    fetch = stage(site, provider, files=Faulty(site.files, **{method: [FilesError("no space left")]}))
    fetch.step()
    fetch.step()
    assert only(site)[1] == "seen"
    assert "no space left" in reason(site)
    site.later(800)
    fetch.step()
    assert only(site)[1] == "stored"
    assert len(site.spooled()) == 1


# -- crashes


def crashed(site: Site, **parts: Any) -> None:
    provider = Scripted().will("inbox", [listed()]).will("fetch", pdf_bytes())
    fetch = stage(site, provider, **parts)
    fetch.step()
    with pytest.raises(Crash):
        fetch.step()
    site.restart()
    site.later(800)


def goes_on(site: Site) -> None:
    """Fetched again, once, without leftovers."""
    assert only(site)[1] == "seen"
    content = pdf_bytes(pages=1, text="again")
    fetch = stage(site, Scripted().will("fetch", content))
    fetch.step()
    fax = delivered_to(site, "desk")
    assert fax.document is not None
    assert site.spool.path(fax.document.spool).read_bytes() == content
    assert site.spooled() == [fax.document.spool]


def half(real: Any, path: Any, chunks: Any) -> None:
    path.write_bytes(next(iter(chunks))[:10])
    raise Crash


def test_a_crash_during_the_download(site: Site) -> None:
    crashed(site, files=Faulty(site.files, write_new=[half]))
    assert site.spooled() != []
    goes_on(site)


def test_a_crash_between_download_and_rename(site: Site) -> None:
    crashed(site, files=Faulty(site.files, move=[Crash()]))
    goes_on(site)


def test_a_crash_between_rename_and_commit(site: Site) -> None:
    crashed(site, journal=Faulty(site.journal, stored=[Crash()]))
    assert len(site.spooled()) == 1
    goes_on(site)


def test_a_crash_after_the_commit(site: Site) -> None:
    def after(real: Any, *args: Any, **more: Any) -> None:
        real(*args)
        raise Crash

    crashed(site, journal=Faulty(site.journal, stored=[after]))
    assert only(site)[1] == "stored"
    provider = Scripted().will("inbox", [listed()])
    stage(site, provider).step()
    assert provider.asked("fetch") == []


def test_everything_is_durable_before_the_commit(site: Site) -> None:
    """The move syncs its folders; the commit comes after it."""
    files = Faulty(site.files)
    seen: list[str] = []

    def stored(real: Any, fax: Any, document: Any, sinks: Any, **more: Any) -> Any:
        seen.extend(name for name, _ in files.calls)
        return real(fax, document, sinks)

    provider = Scripted().will("inbox", [listed()]).will("fetch", pdf_bytes())
    fetch = stage(site, provider, files=files, journal=Faulty(site.journal, stored=[stored]))
    fetch.step()
    fetch.step()
    assert [name for name in seen if name in {"write_new", "move"}] == ["write_new", "move"]


def test_a_broken_journal_passes_through(site: Site) -> None:
    provider = Scripted().will("inbox", [listed()]).will("fetch", pdf_bytes())
    fetch = stage(site, provider, journal=Faulty(site.journal, stored=[JournalError("disk")]))
    fetch.step()
    with pytest.raises(JournalError):
        fetch.step()


def test_a_spool_folder_that_vanished_is_made_again(site: Site) -> None:
    shutil.rmtree(site.spool.root)
    fetched(site, pdf_bytes())
    assert only(site)[1] == "stored"
