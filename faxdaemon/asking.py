"""When an account may be asked: status, look-up, inbox, download, acknowledgement.

Promise   an account that names a time ("slow down", `Retry-After`) is asked nothing until then, by any stage, by any
          node, over a restart.  One that refuses our credentials is asked rarely, so that it does not lock us out; a
          restart asks at once, because that is what people restart for.  Whatever goes wrong with a question, a bug of
          ours included, has a reason for people.
Needs     the journal, which remembers the time.
Crash     the time stands in the journal; refused credentials are met again.

What is handed over (submit) has pauses of its own: an inbox that wants to be left alone does not stop the sending.
"""

from __future__ import annotations

import structlog

from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.journal import AccountJournal
from faxdaemon.core.errors import CredentialsRefused, NotSent, OutcomeUnknown, ProviderTrouble
from faxdaemon.core.schedule import CREDENTIALS

log = structlog.get_logger()


class Asking:
    """One account's; used by all the stages that ask it."""

    def __init__(self, account: str, *, accounts: AccountJournal, clock: Clock) -> None:
        self._account = account
        self._accounts = accounts
        self._clock = clock
        self._refused_until = 0.0
        """On the monotonic clock."""

    def wait(self) -> float:
        """Seconds for which the account is to be asked nothing; 0 when it may be asked now."""
        told = self._accounts.quieted(self._account)
        refused = self._refused_until - self._clock.monotonic()
        return max(0.0, refused, told.seconds if told else 0.0)

    def failed(self, error: Exception, what: str, **about: object) -> str:
        """Obey what an answer says of the next question, and return the reason for people.  What is none of the errors
        of `faxdaemon.contracts.provider` is a bug of ours: its text stays in the log, with its stack, under `what`."""
        if isinstance(error, CredentialsRefused):
            self._refused_until = self._clock.monotonic() + CREDENTIALS
        if isinstance(error, ProviderTrouble) and error.retry_after:
            self._accounts.quiet(self._account, str(error), error.retry_after)
        if isinstance(error, (ProviderTrouble, NotSent, OutcomeUnknown)):
            return str(error)
        log.error(f"unexpected error {what}", account=self._account, **about, exc_info=error)
        return f"an unexpected {type(error).__name__} {what}; the log tells more"
