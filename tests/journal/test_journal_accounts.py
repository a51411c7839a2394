"""Duties, pauses, heartbeats."""

from __future__ import annotations

from typing import Any

import pytest


def test_a_duty_is_given_once_in_its_interval_even_over_a_restart(world: Any) -> None:
    assert world.journal.take_duty("poll:main", 30) == 0
    world.clock.advance(10)
    assert world.journal.take_duty("poll:main", 30) == pytest.approx(20)
    world.restart()
    assert world.journal.take_duty("poll:main", 30) == pytest.approx(20)
    assert world.journal.take_duty("poll:other", 30) == 0
    world.clock.advance(20)
    assert world.journal.take_duty("poll:main", 30) == 0


def test_a_clock_that_is_set_back_does_not_stop_a_duty(world: Any) -> None:
    assert world.journal.take_duty("poll:main", 30) == 0
    world.clock.set_back(3600)
    assert world.journal.take_duty("poll:main", 30) == 0


def test_a_paused_account_submits_nothing_until_its_time_or_a_person_says_so(world: Any) -> None:
    world.ready()
    world.journal.pause("main", "wrong password", 300)
    assert world.journal.claim_ready("main", 1, 60) == []
    assert world.journal.next_due("ready", "main") == pytest.approx(300)
    world.clock.advance(100)
    pause = world.journal.paused("main")
    assert (pause.reason, pause.seconds) == ("wrong password", pytest.approx(200))
    assert world.journal.paused("other") is None
    world.restart()
    assert world.journal.claim_ready("main", 1, 60) == []
    world.bell.heard()
    assert world.journal.resume("main")
    assert world.bell.heard() == {"ready:main"}
    assert not world.journal.resume("main")
    assert world.journal.paused("main") is None
    assert len(world.journal.claim_ready("main", 1, 60)) == 1


def test_a_pause_ends_by_itself_and_can_be_prolonged(world: Any) -> None:
    world.ready()
    world.journal.pause("main", "busy", 10)
    world.journal.pause("main", "busy still", 30)
    world.clock.advance(20)
    assert world.journal.paused("main").reason == "busy still"
    world.clock.advance(10)
    assert world.journal.paused("main") is None
    assert not world.journal.resume("main")
    world.journal.pause("main", "busy", 0)
    assert len(world.journal.claim_ready("main", 1, 60)) == 1


def test_after_a_pause_one_fax_at_a_time_tries_the_account(world: Any) -> None:
    for _ in range(3):
        world.ready()
    world.journal.pause("main", "no connection", 10)
    world.clock.advance(10)
    (trial,) = world.journal.claim_ready("main", 10, 60)
    assert trial.trial
    assert world.journal.claim_ready("main", 10, 60) == []
    assert world.journal.paused("main").seconds == pytest.approx(60)
    assert world.journal.paused("main").reason == "no connection"
    world.clock.advance(60)
    assert [s.trial for s in world.journal.claim_ready("main", 10, 60)] == [True], "the first one never told"
    world.journal.resume("main")
    assert [s.trial for s in world.journal.claim_ready("main", 10, 60)] == [False]


def test_without_anything_to_try_it_with_an_account_stays_to_be_tried(world: Any) -> None:
    world.journal.pause("main", "no connection", 10)
    world.clock.advance(10)
    assert world.journal.claim_ready("main", 10, 60) == []
    world.ready()
    assert [s.trial for s in world.journal.claim_ready("main", 10, 60)] == [True]


def test_what_has_another_account_passes_on(world: Any) -> None:
    here = world.ready(world.route_to("main"))
    first, second = (world.ready(world.route_to("main", name)) for name in ("main_2", 'ma"in%'))
    last = world.ready(world.route_to("other", "main"))
    world.journal.postponed(world.only(last, world.journal.claim_ready("other", 1, 60)), "no", 0, "main")
    world.bell.heard()
    assert world.journal.pass_on("main", "no connection", 1) == 1
    assert world.journal.pass_on("main", "no connection", 10) == 1
    assert world.journal.pass_on("main", "no connection", 10) == 0
    assert {"ready:main_2", 'ready:ma"in%'} <= world.bell.heard()
    assert {s.fax_id for s in world.journal.claim_ready("main", 10, 60)} == {here, last}
    (passed,) = world.journal.claim_ready("main_2", 10, 60)
    assert (passed.fax_id, passed.attempts) == (first, 0)
    assert [s.fax_id for s in world.journal.claim_ready('ma"in%', 10, 60)] == [second]
    event = next(e for e in world.journal.life(first).events if e.event == "pass_on")
    assert (event.source, event.target, event.note) == ("ready", "ready", "no connection")


def test_what_is_in_doubt_or_not_due_does_not_pass_on(world: Any) -> None:
    later = world.submitting(world.route_to("main", "other"))
    world.journal.postponed(later, "busy", 60)
    doubtful = world.uncertain(world.route_to("main", "other"))
    assert world.journal.missed(doubtful, "not there", certain=False)
    assert world.journal.pass_on("main", "no connection", 10) == 0


def test_a_heartbeat_is_one_row_a_process(world: Any) -> None:
    world.journal.heartbeat(15)
    world.clock.advance(10)
    world.journal.heartbeat(15)
    assert world.sql("SELECT count(*), count(DISTINCT name) FROM node")[0] == (1, 1)
    world.restart()
    world.journal.heartbeat(15)
    assert world.sql("SELECT count(*), count(DISTINCT name) FROM node")[0] == (2, 1)
    world.clock.advance(3 * 24 * 3600)
    world.journal.heartbeat(15)
    assert world.sql("SELECT count(*) FROM node")[0][0] == 1


def test_a_probe_ends_the_wait_and_lets_one_fax_try(world: Any) -> None:
    for _ in range(3):
        world.ready()
    world.journal.pause("main", "wrong password", 3600)
    assert world.journal.claim_ready("main", 10, 60) == []
    world.journal.probe("main")
    assert [s.trial for s in world.journal.claim_ready("main", 10, 60)] == [True]
    assert world.journal.claim_ready("main", 10, 60) == [], "the others wait for what comes of it"
    world.journal.resume("main")
    assert [s.trial for s in world.journal.claim_ready("main", 10, 60)] == [False, False]
    world.journal.probe("main")
    world.ready()
    assert [s.trial for s in world.journal.claim_ready("main", 10, 60)] == [False], "it was not paused"


def test_asking_and_sending_are_paused_apart_for_all_nodes_and_over_restarts(world: Any) -> None:
    world.journal.quiet("main", "HTTP 429", 100)
    assert world.journal.paused("main") is None
    world.journal.resume("main")
    world.journal.probe("main")
    world.restart()
    world.clock.advance(40)
    pause = world.journal.quieted("main")
    assert (pause.reason, pause.seconds) == ("HTTP 429", 60)
    assert world.journal.quieted("other") is None
    world.clock.advance(60)
    assert world.journal.quieted("main") is None
