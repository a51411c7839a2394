"""What a provider's wire is to the sandbox: an object that understands requests and words answers.

Promise   a dialect acts on the network only in `answer`, which is called once for a request that passes the gate and
          never for one that a fault turns away.  Faults, ledger, numbering plan and HTTP are not its business.
Needs     a network.  Each provider `<name>` has a module `sandbox/<name>.py` with
          `open_dialect(around: Around) -> Dialect`; the sandbox finds it by the provider's name.
Crash     keeps nothing that the ledger does not; what a restart would need is in the ledger.

A `Job` has room for what a dialect must remember of it: `reference` (kept in the ledger) and `extra` (not kept).
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Protocol

from faxdaemon.sandbox.faults import Fault, Play, Role
from faxdaemon.sandbox.model import Job, Received, SandboxAccount
from faxdaemon.sandbox.network import Network
from faxdaemon.sandbox.server import Handler
from faxdaemon.sandbox.wire import Reply


@dataclass(frozen=True, slots=True)
class Around:
    """What a dialect is given."""

    network: Network
    zone: tzinfo
    """The zone of times on wires that do not name one."""
    switches: MutableMapping[str, Any]
    """What nobody public can tell of a provider and a test wants either way, as `opentext.message_id`; the dialect's
    module says which there are.  May change at any time (`Sandbox.switches`, POST /sandbox/switches)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as a dialect understands it, well or badly."""

    account: SandboxAccount | None
    """Whose; None when the credentials are wrong."""
    operation: str
    """In the provider's word: what a fault's `operation` is compared with."""
    role: Role | None = None
    """What it does, in words common to all providers: where a fault without an operation plays."""
    number: str | None = None
    """The first number that it sends to, in whatever form."""
    key: Callable[[], str] = str
    """Gives the same text for the same question by the same account (fault `status-cache`)."""
    request: Any = None
    """Whatever the dialect wants to see again in `answer`."""


@dataclass(frozen=True, slots=True)
class Push:
    """A call-back: what is sent to whom by the provider."""

    url: str
    body: bytes = b""
    content_type: str = "application/x-www-form-urlencoded"
    method: str = "POST"
    headers: tuple[tuple[str, str], ...] = ()
    number: str | None = None
    """The number of the fax that it tells of."""
    again: tuple[float, ...] = ()
    """Seconds after which it is sent once more, each time that it was not answered with 2xx."""
    taken: Callable[[], object] = lambda: None
    """Called when it was answered with 2xx."""


class Dialect(Protocol):
    """One provider's wire.  Used by several threads at once."""

    @property
    def base(self) -> str:
        """Where it lives, e.g. `/faxage`: what is put behind the sandbox's address to make an account's `url`."""
        ...

    @property
    def content_type(self) -> str:
        """The media type of its usual answers; a fault's own text goes out under it."""
        ...

    def asked(self, handler: Handler, body: bytearray) -> Asked | None:
        """Understand a request (`handler.command`, `.path`, `.headers`) without acting; None when nothing is there."""
        ...

    def answer(self, asked: Asked, fault: Fault | None) -> Reply:
        """Act and answer.  `fault` is the one that plays around it: some plays (ACCEPT_LATE, PURGE, ...) are for the
        dialect to heed."""
        ...

    def words(self, play: Play, asked: Asked) -> Reply:
        """How the provider says `Play.ERR01` (an internal error of its own) or `Play.WRONG_CREDENTIALS`."""
        ...

    def ended(self, job: Job) -> Push | None:
        """The call-back that a job's end causes, if any."""
        ...

    def arrived(self, fax: Received) -> Push | None:
        """The call-back that a received fax causes, if any."""
        ...
