"""The one function that every change of state goes through, and the transaction that it happens in.

Promise   a row changes only along the tables of `core.states`, only from the state and epoch that its claimant saw, and
          never without an event row in the same transaction.  After the commit each transition leaves one log line
          and wakes those who wait for its target state.
Needs     a transaction of the writer.
Crash     nothing is kept outside the transaction.

A row is read and locked first (so that its old state is known for the event), then changed by an UPDATE that names key,
epoch and old state once more; a row count other than expected stops everything, because it cannot happen.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic

import sqlalchemy as sa
from sqlalchemy.engine import Row

from faxdaemon.core.errors import JournalError
from faxdaemon.core.numbers import masked
from faxdaemon.core.states import Move, S, targets
from faxdaemon.journal.prepared import Prepared, Query
from faxdaemon.journal.transaction import Moment, Tx, Values


@dataclass(frozen=True, eq=False)
class Machine(Generic[S]):
    """What `move` must know of one kind of item."""

    table: sa.Table
    keys: tuple[str, ...]
    """Columns of the primary key; the first is the fax id."""
    states: type[S]
    moves: tuple[Move[S], ...]
    subject: Callable[[Row[Any]], str]
    extra: tuple[str, ...]
    """Columns that `enter` and `facts` want to see."""
    enter: Callable[[Tx, Row[Any], S, Change[S]], Values]
    """What follows from entering a state, for every change alike; wakes whoever waits for it."""
    facts: Callable[[Row[Any]], Values]
    state: str = "state"
    epoch: str = "epoch"

    @functools.cached_property
    def seen(self) -> tuple[str, ...]:
        """The columns that `lock` reads."""
        return tuple(dict.fromkeys((*self.keys, self.state, self.epoch, *self.extra)))

    @functools.cached_property
    def _lock_one(self) -> Query:
        wanted = [self.table.c[k] == sa.bindparam(f"key_{k}") for k in self.keys]
        return Query(sa.select(*(self.table.c[c] for c in self.seen)).where(*wanted).with_for_update())

    @functools.cached_property
    def _lock_many(self) -> sa.Select[Any]:
        first = self.table.c[self.keys[0]]
        # In key order, so that two nodes that lock the same rows cannot wait for each other.
        order = [self.table.c[k] for k in self.keys]
        wanted = first.in_(sa.bindparam("fax_ids", expanding=True))
        return sa.select(*(self.table.c[c] for c in self.seen)).where(wanted).order_by(*order).with_for_update()

    @functools.cached_property
    def key(self) -> Callable[[Row[Any]], tuple[Any, ...]]:
        """The primary key of a row."""
        names = self.keys
        if len(names) == 1:
            get = operator.attrgetter(names[0])
            return lambda row: (get(row),)
        return operator.attrgetter(*names)

    @functools.cached_property
    def key_names(self) -> tuple[str, ...]:
        """The parameters that `update` takes for the primary key."""
        return tuple(f"key_{k}" for k in self.keys)

    @functools.cached_property
    def look(self) -> Callable[[Row[Any]], tuple[int, str]]:
        """Epoch and state of a row."""
        return operator.attrgetter(self.epoch, self.state)

    @functools.lru_cache(maxsize=1024)  # noqa: B019 - the machines are five module constants
    def step(self, source: str, events: tuple[str, ...], target: S) -> str | None:
        """The first of `events` that the table has from `source` to `target`."""
        state = self.states(source)
        return next((event for event in events if target in targets(self.moves, state, event)), None)

    def lock(self, tx: Tx, keys: Sequence[tuple[Any, ...]]) -> dict[tuple[Any, ...], Row[Any]]:
        """Read these rows and keep others from changing them until the commit."""
        if not keys:
            return {}
        if len(keys) == 1:
            values = dict(zip(self.key_names, keys[0], strict=True))
            return {self.key(row): row for row in self._lock_one.rows(tx.connection, values)}
        rows = tx.connection.execute(self._lock_many, {"fax_ids": list(dict.fromkeys(k[0] for k in keys))})
        return {self.key(row): row for row in rows}

    def lock_all(self, tx: Tx, fax_id: str) -> dict[tuple[Any, ...], Row[Any]]:
        """As `lock`, for every row of one fax."""
        return {self.key(row): row for row in tx.connection.execute(self._lock_many, {"fax_ids": [fax_id]})}

    @functools.lru_cache(maxsize=64)  # noqa: B019 - the machines are five module constants
    def update(self, columns: tuple[str, ...]) -> Prepared:
        """The UPDATE that sets `columns` where key, epoch and state are as they were read."""
        c = self.table.c
        wanted = [c[k] == sa.bindparam(f"key_{k}") for k in self.keys]
        wanted += [c[self.epoch] == sa.bindparam("old_epoch"), c[self.state] == sa.bindparam("old_state")]
        return Prepared(sa.update(self.table).where(*wanted), columns)


@dataclass(slots=True)
class Change(Generic[S]):
    """A wanted transition: the first of `events` that the table allows from the row's state, to `target`."""

    key: tuple[Any, ...]
    events: tuple[str, ...]
    target: S
    epoch: int | None
    """The claim under which it is wanted; None for whoever decides by what the row says now (a person, a sweep)."""
    values: Values = field(default_factory=dict)
    note: str | None = None
    reason: str | None = None
    """Why the row is in its new state; `note` when None."""
    claims: bool = False
    """Raise the epoch, so that earlier claimants are too late."""
    only: tuple[S, ...] = ()
    """The states from which it is meant, where the table has more of them under the same event."""


