"""Templates that make names: what they expand to, and every mistake found beforehand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faxdaemon.core.naming import check_template, expand

FIELDS = frozenset({"received", "from", "pages", "id"})
MOMENT = datetime(2026, 11, 20, 9, 31, 5, tzinfo=UTC)
VALUES: dict[str, str | int | datetime | None] = {"received": MOMENT, "from": "+13035550100", "pages": 3, "id": None}


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{received:%Y-%m-%d_%H%M}_from_{from}_{pages}p", "2026-11-20_0931_from_+13035550100_3p"),
        ("{received}", "2026-11-20_093105"),
        ("{pages:03}", "003"),
        ("{id}-{nobody}", "unknown-unknown"),
        ("{{{pages}}}", "{3}"),
        ("{received:%H:%M}", "09:31"),
    ],
)
def test_expanding(template: str, name: str) -> None:
    assert expand(template, VALUES) == name


def test_an_empty_value_is_unknown_too() -> None:
    assert expand("{from}", {"from": ""}) == "unknown"


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("", "empty"),
        ("{form}", "did you mean {from}?"),
        ("{zzz}", "there are: from, id, pages, received"),
        ("{received:%Q}", "%Q is not known"),
        ("{received:%Y%}", "is not known"),
        ("{pages:x}", "a width"),
        ("{received", "has no partner"),
        ("received}", "has no partner"),
        ("a/{pages}", "another folder"),
        ("{received:%Y/%m}", "another folder"),
        ("{pages}\\x", "another folder"),
    ],
)
def test_mistakes_are_told(template: str, words: str) -> None:
    problems = check_template(template, FIELDS)
    assert len(problems) == 1
    assert words in problems[0]


def test_every_mistake_is_told_at_once() -> None:
    assert len(check_template("{form}/{received:%Q}}", FIELDS)) == 4


@settings(deadline=None)
@given(st.text(st.sampled_from("{}:%YmdHXQ/receivdpags03 _"), max_size=40))
def test_what_passes_the_check_expands_without_leaving_a_field(template: str) -> None:
    if not check_template(template, FIELDS):
        assert "unknown" not in expand(template, VALUES | {"id": "x"})
