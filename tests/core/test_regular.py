"""Regular expressions of sites: the groups that Python's would give, in a time that Python's would not keep."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from faxdaemon.core import regular
from faxdaemon.core.naming import compile_pattern
from faxdaemon.core.regular import compile_regular

EXPRESSIONS = [
    r"(?P<number>\d+)_(?P<name>.+)",
    r"(?P<number>\+?[0-9]{7,15})(?:[-_ ](?P<name>[^_]*)(?:_(?P<reference>\w+))?)?",
    r"^fax[- ]?(?P<number>[\d-]+?)(?:-(?P<page>\d{1,3}))?$",
    r"(?P<number>(?<=x)a*)|x(?P<name>b)",
]
NAMES = st.text("abcx01-_ ]^\\{}.IiNnVv\n", max_size=12)


@pytest.mark.parametrize("expression", EXPRESSIONS)
@given(name=NAMES)
@example(name="")
@example(name="3035550123_Dr Lee_4711")
@example(name="fax-303-555-0123-12")
@example(name="1_\n")
def test_it_gives_the_groups_that_python_gives(expression: str, name: str) -> None:
    wanted = re.compile(expression, re.DOTALL).fullmatch(name)
    found = compile_regular(expression).match(name)
    assert (found is None) == (wanted is None)
    if found is not None and wanted is not None:
        assert found == {group: text for group, text in wanted.groupdict().items() if text is not None}


def test_a_pattern_of_a_folder_may_be_one() -> None:
    pattern = compile_pattern(r"regex:(?P<number>[0-9]+)-(?P<name>.+)")
    assert pattern.fields == ("number", "name")
    assert pattern.match("3035550123-Müller") == {"number": "3035550123", "name": "Müller"}
    assert pattern.match("Mu\u0308ller") is None


@pytest.mark.timeout(60)
def test_what_takes_python_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regular, "PATIENCE", 0.01)
    pattern = compile_regular(r"(?P<number>(?:a|aa)+)(?=c)(?<!x)")
    with pytest.raises(TimeoutError):
        pattern.match("a" * 200)
    with pytest.raises(TimeoutError):
        pattern.search("a" * 200)


@pytest.mark.parametrize("expression", ["(?P<number>", "[", "(?P<a>x)(?P<a>y"])
def test_what_is_none_is_told(expression: str) -> None:
    with pytest.raises(ValueError, match="is no regular expression: "):
        compile_regular(expression)
