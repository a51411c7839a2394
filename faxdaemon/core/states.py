"""The state tables: every state a fax can be in, and every event that may move it.

Promise   a state changes only along a row of these tables.  The journal refuses any other move, and the database's
          CHECK constraints are written from the same enumerations.
Needs     nothing.
Crash     each row is one committed transaction, so after a crash every item stands in exactly one of these states; the
          column "after a crash" of `docs/durability.md` is generated from `AFTER_CRASH` below.

The unit of sending is the *recipient* (`Outbound`); reporting back into the folder happens once per *fax*
(`Reporting`), and each picture of it that the folder wants beside the answer is a `Kept`; a received fax has `Inbound`,
and each of its destinations a `Delivery`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Generic, TypeVar


class Outbound(StrEnum):
    """What is known of one recipient of one fax."""

    RECEIVED = "received"
    READY = "ready"
    SUBMITTING = "submitting"
    UNCERTAIN = "uncertain"
    ACCEPTED = "accepted"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"
    HELD = "held"


class Reporting(StrEnum):
    """What the drop folder has been told about a fax."""

    OPEN = "open"
    DUE = "due"
    REPORTING = "reporting"
    REPORTED = "reported"


class Kept(StrEnum):
    """How far one picture that the provider has of a sent fax has come on its way to the answer's side."""

    WANTED = "wanted"
    FETCHED = "fetched"
    DONE = "done"
    GIVEN_UP = "given_up"


class Inbound(StrEnum):
    """How far a received fax has come."""

    SEEN = "seen"
    STORED = "stored"
    DELIVERED = "delivered"
    ACKNOWLEDGED = "acknowledged"
    HELD = "held"


class Delivery(StrEnum):
    """How far one received fax has come on its way to one sink."""

    PENDING = "pending"
    DELIVERING = "delivering"
    DONE = "done"
    HELD = "held"
    GIVEN_UP = "given_up"


