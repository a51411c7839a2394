"""Ids and references: unique, sortable, computable again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faxdaemon.core.ids import FAX_ID_LENGTH, is_fax_id, new_fax_id, reference, token

TEN = st.binary(min_size=10, max_size=10)
TIME = st.integers(min_value=0, max_value=(1 << 48) - 1)


@given(TIME, TEN)
def test_an_id_has_its_form_and_is_recognised(when: int, entropy: bytes) -> None:
    made = new_fax_id(when, entropy)
    assert len(made) == FAX_ID_LENGTH
    assert is_fax_id(made)


@given(TIME, TIME, TEN, TEN)
def test_ids_sort_by_time(one: int, two: int, a: bytes, b: bytes) -> None:
    if one < two:
        assert new_fax_id(one, a) < new_fax_id(two, b)


@given(TIME, TEN, TEN)
def test_entropy_tells_two_ids_of_one_millisecond_apart(when: int, a: bytes, b: bytes) -> None:
    # Six bits are the version and the variant of RFC 9562; the other 74 must all count.
    mask = ~(0xF << 76 | 0x3 << 62)
    same = int.from_bytes(a, "big") & mask == int.from_bytes(b, "big") & mask
    assert (new_fax_id(when, a) == new_fax_id(when, b)) == same


@pytest.mark.parametrize("text", ["", "x" * 26, "01jd0000000000000000000000\n", "sent", "01JD" + "0" * 22, "u" * 26])
def test_a_strangers_name_is_no_id(text: str) -> None:
    assert not is_fax_id(text)


def test_wrong_entropy_is_refused() -> None:
    with pytest.raises(ValueError, match="10 random bytes"):
        new_fax_id(0, b"123")


def test_a_reference_is_its_own_token_where_it_fits() -> None:
    fax = new_fax_id(1, bytes(10))
    full = reference(fax, 1, 2)
    assert full == f"{fax}-1-2"
    assert token(full, 64) == full


@given(st.integers(1, 9), st.integers(1, 99), st.integers(1, 99))
def test_tokens_of_two_submissions_differ(recipient: int, one: int, two: int) -> None:
    fax = new_fax_id(1, bytes(10))
    cut = [token(reference(fax, recipient, n), 12) for n in (one, two)]
    assert all(len(c) == 12 for c in cut)
    assert (cut[0] == cut[1]) == (one == two)
