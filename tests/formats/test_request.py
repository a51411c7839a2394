"""Our own control file, and the schema by which it is written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.dialects import NUMBER, orders, refusal
from support.schemas import violations

from faxdaemon.core.model import Request
from faxdaemon.core.wishes import VOCABULARY
from faxdaemon.formats.request import json_schema

SCHEMA = json_schema()


def complaints(asked: Any) -> list[str]:
    return list(violations(asked, SCHEMA, SCHEMA))


def written(asked: Any) -> str:
    return json.dumps(asked)


GOOD: list[dict[str, Any]] = [
    {"to": NUMBER},
    {"to": {"number": NUMBER, "name": "Dr. Lee"}},
    {"to": [NUMBER, {"number": NUMBER, "reference": "1", "fields": {"a": "b"}, "cover": "Standard"}]},
    {"to": NUMBER, "documents": ["a.pdf", "b.pdf"], "account": "main", "fields": {}},
    {"to": NUMBER, **{name: wish.example for name, wish in VOCABULARY.items()}},
]
BAD: list[Any] = [
    {},
    {"to": []},
    {"to": 3035550123},
    {"to": NUMBER, "resolutoin": "fine"},
    {"to": NUMBER, "name": 7},
    {"to": NUMBER, "documents": []},
    {"to": [{"name": "Dr. Lee"}]},
    {"to": [{"number": NUMBER, "to": NUMBER}]},
    {"to": NUMBER, "fields": {"a": 1}},
    [NUMBER],
]


@pytest.mark.parametrize("asked", GOOD)
def test_what_keeps_to_the_schema_is_followed(asked: dict[str, Any]) -> None:
    assert complaints(asked) == []
    assert {request.number for order in orders("request", written(asked)) for request in order.requests} == {NUMBER}


@pytest.mark.parametrize("asked", BAD)
def test_what_does_not_is_refused(asked: Any) -> None:
    assert complaints(asked)
    assert refusal("request", written(asked))


def test_the_schema_has_every_word_where_it_stands_in_the_file() -> None:
    for node in (SCHEMA, SCHEMA["$defs"]["Recipient"]):
        assert set(VOCABULARY) <= set(node["properties"])
        assert "options" not in node["properties"]
        assert node["additionalProperties"] is False
        assert all(field.get("description") for name, field in node["properties"].items() if name != "options")


def test_what_is_said_for_all_holds_for_each_unless_it_says_otherwise() -> None:
    asked = {
        "to": [NUMBER, {"number": NUMBER, "name": "B", "resolution": "fine"}],
        "name": "A",
        "resolution": "standard",
    }
    (order,) = orders("request", written(asked))
    assert order.requests == (
        Request(NUMBER, "A", options={"resolution": "standard"}),
        Request(NUMBER, "B", options={"resolution": "fine"}),
    )


def test_yaml_says_the_same() -> None:
    assert orders("request", f'to: "{NUMBER}"\nname: Dr. Lee\n', "a.YAML") == orders(
        "request", written({"to": NUMBER, "name": "Dr. Lee"}), "a.json"
    )


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("to: 3035550123\n", "write it in quotes"),
        ("to: &a [*a]\n", "line 1: aliases"),
        ("to: '+1'\nname: [\n", "line 3: it is neither JSON nor YAML"),
        ("[" * 3000, "nested too deeply"),
        ("{" * 3000, "nested too deeply"),
        (written({"to": [NUMBER] * 10_001}), "at most 10000"),
        (b"\xff\xfe\x00", "it is not utf-16"),
    ],
)
def test_why_it_cannot_be_followed(content: bytes | str, why: str) -> None:
    assert why in refusal("request", content)
