"""How full a folder's hours are: what is over its cap is given a later one (O6).

Promise   in one hour of the clock no more recipients of a folder become due than its cap allows, over restarts and on
          all nodes; who comes first goes first.
Needs     the transaction that makes the recipients ready.
Crash     with the transaction, or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from faxdaemon.journal.base import Part
from faxdaemon.journal.database import insert_new, upsert
from faxdaemon.journal.remembered import hourly
from faxdaemon.journal.transaction import Tx

HOUR = 3_600_000
"""Milliseconds."""
_LOCK = 0
"""The hour of the row that is locked while one transaction counts."""

_MINE = hourly.c.folder == sa.bindparam("of_folder", type_=hourly.c.folder.type)
_LOCKED = sa.select(hourly.c.hour).where(_MINE, hourly.c.hour == _LOCK).with_for_update()
_FROM = sa.select(hourly).where(_MINE, hourly.c.hour >= sa.bindparam("from_hour"))
_PAST = sa.delete(hourly).where(_MINE, hourly.c.hour < sa.bindparam("from_hour"), hourly.c.hour != _LOCK)
_DELAYED = sa.select(sa.func.coalesce(sa.func.sum(hourly.c.delayed), 0)).where(
    _MINE, hourly.c.hour > sa.bindparam("from_hour")
)


class Hours:
    """The hours of one folder, in one transaction."""

    def __init__(self, tx: Tx, folder: str) -> None:
        self._tx = tx
        self._folder = folder
        wanted = {"of_folder": folder, "from_hour": tx.now // HOUR}
        # The row must be there to be locked: two nodes may begin to count at the same moment.
        tx.connection.execute(insert_new(hourly, tx.dialect), self._row(_LOCK, 0, 0))
        tx.connection.execute(_LOCKED, wanted)
        rows = tx.connection.execute(_FROM, wanted)
        self._taken: dict[int, list[int]] = {row.hour: [row.taken, row.delayed] for row in rows}
        self._changed: set[int] = set()
        self._full_until: dict[int, int] = {}

    def take(self, cap: int, wanted: int) -> int:
        """When a recipient may leave that is `wanted` to leave then (milliseconds)."""
        first = max(wanted, self._tx.now) // HOUR
        hour = self._full_until.get(first, first)
        while self._taken.setdefault(hour, [0, 0])[0] >= cap:
            hour += 1
        self._full_until[first] = hour
        self._taken[hour][0] += 1
        self._taken[hour][1] += hour > first
        self._changed.add(hour)
        return max(wanted, hour * HOUR)

    def save(self) -> None:
        """Record what was taken, and forget the hours that are over."""
        rows = [self._row(hour, *self._taken[hour]) for hour in sorted(self._changed)]
        self._tx.connection.execute(upsert(hourly, self._tx.dialect), rows)
        self._tx.connection.execute(_PAST, {"of_folder": self._folder, "from_hour": self._tx.now // HOUR})

    def _row(self, hour: int, taken: int, delayed: int) -> dict[str, Any]:
        return {"folder": self._folder, "hour": hour, "taken": taken, "delayed": delayed}


def open_hours(tx: Tx, folders: Sequence[str]) -> Mapping[str, Hours]:
    """Those of several folders; always in the same order, so that two nodes cannot wait for each other."""
    return {folder: Hours(tx, folder) for folder in sorted(set(folders))}


class Pace(Part):
    """What people are told of caps."""

    def delayed(self, folder: str) -> int:
        """Recipients of `folder` that wait for a later hour because of its cap."""

        def work(connection: sa.Connection) -> int:
            wanted = {"of_folder": folder, "from_hour": self._database.now(connection) // HOUR}
            return int(connection.execute(_DELAYED, wanted).scalar_one())

        return self._read(work)
