"""Is this the drop folder that we know, or what its share left behind when it was not mounted?

An unmounted share leaves an empty local folder under the same path.  There, "the temporary is gone, so it was
published" and "the claim is gone" would be wrong.  So the work folder carries a mark, the state folder remembers which,
and without that mark nothing is concluded and nothing is created.

Promise   `check` and `open` return only where the mark is that was seen at the first time; else `FolderOffline`.
Needs     the state folder; the drop folder to exist.
Crash     the mark is made before it is remembered: one that nobody remembers is adopted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from faxdaemon.contracts.files import Files
from faxdaemon.core.errors import FolderOffline
from faxdaemon.core.places import DropPlaces, Spool

PREFIX = "mark-"


class FolderMark:
    """The mark of one drop folder."""

    def __init__(self, places: DropPlaces, spool: Spool, *, files: Files) -> None:
        self._places = places
        self._files = files
        digest = hashlib.sha256(str(places.folder).encode("utf-8", "surrogateescape")).hexdigest()
        self._record = spool.state / "folders" / digest[:32]
        self._name: str | None = None

    def open(self, entropy: Callable[[int], bytes]) -> None:
        """Make what is missing of the work folder, and at the first time its mark."""
        if self._remembered() is not None:
            self.check()
            self._files.make_dirs(self._places.needed())
            return
        self._files.make_dirs([*self._places.needed(), self._record.parent])
        with self._files.scan(self._places.hidden) as entries:
            marks = sorted(entry.path.name for entry in entries if entry.path.name.startswith(PREFIX))
        mark = marks[0] if marks else PREFIX + entropy(8).hex()
        if not marks:
            self._files.write_new(self._places.hidden / mark, [])
            self._files.sync([self._places.hidden])
        self._files.write_new(self._record, [mark.encode()])
        self._files.sync([self._record.parent])

    def check(self) -> None:
        """`FolderOffline` where the mark is missing."""
        name = self._name or self._remembered()
        if name is not None and self._files.stat(self._places.hidden / name) is not None:
            self._name = name
            return
        self._name = None  # a person may remove the record, to begin anew
        if name is None:
            raise FolderOffline("it was not opened yet")
        raise FolderOffline(
            f"{self._places.hidden} is not the work folder that was used before: its share is not mounted, or it was "
            f"replaced. Mount it; or, if it is meant to be new, remove {self._record}"
        )

    def forget(self) -> None:
        """The folder is known to be lost; another one may take its place."""
        self._files.remove([self._record])
        self._name = None

    @property
    def known(self) -> bool:
        """Whether the folder was ever opened."""
        return self._remembered() is not None

    def _remembered(self) -> str | None:
        if self._files.stat(self._record) is None:
            return None
        with self._files.read(self._record) as stream:
            return stream.read(100).decode("ascii", "replace") or None
