"""What can be configured: the sections of the file, their defaults and what each value means.

Promise   plain frozen data.  Numbers are E.164, times are seconds, names are known; what concerns two places of the
          file at once is `checks`.  The docstrings of the fields are the reference (`reference`) and the JSON Schema.
          Only the providers and sinks that the file names are imported.
Needs     `faxdaemon.options`; each provider's and sink's own `Options`, found by its place.
Crash     keeps nothing.
"""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path
from typing import Annotated, Any, Literal

import phonenumbers
from pydantic import (
    AfterValidator,
    Field,
    PrivateAttr,
    SerializeAsAny,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from faxdaemon import plugins
from faxdaemon.alerts.options import Alerting, Notices
from faxdaemon.config.daily import Reconcile, Retention, SiteRetention
from faxdaemon.config.inbound import InboundAccount
from faxdaemon.config.kinds import FORMATS, PROVIDERS, options
from faxdaemon.config.running import Log, Web
from faxdaemon.config.safety import Number, Safety, SiteSafety
from faxdaemon.config.wishes import Wishes
from faxdaemon.core import naming
from faxdaemon.core.errors import UserError
from faxdaemon.core.regular import compile_regular
from faxdaemon.mailing import MailServer
from faxdaemon.options import Account, Duration, Section, Zone, zone

BUILT_IN = "built-in"
"""The template of a cover page that comes with the program."""
_SAFE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")


def _safe_name(value: str) -> str:
    if not _SAFE.fullmatch(value):
        raise ValueError(f"“{value}” is no usable name; write up to 64 letters, digits, “-”, “_” and “.”")
    return value


def _node() -> str:
    """The host's name, fit for a file name."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", socket.gethostname())[:64].strip("-._") or "node"


def _region(value: str) -> str:
    if value not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError(f"“{value}” is not a region; write a country's two capital letters, such as US, GB or DE")
    return value


def _local_zone() -> str:
    """The machine's zone by its name, where that can be found; else UTC."""
    try:
        name = os.environ.get("TZ") or Path("/etc/timezone").read_text("ascii").strip()
        return zone(name)
    except (OSError, ValueError):
        return "UTC"


def _journal(value: str) -> str:
    if value != "sqlite" and not value.startswith("postgresql://"):
        raise ValueError("neither “sqlite” nor an address; write sqlite or postgresql://user@host/database")
    return value


def _pattern(value: str) -> str:
    naming.compile_pattern(value)
    return value


def _codes(value: str) -> str:
    if not compile_regular(value).fields:
        raise ValueError("has no named group; write the part that is the number as (?P<number>...)")
    return value


def _format(value: str) -> str:
    known = plugins.names(FORMATS)
    if value not in known:
        raise ValueError(f"“{value}” is not a format; there are: {', '.join(known)}")
    return value


def _template(value: Path) -> Path:
    if str(value) != BUILT_IN and not value.is_absolute():
        raise ValueError(f"“{value}” is no absolute path; write one, or {BUILT_IN}")
    return value


def _account(value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    """An account is validated with the options of the provider that it names."""
    if isinstance(value, Account) or not isinstance(value, dict):
        return handler(value)
    name = value.get("provider")
    # Without a provider nobody can tell which of the other keys are right, so that is the only mistake reported.
    if isinstance(name, str):
        try:
            return options(PROVIDERS, name).model_validate(value, context=info.context)
        except UserError as error:
            words = str(error)
    else:
        words = f"an account needs one; write one of: {', '.join(plugins.names(PROVIDERS))}"
    kind = PydanticCustomError("part", "{words}", {"words": words})
    raise ValidationError.from_exception_data("account", [InitErrorDetails(type=kind, loc=("provider",), input=name)])


Name = Annotated[str, AfterValidator(_safe_name)]
AnyAccount = Annotated[SerializeAsAny[Account], WrapValidator(_account)]


class DropFolder(Section):
    """A watched folder: what is dropped there is faxed."""

    folder: Path
    """The drop folder; an absolute path."""
    accounts: list[str] = Field(min_length=1)
    """The accounts to send through, in order; the next one is used when one certainly did not take the fax."""
    filename: Annotated[str, AfterValidator(_pattern)] = "{number}[_{name}][_{reference}]"
    """How the file name (without its suffix) tells number and more: fields in braces, parts in brackets may be missing;
    or `regex:` and a regular expression with named groups, `regex:(?P<number>[0-9]+)-(?P<name>.+)`."""
    to: Number | None = None
    """A fixed number: every drop goes there, whatever its name."""
    formats: list[Annotated[str, AfterValidator(_format)]] = Field(default=["filename"], min_length=1)
    """The dialects of asking and answering accepted here, in order; the modules of `faxdaemon/formats`."""
    resolution: Literal["standard", "fine", "hyperfine"] | None = None
    """The resolution to ask for where the drop does not say; empty for the provider's own."""
    options: Wishes = Field(default_factory=dict)
    """What else to ask for where the drop does not say, by the words of docs/wishes.md."""
    keep: list[Literal["image", "transmittal"]] = Field(default=[])
    """What to put beside the answer, where the provider has it: the pages as they were sent (`image`), and the
    page that it draws up about a fax, be it sent or failed (`transmittal`)."""
    keep_as: Literal["pdf", "tiff"] = "pdf"
    """The form of the image."""
    codes: list[Annotated[str, AfterValidator(_codes)]] = Field(default_factory=list)
    """The site's own codes in the text of documents, for the format `site_codes`: regular expressions with groups such
    as `(?P<number>...)`, `(?P<name>...)`, `(?P<reference>...)`."""
    answer: list[Literal["json", "csv", "xml"]] = Field(default_factory=list)
    """Answers besides that of the dialect in which was asked, `<stem>.result.json` and so on; see docs/answers.md."""
    companion: Duration = Field(default=300.0, ge=0)
    """How long a document waits for its control file, and a control file for its documents, where `formats` has one
    with control files."""
    roots: list[Path] = Field(default_factory=list)
    """Folders besides this one from which a control file may name documents; absolute paths.  They are only read."""
    paths: dict[str, str] = Field(default_factory=dict)
    """What is meant by the beginning of a path as askers write it: `"S:\\\\": /srv/scans`, say."""
    encoding: str | None = None
    """How control files are encoded (`cp850`, `cp037`, ...); empty to find out."""
    settle: Duration = Field(default=5.0, ge=0)
    """How long a file must stay unchanged before it is taken, where nothing else tells that it is complete."""
    scan: Duration = Field(default=30.0, gt=0)
    """How often the folder is looked through even when the system reports no change, as on network shares."""
    expire: Duration = Field(default=86400.0, gt=0)
    """How long a fax is offered to the accounts before it fails."""
    safety: Safety = Safety()
    """What this folder is careful of; a key that is not here is as the site's `safety` says."""
    notices: Notices | None = None
    """Mail to whoever asked for a fax, about what became of it (docs/alerts.md); none when empty."""
    retention: Retention = Retention()
    """How long its faxes are kept after their end; a key that is not here is as the site's `retention` says."""

    @property
    def wishes(self) -> dict[str, Any]:
        """What every fax of this folder asks for."""
        return {"resolution": self.resolution, **self.options} if self.resolution else dict(self.options)


class Settings(Section):
    """The whole file."""

    state: Path
    """The folder of the spool and of the SQLite journal; an absolute path on a local disk."""
    journal: Annotated[str, AfterValidator(_journal)] = Field(default="sqlite", repr=False)
    """`sqlite`, or `postgresql://user@host/database` for several nodes; a password only as `${...}`."""
    region: Annotated[str, AfterValidator(_region)] = "US"
    """The country (two letters, ISO 3166) in whose way numbers without `+` are read."""
    timezone: Zone = Field(default_factory=_local_zone)
    """The zone (`Europe/Berlin`, ...) of times that are written without one; the machine's own when it is not given."""
    node: Name = Field(default_factory=_node)
    """This machine's name among several nodes; the host's name when it is not given."""
    accounts: dict[Name, AnyAccount] = Field(min_length=1)
    """Each use of a provider, under a name of your choice."""
    safety: SiteSafety = SiteSafety()
    """What all drop folders are careful of."""
    covers: dict[str, Annotated[Path, AfterValidator(_template)]] = Field(default_factory=dict)
    """Cover pages of your own, by the names under which a fax may ask for them: the file of the template (an absolute
    path), or `built-in` for the one that comes with the program (docs/documents.md)."""
    outbound: list[DropFolder] = Field(default_factory=list)
    """The drop folders."""
    inbound: list[InboundAccount] = Field(default_factory=list)
    """The accounts to receive through."""
    mail: MailServer | None = None
    """The server through which mail is sent, where any is to be sent (docs/mail.md)."""
    reconcile: Reconcile = Reconcile()
    """The daily comparison with what the providers list."""
    retention: SiteRetention = SiteRetention()
    """How long documents, answers and the journal's entries are kept."""
    alerts: Alerting = Alerting()
    """Who is told of trouble besides the log (docs/alerts.md)."""
    web: Web = Web()
    """The status pages and the HTTP API."""
    log: Log = Log()
    """What is logged, and how."""

    _source: Path | None = PrivateAttr(default=None)
    _notes: tuple[str, ...] = PrivateAttr(default=())

    @property
    def source(self) -> Path | None:
        """The file that this was read from."""
        return self._source

    @property
    def notes(self) -> tuple[str, ...]:
        """What is right and perhaps not meant, each as `config.yaml:41: outbound[2].keep[0]: ...`."""
        return self._notes

    @property
    def templates(self) -> dict[str, Path | None]:
        """The templates by their names in lower case; None for the built-in one."""
        return {name.casefold(): None if str(path) == BUILT_IN else path for name, path in self.covers.items()}

    @property
    def folder_paths(self) -> tuple[Path, ...]:
        """The drop folders, in the order of the file."""
        return tuple(one.folder for one in self.outbound)
