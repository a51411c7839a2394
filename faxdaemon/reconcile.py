"""Reconcile: once a day, a provider's lists of received and sent faxes against the journal.

Promise   what is missing on either side is told: in the log, as an alert, in a report.  A received fax that the journal
          did not know is entered like any listed one, and fetched by the ordinary road.  Nothing is sent, and nothing
          that was acknowledged is delivered again.  The account is asked as rarely as it wants to be.
Needs     the journal's duty `reconcile:<account>`; `Asking`; the judgement of `reconciling`.
Crash     the night's run is lost, the next day's is not: what differs then still differs.

Which provider can list what it sent, `Capabilities.lists_sent` tells.  Others are asked for the jobs that the journal
has, in batches; what such a provider no longer knows is counted, and not told.  Where an inbox shows one fax at a time
it is not read here, for reading it is taking: its own worker is asked to look.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

import structlog

from faxdaemon import reconciling
from faxdaemon.contracts.alert import Alert
from faxdaemon.contracts.audit import ListedJob, SentList, SentListing
from faxdaemon.contracts.cache import Cache
from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.journal import AuditJournal
from faxdaemon.contracts.journal.audit import Recorded
from faxdaemon.contracts.provider import Progress, Provider
from faxdaemon.contracts.stage import Wake
from faxdaemon.core.errors import JournalError
from faxdaemon.core.schedule import TRY_AGAIN
from faxdaemon.core.states import Outbound
from faxdaemon.reconciling import Books, Finding, Kind

GRACE = timedelta(minutes=15)
"""What is younger than this is not judged: lists lag, and a job may end while they are read."""
LONG_AGO = timedelta(days=1)
"""For so long a received fax that was listed may wait to be fetched before it is missed: a list may show a part."""
PATIENCE = 4 * 3600.0
"""Seconds for which an account that cannot be asked is tried again, in one night."""
MOST_BATCHES = 200
"""Requests about single jobs in one run, where the provider has no list; the newest first."""
LONGEST = timedelta(days=7)
"""The time of one list of sent faxes."""
LOOK = 3600.0
"""Seconds between two looks at the clock, at most: it may be set."""

T = TypeVar("T")
log = structlog.get_logger()


class NotReconciled(Exception):
    """The account could not be asked; the message is for people."""


class Asks(Protocol):
    """When the account may be asked: `asking.Asking`."""

    def wait(self) -> float:
        """Seconds for which it is to be asked nothing."""
        ...

    def failed(self, error: Exception, what: str) -> str:
        """The reason for people."""
        ...


@dataclass(frozen=True, slots=True)
class Rules:
    """How one account is reconciled; times in seconds."""

    account: str
    poll: float
    """Between two questions about sent faxes."""
    days: float
    """How far back."""
    receives: bool
    inbox_poll: float = 60.0
    patience: float = PATIENCE
    enters: bool = True
    """Whether received faxes that the journal does not know are entered, to be fetched."""


@dataclass(slots=True)
class Report:
    """What one run found."""

    account: str
    since: datetime
    until: datetime
    findings: list[Finding] = field(default_factory=list)
    listed: bool = False
    """Whether the provider lists what it sent; if not, it was asked for single jobs."""
    jobs: int = 0
    """Jobs that it told of."""
    others: int = 0
    """Those among them that carry no reference of ours."""
    forgotten: int = 0
    """Jobs of ours that it no longer knows, where it has no list."""
    unasked: int = 0
    """Jobs of ours that it was not asked for, because there were too many."""
    received: int | None = None
    """Received faxes that wait there; None where that is not to be seen."""

    def plain(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        about = {name: getattr(self, name) for name in ("account", "listed", "jobs", "others", "forgotten", "unasked")}
        moments = {"since": self.since.isoformat(), "until": self.until.isoformat()}
        return {**about, **moments, "received": self.received, "findings": [f.plain() for f in self.findings]}


class Reconciliation:
    """One run for one account."""

    def __init__(self, rules: Rules, *, provider: Provider, journal: AuditJournal, asking: Asks, clock: Clock) -> None:
        self._rules = rules
        self._provider = provider
        self._journal = journal
        self._asking = asking
        self._clock = clock
        self._length = provider.capabilities.reference_length

    def run(self) -> Generator[Wake, None, Report]:
        """Yields the seconds to wait before it goes on.  Raises `NotReconciled`; `JournalError` passes."""
        now = self._clock.now()
        report = Report(self._rules.account, now - timedelta(days=self._rules.days), now)
        if self._rules.receives:
            yield from self._received(report)
        yield from self._sent(report)
        return report

    def _asked(self, call: Callable[[], T]) -> Generator[Wake, None, T]:
        """The answer, as soon as there is one."""
        began = self._clock.monotonic()
        while True:
            waited = self._clock.monotonic() - began
            quiet = self._asking.wait()
            if quiet > 0:
                if waited + quiet > self._rules.patience:
                    raise NotReconciled(f"it is not to be asked for another {quiet:.0f} s")
                yield quiet
                continue
            try:
                return call()
            except JournalError:
                raise
            except Exception as error:  # noqa: BLE001 - a bug of ours waits like the provider's trouble, and is told like it
                reason = self._asking.failed(error, "while reconciling")
                delay = TRY_AGAIN.delay(max(waited, 60.0), self._clock.chance())
                if waited + delay > self._rules.patience:
                    raise NotReconciled(reason) from None
            yield delay

    # -- received

    def _received(self, report: Report) -> Generator[Wake, None, None]:
        rules = self._rules
        if self._provider.capabilities.head_of_queue_inbox:
            if rules.enters:
                self._journal.inbox_hinted(rules.account, rules.inbox_poll, 0.0)
            return
        began = self._clock.now()
        listed = yield from self._asked(self._provider.inbox)
        report.received = len(listed)
        strange = self._journal.strange(rules.account, listed)
        settled = began - GRACE - timedelta(seconds=2 * rules.inbox_poll)
        for one in strange:
            if one.received_at and one.received_at <= settled:  # else the ordinary look has not come yet
                at = f"{one.received_at:%Y-%m-%d %H:%M} UTC"
                words = f"the provider holds a fax received at {at} of which the journal knew nothing; it is fetched"
                report.findings.append(self._about_received(Kind.RECEIVED_UNKNOWN, None, one.provider_id, words))
        if strange and rules.enters:
            self._journal.seen(rules.account, strange)
        names = {one.provider_id for one in listed}
        for fax_id, name in self._journal.unfetched(rules.account, began - LONG_AGO):
            if name not in names:
                words = "the provider listed it once, does not list it any more, and it was never fetched"
                report.findings.append(self._about_received(Kind.RECEIVED_GONE, fax_id, name, words))

    def _about_received(self, kind: Kind, fax_id: Any, name: str, words: str) -> Finding:
        return Finding(kind, self._rules.account, fax_id, None, name, None, words)

    # -- sent

    def _sent(self, report: Report) -> Generator[Wake, None, None]:
        began = self._clock.now()
        report.listed = self._provider.capabilities.lists_sent and isinstance(self._provider, SentList)
        if report.listed:
            listing = yield from self._listing(report)
            rows = self._journal.offered_since(report.since)
        else:
            rows = self._journal.offered_since(report.since)
            listing = yield from self._asked_for(report, rows)
        report.jobs = len(listing.jobs)
        self._compare(report, listing, rows, began - GRACE)

    def _listing(self, report: Report) -> Generator[Wake, None, SentListing]:
        provider = self._provider
        assert isinstance(provider, SentList)
        jobs: dict[str, ListedJob] = {}
        whole, since = True, report.since
        while since < report.until:
            until = min(since + LONGEST, report.until)
            part = yield from self._asked(lambda since=since, until=until: provider.sent_between(since, until))  # type: ignore[misc] # mypy does not infer a lambda with defaults
            jobs.update({job.provider_id: job for job in part.jobs})
            whole = whole and part.whole
            since = until
            if since < report.until:
                yield self._rules.poll
        return SentListing(tuple(jobs.values()), whole)

    def _asked_for(self, report: Report, rows: Sequence[Recorded]) -> Generator[Wake, None, SentListing]:
        """What the provider says of the jobs that the journal has come to an end with."""
        mine = {r.provider_id: r for r in rows if self._is_mine(r) and reconciling.at_rest(r, report.until - GRACE)}
        names = sorted(mine, key=lambda name: mine[name].updated_at, reverse=True)
        size = self._provider.capabilities.status_batch
        report.unasked = max(0, len(names) - size * MOST_BATCHES)
        jobs: list[ListedJob] = []
        for start in range(0, min(len(names), size * MOST_BATCHES), size):
            if start:
                yield self._rules.poll
            batch = [name for name in names[start : start + size] if name is not None]
            statuses = yield from self._asked(lambda batch=batch: self._provider.status(batch))  # type: ignore[misc] # likewise
            known = [one for one in statuses if one.progress is not Progress.UNKNOWN_JOB]
            report.forgotten += len(statuses) - len(known)
            jobs += [ListedJob(one.provider_id, None, one.progress) for one in known]
        return SentListing(tuple(jobs), whole=False)

    def _is_mine(self, row: Recorded) -> bool:
        return row.account == self._rules.account and row.provider_id is not None

    def _compare(self, report: Report, listing: SentListing, rows: Sequence[Recorded], settled: datetime) -> None:
        account = self._rules.account
        books = Books(rows, self._length)
        owners = self._journal.owners(account, [job.provider_id for job in listing.jobs])
        sorted_ = reconciling.sort(listing.jobs, books, owners)
        books.add(self._journal.recorded([key for key in sorted_.ours if key not in books.rows]))
        report.others = sorted_.others
        suspects = {k: jobs for k, jobs in sorted_.ours.items() if k in books.rows}
        suspects = {k: jobs for k, jobs in suspects.items() if reconciling.at_rest(books.rows[k], settled)}
        times = self._journal.times_sent([fax_id for fax_id, _ in suspects])
        judged = (reconciling.judged(account, books.rows[k], j, times.get(k, 0)) for k, j in suspects.items())
        report.findings += [finding for finding in judged if finding]
        young = [job for job in sorted_.unknown if job.submitted_at and job.submitted_at > settled]
        report.findings += [reconciling.unknown(account, job) for job in sorted_.unknown if job not in young]
        if listing.whole:
            gone = [row for k, row in books.rows.items() if self._is_mine(row) and k not in sorted_.ours]
            gone = [row for row in gone if row.state is Outbound.SENT and row.updated_at <= settled]
            asked = [row for row in gone if row.intended_at and report.since <= row.intended_at <= settled]
            report.findings += [reconciling.missing(account, row) for row in asked]


class ReconcileStage:
    """Reconciles one account once a day."""

    def __init__(
        self,
        rules: Rules,
        until: Callable[[], float],
        *,
        provider: Provider,
        journal: AuditJournal,
        asking: Asks,
        reports: Cache,
        clock: Clock,
        alert: Alert,
    ) -> None:
        """`until` tells the seconds until the hour."""
        self._rules = rules
        self._until = until
        self._parts: dict[str, Any] = {"provider": provider, "journal": journal, "asking": asking, "clock": clock}
        self._journal = journal
        self._reports = reports
        self._clock = clock
        self._alert = alert
        self._run: Iterator[Wake] | None = None
        self._again_at = 0.0
        """On the monotonic clock."""

    def step(self) -> Wake:
        """One question, when the hour has come."""
        wait = self._again_at - self._clock.monotonic()
        if wait <= 0:
            wait = self._step()
            self._again_at = self._clock.monotonic() + wait
        return wait

    def _step(self) -> Wake:
        if self._run is None:
            wait = self._journal.take_daily(f"reconcile:{self._rules.account}", self._until())
            if wait > 0:
                return min(wait, LOOK)
            self._run = self._work()
        with suppress(StopIteration):
            return next(self._run)
        self._run = None
        return 0.0

    def _work(self) -> Iterator[Wake]:
        account = self._rules.account
        try:
            report = yield from Reconciliation(self._rules, **self._parts).run()
        except NotReconciled as error:
            self._alert.raise_(f"reconcile:{account}", f"account {account} could not be reconciled: {error}")
            return
        tell(report)
        self._reports.put(
            f"reconcile-{account.lower()}.json", json.dumps(report.plain(), indent=2, default=str).encode()
        )
        if report.findings:
            self._alert.raise_(f"reconcile:{account}", summary(report))
        else:
            self._alert.clear(f"reconcile:{account}")


def tell(report: Report) -> None:
    """To the log, a line for each difference."""
    for one in report.findings:
        log.warning(
            "reconcile.differs",
            account=one.account,
            kind=one.kind.value,
            fax=one.fax_id,
            recipient=one.recipient,
            job=one.provider_id,
            number=one.number,
        )
    found = replace(report, findings=[]).plain()
    del found["findings"], found["account"]
    log.info("reconciled", account=report.account, differences=len(report.findings), **found)


def summary(report: Report) -> str:
    """For an alert: short, and the same as long as nothing changes."""
    first = report.findings[0]
    which = f"fax {first.fax_id}" if first.fax_id else f"the provider's {first.provider_id}"
    count = len(report.findings)
    some = f"{count} differences" if count > 1 else "a difference"
    return (
        f"account {report.account}: {some} between the provider's lists and the journal; {which}: {first.text}; "
        f"`faxdaemon reconcile --account {report.account}` shows all"
    )
