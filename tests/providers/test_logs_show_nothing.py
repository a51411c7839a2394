"""The net under every test catches what it should: `tests/conftest.py`, `support/leaks.py`."""

from __future__ import annotations

import base64
import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from support import leaks
from support.faxes import Paper, new_submission
from support.provider_rigs import faxage as rig

from faxdaemon import logs
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


@pytest.fixture
def caught(log_watch: leaks.Watch) -> Iterator[leaks.Watch]:
    """As for every test, but for the judgement."""
    with log_watch.elsewhere(), leaks.Watch().running() as watch:
        yield watch


def test_a_traceback_is_looked_through(caught: leaks.Watch) -> None:
    try:
        raise ValueError("the-password")  # noqa: TRY301 - it is to be found
    except ValueError:
        structlog.get_logger().exception("x")
    assert leaks.leaks(caught.events)


def test_an_error_that_is_handed_on_is_looked_through(caught: leaks.Watch) -> None:
    structlog.get_logger().error("x", exc_info=ValueError("the-password"))
    assert leaks.leaks(caught.events)


def test_what_was_bound_before_is_looked_through(caught: leaks.Watch) -> None:
    structlog.get_logger().bind(number="13035550123").debug("x")
    assert leaks.leaks(caught.events)


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_daemons_own_log_is_looked_through(caught: leaks.Watch, form: Any) -> None:
    """However it is configured, and with a logger that was made before."""
    before, out = structlog.get_logger(), io.StringIO()
    try:
        logs.configure("debug", form, out)
        before.info("to", number="13035550123")
        assert len(leaks.leaks(caught.events)) == 1
        assert len(leaks.leaks(out.getvalue().splitlines())) == 1, "and so is its file"
    finally:
        structlog.reset_defaults()


def test_a_librarys_line_is_looked_through(caught: leaks.Watch) -> None:
    logging.getLogger("some.library").warning("posting %s", "sandbox-password")
    assert leaks.leaks(caught.events)


def test_an_adapter_that_talks_too_much_is_caught(
    box: Sandbox, opened: Any, monkeypatch: pytest.MonkeyPatch, caught: leaks.Watch
) -> None:
    real = account.form.with_documents

    def talkative(values: Any, contents: Any) -> Any:
        structlog.get_logger().info("posting", values=values)
        return real(values, contents)

    monkeypatch.setattr(account.form, "with_documents", talkative)
    opened(rig.options(box)).submit(new_submission(), [Paper(b"%PDF-1.4 x").content])
    assert leaks.leaks(caught.events)


def test_every_test_is_looked_through(pytester: pytest.Pytester, log_watch: leaks.Watch) -> None:
    """A test that leaks fails, and so does one whose daemon does."""
    tests = Path(__file__).parents[1]
    pytester.makeconftest((tests / "conftest.py").read_text("utf-8"))
    pytester.makepyfile(
        """
        import structlog
        from pathlib import Path
        from support.world import World

        def test_fine():
            structlog.get_logger().info("x", number="+1303*****23")

        def test_leak():
            structlog.get_logger().info("x", number="3035550123")

        def test_world(tmp_path):
            with World(tmp_path) as world:
                (tmp_path / "daemon-0.log").write_text("sent to +13035550123")
        """
    )
    with log_watch.elsewhere():
        result = pytester.runpytest_inprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=2, failed=1, errors=1)


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
