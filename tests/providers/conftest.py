"""The sandbox, and providers opened on it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from functools import cache
from types import ModuleType
from typing import Any

import pytest
import structlog
from support.boxes import ACCOUNTS
from support.wire import RealClock

from faxdaemon import plugins
from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.provider import Provider
from faxdaemon.http import Http
from faxdaemon.options import Account
from faxdaemon.providers.concord import soap
from faxdaemon.sandbox import Sandbox

PROVIDERS = plugins.names("faxdaemon.providers")
_read = cache(soap._document)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[list[Any]]:
    """Keeps the log out of the way; the events, for those who ask."""
    with structlog.testing.capture_logs() as events:
        structlog.get_config()["processors"].insert(0, structlog.processors.format_exc_info)
        yield events


@pytest.fixture(autouse=True)
def _each_wsdl_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """zeep takes 0.1 s for one; that an account keeps what it read, and reads it again when it must, is not changed."""
    monkeypatch.setattr(soap, "_document", _read)


@pytest.fixture
def box() -> Iterator[Sandbox]:
    """A telephone network in which a page takes 20 ms."""
    with Sandbox(seconds_per_page=0.02, accounts=ACCOUNTS) as sandbox:
        yield sandbox


@pytest.fixture(params=PROVIDERS)
def rig(request: pytest.FixtureRequest) -> ModuleType:
    """One provider's rig; a provider without one fails here."""
    return importlib.import_module(f"support.provider_rigs.{request.param}")


@pytest.fixture
def opened() -> Iterator[Callable[..., Provider]]:
    """Opens accounts as the daemon does, with short waits, and closes them."""
    made: list[Provider] = []

    def make(options: Account, silence: float = 5.0, clock: Clock | None = None) -> Provider:
        module = plugins.load("faxdaemon.providers", options.provider)
        clock = clock or RealClock()
        http = Http(timeout=options.timeout, clock=clock, ca=options.ca, silence=silence)
        made.append(module.open_account(options, http, clock))
        return made[-1]

    yield make
    for provider in made:
        provider.close()
