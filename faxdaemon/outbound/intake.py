"""Intake: a drop becomes ours (steps O0 to O5 of the protocol).

Promise   a file is taken once, whole, and only when it is complete: renamed in, closed after writing, or unchanged for
          the folder's settling time.  What is taken is never left without a row in the journal; what cannot be read is
          recorded as failed with the reason.
Needs     a hidden work folder on the drop folder's own file system.
Crash     after the claim: the next start finds the claim without a row and goes on with it under the same id.
          After the copy: copied again.  After the commit: a claim with a row is the normal picture.

Events are hints: they make a drop fast, the scan makes it certain.  A file that a hint calls complete but whose end is
visibly missing (an application that appends and closes, appends and closes) waits for the settling time like any other.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePath
from re import compile as regex

import structlog

from faxdaemon.contracts.alert import Alert
from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.documents import Documents
from faxdaemon.contracts.files import Entry, Files, Kind
from faxdaemon.contracts.journal import OutboundJournal
from faxdaemon.contracts.stage import Wake
from faxdaemon.core.errors import FilesError, FolderOffline
from faxdaemon.core.ids import FaxId, is_fax_id, new_fax_id
from faxdaemon.core.model import Document, Drop, Origin
from faxdaemon.core.naming import is_temporary
from faxdaemon.core.places import HIDDEN, OUTCOMES, DropPlaces, Spool

log = structlog.get_logger()

BATCH = 32
"""Drops taken with one commit.  Large enough to share the fsyncs, small enough that the first is not kept waiting."""
HINTS = 4096
"""Names remembered from events; more than that and a scan is cheaper."""
RESERVE = 64 * 1024 * 1024
"""Bytes that stay free on the spool's file system, for the journal and for answers."""
_SUFFIX = regex(r"\.[A-Za-z0-9]{1,8}")


@dataclass(frozen=True, slots=True)
class IntakeRules:
    """How one drop folder is taken in; times in seconds."""

    settle: float
    scan: float
    reserve: int = RESERVE


