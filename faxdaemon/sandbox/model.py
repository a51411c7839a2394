"""The sandbox's nouns: accounts, papers, jobs, received faxes, and the ledger that tests judge by.

All times are aware datetimes in UTC; moments named `..._m` are seconds of the monotonic clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from faxdaemon.sandbox.numbering import Ending


@dataclass(frozen=True, slots=True)
class SandboxAccount:
    """A customer of a simulated provider."""

    name: str
    username: str
    company: str
    password: str
    lines: tuple[str, ...]
    """Numbers it receives on, E.164."""
    provider: str = "faxage"
    delivers: Literal["pdf", "tiff"] = "pdf"
    """The form of its received faxes."""


DEFAULT_ACCOUNTS = (
    SandboxAccount("clinic", "clinic", "12345", "sandbox", ("+13035550100", "+13035550101")),
    SandboxAccount("lab", "lab", "67890", "sandbox", ("+13035550199",), delivers="tiff"),
)


@dataclass(frozen=True, slots=True)
class Paper:
    """One document as it arrived."""

    name: str
    path: Path
    size: int
    sha256: str
    pages: int | None
    problem: str | None
    """Why no provider could image it."""


@dataclass(slots=True)
class Job:
    """A fax that the provider accepted, and its call."""

    number: int
    account: str
    login: str
    recipname: str
    destination: str
    papers: tuple[Paper, ...]
    pages: int
    ending: Ending
    accepted_at: datetime
    queued_m: float
    """Until then it waits for conversion."""
    sends_m: float
    """Until then it is in the queue."""
    ends_m: float
    visible_m: float = 0.0
    """The provider's own listings show it from then on."""
    notify: str | None = None
    """Where the call-back goes."""
    notify_first: bool = False
    """A fault: the call-back comes before the answer to the request."""
    resolution: Literal["standard", "fine"] = "fine"
    caller: str | None = None
    csid: str | None = None
    result: Literal["success", "failure", "stopped"] | None = None
    text: str = ""
    pages_sent: int = 0
    ended_at: datetime | None = None
    cleared: bool = False


@dataclass(frozen=True, slots=True)
class Received:
    """A fax in an account's inbox."""

    number: int
    account: str
    line: str
    caller: str | None
    csid: str | None
    pages: int
    started_at: datetime
    received_at: datetime
    path: Path
    handled: bool = False


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One fax that a provider really took, in either direction: the truth, whatever anybody was told."""

    direction: Literal["out", "in"]
    account: str
    job: str
    """The provider's id: job id (out), received fax id (in)."""
    destination: str
    """E.164: the number dialled (out), the line it came in on (in)."""
    accepted_at: datetime
    """When it was accepted (out), received (in)."""
    pages: int
    documents: tuple[str, ...]
    """SHA-256 of each document: as it arrived (out), as it is handed out (in)."""
    recipname: str = ""
    """The recipient's name as sent, which carries a client's token (out)."""
    result: str | None = None
    """`success`, `failure`, `stopped`; None while it is under way (out)."""
    reason: str = ""
    pages_sent: int = 0
    ended_at: datetime | None = None
    caller: str | None = None
    csid: str | None = None
    fetched: int = 0
    """How often the whole of it was handed out (in)."""
    deleted_at: datetime | None = None
    """When the client deleted it, or marked it as handled (in)."""
    names: tuple[str, ...] = field(default=())
    """File names as sent (out)."""
