"""Routing: every drop is decided, each refusal says why in words for the person who dropped it."""

from __future__ import annotations

from typing import Any

import pytest
from support.papers import make_tiff, pdf_bytes
from support.scripted import Faulty, Site, capabilities

from faxdaemon.contracts.format import BadRequest, FolderAsks, Looks, NotMine, Order, Papers
from faxdaemon.contracts.journal import Filter
from faxdaemon.contracts.stage import NOTHING_DUE
from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import Request
from faxdaemon.core.places import Spool
from faxdaemon.formats.filename import open_format
from faxdaemon.outbound.choose import FolderRules
from faxdaemon.outbound.dialects import Dialects
from faxdaemon.outbound.route import BATCH, RETRY, RouteStage

ALL = {
    "main": capabilities(),
    "pictures": capabilities(suffixes=frozenset({".tif"})),
    "abroad": capabilities(regions=frozenset({"44", "49"})),
}


class Dialect:
    """A format whose understanding is given."""

    def __init__(self, understood: Any) -> None:
        self._understood = understood

    looks_at = Looks.NAME
    answers = ()

    def is_control(self, name: str) -> bool:
        return False

    def read(self, papers: Papers) -> Any:
        if isinstance(self._understood, Exception):
            raise self._understood
        return [Order(tuple(self._understood))] if isinstance(self._understood, list) else self._understood

    def answer(self, facts: Any) -> Any:
        raise NotImplementedError


def filename(pattern: str = "{number}[_{name}][_{reference}]", to: str | None = None) -> Any:
    return open_format(FolderAsks(pattern, to))


def stage(site: Site, *, documents: Any = None, **changes: Any) -> RouteStage:
    values: dict[str, Any] = {
        "formats": (filename(),),
        "accounts": ("main",),
        "region": "US",
        "options": {"resolution": "fine"},
        "expire": 3600.0,
    }
    values |= changes
    formats = values.pop("formats")
    values["dialects"] = Dialects([(f"format-{n}", each) for n, each in enumerate(formats)])
    return site.routing(FolderRules(**values), ALL, documents=documents)[0]


def refusal(site: Site, fax: FaxId, **changes: Any) -> str:
    assert stage(site, **changes).step() == NOTHING_DUE
    assert site.state_of(fax) == "failed"
    return site.reason(fax)


# -- what may be sent


def test_a_good_drop_is_ready_with_everything_decided(site: Site) -> None:
    fax = site.received("(303) 555-0123_Dr. Lee_4711.pdf", pdf_bytes(pages=3))
    assert stage(site).step() == NOTHING_DUE
    submission = site.claimed()
    assert (submission.fax_id, submission.number, submission.name) == (fax, "+13035550123", "Dr. Lee")
    assert (submission.accounts, submission.options, submission.pages) == (("main",), {"resolution": "fine"}, 3)
    assert (submission.expires_at - submission.accepted_by).total_seconds() == 3600
    site.journal.refused(submission, "blocked")
    (work,) = site.journal.claim_reports(str(site.out), 10)
    assert work.fields == {"name": "Dr. Lee", "reference": "4711"}


def test_a_folder_with_a_fixed_number_takes_any_name(site: Site) -> None:
    fax = site.received("whatever it is.pdf")
    stage(site, formats=(filename(to="+44 20 7946 0000"),)).step()
    assert site.state_of(fax) == "ready"
    assert site.claimed().number == "+442079460000"


def test_local_numbers_are_read_for_the_region(site: Site) -> None:
    site.received("020 79460000_x.pdf")
    stage(site, region="GB").step()
    assert site.claimed().number == "+442079460000"


def test_only_accounts_that_can_take_it_are_tried_in_order(site: Site) -> None:
    site.received("3035550123_x.pdf")
    stage(site, accounts=("pictures", "abroad", "main")).step()
    assert site.claimed().accounts == ("main",)
    site.received("+442079460000_x.tif", make_tiff(site.place / "x.tif").read_bytes())
    stage(site, accounts=("pictures", "abroad", "main")).step()
    assert site.claimed("pictures").accounts == ("pictures", "abroad", "main")


def test_the_first_dialect_that_understands_decides(site: Site) -> None:
    fax = site.received("x.pdf")
    spoken = (Dialect(NotMine()), Dialect([Request("3035550199")]), Dialect(BadRequest("never asked")))
    stage(site, formats=spoken).step()
    assert site.claimed().number == "+13035550199"
    assert site.states(fax) == ["submitting"]


def test_several_recipients(site: Site) -> None:
    fax = site.received("x.pdf")
    stage(site, formats=(Dialect([Request("3035550199"), Request("+442079460000")]),)).step()
    assert site.states(fax) == ["ready", "ready"]


# -- what may not


def test_a_name_that_does_not_follow_the_pattern(site: Site) -> None:
    reason = refusal(site, site.received("report.pdf"), formats=(filename("{number}_{name}"),))
    assert "{number}_{name}" in reason
    assert "rename it" in reason


