"""Regular expressions for names: the groups that Python's would give, in a time that Python's would not keep."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from faxdaemon.core.naming import compile_pattern
from faxdaemon.core.regular import compile_regular

EXPRESSIONS = [
    r"(?P<number>\d+)_(?P<name>.+)",
    r"(?P<number>\+?[0-9]{7,15})(?:[-_ ](?P<name>[^_]*)(?:_(?P<reference>\w+))?)?",
    r"^fax[- ]?(?P<number>[\d-]+?)(?:-(?P<page>\d{1,3}))?$",
    r"(?i)(?P<kind>inv|invoice|INV[0-9])(?P<number>\d*).*",
    r"(a|b)*(?P<number>b?)(?:a{2}|b{1,2}?|c{0,3})+",
    r"(?P<number>(?:a*)*)b?",
    r"(?P<number>[]a^-]|[^]b])[\]\-x]*",
    r"(?P<a>x?)(?P<b>x??)(?P<c>x*?)(?P<d>x*)",
    r"|(?P<number>a)|b|",
    r"(?:(?P<number>[ab])-?)+",
    r"a{2,}?(?P<number>a{,2})a*",
    r"{(?P<number>\d)}",
    r"(?P<number>\.\\\s\S\D\W?)",
]
NAMES = st.text("abcx01-_ ]^\\{}.IiNnVv\n", max_size=12)


@pytest.mark.parametrize("expression", EXPRESSIONS)
@given(name=NAMES)
@example(name="")
@example(name="3035550123_Dr Lee_4711")
@example(name="fax-303-555-0123-12")
@example(name="InVoice77 x")
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
@pytest.mark.parametrize(
    "expression", [r"(?P<number>(?:a+)+)b", r"(?P<number>(?:a|a)*)b", r"(?P<number>.*.*.*.*.*.*)b"]
)
def test_what_takes_python_for_ever_is_answered(expression: str) -> None:
    pattern = compile_regular(expression)
    assert pattern.match("a" * 255) is None
    assert pattern.match("a" * 254 + "b") == {"number": "a" * 254}


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("(?P<number>", "is no regular expression: missing ), unterminated subpattern at position 0"),
        ("[", "is no regular expression"),
        ("[[a]", "is no regular expression"),
        (r"(?P<a>x)(?P=a)", "“(?P=” is not possible here (character 9 of the expression)"),
        (r"(x)\1", "“\\1” is not possible here (character 4"),
        (r"x\b", "“\\b” is not possible"),
        (r"(?=x)x", "“(?=x” is not possible"),
        (r"(?<!x)x", "“(?<!” is not possible"),
        (r"(?>x)x", "“(?>x” is not possible"),
        (r"x++", "a possessive quantifier"),
        (r"x^y", "“^” is possible at the beginning only"),
        (r"x$y", "“$” is possible at the end only"),
        (r"(?:x{200}){200}", "the expression is too large"),
        ("(" * 40 + "x" + "){1}" * 40, "the expression is too large"),
    ],
)
def test_what_is_left_out_is_refused_by_name(expression: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        compile_regular(expression)
