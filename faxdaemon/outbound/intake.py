"""Intake: a drop becomes ours (steps O1 to O5 of the protocol).

Promise   a complete drop (see `readiness` and `grouping`) is taken once and whole.  What is taken is never left without
          a row in the journal; what cannot be read is recorded as failed with the reason.  Without room nothing is
          taken: drops stay where people put them.
Needs     a hidden work folder on the drop folder's own file system.
Crash     after the claim: the next start finds the claim without a row and goes on with it under the same id; of a
          drop of several files, it claims those that were left behind.
          After the copy: copied again.  After the commit: a claim with a row is the normal picture; the claimed
          original stays, as the second copy, until it is published in `sent/`, `failed/` or `held/`.  Where the spool
          has lost its copy, the next start makes it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import structlog

from faxdaemon.contracts.alert import Alert
from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.files import Files
from faxdaemon.contracts.journal import HeldDrop, OutboundJournal
from faxdaemon.contracts.stage import Wake
from faxdaemon.core.errors import FilesError, FolderOffline
from faxdaemon.core.ids import FaxId, new_fax_id
from faxdaemon.core.model import Drop
from faxdaemon.core.places import DropPlaces, Spool, claimant
from faxdaemon.outbound import shown
from faxdaemon.outbound.attachments import Attachments
from faxdaemon.outbound.grouping import Group, Grouping
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
"""The id that a drop was given, and where it is now: a file, or a folder of that name with the files in it."""


class Intake:
    """Takes drops from one folder."""

    def __init__(
        self,
        readiness: Readiness,
        grouping: Grouping,
        attachments: Attachments,
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
        self._grouping = grouping
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
        self._spooling = Spooling(places, spool, files=files, grouping=grouping, attachments=attachments)
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
        groups = self._grouping.groups(self._readiness.ready(BATCH))
        if groups:
            self._take_over(self._claim(groups))
        waits = [self._readiness.wait(), self._grouping.wait(), TROUBLE if self._deferred else None]
        return min(wait for wait in waits if wait is not None)

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

    def _claim(self, groups: Sequence[Group]) -> list[Claim]:
        stamp = int(self._clock.now().timestamp() * 1000)
        claims: list[tuple[Claim, list[tuple[Path, Path]]]] = []
        for group in groups:
            fax_id = new_fax_id(stamp, self._clock.entropy(10))
            targets = self._places.claimed_together(fax_id, [path.name for path in group])
            place = targets[0] if targets[0].parent == self._places.claims else targets[0].parent
            claims.append(((fax_id, place), list(zip(group, targets, strict=True))))
        self._files.make_dirs([place for (fax_id, place), _ in claims if place.name == fax_id])
        try:
            self._files.move([move for _, moves in claims for move in moves])
        except FilesError:
            # One of the batch could not be renamed (taken back, locked, not ours to move): the others must not suffer.
            return [claim for claim, moves in claims if self._claim_each(moves)]
        self._alert.clear(self._unclaimed)
        return [claim for claim, _ in claims]

    def _claim_each(self, moves: Sequence[tuple[Path, Path]]) -> bool:
        """Whether all of one drop is claimed now.  Of several files, those that are claimed are found again with the
        claims of an earlier life, and completed.  None is claimed without the first, the control file: alone it would
        be another drop."""
        done = 0
        for move in moves:
            if not self._claim_one(*move):
                break
            done += 1
        if 0 < done < len(moves):
            self._orphans = None
            self._deferred.clear()
        return done == len(moves)

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
        """Remove a claim's own folder, if it has one and is empty."""
        if target.parent != self._places.claims and not self._inside(target.parent):
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
                    found.append((fax_id, entry.path))
        known = self._journal.known([fax_id for fax_id, _ in found]) if found else frozenset()
        for claim in found:
            if claim[0] in known:
                self._copy_again(*claim)
        return sorted(claim for claim in found if claim[0] not in known)

    def _copy_again(self, fax_id: FaxId, place: Path) -> None:
        """Rule W1: the claimed original is the second copy, for when the spool has lost the first."""
        try:
            claimed = self._claimed(fax_id, place)
            if claimed and self._spooling.restore(fax_id, claimed):
                log.warning("a document that the spool had lost was copied again", fax=fax_id)
        except FilesError as error:
            self._alert.raise_(f"spool:{fax_id}", f"the document of {fax_id} cannot be copied again: {error.reason}")

    def _claimed(self, fax_id: FaxId, place: Path) -> list[Path]:
        """The files of a claim."""
        return self._inside(place) if place.name == fax_id else [place]

    def _inside(self, folder: Path) -> list[Path]:
        if self._files.stat(folder) is None:
            return []
        with self._files.scan(folder) as entries:
            return sorted(entry.path for entry in entries)

    def _completed(self, place: Path) -> list[Path]:
        """The files of a claim that has a folder of its own, with those that a crash has left in the drop folder."""
        self._files.sync([place])
        claimed = self._inside(place)
        read = self._grouping.control({path.name: path for path in claimed})
        if read is not None:
            left = self._grouping.gather(read, [path.name for path in claimed], self._places.folder)
            self._files.move([(path, place / path.name) for path in left])
            claimed += [place / path.name for path in left]
        if not claimed:
            self._files.remove([place])
        return claimed

    def _take_over(self, claims: list[Claim]) -> None:
        drops: list[Drop] = []
        for claim in claims:
            try:
                taken = self._copied(*claim)
            except FilesError as error:  # one bad file must not stop the others; its claim keeps it safe
                self._deferred[claim] = self._clock.monotonic() + TROUBLE
                self._alert.raise_(f"drop:{claim[0]}", f"drop {claim[0]} cannot be taken in yet: {error.reason}")
            else:
                self._alert.clear(f"drop:{claim[0]}")
                drops += taken
        if not drops:
            return
        folders = {self._spool.path(document.spool).parent for drop in drops for document in drop.documents}
        self._files.sync(folders)
        # First this: a person who moves a held fax back wants it sent, and route must know that before it decides.
        self._settle_held(drops)
        self._journal.accept(drops)

    def _copied(self, fax_id: FaxId, place: Path) -> list[Drop]:
        if self._files.stat(place) is None:
            self._mark.check()  # the claim is gone only if the folder is not
            return []
        claimed = self._completed(place) if place.name == fax_id else [place]
        if not claimed:
            return []
        drops = self._spooling.copy(fax_id, claimed)
        if drops is None:
            self._give_back(fax_id, claimed)
        return drops or []

    def _give_back(self, fax_id: FaxId, claimed: Sequence[Path]) -> None:
        """Somebody was still writing to it after all: it goes back and is looked at again later."""
        log.info("drop changed while it was claimed", fax=fax_id)
        names = [self._spooling.name(fax_id, path) for path in claimed]
        self._files.move([(path, self._places.folder / name) for path, name in zip(claimed, names, strict=True)])
        self._forget(claimed[0])
        for name in names:
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
        return drop.origin.name in names and not shown.lead(self._files, old.fax_id, old.published, old.sha256)
