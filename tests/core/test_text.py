"""Texts from outside: in a log, on a terminal, in a table."""

from __future__ import annotations

import pytest

from faxdaemon.core.text import cell


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1+1", "-cmd", "@SUM(A1)", " =1", "\t=1", "\r\n=1", "＝1", "＋a", "－a", "＠a", "+", "-1-1", "+1 303"],
)
def test_what_a_spreadsheet_would_calculate_is_text(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Dr Lee", "+13035550100", "-5", "1.5", "a=b", "2026-11-20", "'=1"])
def test_everything_else_stays(text: str) -> None:
    assert cell(text) == text
