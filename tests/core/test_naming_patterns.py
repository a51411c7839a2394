"""Patterns that read names: what matches, what is refused with which reason, and bounded work."""

from __future__ import annotations

import re
import sys
import unicodedata

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from faxdaemon.core.naming import compile_pattern

USUAL = "{number}[_{name}][_{reference}]"


@pytest.mark.parametrize(
    ("pattern", "stem", "fields"),
    [
        (USUAL, "3035550100", {"number": "3035550100"}),
        (USUAL, "3035550100_Jones", {"number": "3035550100", "name": "Jones"}),
        (USUAL, "303_Jones_R7_b", {"number": "303", "name": "Jones", "reference": "R7_b"}),
        (USUAL, "12AB_x", {"number": "12AB", "name": "x"}),
        (USUAL, "", None),
        ("Fax {number}", "Fax 1", {"number": "1"}),
        ("Fax {number}", "fax 1", None),
        ("{number}-{rest}", "1-2-3", {"number": "1", "rest": "2-3"}),
        ("[{name}@]{number}", "Jones@1", {"name": "Jones", "number": "1"}),
        ("[{name}@]{number}", "1", {"number": "1"}),
        ("{number}[_{a}[-{b}]]", "1_x-y", {"number": "1", "a": "x", "b": "y"}),
        ("{number}[_{a}[-{b}]]", "1_x", {"number": "1", "a": "x"}),
        ("{{{number}}}", "{1}", {"number": "1"}),
        ("[[{number}]]", "[1]", {"number": "1"}),
        ("{number}[_{a}].x", "1.x", {"number": "1"}),
        ("f\u00fcr {number}", "fu\u0308r 1", {"number": "1"}),
        ("x", "x", {}),
    ],
)
def test_matching(pattern: str, stem: str, fields: dict[str, str] | None) -> None:
    assert compile_pattern(pattern).match(stem) == fields


def test_fields_are_told_in_order() -> None:
    assert compile_pattern(USUAL).fields == ("number", "name", "reference")


@pytest.mark.parametrize(
    ("pattern", "words", "position"),
    [
        ("ab{number", "never ended", 3),
        ("{}", "without a name", 1),
        ("{a b}", "no field name", 1),
        ("{a}_{a}", "appears twice", 5),
        ("{a}{b}", "nothing separates {b}", 4),
        ("{a}[{b}]", "nothing separates {b}", 5),
        ("{a}[_]{b}", "nothing separates {b}", 7),
        ("[{a}]{b}", "nothing separates {b}", 6),
        ("{a}[_{b}", "never ended", 4),
        ("{a}]", "without its beginning", 4),
        ("a}", "without its beginning", 2),
        ("{a}[]", "nothing in it", 4),
        ("", "empty", None),
    ],
)
def test_a_bad_pattern_is_refused_with_reason_and_place(pattern: str, words: str, position: int | None) -> None:
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        compile_pattern(pattern)
    if position is not None:
        assert f"at character {position};" in str(caught.value)


#: Text without the separators that the generated patterns use and without brackets, in the form matching returns.
plain = st.text(st.characters(codec="utf-8", exclude_characters="{}[]_-"), min_size=1, max_size=12).map(
    lambda text: unicodedata.normalize("NFC", text)
)
names = st.lists(st.from_regex(r"[a-z]{1,6}", fullmatch=True), unique=True, min_size=1, max_size=5)


@settings(deadline=None)
@given(st.data(), names, st.booleans())
def test_what_a_pattern_renders_it_reads_back(data: st.DataObject, fields: list[str], nested: bool) -> None:
    values = {name: data.draw(plain, name) for name in fields}
    present = data.draw(st.integers(1, len(fields)))
    first, *others = fields
    if nested:
        pattern = f"{{{first}}}" + "".join(f"[_{{{name}}}" for name in others) + "]" * len(others)
    else:
        pattern = f"{{{first}}}" + "".join(f"[_{{{name}}}]" for name in others)
    stem = "_".join(values[name] for name in fields[:present])
    assume(unicodedata.is_normalized("NFC", stem))
    assert compile_pattern(pattern).match(stem) == {name: values[name] for name in fields[:present]}


@settings(deadline=None)
@given(st.text(max_size=30))
def test_any_text_compiles_or_is_refused_in_words(text: str) -> None:
    try:
        pattern = compile_pattern(text)
    except ValueError as error:
        assert str(error)
    else:
        found = pattern.match(text)
        assert found is None or set(found) <= set(pattern.fields)


def test_work_is_bounded_by_the_product_of_the_lengths() -> None:
    """Counted, not timed: the steps for a hostile name of 4 KB, where backtracking would take thousands of years."""
    pattern = compile_pattern("{a}[_{b}[_{c}[_{d}[_{e}]]]]!")
    stem = "_" * 4096
    lines = 0

    def count(frame: object, event: str, argument: object) -> object:
        nonlocal lines
        lines += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        found = pattern.match(stem)
    finally:
        sys.settrace(before)
    assert found is None
    assert lines < 20 * len(stem) * len(pattern._program)
