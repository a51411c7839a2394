"""What tables are made of: names of constraints, conditions as literal SQL, indexes of live rows.

Promise   the same text in a CHECK, in a partial index and in the queries that are to use it.
Needs     nothing.
Crash     keeps nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CheckConstraint, Column, Index

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def one_of(column: str, states: Iterable[StrEnum]) -> str:
    """`column IN ('a', 'b')`, in a stable order."""
    return f"{column} IN ({', '.join(repr(s.value) for s in states)})"


def is_in(state: StrEnum, column: str = "state") -> str:
    """`column = 'state'` as literal SQL, for partial indexes and the queries that use them."""
    return f"{column} = '{state.value}'"


def live(name: str, condition: str, *columns: Column[Any]) -> Index:
    """An index of the rows where `condition` holds."""
    where = sa.text(condition)
    return Index(name, *columns, sqlite_where=where, postgresql_where=where)


def check(name: str, *conditions: str) -> CheckConstraint:
    """A constraint of all the conditions."""
    return CheckConstraint(" AND ".join(conditions), name=name)


def needs(condition: str, *needed: str) -> str:
    """Where `condition` holds, each of the columns `needed` has a value."""
    return f"(NOT ({condition}) OR ({' AND '.join(f'{c} IS NOT NULL' for c in needed)}))"


def iff(condition: str, column: str) -> str:
    """`column` has a value where `condition` holds, and only there."""
    return f"(({condition}) = ({column} IS NOT NULL))"


#: SQLite keeps such a table in the order of its key, in one tree instead of two.
CLUSTERED: Any = {"sqlite_with_rowid": False}
