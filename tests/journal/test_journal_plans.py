"""What idle workers ask must come from an index of live rows, so that a million finished faxes cost nothing."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from faxdaemon.journal import (
    delivering,
    fetching,
    guarding,
    history,
    hours,
    intake,
    keeping,
    redirecting,
    reports,
    resolving,
    routing,
    sending,
    sinks,
    tracking,
)

LIVE = {
    "claim ready": sending._DUE_READY,
    "claim uncertain": resolving._DUE,
    "claim accepted": tracking._DUE,
    "interrupted": sending._GONE_ALONE,
    "expired": sending._EXPIRED,
    "reports": reports._LIVE_REPORTS,
    "to route": routing._WAITING,
    "held drops": intake._HELD,
    "claim seen": fetching._SEEN,
    "claim delivered": fetching._DELIVERED,
    "claim stored": fetching._STORED,
    "claim deliveries": delivering._DUE,
    "overdue deliveries": delivering._OVERDUE,
    "next delivery": sinks._NEXT,
    "troubles": sinks._REASONS,
    "held deliveries": sinks._HELD_HERE,
    "deliveries by sink": sinks._LIVE_BY_SINK,
    "held deliveries by sink": sinks._HELD_BY_SINK,
    "waiting for a sink": redirecting._WAITING,
    "claim kept": keeping._DUE,
    "next kept": keeping._NEXT,
    "keeping": keeping._FOLDERS,
    "look-alike": guarding._ALIKE,
    "look-alikes of long ago": guarding._LONG_AGO,
    "what became of a look-alike": guarding._STATE,
    "hours of a folder": hours._FROM,
    "hours that are over": hours._PAST,
    "delayed": hours._DELAYED,
    **{f"next {name}": query for name, query in (sending._NEXT | fetching._NEXT).items()},
    **{f"count {name}": query for name, query in history._COUNTS.items()},
}


def plan_of(world: Any, query: sa.Select[Any]) -> list[str]:
    compiled = query.compile(dialect=sqlite.dialect(paramstyle="named"))

    def explain(tx: Any) -> list[str]:
        rows = tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", dict.fromkeys(compiled.params, 1))
        return [row[3] for row in rows]

    found: list[str] = world.journal._write(explain)
    return found


def test_idle_queries_touch_live_rows_only(sqlite_world: Any) -> None:
    for name, query in LIVE.items():
        for step in plan_of(sqlite_world, query):
            if step.startswith(("SCAN", "SEARCH")):
                live = "INDEX ix_" in step
                by_key = step.startswith("SEARCH") and "PRIMARY KEY" in step
                assert live or by_key, f"{name}: {step}"


@pytest.mark.parametrize("name", ["claim ready", "claim uncertain", "claim accepted", "claim seen"])
def test_a_long_queue_is_not_sorted_for_each_claim(sqlite_world: Any, name: str) -> None:
    # The last term of the order may be sorted within equal ones; the queue as a whole may not.
    assert "USE TEMP B-TREE FOR ORDER BY" not in plan_of(sqlite_world, LIVE[name])


def test_a_list_of_a_live_state_uses_its_index(sqlite_world: Any) -> None:
    query = sa.select(sa.literal(1)).select_from(history.recipient)
    query = query.where(*history._in_states(history.Filter(states=("held",))))
    assert "ix_recipient_held" in plan_of(sqlite_world, query)[0]


def test_known_numbers_are_found_by_their_key(sqlite_world: Any) -> None:
    several = guarding._KNOWN.params(numbers=["+13035550100", "+13035550101"])
    compiled = several.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    (step,) = sqlite_world.sql(f"EXPLAIN QUERY PLAN {compiled}")
    assert "SEARCH known_number USING PRIMARY KEY" in step[3]
