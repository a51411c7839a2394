"""What a repeat relies on, whose a job is, and received faxes that are kept for a person.

Never edited after its release: this is what the journals out there were made by.  Changes are new files.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_ID = sa.String(26).with_variant(sa.String(26, collation="C"), "postgresql")


def upgrade() -> None:
    """Add columns, which an older version leaves empty, and the table of jobs with those that are known."""
    op.add_column("recipient", sa.Column("settings", sa.Text()))
    op.add_column("inbound", sa.Column("untold", sa.Boolean()))
    where = sa.text("untold")
    op.create_index("ix_inbound_untold", "inbound", ["account", "due"], sqlite_where=where, postgresql_where=where)
    op.create_table(
        "job",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("fax_id", _ID, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("submission", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account", "provider_id", name=op.f("pk_job")),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO job (account, provider_id, fax_id, n, submission) "
        "SELECT account, provider_id, fax_id, n, submission FROM recipient "
        "WHERE account IS NOT NULL AND provider_id IS NOT NULL ORDER BY fax_id, n ON CONFLICT DO NOTHING"
    )
