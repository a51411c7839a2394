"""Intake: a drop becomes ours (steps O1 to O5 of the protocol).

Promise   a complete file (see `readiness`) is taken once and whole.  What is taken is never left without a row in the
          journal; what cannot be read is recorded as failed with the reason.  Without room nothing is taken: drops stay
          where people put them.
Needs     a hidden work folder on the drop folder's own file system.
Crash     after the claim: the next start finds the claim without a row and goes on with it under the same id.
          After the copy: copied again.  After the commit: a claim with a row is the normal picture; the claimed
          original stays, as the second copy, until it is published in `sent/`, `failed/` or `held/`.  Where the spool
          has lost its copy, the next start makes it again.
"""

from __future__ import annotations

from pathlib import Path

import structlog

from faxdaemon.contracts.alert import Alert
from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.files import Entry, Files, Kind
from faxdaemon.contracts.journal import HeldDrop, OutboundJournal
from faxdaemon.contracts.stage import Wake
from faxdaemon.core.errors import FilesError, FolderOffline
from faxdaemon.core.ids import FaxId, new_fax_id
from faxdaemon.core.model import Drop
from faxdaemon.core.places import DropPlaces, Spool, claimant
from faxdaemon.outbound import shown
from faxdaemon.outbound.mark import FolderMark
from faxdaemon.outbound.readiness import Readiness
from faxdaemon.outbound.spooling import Spooling

log = structlog.get_logger()

BATCH = 32
"""Drops taken with one commit.  Large enough to share the fsyncs, small enough that the first is not kept waiting."""
RESERVE = 64 * 1024 * 1024
"""Bytes that stay free on the spool's file system, for the journal and for answers."""
TROUBLE = 10.0
NO_ROOM = 5.0
"""Seconds until a folder in trouble, or a full disk, is looked at again."""


Claim = tuple[FaxId, Path]
"""The id that a drop was given, and where its file is now."""


