"""Reconciliation: what the journal tells of what was offered and received."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from faxdaemon.contracts.journal.inbound import InboxJournal
from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import Listed
from faxdaemon.core.states import Outbound


@dataclass(frozen=True, slots=True)
class Recorded:
    """One recipient that was offered to a provider, as the journal has it."""

    fax_id: FaxId
    recipient: int
    submission: int
    """The current one; counts from 1."""
    state: Outbound
    account: str | None
    number: str | None
    provider_id: str | None
    reason: str | None
    intended_at: datetime | None
    """When bytes may have left for the first time under the current reference."""
    updated_at: datetime


Owner = tuple[FaxId, int, int]
"""Fax, recipient and submission."""


class AuditJournal(InboxJournal, Protocol):
    """What reconciliation reads, and the little that it records."""

    def take_daily(self, name: str, next_in: float) -> float:
        """0 when the duty of once a day may be done now, by nobody else; it is then due again in `next_in` seconds.
        Else the seconds to wait.  One that was never heard of is due in `next_in` seconds for the first time."""
        ...

    def offered_since(self, since: datetime) -> list[Recorded]:
        """Recipients that were ever offered and have changed since that moment."""
        ...

    def recorded(self, recipients: Sequence[tuple[FaxId, int]]) -> list[Recorded]:
        """These recipients, as far as the journal still has them."""
        ...

    def owners(self, account: str, provider_ids: Sequence[str]) -> Mapping[str, Owner]:
        """Whose these jobs are, as far as they were ever accepted; known for ever."""
        ...

    def times_sent(self, fax_ids: Sequence[FaxId]) -> Mapping[tuple[FaxId, int], int]:
        """How often each recipient came to be sent."""
        ...

    def strange(self, account: str, items: Sequence[Listed]) -> list[Listed]:
        """Those of these received faxes that the journal has never heard of."""
        ...

    def unfetched(self, account: str, before: datetime) -> list[tuple[FaxId, str]]:
        """Received faxes that were listed before that moment and are not in the spool yet, with the provider's names
        for them."""
        ...

    def seen(self, account: str, items: Sequence[Listed]) -> int:
        """As `InboundJournal.seen`."""
        ...
