"""Statements that change rows, rendered once.

Promise   the same SQL and the same conversion of values as SQLAlchemy's own execution, for INSERT and UPDATE.
Needs     parameters by position, which both dialects are set up for.
Crash     keeps nothing.

SQLAlchemy renders from its cache, but looks at every parameter of every row each time; on the hot paths that was half
of the time of a transaction (`tests/bench/bench_journal.py`).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect

Rendered = tuple[str, Callable[[Any], tuple[Any, ...]], Sequence[tuple[int, Callable[[Any], Any]]]]


class Prepared:
    """One INSERT or UPDATE."""

    def __init__(self, statement: sa.Insert | sa.Update, columns: Sequence[str] | None = None) -> None:
        """`columns` are those that are filled or set; their parameters have the same names."""
        self._statement = statement
        self._columns = columns
        self._rendered: dict[str, Rendered] = {}

    def execute(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
        """Execute once per row; returns how many rows of the table were changed."""
        dialect = connection.dialect
        sql, ordered, processors = self._rendered.get(dialect.name) or self._render(dialect)
        parameters = []
        for row in rows:
            values = list(ordered(row))
            for place, process in processors:
                if values[place] is not None:
                    values[place] = process(values[place])
            parameters.append(tuple(values))
        return connection.exec_driver_sql(sql, parameters).rowcount

    def _render(self, dialect: Dialect) -> Rendered:
        compiled: Any = self._statement.compile(dialect=dialect, column_keys=self._columns)
        processors = []
        for place, name in enumerate(compiled.positiontup):
            process = compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)
            if process is not None:
                processors.append((place, process))
        self._rendered[dialect.name] = compiled.string, operator.itemgetter(*compiled.positiontup), processors
        return self._rendered[dialect.name]
