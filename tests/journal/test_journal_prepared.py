"""What goes around SQLAlchemy gives what SQLAlchemy gives, errors included."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, OperationalError

from faxdaemon.core.ids import FaxId
from faxdaemon.journal import claims, resolving, sending, tracking
from faxdaemon.journal.machines import DELIVERY, INBOUND, KEPT, RECIPIENT, REPORT
from faxdaemon.journal.prepared import Prepared, Query
from faxdaemon.journal.tables import document, fax

ODD = "caf\udce9 \x00 \ud800.pdf"
"""A name as a file system may give it."""


def both(world: Any, query: Query, values: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows, after it was made sure that SQLAlchemy finds the same."""

    def work(tx: Any) -> list[dict[str, Any]]:
        ours = query.rows(tx.connection, values)
        theirs = tx.connection.execute(query.statement, values).all()
        names = [column.key for column in query.statement.selected_columns]
        assert [[getattr(row, name) for name in names] for row in ours] == [list(row) for row in theirs]
        return [{name: getattr(row, name) for name in names} for row in ours]

    found: list[dict[str, Any]] = world.journal._write(work)
    return found


def test_every_prepared_query_finds_what_sqlalchemy_finds(world: Any) -> None:
    accepted = world.accepted()
    uncertain = world.uncertain()
    ready = world.ready(name=ODD, folder=f"/srv/{ODD}")
    world.journal.pause("main", f"because {ODD}", 0.0)
    world.clock.advance(100)
    due = {"account": "main", "now": 2**53, "limit": 10}
    expires = {**due, "now": int(world.clock.now().timestamp() * 1000)}
    (row,) = both(world, sending._FIND, expires)
    assert (row["fax_id"], row["accounts"], row["options"]) == (ready, ["main"], {"resolution": "fine"})
    assert (row["doubt"], row["cancel_wanted"]) == (False, False)
    assert [row["fax_id"] for row in both(world, tracking._FIND, due)] == [accepted.fax_id]
    assert [row["fax_id"] for row in both(world, resolving._FIND, due)] == [uncertain.fax_id]
    assert both(world, sending._FIND_PAUSE, {"account": "main"})[0]["reason"] == f"because {ODD}"
    (found,) = both(world, claims._OF_ONE, {"fax_id": ready, "first": 0, "last": 0})
    assert found["name"] == ODD
    assert both(world, claims._OF_ONE, {"fax_id": FaxId("x" * 26), "first": 0, "last": 0}) == []


@pytest.mark.parametrize("machine", [RECIPIENT, REPORT, KEPT, INBOUND, DELIVERY], ids=lambda m: m.table.name)
def test_every_row_that_is_locked_is_as_it_is(world: Any, machine: Any) -> None:
    world.ready(name=ODD, folder=f"/srv/{ODD}")
    world.stored()
    rows = world.journal._write(lambda tx: tx.connection.execute(sa.select(machine.table)).mappings().all())
    for row in rows:
        values = {f"key_{key}": row[key] for key in machine.keys}
        (found,) = both(world, machine._lock_one, values)
        assert found == {name: row[name] for name in machine.seen}


def test_a_query_sees_and_a_statement_changes_what_the_transaction_does(world: Any) -> None:
    fax_id = world.ready()
    rename = Prepared(sa.update(document).where(document.c.fax_id == sa.bindparam("key")), ("name",))

    def work(tx: Any) -> Any:
        assert rename.execute(tx.connection, [{"key": fax_id, "name": ODD}, {"key": "nobody", "name": "x"}]) == 1
        assert claims._OF_ONE.rows(tx.connection, {"fax_id": fax_id, "first": 0, "last": 0})[0].name == ODD
        raise LookupError

    with pytest.raises(LookupError):
        world.journal._write(work)
    assert world.journal.life(fax_id).facts["documents"][0]["name"] == "invoice.pdf", "it was rolled back"


def test_errors_are_sqlalchemys_and_show_no_value(world: Any) -> None:
    fax_id = world.ready()
    insert = Prepared(sa.insert(document), ("fax_id", "n", "name", "spool", "size", "sha256", "pages"))
    row = {"fax_id": fax_id, "n": 1, "name": "Mrs. Smith", "spool": "x", "size": 1, "sha256": "0", "pages": None}
    told: list[str] = []

    def work(tx: Any) -> None:
        with pytest.raises(IntegrityError) as caught:
            insert.execute(tx.connection, [row])
        told.append("" if tx.dialect == "postgresql" else str(caught.value))  # there it is SQLAlchemy's own
        raise LookupError

    with pytest.raises(LookupError):
        world.journal._write(work)
    assert "Smith" not in told[0]


def test_a_query_that_fails_raises_what_sqlalchemy_raises(sqlite_world: Any) -> None:
    lost = Query(sa.select(fax.c.id).where(sa.text("no_such_column = 1")))
    with pytest.raises(OperationalError, match="no such column"), sqlite_world.journal._database.writer.begin() as c:
        lost.rows(c, {})
