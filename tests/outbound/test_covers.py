"""Cover pages made here: each recipient has its own, before everything else, whatever the accounts know."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pypdfium2
import pytest
from support.papers import pdf_bytes
from support.scripted import Crash, Faulty, Site, capabilities

from faxdaemon.contracts.format import FolderAsks, Order
from faxdaemon.core.model import Request, Role
from faxdaemon.formats import filename
from faxdaemon.outbound.choose import FolderRules
from faxdaemon.outbound.dialects import Dialects

PDF = frozenset({".pdf"})
ALL = {
    "plain": capabilities(suffixes=PDF),
    "one": capabilities(suffixes=PDF, documents=1),
    "covers": capabilities(suffixes=PDF, wishes=frozenset({"cover", "cover_text"})),
    "txt": capabilities(suffixes=frozenset({".txt"})),
}


class Several:
    """The file name's dialect, for several recipients."""

    def __init__(self, requests: list[Request]) -> None:
        self._requests = tuple(requests)
        self._real: Any = filename.open_format(FolderAsks("{number}_{name}", None))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def read(self, *_: Any) -> tuple[Order, ...]:
        return (Order(self._requests),)


def request(number: str, name: str, **options: Any) -> Request:
    return Request(number, name, "4711", options={"cover": "Clinic", **options})


@pytest.fixture
def template(site: Site) -> Path:
    path = site.place / "clinic.txt"
    path.write_text("{to} {number} {text} {subject} {date} {time} {pages} {reference}", "utf-8")
    return path


def decided(site: Site, template: Path | None, requests: list[Request], account: str = "plain", **more: Any) -> None:
    rules = FolderRules(
        Dialects([("several", Several(requests))]),  # type: ignore[list-item] # as much of a dialect as is asked for
        (account,),
        "US",
        {},
        3600.0,
        zone=ZoneInfo("Asia/Tokyo"),
        covers={"clinic": template},
    )
    for stage in site.routing(rules, ALL, **more):
        stage.step()


def text_of(site: Site, spool: str) -> str:
    (page,) = pypdfium2.PdfDocument(site.spool.path(spool).read_bytes())
    return page.get_textpage().get_text_range()


def submissions(site: Site, account: str = "plain") -> Mapping[str, Any]:
    return {each.number: each for each in site.journal.claim_ready(account, 10, 60.0)}


def test_each_recipient_has_a_page_of_its_own(site: Site, template: Path) -> None:
    site.received("x.pdf", pdf_bytes(3))
    there = site.clock.now().astimezone(ZoneInfo("Asia/Tokyo"))
    requests = [
        request("3035550101", "Dr. Lee", cover_text="As agreed", subject="Order"),
        request("3035550102", "Dr. Gray", cover_text="As wished"),
        Request("3035550103", "Dr. No"),
    ]
    decided(site, template, requests)
    found = submissions(site)
    lee, gray, no = (found[f"+1303555010{n}"] for n in (1, 2, 3))
    assert [len(each.documents) for each in (lee, gray, no)] == [2, 2, 1]
    assert [each.pages for each in (lee, gray, no)] == [4, 4, 3]
    assert (lee.documents[0].name, lee.documents[0].role, lee.documents[1].role) == (
        "cover.pdf",
        Role.MADE,
        Role.DOCUMENT,
    )
    day = f"{there:%Y-%m-%d %H:%M}"
    assert text_of(site, lee.documents[0].spool) == f"Dr. Lee +13035550101 As agreed Order {day} 4 4711"
    assert text_of(site, gray.documents[0].spool) == f"Dr. Gray +13035550102 As wished {day} 4 4711"
    assert "cover" not in lee.options
    assert "cover_text" not in lee.options


def test_faxes_that_are_claimed_together_have_their_own_pages(site: Site, template: Path) -> None:
    for name in ("Dr. Lee", "Dr. Gray"):
        site.received("x.pdf")
        decided(site, template, [request("3035550101", name), request("3035550102", name + "'s")])
    said = sorted(
        text_of(site, each.documents[0].spool).partition(" +")[0] for each in site.journal.claim_ready("plain", 4, 60.0)
    )
    assert said == ["Dr. Gray", "Dr. Gray's", "Dr. Lee", "Dr. Lee's"]


def test_it_is_made_here_even_where_the_account_knows_covers(site: Site, template: Path) -> None:
    site.received("x.pdf")
    decided(site, template, [request("3035550101", "Dr. Lee")], "covers")
    assert "cover" not in submissions(site, "covers")["+13035550101"].options


def test_another_name_is_the_provider_s(site: Site, template: Path) -> None:
    site.received("x.pdf")
    decided(site, template, [Request("3035550101", options={"cover": "Standard"})], "covers")
    (submission,) = submissions(site, "covers").values()
    assert (submission.options["cover"], len(submission.documents)) == ("Standard", 1)


def test_it_goes_before_what_is_made_of_the_documents(site: Site, template: Path) -> None:
    site.received("x.txt", b"one\ftwo")
    decided(site, template, [request("3035550101", "Dr. Lee")])
    (submission,) = submissions(site).values()
    assert [document.name for document in submission.documents] == ["cover.pdf", "x.pdf"]
    assert submission.pages == 3


@pytest.mark.parametrize(
    ("account", "why"),
    [("one", "takes 1 documents in one fax, and these are 2"), ("txt", "does not take files of type .pdf")],
)
def test_an_account_that_cannot_take_the_page_is_not_used(site: Site, template: Path, account: str, why: str) -> None:
    fax = site.received("x.pdf")
    decided(site, template, [request("3035550101", "Dr. Lee")], account)
    assert site.state_of(fax) == "failed"
    assert why in site.reason(fax)


def test_a_template_that_is_wrong_fails_the_fax_and_nothing_goes_without_its_page(site: Site, template: Path) -> None:
    template.write_text("{nonsense}", "utf-8")
    fax = site.received("x.pdf")
    decided(site, template, [request("3035550101", "Dr. Lee")])
    assert site.state_of(fax) == "failed"
    assert "line 1 of the cover template" in site.reason(fax)


def test_a_crash_before_the_decision_makes_the_same_page_again(site: Site, template: Path) -> None:
    site.received("x.pdf")
    asked = [request("3035550101", "Dr. Lee")]
    with pytest.raises(Crash):
        decided(site, template, asked, files=Faulty(site.files, sync=[Crash()]))
    (made,) = site.spool.root.rglob("*-200001.pdf")
    before = made.read_bytes()
    site.restart()
    site.later(600.0)
    decided(site, template, asked)
    (submission,) = submissions(site).values()
    assert site.spool.path(submission.documents[0].spool).read_bytes() == before
    assert site.clock.now().tzinfo is UTC
