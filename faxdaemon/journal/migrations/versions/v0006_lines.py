"""Lines with several destinations: which delivery is optional, since when it is wanted, and whose turn at a sink it is.

Never edited after its release: this is what the journals out there were made by.  Changes are new files.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_ID = sa.String(26).with_variant(sa.String(26, collation="C"), "postgresql")
_OLD = "fax_id, sink, state, epoch, attempts, due, plan, reason, updated_at"
_STATES = "state IN ('pending', 'delivering', 'done', 'held', 'given_up')"
_HELD = "(NOT (state IN ('held', 'given_up')) OR (reason IS NOT NULL))"


def upgrade() -> None:
    """Every delivery there is was a required one, wanted since it last moved."""
    for name in ("ix_delivery_live", "ix_delivery_held"):
        op.drop_index(name, "delivery")
    if op.get_bind().dialect.name == "sqlite":
        _again()
    else:
        _change()
    for name, columns, condition in (
        ("ix_delivery_live", ["sink", "fax_id", "due"], "state IN ('pending', 'delivering')"),
        ("ix_delivery_held", ["sink", "fax_id"], "state = 'held'"),
    ):
        where = sa.text(condition)
        op.create_index(name, "delivery", columns, sqlite_where=where, postgresql_where=where)
    op.create_table(
        "sink",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text()),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("down_since", sa.BigInteger()),
        sa.Column("reason", sa.Text()),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sink")),
        sqlite_with_rowid=False,
    )


def _change() -> None:
    op.add_column("delivery", sa.Column("optional", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("delivery", sa.Column("since", sa.BigInteger()))
    op.execute("UPDATE delivery SET since = updated_at")
    op.alter_column("delivery", "since", nullable=False)
    op.alter_column("delivery", "optional", server_default=None)
    for name, condition in (("state", _STATES), ("held", _HELD)):
        op.drop_constraint(op.f(f"ck_delivery_{name}"), "delivery")
        op.create_check_constraint(op.f(f"ck_delivery_{name}"), "delivery", condition)


def _again() -> None:
    """SQLite changes no constraint: the table is made again."""
    op.create_table(
        "delivery_new",
        sa.Column("fax_id", _ID, nullable=False),
        sa.Column("sink", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("plan", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("optional", sa.Boolean(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("epoch >= 0 AND attempts >= 0", name=op.f("ck_delivery_counts")),
        sa.CheckConstraint(_HELD, name=op.f("ck_delivery_held")),
        sa.CheckConstraint(
            "(NOT (state IN ('delivering', 'done')) OR (plan IS NOT NULL))", name=op.f("ck_delivery_plan")
        ),
        sa.CheckConstraint(_STATES, name=op.f("ck_delivery_state")),
        sa.ForeignKeyConstraint(["fax_id"], ["inbound.fax_id"], name=op.f("fk_delivery_fax_id")),
        sa.PrimaryKeyConstraint("fax_id", "sink", name=op.f("pk_delivery")),
        sqlite_with_rowid=False,
    )
    op.execute(
        f"INSERT INTO delivery_new ({_OLD}, optional, since) SELECT {_OLD}, 0, updated_at FROM delivery"  # noqa: S608 - constants
    )
    op.drop_table("delivery")
    op.rename_table("delivery_new", "delivery")
