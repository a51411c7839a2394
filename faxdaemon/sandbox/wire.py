"""What a dialect and the server say to each other: a request understood, and a reply to send."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from faxdaemon.sandbox.faults import Fault
from faxdaemon.sandbox.forms import Form
from faxdaemon.sandbox.model import SandboxAccount
from faxdaemon.sandbox.network import Network

PLAIN = "text/html; charset=UTF-8"
"""The content type of FAXAGE's plain text answers, which PHP sets by default."""
STAMP = "%Y-%m-%d %H:%M:%S"
NEVER = "0000-00-00 00:00:00"


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer."""

    body: bytes
    status: int = 200
    content_type: str = PLAIN
    headers: tuple[tuple[str, str], ...] = ()
    sent: Callable[[], object] = lambda: None
    """Called when the whole of it is about to leave."""
    shortened: bool = False
    """Whether a document inside of it has been cut already (fault `truncate`)."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request whose credentials were right."""

    network: Network
    account: SandboxAccount
    form: Form
    zone: tzinfo
    """The zone of the times on the wire; the provider's document does not say which."""
    fault: Fault | None = field(default=None)

    def stamp(self, moment: datetime | None) -> str:
        """A time as the wire has it."""
        return NEVER if moment is None else moment.astimezone(self.zone).strftime(STAMP)

    def moment(self, name: str) -> datetime | None:
        """The time in a field; None when there is none or it is not a time."""
        try:
            return datetime.strptime(self.form.text(name), STAMP).replace(tzinfo=self.zone)
        except ValueError:
            return None


def text(words: str) -> Reply:
    """A plain answer."""
    return Reply(words.encode())
