"""The nouns: what a fax, a recipient, a submission and a received fax are.

Plain frozen dataclasses.  All times are aware datetimes in UTC, all durations seconds, all sizes bytes.  Paths inside
are strings as the operating system gives them (a name that is not UTF-8 carries surrogate escapes).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from faxdaemon.core.ids import FaxId
from faxdaemon.core.states import Outbound


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a drop came from, as it was when it was claimed: enough to recognise the same file again."""

    folder: str
    """Absolute path of the drop folder; also the folder's identity in the journal."""
    name: str
    """The document's file name in the drop folder."""
    size: int
    modified_ns: int
    inode: int


class Role(StrEnum):
    """What a spooled file of a fax is."""

    DOCUMENT = "document"
    """It was asked to be faxed, and is, unless there is something made of it."""
    CONTROL = "control"
    """It asks, and is never sent."""
    MADE = "made"
    """Made of the documents, for sending in place of them."""


@dataclass(frozen=True, slots=True)
class Document:
    """One spooled document of an outbound fax."""

    name: str
    """File name as dropped; its suffix tells the type to providers that go by it."""
    spool: str
    """Path relative to the spool, with `/`."""
    size: int
    sha256: str
    pages: int | None = None
    """Unknown until the document has been inspected."""
    role: Role = Role.DOCUMENT
    original: str | None = None
    """Where the dropped file itself lies, relative to the claims' folder, with `/`; None for what was not dropped here
    (an attachment from elsewhere, a text out of a control file, what was made for sending)."""
    recipient: int | None = None
    """The one recipient that it is for (a cover page); None for all."""


@dataclass(frozen=True, slots=True)
class Drop:
    """A claimed drop on its way into the journal (step O4)."""

    fax_id: FaxId
    origin: Origin
    documents: tuple[Document, ...]
    """What is to be faxed, in order, and then its control file."""
    problem: str | None = None
    """Why it cannot even be read, in words for a person; such a drop is recorded as failed at once."""
    part: int = 0
    """Which of the control file's orders it is, counted from 0."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the asker wants, as far as the drop says it.  Free `fields` go back into the answer unchanged."""

    number: str
    """The number as written, not yet normalised."""
    name: str | None = None
    reference: str | None = None
    """The asker's own reference (not ours)."""
    fields: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    """What is wished besides, in the words of `core.wishes`, as written."""
    account: str | None = None
    """The one account to send through, of those that the folder may use."""


IMAGE = "image"
"""The pages as they were sent."""
TRANSMITTAL = "transmittal"
"""The provider's own report page."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What a provider may show of a fax that it has ended with, to be kept beside the answer."""

    what: str
    """`IMAGE` or `TRANSMITTAL`; in file names, too."""
    form: str = "pdf"
    """`pdf` or `tiff`."""


COVERS_FROM = 200_000
"""Before the numbers of recipients: those of the cover pages made for them, among the documents of a fax."""


@dataclass(frozen=True, slots=True)
class Cover:
    """A cover page that is made here."""

    name: str
    """Of the site's template."""
    text: str
    """What the asker writes on it."""


