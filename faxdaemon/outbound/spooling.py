"""Spooling: from a claim to our own copies (step O2).

Promise   each copy is the file as it was claimed: where one changed meanwhile there is no drop.  What can never be read
          is told by its reason; what cannot be read now raises, and may be tried again.  A claim with a control file
          becomes one drop for each of its orders, always under the same ids.
Needs     a claim, which nobody but us touches; the caller syncs the spool's folder (once for a batch).
Crash     copied again, over the half copies: no row names them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePath

from faxdaemon.contracts.files import Entry, Files, Kind
from faxdaemon.core.errors import FilesError
from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import Document, Drop, Origin, Role
from faxdaemon.core.places import MARK, DropPlaces, Spool
from faxdaemon.outbound.attachments import Attachments
from faxdaemon.outbound.grouping import Grouping
from faxdaemon.outbound.ordering import Ordering, Part, Piece
from faxdaemon.outbound.readiness import SUFFIX

LOCKED = frozenset({32, 33})
"""Windows: another program has the file open; that passes."""


class Spooling:
    """Copies the claims of one drop folder."""

    def __init__(
        self, places: DropPlaces, spool: Spool, *, files: Files, grouping: Grouping, attachments: Attachments
    ) -> None:
        self._places = places
        self._spool = spool
        self._files = files
        self._grouping = grouping
        self._ordering = Ordering(attachments, files=files)
        self._made: Path | None = None

    def copy(self, fax_id: FaxId, claimed: Sequence[Path]) -> list[Drop] | None:
        """The drops of a claim, their documents copied, or with their problem; None when a file changed meanwhile."""
        entries = {path: self._entry(path) for path in claimed}
        problem = next((why for entry in entries.values() if (why := self._problem(entry))), None)
        if problem:
            return [Drop(fax_id, self._origin(fax_id, entries[claimed[0]]), (), problem)]
        lead, parts = self._parts(fax_id, claimed)
        origin = self._origin(fax_id, entries[lead])
        drops: list[Drop] = []
        for part in parts:
            documents = tuple(self._copied(part.fax_id, n, piece) for n, piece in enumerate(part.pieces, 1))
            drops.append(Drop(part.fax_id, origin, documents, part.problem, part.number))
        if all(self._unchanged(path, entry) for path, entry in entries.items()):
            return drops
        self._files.remove([self._spool.path(document.spool) for drop in drops for document in drop.documents])
        return None

    def restore(self, fax_id: FaxId, claimed: Sequence[Path]) -> bool:
        """Copy the documents of a recorded claim again, where the spool has lost them; whether it had."""
        if any(self._problem(self._entry(path)) for path in claimed):
            return False  # it was refused when it came, and never spooled
        restored = False
        for part in self._parts(fax_id, claimed)[1]:
            for n, piece in enumerate(part.pieces, 1):
                restored = self._restored(part.fax_id, n, piece) or restored
        return restored

    def _restored(self, fax_id: FaxId, n: int, piece: Piece) -> bool:
        spooled = self._files.stat(self._spool.path(self._spooled(fax_id, n, piece.name)))
        if spooled is not None and spooled.size == self._size(piece):
            return False  # it may be on its way to the provider at this very moment
        document = self._copied(fax_id, n, piece)
        self._files.sync([self._spool.path(document.spool).parent])
        return True

    def name(self, fax_id: FaxId, path: Path) -> str:
        """What a claimed file was called in the drop folder."""
        return path.name.removeprefix(f"{fax_id}{MARK}") if path.parent == self._places.claims else path.name

    # -- what there is to copy

    def _parts(self, fax_id: FaxId, claimed: Sequence[Path]) -> tuple[Path, list[Part]]:
        """The file that gives the drop its name, and one part an order."""
        named = {self.name(fax_id, path): path for path in claimed}
        pieces = [Piece(name, path, Role.DOCUMENT, self._relative(path)) for name, path in named.items()]
        lead, parts = self._ordering.parts(fax_id, pieces, self._grouping.control(named))
        return named[lead.name], parts

    def _origin(self, fax_id: FaxId, entry: Entry) -> Origin:
        name = self.name(fax_id, entry.path)
        return Origin(str(self._places.folder), name, entry.size, entry.modified_ns, entry.inode)

    def _relative(self, path: Path) -> str:
        return path.relative_to(self._places.claims).as_posix()

    # -- copying

    def _copied(self, fax_id: FaxId, n: int, piece: Piece) -> Document:
        spool = self._spooled(fax_id, n, piece.name)
        target = self._spool.path(spool)
        if target.parent != self._made:
            self._files.make_dirs([target.parent])
            self._made = target.parent
        try:
            if isinstance(piece.source, bytes):
                written = self._files.write_new(target, [piece.source])
            else:
                written = self._files.copy_new(piece.source, target, within=piece.within)
        except FilesError:
            self._made = None
            raise
        return Document(piece.name, spool, written.size, written.sha256, None, piece.role, piece.original)

    def _spooled(self, fax_id: FaxId, n: int, name: str) -> str:
        suffix = PurePath(name).suffix
        return self._spool.name("out", fax_id, n, suffix if SUFFIX.fullmatch(suffix) else "")

    def _size(self, piece: Piece) -> int:
        return len(piece.source) if isinstance(piece.source, bytes) else self._entry(piece.source).size

    def _unchanged(self, path: Path, before: Entry) -> bool:
        after = self._files.stat(path)
        return after is not None and (after.size, after.modified_ns) == (before.size, before.modified_ns)

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
