"""Pictures of what was sent, on their way to the side of the answer.

Never edited after its release: this is what the journals out there were made by.  Changes are new files.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_ID = sa.String(26).with_variant(sa.String(26, collation="C"), "postgresql")


def upgrade() -> None:
    """Add the table `kept`, and to each recipient what is to be kept."""
    op.add_column("recipient", sa.Column("keep", sa.Text()))
    op.create_table(
        "kept",
        sa.Column("fax_id", _ID, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("submission", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("what", sa.String(length=12), nullable=False),
        sa.Column("form", sa.String(length=8), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64)),
        sa.Column("file", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("submission >= 1 AND epoch >= 0", name=op.f("ck_kept_counts")),
        sa.CheckConstraint(
            "(NOT (state IN ('fetched', 'done')) OR (sha256 IS NOT NULL))", name=op.f("ck_kept_fetched")
        ),
        sa.CheckConstraint("(NOT (state = 'given_up') OR (reason IS NOT NULL))", name=op.f("ck_kept_given_up")),
        sa.CheckConstraint("state IN ('wanted', 'fetched', 'done', 'given_up')", name=op.f("ck_kept_state")),
        sa.ForeignKeyConstraint(["fax_id", "n"], ["recipient.fax_id", "recipient.n"], name=op.f("fk_kept_fax_id_n")),
        sa.PrimaryKeyConstraint("fax_id", "n", "submission", "what", name=op.f("pk_kept")),
        sqlite_with_rowid=False,
    )
    where = sa.text("state IN ('wanted', 'fetched')")
    op.create_index("ix_kept_live", "kept", ["folder", "due"], sqlite_where=where, postgresql_where=where)
