"""What cannot be sent as it came is made into one PDF first, by a worker of its own; codes are gone, or it is held."""

from __future__ import annotations

from typing import Any

import pytest
from support.papers import make_tiff, pdf_bytes
from support.scripted import Crash, Faulty, Site, capabilities

from faxdaemon.contracts.documents import CannotMake, CannotRead
from faxdaemon.contracts.format import FolderAsks
from faxdaemon.contracts.stage import NOTHING_DUE
from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import Document, Drop, Origin, Role
from faxdaemon.documents import open_documents
from faxdaemon.documents.paper import text_pdf
from faxdaemon.formats import activefax, filename, rightfax
from faxdaemon.outbound.choose import FolderRules
from faxdaemon.outbound.dialects import Dialects
from faxdaemon.outbound.route import PrepareStage, RouteStage

ALL = {"pdf": capabilities(suffixes=frozenset({".pdf"})), "both": capabilities(suffixes=frozenset({".pdf", ".txt"}))}


def stages(site: Site, account: str = "pdf", able: Any = ALL, **parts: Any) -> tuple[RouteStage, PrepareStage]:
    asks = FolderAsks("{number}_{name}", None)
    known = {"activefax": activefax, "rightfax": rightfax, "filename": filename}
    formats: Any = [(name, module.open_format(asks)) for name, module in known.items()]
    rules = FolderRules(Dialects(formats), (account,), "US", {}, 3600.0)
    return site.routing(rules, able, **parts)


def decided(site: Site, account: str = "pdf", **parts: Any) -> None:
    route, prepare = stages(site, account, **parts)
    route.step()
    prepare.step()


def test_a_text_for_an_account_that_takes_pdf_only_becomes_one(site: Site) -> None:
    fax = site.received("3035550123_x.txt", b"Hello\fpage two")
    route, prepare = stages(site)
    assert route.step() == NOTHING_DUE
    assert site.state_of(fax) == "received", "it takes long, and must not keep others waiting"
    assert prepare.step() == 0.0
    submission = site.claimed("pdf")
    (document,) = submission.documents
    assert (document.name, document.role, document.pages, submission.pages) == ("3035550123_x.pdf", Role.MADE, 2, 2)
    assert site.spool.path(document.spool).read_bytes().startswith(b"%PDF-")
    assert prepare.step() == NOTHING_DUE


def test_where_an_account_takes_it_nothing_is_made(site: Site) -> None:
    site.received("3035550123_x.txt", b"Hello")
    decided(site, "both")
    assert [d.role for d in site.claimed("both").documents] == [Role.DOCUMENT]


def several(site: Site, *names: str) -> FaxId:
    """A drop of several documents."""
    documents = []
    for number, name in enumerate(names, 1):
        spool = site.spool.name("out", site.new_id(), number, name[-4:])
        path = site.spool.path(spool)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pdf_bytes(2) if name.endswith("pdf") else b"Hello")
        documents.append(Document(name, spool, path.stat().st_size, "0" * 64))
    fax_id = site.new_id()
    site.journal.accept([Drop(fax_id, Origin(str(site.out), "3035550123_x.pdf", 1, 1, 1), tuple(documents))])
    return fax_id


@pytest.mark.parametrize(
    ("names", "limits", "sent"),
    [
        (["a.pdf", "b.pdf"], {"documents": 2}, [("a.pdf", 2), ("b.pdf", 2)]),
        (["a.pdf", "b.pdf"], {"documents": 1}, [("a.pdf", 4)]),
        (["a.txt", "b.pdf"], {"only_first": frozenset({".txt"})}, [("a.txt", None), ("b.pdf", 2)]),
        (["a.pdf", "b.txt"], {"only_first": frozenset({".txt"})}, [("a.pdf", 3)]),
    ],
)
def test_what_does_not_fit_in_one_fax_becomes_one_document(
    site: Site, names: list[str], limits: Any, sent: list[Any]
) -> None:
    several(site, *names)
    able = {"most": capabilities(suffixes=frozenset({".pdf", ".txt"}), **limits)}
    for stage in stages(site, "most", able):
        while stage.step() == 0.0:
            pass
    assert [(document.name, document.pages) for document in site.claimed("most").documents] == sent


def test_a_picture_becomes_a_pdf_too(site: Site) -> None:
    site.received("3035550123_x.tif", make_tiff(site.place / "x.tif").read_bytes())
    decided(site)
    assert site.claimed("pdf").documents[0].name == "3035550123_x.pdf"


