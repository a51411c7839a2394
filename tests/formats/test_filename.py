"""The file name asks, a JSON file answers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faxdaemon.contracts.format import FolderAsks, NotMine, Papers, ReportFacts
from faxdaemon.core.model import Outcome, Request
from faxdaemon.core.states import AT_REST, Outbound
from faxdaemon.formats._result import SCHEMA
from faxdaemon.formats.filename import open_format

PATTERN = "{number}[_{name}][_{reference}]"
ENDED = datetime(2026, 11, 20, 9, 1, 2, 345678, tzinfo=UTC)


def read(name: str, pattern: str = PATTERN, to: str | None = None) -> Any:
    found = open_format(FolderAsks(pattern, to)).read(Papers(name))
    return list(found[0].requests) if isinstance(found, list) else found


# -- asking


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("3035550123.pdf", Request("3035550123")),
        ("+1 (303) 555-0123.PDF", Request("+1 (303) 555-0123")),
        ("3035550123_Dr. Lee.pdf", Request("3035550123", "Dr. Lee")),
        ("3035550123_Dr. Lee_4711.pdf", Request("3035550123", "Dr. Lee", "4711")),
        ("3035550123_Dr. Lee_4711_b.tar.gz", Request("3035550123", "Dr. Lee", "4711_b.tar")),
        ("3035550123", Request("3035550123")),
        ("3035550123_Mu\u0308ller.pdf", Request("3035550123", "Müller")),
    ],
)
def test_a_name_is_read_by_the_pattern(name: str, request_: Request) -> None:
    assert read(name) == [request_]


def test_fields_of_the_askers_own_are_kept() -> None:
    (found,) = read("0017_3035550123_billing.pdf", "{case}_{number}_{department}")
    assert found == Request("3035550123", None, None, {"case": "0017", "department": "billing"})


@pytest.mark.parametrize("name", ["fax.pdf", "to-3035550123.pdf", ".pdf", "3035550123_x.pdf"])
def test_a_name_that_does_not_follow_the_pattern_is_answered_with_it(name: str) -> None:
    refused = read(name, "to {number}")
    assert isinstance(refused, NotMine)
    assert "to {number}" in refused.hint
    assert "rename it" in refused.hint


def test_a_fixed_number_takes_any_name() -> None:
    assert read("anything at all.pdf", "{number}_{name}", to="+13035550199") == [Request("+13035550199")]


def test_a_fixed_number_wins_and_the_other_fields_are_read() -> None:
    (found,) = read("3035550123_Dr. Lee.pdf", to="+13035550199")
    assert (found.number, found.name) == ("+13035550199", "Dr. Lee")


@given(st.text(st.characters(codec=None), max_size=300), st.sampled_from([PATTERN, "{number}", "{a}-{b}[-{number}]"]))
def test_no_name_ever_raises(name: str, pattern: str) -> None:
    found = read(name, pattern)
    if isinstance(found, NotMine):
        assert pattern in found.hint
    else:
        (request,) = found
        assert request.number


# -- answering


def outcome(**changes: Any) -> Outcome:
    values: dict[str, Any] = {
        "recipient": 1,
        "number": "+13035550123",
        "name": "Dr. Lee",
        "state": Outbound.SENT,
        "reason": None,
        "account": "main",
        "provider_id": "job-1",
        "reference": "ref-1-1",
        "pages": 2,
        "ended_at": ENDED,
        "submissions": 1,
        "remote_csid": "THEM",
        "duration_s": 61,
        "fields": {"ward": "7b"},
    }
    return Outcome(**(values | changes))


def facts(overall: str = "sent", *outcomes: Outcome, **changes: Any) -> ReportFacts:
    made = ReportFacts(
        fax_id="01jd0000000000000000000001",
        name="3035550123_Dr. Lee_4711.pdf",
        received_at="2026-11-20T09:00:00.000+00:00",
        documents=({"name": "3035550123_Dr. Lee_4711.pdf", "bytes": 9, "sha256": "00", "pages": 2},),
        outcomes=outcomes or (outcome(),),
        overall=overall,
        fields={"name": "Dr. Lee", "reference": "4711"},
    )
    return replace(made, **changes)


def answered(told: ReportFacts) -> dict[str, Any]:
    (file,) = open_format(FolderAsks(PATTERN, None)).answer(told)
    assert file.suffix == ".result.json"
    body: dict[str, Any] = json.loads(file.content.decode("utf-8"))
    return body


def test_the_answer_of_a_sent_fax_in_full() -> None:
    assert answered(facts()) == {
        "schema": SCHEMA,
        "id": "01jd0000000000000000000001",
        "state": "sent",
        "reason": None,
        "what_to_do": None,
        "name": "3035550123_Dr. Lee_4711.pdf",
        "received_at": "2026-11-20T09:00:00.000+00:00",
        "fields": {"name": "Dr. Lee", "reference": "4711"},
        "documents": [{"name": "3035550123_Dr. Lee_4711.pdf", "bytes": 9, "sha256": "00", "pages": 2}],
        "recipients": [
            {
                "number": "+13035550123",
                "name": "Dr. Lee",
                "state": "sent",
                "reason": None,
                "account": "main",
                "provider_id": "job-1",
                "reference": "ref-1-1",
                "submissions": 1,
                "pages": 2,
                "ended_at": "2026-11-20T09:01:02.345+00:00",
                "duration_s": 61,
                "csid": "THEM",
                "fields": {"ward": "7b"},
            }
        ],
    }


@pytest.mark.parametrize("overall", ["failed", "held", "cancelled"])
def test_what_was_not_sent_says_why_and_what_to_do(overall: str) -> None:
    told = answered(facts(overall, outcome(), outcome(state=Outbound(overall), reason="busy", ended_at=None)))
    assert told["reason"] == "busy"
    assert len(told["what_to_do"]) > 20
    assert [each["reason"] for each in told["recipients"]] == [None, "busy"]
    assert told["recipients"][1]["ended_at"] is None


def test_the_same_facts_give_the_same_bytes() -> None:
    """After a crash the answer is written again, and what a reader has seen must not change."""
    answers = {open_format(FolderAsks(PATTERN, None)).answer(facts())[0].content for _ in range(3)}
    assert len(answers) == 1


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Müller.pdf", "Müller.pdf"),
        ("M\udcfcller.pdf", "M\\xfcller.pdf"),
        ("half \ud83d.pdf", "half \\ud83d.pdf"),
        ("line\nend.pdf", "line\nend.pdf"),
    ],
)
def test_any_name_is_shown(name: str, shown: str) -> None:
    told = answered(facts(name=name, documents=({"name": name, "bytes": 1, "sha256": "", "pages": None},)))
    assert told["name"] == shown
    assert told["documents"][0]["name"] == shown


TEXT = st.text(st.characters(codec=None), max_size=40)


@given(TEXT, TEXT, TEXT, st.dictionaries(TEXT, TEXT, max_size=3), st.sampled_from(sorted(AT_REST)))
def test_whatever_it_tells_the_answer_is_json_in_utf_8(
    name: str, reason: str, person: str, fields: dict[str, str], state: Outbound
) -> None:
    told = answered(facts(state.value, outcome(state=state, reason=reason, name=person), name=name, fields=fields))
    assert told["state"] == state.value
    assert len(told["fields"]) == len(fields)
