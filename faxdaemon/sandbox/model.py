"""The sandbox's nouns: accounts, papers, jobs, received faxes, and the ledger that tests judge by.

All times are aware datetimes in UTC; moments named `..._m` are seconds of the monotonic clock.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from faxdaemon.sandbox.numbering import Ending


@dataclass(frozen=True, slots=True)
class SandboxAccount:
    """A customer of a simulated provider."""

    name: str
    username: str
    company: str
    """FAXAGE's company number; empty elsewhere."""
    password: str
    lines: tuple[str, ...]
    """Numbers it receives on, E.164."""
    provider: str = "faxage"
    delivers: Literal["pdf", "tiff"] = "pdf"
    """The form of its received faxes."""


DEFAULT_ACCOUNTS = (
    SandboxAccount("clinic", "clinic", "12345", "sandbox", ("+13035550100", "+13035550101")),
    SandboxAccount("lab", "lab", "67890", "sandbox", ("+13035550199",), delivers="tiff"),
    SandboxAccount("concord", "mbx1234567890", "", "sandbox", ("+13035550120",), "concord"),
    SandboxAccount("faxde", "faxde", "", "sandbox", ("+494055500130",), "faxde", "tiff"),
    SandboxAccount("opentext", "opentext", "", "sandbox", ("+13035550140",), "opentext"),
)

_JOB_IDS: Mapping[str, str] = MappingProxyType({"concord": "br{}", "opentext": "xsi-{}"})


def job_id(provider: str, number: int) -> str:
    """A job's id in its provider's form; always ends in the number."""
    return _JOB_IDS.get(provider, "{}").format(number)


def job_number(text: str) -> int | None:
    """The number in a job's id of whatever form."""
    digits = re.search(r"[0-9]+$", text.strip())
    return int(digits[0]) if digits else None


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
    id: str = ""
    """What its provider calls it."""
    reference: str = ""
    """The client's own reference, where the provider takes one."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """What else its dialect wants to remember; gone after a restart."""


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
    reference: str = ""
    """The client's reference, where the provider takes one (out)."""
