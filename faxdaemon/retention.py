"""Retention: clearing away what is at rest and old enough, once a day (steps R1 to R4 of docs/retention.md).

Promise   nothing goes that no setting asks to go; nothing that is held, in doubt, under way or not acknowledged goes at
          all; of files, only those that still hold what we put there.  Our own copies are promised away in the journal
          first and removed then, so nothing relies on a copy that is gone; rows go last, so no file is left of which
          nobody knows.
Needs     the journal's duty `prune:<node>`; for a drop folder, the very folder in which it was published (its mark).
Crash     after R1: the files are removed at the next run.  In the middle of R2: the rest is.  After R2: told at the
          next run.  Before R4: the rows go at the next run.

Each node clears what it keeps itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from faxdaemon.contracts.alert import Alert
from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.files import Files
from faxdaemon.contracts.journal.retention import AtRest, RetentionJournal, What
from faxdaemon.contracts.stage import Wake
from faxdaemon.core.errors import FilesError
from faxdaemon.core.ids import FaxId
from faxdaemon.core.places import DropPlaces, Spool
from faxdaemon.outbound import shown
from faxdaemon.outbound.mark import FolderMark

BATCH = 200
"""Faxes in one step."""
LOOK = 3600.0
"""Seconds between two looks at the clock, at most: it may be set."""
DIRECTIONS = ("out", "in")
_FIRST = ""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Ages:
    """How long each is kept after the end of a fax, in seconds; None for ever."""

    sent: float | None = None
    failed: float | None = None
    spool: float | None = None
    journal: float | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """What is kept how long."""

    site: Ages
    folders: Mapping[str, Ages] = field(default_factory=dict)
    """By drop folder."""
    lines: Mapping[str, Ages] = field(default_factory=dict)
    """By the number called (E.164), for received faxes."""

    def age(self, item: AtRest, what: What) -> float | None:
        """Seconds."""
        own = self.folders if item.direction == "out" else self.lines
        ages = own.get((item.folder if item.direction == "out" else item.line) or "", self.site)
        if what is What.ROWS:
            return ages.journal
        if what is What.SPOOL:  # rows do not go before our copies
            known = [age for age in (ages.spool, ages.journal) if age is not None]
            return min(known, default=None)
        return ages.sent if item.overall == "sent" else ages.failed

    def shortest(self, what: What) -> float | None:
        """The shortest of all; None when nothing of the kind is ever cleared."""
        every = [self.site, *self.folders.values(), *self.lines.values()]
        ages = {
            What.SPOOL: [age for one in every for age in (one.spool, one.journal)],
            What.SHOWN: [age for one in every for age in (one.sent, one.failed)],
            What.ROWS: [one.journal for one in every],
        }[what]
        return min((age for age in ages if age is not None), default=None)


class Due:
    """Finds what is to be cleared; changes nothing."""

    def __init__(self, policy: Policy, *, journal: RetentionJournal, clock: Clock) -> None:
        self._policy = policy
        self._journal = journal
        self._clock = clock

    def found(self, what: What) -> Iterator[list[AtRest]]:
        """Batches, the oldest first; some may be empty."""
        shortest = self._policy.shortest(what)
        if shortest is None:
            return
        now = self._clock.now()
        for direction in DIRECTIONS if what is not What.SHOWN else DIRECTIONS[:1]:
            after = _FIRST
            while items := self._journal.at_rest(direction, what, now - timedelta(seconds=shortest), after, BATCH):
                after = items[-1].fax_id
                yield [item for item in items if self._is_due(item, what, now)]

    def _is_due(self, item: AtRest, what: What, now: datetime) -> bool:
        age = self._policy.age(item, what)
        if age is None or (now - item.ended).total_seconds() < age:
            return False
        if what is not What.ROWS or item.direction == "in":
            return True
        # once its rows are gone, nobody knows which files in its folder are ours
        return self._policy.age(item, What.SHOWN) is None or What.SHOWN in item.cleared


class Clearing:
    """Removes files and rows."""

    def __init__(
        self, spool: Spool, node: str, *, files: Files, journal: RetentionJournal, clock: Clock, alert: Alert
    ) -> None:
        self._spool = spool
        self._node = node
        self._files = files
        self._journal = journal
        self._clock = clock
        self._alert = alert

    def copies(self, items: Sequence[AtRest]) -> int:
        """R1 to R3 for our own copies; returns of how many faxes they went."""
        promised = set(self._journal.promise_cleared([item.fax_id for item in items]))
        return self.promised([item for item in items if item.fax_id in promised])

    def promised(self, items: Sequence[AtRest]) -> int:
        """R2 and R3."""
        if not items:
            return 0
        paths = [self._spool.path(name) for item in items for name in item.spooled]
        self._files.remove(paths)
        self._files.sync(sorted(folder for folder in {path.parent for path in paths} if self._is_there(folder)))
        self._journal.is_cleared([item.fax_id for item in items], What.SPOOL)
        for folder in sorted({path.parent for path in paths}):
            self._remove_empty(folder)
        return len(items)

    def shown(self, items: Sequence[AtRest]) -> int:
        """What lies in `sent` and `failed`; a fax that cannot be cleared now stays for the next time."""
        done: list[FaxId] = []
        for folder in sorted({item.folder or "" for item in items}):
            mine = [item for item in items if item.folder == folder]
            try:
                done += self._shown_in(DropPlaces(Path(folder), self._node), mine)
            except FilesError as error:
                self._alert.raise_(f"prune:{folder}", f"{folder} cannot be cleared of old faxes: {error.reason}")
            else:
                self._alert.clear(f"prune:{folder}")
        self._journal.is_cleared(done, What.SHOWN)
        return len(done)

    def _shown_in(self, places: DropPlaces, items: Sequence[AtRest]) -> list[FaxId]:
        mark = FolderMark(places, self._spool, files=self._files)
        mark.check()
        outcomes = (places.folder / "sent", places.folder / "failed")
        paths = [path for item in items for path in self._ours(item) if _is_below(path, outcomes)]
        self._files.remove(paths)
        parents = {path.parent for path in paths}
        self._files.sync(sorted(folder for folder in parents if self._is_there(folder)))
        mark.check()  # what was not there was gone only if the folder has not gone away meanwhile
        for folder in sorted(parents - set(outcomes)):
            if folder.name != self._clock.now().astimezone().date().isoformat():
                self._remove_empty(folder)
        return [item.fax_id for item in items]

    def _ours(self, item: AtRest) -> list[Path]:
        """The files of its report that still hold what we put there."""
        plan = item.plan or {}
        found = [Path(path) for path, _ in shown.answers(self._files, item.fax_id, plan)]
        for name, target in plan.get("documents", {}).items():
            places = shown.places(item.fax_id, target)
            found += [path for path in places if shown.holds(self._files, path, item.digests.get(name, ""))]
        return found + [Path(p) for p, digest in item.pictures.items() if shown.holds(self._files, Path(p), digest)]

    def _is_there(self, folder: Path) -> bool:
        return self._files.stat(folder) is not None

    def _remove_empty(self, folder: Path) -> None:
        with suppress(FilesError):  # it stays, then
            with self._files.scan(folder) as entries:
                empty = next(entries, None) is None
            if empty:
                self._files.remove([folder])


def _is_below(path: Path, folders: Sequence[Path]) -> bool:
    return any(folder in path.parents for folder in folders)


class PruneStage:
    """Clears away, once a day."""

    def __init__(
        self,
        duty: str,
        due: Due,
        clearing: Clearing,
        until: Callable[[], float],
        *,
        journal: RetentionJournal,
        alert: Alert,
    ) -> None:
        """`until` tells the seconds until the hour."""
        self._duty = duty
        self._due = due
        self._clearing = clearing
        self._until = until
        self._journal = journal
        self._alert = alert
        self._run: Iterator[Wake] | None = None

    def step(self) -> Wake:
        """One batch, when the hour has come."""
        if self._run is None:
            wait = self._journal.take_daily(self._duty, self._until())
            if wait > 0:
                return min(wait, LOOK)
            self._run = self._work()
        try:
            return next(self._run)
        except StopIteration:
            self._run = None
        except FilesError as error:
            self._run = None
            self._alert.raise_("prune", f"old faxes could not be cleared away: {error.reason}")
        return 0.0

    def _work(self) -> Iterator[Wake]:
        went: Counter[str] = Counter()
        yield from run(self._due, self._clearing, self._journal, went)
        self._alert.clear("prune")
        log.info("pruned", **went)


def run(due: Due, clearing: Clearing, journal: RetentionJournal, went: Counter[str]) -> Iterator[Wake]:
    """One round, a batch at a time; `went` counts the faxes by what went of them."""
    while items := journal.promised(BATCH):  # of an earlier life
        went[What.SPOOL.value] += clearing.promised(items)
        yield 0.0
    acts: Mapping[What, Callable[[Sequence[AtRest]], int]] = {
        What.SHOWN: clearing.shown,
        What.SPOOL: clearing.copies,
        What.ROWS: lambda items: journal.forget([item.fax_id for item in items]),
    }
    for what, act in acts.items():
        for items in due.found(what):
            count = act(items) if items else 0
            if count:
                went[what.value] += count
            yield 0.0
