"""Readiness: which files of a drop folder are complete (step O0).

Promise   a file is called ready when it was renamed in, or closed after writing with nothing visibly missing, or has
          been unchanged for the settling time with nobody writing.  Temporary names are never ready.  Every file is
          found by a scan sooner or later, whatever the events told.
Needs     a listing, and where they can be had: events, change times, leases.
Crash     keeps only hints and sightings; the next scan sees what it sees.

Events are hints: they make a drop fast, the scan makes it certain.  A file that a hint calls complete but whose end is
visibly missing (an application that appends and closes, appends and closes) waits for the settling time like any other.

Settled means unchanged by the *file system's* clock, read from a file of our own written there: a share's server may be
minutes off, and a copied file's modification time is as old as its original's.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePath
from re import compile as regex

from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.documents import Documents
from faxdaemon.contracts.files import Entry, Files, Kind
from faxdaemon.core.errors import FilesError, FolderOffline
from faxdaemon.core.naming import is_temporary
from faxdaemon.core.places import HIDDEN, OUTCOMES, DropPlaces

HINTS = 4096
"""Names remembered from events; more than that and a scan is cheaper."""
SUFFIX = regex(r"\.[A-Za-z0-9]{1,8}")


@dataclass(frozen=True, slots=True)
class Pace:
    """When a drop folder is looked at; seconds."""

    settle: float
    scan: float


class Readiness:
    """Watches over one drop folder.  `hint` may be called from any thread, the rest from one."""

    def __init__(self, pace: Pace, places: DropPlaces, *, files: Files, documents: Documents, clock: Clock) -> None:
        self.watch: Callable[[], object] = lambda: None
        """Called before each scan: sees that events come, if they can be had, also of a folder that came back."""
        self._pace = pace
        self._places = places
        self._files = files
        self._documents = documents
        self._clock = clock
        self._hints: deque[tuple[str, bool]] = deque()
        self._lock = threading.Lock()
        self._scan_at = 0.0
        self._settle_at: float | None = None
        self._sighted: dict[str, tuple[tuple[int, int, int], float]] = {}
        self._walk = ExitStack()
        self._entries: Iterator[Entry] | None = None
        self._now_ns: int | None = None

    def hint(self, name: str | None, complete: bool) -> None:
        """An event: `name` appeared (`complete`: renamed in or closed after writing); None means "look for
        yourself"."""
        with self._lock:
            if name is None or len(self._hints) >= HINTS:
                self._scan_at = 0.0
            else:
                self._hints.append((name, complete))

    def ready(self, limit: int) -> list[Entry]:
        """Up to `limit` complete entries: hinted ones first, then what a scan shows, if one is due or under way."""
        found = self._hinted(limit)
        if len(found) < limit:
            found += self._scanned(limit - len(found), {entry.path.name for entry in found})
        return found

    def wait(self) -> float:
        """Seconds until there may be something new to see, if no hint comes before."""
        if self._hints or self._entries is not None:
            return 0.0
        due = self._scan_at if self._settle_at is None else min(self._scan_at, self._settle_at)
        return max(0.0, due - self._clock.monotonic())

    def look_again(self) -> None:
        """Something is not settled yet: scan again when it may be."""
        due = self._clock.monotonic() + self._pace.settle
        self._settle_at = due if self._settle_at is None else min(due, self._settle_at)

    def abandon(self) -> None:
        """Give up the scan under way (the folder is in trouble) and scan anew when the next is due."""
        self._walk.close()
        self._entries = None

    # -- hints

    def _hinted(self, limit: int) -> list[Entry]:
        ready: dict[str, Entry] = {}
        while len(ready) < limit:
            with self._lock:
                if not self._hints:
                    break
                name, complete = self._hints.popleft()
            if name in ready or _never(name):
                continue
            entry = self._files.stat(self._places.folder / name)
            if entry is None:
                continue
            if complete and entry.kind is Kind.FILE and self._whole(entry.path):
                ready[name] = entry
            else:
                self.look_again()
        return list(ready.values())

    def _whole(self, path: Path) -> bool:
        try:
            return not self._files.being_written(path) and not self._documents.looks_cut(path)
        except (FilesError, OSError):
            return False  # unreadable: the scan takes it when it has settled, and intake says why

    # -- scans

    def _scanned(self, limit: int, taken: Collection[str]) -> list[Entry]:
        entries = self._entries or self._begin_scan()
        if entries is None:
            return []
        ready: list[Entry] = []
        for entry in entries:
            name = entry.path.name
            if name in taken or _never(name) or (entry.kind is Kind.FOLDER and not _like_a_document(name)):
                continue
            if not self._settled(entry) or (entry.kind is Kind.FILE and self._files.being_written(entry.path)):
                self.look_again()
                continue
            ready.append(entry)
            if len(ready) >= limit:
                return ready
        self.abandon()
        return ready

    def _begin_scan(self) -> Iterator[Entry] | None:
        now = self._clock.monotonic()
        if now < self._scan_at and (self._settle_at is None or now < self._settle_at):
            return None
        self._scan_at = now + self._pace.scan
        self._settle_at = None
        self._now_ns = None
        self.watch()  # before the scan, so that nothing falls between the two
        self._entries = self._walk.enter_context(self._files.scan(self._places.folder))
        return self._entries

    def _settled(self, entry: Entry) -> bool:
        if self._files.change_times:
            if self._now_ns is None:
                self._now_ns = self._file_system_time()
            return self._now_ns - entry.changed_ns >= self._pace.settle * 1e9
        # Where change times can lie, two sightings must agree, a settling time apart.
        now = self._clock.monotonic()
        facts = (entry.size, entry.modified_ns, entry.inode)
        seen, since = self._sighted.get(entry.path.name, (None, now))
        if seen != facts:
            self._sighted[entry.path.name] = (facts, now)
            return self._pace.settle == 0
        if now - since < self._pace.settle:
            return False
        del self._sighted[entry.path.name]
        return True

    def _file_system_time(self) -> int:
        probe = self._places.hidden / "clock"
        self._files.write_new(probe, [b""])
        entry = self._files.stat(probe)
        if entry is None:
            raise FolderOffline(f"{probe} vanished while it was written")
        return entry.changed_ns


def _never(name: str) -> bool:
    return name in OUTCOMES or name == HIDDEN or is_temporary(name)


def _like_a_document(name: str) -> bool:
    """A folder called `x.pdf` is a mistake worth an answer; other folders are nobody's drop and are left alone."""
    suffix = PurePath(name).suffix
    return bool(SUFFIX.fullmatch(suffix)) and not suffix[1:].isdigit()
