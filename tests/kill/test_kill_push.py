"""SIGKILL at every step between a push and its answer: what was answered with 2xx is durable.

The sandbox gives a pushed fax up when its push was answered with 2xx, and pushes it again until then.  So a daemon that
answers too early and dies has lost the fax for good; polls are an hour apart and find nothing.
"""

from __future__ import annotations

import re
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.push_site import Site

LAUNCHER = str(Path(__file__).with_name("launcher.py"))
AT_ONCE = 4
_STEP = re.compile(r"^step (\d+ .* after)$", re.MULTILINE)
_TAKEN = re.compile(r"^\S+ info     push ", re.MULTILINE)
"""The last line before the answer."""


def begun(here: Site, at: str = "") -> None:
    """A daemon that listens, and a push on its way to it."""
    here.world.__enter__()
    here.configure()
    here.set_up(again=[0.2] * 300)
    here.world.start((LAUNCHER,), "--at", at)
    here.world.wait("it listens", lambda: "started" in here.world.logs() or here.world.processes[-1].poll() is not None)
    here.box.inject(here.line, pages=2)


def steps_of_a_push() -> list[str]:
    """From the push to its answer, in a life that nobody ends."""
    with tempfile.TemporaryDirectory(prefix="push-") as place:
        here = Site(Path(place), "concord")
        begun(here)
        before = len(_STEP.findall(here.world.logs()))
        here.world.wait("it is answered", lambda: _TAKEN.search(here.world.logs()))
        steps = _STEP.findall(_TAKEN.split(here.world.logs())[0])
        here.world.__exit__()
    return steps[before:]


def one_life(at: str) -> bool:
    """Whether the push was cut off; the fax is there once, in any case."""
    with tempfile.TemporaryDirectory(prefix="push-") as place:
        here = Site(Path(place), "concord")
        begun(here, at)
        doomed = here.world.processes[-1]
        here.world.wait("the end, or a fax", lambda: doomed.poll() is not None or here.received())
        cut_off = doomed.poll() is not None and not _TAKEN.search(here.world.logs())
        if doomed.poll() is None:
            here.world.stop(doomed)
        survivor = here.world.start((LAUNCHER,))
        here.world.wait(f"the fax, after step {at}", here.received)
        here.world.wait("the provider was told", lambda: not here.box.inbox(here.name))
        here.world.stop(survivor)
        assert len(here.received()) == 1
        here.world.__exit__()
    return cut_off


@pytest.mark.timeout(600)
def test_killed_at_every_step_of_a_push_the_fax_is_there_once() -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ends = list(pool.map(one_life, steps_of_a_push()))
    assert sum(ends) > 4, "hardly any life ended between the push and its answer: are the steps still counted?"