class Intake:
    """Takes drops from one folder.  `hint` may be called from any thread, `step` from one."""

    def __init__(
        self,
        rules: IntakeRules,
        places: DropPlaces,
        spool: Spool,
        *,
        files: Files,
        documents: Documents,
        journal: OutboundJournal,
        clock: Clock,
        alert: Alert,
    ) -> None:
        self.watch: Callable[[], object] = lambda: None
        """Called before each scan: sees that events come, if they can be had; a folder that came back is watched again."""
        self._rules = rules
        self._places = places
        self._spool = spool
        self._files = files
        self._documents = documents
        self._journal = journal
        self._clock = clock
        self._alert = alert
        self._hints: deque[tuple[str, bool]] = deque()
        self._lock = threading.Lock()
        self._scan_at = 0.0
        self._settle_at: float | None = None
        self._sighted: dict[str, tuple[tuple[int, int, int], float]] = {}
        self._orphans: list[FaxId] | None = None
        self._walk = ExitStack()
        self._entries: Iterator[Entry] | None = None
        self._now_ns: int | None = None
        self._offline = f"folder:{places.folder}"
        self._full = f"space:{spool.root}"

    # -- wake-ups

    def hint(self, name: str | None, complete: bool) -> None:
        """An event: `name` appeared (`complete`: renamed in or closed after writing); None means "look for
        yourself"."""
        with self._lock:
            if name is None or len(self._hints) >= HINTS:
                self._scan_at = 0.0
            else:
                self._hints.append((name, complete))

    # -- the stage

    def step(self) -> Wake:
        """Take at most one batch."""
        try:
            wait = self._step()
        except FolderOffline as error:
            self._stop_scan()
            self._alert.raise_(self._offline, f"drop folder {self._places.folder} cannot be used: {error.reason}")
            return self._rules.scan
        except FilesError as error:
            self._stop_scan()
            self._alert.raise_(self._offline, f"trouble in drop folder {self._places.folder}: {error.reason}")
            return min(self._rules.scan, 10.0)
        self._alert.clear(self._offline)
        return wait

    def _step(self) -> Wake:
        if not self._room():
            return 5.0
        if self._files.stat(self._places.folder) is None:  # never created here: it may be a share that is not mounted
            raise FolderOffline("it does not exist; create it, or mount it")
        if self._orphans is None:
            self._files.make_dirs(self._places.needed())
            self._orphans = self._unrecorded_claims()
        if self._orphans:
            batch, self._orphans = self._orphans[:BATCH], self._orphans[BATCH:]
            self._take_over(batch)
            return 0.0
        ready = self._hinted()
        if len(ready) < BATCH:
            ready += self._scanned(BATCH - len(ready), {entry.path.name for entry in ready})
        if ready:
            self._take_over(self._claim(ready))
        now = self._clock.monotonic()
        if self._hints or self._entries is not None:
            return 0.0
        due = self._scan_at if self._settle_at is None else min(self._scan_at, self._settle_at)
        return max(0.0, due - now)

    def _room(self) -> bool:
        free = self._files.free_space(self._spool.state)
        if free < self._rules.reserve:
            self._alert.raise_(
                self._full,
                f"{self._spool.root}: less than {self._rules.reserve // 2**20} MiB free; drops stay where they are "
                "until there is room",
            )
            return False
        self._alert.clear(self._full)
        return True

    # -- which drops are complete

    def _hinted(self) -> list[Entry]:
        ready: list[Entry] = []
        names: set[str] = set()
        while len(ready) < BATCH:
            with self._lock:
                if not self._hints:
                    break
                name, complete = self._hints.popleft()
            if name in names or self._not_a_drop(name):
                continue
            entry = self._files.stat(self._places.folder / name)
            if entry is None:
                continue
            path = entry.path
            if complete and entry.kind is Kind.FILE and entry.size and self._finished(path):
                names.add(name)
                ready.append(entry)
            else:
                self._look_again()
        return ready

    def _finished(self, path: Path) -> bool:
        try:
            return not self._files.being_written(path) and not self._documents.looks_cut(path)
        except (FilesError, OSError):
            return False  # unreadable: the settling scan takes it and says why

    def _look_again(self) -> None:
        due = self._clock.monotonic() + self._rules.settle
        self._settle_at = due if self._settle_at is None else min(due, self._settle_at)

    def _not_a_drop(self, name: str) -> bool:
        return name in OUTCOMES or name == HIDDEN or is_temporary(name)

    def _scanned(self, limit: int, taken: set[str]) -> list[Entry]:
        now = self._clock.monotonic()
        if self._entries is None:
            if now < self._scan_at and (self._settle_at is None or now < self._settle_at):
                return []
            self._scan_at = now + self._rules.scan
            self._settle_at = None
            self._now_ns = None
            self.watch()  # before the scan, so that nothing falls between the two
            self._entries = self._walk.enter_context(self._files.scan(self._places.folder))
        ready: list[Entry] = []
        for entry in self._entries:
            name = entry.path.name
            if name in taken or self._not_a_drop(name) or (entry.kind is Kind.FOLDER and not _like_a_document(name)):
                continue
            if not self._settled(entry):
                self._look_again()
            elif entry.kind is not Kind.FILE or not self._files.being_written(entry.path):
                ready.append(entry)
                if len(ready) >= limit:
                    return ready
            else:
                self._look_again()
        self._stop_scan()
        return ready

    def _stop_scan(self) -> None:
        self._walk.close()
        self._entries = None

    def _settled(self, entry: Entry) -> bool:
        """Unchanged for the settling time, by the file system's own clock, or by our own where change times can lie."""
        if self._files.change_times:
            if self._now_ns is None:
                self._now_ns = self._file_system_time()
            age_ns = self._now_ns - entry.changed_ns
            return age_ns >= self._rules.settle * 1e9
        now = self._clock.monotonic()
        facts = (entry.size, entry.modified_ns, entry.inode)
        seen, since = self._sighted.get(entry.path.name, (None, now))
        if seen != facts:
            self._sighted[entry.path.name] = (facts, now)
            return self._rules.settle == 0
        if now - since < self._rules.settle:
            return False
        del self._sighted[entry.path.name]
        return True

    def _file_system_time(self) -> int:
        """What the folder's server thinks the time is: ours may be minutes off from a share's."""
        canary = self._places.hidden / "clock"
        self._files.write_new(canary, [b""])
        entry = self._files.stat(canary)
        if entry is None:
            raise FolderOffline(f"{canary} vanished while it was written")
        return entry.changed_ns

    # -- O1: claim

    def _claim(self, entries: list[Entry]) -> list[FaxId]:
        stamp = int(self._clock.now().timestamp() * 1000)
        pairs = [(new_fax_id(stamp, self._clock.entropy(10)), entry.path) for entry in entries]
        self._files.make_dirs([self._places.claim(fax_id) for fax_id, _ in pairs])
        try:
            self._files.move([(path, self._places.claim(fax_id) / path.name) for fax_id, path in pairs])
        except FilesError:
            self._claim_singly(pairs)
        return [fax_id for fax_id, _ in pairs]

    def _claim_singly(self, pairs: list[tuple[FaxId, Path]]) -> None:
        """One of a batch could not be renamed (taken back, locked, not ours to move): the others must not suffer."""
        for fax_id, path in pairs:
            target = self._places.claim(fax_id) / path.name
            if self._files.stat(target) is not None:
                continue
            try:
                self._files.move([(path, target)])
            except FilesError as error:
                if self._files.stat(path) is not None:
                    log.warning("drop cannot be claimed", folder=str(self._places.folder), reason=error.reason)
                self._files.remove([target.parent])

    # -- O2 to O4: copy and commit

    def _unrecorded_claims(self) -> list[FaxId]:
        """Claims of an earlier life that the journal does not know."""
        with self._files.scan(self._places.claims) as entries:
            found = [FaxId(e.path.name) for e in entries if e.kind is Kind.FOLDER and is_fax_id(e.path.name)]
        known = self._journal.known(found) if found else frozenset()
        return sorted(set(found) - known)

    def _take_over(self, claims: list[FaxId]) -> None:
        drops = [drop for fax_id in claims if (drop := self._spooled(fax_id)) is not None]
        if not drops:
            return
        folders = {self._spool.path(document.spool).parent for drop in drops for document in drop.documents}
        self._files.sync(folders)
        self._journal.accept(drops)
        self._settle_held(drops)

    def _spooled(self, fax_id: FaxId) -> Drop | None:
        claim = self._places.claim(fax_id)
        with self._files.scan(claim) as entries:
            found = sorted(entries, key=lambda entry: entry.path.name)
        if not found:
            self._files.remove([claim])
            return None
        entry = found[0]
        name = entry.path.name
        origin = Origin(str(self._places.folder), name, entry.size, entry.modified_ns, entry.inode)
        problem = _unusable(entry) or self._unreadable(entry.path)
        if problem:
            return Drop(fax_id, origin, (), problem)
        suffix = PurePath(name).suffix
        spool = self._spool.name("out", fax_id, 1, suffix if _SUFFIX.fullmatch(suffix) else "")
        target = self._spool.path(spool)
        self._files.make_dirs([target.parent])
        written = self._files.copy_new(entry.path, target)
        after = self._files.stat(entry.path)
        if after is None or (after.size, after.modified_ns) != (entry.size, entry.modified_ns):
            self._give_back(fax_id, entry.path)
            return None
        return Drop(fax_id, origin, (Document(name, spool, written.size, written.sha256),))

    def _unreadable(self, path: Path) -> str | None:
        try:
            self._files.read(path).close()
        except FilesError as error:
            return error.reason
        return None

    def _give_back(self, fax_id: FaxId, path: Path) -> None:
        """Somebody was still writing to it after all: it goes back and is looked at again later."""
        log.info("drop changed while it was claimed", fax=fax_id)
        self._files.move([(path, self._places.folder / path.name)])
        self._files.remove([path.parent])
        self._look_again()

    # -- moving a held document back means "send it again"

    def _settle_held(self, drops: list[Drop]) -> None:
        held = self._journal.held_drops(str(self._places.folder))
        for old in held:
            moves = old.published.get("moves", ())
            shown = [Path(target) for _, target in moves]
            names = {path.name for path in shown}
            for drop in drops:
                same = drop.origin.name in names and old.sha256 in {d.sha256 for d in drop.documents}
                if same and self._files.stat(next(p for p in shown if p.name == drop.origin.name)) is None:
                    self._journal.superseded(old.fax_id, drop.fax_id)


def _like_a_document(name: str) -> bool:
    """A folder called `x.pdf` is a mistake worth an answer; other folders are nobody's drop and are left alone."""
    suffix = PurePath(name).suffix
    return bool(_SUFFIX.fullmatch(suffix)) and not suffix[1:].isdigit()


def _unusable(entry: Entry) -> str | None:
    if entry.kind is Kind.FOLDER:
        return "is a folder, not a document: drop the documents themselves"
    if entry.kind is Kind.LINK:
        return "is a symbolic link, and links are not followed because they can lead out of the folder: drop a copy"
    if entry.kind is Kind.OTHER:
        return "is not a regular file but a device, pipe or socket"
    try:
        entry.path.name.encode("utf-8")
    except UnicodeEncodeError:
        return "has a file name that is not UTF-8 (Latin-1 from an older system, perhaps): rename it and drop it again"
    return None
