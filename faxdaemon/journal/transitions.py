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
import structlog
from sqlalchemy.engine import Connection, Row

from faxdaemon.core.errors import JournalError
from faxdaemon.core.numbers import masked
from faxdaemon.core.states import Move, S, targets
from faxdaemon.journal import tables
from faxdaemon.journal.prepared import Prepared

_log = structlog.get_logger()
_PRIVATE = frozenset({"refused", "hold"})
Values = Mapping[str, Any]


@dataclass(slots=True)
class Moment:
    """An event row to be written and a log line to be told after the commit."""

    fax_id: str
    subject: str
    event: str
    source: str | None
    target: str
    note: str | None = None
    facts: Values = field(default_factory=dict)
    """For the log line only: account, reference, masked number."""


class Tx:
    """One transaction of the writer; what is collected here takes effect with its commit."""

    __slots__ = ("_finishers", "connection", "moments", "node", "now", "owner", "topics", "touched")

    def __init__(
        self, connection: Connection, now: int, node: str, owner: str, finishers: Sequence[Callable[[Tx], None]]
    ) -> None:
        self.connection = connection
        self.now = now
        """Milliseconds since 1970; the same for everything in this transaction."""
        self.node = node
        self.owner = owner
        self.moments: list[Moment] = []
        self.topics: dict[str, None] = {}
        self.touched: dict[str, None] = {}
        """Faxes with a recipient that came to rest or left it: their report may be due."""
        self._finishers = finishers

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.connection.dialect.name

    def after(self, seconds: float) -> int:
        """The time in `seconds` from now."""
        return self.now + max(0, round(seconds * 1000))

    def wake(self, *topics: str) -> None:
        """Signal `topics` after the commit."""
        self.topics.update(dict.fromkeys(topics))

    def tell(self, moment: Moment) -> None:
        """Write an event row and a log line."""
        self.moments.append(moment)

    def finish(self) -> None:
        """What belongs to the transaction but is cheaper done once for all of it."""
        for finisher in self._finishers:
            finisher(self)
        if self.moments:
            _INSERT_EVENTS.execute(self.connection, [self._event(m) for m in self.moments])

    def _event(self, moment: Moment) -> dict[str, Any]:
        return {
            "fax_id": moment.fax_id,
            "subject": moment.subject,
            "event": moment.event,
            "source": moment.source,
            "target": moment.target,
            "at": self.now,
            "node": self.node,
            "note": moment.note,
        }

    def log(self) -> None:
        """Tell the log what was committed.  What a person or a drop's own name may have put into a note stays in the
        journal: it can name a patient."""
        for m in self.moments:
            note = None if m.event in _PRIVATE else m.note
            facts = {k: v for k, v in {"source": m.source, "note": note, **m.facts}.items() if v is not None}
            _log.info(m.event, fax=m.fax_id, subject=m.subject, target=m.target, **facts)


_INSERT_EVENTS = Prepared(
    sa.insert(tables.event), ("fax_id", "subject", "event", "source", "target", "at", "node", "note")
)


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
    def _lock_one(self) -> sa.Select[Any]:
        wanted = [self.table.c[k] == sa.bindparam(f"key_{k}") for k in self.keys]
        return sa.select(*(self.table.c[c] for c in self.seen)).where(*wanted).with_for_update()

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
    def allowed(self) -> Mapping[tuple[str, str], frozenset[S]]:
        """The targets for a source state and an event."""
        return {(m.source.value, m.event): targets(self.moves, m.source, m.event) for m in self.moves}

    def lock(self, tx: Tx, keys: Sequence[tuple[Any, ...]]) -> dict[tuple[Any, ...], Row[Any]]:
        """Read these rows and keep others from changing them until the commit."""
        if not keys:
            return {}
        if len(keys) == 1:
            values = dict(zip(self.key_names, keys[0], strict=True))
            rows = tx.connection.execute(self._lock_one, values)
        else:
            rows = tx.connection.execute(self._lock_many, {"fax_ids": list(dict.fromkeys(k[0] for k in keys))})
        return {self.key(row): row for row in rows}

    def lock_all(self, tx: Tx, fax_id: str) -> dict[tuple[Any, ...], Row[Any]]:
        """As `lock`, for every row of one fax."""
        return {self.key(row): row for row in tx.connection.execute(self._lock_many, {"fax_ids": [fax_id]})}

    @functools.lru_cache(maxsize=64)  # noqa: B019 - the machines are four module constants
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
        event = None if row is None or change.key in moved else _allowed(machine, change, row)
        if row is None or event is None:
            continue
        moved[change.key] = row
        values = _values(tx, machine, change, row)
        updates.setdefault(tuple(values), []).append(_with_old(machine, row, values))
        tx.tell(_moment(machine, change, row, event))
    for columns, parameters in updates.items():
        execute_exactly(tx, machine.update(columns), parameters)
    return list(moved.values())


def execute_exactly(tx: Tx, statement: Prepared, parameters: list[dict[str, Any]]) -> None:
    """Change exactly one row per entry of `parameters`; rows that were locked before cannot have gone."""
    changed = statement.execute(tx.connection, parameters)
    if changed != len(parameters):
        raise JournalError(f"{len(parameters)} rows were locked and {changed} changed")


def _allowed(machine: Machine[S], change: Change[S], row: Row[Any]) -> str | None:
    if change.epoch is not None and getattr(row, machine.epoch) != change.epoch:
        return None
    state = getattr(row, machine.state)
    if change.only and state not in change.only:
        return None
    return next((e for e in change.events if change.target in machine.allowed.get((state, e), ())), None)


def _values(tx: Tx, machine: Machine[S], change: Change[S], row: Row[Any]) -> dict[str, Any]:
    epoch = getattr(row, machine.epoch) + (1 if change.claims else 0)
    entered = machine.enter(tx, row, change.target, change)
    return {machine.state: change.target.value, machine.epoch: epoch, **entered, **change.values}


def renew(tx: Tx, machine: Machine[S], rows: Sequence[Row[Any]], values: Values, *, claims: bool = True) -> None:
    """Change locked rows without changing their state, as a claim does (which raises the epoch)."""
    if not rows:
        return
    raised = 1 if claims else 0
    changed = [(row, {machine.epoch: getattr(row, machine.epoch) + raised, **values}) for row in rows]
    statement = machine.update((machine.epoch, *values))
    execute_exactly(tx, statement, [_with_old(machine, row, new) for row, new in changed])


def _with_old(machine: Machine[S], row: Row[Any], values: dict[str, Any]) -> dict[str, Any]:
    """The parameters of `Machine.update`: the new values, and by what the row is known."""
    values.update(zip(machine.key_names, machine.key(row), strict=True))
    values["old_epoch"] = getattr(row, machine.epoch)
    values["old_state"] = getattr(row, machine.state)
    return values


def _moment(machine: Machine[S], change: Change[S], row: Row[Any], event: str) -> Moment:
    return Moment(
        getattr(row, machine.keys[0]),
        machine.subject(row),
        event,
        getattr(row, machine.state),
        change.target.value,
        change.note,
        {**machine.facts(row), **_told(change)},
    )


def _told(change: Change[Any]) -> Values:
    """What a change itself adds to its log line."""
    facts = {k: change.values[k] for k in ("account", "reference") if k in change.values}
    if "number" in change.values:
        facts["number"] = masked(change.values["number"])
    return facts
