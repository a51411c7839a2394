"""The books of the network: the ledger of faxes and the call detail records, under the one lock of the
sandbox.

Promise   `record` has reached the operating system (where a directory is kept) before it returns, and wakes
          everybody who waits on `changed`.
Needs     nothing.
Crash     read again from the directory; call records are not kept.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from faxdaemon.sandbox.ledger import LedgerFile, read_ledger
from faxdaemon.sandbox.model import LedgerEntry


@dataclass(frozen=True, slots=True)
class Call:
    """One call detail record."""

    number: int
    account: str
    at: datetime
    direction: Literal["IN", "OUT"]
    source: str
    destination: str
    seconds: int


class Books:
    """`kept` False leaves nothing on disk."""

    def __init__(self, directory: Path, *, kept: bool) -> None:
        self.changed = threading.Condition(threading.RLock())
        self._entries = {(e.direction, e.job): e for e in (read_ledger(directory) if kept else ())}
        self._file = LedgerFile(directory) if kept else None
        self._calls: list[Call] = []

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()

    def record(self, entry: LedgerEntry) -> None:
        """Note the present state of one fax."""
        with self.changed:
            self._entries[entry.direction, entry.job] = entry
            if self._file:
                self._file.append(entry)
            self.changed.notify_all()

    def entry(self, direction: Literal["out", "in"], job: int) -> LedgerEntry:
        """The entry of one fax.  Raises KeyError."""
        with self.changed:
            return self._entries[direction, str(job)]

    def ledger(self) -> list[LedgerEntry]:
        """Every fax taken, in order."""
        with self.changed:
            return list(self._entries.values())

    def log_call(
        self, account: str, direction: Literal["IN", "OUT"], source: str, destination: str, at: datetime
    ) -> None:
        """Add the record of a call that began `at` and ends now."""
        seconds = round((datetime.now(UTC) - at).total_seconds())
        with self.changed:
            number = len(self._calls) + 1
            self._calls.append(Call(number, account, at, direction, source, destination, seconds))

    def calls(self, account: str) -> list[Call]:
        """The call detail records of an account."""
        with self.changed:
            return [call for call in self._calls if call.account == account]
