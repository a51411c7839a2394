"""What holds for every test.

With `CI=true` a test that skips itself fails, for there everything that a test may want is installed: otherwise a test
that nobody runs looks like one that passes.  The one exception is a reason that begins with `platform:`, for what
another operating system must test.

Whatever a test is about, its log may show no credentials, no whole number and nothing of a document.

`-n auto` means two workers a processor, for much of what is tested waits: for the other end, for a process, for a disk.
Files whose tests take long begin first, so that none is left over at the end when all other workers have finished.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings
from support.leaks import Watch, leaks

pytest_plugins = ["pytester"]
MAY_SKIP = "platform:"
MOST_WORKERS = 8
# how long an example takes says something of the machine, and of what else it does
settings.register_profile("patient", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def pytest_xdist_auto_num_workers() -> int:
    """What `-n auto` means."""
    return min(2 * (os.cpu_count() or 1), MOST_WORKERS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """By file: first those with the longest tests, by the limits that they set themselves; then the fullest."""
    longest: Counter[Path] = Counter()
    for item in items:
        limit = item.get_closest_marker("timeout")
        longest[item.path] = max(longest[item.path], limit.args[0] if limit else 0)
    count = Counter(item.path for item in items)
    items.sort(key=lambda item: (-longest[item.path], -count[item.path]))


@pytest.fixture(autouse=True)
def log_watch() -> Iterator[Watch]:
    """Looks through the log of every test."""
    with Watch().running() as watch:
        yield watch
    assert leaks(watch.events) == []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that skips itself, by mark or while it runs."""
    return _strict((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A module that skips itself."""
    return _strict((yield))


def _strict(report: Report) -> Report:
    if os.environ.get("CI") != "true" or not report.skipped or hasattr(report, "wasxfail"):
        return report
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    reason = reason.removeprefix("Skipped: ")
    if not reason.startswith(MAY_SKIP):
        report.outcome = "failed"
        report.longrepr = f"skipped, though CI=true promises that everything it needs is here: {reason}"
    return report