def move(
    tx: Tx, machine: Machine[S], changes: Iterable[Change[S]], rows: Mapping[tuple[Any, ...], Row[Any]] | None = None
) -> list[Row[Any]]:
    """Make the changes that the tables, the epochs and the rows' states allow; returns those rows as they were.

    `rows` are given when they are locked already."""
    wanted = list(changes)
    if not wanted:
        return []
    if rows is None:
        rows = machine.lock(tx, [change.key for change in wanted])
    updates: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    moved: dict[tuple[Any, ...], Row[Any]] = {}
    for change in wanted:
        row = rows.get(change.key)
        if row is None or change.key in moved:
            continue
        epoch, source = machine.look(row)
        event = _allowed(machine, change, epoch, source)
        if event is None:
            continue
        moved[change.key] = row
        target = change.target.value
        values = {machine.state: target, machine.epoch: epoch + change.claims}
        values.update(machine.enter(tx, row, change.target, change))
        values.update(change.values)
        updates.setdefault(tuple(values), []).append(_with_old(machine, values, change.key, epoch, source))
        facts = functools.partial(_facts, machine, row, change)
        tx.tell(Moment(change.key[0], machine.subject(row), event, source, target, change.note, facts))
    for columns, parameters in updates.items():
        execute_exactly(tx, machine.update(columns), parameters)
    return list(moved.values())


def execute_exactly(tx: Tx, statement: Prepared, parameters: list[dict[str, Any]]) -> None:
    """Change exactly one row per entry of `parameters`; rows that were locked before cannot have gone."""
    changed = statement.execute(tx.connection, parameters)
    if changed != len(parameters):
        raise JournalError(f"{len(parameters)} rows were locked and {changed} changed")


def _allowed(machine: Machine[S], change: Change[S], epoch: int, source: str) -> str | None:
    if change.epoch is not None and epoch != change.epoch:
        return None
    if change.only and source not in change.only:
        return None
    return machine.step(source, change.events, change.target)


def renew(tx: Tx, machine: Machine[S], rows: Sequence[Row[Any]], values: Values, *, claims: bool = True) -> None:
    """Change locked rows without changing their state, as a claim does (which raises the epoch)."""
    if not rows:
        return
    parameters = []
    for row in rows:
        epoch, state = machine.look(row)
        new = {machine.epoch: epoch + claims, **values}
        parameters.append(_with_old(machine, new, machine.key(row), epoch, state))
    execute_exactly(tx, machine.update((machine.epoch, *values)), parameters)


def _with_old(
    machine: Machine[S], values: dict[str, Any], key: tuple[Any, ...], epoch: int, state: str
) -> dict[str, Any]:
    """The parameters of `Machine.update`: the new values, and by what the row is known."""
    values.update(zip(machine.key_names, key, strict=True))
    values["old_epoch"] = epoch
    values["old_state"] = state
    return values


def _facts(machine: Machine[S], row: Row[Any], change: Change[S]) -> Values:
    """What the row, or the change itself, adds to the log line."""
    facts = dict(machine.facts(row))
    facts |= {k: change.values[k] for k in ("account", "reference") if k in change.values}
    if "number" in change.values:
        facts["number"] = masked(change.values["number"])
    return facts
