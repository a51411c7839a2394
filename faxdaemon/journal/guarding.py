"""What the other faxes say about one that becomes ready (O6): a number never sent to, a look-alike.

Promise   both are decided in the commit that makes the fax ready, so two of a kind cannot slip through side by side,
          not even on two nodes.  What a person lets go on is known from then on, and is never caught again.
Needs     the transaction that routes, or decides.
Crash     with the transaction, or not at all.

An earlier fax counts as long as it may have arrived: one that failed or was cancelled, without a doubt, is no reason to
hold the next.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from faxdaemon.contracts.journal import Guard, Routed
from faxdaemon.core.model import Document, Role
from faxdaemon.core.numbers import masked
from faxdaemon.core.states import Outbound
from faxdaemon.journal.claims import documents_of
from faxdaemon.journal.database import insert_new
from faxdaemon.journal.remembered import known_number, lookalike
from faxdaemon.journal.tables import recipient
from faxdaemon.journal.transaction import Tx
from faxdaemon.journal.types import from_ms

MEMORY = 31 * 24 * 3_600_000
"""Milliseconds that look-alikes are remembered; more than the longest window that can be configured."""

_SOME = 500
"""Numbers in one question."""
_KNOWN = sa.select(known_number.c.number).where(
    known_number.c.number.in_(sa.bindparam("numbers", expanding=True, type_=known_number.c.number.type))
)
_KEY = (
    lookalike.c.content == sa.bindparam("of_content"),
    lookalike.c.number == sa.bindparam("to_number", type_=lookalike.c.number.type),
)
_ALIKE = sa.select(lookalike).where(*_KEY).with_for_update()
_NOW_THIS = (
    sa.update(lookalike)
    .where(*_KEY)
    .values(fax_id=sa.bindparam("by"), n=sa.bindparam("by_n"), at=sa.bindparam("by_at"))
)
_LONG_AGO = sa.delete(lookalike).where(lookalike.c.at < sa.bindparam("before"))
_STATE = sa.select(recipient.c.state, recipient.c.doubt).where(
    recipient.c.fax_id == sa.bindparam("of_fax"), recipient.c.n == sa.bindparam("of_n")
)


def catch(tx: Tx, decided: Sequence[Routed]) -> dict[tuple[str, int], str]:
    """Why recipients of these faxes, which have their rows, must wait for a person: by fax and number."""
    caught: dict[tuple[str, int], list[str]] = {}
    new = _unknown(tx, decided)
    alike = _lookalikes(tx, decided)
    for decision in decided:
        for n, route in enumerate(decision.routes, 1):
            reasons = caught.setdefault((decision.fax_id, n), [])
            if decision.guard.first_time and route.number in new:
                reasons.append(new_words(route.number))
            if (decision.fax_id, n) in alike:
                reasons.append(alike[decision.fax_id, n])
    return {key: "; ".join(reasons) for key, reasons in caught.items() if reasons}


def approve(tx: Tx, rows: Iterable[Row[Any]], by: str | None = None) -> None:
    """A person wants these recipients to go on; or, dropped again, as the fax `by`."""
    wanted = [row for row in rows if row.number is not None]
    if not wanted:
        return
    learn(tx, (row.number for row in wanted))
    documents = documents_of(tx.connection, {row.fax_id for row in wanted})
    for row in sorted(wanted, key=lambda row: row.number):
        _take_over(tx, _One(content_of(documents[row.fax_id]), row.number, by or row.fax_id, row.n))


def learn(tx: Tx, numbers: Iterable[str]) -> None:
    """From now on these numbers are known."""
    rows = [{"number": number, "since": tx.now} for number in sorted(set(numbers))]
    if rows:
        tx.connection.execute(insert_new(known_number, tx.dialect), rows)


def learn_reached(tx: Tx) -> None:
    """What belongs to every transaction that brought faxes to their recipients."""
    learn(tx, tx.reached)


def content_of(documents: Iterable[Document]) -> str:
    """By what two faxes are told to have the same content."""
    parts = [document.sha256 for document in documents if document.role is Role.DOCUMENT]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


# -- numbers


def _unknown(tx: Tx, decided: Sequence[Routed]) -> set[str]:
    numbers = sorted({route.number for d in decided if d.guard.first_time for route in d.routes})
    known: set[str] = set()
    for start in range(0, len(numbers), _SOME):
        known.update(tx.connection.execute(_KNOWN, {"numbers": numbers[start : start + _SOME]}).scalars())
    return set(numbers) - known


# -- look-alikes


class _One(NamedTuple):
    """A recipient, by what it could look like and by what it is."""

    content: str
    number: str
    fax_id: str
    n: int


def _lookalikes(tx: Tx, decided: Sequence[Routed]) -> dict[tuple[str, int], str]:
    remembered = [d for d in decided if d.guard.remember and d.routes]
    if not remembered:
        return {}
    tx.connection.execute(_LONG_AGO, {"before": tx.now - MEMORY})
    documents = documents_of(tx.connection, (d.fax_id for d in remembered))
    ones: list[tuple[_One, Guard]] = []
    for d in remembered:
        content = content_of(documents[d.fax_id])
        ones += [(_One(content, route.number, d.fax_id, n), d.guard) for n, route in enumerate(d.routes, 1)]
    caught: dict[tuple[str, int], str] = {}
    # In the order of their keys, so that two nodes cannot wait for each other; of the same key the older one first.
    for one, guard in sorted(ones, key=lambda each: each[0]):
        earlier = _earlier(tx, one, guard.lookalike)
        if earlier is None:
            _take_over(tx, one)
        else:
            caught[one.fax_id, one.n] = alike_words(earlier)
    return caught


def _earlier(tx: Tx, one: _One, window: float) -> Row[Any] | None:
    """The fax that this one looks like, if that is a reason to hold it."""
    # The row must be there to be locked: two nodes may route two of a kind at the same moment.
    tx.connection.execute(insert_new(lookalike, tx.dialect), one._asdict() | {"at": tx.now})
    row: Row[Any] = tx.connection.execute(_ALIKE, {"of_content": one.content, "to_number": one.number}).one()
    if row.fax_id == one.fax_id or row.at <= tx.now - round(window * 1000):
        return None
    return None if harmless(tx.connection, row) else row


def harmless(connection: Connection, row: Row[Any]) -> bool:
    """Whether the fax of this row has certainly not arrived."""
    state = connection.execute(_STATE, {"of_fax": row.fax_id, "of_n": row.n}).one_or_none()
    return state is not None and not state.doubt and state.state in {Outbound.FAILED, Outbound.CANCELLED}


def new_words(number: str) -> str:
    """Why a fax to a new number is held."""
    return f"nothing was ever sent to {masked(number)}: release it if the number is right"


def alike_words(earlier: Row[Any]) -> str:
    """Why one that looks like an earlier one is held."""
    when = from_ms(earlier.at).strftime("%Y-%m-%d %H:%M UTC")
    same = f"it has the content and the number of fax {earlier.fax_id} of {when}"
    return f"{same}: release it if it is to be sent all the same"


def _take_over(tx: Tx, one: _One) -> None:
    """The look-alikes to come are those of this one."""
    key = {"of_content": one.content, "to_number": one.number}
    tx.connection.execute(_NOW_THIS, key | {"by": one.fax_id, "by_n": one.n, "by_at": tx.now})
