"""What is remembered beyond each fax: known numbers, look-alikes, a folder's hours.

Never edited after its release: this is what the journals out there were made by.  Changes are new files.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_ID = sa.String(26).with_variant(sa.String(26, collation="C"), "postgresql")


def upgrade() -> None:
    """Add the tables; every number that a fax has reached is known."""
    op.create_table(
        "known_number",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_known_number")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "lookalike",
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("fax_id", _ID, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("content", "number", name=op.f("pk_lookalike")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_lookalike_at", "lookalike", ["at"])
    op.create_table(
        "hourly",
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("hour", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("delayed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("folder", "hour", name=op.f("pk_hourly")),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO known_number (number, since) "
        "SELECT number, MIN(ended_at) FROM recipient WHERE state = 'sent' GROUP BY number"
    )
