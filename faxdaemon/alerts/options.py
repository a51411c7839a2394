"""Who is told of trouble, and of what: the section `alerts` of the configuration.

Promise   plain frozen data.
Needs     `faxdaemon.options`.
Crash     keeps nothing.
"""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from faxdaemon.mailing import MailAddress
from faxdaemon.options import Duration, Section

Kind = Literal[
    "held",
    "failed",
    "waiting",
    "account",
    "folder",
    "destination",
    "receiving",
    "disk",
    "journal",
    "worker",
    "safety",
    "alerts",
]
Outcome = Literal["sent", "failed", "held"]
_KINDS: dict[str, Kind] = {
    "held": "held",
    "failed": "failed",
    "waiting": "waiting",
    **dict.fromkeys(("account", "status", "resolve", "acknowledge", "inbox", "pending", "submit"), "account"),
    **dict.fromkeys(("folder", "claim", "report", "keep", "picture", "drop", "spool"), "folder"),
    **dict.fromkeys(("sink", "delivery", "undelivered", "stray"), "destination"),
    **dict.fromkeys(("fax", "line", "blocked", "again", "push", "reconcile"), "receiving"),
    **dict.fromkeys(("space", "disk"), "disk"),
    "journal": "journal",
    "worker": "worker",
    **dict.fromkeys(("cap", "safety"), "safety"),
    **dict.fromkeys(("alerts", "notices", "notice"), "alerts"),
}


def kind_of(key: str) -> Kind:
    """The kind of a problem, by the word its key begins with; what has no kind of its own is a worker's."""
    return _KINDS.get(key.partition(":")[0], "worker")


class Told(Section):
    """Somebody who is told."""

    only: list[Kind] = Field(default_factory=list)
    """The kinds to tell of; all of them when empty."""

    def wants(self, key: str) -> bool:
        """Whether a problem is of a kind to be told of."""
        return not self.only or kind_of(key) in self.only


class ToldByMail(Told):
    """Tells by mail, through the server in `mail`."""

    to: list[MailAddress] = Field(min_length=1, max_length=50)
    """To whom."""


class ToldByHook(Told):
    """Tells by a request (POST, JSON) to an address."""

    url: str = Field(pattern=r"^https?://[^\s]+$")
    """The address."""
    token: SecretStr | None = None
    """Sent as `Authorization: Bearer ...`."""
    timeout: Duration = Field(default=30.0, ge=1, le=300)
    """The total time for one request."""

    @field_validator("url")
    @classmethod
    def _plain(cls, value: str) -> str:
        if re.match(r"https?://[^/]*@", value):
            raise ValueError("a password is not written here; use `token`")
        return value


class ToldByCommand(Told):
    """Tells by running a program."""

    argv: list[str] = Field(min_length=1, max_length=100)
    """The program and its arguments; no shell looks at them.  It finds `FAXDAEMON_SUBJECT`, `FAXDAEMON_TEXT` and
    `FAXDAEMON_JSON` (as a web-hook gets it) in its environment."""
    timeout: Duration = Field(default=30.0, ge=1, le=300)
    """How long it may run."""


class Alerting(Section):
    """Who is told of trouble besides the log, and from when on something is trouble."""

    mail: list[ToldByMail] = Field(default_factory=list)
    """People."""
    webhook: list[ToldByHook] = Field(default_factory=list)
    """Other programs, elsewhere."""
    command: list[ToldByCommand] = Field(default_factory=list)
    """Other programs, here."""
    remind: Duration = Field(default=86400.0, ge=0)
    """How long after the last word a problem that is still there is told again; 0 for never."""
    waiting: Duration = Field(default=3600.0, ge=0)
    """How long a fax may wait for an account before that is a problem; 0 for ever."""
    scan: Duration = Field(default=300.0, gt=0)
    """How long a look into a folder, or any other step of a worker, may take before that is a problem."""
    disk: int = Field(default=1024, ge=0)
    """MiB that must be free where the state folder is."""


class Notices(Section):
    """Mail to whoever asked for a fax, about what became of it."""

    on: list[Outcome] = Field(default=["failed", "held"], min_length=1)
    """Which outcomes are told."""
    to: MailAddress | None = None
    """Who is told where a fax does not name an address itself (`notify_to`, docs/wishes.md); nobody when empty."""
    image: bool = False
    """Whether the first page goes with it, as a picture (PNG).  Mail passes other people's servers."""
