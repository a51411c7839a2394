"""Delivering: a stored fax on its way to each of its sinks, and how the sinks stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import DeliveryWork


@dataclass(frozen=True, slots=True)
class Troubles:
    """What keeps faxes from a sink now."""

    sink: str | None
    """Why it takes nothing, or what it tells of what it has in hand (paper out)."""
    faxes: Mapping[FaxId, str]
    """Single faxes that it cannot take now, each with the reason; tried again."""
    held: Mapping[FaxId, str]
    """Those that wait for a person; the oldest 100."""


@dataclass(frozen=True, slots=True)
class SinkStanding:
    """How a sink stands that something waits for."""

    sink: str
    waiting: int
    """Faxes under way to it."""
    held: int
    """Faxes that wait for a person."""
    oldest: FaxId | None
    reason: str | None
    """Why it takes nothing now."""
    again: float
    """Seconds until it is tried again."""


class DeliveryJournal(Protocol):
    """What delivering records."""

    def claim_deliveries(self, sink: str, limit: int, within: float) -> list[DeliveryWork]:
        """Due deliveries of `sink` in PENDING or DELIVERING, oldest first.  Nothing more is claimed, on any node, until
        one of these is answered by a method below (but `delivering`), or `within` seconds are over; and nothing while
        the sink is down."""
        ...

    def delivering(self, work: DeliveryWork, plan: Mapping[str, Any]) -> bool:
        """I6: the delivery is staged."""
        ...

    def delivery_waiting(
        self, work: DeliveryWork, plan: Mapping[str, Any], delay: float, trouble: str | None = ...
    ) -> bool:
        """The sink has it in hand and goes on by `plan` in `delay` seconds; `trouble` is what a person must help."""
        ...

    def delivery_done(self, work: DeliveryWork) -> bool:
        """I9: the sink has it.  The fax is DELIVERED when no required sink is left that waits for it; where none is
        required, with the first one that has it."""
        ...

    def delivery_postponed(self, work: DeliveryWork, reason: str, delay: float) -> bool:
        """This fax could not be delivered now; those behind it go on."""
        ...

    def sink_down(self, work: DeliveryWork, reason: str, delay: float, give_up: float) -> bool:
        """The sink takes nothing now: it is left alone for `delay` seconds, then the oldest goes first.  Optional
        deliveries that have waited for `give_up` seconds are held."""
        ...

    def delivery_held(self, work: DeliveryWork, reason: str, *, taken: bool) -> bool:
        """A person must look.  `taken`: the sink may have it, so that a release goes on by the recorded plan; else a
        release begins anew."""
        ...

    def next_delivery_due(self, sink: str) -> float | None:
        """Seconds until a delivery of `sink` is due and the sink is to be tried; None when none waits."""
        ...

    def troubles(self, sink: str) -> Troubles:
        """What keeps faxes from `sink` now."""
        ...

    def sinks(self) -> list[SinkStanding]:
        """Every sink that something waits for."""
        ...
