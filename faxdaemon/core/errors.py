"""The exception tree.  Expected outcomes are return values; exceptions are for what stops the work at hand.

    FaxdaemonError
    ├── ConfigError            the configuration is wrong; carries every problem found, each with file and line
    ├── UserError              a command cannot be done as asked; the message tells why and what to do
    ├── NotSent                certainly nothing reached the other side
    ├── OutcomeUnknown         the other side may have acted; ask before acting again
    ├── ProviderTrouble        the provider answered, but not with what was asked for; again later
    │   └── CredentialsRefused the provider does not accept our credentials; a person must act
    ├── ItemGone               the provider no longer has that item
    ├── FilesError             a durable file operation failed; nothing may be assumed of its effect
    │   ├── FolderOffline      the folder is not to be had (missing, unmounted, refused); absence proves nothing
    │   └── SinkOffline        a destination takes nothing now; what is to go there waits, in its order
    ├── Undeliverable          this one fax cannot go to that destination, now or later; a person must look
    └── JournalError           the journal cannot be trusted to have recorded; stop acting
        └── JournalBusy        another process holds the journal

Whether a failed HTTP request is `NotSent` or `OutcomeUnknown` is decided in `faxdaemon/http` and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence


class FaxdaemonError(Exception):
    """The root: catching it never catches a bug of ours."""


class ConfigError(FaxdaemonError):
    """Every mistake of a configuration at once, one line each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class UserError(FaxdaemonError):
    """What was asked for cannot be done; the message is for the person who asked."""


class NotSent(FaxdaemonError):
    """No byte of the request can have left, or the other side said that it did not take it."""


class OutcomeUnknown(FaxdaemonError):
    """Bytes may have left and no definite answer came."""


class ProviderTrouble(FaxdaemonError):
    """The provider could not serve a request that changes nothing; it may be repeated."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds the provider asked us to wait, when it said so."""


class CredentialsRefused(ProviderTrouble):
    """User name, company or password is wrong, or the account is disabled."""


class ItemGone(FaxdaemonError):
    """The provider does not have the item (any more)."""


class FilesError(FaxdaemonError):
    """A file operation failed; `reason` is for people, the cause is the OSError."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class FolderOffline(FilesError):
    """A folder cannot be used now.  Never read as "empty"."""


class SinkOffline(FilesError):
    """A destination of received faxes (printer, mail server, program) takes nothing now; it is not the fax's fault."""


class Undeliverable(FaxdaemonError):
    """A destination will never take this fax as it is; the message is for people."""


class JournalError(FaxdaemonError):
    """The journal failed.  Whoever meets this stops acting: an unsure journal must not keep sending."""


class JournalBusy(JournalError):
    """Another process has the journal open for writing."""
