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
