"""The receiving half of the network: faxes arrive on lines and wait until their customer deletes them.

Promise   ids rise in the order in which faxes become visible; a fax is in the ledger before it is listed.
Needs     the books and the papers of the sandbox.
Crash     reopened on its directory, what was not deleted waits again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from faxdaemon.sandbox.books import Books
from faxdaemon.sandbox.model import LedgerEntry, Received, SandboxAccount
from faxdaemon.sandbox.papers import Papers

FIRST_FAX = 5001


class Inbox:
    """The inboxes of all accounts."""

    def __init__(
        self, accounts: Mapping[str, SandboxAccount], books: Books, papers: Papers, seconds_per_page: float
    ) -> None:
        self._accounts = accounts
        self._books = books
        self._changed = books.changed
        self._papers = papers
        self._pace = seconds_per_page
        self._waiting: dict[int, Received] = {}
        self._last = FIRST_FAX - 1
        self.on_arrival: Callable[[Received], object] = lambda _fax: None
        """Called for each fax that arrived, outside the lock."""
        self._lines = {line: account.name for account in accounts.values() for line in account.lines}
        for entry in books.ledger():
            if entry.direction == "in" and entry.account in accounts:
                self._restore(entry)

    def owner(self, line: str) -> SandboxAccount | None:
        """Whose line that number is."""
        with self._changed:
            name = self._lines.get(line)
        return self._accounts[name] if name else None

    def assign(self, line: str, account: str | None) -> None:
        """Give a number to an account, or take it away from everybody."""
        with self._changed:
            self._lines.pop(line, None)
            if account:
                self._lines[line] = account

    def lines(self, account: str) -> list[str]:
        """The numbers that an account receives on."""
        with self._changed:
            return sorted(line for line, owner in self._lines.items() if owner == account)

    def arrive(self, line: str, caller: str | None, csid: str | None, image: Path, pages: int) -> Received:
        """Let the fax `image` (a TIFF file, which is used up) arrive on `line`.  Raises KeyError for a line
        of nobody."""
        with self._changed:
            account = self._accounts[self._lines[line]]
        part = self._papers.delivered(image, account.delivers)
        sha256 = hashlib.sha256(part.read_bytes()).hexdigest()
        with self._changed:  # numbered only now: a fax must never appear behind one that a client has seen
            self._last += 1
            number, now = self._last, datetime.now(UTC)
            path = self._papers.received(number, part, account.delivers)
            started = now - timedelta(seconds=pages * self._pace)
            entry = LedgerEntry("in", account.name, str(number), line, now, pages, (sha256,), caller=caller, csid=csid)
            self._books.record(entry)
            self._books.log_call(account.name, "IN", caller or "", line, started)
            fax = Received(number, account.name, line, caller, csid, pages, started, now, path)
            self._waiting[number] = fax
            self._changed.notify_all()
        self.on_arrival(fax)
        return fax

    def waiting(self, account: str) -> list[Received]:
        """The received faxes of an account, oldest first."""
        with self._changed:
            return [fax for fax in self._waiting.values() if fax.account == account]

    def fax(self, account: str, number: int) -> Received | None:
        """One of them."""
        with self._changed:
            fax = self._waiting.get(number)
            return fax if fax and fax.account == account else None

    def fetched(self, fax: Received) -> None:
        """Note that a client was given the whole of `fax`."""
        with self._changed:
            entry = self._books.entry("in", fax.number)
            self._books.record(replace(entry, fetched=entry.fetched + 1))

    def delete(self, fax: Received) -> None:
        """Remove a received fax; the ledger keeps it."""
        with self._changed:
            self._waiting.pop(fax.number, None)

    def mark_handled(self, fax: Received, handled: bool) -> None:
        """Set or take away the mark that a client has dealt with `fax`."""
        with self._changed:
            if fax.number in self._waiting:
                self._waiting[fax.number] = replace(fax, handled=handled)

    def released(self, fax: Received) -> None:
        """Note that a client gave up `fax`: it deleted it or marked it as handled."""
        with self._changed:
            self._books.record(replace(self._books.entry("in", fax.number), deleted_at=datetime.now(UTC)))

    def _restore(self, entry: LedgerEntry) -> None:
        number = int(entry.job)
        self._last = max(self._last, number)
        path = self._papers.received_path(number, self._accounts[entry.account].delivers)
        if entry.deleted_at is None and path.exists():
            at = entry.accepted_at
            self._waiting[number] = Received(
                number, entry.account, entry.destination, entry.caller, entry.csid, entry.pages, at, at, path
            )
