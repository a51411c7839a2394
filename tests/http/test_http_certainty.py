"""Every exception of the libraries has a row, and the row says what it must."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import httpcore
import httpx
import pytest

from faxdaemon.core.errors import NotSent, OutcomeUnknown
from faxdaemon.http.certainty import REACH, TooLate, failure

#: Written down a second time, on purpose: whoever changes the table must mean it.
NEVER_LEFT = {
    TooLate,
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.InvalidURL,
    httpx.LocalProtocolError,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.ConnectionNotAvailable,
    httpcore.LocalProtocolError,
    httpcore.PoolTimeout,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
}


def modules(package: ModuleType) -> Iterator[ModuleType]:
    yield package
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not found.name.endswith(("_main", "__main__")) and ".anyio" not in found.name and "trio" not in found.name:
            try:
                yield importlib.import_module(found.name)
            except ImportError:  # optional parts: HTTP/2, SOCKS
                continue


def exceptions(package: ModuleType) -> set[type[Exception]]:
    """Every exception class that any module of the package defines."""
    return {
        thing
        for module in modules(package)
        for thing in vars(module).values()
        if isinstance(thing, type)
        and issubclass(thing, Exception)
        and thing.__module__.partition(".")[0] == package.__name__
    }


ALL = sorted(exceptions(httpx) | exceptions(httpcore), key=lambda c: (c.__module__, c.__name__))


def test_the_table_has_exactly_the_exceptions_of_the_libraries() -> None:
    assert set(REACH) == {*ALL, TooLate}


def test_the_tree_was_really_walked() -> None:
    assert {httpx.ReadTimeout, httpx.StreamConsumed, httpx.InvalidURL, httpcore.WriteError} <= set(ALL)


@pytest.mark.parametrize("kind", [*ALL, TooLate], ids=lambda c: f"{c.__module__}.{c.__name__}")
def test_each_exception_means_what_it_must(kind: type[Exception]) -> None:
    error = kind.__new__(kind)
    untouched = failure(error, may_have_left=False, where="POST http://x/")
    assert type(untouched) is (NotSent if kind in NEVER_LEFT else OutcomeUnknown)
    assert str(untouched).startswith("POST http://x/: ")
    assert type(failure(error, may_have_left=True, where="POST http://x/")) is OutcomeUnknown


class Novel(httpx.ConnectError):
    """What a new version might bring."""


@pytest.mark.parametrize("error", [Novel("x"), RuntimeError("secret"), KeyError("secret"), OSError("secret")])
def test_what_has_no_row_is_unknown_and_shows_only_its_class(error: Exception) -> None:
    problem = failure(error, may_have_left=False, where="POST http://x/")
    assert type(problem) is OutcomeUnknown
    assert type(error).__name__ in str(problem)
    assert "secret" not in str(problem)


def test_the_systems_words_are_shown_only_for_a_connection_that_never_was() -> None:
    refused: Any = httpcore.ConnectError("[Errno 111] Connection refused")
    assert "Connection refused" in str(failure(refused, may_have_left=False, where="x"))
    assert "refused" not in str(failure(refused, may_have_left=True, where="x"))
    header: Any = httpcore.LocalProtocolError("Illegal header value b'secret'")
    assert "secret" not in str(failure(header, may_have_left=False, where="x"))
