"""Our answer as a table and as XML says what the JSON says, whatever is in it."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faxdaemon.contracts.format import FolderAsks, ReportFacts
from faxdaemon.core.model import Outcome
from faxdaemon.core.states import Outbound
from faxdaemon.formats import filename
from faxdaemon.formats._answers import ANSWERS
from faxdaemon.outbound.dialects import Dialects

SENT = Outcome(
    recipient=1,
    number="+13035550123",
    name="Dr. Lee & <Co>",
    state=Outbound.SENT,
    reason=None,
    account="main",
    provider_id="job-1",
    reference="ref-1-1",
    pages=2,
    ended_at=datetime(2026, 11, 20, 9, 1, 2, 345678, tzinfo=UTC),
    submissions=1,
    remote_csid="THEM",
    duration_s=61,
    fields={"ward": "7b", 'odd "name"': "x;y,z"},
)
FAILED = replace(SENT, recipient=2, state=Outbound.FAILED, reason="busy,\nbusy", pages=None, fields={"ward": "8"})
FACTS = ReportFacts(
    fax_id="01jd0000000000000000000001",
    name="flyer.csv",
    received_at="2026-11-20T09:00:00.000+00:00",
    documents=({"name": "flyer.pdf", "bytes": 9, "sha256": "00", "pages": None},),
    outcomes=(SENT, FAILED),
    overall="failed",
    fields={"ward": "7b"},
)


def rows(facts: ReportFacts) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(ANSWERS["csv"](facts).content.decode(), newline="")))


def as_xml(facts: ReportFacts) -> dict[str, Any]:
    """What the XML says, in the shape of the JSON; all values as text."""
    root = ET.fromstring(ANSWERS["xml"](facts).content)
    assert (root.tag, root.attrib) == ("result", {"schema": "1"})
    return shape(root)


def shape(node: ET.Element) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for child in node:
        if child.tag == "fields":
            found[child.tag] = {field.attrib["name"]: field.text or "" for field in child}
        elif child.tag in {"documents", "recipients"}:
            found[child.tag] = [shape(each) for each in child]
        else:
            found[child.tag] = child.text or ""
    return found


def plain(value: Any) -> Any:
    """The JSON with all values as text."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items() if key != "schema"}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return "" if value is None else str(value)


def as_json(facts: ReportFacts) -> Any:
    return json.loads(ANSWERS["json"](facts).content)


def test_the_xml_says_what_the_json_says() -> None:
    assert as_xml(FACTS) == plain(as_json(FACTS))


def test_the_table_has_a_row_for_each_recipient() -> None:
    first, second = rows(FACTS)
    assert (first["id"], first["drop"], first["received_at"]) == (FACTS.fax_id, FACTS.name, FACTS.received_at)
    assert (first["field.ward"], first['field.odd "name"']) == ("7b", "x;y,z")
    assert (second["field.ward"], second['field.odd "name"']) == ("8", "")
    assert (second["state"], second["reason"], second["pages"]) == ("failed", "busy,\nbusy", "")
    told = plain(as_json(FACTS))["recipients"]
    for row, recipient in zip((first, second), told, strict=True):
        assert {key: row[key] for key in recipient if key != "fields"} == {
            key: text for key, text in recipient.items() if key != "fields"
        }


TEXT = st.text(st.characters(exclude_categories=()), max_size=20)


@given(TEXT, TEXT, st.dictionaries(TEXT, TEXT, max_size=3))
def test_whatever_it_tells_it_can_be_read(name: str, reason: str, fields: dict[str, str]) -> None:
    outcome = replace(FAILED, name=name, reason=reason, fields=fields)
    facts = replace(FACTS, name=name, outcomes=(outcome,), fields=fields)
    table = list(csv.reader(io.StringIO(ANSWERS["csv"](facts).content.decode(), newline=""), strict=True))
    assert [len(row) for row in table] == [len(table[0])] * 2
    assert as_xml(facts)["recipients"][0]["number"] == "+13035550123"
    assert ANSWERS["xml"](facts) == ANSWERS["xml"](facts)


@pytest.mark.parametrize(
    ("wanted", "suffixes"),
    [
        ([], [".result.json"]),
        (["json"], [".result.json"]),
        (["csv", "xml"], [".result.json", ".result.csv", ".result.xml"]),
    ],
)
def test_a_folder_has_them_besides_its_dialects_own(wanted: list[str], suffixes: list[str]) -> None:
    spoken = [("filename", filename.open_format(FolderAsks("{number}", None)))]
    dialects = Dialects(spoken, [ANSWERS[form] for form in wanted])
    assert [each.suffix for each in dialects.answer(None, FACTS)] == suffixes


def test_a_table_calculates_nothing_in_a_spreadsheet() -> None:
    facts = replace(FACTS, name="=1+1.pdf")
    bad = replace(facts.outcomes[0], number="+13035550123", name="=cmd|' /C calc'!A0", reason="@SUM(1)", reference="-2")
    (row, *_) = rows(replace(facts, outcomes=(bad,)))
    assert (row["drop"], row["name"], row["reason"]) == ("'=1+1.pdf", "'=cmd|' /C calc'!A0", "'@SUM(1)")
    assert (row["number"], row["reference"]) == ("+13035550123", "-2"), "what is a number stays one"
