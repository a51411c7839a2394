"""SIGKILL at every step of one outbound and one inbound life; then a plain daemon goes on; then the outside is judged.

The life: a document is dropped for one of our own lines, so the fax comes back and is received.  The steps: after each
commit, each call of the provider and each durable file operation, which is before the next (`launcher.py`).

What must hold wherever the plug was pulled, judged by folders and by the sandbox's ledger alone:

- the drop is in exactly one visible place, with exactly one answer;
- the network sent it once; or not at all, and then the drop is held, visibly, for a person;
- the received fax lies once in its folder, with its sidecar, and only then was it deleted at the provider;
- no temporary is left.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.papers import pdf_bytes
from support.world import LINE, World

LAUNCHER = str(Path(__file__).with_name("launcher.py"))
_STEP = re.compile(r"^step (\d+ .* after)$", re.MULTILINE)
_OFTEN = 8
"""What a waiting daemon does over and over is cut off so many times."""
STEM = f"{LINE}_Dr-Lee_4711"
CONTENT = pdf_bytes(pages=2)
AT_ONCE = 4


class Judgement(AssertionError):
    """The outside is not as promised."""


def ended(world: World) -> bool:
    """Nothing more will happen by itself."""
    outcome = len(world.names("sent")) == 2 or len(world.names("held")) == 2
    if len(world.names("held")) == 2:
        return outcome and not [e for e in world.sandbox.ledger() if e.direction == "in" and e.deleted_at is None]
    return outcome and len(world.received()) >= 2 and not world.sandbox.inbox("clinic")


def judge(world: World) -> str:
    """Raise `Judgement`, or tell how it ended."""
    handed_over = [entry for entry in world.sandbox.ledger() if entry.direction == "out"]
    places = {folder: world.names(folder) for folder in ("sent", "failed", "held")}
    shown = [folder for folder, names in places.items() if names]
    if len(shown) != 1 or len(places[shown[0]]) != 2 or (world.out / f"{STEM}.pdf").exists():
        raise Judgement(f"the drop is not in exactly one place with one answer: {places}")
    (folder,) = shown
    if folder == "failed" or world.answer(folder, STEM)["state"] != folder:
        raise Judgement(f"the answer does not fit: {world.answer(folder, STEM)}")
    if len(handed_over) != (1 if folder == "sent" else 0):
        raise Judgement(f"{folder}, but the network was handed {len(handed_over)}")
    if any(entry.documents != (hashlib.sha256(CONTENT).hexdigest(),) for entry in handed_over):
        raise Judgement("the network was handed something else")
    documents, sidecars = list(world.desk.glob("*.pdf")), list(world.desk.glob("*.json"))
    if not len(documents) == len(sidecars) == len(handed_over):
        raise Judgement(f"received {len(documents)} documents and {len(sidecars)} sidecars")
    for document, sidecar in zip(documents, sidecars, strict=True):
        facts = json.loads(sidecar.read_text("utf-8"))
        if facts["sha256"] != hashlib.sha256(document.read_bytes()).hexdigest():
            raise Judgement("the received document is not what its sidecar says")
    if world.sandbox.inbox("clinic"):
        raise Judgement("the provider was never told")
    if world.leftovers():
        raise Judgement(f"left behind: {world.leftovers()}")
    return folder


def a_whole_life() -> list[str]:
    """The steps of a life that nobody ends."""
    with tempfile.TemporaryDirectory(prefix="kill-") as place, World(Path(place)) as world:
        whole = world.start((LAUNCHER,))
        world.drop(f"{STEM}.pdf", CONTENT)
        world.wait("a life lived", lambda: ended(world))
        world.stop(whole)
        assert judge(world) == "sent"
        return [step for step in _STEP.findall(world.logs()) if int(step.partition(" ")[0]) <= _OFTEN]


def one_life(at: str, *, forget_intents: bool = False) -> str | None:
    """Live it with the plug pulled at step `at`; None when it went without that step."""
    with tempfile.TemporaryDirectory(prefix="kill-") as place, World(Path(place)) as world:
        doomed = world.start((LAUNCHER,), "--at", at)
        world.drop(f"{STEM}.pdf", CONTENT)
        world.wait("the end, or a life lived", lambda: doomed.poll() is not None or ended(world))
        if doomed.poll() is None:
            world.stop(doomed)
            judge(world)
            return None
        survivor = world.start((LAUNCHER,), *(("--forget-intents",) if forget_intents else ()))
        world.wait(f"an end after step {at}", lambda: ended(world))
        world.stop(survivor)
        return judge(world)


@pytest.mark.timeout(900)
def test_killed_at_every_step_nothing_is_lost_and_nothing_doubled() -> None:
    steps = a_whole_life()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ends = dict(zip(steps, pool.map(one_life, steps), strict=True))
    cut_off = [step for step, end in ends.items() if end is not None]
    assert set(ends.values()) <= {"sent", "held", None}
    # how often it waits and looks differs from life to life, and what was done only because of that
    assert len(cut_off) > max(len(steps) / 2, 20), f"cut off only at {cut_off}: are the steps still counted?"


@pytest.mark.timeout(120)
def test_killed_between_the_intent_and_the_send_it_is_held_for_a_person() -> None:
    assert one_life("1 provider.submit before") == "held"


@pytest.mark.timeout(120)
def test_without_the_intent_the_same_crash_sends_twice() -> None:
    """The rule removed: what was being submitted is "ready" after the crash, as if no intent had been committed."""
    assert one_life("1 provider.submit after") == "sent"
    with pytest.raises(Judgement, match="was handed 2"):
        one_life("1 provider.submit after", forget_intents=True)
