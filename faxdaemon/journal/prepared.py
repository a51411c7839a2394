"""Statements that change rows, rendered once.

Promise   the same SQL and the same conversion of values as SQLAlchemy's own execution, for INSERT and UPDATE.
Needs     named parameters, which both dialects are set up for.
Crash     keeps nothing.

SQLAlchemy renders from its cache, but looks at every parameter of every row each time; on the hot paths that was half
of the time of a transaction (`tests/bench/bench_journal.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect

Processors = Sequence[tuple[str, Callable[[Any], Any]]]


class Prepared:
    """One INSERT or UPDATE whose parameters are all named."""

    def __init__(self, statement: sa.Insert | sa.Update, columns: Sequence[str] | None = None) -> None:
        """`columns` are those that an INSERT fills."""
        self._statement = statement
        self._columns = columns
        self._rendered: dict[str, tuple[str, Processors]] = {}

    def execute(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
        """Execute once per row; returns how many rows of the table were changed."""
        dialect = connection.dialect
        sql, processors = self._rendered.get(dialect.name) or self._render(dialect)
        parameters = [dict(row) for row in rows]
        for name, process in processors:
            for row in parameters:
                value = row[name]
                if value is not None:
                    row[name] = process(value)
        return connection.exec_driver_sql(sql, parameters).rowcount

    def _render(self, dialect: Dialect) -> tuple[str, Processors]:
        compiled = self._statement.compile(dialect=dialect, column_keys=self._columns)
        processors = []
        for name, bind in compiled.binds.items():
            process = bind.type.dialect_impl(dialect).bind_processor(dialect)
            if process is not None:
                processors.append((name, process))
        self._rendered[dialect.name] = compiled.string, processors
        return self._rendered[dialect.name]
