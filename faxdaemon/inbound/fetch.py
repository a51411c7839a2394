"""Fetch: from the provider's inbox into our spool (steps I1 to I4).

Promise   each listed fax is remembered before anything is downloaded, and is ours only when its whole document is
          durable in the spool and the row says so.  What is odd about a document is noted and delivered with it; what
          is no document at all is never acknowledged.
          What the provider lists although it was acknowledged is acknowledged again, and not delivered again.  An
          account that says "slow down" is left alone for that time.
Needs     the journal's duty `inbox:<account>`; the lines with their sinks; `Asking`.
Crash     listed again (known by its provider id), downloaded again (over the same spool file).

A fax that cannot be fetched, for whatever reason, a bug of ours included, is tried again more and more rarely; the
third time in vain is told, and what is told is told over when it has come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from faxdaemon.asking import Asking
from faxdaemon.contracts.alert import Alert
from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.documents import Documents
from faxdaemon.contracts.files import Files
from faxdaemon.contracts.journal import AccountJournal, InboundJournal
from faxdaemon.contracts.provider import Provider
from faxdaemon.contracts.stage import NOTHING_DUE, Wake
from faxdaemon.core.errors import (
    CredentialsRefused,
    FilesError,
    ItemGone,
    JournalError,
)
from faxdaemon.core.model import InboundFax, Listed, StoredDocument
from faxdaemon.core.places import Spool
from faxdaemon.core.schedule import TRY_AGAIN
from faxdaemon.pipe import chunks_of

OTHER = "other"
TRIES_BEFORE_ALERT = 2
TRIES_BEFORE_HOLD = 20
"""Tries in vain before a person is told, and downloads that gave no document before a person must decide."""
MEDIA = {"application/pdf": ".pdf", "image/tiff": ".tif"}


@dataclass(frozen=True, slots=True)
class InboxRules:
    """How one account's inbox is read; times in seconds."""

    account: str
    poll: float
    timeout: float
    lines: Mapping[str, Sequence[str]]
    """Sink keys by line number (E.164), and by `other` for numbers that nobody configured."""

    def sinks_for(self, called: str | None) -> Sequence[str]:
        """The sinks of the line that was called."""
        return self.lines.get(called or "", self.lines.get(OTHER, ()))