def test_others_are_not_kept_waiting_by_what_is_prepared(site: Site) -> None:
    slow = [site.received(f"3035550123_{n}.txt", b"Hello") for n in range(40)]
    quick = site.received("3035550123_z.pdf", pdf_bytes())
    route, prepare = stages(site)
    while route.step() == 0.0:
        pass
    assert site.state_of(quick) == "ready"
    while prepare.step() == 0.0:
        pass
    assert {site.state_of(fax) for fax in slow} == {"ready"}


def test_codes_tell_where_to_and_are_not_sent(site: Site) -> None:
    site.received("letter.pdf", text_pdf("<TOFAXNUM:13035550199><TONAME:Dr Lee>\nHello"))
    decided(site)
    submission = site.claimed("pdf")
    assert (submission.number, submission.name) == ("+13035550199", "Dr Lee")
    (document,) = submission.documents
    assert document.role is Role.MADE


def test_an_unknown_code_holds_the_fax_and_a_person_may_release_it(site: Site) -> None:
    fax = site.received("letter.pdf", text_pdf("<TOFAXNUM:13035550199><PREWIEW>\nHello"))
    decided(site)
    assert site.state_of(fax) == "held"
    assert "no code PREWIEW" in site.reason(fax)
    site.journal.release(fax)
    assert site.claimed("pdf").number == "+13035550199"


def test_codes_that_would_be_seen_hold_the_fax(site: Site) -> None:
    seen = Faulty(open_documents(), make=[CannotMake("a code would still be legible on the fax")])
    fax = site.received("letter.pdf", text_pdf("@F211 303 555 0199@\nHello"))
    decided(site, documents=seen)
    assert site.state_of(fax) == "held"
    assert "legible" in site.reason(fax)


def test_codes_are_not_looked_for_where_nobody_listed_them(site: Site) -> None:
    fax = site.received("letter.pdf", text_pdf("@F211 303 555 0199@\nHello"))
    asks = FolderAsks("{number}_{name}", None)
    rules = FolderRules(Dialects([("filename", filename.open_format(asks))]), ("pdf",), "US", {}, 3600.0)
    site.routing(rules, ALL)[0].step()
    assert site.state_of(fax) == "failed"


def test_what_no_pdf_can_be_made_of_fails_with_the_reason(site: Site) -> None:
    fax = site.received("3035550123_x.txt", b"Hello")
    broken = Faulty(open_documents(), make=[ZeroDivisionError()])
    decided(site, documents=broken)
    assert site.state_of(fax) == "failed"
    assert "ZeroDivisionError" in site.reason(fax)


def test_a_crash_before_the_decision_makes_it_again(site: Site) -> None:
    fax = site.received("3035550123_x.txt", b"Hello")
    route, prepare = stages(site, files=Faulty(site.files, sync=[Crash()]))
    route.step()
    try:
        prepare.step()
    except Crash:
        pass
    else:
        raise AssertionError("it should have crashed")
    site.restart()
    assert site.state_of(fax) == "received"
    decided(site)
    assert [d.role for d in site.claimed("pdf").documents] == [Role.MADE]


def test_what_another_program_must_read_does_not_keep_others_waiting(site: Site) -> None:
    """A print stream, whose codes are only known once it is converted."""
    slow = site.received("job.prn", text_pdf("@F211 303 555 0199@\nHello"))
    quick = site.received("3035550123_z.pdf", pdf_bytes())
    documents = Faulty(open_documents(), is_slow=[lambda *_: True, lambda *_: False, lambda *_: True])
    route, prepare = stages(site, documents=documents)
    route.step()
    assert [site.state_of(fax) for fax in (slow, quick)] == ["received", "ready"]
    assert ("text", (site.spool.path(spooled(site, slow)), "job.prn")) not in documents.calls
    prepare.step()
    assert site.state_of(slow) == "ready"
    assert len([call for call in documents.calls if call[0] == "text"]) == 2, "each once, however many dialects ask"


def spooled(site: Site, fax: FaxId) -> str:
    """Where its document is."""
    return next(each.spool for drop in site.journal.to_route(99) if drop.fax_id == fax for each in drop.documents)


@pytest.mark.parametrize("name", ["letter.pdf", "3035550123_x.pdf"])
def test_what_cannot_be_searched_for_codes_is_not_sent(site: Site, name: str) -> None:
    """Nor by its name: nobody knows what stands on it."""
    bomb = Faulty(open_documents(), text=[CannotRead("takes more memory to be read than any ordinary PDF")])
    fax = site.received(name, pdf_bytes())
    decided(site, documents=bomb)
    assert site.state_of(fax) == "failed"
    assert site.reason(fax) == f"{name} takes more memory to be read than any ordinary PDF"


def test_a_damaged_document_is_refused_for_that_and_not_for_having_no_codes(site: Site) -> None:
    fax = site.received("letter.pdf", pdf_bytes()[:-30])
    decided(site)
    assert "cut off" in site.reason(fax)