class Intake:
    """Takes drops from one folder."""

    def __init__(
        self,
        readiness: Readiness,
        places: DropPlaces,
        spool: Spool,
        *,
        files: Files,
        journal: OutboundJournal,
        clock: Clock,
        alert: Alert,
        reserve: int = RESERVE,
    ) -> None:
        self._readiness = readiness
        self._places = places
        self._spool = spool
        self._files = files
        self._journal = journal
        self._clock = clock
        self._alert = alert
        self._reserve = reserve
        self._orphans: list[Claim] | None = None
        self._deferred: dict[Claim, float] = {}
        self._mark = FolderMark(places, spool, files=files)
        self._spooling = Spooling(places, spool, files=files)
        self._trouble = f"folder:{places.folder}"
        self._unclaimed = f"claim:{places.folder}"
        self._full = f"space:{spool.root}"

    def step(self) -> Wake:
        """Take at most one batch."""
        try:
            wait = self._step()
        except FilesError as error:
            self._readiness.abandon()
            self._orphans = None  # claims that got no row yet are found again
            self._deferred.clear()  # likewise; one that got its row must never be copied over its spooled document
            self._alert.raise_(self._trouble, f"drop folder {self._places.folder} cannot be used: {error.reason}")
            return TROUBLE
        self._alert.clear(self._trouble)
        return wait

    def _step(self) -> Wake:
        if not self._room():
            return NO_ROOM
        if self._files.stat(self._places.folder) is None:  # never created here: it may be a share that is not mounted
            raise FolderOffline("it does not exist; create it, or mount it")
        if self._orphans is None:
            self._mark.open(self._clock.entropy)
            self._orphans = self._unrecorded_claims()
        now = self._clock.monotonic()
        due = [claim for claim, at in self._deferred.items() if at <= now]
        if due:
            del self._deferred[due[0]]
            self._take_over(due[:1])
        if self._orphans:
            batch, self._orphans = self._orphans[:BATCH], self._orphans[BATCH:]
            self._take_over(batch)
            return 0.0
        ready = self._readiness.ready(BATCH)
        if ready:
            self._take_over(self._claim(ready))
        wait = self._readiness.wait()
        return min(wait, TROUBLE) if self._deferred else wait

    def _room(self) -> bool:
        free = self._files.free_space(self._spool.state)
        if free < self._reserve:
            self._alert.raise_(
                self._full,
                f"{self._spool.root}: less than {self._reserve // 2**20} MiB free; "
                "drops stay where they are until there is room",
            )
            return False
        self._alert.clear(self._full)
        return True

    # -- O1: claim

    def _claim(self, entries: list[Entry]) -> list[Claim]:
        stamp = int(self._clock.now().timestamp() * 1000)
        moves = []
        claims = []
        for entry in entries:
            fax_id = new_fax_id(stamp, self._clock.entropy(10))
            target = self._places.claimed(fax_id, entry.path.name)
            moves.append((entry.path, target))
            claims.append((fax_id, target))
        self._files.make_dirs([target.parent for _, target in claims if target.parent != self._places.claims])
        try:
            self._files.move(moves)
        except FilesError:
            # One of the batch could not be renamed (taken back, locked, not ours to move): the others must not suffer.
            return [claim for claim, pair in zip(claims, moves, strict=True) if self._claim_one(*pair)]
        self._alert.clear(self._unclaimed)
        return claims

    def _claim_one(self, path: Path, target: Path) -> bool:
        if self._files.stat(target) is not None:
            return True  # moved before the batch failed
        try:
            self._files.move([(path, target)])
        except FilesError as error:
            if self._files.stat(path) is not None:
                self._alert.raise_(self._unclaimed, f"a drop in {self._places.folder} cannot be taken: {error.reason}")
            self._forget(target)
            return False
        return True

    def _forget(self, target: Path) -> None:
        """Remove a claim's own folder, if it has one."""
        if target.parent != self._places.claims:
            self._files.remove([target.parent])

    # -- O2 to O4: copy and commit

    def _unrecorded_claims(self) -> list[Claim]:
        """Claims of an earlier life that the journal does not know."""
        self._files.sync([self._places.folder, self._places.claims])  # whoever renamed may have died before syncing
        found: list[Claim] = []
        with self._files.scan(self._places.claims) as entries:
            for entry in entries:
                fax_id = claimant(entry.path.name)
                if fax_id is not None:
                    found += [(fax_id, entry.path)] if entry.kind is not Kind.FOLDER else self._in_folder(fax_id, entry)
        known = self._journal.known([fax_id for fax_id, _ in found]) if found else frozenset()
        for claim in found:
            if claim[0] in known:
                self._copy_again(*claim)
        return sorted(claim for claim in found if claim[0] not in known)

    def _copy_again(self, fax_id: FaxId, path: Path) -> None:
        """Rule W1: the claimed original is the second copy, for when the spool has lost the first."""
        try:
            if self._spooling.restore(fax_id, path):
                log.warning("a document that the spool had lost was copied again", fax=fax_id)
        except FilesError as error:
            self._alert.raise_(f"spool:{fax_id}", f"the document of {fax_id} cannot be copied again: {error.reason}")

    def _in_folder(self, fax_id: FaxId, entry: Entry) -> list[Claim]:
        """The file in a claim that has a folder of its own; or the claim itself when a folder was dropped."""
        if entry.path.name != fax_id:
            return [(fax_id, entry.path)]
        self._files.sync([entry.path])
        with self._files.scan(entry.path) as entries:
            inside = [(fax_id, each.path) for each in entries]
        if not inside:
            self._files.remove([entry.path])
        return inside

    def _take_over(self, claims: list[Claim]) -> None:
        drops: list[Drop] = []
        for claim in claims:
            try:
                drop = self._copied(*claim)
            except FilesError as error:  # one bad file must not stop the others; its claim keeps it safe
                self._deferred[claim] = self._clock.monotonic() + TROUBLE
                self._alert.raise_(f"drop:{claim[0]}", f"drop {claim[0]} cannot be taken in yet: {error.reason}")
            else:
                self._alert.clear(f"drop:{claim[0]}")
                drops += [drop] if drop else []
        if not drops:
            return
        folders = {self._spool.path(document.spool).parent for drop in drops for document in drop.documents}
        self._files.sync(folders)
        self._journal.accept(drops)
        self._settle_held(drops)

    def _copied(self, fax_id: FaxId, path: Path) -> Drop | None:
        if self._files.stat(path) is None:
            self._mark.check()  # the claim is gone only if the folder is not
            return None
        drop = self._spooling.copy(fax_id, path)
        if drop is None:
            self._give_back(fax_id, path)
        return drop

    def _give_back(self, fax_id: FaxId, path: Path) -> None:
        """Somebody was still writing to it after all: it goes back and is looked at again later."""
        log.info("drop changed while it was claimed", fax=fax_id)
        name = self._spooling.name(fax_id, path)
        self._files.move([(path, self._places.folder / name)])
        self._forget(path)
        self._readiness.look_again(name)

    # -- moving a held document back means "send it again"

    def _settle_held(self, drops: list[Drop]) -> None:
        held = self._journal.held_drops(str(self._places.folder))
        for old in held:
            for drop in drops:
                if self._dropped_again(old, drop) and self._journal.superseded(old.fax_id, drop.fax_id):
                    outdated = shown.answers(self._files, old.fax_id, old.published)
                    self._files.remove([Path(path) for path, _ in outdated])
                    self._alert.clear(f"held:{old.fax_id}")

    def _dropped_again(self, old: HeldDrop, drop: Drop) -> bool:
        """Whether `drop` is the held fax's document, moved back from where it was shown."""
        target = old.published.get("document")
        if target is None or old.sha256 not in {document.sha256 for document in drop.documents}:
            return False
        if any(self._files.stat(Path(source)) is not None for source, _ in old.published["moves"]):
            return False  # it was not shown yet: this is another fax, of the same content
        names = {path.name for path in shown.places(old.fax_id, target)}
        return drop.origin.name in names and shown.document(self._files, old.fax_id, old.published, old.sha256) is None
