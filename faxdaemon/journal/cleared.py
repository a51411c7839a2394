"""What was cleared away of a fax: the small rows that stay when files and rows are gone.

Promise   a fax whose rows are gone is known by its id for ever, so that a claim left lying is never sent again.
Needs     nothing; a migration builds the same table (a test compares the two).
Crash     keeps nothing.

Times are whole milliseconds since 1970, UTC.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import BigInteger, Boolean, Column, String, Table

from faxdaemon.contracts.journal.retention import What
from faxdaemon.journal.shapes import CLUSTERED, check, live, metadata, one_of
from faxdaemon.journal.transaction import Tx
from faxdaemon.journal.types import byte_ordered

cleared = Table(
    "cleared",
    metadata,
    Column("fax_id", byte_ordered(26), primary_key=True),
    Column("what", String(8), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("done", Boolean, nullable=False),
    check("what", one_of("what", What)),
    **CLUSTERED,
)
live("ix_cleared_open", "NOT done", cleared.c.fax_id)

_GIVEN_UP = sa.select(cleared.c.at).where(
    cleared.c.fax_id == sa.bindparam("fax_id"), cleared.c.what.in_([What.SPOOL.value, What.ROWS.value])
)


def copies_given_up(tx: Tx, fax_id: str) -> bool:
    """Whether our copies of its documents are gone, or may go at any moment: nothing may rely on them any more.  To be
    asked with the fax locked."""
    return tx.connection.execute(_GIVEN_UP, {"fax_id": fax_id}).first() is not None