class FetchStage:
    """Lists and downloads for one account."""

    def __init__(
        self,
        rules: InboxRules,
        spool: Spool,
        *,
        provider: Provider,
        files: Files,
        documents: Documents,
        journal: InboundJournal,
        accounts: AccountJournal,
        asking: Asking,
        clock: Clock,
        alert: Alert,
    ) -> None:
        self._rules = rules
        self._spool = spool
        self._provider = provider
        self._files = files
        self._documents = documents
        self._journal = journal
        self._accounts = accounts
        self._asking = asking
        self._clock = clock
        self._alert = alert
        self._trouble = f"inbox:{rules.account}"

    def step(self) -> Wake:
        """Download one fax that is due, or else ask for the list when the account may be asked."""
        quiet = self._asking.wait()
        if quiet > 0:
            return min(quiet, NOTHING_DUE)
        claimed = self._journal.claim_seen(self._rules.account, 1, self._rules.timeout + 30)
        if claimed:
            self._fetch(claimed[0])
            return 0.0
        wait = self._accounts.take_duty(f"inbox:{self._rules.account}", self._rules.poll)
        if wait <= 0:
            if self._list():
                return 0.0
            wait = self._rules.poll
        due = self._journal.next_inbound_due("seen", self._rules.account)
        return min(wait, NOTHING_DUE if due is None else max(due, 0.1))

    def _list(self) -> int:
        try:
            listed = self._provider.inbox()
        except JournalError:
            raise
        except Exception as error:  # noqa: BLE001 - a bug of ours waits like the provider's trouble, and is told like it
            reason = self._asking.failed(error, "while listing the inbox")
            what = "refuses our credentials" if isinstance(error, CredentialsRefused) else "cannot be asked for faxes"
            self._alert.raise_(self._trouble, f"account {self._rules.account} {what}: {reason}")
            return 0
        self._alert.clear(self._trouble)
        self._again(listed)
        return self._journal.seen(self._rules.account, listed) if listed else 0

    def _again(self, listed: Sequence[Listed]) -> None:
        """What was acknowledged and is listed all the same."""
        account = self._rules.account
        others = self._journal.listed_again(account, listed) if listed else []
        if not others:
            self._alert.clear(f"again:{account}")
            return
        self._alert.raise_(
            f"again:{account}",
            f"account {account} lists other faxes under the names of {', '.join(others)}, which were received and "
            "acknowledged before; they stay at the provider, fetch them there",
        )

    def _fetch(self, fax: InboundFax) -> None:
        age = (self._clock.now() - fax.first_seen).total_seconds()
        delay = TRY_AGAIN.delay(age, self._clock.chance())
        sinks = self._rules.sinks_for(fax.listed.called)
        if not sinks:  # nobody would get it, and acknowledging it would be losing it
            reason = (
                f"the line {fax.listed.called} is not configured and there is no `{OTHER}`; it stays at the provider"
            )
            self._journal.fetch_postponed(fax, reason, delay)
            self._alert.raise_(f"line:{fax.listed.called}", f"account {self._rules.account}: {reason}")
            return
        document = self._tried(fax)
        if isinstance(document, StoredDocument):
            self._journal.stored(fax, document, sinks)
            self._alert.clear(f"fax:{fax.fax_id}")
        elif document is not None:
            if fax.attempts >= TRIES_BEFORE_ALERT:
                self._alert.raise_(f"fax:{fax.fax_id}", f"received fax {fax.fax_id} cannot be fetched yet: {document}")
            self._journal.fetch_postponed(fax, document, delay)

    def _tried(self, fax: InboundFax) -> StoredDocument | str | None:
        """The document, or why it cannot be had now; None when it was put before a person."""
        try:
            document = self._download(fax)
        except ItemGone as error:
            self._hold(fax, f"the provider listed it but no longer has it: {error}")
            return None
        except FilesError as error:
            return error.reason
        except JournalError:
            raise
        except Exception as error:  # noqa: BLE001 - what is unexpected is logged there
            return self._asking.failed(error, "while fetching", fax=fax.fax_id)
        if isinstance(document, str) and fax.attempts >= TRIES_BEFORE_HOLD:
            self._hold(fax, document)
            return None
        return document

    def _hold(self, fax: InboundFax, reason: str) -> None:
        self._journal.inbound_held(fax, reason)
        self._alert.raise_(f"fax:{fax.fax_id}", f"received fax {fax.fax_id} is held: {reason}")

    def _download(self, fax: InboundFax) -> StoredDocument | str:
        """The document, durable under its final spool name, or why what came is none."""
        raw = self._spool.path(self._spool.name("in", fax.fax_id, 0, ".part"))
        self._files.make_dirs([raw.parent])
        with chunks_of(lambda write: self._provider.fetch(fax.listed, write)) as chunks:
            written = self._files.write_new(raw, chunks)
        inspection = self._documents.inspect(raw, "the received document")
        suffix = MEDIA.get(inspection.media)
        if suffix is None or inspection.problem:
            with suppress(FilesError):
                self._files.remove([raw])
            return f"what the provider gave is not a whole document: {inspection.problem or inspection.media}"
        name = self._spool.name("in", fax.fax_id, 1, suffix)
        self._files.remove([self._spool.path(name)])  # of a life that ended between the rename and the commit
        self._files.move([(raw, self._spool.path(name))])
        warning = warning_of(fax.listed, inspection.pages)
        return StoredDocument(name, written.size, written.sha256, inspection.media, inspection.pages, warning)


def warning_of(listed: Listed, pages: int | None) -> str | None:
    """What is odd about a document of so many pages."""
    if listed.pages is None or pages is None or pages == listed.pages:
        return None
    return f"{pages} pages came, {listed.pages} were announced"