def test_a_dialect_that_understands_and_refuses(site: Site) -> None:
    formats = (Dialect(BadRequest("the cover page is missing")), filename())
    assert refusal(site, site.received(), formats=formats) == "the cover page is missing"


def test_nothing_that_tells_where_to(site: Site) -> None:
    assert "tells where to send it" in refusal(site, site.received(), formats=(Dialect(NotMine()),))


@pytest.mark.parametrize(
    ("name", "why"),
    [("hello_x.pdf", "not a fax number"), ("12_x.pdf", "too short"), ("30355O0123_x.pdf", "contains “O”")],
)
def test_a_number_that_is_none(site: Site, name: str, why: str) -> None:
    fax = site.received(name)
    assert why in refusal(site, fax)
    (row,) = site.journal.find(Filter())
    assert row.number == name.partition("_")[0], "as it was written, so that the person finds it"


def test_one_bad_number_of_several_refuses_all(site: Site) -> None:
    """Half a distribution list is nobody's wish."""
    fax = site.received("x.pdf")
    reason = refusal(site, fax, formats=(Dialect([Request("3035550199"), Request("12")]),))
    assert "too short" in reason
    assert site.states(fax) == ["failed"]


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", "is empty"), (b"\x00garbage\xff" * 99, "not a kind of document"), (pdf_bytes()[:300], "cut")],
)
def test_a_document_that_cannot_be_faxed(site: Site, content: bytes, why: str) -> None:
    reason = refusal(site, site.received("3035550123_x.pdf", content))
    assert reason.startswith("3035550123_x.pdf ")
    assert why in reason


def test_a_type_that_no_account_takes(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faxdaemon.documents.outside.which", lambda _name: None)
    page = b"<html><body>hello</body></html>"
    reason = refusal(site, site.received("3035550123_x.html", page), accounts=("main", "pictures"))
    assert "main: does not take files of type .html" in reason
    assert "pictures: does not take files of type .html" in reason
    assert reason.endswith("with LibreOffice (Debian: libreoffice-writer-nogui) on this machine it could be")


def test_a_document_without_a_suffix(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faxdaemon.documents.outside.which", lambda _name: None)
    assert "without a suffix" in refusal(site, site.received("3035550123_x", b"<html></html>"))


def test_a_country_that_no_account_reaches(site: Site) -> None:
    reason = refusal(site, site.received(), accounts=("abroad",))
    assert "abroad: reaches only numbers with +44, +49" in reason


def test_a_folder_that_is_no_longer_configured(site: Site) -> None:
    fax = site.received()
    site.routing(None, ALL)[0].step()
    assert site.state_of(fax) == "failed"
    assert str(site.out) in site.reason(fax)
    assert "no longer in the configuration" in site.reason(fax)


# -- one must not stop the others


def test_a_document_that_cannot_be_read_waits_and_stops_nobody(site: Site) -> None:
    bad = site.received("3035550123_bad.pdf")
    path = next(site.spool.root.rglob("*.pdf"))
    content = path.read_bytes()
    path.unlink()
    good = site.received("3035550123_good.pdf")
    route = stage(site)
    assert route.step() == RETRY
    assert (site.state_of(bad), site.state_of(good)) == ("received", "ready")
    assert bad in site.alerts.open[f"spool:{bad}"]
    path.write_bytes(content)
    route.step()
    assert site.state_of(bad) == "ready"
    assert site.alerts.open == {}


def test_however_many_cannot_be_read_the_others_are_decided(site: Site) -> None:
    for n in range(BATCH + 3):
        site.received(f"3035550123_bad{n}.pdf")
    for path in site.spool.root.rglob("*.pdf"):
        path.unlink()
    good = [site.received(f"3035550123_good{n}.pdf") for n in range(3)]
    route = stage(site)
    for _ in range(4):
        route.step()
    assert {site.state_of(fax) for fax in good} == {"ready"}


def test_a_bug_met_by_one_drop_fails_it_visibly_and_stops_nobody(site: Site) -> None:
    bad, good = site.received("3035550123_bad.pdf"), site.received("3035550123_good.pdf")
    stage(site, documents=Faulty(site.documents, inspect=[ZeroDivisionError()])).step()
    assert (site.state_of(bad), site.state_of(good)) == ("failed", "ready")
    assert "ZeroDivisionError" in site.reason(bad)


def test_more_than_a_batch(site: Site) -> None:
    faxes = [site.received(f"3035550123_{n}.pdf") for n in range(BATCH + 1)]
    route = stage(site)
    assert route.step() == 0.0
    assert route.step() == NOTHING_DUE
    assert {row.state for row in site.journal.find(Filter(limit=100))} == {"ready"}
    assert len(faxes) == BATCH + 1


def test_a_cancelled_drop_is_not_routed(site: Site) -> None:
    fax = site.received()
    site.journal.cancel(fax)
    stage(site).step()
    assert site.state_of(fax) == "cancelled"


def test_nothing_to_do(site: Site) -> None:
    assert stage(site).step() == NOTHING_DUE
    assert Spool(site.state).root == site.spool.root
