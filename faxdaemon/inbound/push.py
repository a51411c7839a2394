"""Pushes: what a provider tells by itself (steps I1 to I4 for a fax that comes with its document).

Promise   2xx only when everything that the push says is recorded, or when it says nothing new.  A fax that came with
          its document is ours as a fetched one is: whole, in the spool, with its deliveries in the journal.  What
          nobody here would get is not taken, and the provider is told so.
Needs     the provider's `understand`; the lines with their sinks, where faxes are received.  One push of an account at
          a time: two that carry the same fax would both be written.
Crash     not answered, so it comes again or the next poll finds it.  A document that was written but not recorded is
          overwritten by its repetition.

A status is never believed, only asked for: a push can be late or forged, and the provider's own answer decides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from faxdaemon.contracts.alert import Alert
from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.documents import Documents
from faxdaemon.contracts.files import Files
from faxdaemon.contracts.journal import PushJournal
from faxdaemon.contracts.push import NotUnderstood, Push, PushedFax, Reply, Understood
from faxdaemon.core.errors import FilesError
from faxdaemon.core.ids import FaxId, new_fax_id
from faxdaemon.core.model import Listed
from faxdaemon.core.places import Spool
from faxdaemon.inbound.fetch import InboxRules
from faxdaemon.inbound.spooling import Spooling, pages_of

AGAIN = 300
"""Seconds after which the provider may try again what was not taken."""
MARK = "print"
"""In the metadata of two faxes of one name: when these differ, they are two."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PushRules:
    """One account's pushes; times in seconds."""

    account: str
    reference_length: int
    """`Capabilities.reference_length`."""
    gap: float
    """The shortest time between two listings of the inbox."""
    inbox: InboxRules | None
    """None where the account receives nothing."""


class PushReceiver:
    """Takes the pushes of one account."""

    def __init__(
        self,
        rules: PushRules,
        spool: Spool,
        *,
        understand: Callable[[Push], Understood | NotUnderstood],
        files: Files,
        documents: Documents,
        journal: PushJournal,
        clock: Clock,
        alert: Alert,
    ) -> None:
        self._rules = rules
        self._spool = spool
        self._understand = understand
        self._files = files
        self._spooling = Spooling(spool, files, documents)
        self._journal = journal
        self._clock = clock
        self._alert = alert

    def take(self, push: Push) -> Reply:
        """Record what the push says, then answer.  `JournalError` passes."""
        said = self._understand(push)
        account = self._rules.account
        if isinstance(said, NotUnderstood):
            log.warning("push.not_understood", account=account, kind=push.kind, why=said.reason)
            return Reply(400, b"not understood\n")
        due = self._journal.hinted(
            account, [status.provider_id for status in said.statuses], said.references, self._rules.reference_length
        )
        for fax in said.faxes:
            refusal = self._fax(fax)
            if refusal:
                return refusal
        log.info("push", account=account, kind=push.kind, statuses=len(said.statuses), due=due, faxes=len(said.faxes))
        return Reply(200, said.reply, said.reply_type)

    def _fax(self, fax: PushedFax) -> Reply | None:
        """Take one; the refusal, if it cannot be taken."""
        inbox = self._rules.inbox
        if inbox is None:
            log.warning("push.not_receiving", account=self._rules.account)
            return Reply(404)
        if fax.document is None:
            self._journal.inbox_hinted(inbox.account, inbox.poll, self._rules.gap)
            return None
        listed, known = self._named(fax.listed)
        if known:
            return None
        if not inbox.lines.anybody(listed, self._clock.now()):
            return self._unwanted(inbox, listed)
        return self._store(inbox, listed, fax.document)

    def _unwanted(self, inbox: InboxRules, listed: Listed) -> Reply:
        """Nobody would get it, and taking it would be losing it."""
        reason = f"{inbox.lines.nobody(listed)}; a pushed fax was turned away"
        self._alert.raise_(f"line:{listed.called}", f"account {inbox.account}: {reason}")
        return Reply(503, retry_after=AGAIN)

    def _named(self, listed: Listed) -> tuple[Listed, bool]:
        """The fax under a name of its own, and whether we have it already.  A name that repeats costs no fax."""
        known = self._journal.received_as(self._rules.account, listed.provider_id)
        before, now = (fax.metadata.get(MARK) for fax in (known.listed if known else listed, listed))
        if before != now and before and now:
            log.error("push.repeated_name", account=self._rules.account, fax=known.fax_id if known else None)
            listed = replace(listed, provider_id=f"{listed.provider_id}:{now}")
            known = self._journal.received_as(self._rules.account, listed.provider_id)
        return listed, known is not None and known.document is not None

    def _store(self, inbox: InboxRules, listed: Listed, content: bytes) -> Reply | None:
        account, now = inbox.account, self._clock.now()
        trouble = f"push:{account}"
        try:
            document = self._spooling.put(_spool_id(account, listed, now), listed, [content])
            if isinstance(document, str):
                why = f"account {account}: a pushed fax was turned away: it is {document}"
                self._alert.raise_(trouble, f"{why}; the provider may still list it, or push it again")
                return Reply(422, b"not a whole document\n")
            choice = inbox.lines.choose(listed, pages_of(listed, document), now)
            if not choice.sinks or not self._journal.arrived(
                account, listed, document, choice.sinks, optional=choice.optional, why=choice.why
            ):
                self._files.remove([self._spool.path(document.spool)])
            if not choice.sinks:
                return self._unwanted(inbox, listed)
        except FilesError as error:
            self._alert.raise_(trouble, f"account {account}: a pushed fax could not be kept: {error.reason}")
            return Reply(503, retry_after=AGAIN)
        self._alert.clear(trouble)
        return None


def _spool_id(account: str, listed: Listed, now: datetime) -> FaxId:
    """The same for the same fax, so that a repeated push overwrites what a dead process left.  The fax's own id is made
    when it is recorded."""
    at = listed.received_at or now.replace(hour=0, minute=0, second=0, microsecond=0)
    digest = hashlib.sha256(f"{account}\0{listed.provider_id}".encode("utf-8", "surrogateescape")).digest()
    return new_fax_id(round(at.timestamp() * 1000), digest[:10])
