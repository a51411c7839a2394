"""The first schema.

Never edited after its release: this is what the journals out there were made by.  Changes are new files.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ID = sa.String(26).with_variant(sa.String(26, collation="C"), "postgresql")
_REFERENCE = sa.String(60).with_variant(sa.String(60, collation="C"), "postgresql")


def upgrade() -> None:
    """Create everything."""
    _fax()
    _document()
    _recipient()
    _event()
    _inbound()
    _delivery()
    _small()


def _live(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def _fax() -> None:
    op.create_table(
        "fax",
        sa.Column("id", _ID, nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("modified_ns", sa.String(40), nullable=False),
        sa.Column("inode", sa.String(40), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("fields", sa.Text()),
        sa.Column("report", sa.String(length=12), nullable=False),
        sa.Column("report_epoch", sa.Integer(), nullable=False),
        sa.Column("report_owner", sa.Text()),
        sa.Column("report_again", sa.Boolean(), nullable=False),
        sa.Column("plan", sa.Text()),
        sa.Column("published", sa.Text()),
        sa.CheckConstraint(
            "(NOT (report IN ('reporting', 'reported')) OR (plan IS NOT NULL))", name=op.f("ck_fax_plan")
        ),
        sa.CheckConstraint("report IN ('open', 'due', 'reporting', 'reported')", name=op.f("ck_fax_report")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fax")),
        sqlite_with_rowid=False,
    )
    _live("ix_fax_report", "fax", ["folder", "id"], "report IN ('due', 'reporting')")


def _document() -> None:
    op.create_table(
        "document",
        sa.Column("fax_id", _ID, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("spool", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("pages", sa.Integer()),
        sa.ForeignKeyConstraint(["fax_id"], ["fax.id"], name=op.f("fk_document_fax_id")),
        sa.PrimaryKeyConstraint("fax_id", "n", name=op.f("pk_document")),
        sqlite_with_rowid=False,
    )


def _recipient() -> None:
    op.create_table(
        "recipient",
        sa.Column("fax_id", _ID, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("number", sa.Text()),
        sa.Column("name", sa.Text()),
        sa.Column("account", sa.Text()),
        sa.Column("accounts", sa.Text()),
        sa.Column("options", sa.Text()),
        sa.Column("submission", sa.Integer(), nullable=False),
        sa.Column("reference", _REFERENCE),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("allowance", sa.BigInteger()),
        sa.Column("expires_at", sa.BigInteger()),
        sa.Column("intended_at", sa.BigInteger()),
        sa.Column("owner", sa.Text()),
        sa.Column("deadline", sa.BigInteger()),
        sa.Column("provider_id", sa.Text()),
        sa.Column("doubt", sa.Boolean(), nullable=False),
        sa.Column("cancel_wanted", sa.Boolean(), nullable=False),
        sa.Column("held_from", sa.String(length=12)),
        sa.Column("reason", sa.Text()),
        sa.Column("pages", sa.Integer()),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("duration_s", sa.Integer()),
        sa.Column("remote_csid", sa.Text()),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            (
                "((state = 'held') = (held_from IS NOT NULL)) AND "
                "(held_from IS NULL OR held_from IN ('received', 'ready', 'uncertain', 'accepted')) AND "
                "(NOT (state IN ('held', 'failed')) OR (reason IS NOT NULL))"
            ),
            name=op.f("ck_recipient_held"),
        ),
        sa.CheckConstraint(
            (
                "((state = 'submitting') = (owner IS NOT NULL)) AND "
                "((state = 'submitting') = (deadline IS NOT NULL)) AND "
                "(NOT (state IN ('submitting', 'uncertain', 'accepted')) OR (reference IS NOT NULL AND "
                "intended_at IS NOT NULL))"
            ),
            name=op.f("ck_recipient_submitting"),
        ),
        sa.CheckConstraint(
            "((state IN ('sent', 'failed', 'cancelled')) = (ended_at IS NOT NULL))", name=op.f("ck_recipient_ended")
        ),
        sa.CheckConstraint(
            "(NOT (state = 'accepted') OR (provider_id IS NOT NULL))", name=op.f("ck_recipient_accepted")
        ),
        sa.CheckConstraint(
            "(NOT (state = 'uncertain') OR doubt) AND (NOT doubt OR reference IS NOT NULL)",
            name=op.f("ck_recipient_doubt"),
        ),
        sa.CheckConstraint(
            (
                "(NOT (state IN ('ready', 'submitting', 'uncertain', 'accepted')) OR (number IS NOT NULL AND "
                "account IS NOT NULL AND accounts IS NOT NULL AND options IS NOT NULL AND "
                "allowance IS NOT NULL AND expires_at IS NOT NULL)) AND "
                "(NOT (state = 'sent') OR (number IS NOT NULL AND account IS NOT NULL))"
            ),
            name=op.f("ck_recipient_routed"),
        ),
        sa.CheckConstraint(
            (
                "state IN ('received', 'ready', 'submitting', 'uncertain', 'accepted', 'sent', 'failed', "
                "'cancelled', 'held')"
            ),
            name=op.f("ck_recipient_state"),
        ),
        sa.CheckConstraint(
            "n >= 1 AND submission >= 1 AND epoch >= 0 AND attempts >= 0 AND asked >= 0",
            name=op.f("ck_recipient_counts"),
        ),
        sa.ForeignKeyConstraint(["fax_id"], ["fax.id"], name=op.f("fk_recipient_fax_id")),
        sa.PrimaryKeyConstraint("fax_id", "n", name=op.f("pk_recipient")),
        sa.UniqueConstraint("reference", name=op.f("uq_recipient_reference")),
        sqlite_with_rowid=False,
    )
    _live("ix_recipient_accepted", "recipient", ["account", "due", "fax_id"], "state = 'accepted'")
    _live("ix_recipient_held", "recipient", ["fax_id"], "state = 'held'")
    _live("ix_recipient_ready", "recipient", ["account", "due", "fax_id"], "state = 'ready'")
    _live("ix_recipient_received", "recipient", ["fax_id"], "state = 'received'")
    _live("ix_recipient_submitting", "recipient", ["owner"], "state = 'submitting'")
    _live("ix_recipient_uncertain", "recipient", ["account", "due", "fax_id"], "state = 'uncertain'")


def _event() -> None:
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("fax_id", _ID, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("event", sa.String(length=24), nullable=False),
        sa.Column("source", sa.String(length=12)),
        sa.Column("target", sa.String(length=12), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("note", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    op.create_index("ix_event_fax_id", "event", ["fax_id"])


def _inbound() -> None:
    op.create_table(
        "inbound",
        sa.Column("fax_id", _ID, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("called", sa.Text()),
        sa.Column("caller", sa.Text()),
        sa.Column("csid", sa.Text()),
        sa.Column("received_at", sa.BigInteger()),
        sa.Column("pages", sa.Integer()),
        sa.Column("metadata", sa.Text(), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("spool", sa.Text()),
        sa.Column("size", sa.BigInteger()),
        sa.Column("sha256", sa.String(length=64)),
        sa.Column("media", sa.Text()),
        sa.Column("stored_pages", sa.Integer()),
        sa.Column("warning", sa.Text()),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("(NOT (state = 'held') OR (reason IS NOT NULL))", name=op.f("ck_inbound_held")),
        sa.CheckConstraint(
            (
                "(NOT (state IN ('stored', 'delivered', 'acknowledged')) OR (spool IS NOT NULL AND "
                "size IS NOT NULL AND sha256 IS NOT NULL AND media IS NOT NULL))"
            ),
            name=op.f("ck_inbound_stored"),
        ),
        sa.CheckConstraint(
            "state IN ('seen', 'stored', 'delivered', 'acknowledged', 'held')", name=op.f("ck_inbound_state")
        ),
        sa.CheckConstraint("epoch >= 0 AND attempts >= 0", name=op.f("ck_inbound_counts")),
        sa.PrimaryKeyConstraint("fax_id", name=op.f("pk_inbound")),
        sa.UniqueConstraint("account", "provider_id", name=op.f("uq_inbound_account_provider_id")),
        sqlite_with_rowid=False,
    )
    _live("ix_inbound_held", "inbound", ["fax_id"], "state = 'held'")
    _live("ix_inbound_open", "inbound", ["account", "due", "fax_id"], "state IN ('stored', 'delivered')")
    _live("ix_inbound_seen", "inbound", ["account", "due", "fax_id"], "state = 'seen'")


def _delivery() -> None:
    op.create_table(
        "delivery",
        sa.Column("fax_id", _ID, nullable=False),
        sa.Column("sink", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("plan", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("(NOT (state = 'held') OR (reason IS NOT NULL))", name=op.f("ck_delivery_held")),
        sa.CheckConstraint(
            "(NOT (state IN ('delivering', 'done')) OR (plan IS NOT NULL))", name=op.f("ck_delivery_plan")
        ),
        sa.CheckConstraint("state IN ('pending', 'delivering', 'done', 'held')", name=op.f("ck_delivery_state")),
        sa.CheckConstraint("epoch >= 0 AND attempts >= 0", name=op.f("ck_delivery_counts")),
        sa.ForeignKeyConstraint(["fax_id"], ["inbound.fax_id"], name=op.f("fk_delivery_fax_id")),
        sa.PrimaryKeyConstraint("fax_id", "sink", name=op.f("pk_delivery")),
        sqlite_with_rowid=False,
    )
    _live("ix_delivery_held", "delivery", ["fax_id"], "state = 'held'")
    _live("ix_delivery_live", "delivery", ["sink", "due"], "state IN ('pending', 'delivering')")


def _small() -> None:
    op.create_table(
        "account",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_account")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "duty",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_duty")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "node",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_node")),
        sqlite_with_rowid=False,
    )
