"""A client, and certificates made for the run."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.certificates import self_signed
from support.wire import RealClock

from faxdaemon.http import Http


@pytest.fixture
def client() -> Iterator[Callable[..., Http]]:
    """Makes clients whose limits are short where the test says so, and closes them."""
    made: list[Http] = []

    def make(timeout: float = 20.0, **limits: object) -> Http:
        http = Http(timeout=timeout, clock=RealClock(), **limits)
        made.append(http)
        return http

    yield make
    for http in made:
        http.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """A self-signed certificate for 127.0.0.1, and a server's context with it."""
    return self_signed(tmp_path_factory.mktemp("certificate"))
