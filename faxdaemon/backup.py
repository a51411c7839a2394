"""Backup and restore: the journal, our copies of the documents, and the marks of the drop folders.

Promise   a backup is consistent although the daemon goes on: the journal is copied first, as it was at one moment, and
          then every document that this copy names, each checked by its hash.  A restored site sends and delivers
          nothing by itself that may have been sent or delivered since: it waits for a person.
Needs     a new or empty folder; for restoring, a state folder without a journal, and no daemon.
Crash     a backup without `backup.json` is none.  A restore that was cut off has no journal in its place yet, and is
          simply made again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from faxdaemon import __version__
from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.files import Files, Kind
from faxdaemon.contracts.journal import Journal
from faxdaemon.contracts.journal.copying import Spooled
from faxdaemon.core.errors import FilesError, UserError
from faxdaemon.core.naming import fit
from faxdaemon.core.places import MARK, DropPlaces, Spool, claimant
from faxdaemon.outbound.mark import FolderMark

SCHEMA = 1
MANIFEST = "backup.json"
JOURNAL = "journal.sqlite3"
FOLDERS = "folders"
_PAGE = 500
_DIRECTIONS = ("out", "in")


@dataclass(slots=True)
class Made:
    """What a backup holds."""

    at: str
    node: str
    version: str = __version__
    schema: int = SCHEMA
    documents: int = 0
    size: int = 0
    """Bytes of documents."""
    missing: list[str] = field(default_factory=list)
    """Documents that were cleared away meanwhile, or are lost."""
    damaged: list[str] = field(default_factory=list)
    """Documents that are not what the journal says."""

    def plain(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


class Backup:
    """Makes one backup in `target`."""

    def __init__(self, target: Path, spool: Spool, *, files: Files, clock: Clock) -> None:
        self._target = target
        self._there = Spool(target)
        self._spool = spool
        self._files = files
        self._clock = clock

    def prepare(self, *, journal: bool) -> Path:
        """The folder, and in it the empty file for the `journal`, which only we may read.  `UserError`."""
        files = self._files
        if self._spool.state in (self._target, *self._target.parents):
            raise UserError(f"{self._target} lies in the state folder; a backup belongs elsewhere, on another disk")
        if files.stat(self._target) is not None:
            with files.scan(self._target) as entries:
                if next(entries, None) is not None:
                    raise UserError(f"{self._target} is not empty; name a new folder for each backup")
        files.make_dirs([self._target, self._there.root])
        if journal:
            files.write_new(self._target / JOURNAL, [])
        return self._target / JOURNAL

    def documents(self, journal: Journal, node: str) -> Made:
        """Everything that the copied journal names; then the backup is one."""
        made = Made(self._clock.now().isoformat(timespec="seconds"), node)
        folders: set[Path] = {self._target}
        for one in every(journal):
            self._copy(one, made, folders)
        marks = self._spool.state / FOLDERS
        if self._files.stat(marks) is not None:
            self._files.make_dirs([self._target / FOLDERS])
            for path in listed(self._files, marks):
                self._files.copy_new(path, self._target / FOLDERS / path.name)
            folders.add(self._target / FOLDERS)
        self._files.sync(sorted(folders))
        self._files.write_new(self._target / MANIFEST, [json.dumps(made.plain(), indent=2).encode() + b"\n"])
        self._files.sync([self._target])
        return made

    def _copy(self, one: Spooled, made: Made, folders: set[Path]) -> None:
        source, target = self._spool.path(one.name), self._there.path(one.name)
        if self._files.stat(source) is None:
            made.missing.append(one.name)
            return
        if target.parent not in folders:
            self._files.make_dirs([target.parent])
            folders.add(target.parent)
        try:
            written = self._files.copy_new(source, target)
        except FilesError:
            if self._files.stat(source) is not None:
                raise
            made.missing.append(one.name)  # cleared away at this very moment
            return
        made.documents += 1
        made.size += written.size
        if written.sha256 != one.sha256:
            made.damaged.append(one.name)


class Restore:
    """Puts a backup into the place of a lost state folder."""

    def __init__(self, source: Path, spool: Spool, *, files: Files) -> None:
        self._source = source
        self._spool = spool
        self._files = files

    @property
    def work(self) -> Path:
        """Where the journal is made ready."""
        return self._spool.state / "restored"

    def check(self) -> dict[str, Any]:
        """What the backup says of itself.  `UserError` where it is none, or something is there already."""
        manifest = self._source / MANIFEST
        if self._files.stat(manifest) is None:
            raise UserError(f"{self._source} is no whole backup: it has no {MANIFEST}")
        journal = self._spool.state / JOURNAL
        if self._files.stat(journal) is not None:
            raise UserError(f"{journal} is there; move it away first, with everything in {self._spool.state}")
        with self._files.read(manifest) as stream:
            found: dict[str, Any] = json.loads(stream.read())
        return found

    def documents(self) -> None:
        """Our copies, the marks, and the journal into its work folder."""
        files, there = self._files, Spool(self._source)
        for name in (FOLDERS, *(f"spool/{d}/{p.name}" for d in _DIRECTIONS for p in listed(files, there.root / d))):
            source, target = self._source / name, self._spool.state / name
            files.make_dirs([target])
            for path in listed(files, source):
                files.copy_new(path, target / path.name)
            files.sync([target])
        files.make_dirs([self.work])
        for path in listed(files, self.work):  # of a restore that was cut off
            files.remove([path])
        files.copy_new(self._source / JOURNAL, self.work / JOURNAL)
        files.sync([self.work])

    def claims(self, journal: Journal, places: Sequence[DropPlaces]) -> list[Path]:
        """Claims that the restored journal does not know were taken after the backup, and may have been sent: they go
        to `held/`, from where a person may drop them again.  Returns where they are."""
        try:
            for place in places:
                mark = FolderMark(place, self._spool, files=self._files)
                if mark.known and self._lost(place):
                    mark.forget()
                elif mark.known:
                    mark.check()  # before anything is moved: a share that is away would bring its claims later
            return [path for place in places for path in self._claims_of(journal, place)]
        except FilesError as error:
            raise UserError(f"{error.reason}; then restore once more") from None

    def _lost(self, place: DropPlaces) -> bool:
        """Whether it is a folder of our own, and is gone with the state folder: no share will bring it back."""
        return place.folder.is_relative_to(self._spool.state) and self._files.stat(place.folder) is None

    def _claims_of(self, journal: Journal, place: DropPlaces) -> list[Path]:
        if self._files.stat(place.claims) is None:
            return []
        claims = {path: fax_id for path in listed(self._files, place.claims) if (fax_id := claimant(path.name))}
        known = journal.known(list(claims.values()))
        moves: list[tuple[Path, Path]] = []
        for path, fax_id in sorted(claims.items()):
            if fax_id in known:
                continue
            entry = self._files.stat(path)
            inside = listed(self._files, path) if entry is not None and entry.kind is Kind.FOLDER else [path]
            for one in inside:
                name = Path(one.name.partition(MARK)[2] if one == path else one.name)
                moves.append((one, place.folder / "held" / fit(f"{name.stem}.{fax_id}", name.suffix)))
        self._files.make_dirs([place.folder / "held"])
        self._files.move(moves)
        return [target for _, target in moves]

    def finish(self) -> None:
        """The journal into its place: from here on it is restored."""
        left = [path.name for path in listed(self._files, self.work) if path.name.endswith("-wal")]
        if left:
            raise UserError(f"{self.work}: the journal was not closed; restore once more")
        self._files.move([(self.work / JOURNAL, self._spool.state / JOURNAL)])
        for path in listed(self._files, self.work):
            self._files.remove([path])
        self._files.remove([self.work])


def listed(files: Files, folder: Path) -> list[Path]:
    """What lies in a folder, if there is one."""
    if files.stat(folder) is None:
        return []
    with files.scan(folder) as entries:
        return sorted(entry.path for entry in entries)


def every(journal: Journal) -> Iterator[Spooled]:
    """All our copies."""
    for direction in _DIRECTIONS:
        after = ""
        while found := journal.spooled(direction, after, _PAGE):
            after = found[-1].fax_id
            yield from found