S = TypeVar("S", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Move(Generic[S]):
    """One row of a state table: `event`, told by `stage`, takes an item from `source` to `target`."""

    source: S
    event: str
    target: S
    stage: str
    meaning: str


OUTBOUND: tuple[Move[Outbound], ...] = (
    Move(
        Outbound.RECEIVED,
        "routed",
        Outbound.READY,
        "route",
        "number, account and document are known and usable",
    ),
    Move(Outbound.RECEIVED, "refused", Outbound.FAILED, "route", "the request or the document cannot be faxed"),
    Move(
        Outbound.RECEIVED,
        "hold",
        Outbound.HELD,
        "person, route",
        "a person wants it to wait, or must tell how it is to be read",
    ),
    Move(Outbound.RECEIVED, "cancel", Outbound.CANCELLED, "person", "a person does not want it sent"),
    Move(
        Outbound.READY,
        "intend",
        Outbound.SUBMITTING,
        "submit",
        "the intent is durable; bytes may leave from now on",
    ),
    Move(Outbound.READY, "pass_on", Outbound.READY, "submit", "its account is paused; the next one is to take it"),
    Move(Outbound.READY, "expire", Outbound.FAILED, "submit", "it grew too old without an account taking it"),
    Move(
        Outbound.READY,
        "give_up",
        Outbound.HELD,
        "submit",
        "it grew too old, and an earlier attempt may have arrived",
    ),
    Move(
        Outbound.READY,
        "find",
        Outbound.ACCEPTED,
        "push",
        "an earlier attempt was in doubt, and the provider tells by itself that it has our reference",
    ),
    Move(
        Outbound.READY,
        "hold",
        Outbound.HELD,
        "person, route",
        "a person wants it to wait, or must look at it before it is sent",
    ),
    Move(Outbound.READY, "cancel", Outbound.CANCELLED, "person", "a person does not want it sent"),
    Move(Outbound.SUBMITTING, "accept", Outbound.ACCEPTED, "submit", "the provider has it and named it"),
    Move(
        Outbound.SUBMITTING,
        "postpone",
        Outbound.READY,
        "submit",
        "certainly not taken; to be offered again later",
    ),
    Move(Outbound.SUBMITTING, "refuse", Outbound.FAILED, "submit", "certainly not taken, for good"),
    Move(Outbound.SUBMITTING, "lose", Outbound.UNCERTAIN, "submit", "no definite answer came"),
    Move(
        Outbound.SUBMITTING,
        "interrupt",
        Outbound.UNCERTAIN,
        "start-up",
        "the process that was sending it is gone",
    ),
    Move(Outbound.UNCERTAIN, "find", Outbound.ACCEPTED, "resolve, push", "the provider has our reference"),
    Move(
        Outbound.UNCERTAIN,
        "miss",
        Outbound.READY,
        "resolve",
        "not there, or the provider drops doubles: same reference",
    ),
    Move(Outbound.UNCERTAIN, "ask", Outbound.UNCERTAIN, "resolve", "asked; not settled yet, ask again later"),
    Move(Outbound.UNCERTAIN, "give_up", Outbound.HELD, "resolve", "nothing can tell whether it was sent"),
    Move(Outbound.ACCEPTED, "deliver", Outbound.SENT, "track", "the provider reports success"),
    Move(
        Outbound.ACCEPTED,
        "fail",
        Outbound.FAILED,
        "track",
        "the provider reports failure, and no try is left",
    ),
    Move(
        Outbound.ACCEPTED,
        "retry",
        Outbound.READY,
        "track",
        "the provider reports failure; a new submission follows",
    ),
    Move(Outbound.ACCEPTED, "cancel", Outbound.CANCELLED, "track", "the provider stopped it on our request"),
    Move(Outbound.ACCEPTED, "vanish", Outbound.HELD, "track", "the provider no longer knows what it accepted"),
    Move(
        Outbound.HELD,
        "find",
        Outbound.ACCEPTED,
        "push",
        "nothing could tell, and now the provider tells by itself that it has our reference",
    ),
    Move(Outbound.HELD, "release", Outbound.RECEIVED, "person", "it goes on where it was held (before routing)"),
    Move(Outbound.HELD, "release", Outbound.READY, "person", "it goes on where it was held (before sending)"),
    Move(Outbound.HELD, "release", Outbound.UNCERTAIN, "person", "ask the provider once more"),
    Move(Outbound.HELD, "release", Outbound.ACCEPTED, "person", "follow the provider's job once more"),
    Move(Outbound.HELD, "resend", Outbound.READY, "person", "a person decided that it was not sent"),
    Move(Outbound.HELD, "sent", Outbound.SENT, "person", "a person found out that it was sent"),
    Move(Outbound.HELD, "cancel", Outbound.CANCELLED, "person", "a person does not want it sent"),
    Move(
        Outbound.HELD,
        "supersede",
        Outbound.CANCELLED,
        "intake",
        "its document was dropped again and is a new fax",
    ),
    Move(Outbound.SENT, "resend", Outbound.READY, "person", "once more, as a new submission"),
    Move(Outbound.FAILED, "resend", Outbound.READY, "person", "once more, as a new submission"),
    Move(Outbound.CANCELLED, "resend", Outbound.READY, "person", "once more, as a new submission"),
)

REPORTING: tuple[Move[Reporting], ...] = (
    Move(Reporting.OPEN, "rest", Reporting.DUE, "any", "every recipient has an outcome or is held"),
    Move(Reporting.DUE, "reopen", Reporting.OPEN, "person", "a recipient goes on after all"),
    Move(Reporting.DUE, "stage", Reporting.REPORTING, "report", "the answer lies fsynced beside its place"),
    Move(
        Reporting.REPORTING,
        "publish",
        Reporting.REPORTED,
        "report",
        "answer and document are where people look",
    ),
    Move(Reporting.REPORTED, "reopen", Reporting.OPEN, "person", "a recipient goes on after all"),
)

KEPT: tuple[Move[Kept], ...] = (
    Move(Kept.WANTED, "fetch", Kept.FETCHED, "keep", "it lies fsynced in the folder's hidden one"),
    Move(Kept.WANTED, "postpone", Kept.WANTED, "keep", "not to be had now; again later"),
    Move(Kept.WANTED, "give_up", Kept.GIVEN_UP, "keep", "the provider did not give it in all this time"),
    Move(Kept.FETCHED, "postpone", Kept.FETCHED, "keep", "the folder cannot take it now; again later"),
    Move(Kept.FETCHED, "publish", Kept.DONE, "keep", "it is beside the answer, which was there before"),
)

INBOUND: tuple[Move[Inbound], ...] = (
    Move(Inbound.SEEN, "store", Inbound.STORED, "fetch, push", "the document is in our spool, whole; it is ours"),
    Move(Inbound.SEEN, "postpone", Inbound.SEEN, "fetch", "not to be had now; again later"),
    Move(Inbound.SEEN, "hold", Inbound.HELD, "fetch", "the provider cannot give it; a person must look"),
    Move(
        Inbound.SEEN,
        "keep",
        Inbound.HELD,
        "fetch",
        "its document is in our spool, but nobody is to get it; a person must look",
    ),
    Move(Inbound.STORED, "deliver", Inbound.DELIVERED, "deliver", "every required sink has it"),
    Move(
        Inbound.STORED,
        "acknowledge",
        Inbound.ACKNOWLEDGED,
        "acknowledge",
        "told before delivery, as the site asked",
    ),
    Move(
        Inbound.DELIVERED,
        "acknowledge",
        Inbound.ACKNOWLEDGED,
        "acknowledge",
        "the provider was told; nothing is left",
    ),
    Move(
        Inbound.ACKNOWLEDGED,
        "relist",
        Inbound.DELIVERED,
        "fetch",
        "the provider lists it still: to be acknowledged again",
    ),
    Move(Inbound.ACKNOWLEDGED, "relist", Inbound.STORED, "fetch", "the same, while a sink still waits for it"),
    Move(Inbound.HELD, "store", Inbound.STORED, "push", "the provider sent the document by itself after all"),
    Move(
        Inbound.HELD,
        "acknowledge",
        Inbound.HELD,
        "acknowledge",
        "kept in our spool: the provider was told, so that its inbox moves on; a person must still look",
    ),
    Move(Inbound.HELD, "reappear", Inbound.SEEN, "fetch", "it was held as gone, and the provider shows it after all"),
    Move(Inbound.HELD, "release", Inbound.SEEN, "person", "fetch it once more, or deliver what was kept"),
)

DELIVERY: tuple[Move[Delivery], ...] = (
    Move(
        Delivery.PENDING,
        "stage",
        Delivery.DELIVERING,
        "deliver",
        "document and sidecar lie fsynced beside their place",
    ),
    Move(Delivery.PENDING, "postpone", Delivery.PENDING, "deliver", "the sink cannot take this one now; again later"),
    Move(Delivery.DELIVERING, "publish", Delivery.DONE, "deliver", "the sink has it"),
    Move(Delivery.DELIVERING, "wait", Delivery.DELIVERING, "deliver", "handed over; the other side is not done yet"),
    Move(Delivery.DELIVERING, "postpone", Delivery.DELIVERING, "deliver", "the sink went away; again later"),
    Move(Delivery.PENDING, "hold", Delivery.HELD, "deliver", "the sink will never take it, or did not in time"),
    Move(Delivery.DELIVERING, "hold", Delivery.HELD, "deliver", "the same, after it was handed over"),
    Move(Delivery.HELD, "release", Delivery.PENDING, "person", "offer it to the sink once more"),
    Move(Delivery.HELD, "release", Delivery.DELIVERING, "person", "go on by the plan, for the sink may have it"),
    Move(Delivery.PENDING, "give_up", Delivery.GIVEN_UP, "person", "it is not to go there, or goes elsewhere"),
    Move(Delivery.DELIVERING, "give_up", Delivery.GIVEN_UP, "person", "the same; the sink may have it all the same"),
    Move(Delivery.HELD, "give_up", Delivery.GIVEN_UP, "person", "the same"),
    Move(Delivery.GIVEN_UP, "release", Delivery.PENDING, "person", "it goes there after all"),
    Move(Delivery.GIVEN_UP, "release", Delivery.DELIVERING, "person", "the same, by the plan"),
    Move(Delivery.DONE, "again", Delivery.PENDING, "person", "it is wanted there once more (on paper, say)"),
    Move(Delivery.HELD, "again", Delivery.PENDING, "person", "the same, whatever the sink may have of it"),
    Move(Delivery.GIVEN_UP, "again", Delivery.PENDING, "person", "it is wanted there after all"),
)

#: Outcomes and holds: nothing happens to such a recipient by itself, so its fax can be reported.
AT_REST = frozenset({Outbound.SENT, Outbound.FAILED, Outbound.CANCELLED, Outbound.HELD})

#: What a restart does with an item it finds in this state.
AFTER_CRASH: Mapping[StrEnum, str] = MappingProxyType(
    {
        Outbound.RECEIVED: "routed again; routing has no side effect",
        Outbound.READY: "claimed and sent; no byte has left under this intent",
        Outbound.SUBMITTING: "becomes uncertain: bytes may have left, so the provider is asked before anything is sent",
        Outbound.UNCERTAIN: "the provider is asked again",
        Outbound.ACCEPTED: "its status is asked for again",
        Outbound.SENT: "nothing to do for the recipient",
        Outbound.FAILED: "nothing to do for the recipient",
        Outbound.CANCELLED: "nothing to do for the recipient",
        Outbound.HELD: "waits for a person",
        Reporting.OPEN: "nothing is due",
        Reporting.DUE: "the answer is staged, over any half-written temporary",
        Reporting.REPORTING: "each file still staged is published; one that is gone was published already",
        Reporting.REPORTED: "nothing to do",
        Kept.WANTED: "fetched again, over any half-written temporary",
        Kept.FETCHED: "published, unless it is no longer staged: then it was published already",
        Kept.DONE: "nothing to do",
        Kept.GIVEN_UP: "nothing to do",
        Inbound.SEEN: "fetched again",
        Inbound.STORED: "its deliveries go on",
        Inbound.DELIVERED: "acknowledged; a second acknowledgement is harmless",
        Inbound.ACKNOWLEDGED: "nothing to do",
        Inbound.HELD: "waits for a person; where its document is kept, the provider is told",
        Delivery.PENDING: "staged, over any half-written temporary",
        Delivery.DELIVERING: "each file still staged is published; one that is gone was published already",
        Delivery.DONE: "nothing to do",
        Delivery.HELD: "waits for a person",
        Delivery.GIVEN_UP: "nothing to do",
    }
)


def targets(table: tuple[Move[S], ...], source: S, event: str) -> frozenset[S]:
    """The states that `event` may lead to from `source`; empty when the table has no such row."""
    return frozenset(move.target for move in table if move.source == source and move.event == event)


def sources(table: tuple[Move[S], ...], event: str) -> frozenset[S]:
    """The states in which `event` may happen."""
    return frozenset(move.source for move in table if move.event == event)
