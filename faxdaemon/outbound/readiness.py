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
        self.leave: Callable[[str], bool] = lambda _: False
        """Names besides the temporary ones that are never drops: answers that lie here for the asker."""
        self._pace = pace
        self._places = places
        self._files = files
        self._documents = documents
        self._clock = clock
        self._hints: deque[tuple[str, bool]] = deque()
        self._lock = threading.Lock()
        self._scan_at = 0.0
        self._unsettled: dict[str, float] = {}
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
        """Up to `limit` complete entries: hinted ones, then such as have settled, then what a scan shows."""
        found: dict[str, Entry] = {}  # each source sees it grow, and gives nothing twice
        for source in (self._hinted, self._settling, self._scanned):
            for entry in source(limit - len(found), found):
                found[entry.path.name] = entry
        return list(found.values())

    def wait(self) -> float:
        """Seconds until there may be something new to see, if no hint comes before."""
        if self._hints or self._entries is not None:
            return 0.0
        due = min(self._scan_at, *self._unsettled.values()) if self._unsettled else self._scan_at
        return max(0.0, due - self._clock.monotonic())

    def look_again(self, name: str) -> None:
        """`name` is not settled yet: look at it again when it may be."""
        due = self._clock.monotonic() + self._pace.settle
        if len(self._unsettled) < HINTS:
            self._unsettled.setdefault(name, due)
        else:
            self._scan_at = min(self._scan_at, due)

    def abandon(self) -> None:
        """Give up the scan under way (the folder is in trouble) and scan anew when the next is due."""
        self._walk.close()
        self._entries = None

    # -- hints

    def _hinted(self, limit: int, found: Collection[str]) -> Iterator[Entry]:
        while limit > 0:
            with self._lock:
                if not self._hints:
                    return
                name, complete = self._hints.popleft()
            if name in found or self._never(name):
                continue
            entry = self._files.stat(self._places.folder / name)
            if entry is None:
                continue
            if complete and entry.kind is Kind.FILE and self._whole(entry.path):
                self._unsettled.pop(name, None)
                limit -= 1
                yield entry
            else:
                self.look_again(name)

    def _settling(self, limit: int, found: Collection[str]) -> Iterator[Entry]:
        now = self._clock.monotonic()
        due = [name for name, at in self._unsettled.items() if at <= now and name not in found][: max(0, limit)]
        if due:
            self._now_ns = None
        for name in due:
            del self._unsettled[name]
            entry = self._files.stat(self._places.folder / name)
            if entry is not None and self._usable(entry):
                yield entry

    def _whole(self, path: Path) -> bool:
        try:
            return not self._files.being_written(path) and not self._documents.looks_cut(path)
        except (FilesError, OSError):
            return False  # unreadable: the scan takes it when it has settled, and intake says why

    # -- scans

    def _scanned(self, limit: int, found: Collection[str]) -> Iterator[Entry]:
        if limit <= 0:
            return
        entries = self._entries or self._begin_scan()
        if entries is None:
            return
        for entry in entries:
            name = entry.path.name
            if name in found or self._never(name) or (entry.kind is Kind.FOLDER and not _like_a_document(name)):
                continue
            if self._usable(entry):
                limit -= 1
                yield entry
                if limit == 0:
                    return
        self.abandon()

    def _begin_scan(self) -> Iterator[Entry] | None:
        now = self._clock.monotonic()
        if now < self._scan_at:
            return None
        self._scan_at = now + self._pace.scan
        self._now_ns = None
        self.watch()  # before the scan, so that nothing falls between the two
        self._entries = self._walk.enter_context(self._files.scan(self._places.folder))
        return self._entries

    def _usable(self, entry: Entry) -> bool:
        """Settled and not open for writing; otherwise it is looked at again."""
        if self._settled(entry) and not (entry.kind is Kind.FILE and self._files.being_written(entry.path)):
            return True
        self.look_again(entry.path.name)
        return False

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

    def _never(self, name: str) -> bool:
        return name in OUTCOMES or name == HIDDEN or is_temporary(name) or self.leave(name)

    def _file_system_time(self) -> int:
        probe = self._places.hidden / "clock"
        self._files.write_new(probe, [b""])
        entry = self._files.stat(probe)
        if entry is None:
            raise FolderOffline(f"{probe} vanished while it was written")
        return entry.changed_ns


def _like_a_document(name: str) -> bool:
    """A folder called `x.pdf` is a mistake worth an answer; other folders are nobody's drop and are left alone."""
    suffix = PurePath(name).suffix
    return bool(SUFFIX.fullmatch(suffix)) and not suffix[1:].isdigit()
