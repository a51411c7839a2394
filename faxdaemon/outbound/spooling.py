"""Spooling: from a claimed file to our own copy (step O2).

Promise   the copy is the file as it was claimed: one that changed meanwhile gives none.  What can never be read is told
          by its reason; what cannot be read now raises, and may be tried again.
Needs     a claim, which nobody but us touches; the caller syncs the spool's folder (once for a batch).
Crash     copied again, over the half copy: no row names it.
"""

from __future__ import annotations

from pathlib import Path, PurePath

from faxdaemon.contracts.files import Entry, Files, Kind
from faxdaemon.core.errors import FilesError
from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import Document, Drop, Origin
from faxdaemon.core.places import MARK, DropPlaces, Spool
from faxdaemon.outbound.readiness import SUFFIX

LOCKED = frozenset({32, 33})
"""Windows: another program has the file open; that passes."""


class Spooling:
    """Copies the claims of one drop folder."""

    def __init__(self, places: DropPlaces, spool: Spool, *, files: Files) -> None:
        self._places = places
        self._spool = spool
        self._files = files
        self._made: Path | None = None

    def copy(self, fax_id: FaxId, path: Path) -> Drop | None:
        """The drop, its document copied, or with its problem; None when it changed meanwhile."""
        entry = self._entry(path)
        name = self.name(fax_id, path)
        origin = Origin(str(self._places.folder), name, entry.size, entry.modified_ns, entry.inode)
        problem = self._problem(entry)
        if problem:
            return Drop(fax_id, origin, (), problem)
        spool = self._spooled(fax_id, name)
        target = self._spool.path(spool)
        if target.parent != self._made:
            self._files.make_dirs([target.parent])
            self._made = target.parent
        try:
            written = self._files.copy_new(path, target)
        except FilesError:
            self._made = None
            raise
        after = self._files.stat(path)
        if after is None or (after.size, after.modified_ns) != (entry.size, entry.modified_ns):
            self._files.remove([target])
            return None
        return Drop(fax_id, origin, (Document(name, spool, written.size, written.sha256),))

    def restore(self, fax_id: FaxId, path: Path) -> bool:
        """Copy the document of a recorded fax again, if the spool has lost it; whether it had."""
        entry = self._entry(path)
        if self._problem(entry):
            return False  # it was refused when it came, and never spooled
        target = self._spool.path(self._spooled(fax_id, self.name(fax_id, path)))
        spooled = self._files.stat(target)
        if spooled is not None and spooled.size == entry.size:
            return False  # it may be on its way to the provider at this very moment
        self._files.make_dirs([target.parent])
        self._files.copy_new(path, target)
        self._files.sync([target.parent])
        return True

    def name(self, fax_id: FaxId, path: Path) -> str:
        """What a claimed file was called in the drop folder."""
        return path.name.removeprefix(f"{fax_id}{MARK}") if path.parent == self._places.claims else path.name

    def _spooled(self, fax_id: FaxId, name: str) -> str:
        suffix = PurePath(name).suffix
        return self._spool.name("out", fax_id, 1, suffix if SUFFIX.fullmatch(suffix) else "")

    def _entry(self, path: Path) -> Entry:
        entry = self._files.stat(path)
        if entry is None:
            raise FilesError(f"{path} is not there (any more)")
        return entry

    def _problem(self, entry: Entry) -> str | None:
        if entry.kind is Kind.FOLDER:
            return "is a folder, not a document: drop the documents themselves"
        if entry.kind is Kind.LINK:
            return "is a symbolic link, and links are not followed because they can lead out of the folder: drop a copy"
        if entry.kind is Kind.OTHER:
            return "is not a regular file but a device, pipe or socket"
        try:
            entry.path.name.encode("utf-8")
        except UnicodeEncodeError:
            return (
                "has a file name that is not UTF-8 (Latin-1 from an older system, perhaps): rename it and drop it again"
            )
        return self._refused(entry.path)

    def _refused(self, path: Path) -> str | None:
        """Why we may never read it.  A share or a scanner that is in the way now raises instead."""
        try:
            self._files.read(path).close()
        except FilesError as error:
            cause = error.__cause__
            if isinstance(cause, PermissionError) and getattr(cause, "winerror", None) not in LOCKED:
                return error.reason
            raise
        return None
