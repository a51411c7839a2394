"""Drops of several files: what each spooled file is, which order of a control file a fax is, in which dialect it was
asked for, and what each recipient carries for the answer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns; what is there already was one document, asked for by its name."""
    op.add_column("fax", sa.Column("part", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("fax", sa.Column("format", sa.Text()))
    # With its constraint in one: SQLite cannot add one to a column that exists.
    op.execute(
        "ALTER TABLE document ADD COLUMN role VARCHAR(12) NOT NULL DEFAULT 'document' "
        "CONSTRAINT ck_document_role CHECK (role IN ('document', 'control', 'made'))"
    )
    op.add_column("document", sa.Column("original", sa.Text()))
    op.add_column("recipient", sa.Column("fields", sa.Text()))
