"""Every method from every state: what the table has no row for changes nothing, and neither does a late answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from faxdaemon.contracts.journal import Settled
from faxdaemon.contracts.provider import Progress
from faxdaemon.core.model import Submission
from faxdaemon.core.states import OUTBOUND, Outbound, targets

Act = Callable[[Any, Submission], object]


def settle(progress: Progress, **more: Any) -> Act:
    return lambda w, s: w.journal.settle([Settled(s, w.status(s, progress), **more)])


#: Each act with the events of the table that it stands for, and the states it is meant for where the table has more.
ACTS: dict[str, tuple[Act, tuple[str, ...], Outbound, tuple[Outbound, ...]]] = {
    "accepted": (
        lambda w, s: w.journal.accepted(s, "job", 5),
        ("accept", "find"),
        Outbound.ACCEPTED,
        (Outbound.SUBMITTING, Outbound.UNCERTAIN),
    ),
    "postponed": (lambda w, s: w.journal.postponed(s, "busy", 5), ("postpone",), Outbound.READY, ()),
    "refused": (lambda w, s: w.journal.refused(s, "no such number"), ("refuse",), Outbound.FAILED, ()),
    "lost": (lambda w, s: w.journal.lost(s, "reset", 5), ("lose",), Outbound.UNCERTAIN, ()),
    "asked": (lambda w, s: w.journal.asked(s, "not yet", 5, counts=True), ("ask",), Outbound.UNCERTAIN, ()),
    "missed": (lambda w, s: w.journal.missed(s, "not there", certain=True), ("miss",), Outbound.READY, ()),
    "given up": (
        lambda w, s: w.journal.given_up(s, "nobody knows"),
        ("give_up", "vanish"),
        Outbound.HELD,
        (Outbound.UNCERTAIN, Outbound.ACCEPTED),
    ),
    "sent": (settle(Progress.SENT), ("deliver",), Outbound.SENT, ()),
    "failed": (settle(Progress.FAILED), ("fail",), Outbound.FAILED, ()),
    "to be tried again": (settle(Progress.FAILED, retry_in=5), ("retry",), Outbound.READY, ()),
    "vanished": (settle(Progress.UNKNOWN_JOB), ("vanish",), Outbound.HELD, ()),
    "stopped": (settle(Progress.CANCELLED), ("cancel",), Outbound.CANCELLED, (Outbound.ACCEPTED,)),
    "cancel answered": (
        lambda w, s: w.journal.cancel_answered(s, cancelled=True, note="stopped"),
        ("cancel",),
        Outbound.CANCELLED,
        (Outbound.ACCEPTED,),
    ),
}


@pytest.mark.parametrize("state", Outbound)
def test_acts_move_only_along_the_table(world: Any, state: Outbound) -> None:
    for act in ACTS:
        check(world, act, state)


def check(world: Any, act: str, state: Outbound) -> None:
    do, events, target, only = ACTS[act]
    submission = world.bring_to(state)
    before, told = world.row(submission.fax_id), len(world.events(submission.fax_id))
    allowed = any(target in targets(OUTBOUND, state, event) for event in events) and (not only or state in only)
    assert (act, bool(do(world, submission))) == (act, allowed)
    after = world.row(submission.fax_id)
    if allowed:
        assert after["state"] == target
        moves = [e for e in world.events(submission.fax_id)[told:] if e[0] == "recipient 1"]
        assert len(moves) == 1
        _, event, source, reached = moves[0]
        assert (event in events, source, reached) == (True, state, target)
    else:
        assert after == before
        assert len(world.events(submission.fax_id)) == told


@pytest.mark.parametrize("state", [Outbound.SUBMITTING, Outbound.UNCERTAIN, Outbound.ACCEPTED])
def test_a_late_answer_under_an_old_claim_changes_nothing(world: Any, state: Outbound) -> None:
    submission = world.bring_to(state)
    before, told = world.row(submission.fax_id), world.events(submission.fax_id)
    late = dataclasses.replace(submission, epoch=submission.epoch - 1)
    for act, (do, *_) in ACTS.items():
        assert (act, bool(do(world, late))) == (act, False)
        assert world.row(submission.fax_id) == before
        assert world.events(submission.fax_id) == told


def test_every_claim_makes_the_one_before_it_late(world: Any) -> None:
    first = world.submitting()
    assert world.journal.lost(first, "reset", 0)
    (second,) = world.journal.claim_uncertain("main", 1, 0)
    (third,) = world.journal.claim_uncertain("main", 1, 0)
    assert first.epoch < second.epoch < third.epoch
    assert not world.journal.missed(second, "not there", certain=True)
    assert world.journal.missed(third, "not there", certain=True)