@dataclass(frozen=True, slots=True)
class Route:
    """The decision for one recipient: where it goes and through what."""

    number: str
    """E.164, e.g. `+13035550100`; for a service that reaches addresses, the address (decision 0012)."""
    name: str | None
    accounts: tuple[str, ...]
    """In order of preference; the first is tried first."""
    options: Mapping[str, Any]
    """What it asks for besides, as `core.wishes.parse` gives it; each adapter heeds what its provider knows."""
    not_before: datetime | None = None
    """It must wait here until then."""
    expires_at: datetime | None = None
    """When it fails if it is still unsent; None for the folder's own time."""
    head_start: float = 0.0
    """Seconds: it goes before those that have waited for less."""
    keep: tuple[Picture, ...] = ()
    """What its folder wants beside the answer, where the provider has it."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """The asker's own fields for this recipient, for the answer."""
    cover: Cover | None = None
    """The page that is to be made for this recipient."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One recipient, claimed for one act (sending, resolving or tracking) under one reference.

    `epoch` is the number of the claim: a later claim raises it, and a late answer under an old one changes nothing.
    """

    fax_id: FaxId
    recipient: int
    epoch: int
    state: Outbound
    reference: str
    number: str
    name: str | None
    account: str
    accounts: tuple[str, ...]
    submission: int
    """Counts from 1; rises only after the previous submission has a definite end."""
    attempts: int
    """How often this submission was offered without being accepted."""
    asked: int
    """How often the provider was asked for this reference in vain."""
    options: Mapping[str, Any]
    documents: tuple[Document, ...]
    pages: int | None
    accepted_by: datetime
    """When the fax was taken from its folder."""
    intended_at: datetime | None
    """When bytes may have left for the first time under this reference."""
    expires_at: datetime
    provider_id: str | None
    settings: str | None = None
    """What `options.Account.settings` said at the first attempt under this reference: what a repeat relies on."""
    doubt: bool = False
    """An attempt under this reference got no answer and was not settled: it must never be offered elsewhere."""
    cancel_wanted: bool = False
    keep: tuple[Picture, ...] = ()
    """What its folder wants beside the answer."""
    trial: bool = False
    """The account was paused, and this is the one fax by which it is tried again."""

    @property
    def age_origin(self) -> datetime:
        """Retries are spaced by the age of the fax, counted from here."""
        return self.accepted_by


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one recipient ended, for the answer and for people."""

    recipient: int
    number: str | None
    name: str | None
    state: Outbound
    reason: str | None
    account: str | None
    provider_id: str | None
    reference: str | None
    pages: int | None
    """Pages that the provider says were transmitted."""
    ended_at: datetime | None
    submissions: int
    remote_csid: str | None
    duration_s: int | None
    fields: Mapping[str, str] = field(default_factory=dict)
    """The asker's own fields for this recipient."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A received fax as the provider's list shows it."""

    provider_id: str
    """The provider's stable name for it; unique within the account."""
    called: str | None
    """The line it came in on (DID, DNIS): E.164 where the provider's form can be understood."""
    caller: str | None
    """ANI: E.164, or the provider's text, or None when withheld."""
    csid: str | None
    """What the sending station calls itself (TSID as the sender sees it)."""
    received_at: datetime | None
    pages: int | None
    metadata: Mapping[str, Any]
    """Every field that the provider gave, under the provider's own names."""
    name: str | None = None
    """The caller's name, as the telephone network tells it."""
    station: str | None = None
    """What the machine that took it calls itself, where a provider tells."""
    duration_s: int | None = None
    """Seconds of the call."""
    resolution: str | None = None
    """`standard`, `fine`, `hyperfine`, or the provider's own word."""
    speed: int | None = None
    """Bit/s."""
    partial: bool | None = None
    """Whether the provider says that it is not all of the fax; None where it does not say."""


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """The document of a received fax, durable in our spool."""

    spool: str
    size: int
    sha256: str
    media: str
    """`application/pdf` or `image/tiff`."""
    pages: int | None
    warning: str | None = None
    """What is odd about it (page count other than announced, ...); it is delivered all the same."""


@dataclass(frozen=True, slots=True)
class InboundFax:
    """A received fax, claimed for one act."""

    fax_id: FaxId
    account: str
    epoch: int
    listed: Listed
    first_seen: datetime
    attempts: int
    document: StoredDocument | None
    reason: str | None = None
    """Why it did not get on the last time."""


@dataclass(frozen=True, slots=True)
class DeliveryWork:
    """One received fax, claimed for one sink."""

    fax: InboundFax
    sink: str
    epoch: int
    attempts: int
    plan: Mapping[str, Any] | None
    """What `Sink.stage` wrote down before; None when nothing is staged yet."""
    since: datetime
    """When it was wanted, or released by a person."""
    optional: bool = False
    """The fax counts as delivered without it."""
    down_since: datetime | None = None
    """When the sink stopped taking anything; None while it takes."""
