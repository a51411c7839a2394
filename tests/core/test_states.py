"""The state tables are total and lead to an end."""

from __future__ import annotations

from enum import StrEnum

import pytest

from faxdaemon.core.states import (
    AFTER_CRASH,
    AT_REST,
    DELIVERY,
    INBOUND,
    KEPT,
    OUTBOUND,
    REPORTING,
    Delivery,
    Inbound,
    Kept,
    Move,
    Outbound,
    Reporting,
    sources,
    targets,
)

TABLES: list[tuple[type[StrEnum], tuple[Move[StrEnum], ...], set[StrEnum]]] = [
    (Outbound, OUTBOUND, set(AT_REST)),  # type: ignore[list-item] # one list for five enumerations
    (Reporting, REPORTING, {Reporting.REPORTED}),  # type: ignore[list-item] # likewise
    (Inbound, INBOUND, {Inbound.ACKNOWLEDGED}),  # type: ignore[list-item] # likewise
    (Kept, KEPT, {Kept.DONE, Kept.GIVEN_UP}),  # type: ignore[list-item] # likewise
    (Delivery, DELIVERY, {Delivery.DONE, Delivery.GIVEN_UP}),  # type: ignore[list-item] # likewise
]


@pytest.mark.parametrize(("states", "table", "ends"), TABLES, ids=lambda x: getattr(x, "__name__", ""))
def test_every_state_is_reached_and_left_or_an_end(
    states: type[StrEnum], table: tuple[Move[StrEnum], ...], ends: set[StrEnum]
) -> None:
    first = next(iter(states))
    reached = {first}
    for _ in states:
        reached |= {move.target for move in table if move.source in reached}
    assert reached == set(states)
    for state in states:
        alive = {state}
        for _ in states:
            alive |= {move.target for move in table if move.source in alive}
        assert alive & ends, f"{state} never comes to an end"


@pytest.mark.parametrize(("states", "table", "ends"), TABLES, ids=lambda x: getattr(x, "__name__", ""))
def test_every_state_has_an_answer_to_a_crash(
    states: type[StrEnum], table: tuple[Move[StrEnum], ...], ends: set[StrEnum]
) -> None:
    assert all(AFTER_CRASH[state] for state in states)


def test_no_row_stands_twice() -> None:
    for _, table, _ in TABLES:
        rows = [(move.source, move.event, move.target) for move in table]
        assert len(rows) == len(set(rows))


def test_only_an_intent_leads_to_submitting() -> None:
    assert {(m.source, m.event) for m in OUTBOUND if m.target is Outbound.SUBMITTING} == {(Outbound.READY, "intend")}


def test_an_interrupted_submission_is_never_simply_sent_again() -> None:
    assert targets(OUTBOUND, Outbound.SUBMITTING, "interrupt") == {Outbound.UNCERTAIN}
    assert targets(OUTBOUND, Outbound.SUBMITTING, "lose") == {Outbound.UNCERTAIN}


def test_an_outcome_is_left_only_by_a_person() -> None:
    for move in OUTBOUND:
        if move.source in {Outbound.SENT, Outbound.FAILED, Outbound.CANCELLED}:
            assert move.stage == "person"


def test_acknowledged_only_after_stored() -> None:
    """Held ones, too, are told of where their document is kept in our spool."""
    assert sources(INBOUND, "acknowledge") == {Inbound.STORED, Inbound.DELIVERED, Inbound.HELD}


def test_what_is_not_in_the_table_goes_nowhere() -> None:
    assert targets(OUTBOUND, Outbound.SENT, "expire") == frozenset()
