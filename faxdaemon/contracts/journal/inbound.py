"""Receiving: from the provider's list, or from its push, to the acknowledgement.  What lies between, delivering, is in
`delivering`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import (
    InboundFax,
    Listed,
    StoredDocument,
)
from faxdaemon.core.states import Inbound


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a received fax stands that the provider shows again."""

    fax: InboundFax
    state: Inbound
    reason: str | None
    """Why it does not get on: of the fax itself, or of a delivery that it waits for."""


class InboxJournal(Protocol):
    """What both receiving by asking and by being told need."""

    def inbox_hinted(self, account: str, every: float, gap: float) -> None:
        """The inbox, listed `every` so many seconds, wants listing: at once, or `gap` seconds after the last time."""
        ...


class InboundJournal(InboxJournal, Protocol):
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

    def stored(
        self,
        fax: InboundFax,
        document: StoredDocument,
        sinks: Sequence[str],
        *,
        optional: Collection[str] = ...,
        why: str | None = ...,
    ) -> bool:
        """I4: the document is in the spool; one delivery row per sink, those of `optional` marked as such; `why` is
        what chose them.  From here it is ours."""
        ...

    def fetch_postponed(self, fax: InboundFax, reason: str, delay: float) -> bool:
        """It could not be fetched now."""
        ...

    def inbound_held(self, fax: InboundFax, reason: str) -> bool:
        """It cannot be fetched; a person must look."""
        ...

    def set_aside(self, fax: InboundFax, document: StoredDocument, reason: str) -> bool:
        """I4 where nobody is to get it: the document is in the spool, the fax is HELD for a person, and the provider is
        told all the same."""
        ...

    def standing(self, account: str, listed: Listed, delay: float) -> Standing | None:
        """A fax that the provider shows, where it shows one at a time: where it stands here; None when it is not known.
        One that was held without a document is fetched again; one that was set aside, and told of, is told of
        again after `delay`."""
        ...

    def claim_delivered(self, account: str, limit: int, within: float, *, stored: bool) -> list[InboundFax]:
        """Faxes to acknowledge: DELIVERED ones, STORED ones too when the site acknowledges on `stored`, and those that
        were set aside."""
        ...

    def acknowledged(self, fax: InboundFax) -> bool:
        """I10: the provider was told.  One that was set aside stays HELD."""
        ...

    def acknowledge_postponed(self, fax: InboundFax, reason: str, delay: float) -> bool:
        """The provider could not be told now."""
        ...

    def next_inbound_due(self, kind: str, key: str) -> float | None:
        """Seconds until the next `seen`, `delivered` or `stored` (which includes delivered) row of account `key` is
        due."""
        ...


class PushJournal(InboxJournal, Protocol):
    """What providers tell by themselves."""

    def hinted(
        self, account: str, provider_ids: Sequence[str], references: Mapping[str, str] = ..., length: int = ...
    ) -> int:
        """These jobs want asking: ACCEPTED ones become due at once; returns how many rows changed.  `references` are
        ours by provider id, as `core.ids.token` cuts them to `length`: a submission in doubt is ACCEPTED by them.
        Unknown ids do no harm."""
        ...

    def received_as(self, account: str, provider_id: str) -> InboundFax | None:
        """The received fax known under the provider's name; with a document once it is stored."""
        ...

    def arrived(
        self,
        account: str,
        listed: Listed,
        document: StoredDocument,
        sinks: Sequence[str],
        *,
        optional: Collection[str] = ...,
        why: str | None = ...,
    ) -> bool:
        """I1 to I4 in one: a fax came with its document, which is in the spool.  False when we have its document
        already; the new one is then nobody's."""
        ...
