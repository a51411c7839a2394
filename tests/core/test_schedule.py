"""Delays: bounded, growing, never overflowing, sane when the clock jumps."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from faxdaemon.core.schedule import JITTER, OFFER_AGAIN, REDIAL, TRY_AGAIN, redial_after, status_delay, until

AGE = st.floats(min_value=-1e9, max_value=1e12)
CHANCE = st.floats(min_value=0, max_value=1, exclude_max=True)


@given(AGE, CHANCE)
def test_a_delay_keeps_its_bounds(age: float, chance: float) -> None:
    for spacing in (OFFER_AGAIN, TRY_AGAIN):
        delay = spacing.delay(age, chance)
        assert spacing.shortest <= delay <= spacing.longest * (1 + JITTER)


@given(AGE, AGE)
def test_a_delay_grows_with_age(one: float, two: float) -> None:
    low, high = sorted((one, two))
    assert OFFER_AGAIN.delay(low, 0.5) <= OFFER_AGAIN.delay(high, 0.5)


@given(st.integers(1, 1_000_000), st.integers(0, 1_000_000))
def test_redials_end(submission: int, retries: int) -> None:
    delay = redial_after(submission, retries)
    assert (delay is None) == (submission > retries)
    assert delay is None or delay in REDIAL


@given(st.floats(0, 1e9), st.floats(0, 600))
def test_status_is_asked_no_sooner_than_allowed_and_never_much_later(since: float, shortest: float) -> None:
    assert shortest <= status_delay(since, shortest) <= max(300.0, shortest)


def test_status_slows_down() -> None:
    assert [status_delay(t, 30) for t in (0, 60, 120, 3600)] == [30, 30, 60, 300]


@given(st.integers(0, 1 << 45), st.integers(0, 1 << 45), st.floats(1, 1e6))
def test_a_stored_time_beyond_reason_counts_as_now(due: int, now: int, longest: float) -> None:
    assert 0 <= until(due, now, longest) <= longest
    if due <= now or due > now + longest * 1000:
        assert until(due, now, longest) == 0
