"""The net under every test of the providers catches what it should: `conftest.quiet`, `support/leaks.py`."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
from support import leaks
from support.faxes import Paper, new_submission
from support.provider_rigs import faxage as rig

from faxdaemon.core.numbers import masked
from faxdaemon.providers.faxage import account
from faxdaemon.sandbox import Sandbox

BAD = [
    {"event": "x", "password": "sandbox-password"},
    {"event": "to +13035550123"},
    {"event": "x", "number": "3035550123"},
    {"event": "x", "number": "13035550123"},
    {"event": "x", "line": "+494055500130"},
    {"event": "x", "body": b"%PDF-1.4 ..."},
    {"event": "x", "body": base64.b64encode(b"%PDF-1.4").decode()},
    {"event": "x", "header": "Basic " + base64.b64encode(b"opentext:sandbox-password").decode()},
    {"event": "x", "exception": "Traceback ...\nKeyError: 'the-password'"},
]


@pytest.mark.parametrize("event", BAD, ids=str)
def test_it_would_be_seen(event: dict[str, Any]) -> None:
    assert len(leaks.leaks([event])) == 1


@pytest.mark.parametrize(
    "text", ["fax 01m7w2y7m1fh68kgm20vky7akb", masked("+13035550123"), "received=4055501", "job br99"]
)
def test_what_may_be_shown_may_be_shown(text: str) -> None:
    assert leaks.leaks([{"event": text}]) == []


@contextmanager
def caught() -> Iterator[list[Any]]:
    """As the fixture does it, but for the judgement."""
    with structlog.testing.capture_logs() as events:
        structlog.get_config()["processors"].insert(0, structlog.processors.format_exc_info)
        yield events


def test_a_traceback_is_looked_through() -> None:
    with caught() as events:
        try:
            raise ValueError("the-password")  # noqa: TRY301 - it is to be found
        except ValueError:
            structlog.get_logger().exception("x")
    assert leaks.leaks(events)


def test_a_librarys_line_is_looked_through() -> None:
    kept = leaks.Kept()
    logger = logging.getLogger("some.library")
    logger.addHandler(kept)
    logger.propagate = False  # or the fixture would find it, too
    logger.warning("posting %s", "sandbox-password")
    logger.removeHandler(kept)
    assert leaks.leaks(kept.lines)


def test_an_adapter_that_talks_too_much_is_caught(box: Sandbox, opened: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    real = account.form.with_documents

    def talkative(values: Any, contents: Any) -> Any:
        structlog.get_logger().info("posting", values=values)
        return real(values, contents)

    monkeypatch.setattr(account.form, "with_documents", talkative)
    with caught() as events:
        opened(rig.options(box)).submit(new_submission(), [Paper(b"%PDF-1.4 x").content])
    assert leaks.leaks(events)


def test_no_secret_of_these_tests_is_unknown_to_the_net() -> None:
    """A password in the rigs that the net does not know would pass it unseen."""
    rigs = Path(__file__).parents[1] / "support" / "provider_rigs"
    unknown = [
        (path.name, secret)
        for path in rigs.glob("*.py")
        for secret in getattr(__import__(f"support.provider_rigs.{path.stem}", fromlist=["x"]), "SECRETS", ())
        if "password" in secret and secret not in leaks.SECRETS
    ]
    assert unknown == []
