"""The durable file operations: nothing else in the program changes a file.

Promise   when a method returns, its effect survives a power cut (POSIX: file and directory fsync; Windows: see
          `docs/durability.md`).  A method that raises `FilesError` may have had part of its effect or none: the caller
          must be able to repeat it.
Needs     hidden work folders on the same file system as the folder they serve, so that a rename is atomic.
Crash     temporaries are named after a fax id, so recovery can recognise its own leftovers; no temporary is ever
          visible under a final name.

An fsync that failed is never retried on the same file (the kernel may have dropped the pages): the content is written
again from its source.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import BinaryIO, Protocol


class Kind(Enum):
    """What a directory entry is, never following a link."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Entry:
    """One directory entry."""

    path: Path
    kind: Kind
    size: int
    modified_ns: int
    changed_ns: int
    """When the entry last changed in any way.  POSIX: the inode change time, which no program can set back; Windows has
    none, so there it is the modification time."""
    inode: int
    device: int


@dataclass(frozen=True, slots=True)
class Written:
    """What was durably written."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Access:
    """Who may use a file: what is None stays as the site's umask, its folder or its default ACL say."""

    mode: int | None = None
    """Permission bits, such as 0o640."""
    owner: str | None = None
    """A user, by name or number."""
    group: str | None = None
    """A group, likewise."""


class Lock(Protocol):
    """An operating system lock, held until released or the process ends."""

    def release(self) -> None:
        """Give the lock up."""
        ...


class Files(Protocol):
    """All paths are absolute.  Errors are `FilesError`; a folder that is not to be had is `FolderOffline`."""

    @property
    def change_times(self) -> bool:
        """Whether `Entry.changed_ns` is kept by the system and cannot be set by programs (POSIX yes, Windows no)."""
        ...

    def scan(self, folder: Path) -> AbstractContextManager[Iterator[Entry]]:
        """The entries of `folder` one by one, in no order, without reading all of it first; none that vanish
        meanwhile."""
        ...

    def stat(self, path: Path) -> Entry | None:
        """The entry, or None when there is nothing by that name.  Links are not followed."""
        ...

    def read(self, path: Path) -> BinaryIO:
        """Open a regular file for reading; never a link, a device or a pipe."""
        ...

    def being_written(self, path: Path) -> bool:
        """Whether some process surely still has the file open for writing; False also when that cannot be known."""
        ...

    def write_new(self, path: Path, chunks: Iterable[bytes]) -> Written:
        """Create `path` with this content; an older temporary by that name is replaced.  Durable except for its name:
        follow with `move` or `sync`."""
        ...

    def copy_new(self, source: Path, target: Path, *, within: Path | None = None) -> Written:
        """`write_new` with the content of the regular file `source`.  With `within`, a folder that `source` lies below,
        nothing on the way from there may be a link, not even one that was put there a moment ago."""
        ...

    def move(self, moves: Sequence[tuple[Path, Path]]) -> None:
        """Rename each source to its target, in order, then make all of them durable (each directory once).

        Never overwrites: a target that exists is a `FilesError`.  Falls back to copy, fsync, rename, remove where
        source and target are on different file systems.
        """
        ...

    def replace(self, source: Path, target: Path) -> None:
        """Rename over whatever file `target` is, durably; readers see the old content or the new one."""
        ...

    def grant(self, path: Path, access: Access) -> None:
        """Give a file or folder of ours to other people, durably; a folder may be entered by whom it may be read."""
        ...

    def remove(self, paths: Sequence[Path]) -> None:
        """Remove files or empty folders; what is already gone is fine."""
        ...

    def make_dirs(self, paths: Sequence[Path]) -> None:
        """Create folders and their parents, durably (each parent synced once); existing ones are fine."""
        ...

    def sync(self, folders: Iterable[Path]) -> None:
        """Make the entries of these folders durable."""
        ...

    def free_space(self, path: Path) -> int:
        """Free bytes for us on the file system of `path`."""
        ...

    def lock(self, path: Path, patience: float = 0.0) -> Lock:
        """Take the exclusive lock named by the file `path`; `FilesError` when somebody else holds it for all of
        `patience` seconds."""
        ...
