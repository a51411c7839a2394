"""Looking for trouble that nobody meets while working: held and failed faxes, waits, a full disk, workers that hang.

Promise   a fax that was held or has failed is told, also when the process died before anybody could: it is the journal
          that is asked.  A failed one is told once; how far that has come is saved with what was told.
Needs     the journal; the free space; the workers.
Crash     looks again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from faxdaemon.alerts import UNSEEN, Alerts
from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.files import Files
from faxdaemon.contracts.journal import Filter, HistoryJournal, Row, WatchJournal
from faxdaemon.contracts.stage import Wake
from faxdaemon.core.errors import FilesError, UserError
from faxdaemon.core.ids import FaxId, is_fax_id
from faxdaemon.core.states import Inbound, Outbound

EVERY = 30.0
"""Seconds between two looks."""
FAILED = "failed"
"""The mark of how far failed faxes were told."""
_BATCH = 100
_HELD = 500
_SETTLE = timedelta(seconds=60)
"""Whoever holds a fax tells so himself; only later is it looked for."""
_ENDED = frozenset({Outbound.SENT, Outbound.FAILED, Outbound.CANCELLED, Inbound.ACKNOWLEDGED})


class Journal(HistoryJournal, WatchJournal, Protocol):
    """What of it is asked."""


@dataclass(frozen=True, slots=True)
class Limits:
    """From when on something is trouble."""

    waiting: float
    """Seconds; 0 for never."""
    busy: float
    """Seconds of one step."""
    free: int
    """Bytes."""
    alone: bool = True
    """Whether this is the only node: what others hold they tell themselves."""


class WatchStage:
    """See the module."""

    def __init__(
        self,
        limits: Limits,
        state: Path,
        *,
        alerts: Alerts,
        journal: Journal,
        files: Files,
        clock: Clock,
        busy: Callable[[], Iterable[tuple[str, float | None]]],
    ) -> None:
        """`busy`: each worker with the seconds that its step has taken so far; None when it waits."""
        self._limits = limits
        self._state = state
        self._alerts = alerts
        self._journal = journal
        self._files = files
        self._clock = clock
        self._busy = busy
        self._began = clock.monotonic()
        self._first = True

    def step(self) -> Wake:
        """One look."""
        self._workers()
        self._disk()
        self._held()
        more = self._failed()
        self._waiting()
        self._alerts.clear("journal")  # it has just answered
        if not self._first and self._clock.monotonic() - self._began >= UNSEEN:
            self._forget()
        self._first = False
        self._alerts.save()
        return 0.0 if more else EVERY

    def _workers(self) -> None:
        for name, seconds in self._busy():
            if seconds is not None and seconds > self._limits.busy:
                what = "the look into the folder" if name.startswith("intake:") else "its step"
                self._alerts.raise_(
                    f"worker:{name}",
                    f"the worker {name} does not come back: {what} takes longer than {self._limits.busy:.0f} s; "
                    "a share or a provider does not answer",
                )
            else:
                self._alerts.clear(f"worker:{name}")

    def _disk(self) -> None:
        key = f"disk:{self._state}"
        try:
            free = self._files.free_space(self._state)
        except FilesError as error:
            self._alerts.raise_(key, f"the state folder {self._state} cannot be looked at: {error.reason}")
            return
        if free < self._limits.free:
            wanted = self._limits.free // 2**20
            self._alerts.raise_(key, f"less than {wanted} MiB are free at {self._state}; make room")
        else:
            self._alerts.clear(key)

    def _held(self) -> None:
        rows = self._journal.find(Filter(states=("held",), limit=_HELD))
        held: dict[str, list[Row]] = {}
        for row in sorted(rows, key=lambda row: row.recipient):
            held.setdefault(f"{'held' if row.direction == 'out' else 'fax'}:{row.fax_id}", []).append(row)
        known = self._alerts.problems()
        for key, parts in held.items():
            if key not in known and self._limits.alone and self._settled(parts):
                self._alerts.raise_(key, _why_held(parts))
        if len(rows) < _HELD:
            for key in known:
                if key.startswith("held:") and key not in held and is_fax_id(key.removeprefix("held:")):
                    self._alerts.clear(key)

    def _settled(self, parts: Sequence[Row]) -> bool:
        return all(self._clock.now() - row.updated >= _SETTLE for row in parts)

    def _failed(self) -> bool:
        """Whether there is more."""
        mark = self._alerts.marks.get(FAILED)
        if mark is None:  # the first start with alerts: what was before is nobody's news
            self._alerts.marks[FAILED] = self._journal.last_event()
            self._alerts.save(always=True)
            return False
        found = self._journal.reported_after(mark, _BATCH)
        for event, fax_id in found:
            reasons = self._reasons(fax_id)
            if reasons:
                self._alerts.happened(f"failed:{fax_id}", f"fax {fax_id} failed: {'; '.join(reasons)}")
            self._alerts.marks[FAILED] = event
        if found:
            self._alerts.save(always=True)
        return len(found) == _BATCH

    def _reasons(self, fax_id: FaxId) -> list[str]:
        try:
            facts = self._journal.life(fax_id).facts
        except UserError:
            return []  # cleared away meanwhile
        parts: Sequence[Mapping[str, object]] = facts["recipients"]
        return [str(part["reason"]) for part in parts if part["state"] == Outbound.FAILED.value]

    def _waiting(self) -> None:
        found = self._journal.oldest_waiting() if self._limits.waiting else None
        if found is None or self._clock.now() - found[1] < timedelta(seconds=self._limits.waiting):
            self._alerts.clear("waiting")
            return
        fax_id, since = found
        self._alerts.raise_(
            "waiting",
            f"fax {fax_id} has been waiting since {since:%Y-%m-%d %H:%M} UTC to be taken by an account; "
            "`faxdaemon status` tells which account is paused, and why",
        )

    def _forget(self) -> None:
        """What nobody has met since the start, unless it is about a fax that is not done."""
        unseen = [key for key, problem in self._alerts.problems().items() if not problem.seen]
        self._alerts.seen([key for key in unseen if self._goes_on(key)])
        self._alerts.end_unseen()

    def _goes_on(self, key: str) -> bool:
        fax_id = key.partition(":")[2]
        if not is_fax_id(fax_id):
            return False
        try:
            facts = self._journal.life(fax_id).facts
        except UserError:
            return False
        states = [part["state"] for part in facts["recipients"]] if "recipients" in facts else [facts["state"]]
        return any(state not in _ENDED for state in states)


def _why_held(parts: Sequence[Row]) -> str:
    """In the words of whoever held it."""
    why = "; ".join(row.reason for row in parts if row.reason)
    if parts[0].direction == "out":
        return f"fax {parts[0].fax_id} is held for a person to decide: {why}"
    return f"received fax {parts[0].fax_id} is held: {why}"
