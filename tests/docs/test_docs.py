"""What the pages say is what the code does: generated parts are fresh, documented keys are the produced keys, links
lead somewhere."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest
from support.sinking import sink_tools

from faxdaemon.contracts.format import FolderAsks
from faxdaemon.contracts.journal import ReportWork
from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import Document, InboundFax, Listed, Origin, Outcome, StoredDocument
from faxdaemon.core.states import Outbound, Reporting
from faxdaemon.formats import filename
from faxdaemon.outbound import report
from faxdaemon.sinks import _names, folder

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
FAX = FaxId("0" * 26)
NOW = datetime(2026, 11, 20, 9, 31, tzinfo=UTC)


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_docs", Path(__file__).with_name("generate.py"))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", sorted(generator().PAGES))
def test_generated_parts_are_fresh(name: str) -> None:
    page = (ROOT / "docs" / name).read_text("utf-8")
    assert generator().PAGES[name](page) == page, "run: make docs"


def test_a_page_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="states:begin"):
        generator().with_state_tables("no marks here")


def documented(heading: str, page: str = "answers.md") -> set[str]:
    """The keys in the first column of the table below `heading`."""
    page = (ROOT / "docs" / page).read_text("utf-8")
    section = re.split(r"^#+ ", page.split(f"# {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    return set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))


def test_the_result_of_a_drop() -> None:
    outcome = Outcome(
        recipient=1,
        number="+13035550100",
        name=None,
        state=Outbound.SENT,
        reason=None,
        account="main",
        provider_id="1",
        reference="x-1-1",
        pages=1,
        ended_at=NOW,
        submissions=1,
        remote_csid=None,
        duration_s=None,
    )
    work = ReportWork(
        fax_id=FAX,
        epoch=1,
        state=Reporting.DUE,
        origin=Origin("/drop", "x.pdf", 4, 0, 0),
        documents=(Document("x.pdf", "out/x.pdf", 4, "00", 1),),
        received_at=NOW,
        outcomes=(outcome,),
        fields={},
        plan=None,
        published=None,
    )
    facts = report._facts(work, report.overall_of(work.outcomes))
    answers = filename.open_format(FolderAsks("{number}", None)).answer(facts)
    assert [answer.suffix for answer in answers] == [".result.json"]
    body = json.loads(answers[0].content)
    assert set(body) == documented("The result of a drop")
    assert set(body["recipients"][0]) == documented("Each recipient")
    assert set(body["documents"][0]) == documented("Each document")


def test_the_sidecar(tmp_path: Path) -> None:
    content = b"%PDF"
    document = tmp_path / "spooled.pdf"
    document.write_bytes(content)
    destination = tmp_path / "in"
    destination.mkdir()
    stored = StoredDocument("in/x.pdf", len(content), hashlib.sha256(content).hexdigest(), "application/pdf", 1)
    listed = Listed("7", "+13035550100", "+13035550199", "CSID", NOW, 1, {"recvid": "7"})
    sink = folder.open_sink("k", folder.Options(path=destination), sink_tools(tmp_path / "work"))
    sink.publish(sink.stage(InboundFax(FAX, "main", 1, listed, NOW, 0, stored), document))
    sidecar = json.loads(next(destination.glob("*.json")).read_text("utf-8"))
    assert set(sidecar) == documented("What they tell", "received.md")


def test_the_fields_of_names() -> None:
    assert documented("Names", "received.md") == _names.FIELDS.keys()
    assert documented("From Concord Fax Assist", "received.md") == _names.FAX_ASSIST.keys()
    assert len(_names.FAX_ASSIST) == 15


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#\s]+)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_decision_is_in_the_index() -> None:
    folder_ = ROOT / "docs" / "decisions"
    index = (folder_ / "README.md").read_text("utf-8")
    pages = {page.name for page in folder_.glob("[0-9]*.md")}
    assert pages == set(re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", index))
    assert sorted(int(name[:4]) for name in pages) == list(range(1, len(pages) + 1))


def test_the_decisions_that_the_code_cites_exist() -> None:
    cited = set()
    for path in (ROOT / "faxdaemon").rglob("*.py"):
        cited |= set(re.findall(r"docs/[\w/-]+\.md", path.read_text("utf-8")))
    assert [name for name in sorted(cited) if not (ROOT / name).exists()] == []
