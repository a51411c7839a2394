"""What is remembered beyond each fax: numbers that are known, contents sent lately, how full a folder's hours are.

Promise   each is asked by its primary key, however long the history is.
Needs     nothing; a migration builds the same tables (a test compares the two).
Crash     keeps nothing.

Times are whole milliseconds since 1970, UTC; an hour is counted from there.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table

from faxdaemon.journal.tables import metadata
from faxdaemon.journal.types import Text, byte_ordered

known_number = Table(
    "known_number",
    metadata,
    Column("number", Text, primary_key=True),
    Column("since", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

lookalike = Table(
    "lookalike",
    metadata,
    Column("content", String(64), primary_key=True),
    Column("number", Text, primary_key=True),
    Column("fax_id", byte_ordered(26), nullable=False),
    Column("n", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("ix_lookalike_at", lookalike.c.at)

hourly = Table(
    "hourly",
    metadata,
    Column("folder", Text, primary_key=True),
    Column("hour", BigInteger, primary_key=True, autoincrement=False),
    Column("taken", Integer, nullable=False),
    Column("delayed", Integer, nullable=False),
    sqlite_with_rowid=False,
)
