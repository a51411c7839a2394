"""What a fax service may offer beyond sending and receiving.

Each protocol is a thing that some services have.  A provider object that has the methods offers it; `offers` is how the
command line asks.  None of it is needed for a fax to be sent or received.  Errors are those of
`faxdaemon.contracts.provider.Provider.find`; what the service itself refuses is a `UserError` with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Table:
    """Rows for people and for CSV; the columns keep the provider's words."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@runtime_checkable
class Lines(Protocol):
    """The numbers on which the account receives."""

    def lines(self) -> Table:
        """All of them."""
        ...

    def set_line(self, number: str, *, enabled: bool) -> str:
        """Let calls to a line (E.164) in, or turn them away; the provider's answer."""
        ...


@runtime_checkable
class Numbers(Protocol):
    """Ordering and returning numbers."""

    def area_codes(self) -> Table:
        """Where numbers are to be had."""
        ...

    def exchanges(self, area: str | None) -> Table:
        """The exchanges (NPANXX) with free numbers, of one area code or of all."""
        ...

    def free_numbers(self, area: str | None, exchange: str | None) -> Table:
        """Numbers that can be ordered."""
        ...

    def order_number(self, number: str) -> str:
        """Take a number (E.164): this costs money."""
        ...

    def return_number(self, number: str) -> str:
        """Give a number back: it may be gone for good."""
        ...

    def portable(self, number: str) -> bool:
        """Whether a number that is somewhere else could be moved to this service."""
        ...


@runtime_checkable
class Records(Protocol):
    """Call detail records or activity reports."""

    def records(self, since: datetime, until: datetime, number: str | None) -> Table:
        """Calls between two moments, of one line (E.164) or of all."""
        ...


@runtime_checkable
class RecordsAfter(Protocol):
    """Records by a number that only grows, so that none is read twice or missed."""

    def records_after(self, mark: int, number: str | None) -> Table:
        """The records after that numbered `mark`, each with its number in the first column."""
        ...


@runtime_checkable
class Covers(Protocol):
    """The cover pages that the service knows for this account."""

    def covers(self) -> Table:
        """Their names."""
        ...


@runtime_checkable
class Profile(Protocol):
    """What the service has on record about the account."""

    def profile(self) -> Mapping[str, str]:
        """Settings, without secrets."""
        ...


@runtime_checkable
class Images(Protocol):
    """Pictures of what was sent."""

    def sent_image(self, provider_id: str, form: str, write: Callable[[bytes], object]) -> None:
        """The pages as sent; `form` is `pdf` or `tiff`."""
        ...

    def transmittal(self, provider_id: str, write: Callable[[bytes], object]) -> None:
        """The provider's own report page (PDF)."""
        ...


@runtime_checkable
class Forgetting(Protocol):
    """Removing the record of a finished job at the provider."""

    def forget(self, provider_id: str) -> str:
        """After this the provider no longer knows the job; the provider's answer."""
        ...


@runtime_checkable
class Resending(Protocol):
    """Having a finished job sent once more from the documents that the service still has.  Outside the promise: our
    journal knows nothing of the new job."""

    def send_again(self, provider_id: str, number: str | None) -> str:
        """To the same number or another one (E.164); the new job's id.  This costs money."""
        ...


@runtime_checkable
class Addresses(Protocol):
    """Faxing what the service itself fetches from the web.  Outside the promise: what it gets is never ours to keep."""

    def send_addresses(
        self, number: str, name: str, addresses: Sequence[str], kinds: Sequence[str], *, wait: bool
    ) -> str:
        """Fax what is at `addresses`; `kinds` are file suffixes where the address does not tell.  With `wait` the
        service fetches them before it answers.  The job's id.  This costs money."""
        ...


@runtime_checkable
class Broadcast(Protocol):
    """One document to many recipients in one job.  Outside the promise: the provider decides recipient by recipient."""

    def broadcast(self, numbers: Sequence[str], name: str, content: bytes) -> str:
        """Start one; the job's id."""
        ...

    def broadcast_status(self, job: str) -> Table:
        """Recipient by recipient."""
        ...


@runtime_checkable
class BroadcastReport(Protocol):
    """A report about a broadcast, sent by the service itself."""

    def broadcast_report(self, job: str, address: str) -> None:
        """Have it sent to an e-mail address."""
        ...


@runtime_checkable
class Simple(Protocol):
    """One document to one number, by the plainest call that the service has.  Outside the promise: it carries no
    reference, so that nothing can tell whether one with a lost answer was taken."""

    def send_simple(self, number: str, name: str, content: bytes) -> str:
        """Fax `content` (of the kind that the service wants) to a number (E.164); `name` is the recipient's, and may
        be empty.  The job's id.  This costs money.  Raises `OutcomeUnknown` when the answer tells nothing."""
        ...

    def simple_status(self, job: str) -> Table:
        """What became of it."""
        ...


OFFERS: Mapping[str, type] = MappingProxyType(
    {
        "lines": Lines,
        "numbers": Numbers,
        "records": Records,
        "records --after": RecordsAfter,
        "covers": Covers,
        "profile": Profile,
        "image, transmittal": Images,
        "forget": Forgetting,
        "again": Resending,
        "web": Addresses,
        "broadcast": Broadcast,
        "broadcast report": BroadcastReport,
        "simple": Simple,
    }
)
"""What the command line calls them."""


def offers(provider: object) -> tuple[str, ...]:
    """What a service offers, in the words of the command line."""
    return tuple(name for name, kind in OFFERS.items() if isinstance(provider, kind))
