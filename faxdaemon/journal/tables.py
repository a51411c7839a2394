"""The tables: what is remembered, and which rows cannot exist.

Promise   a row that contradicts the state tables is refused by the database itself: CHECK constraints are written from
          the enumerations of `core.states`.  Every query of an idle worker has a partial index that holds live rows
          only, so history costs nothing.
Needs     nothing; `migrations` builds the same tables step by step (a test compares the two).
Crash     keeps nothing.

Times are whole milliseconds since 1970, UTC.  The conditions of partial indexes are literal SQL, in the queries too:
neither planner uses such an index for a condition with a bound parameter.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table

from faxdaemon.core.model import Role
from faxdaemon.core.states import AT_REST, OUTBOUND, Delivery, Inbound, Kept, Outbound, Reporting
from faxdaemon.journal import shapes
from faxdaemon.journal.shapes import CLUSTERED, check, iff, live, needs
from faxdaemon.journal.types import Json, Text, Whole, byte_ordered

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008")
"""Every schema version, oldest first; the last is the one that this program reads and writes."""

metadata, one_of, is_in = shapes.metadata, shapes.one_of, shapes.is_in

ENDED = (Outbound.SENT, Outbound.FAILED, Outbound.CANCELLED)
"""The outcomes: `AT_REST` without HELD."""
HOLDABLE = [s for s in Outbound if any(m.source is s and m.target is Outbound.HELD for m in OUTBOUND)]
"""The states from which a recipient can come to be held, and to which it is released."""
STORED_INBOUND = (Inbound.STORED, Inbound.DELIVERED, Inbound.ACKNOWLEDGED)
REPORT_LIVE = one_of("report", (Reporting.DUE, Reporting.REPORTING))
KEPT_LIVE = one_of("state", (Kept.WANTED, Kept.FETCHED))
DELIVERY_LIVE = one_of("state", (Delivery.PENDING, Delivery.DELIVERING))
INBOUND_OPEN = one_of("state", (Inbound.STORED, Inbound.DELIVERED))
UNTOLD = "untold"
"""Held, with its document in our spool, and the provider has not been told yet."""
NOT_AT_REST = one_of("state", [s for s in Outbound if s not in AT_REST])

fax = Table(
    "fax",
    metadata,
    Column("id", byte_ordered(26), primary_key=True),
    Column("folder", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("modified_ns", Whole, nullable=False),
    Column("inode", Whole, nullable=False),
    Column("node", Text, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("fields", Json),
    Column("report", String(12), nullable=False),
    Column("report_epoch", Integer, nullable=False),
    Column("report_owner", Text),
    Column("report_again", Boolean, nullable=False),
    Column("plan", Json),
    Column("published", Json),
    Column("part", Integer, nullable=False, server_default="0"),
    Column("format", Text),
    check("report", one_of("report", Reporting)),
    check("plan", needs(one_of("report", (Reporting.REPORTING, Reporting.REPORTED)), "plan")),
    **CLUSTERED,
)
live("ix_fax_report", REPORT_LIVE, fax.c.folder, fax.c.id)

document = Table(
    "document",
    metadata,
    Column("fax_id", byte_ordered(26), sa.ForeignKey(fax.c.id), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("spool", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("pages", Integer),
    Column("role", String(12), nullable=False, server_default=Role.DOCUMENT.value),
    Column("original", Text),
    check("role", one_of("role", Role)),
    **CLUSTERED,
)

recipient = Table(
    "recipient",
    metadata,
    Column("fax_id", byte_ordered(26), sa.ForeignKey(fax.c.id), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("state", String(12), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("number", Text),
    Column("name", Text),
    Column("account", Text),
    Column("accounts", Json),
    Column("options", Json),
    Column("keep", Json),
    Column("fields", Json),
    Column("submission", Integer, nullable=False),
    Column("reference", byte_ordered(60), unique=True),
    Column("attempts", Integer, nullable=False),
    Column("asked", Integer, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("allowance", BigInteger),
    Column("expires_at", BigInteger),
    Column("intended_at", BigInteger),
    Column("owner", Text),
    Column("deadline", BigInteger),
    Column("provider_id", Text),
    Column("doubt", Boolean, nullable=False),
    Column("cancel_wanted", Boolean, nullable=False),
    Column("held_from", String(12)),
    Column("reason", Text),
    Column("pages", Integer),
    Column("ended_at", BigInteger),
    Column("duration_s", Integer),
    Column("remote_csid", Text),
    Column("updated_at", BigInteger, nullable=False),
    Column("settings", Text),
    check("state", one_of("state", Outbound)),
    check("counts", "n >= 1", "submission >= 1", "epoch >= 0", "attempts >= 0", "asked >= 0"),
    check(
        "routed",
        needs(
            one_of("state", [s for s in Outbound if s not in AT_REST and s is not Outbound.RECEIVED]),
            *("number", "account", "accounts", "options", "allowance", "expires_at"),
        ),
        needs(is_in(Outbound.SENT), "number", "account"),
    ),
    check(
        "submitting",
        iff(is_in(Outbound.SUBMITTING), "owner"),
        iff(is_in(Outbound.SUBMITTING), "deadline"),
        needs(
            one_of("state", (Outbound.SUBMITTING, Outbound.UNCERTAIN, Outbound.ACCEPTED)),
            "reference",
            "intended_at",
        ),
    ),
    check("doubt", f"(NOT ({is_in(Outbound.UNCERTAIN)}) OR doubt)", "(NOT doubt OR reference IS NOT NULL)"),
    check("accepted", needs(is_in(Outbound.ACCEPTED), "provider_id")),
    check("ended", iff(one_of("state", ENDED), "ended_at")),
    check(
        "held",
        iff(is_in(Outbound.HELD), "held_from"),
        f"(held_from IS NULL OR {one_of('held_from', HOLDABLE)})",
        needs(one_of("state", (Outbound.HELD, Outbound.FAILED)), "reason"),
    ),
    **CLUSTERED,
)
_QUEUE = (recipient.c.account, recipient.c.due, recipient.c.fax_id)
live("ix_recipient_received", is_in(Outbound.RECEIVED), recipient.c.fax_id)
live("ix_recipient_ready", is_in(Outbound.READY), *_QUEUE)
live("ix_recipient_submitting", is_in(Outbound.SUBMITTING), recipient.c.owner)
live("ix_recipient_uncertain", is_in(Outbound.UNCERTAIN), *_QUEUE)
live("ix_recipient_accepted", is_in(Outbound.ACCEPTED), *_QUEUE)
live("ix_recipient_held", is_in(Outbound.HELD), recipient.c.fax_id)

kept = Table(
    "kept",
    metadata,
    Column("fax_id", byte_ordered(26), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("submission", Integer, primary_key=True, autoincrement=False),
    Column("what", String(12), primary_key=True),
    Column("form", String(8), nullable=False),
    Column("folder", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("provider_id", Text, nullable=False),
    Column("state", String(12), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("sha256", String(64)),
    Column("file", Text),
    Column("reason", Text),
    Column("updated_at", BigInteger, nullable=False),
    sa.ForeignKeyConstraint(["fax_id", "n"], [recipient.c.fax_id, recipient.c.n]),
    check("state", one_of("state", Kept)),
    check("counts", "submission >= 1", "epoch >= 0"),
    check("fetched", needs(one_of("state", (Kept.FETCHED, Kept.DONE)), "sha256")),
    check("given_up", needs(is_in(Kept.GIVEN_UP), "reason")),
    **CLUSTERED,
)
live("ix_kept_live", KEPT_LIVE, kept.c.folder, kept.c.due)

job = Table(
    "job",
    metadata,
    Column("account", Text, primary_key=True),
    Column("provider_id", Text, primary_key=True),
    Column("fax_id", byte_ordered(26), nullable=False),
    Column("n", Integer, nullable=False),
    Column("submission", Integer, nullable=False),
    **CLUSTERED,
)

event = Table(
    "event",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("fax_id", byte_ordered(26), nullable=False),
    Column("subject", Text, nullable=False),
    Column("event", String(24), nullable=False),
    Column("source", String(12)),
    Column("target", String(12), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("node", Text, nullable=False),
    Column("note", Text),
)
Index("ix_event_fax_id", event.c.fax_id)

inbound = Table(
    "inbound",
    metadata,
    Column("fax_id", byte_ordered(26), primary_key=True),
    Column("account", Text, nullable=False),
    Column("provider_id", Text, nullable=False),
    Column("state", String(12), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("called", Text),
    Column("caller", Text),
    Column("csid", Text),
    Column("received_at", BigInteger),
    Column("pages", Integer),
    Column("metadata", Json, nullable=False),
    Column("first_seen", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("reason", Text),
    Column("spool", Text),
    Column("size", BigInteger),
    Column("sha256", String(64)),
    Column("media", Text),
    Column("stored_pages", Integer),
    Column("warning", Text),
    Column("updated_at", BigInteger, nullable=False),
    Column("untold", Boolean),
    Column("facts", Json),
    sa.UniqueConstraint("account", "provider_id"),
    check("state", one_of("state", Inbound)),
    check("counts", "epoch >= 0", "attempts >= 0"),
    check("stored", needs(one_of("state", STORED_INBOUND), "spool", "size", "sha256", "media")),
    check("held", needs(is_in(Inbound.HELD), "reason")),
    **CLUSTERED,
)
live("ix_inbound_seen", is_in(Inbound.SEEN), inbound.c.account, inbound.c.due, inbound.c.fax_id)
live("ix_inbound_open", INBOUND_OPEN, inbound.c.account, inbound.c.due, inbound.c.fax_id)
live("ix_inbound_held", is_in(Inbound.HELD), inbound.c.fax_id)
live("ix_inbound_untold", UNTOLD, inbound.c.account, inbound.c.due)

delivery = Table(
    "delivery",
    metadata,
    Column("fax_id", byte_ordered(26), sa.ForeignKey(inbound.c.fax_id), primary_key=True),
    Column("sink", Text, primary_key=True),
    Column("state", String(12), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("plan", Json),
    Column("reason", Text),
    Column("updated_at", BigInteger, nullable=False),
    Column("optional", Boolean, nullable=False),
    Column("since", BigInteger, nullable=False),
    check("state", one_of("state", Delivery)),
    check("counts", "epoch >= 0", "attempts >= 0"),
    check("plan", needs(one_of("state", (Delivery.DELIVERING, Delivery.DONE)), "plan")),
    check("held", needs(one_of("state", (Delivery.HELD, Delivery.GIVEN_UP)), "reason")),
    **CLUSTERED,
)
live("ix_delivery_live", DELIVERY_LIVE, delivery.c.sink, delivery.c.fax_id, delivery.c.due)
live("ix_delivery_held", is_in(Delivery.HELD), delivery.c.sink, delivery.c.fax_id)

sink = Table(
    "sink",
    metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text),
    Column("until", BigInteger, nullable=False),
    Column("down_since", BigInteger),
    Column("reason", Text),
    **CLUSTERED,
)

account = Table(
    "account",
    metadata,
    Column("name", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("until", BigInteger, nullable=False),
    **CLUSTERED,
)

duty = Table(
    "duty",
    metadata,
    Column("name", Text, primary_key=True),
    Column("next_at", BigInteger, nullable=False),
    **CLUSTERED,
)

node = Table(
    "node",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("version", String(40), nullable=False),
    Column("until", BigInteger, nullable=False),
    **CLUSTERED,
)
