"""What a provider lists of what it took, for reconciliation.

A provider that can list the jobs it took has the method of `SentList`, and says so by `Capabilities.lists_sent`.  One
that cannot is asked for the jobs that the journal knows, by `Provider.status`; jobs that the journal does not know
remain unseen there, and nothing is made up in their place.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from faxdaemon.contracts.provider import Progress


@dataclass(frozen=True, slots=True)
class ListedJob:
    """One job, as the provider's list shows it."""

    provider_id: str
    reference: str | None
    """Ours, as the provider carries it (`core.ids.token` of `Capabilities.reference_length`, lower case); None where
    the job has none, or the list does not show it."""
    progress: Progress
    number: str | None = None
    """E.164, as far as it can be understood."""
    submitted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SentListing:
    """The jobs of some time."""

    jobs: tuple[ListedJob, ...]
    whole: bool = True
    """Whether a job that is not here is not there; False when a part could not be read."""


@runtime_checkable
class SentList(Protocol):
    """Lists what was sent through the account, whoever sent it."""

    def sent_between(self, since: datetime, until: datetime) -> SentListing:
        """At least the jobs that were submitted between two moments.  Raises as `Provider.find` does."""
        ...
