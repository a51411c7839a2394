"""What is stored comes back, whatever it was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from faxdaemon.journal.types import Json, Text, Whole, from_ms, to_ms

DIALECT = sqlite.dialect()
#: Every code point, half surrogates, NUL and our private range included.
ANY_TEXT = st.text(
    st.characters(codec=None, categories=None) | st.sampled_from("\0\uf77f\uf780\uf7ff\udc80\udcff\ud800")
)


@given(ANY_TEXT)
def test_any_text_comes_back_and_is_storable_meanwhile(text: str) -> None:
    stored = Text().bind_processor(DIALECT)(text)
    assert stored is not None
    stored.encode("utf-8")
    assert "\0" not in stored
    assert Text().result_processor(DIALECT, None)(stored) == text


def test_a_byte_that_is_not_utf8_goes_to_the_private_range() -> None:
    assert Text().bind_processor(DIALECT)("caf\udce9") == "caf\uf7e9"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | ANY_TEXT, lambda x: st.lists(x) | st.dictionaries(ANY_TEXT, x)
    )
)
def test_any_plain_value_comes_back_and_is_ascii_meanwhile(value: object) -> None:
    stored = Json().bind_processor(DIALECT)(value)
    assert stored is None or (stored.isascii() and "\0" not in stored)
    assert Json().result_processor(DIALECT, None)(stored) == value


@given(st.integers(-(2**130), 2**130))
def test_any_whole_number_comes_back(number: int) -> None:
    assert Whole().result_processor(DIALECT, None)(Whole().bind_processor(DIALECT)(number)) == number


@given(st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - made aware by it
def test_a_time_comes_back_to_the_millisecond(moment: datetime) -> None:
    assert timedelta(0) <= moment - from_ms(to_ms(moment)) < timedelta(milliseconds=1)
