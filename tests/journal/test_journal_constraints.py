"""Rows that cannot exist: the database itself refuses them, whatever a bug of ours may write."""

from __future__ import annotations

from typing import Any

import pytest

from faxdaemon.core.errors import JournalError
from faxdaemon.core.states import Outbound

#: From a state, a change that contradicts the state tables, and the rule that must catch it.
IMPOSSIBLE = [
    (Outbound.READY, "state = 'thinking'", "ck_recipient_state"),
    (Outbound.READY, "state = 'submitting'", "ck_recipient_submitting"),
    (Outbound.READY, "owner = 'me'", "ck_recipient_submitting"),
    (Outbound.READY, "number = NULL", "ck_recipient_routed"),
    (Outbound.READY, "account = NULL", "ck_recipient_routed"),
    (Outbound.READY, "expires_at = NULL", "ck_recipient_routed"),
    (Outbound.READY, "doubt = TRUE", "ck_recipient_doubt"),
    (Outbound.READY, "ended_at = 5", "ck_recipient_ended"),
    (Outbound.READY, "state = 'held', reason = 'x'", "ck_recipient_held"),
    (Outbound.READY, "submission = 0", "ck_recipient_counts"),
    (Outbound.READY, "epoch = -1", "ck_recipient_counts"),
    (Outbound.SUBMITTING, "owner = NULL", "ck_recipient_submitting"),
    (Outbound.SUBMITTING, "deadline = NULL", "ck_recipient_submitting"),
    (Outbound.SUBMITTING, "reference = NULL", "ck_recipient_submitting"),
    (Outbound.SUBMITTING, "intended_at = NULL", "ck_recipient_submitting"),
    (Outbound.UNCERTAIN, "doubt = FALSE", "ck_recipient_doubt"),
    (Outbound.UNCERTAIN, "state = 'accepted'", "ck_recipient_accepted"),
    (Outbound.ACCEPTED, "provider_id = NULL", "ck_recipient_accepted"),
    (Outbound.ACCEPTED, "state = 'sent'", "ck_recipient_ended"),
    (Outbound.SENT, "ended_at = NULL", "ck_recipient_ended"),
    (Outbound.SENT, "state = 'ready'", "ck_recipient_ended"),
    (Outbound.FAILED, "reason = NULL", "ck_recipient_held"),
    (Outbound.HELD, "reason = NULL", "ck_recipient_held"),
    (Outbound.HELD, "held_from = NULL", "ck_recipient_held"),
    (Outbound.HELD, "held_from = 'submitting'", "ck_recipient_held"),
    (Outbound.HELD, "held_from = 'sent'", "ck_recipient_held"),
]


def test_impossible_recipients_are_refused(world: Any) -> None:
    for state, change, rule in IMPOSSIBLE:
        fax_id = world.bring_to(state).fax_id
        before = world.row(fax_id)
        with pytest.raises(JournalError, match=rule):
            world.sql(f"UPDATE recipient SET {change} WHERE fax_id = :i", i=fax_id)
        assert world.row(fax_id) == before


def test_a_reference_names_one_submission(world: Any) -> None:
    first, second = world.submitting(), world.submitting()
    with pytest.raises(JournalError, match=r"uq_recipient_reference|UNIQUE constraint failed: recipient\.reference"):
        world.sql("UPDATE recipient SET reference = :r WHERE fax_id = :i", r=first.reference, i=second.fax_id)


def test_a_received_fax_is_one_row(world: Any) -> None:
    world.seen("1")
    other = world.seen("2")
    with pytest.raises(JournalError, match=r"uq_inbound|UNIQUE constraint failed: inbound\.account"):
        world.sql("UPDATE inbound SET provider_id = '1' WHERE fax_id = :i", i=other.fax_id)


def test_impossible_received_faxes_deliveries_and_reports_are_refused(world: Any) -> None:
    seen, stored = world.seen("1").fax_id, world.stored(provider_id="2").fax_id
    ended = world.ended().fax_id
    for statement, fax_id, rule in (
        ("UPDATE inbound SET state = 'stored' WHERE fax_id = :i", seen, "ck_inbound_stored"),
        ("UPDATE inbound SET sha256 = NULL WHERE fax_id = :i", stored, "ck_inbound_stored"),
        ("UPDATE inbound SET state = 'held' WHERE fax_id = :i", seen, "ck_inbound_held"),
        ("UPDATE inbound SET state = 'eaten' WHERE fax_id = :i", seen, "ck_inbound_state"),
        ("UPDATE delivery SET state = 'delivering' WHERE fax_id = :i", stored, "ck_delivery_plan"),
        ("UPDATE delivery SET state = 'lost' WHERE fax_id = :i", stored, "ck_delivery_state"),
        ("UPDATE delivery SET state = 'held' WHERE fax_id = :i", stored, "ck_delivery_held"),
        ("UPDATE fax SET report = 'reporting' WHERE id = :i", ended, "ck_fax_plan"),
        ("UPDATE fax SET report = 'told' WHERE id = :i", ended, "ck_fax_report"),
    ):
        with pytest.raises(JournalError, match=rule):
            world.sql(statement, i=fax_id)


def test_nothing_hangs_in_the_air(world: Any) -> None:
    world.ready()
    for table in ("recipient", "document"):
        with pytest.raises(JournalError, match=r"fk_|FOREIGN KEY"):
            world.sql(f"UPDATE {table} SET fax_id = 'nobody'")


def test_an_error_of_the_database_shows_no_number(world: Any) -> None:
    fax_id = world.ready()
    with pytest.raises(JournalError) as caught:
        world.sql("UPDATE recipient SET epoch = -1, number = :n WHERE fax_id = :i", n="+13035559999", i=fax_id)
    told, error = "", caught.value
    while error is not None:
        told += repr(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    assert "5559999" not in told
