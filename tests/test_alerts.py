"""Alerts: each problem is told once until it changes, and once more when it is over."""

from __future__ import annotations

from typing import Any

from structlog.testing import capture_logs

from faxdaemon.alerts import LogAlert


def told(logs: list[Any]) -> list[tuple[str, str, str | None]]:
    return [(e["event"], e["key"], e.get("message")) for e in logs]


def test_a_problem_is_told_once_until_it_changes() -> None:
    alert = LogAlert()
    with capture_logs() as logs:
        for message in ("disk full", "disk full", "disk gone", "disk gone", "disk full"):
            alert.raise_("space", message)
    assert told(logs) == [
        ("alert", "space", "disk full"),
        ("alert", "space", "disk gone"),
        ("alert", "space", "disk full"),
    ]
    assert {e["log_level"] for e in logs} == {"error"}
    assert alert.open_alerts() == {"space": "disk full"}


def test_problems_are_told_apart_by_their_key() -> None:
    alert = LogAlert()
    with capture_logs() as logs:
        alert.raise_("folder:a", "offline")
        alert.raise_("folder:b", "offline")
    assert [key for _, key, _ in told(logs)] == ["folder:a", "folder:b"]
    assert sorted(alert.open_alerts()) == ["folder:a", "folder:b"]


def test_the_end_is_told_once_and_only_of_what_was_known() -> None:
    alert = LogAlert()
    with capture_logs() as logs:
        alert.clear("space")
        alert.raise_("space", "disk full")
        alert.clear("space")
        alert.clear("space")
    assert [event for event, _, _ in told(logs)] == ["alert", "alert over"]
    assert alert.open_alerts() == {}


def test_a_problem_that_comes_back_is_told_again() -> None:
    alert = LogAlert()
    with capture_logs() as logs:
        for _ in range(2):
            alert.raise_("space", "disk full")
            alert.clear("space")
    assert [event for event, _, _ in told(logs)] == ["alert", "alert over"] * 2


def test_what_is_open_is_a_copy() -> None:
    alert = LogAlert()
    alert.raise_("space", "disk full")
    alert.open_alerts().clear()
    assert alert.open_alerts() == {"space": "disk full"}
