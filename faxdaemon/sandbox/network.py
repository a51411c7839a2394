"""The sending half of the network: jobs become calls, and calls end as the number says.

Promise   the ledger has one entry for every fax that was really taken, written before anybody is told; job
          ids rise and never repeat, also over restarts in the same directory.  No HTTP here: dialects call
          these methods.
Needs     the monotonic and the wall clock; a thread for the timer, one for drawing fax images.
Crash     reopened on its directory, it knows every job again; calls that were under way have failed.

A job waits for conversion, then in the queue (half the time of a page together), then each page takes
`seconds_per_page`.  One lock guards everything; `changed` is notified with every change.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import structlog

from faxdaemon.sandbox.books import Books
from faxdaemon.sandbox.inbox import Inbox
from faxdaemon.sandbox.model import Job, LedgerEntry, Paper, SandboxAccount, job_id, job_number
from faxdaemon.sandbox.numbering import BUSY, CSID, INTERRUPTED, UNCONVERTED, Ending, ending_of
from faxdaemon.sandbox.papers import Papers
from faxdaemon.sandbox.timer import Timer

FIRST_JOB = 1001
_CONVERSION = 0.2
_QUEUE = 0.3

log = structlog.get_logger()


class Network:
    """See the module."""

    def __init__(
        self, accounts: Sequence[SandboxAccount], directory: Path, seconds_per_page: float, *, kept: bool
    ) -> None:
        self.accounts = {account.name: account for account in accounts}
        self.books = Books(directory, kept=kept)
        self.changed = self.books.changed
        self.papers = Papers(directory)
        self.inbox = Inbox(self.accounts, self.books, self.papers, seconds_per_page)
        self.disabled: set[str] = set()
        """Lines that answer with a busy tone."""
        self.on_end: Callable[[Job], object] = lambda _job: None
        """Called once for each job that ended, outside the lock."""
        self._pace = seconds_per_page
        self._jobs: dict[int, Job] = {}
        self._dialled: dict[str, int] = {}
        self._last = FIRST_JOB - 1
        for entry in self.books.ledger():
            if entry.direction == "out":
                self._restore(entry)
        self._timer = Timer()
        self._artist = ThreadPoolExecutor(1, "sandbox-artist")

    def close(self) -> None:
        """End the threads; calls under way stay without an end."""
        self._timer.stop()
        self._artist.shutdown(cancel_futures=True)
        self.books.close()

    def submit(
        self, account: str, destination: str, papers: Sequence[Paper], *, hidden_for: float = 0.0, **details: Any
    ) -> Job:
        """Take a fax to `destination` (E.164): from here on it exists.

        The provider's listings show it after `hidden_for` seconds.  `details` are further fields of `Job`.
        """
        with self.changed:
            earlier = self._dialled.get(destination, 0)
            self._dialled[destination] = earlier + 1
            self._last += 1
            ending = self._ending(destination, papers, earlier)
            now = time.monotonic()
            page = self._pace * ending.pace
            pages = sum(paper.pages or 1 for paper in papers)
            queued, sends = now + _CONVERSION * page, now + (_CONVERSION + _QUEUE) * page
            ends = sends + page * (pages if ending.pages is None else max(1, ending.pages))
            job = Job(
                number=self._last,
                account=account,
                destination=destination,
                papers=tuple(papers),
                pages=pages,
                ending=ending,
                accepted_at=datetime.now(UTC),
                queued_m=queued,
                sends_m=float("inf") if ending.for_ever else sends,
                ends_m=queued if ending is UNCONVERTED else ends,
                visible_m=now + hidden_for,
                id=job_id(self.accounts[account].provider, self._last),
                **details,
            )
            self.books.record(_entry(job))
            self._jobs[job.number] = job
        if not ending.for_ever:
            self._timer.at(job.ends_m, lambda: self.finish(job))
        return job

    def _ending(self, destination: str, papers: Sequence[Paper], earlier: int) -> Ending:
        if any(paper.problem for paper in papers):
            return UNCONVERTED
        if destination in self.disabled:
            return BUSY
        return ending_of(destination, earlier)

    def finish(self, job: Job) -> None:
        """End the call of `job` as its number says; one that has ended already stays as it is."""
        ending = job.ending
        if self._end(job, ending.result, ending.text, job.pages if ending.pages is None else ending.pages):
            if job.result == "success" and self.inbox.owner(job.destination):
                self._artist.submit(self._arrive, job)
            self.on_end(job)

    def stop(self, job: Job) -> bool:
        """Stop a job that is not being sent yet; False when it is too late."""
        if time.monotonic() >= job.sends_m or not self._end(job, "stopped", "Stopped by user", 0):
            return False
        self.on_end(job)
        return True

    def _end(self, job: Job, result: Literal["success", "failure", "stopped"], text: str, pages: int) -> bool:
        with self.changed:
            if job.result:
                return False
            job.result, job.text, job.pages_sent, job.ended_at = result, text, pages, datetime.now(UTC)
            self.books.record(_entry(job))
            if result != "stopped":
                self.books.log_call(job.account, "OUT", self.caller(job), job.destination, job.accepted_at)
        return True

    def caller(self, job: Job) -> str:
        """The number that a job calls from."""
        return job.caller or next(iter(self.accounts[job.account].lines), "")

    def _arrive(self, job: Job) -> None:
        try:
            image, pages = self.papers.image([paper.path for paper in job.papers], job.resolution)
            self.inbox.arrive(job.destination, self.caller(job), job.csid or CSID, image, pages)
        except Exception:
            log.exception("sandbox.arrive", job=job.number)

    def jobs(self, account: str) -> list[Job]:
        """The jobs of an account that its provider lists now, oldest first."""
        with self.changed:
            now = time.monotonic()
            mine = (job for job in self._jobs.values() if job.account == account)
            return [job for job in mine if not job.cleared and job.visible_m <= now]

    def job(self, account: str, number: int) -> Job | None:
        """One such job."""
        with self.changed:
            job = self._jobs.get(number)
            if job is None or job.account != account or job.cleared or job.visible_m > time.monotonic():
                return None
            return job

    def clear(self, job: Job) -> None:
        """Forget a job in the listings; the ledger keeps it."""
        with self.changed:
            job.cleared = True

    def _restore(self, entry: LedgerEntry) -> None:
        number = job_number(entry.job) or 0
        self._last = max(self._last, number)
        self._dialled[entry.destination] = self._dialled.get(entry.destination, 0) + 1
        if entry.account not in self.accounts:
            return
        job = Job(
            number=number,
            account=entry.account,
            login=self.accounts[entry.account].username,
            recipname=entry.recipname,
            destination=entry.destination,
            papers=tuple(
                Paper(name, Path(), 0, sha256, None, None)
                for name, sha256 in zip(entry.names, entry.documents, strict=False)
            ),
            pages=entry.pages,
            ending=INTERRUPTED,
            accepted_at=entry.accepted_at,
            queued_m=0,
            sends_m=0,
            ends_m=0,
            text=entry.reason,
            result=entry.result,  # type: ignore[arg-type]  # written by `_entry` below
            pages_sent=entry.pages_sent,
            ended_at=entry.ended_at,
            id=entry.job,
            reference=entry.reference,
        )
        self._jobs[number] = job
        self._end(job, INTERRUPTED.result, INTERRUPTED.text, 0)


def _entry(job: Job) -> LedgerEntry:
    return LedgerEntry(
        direction="out",
        account=job.account,
        job=job.id,
        destination=job.destination,
        accepted_at=job.accepted_at,
        pages=job.pages,
        documents=tuple(paper.sha256 for paper in job.papers),
        recipname=job.recipname,
        result=job.result,
        reason=job.text,
        pages_sent=job.pages_sent,
        ended_at=job.ended_at,
        names=tuple(paper.name for paper in job.papers),
        reference=job.reference,
    )


def picture(network: Network, job: Job, form: Literal["pdf", "tiff"]) -> bytes:
    """The fax image of a job, as sent."""
    image, _ = network.papers.image([paper.path for paper in job.papers], job.resolution)
    path = network.papers.delivered(image, form)
    try:
        return path.read_bytes()
    finally:
        path.unlink()
