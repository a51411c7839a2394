"""Times, and what sections tell the loader."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from faxdaemon.options import Account, Reading, seconds, written


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("30s", 30.0),
        ("5m", 300.0),
        ("24h", 86400.0),
        ("7d", 604800.0),
        ("500ms", 0.5),
        ("1.5h", 5400.0),
        (" 2 m ", 120.0),
    ],
)
def test_times_have_units(text: str, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["30", "", "s", "1:30", "-5s", "5 seconds", "1h30m", "1e3s", "٣s"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time; write a number with its unit"):
        seconds(text)


@pytest.mark.parametrize("value", [1.0, 0.5, 30.0, 60.0, 90.0, 120.0, 3600.0, 7200.0, 86400.0, 172800.0, 604800.0])
def test_written_times_read_back(value: float) -> None:
    assert seconds(written(value)) == value


def test_a_person_would_write_it_so() -> None:
    assert [written(v) for v in (0.5, 30, 60, 120, 86400, 604800)] == ["0.5s", "30s", "60s", "2m", "24h", "7d"]


def test_a_bare_number_is_a_time_in_a_program_only() -> None:
    assert Account(provider="x", poll=0.1).poll == 0.1
    with pytest.raises(ValidationError, match="30 has no unit; write 30s, 30m or 30h"):
        Account.model_validate({"provider": "x", "poll": 30}, context=Reading("US"))
    assert Account.model_validate({"provider": "x", "poll": 0}, context=Reading("US")).poll == 0


def test_a_section_tells_what_it_judged() -> None:
    reading, data = Reading("US"), {"provider": "x"}
    Account.model_validate(data, context=reading)
    assert [(cls, part is data) for cls, part in reading.judged] == [(Account, True)]
