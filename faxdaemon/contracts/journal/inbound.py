"""Receiving: from the provider's list, or from its push, to the acknowledgement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import (
    DeliveryWork,
    InboundFax,
    Listed,
    StoredDocument,
)


class InboundJournal(Protocol):
    """What the stages of receiving record."""

    def seen(self, account: str, items: Sequence[Listed]) -> int:
        """I1: remember listed faxes; one that is known by (account, provider id) is left as it is.  Returns the new
        ones."""
        ...

    def listed_again(self, account: str, items: Sequence[Listed]) -> list[FaxId]:
        """Acknowledged faxes that the provider still lists are to be acknowledged again; they are not delivered again.
        Returns those that are left alone, because the list tells of another fax under the same name."""
        ...

    def claim_seen(self, account: str, limit: int, within: float) -> list[InboundFax]:
        """Due faxes in SEEN, hidden for `within` seconds."""
        ...

    def stored(self, fax: InboundFax, document: StoredDocument, sinks: Sequence[str]) -> bool:
        """I4: the document is in the spool; one delivery row per sink.  From here it is ours."""
        ...

    def fetch_postponed(self, fax: InboundFax, reason: str, delay: float) -> bool:
        """It could not be fetched now."""
        ...

    def inbound_held(self, fax: InboundFax, reason: str) -> bool:
        """It cannot be fetched; a person must look."""
        ...

    def claim_deliveries(self, sink: str, limit: int, within: float) -> list[DeliveryWork]:
        """Due deliveries of `sink` in PENDING or DELIVERING, oldest first."""
        ...

    def delivering(self, work: DeliveryWork, plan: Mapping[str, Any]) -> bool:
        """I6: the delivery is staged."""
        ...

    def delivery_done(self, work: DeliveryWork) -> bool:
        """I9: the sink has it; when it was the last one, the fax is DELIVERED."""
        ...

    def delivery_postponed(self, work: DeliveryWork, reason: str, delay: float) -> bool:
        """The sink could not take it now."""
        ...

    def claim_delivered(self, account: str, limit: int, within: float, *, stored: bool) -> list[InboundFax]:
        """Faxes to acknowledge: DELIVERED ones, and STORED ones too when the site acknowledges on `stored`."""
        ...

    def acknowledged(self, fax: InboundFax) -> bool:
        """I10: the provider was told."""
        ...

    def acknowledge_postponed(self, fax: InboundFax, reason: str, delay: float) -> bool:
        """The provider could not be told now."""
        ...

    def next_inbound_due(self, kind: str, key: str) -> float | None:
        """Seconds until the next `seen`, `delivered` or `stored` (which includes delivered) row of account `key`, or
        `delivery` row of sink `key`, is due."""
        ...


class PushJournal(Protocol):
    """What providers tell by themselves."""

    def hinted(
        self, account: str, provider_ids: Sequence[str], references: Mapping[str, str] = ..., length: int = ...
    ) -> int:
        """These jobs want asking: ACCEPTED ones become due at once; returns how many rows changed.  `references` are
        ours by provider id, as `core.ids.token` cuts them to `length`: a submission in doubt is ACCEPTED by them.
        Unknown ids do no harm."""
        ...

    def inbox_hinted(self, account: str, every: float, gap: float) -> None:
        """The inbox, listed `every` so many seconds, wants listing: at once, or `gap` seconds after the last time."""
        ...

    def received_as(self, account: str, provider_id: str) -> InboundFax | None:
        """The received fax known under the provider's name; with a document once it is stored."""
        ...

    def arrived(self, account: str, listed: Listed, document: StoredDocument, sinks: Sequence[str]) -> bool:
        """I1 to I4 in one: a fax came with its document, which is in the spool.  False when we have its document
        already; the new one is then nobody's."""
        ...
