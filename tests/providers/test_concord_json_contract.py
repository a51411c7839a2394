"""Every promise of the contract suite once more, for Concord in JSON and with OAuth."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType, SimpleNamespace

import pytest
from providers import test_provider_contract as suite
from support.provider_rigs import concord_json

from faxdaemon.contracts.provider import Provider
from faxdaemon.sandbox import Sandbox

_OF_MODULES = "test_a_provider_module_has_its_three_names_and_a_rig"
SUITE = {name: test for name, test in vars(suite).items() if name.startswith("test_") and name != _OF_MODULES}
globals().update(SUITE)


@pytest.fixture
def rig() -> ModuleType | SimpleNamespace:
    """This one, instead of one provider after the other."""
    return SimpleNamespace(**{**vars(concord_json), "__name__": "support.provider_rigs.concord"})


@pytest.fixture
def provider(rig: ModuleType, box: Sandbox, opened: Callable[..., Provider]) -> Provider:
    """With its token, so that faults meet the requests that they are meant for."""
    made = opened(rig.options(box))
    made.check()
    return made


@pytest.fixture
def hasty(rig: ModuleType, box: Sandbox, opened: Callable[..., Provider]) -> Provider:
    """Likewise; waits a second for a reply, no longer."""
    made = opened(rig.options(box), silence=1.0)
    made.check()
    return made


def test_the_suite_came_along() -> None:
    assert len(SUITE) > 30
