"""Keeping what the provider shows of a sent fax: the part of the journal that concerns it.

What `contracts.journal` says of every method holds here, too: each is one durable commit, conditional on the claim.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import Picture
from faxdaemon.core.states import Kept


@dataclass(frozen=True, slots=True)
class KeepWork:
    """One picture of one submission, claimed for one act."""

    fax_id: FaxId
    recipient: int
    submission: int
    picture: Picture
    epoch: int
    state: Kept
    since: datetime
    """When the submission ended: patience is counted from here."""
    account: str
    provider_id: str
    name: str
    """The document's file name as it was dropped."""
    several: bool
    """Whether the fax has more than one recipient."""
    sha256: str | None
    """Of what was fetched (state FETCHED)."""
    answer: Mapping[str, Any] | None
    """The plan of the answer, once that is where people look."""


class KeepJournal(Protocol):
    """What the stage `keep` records."""

    def claim_kept(self, folder: str, within: float) -> KeepWork | None:
        """The picture that has waited longest among those of `folder` that are due: WANTED, or FETCHED and its answer
        published.  Hidden from other claimants for `within` seconds."""
        ...

    def fetched(self, work: KeepWork, sha256: str) -> bool:
        """It lies staged; FETCHED, and due at once."""
        ...

    def kept(self, work: KeepWork, file: str | None) -> bool:
        """It is beside the answer, as `file` (None: there under a name that was given in an earlier life)."""
        ...

    def keep_postponed(self, work: KeepWork, reason: str, delay: float) -> bool:
        """It could not be had, or not be put there, now.  Told once for each reason."""
        ...

    def keep_given_up(self, work: KeepWork, reason: str) -> bool:
        """The provider will not give it."""
        ...

    def next_kept_due(self, folder: str) -> float | None:
        """Seconds until the next one that `claim_kept` would give is due; None when there is none."""
        ...

    def keeping(self) -> frozenset[str]:
        """The folders that have a picture under way."""
        ...
