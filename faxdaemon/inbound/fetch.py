"""Fetch: from the provider's inbox into our spool (steps I1 to I4).

Promise   each listed fax is remembered before anything is downloaded, and is ours only when its whole document is
          durable in the spool and the row says so.  What is odd about a document is noted and delivered with it; what
          is no document at all is never acknowledged.
          Where the provider shows one fax at a time, none keeps the others waiting for ever: what cannot be understood
          is delivered as it came, what nobody is to get is kept for a person, and either is acknowledged once its
          bytes are in the spool.  What stays at the head all the same is told.
          What the provider lists although it was acknowledged is acknowledged again, and not delivered again.  An
          account that says "slow down" is left alone for that time.
Needs     the journal's duty `inbox:<account>`, and `turn:fetch:<account>` where one fax is shown at a time; the lines
          with their sinks; `Asking`.
Crash     listed again (known by its provider id), downloaded again (over the same spool file).

A fax that cannot be fetched, for whatever reason, a bug of ours included, is tried again more and more rarely; the
third time in vain is told, and what is told is told over when it has come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from faxdaemon.asking import Asking
from faxdaemon.contracts.alert import Alert
from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.documents import Documents
from faxdaemon.contracts.files import Files
from faxdaemon.contracts.journal import TURN, AccountJournal, InboundJournal, Standing
from faxdaemon.contracts.provider import Provider
from faxdaemon.contracts.stage import NOTHING_DUE, Wake
from faxdaemon.core.errors import (
    CredentialsRefused,
    FilesError,
    ItemGone,
    JournalError,
)
from faxdaemon.core.lines import Lines
from faxdaemon.core.model import InboundFax, Listed, StoredDocument
from faxdaemon.core.places import Spool
from faxdaemon.core.schedule import TRY_AGAIN
from faxdaemon.core.states import Inbound
from faxdaemon.inbound.spooling import Spooling, as_it_came, pages_of
from faxdaemon.pipe import chunks_of

TRIES_BEFORE_ALERT = 2
TRIES_BEFORE_HOLD = 20
"""Tries in vain before a person is told, and downloads that gave no document before a person must decide."""
TRIES_BEFORE_KEPT = 6
"""Tries in vain, the last one of them a download that gave no document, before it is kept as it came where it blocks
others: some three minutes."""
NO_DOCUMENT = "what the provider gave is"
BLOCKS_AFTER = 60.0
"""Seconds, and one poll at least, after which a fax that is still at the head is told to block the inbox."""


@dataclass(frozen=True, slots=True)
class InboxRules:
    """How one account's inbox is read; times in seconds."""

    account: str
    poll: float
    timeout: float
    lines: Lines
    """Where its faxes go."""
    one_at_a_time: bool = False
    """`Capabilities.head_of_queue_inbox`."""


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
        self._provider = provider
        self._spooling = Spooling(spool, files, documents)
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
        if not self._rules.one_at_a_time:
            return self._work()
        turn = f"{TURN}fetch:{self._rules.account}"
        wait = self._accounts.take_duty(turn, self._rules.timeout + 60)
        if wait > 0:
            return min(wait, NOTHING_DUE)
        try:
            return self._work()
        finally:
            self._accounts.end_duty(turn)

    def _work(self) -> Wake:
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
        new = self._journal.seen(self._rules.account, listed) if listed else 0
        if self._rules.one_at_a_time:
            self._head([] if new else listed)
        return new

    def _head(self, listed: Sequence[Listed]) -> None:
        """What the provider shows and shows again."""
        account, delay = self._rules.account, max(self._rules.poll, BLOCKS_AFTER)
        standings = [self._journal.standing(account, one, delay) for one in listed]
        first = standings[0] if standings else None
        if first is None or (self._clock.now() - first.fax.first_seen).total_seconds() < delay:
            self._alert.clear(f"blocked:{account}")
        else:
            self._alert.raise_(f"blocked:{account}", _blocks(account, first))

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
        lines, alone = self._rules.lines, self._rules.one_at_a_time
        if not alone and not lines.anybody(fax.listed, fax.first_seen):
            self._unwanted(fax, delay)
            return
        document = fax.document or self._tried(fax)  # it has one when a person released what was kept
        if isinstance(document, StoredDocument):
            choice = lines.choose(fax.listed, pages_of(fax.listed, document), fax.first_seen)
            if choice.sinks:
                self._journal.stored(fax, document, choice.sinks, optional=choice.optional, why=choice.why)
            elif alone:
                self._set_aside(fax, document)
            else:
                self._unwanted(fax, delay)
                return
            self._ours(fax, document)
        elif document is not None:
            if fax.attempts >= TRIES_BEFORE_ALERT:
                self._alert.raise_(f"fax:{fax.fax_id}", f"received fax {fax.fax_id} cannot be fetched yet: {document}")
            self._journal.fetch_postponed(fax, document, delay)

    def _unwanted(self, fax: InboundFax, delay: float) -> None:
        """Nobody would get it, and acknowledging it would be losing it."""
        reason = f"{self._nobody(fax)}; it stays at the provider"
        self._journal.fetch_postponed(fax, reason, delay)
        self._alert.raise_(f"line:{fax.listed.called}", f"account {self._rules.account}: {reason}")

    def _set_aside(self, fax: InboundFax, document: StoredDocument) -> None:
        reason = f"{self._nobody(fax)}; its document is kept here: add the line, restart, then release this fax"
        self._journal.set_aside(fax, document, reason)
        told = f"account {self._rules.account}: {self._nobody(fax)}; faxes to it are held here, with their documents"
        self._alert.raise_(
            f"line:{fax.listed.called}", f"{told}: add the line, restart, then `faxdaemon release` each of them"
        )

    def _ours(self, fax: InboundFax, document: StoredDocument) -> None:
        if as_it_came(document):
            self._alert.raise_(f"fax:{fax.fax_id}", f"received fax {fax.fax_id} was {document.warning}; look at it")
        else:
            self._alert.clear(f"fax:{fax.fax_id}")

    def _nobody(self, fax: InboundFax) -> str:
        return self._rules.lines.nobody(fax.listed)

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
        if isinstance(document, str) and fax.attempts >= TRIES_BEFORE_HOLD and not self._rules.one_at_a_time:
            self._hold(fax, document)
            return None
        return document

    def _hold(self, fax: InboundFax, reason: str) -> None:
        self._journal.inbound_held(fax, reason)
        self._alert.raise_(f"fax:{fax.fax_id}", f"received fax {fax.fax_id} is held: {reason}")

    def _download(self, fax: InboundFax) -> StoredDocument | str:
        """The document, durable under its final spool name, or why what came is none."""
        tried = fax.attempts >= TRIES_BEFORE_KEPT and (fax.reason or "").startswith(NO_DOCUMENT)
        anyway = self._rules.one_at_a_time and tried
        with chunks_of(lambda write: self._provider.fetch(fax.listed, write)) as pieces:
            document = self._spooling.put(fax.fax_id, fax.listed, pieces, anyway=anyway)
        return f"{NO_DOCUMENT} {document}" if isinstance(document, str) else document


def _blocks(account: str, head: Standing) -> str:
    """That a fax is at the head of the inbox and stays there; for people."""
    if head.state is Inbound.SEEN:
        why, advice = (
            head.reason or "it was not fetched yet",
            "if this lasts, ask the provider to repair or to remove it",
        )
    elif head.state is Inbound.STORED:
        why = head.reason or "its destinations do not have it yet"
        advice = "put them right, or let the provider be told earlier with `acknowledge: stored`"
    else:
        why = "it is safe here, and the provider still shows it"
        why = f"{why} ({head.reason})" if head.state is Inbound.DELIVERED and head.reason else why
        advice = "if this lasts, ask the provider to remove it"
    since = f"{head.fax.first_seen:%Y-%m-%d %H:%M} UTC"
    name = f"received fax {head.fax.listed.provider_id} (`faxdaemon show {head.fax.fax_id}`)"
    return f"account {account}: {name} blocks the inbox since {since}, because {why}; {advice}"
