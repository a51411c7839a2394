"""What was cleared away of a fax.

Never edited after its release: this is what the journals out there were made by.  Changes are new files.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_ID = sa.String(26).with_variant(sa.String(26, collation="C"), "postgresql")


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "cleared",
        sa.Column("fax_id", _ID, nullable=False),
        sa.Column("what", sa.String(length=8), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.CheckConstraint("what IN ('spool', 'shown', 'rows')", name=op.f("ck_cleared_what")),
        sa.PrimaryKeyConstraint("fax_id", "what", name=op.f("pk_cleared")),
        sqlite_with_rowid=False,
    )
    where = sa.text("NOT done")
    op.create_index("ix_cleared_open", "cleared", ["fax_id"], sqlite_where=where, postgresql_where=where)
