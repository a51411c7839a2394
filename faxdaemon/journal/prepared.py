"""Statements rendered once, and run without what SQLAlchemy does for each run.

Promise   the same SQL and the same conversion of values as SQLAlchemy's own execution, in both directions; its errors.
Needs     parameters by position, which both dialects are set up for.
Crash     keeps nothing.

SQLAlchemy renders from its cache, but a statement of one row costs it thirty times what SQLite needs for it
(`tests/bench/bench_journal.py`): it looks at every parameter and builds a context, a cursor and a result.  On SQLite
the driver is called directly; on PostgreSQL, where the network costs more, SQLAlchemy stays between, for it knows which
errors mean that the connection is gone.
"""

from __future__ import annotations

import operator
import sqlite3
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import DBAPIError

Ordered = Callable[[Mapping[str, Any]], list[Any]]
"""Named values as the list that the driver wants."""


class Prepared:
    """One INSERT or UPDATE."""

    def __init__(self, statement: sa.Insert | sa.Update, columns: Sequence[str] | None = None) -> None:
        """`columns` are those that are filled or set; their parameters have the same names."""
        self._statement = statement
        self._columns = columns
        self._rendered: dict[str, tuple[str, Ordered]] = {}

    def execute(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
        """Execute once per row; returns how many rows of the table were changed."""
        dialect = connection.dialect
        if dialect.name not in self._rendered:
            self._rendered[dialect.name] = _rendered(
                self._statement.compile(dialect=dialect, column_keys=self._columns)
            )
        sql, ordered = self._rendered[dialect.name]
        parameters = [tuple(ordered(row)) for row in rows]
        if dialect.name != "sqlite":
            return connection.exec_driver_sql(sql, parameters).rowcount
        try:
            return _driver(connection).executemany(sql, parameters).rowcount
        except sqlite3.Error as error:
            raise _wrapped(sql, error, dialect) from error


class Query:
    """One SELECT with a fixed number of parameters."""

    def __init__(self, statement: sa.Select[Any]) -> None:
        self.statement = statement
        self._rendered: dict[str, tuple[str, Ordered]] = {}
        self._row = _row_of([str(column.key) for column in statement.selected_columns])
        self._readers: list[tuple[int, Callable[[Any], Any]]] = []

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> Sequence[Any]:
        """What it finds; each row has its columns as attributes."""
        dialect = connection.dialect
        if dialect.name != "sqlite":
            return connection.execute(self.statement, values).all()
        if dialect.name not in self._rendered:
            self._render(dialect)
        sql, ordered = self._rendered[dialect.name]
        try:
            found = _driver(connection).execute(sql, ordered(values)).fetchall()
        except sqlite3.Error as error:
            raise _wrapped(sql, error, dialect) from error
        return [self._made(row) for row in found]

    def _made(self, raw: tuple[Any, ...]) -> Any:
        values = list(raw)
        for place, read in self._readers:
            if values[place] is not None:
                values[place] = read(values[place])
        return self._row(*values)

    def _render(self, dialect: Dialect) -> None:
        self._rendered[dialect.name] = _rendered(self.statement.compile(dialect=dialect))
        for place, column in enumerate(self.statement.selected_columns):
            read = column.type.dialect_impl(dialect).result_processor(dialect, None)
            if read is not None:
                self._readers.append((place, read))


def _row_of(names: list[str]) -> Callable[..., Any]:
    return namedtuple("Row", names)


def _rendered(compiled: Any) -> tuple[str, Ordered]:
    names = compiled.positiontup
    processors = []
    for place, name in enumerate(names):
        process = compiled.binds[name].type.dialect_impl(compiled.dialect).bind_processor(compiled.dialect)
        if process is not None:
            processors.append((place, process))
    fixed = {name: compiled.binds[name].value for name in names if not compiled.binds[name].required}
    get = operator.itemgetter(*names) if len(names) > 1 else lambda values: [values[name] for name in names]

    def ordered(values: Mapping[str, Any]) -> list[Any]:
        found = list(get({**fixed, **values} if fixed else values))
        for place, process in processors:
            if found[place] is not None:
                found[place] = process(found[place])
        return found

    return compiled.string, ordered


def _driver(connection: Connection) -> sqlite3.Connection:
    """The driver's own connection, in the transaction that `connection` is in."""
    found: Any = connection.connection.dbapi_connection
    return found  # type: ignore[no-any-return] # SQLAlchemy knows only that it is one of some driver


def _wrapped(sql: str, error: sqlite3.Error, dialect: Dialect) -> BaseException:
    """As SQLAlchemy would raise it; without the parameters, which hold numbers and names."""
    return DBAPIError.instance(sql, None, error, sqlite3.Error, hide_parameters=True, dialect=dialect)
