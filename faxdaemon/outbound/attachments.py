"""Attachments: where the documents lie that a control file names.

Promise   a document is found only below the drop folder or one of the folder's roots; `..`, a path to elsewhere and a
          link on the way are refused with the reason, so that nobody who may write into a drop folder can have any
          other file of this machine faxed.
Needs     the roots, and how the asker's own paths (drive letters, UNC) are reached from here.
Crash     keeps nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from faxdaemon.contracts.files import Files, Kind
from faxdaemon.core.naming import is_temporary
from faxdaemon.core.places import HIDDEN


class NotAllowed(ValueError):
    """The path leads where this folder's askers may not read; the reason is for people."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What the askers of one folder may name."""

    roots: tuple[Path, ...] = ()
    """Folders besides the drop folder; absolute."""
    paths: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Beginnings of paths as askers write them (`S:\\`, `\\\\server\\out\\`), and what is meant."""


class Attachments:
    """The documents of one folder's control files."""

    def __init__(self, folder: Path, reach: Reach, *, files: Files) -> None:
        self._folder = folder
        self._files = files
        self._roots = (folder, *reach.roots)
        mapped = {_plain(prefix).lower(): target for prefix, target in reach.paths.items()}
        self._mapped = sorted(mapped.items(), key=lambda pair: -len(pair[0]))

    def place(self, written: str) -> Path:
        """The absolute path that is meant by `written`, whether or not there is anything.  Raises `NotAllowed`."""
        plain = self._translated(_plain(written.strip().strip('"')))
        if not plain or "\0" in plain:
            raise NotAllowed("it names a document without a name")
        parts = PurePosixPath(plain).parts
        if ".." in parts:
            raise NotAllowed(f"“{_short(written)}” goes upwards with “..”: name the document by its plain path")
        path = Path(plain) if plain.startswith("/") else self._folder / Path(*parts)
        if plain[1:2] == ":" or plain.startswith("//"):
            raise NotAllowed(
                f"“{_short(written)}” is a path of another machine; tell under `paths` what is meant by it"
            )
        if HIDDEN in path.parts or is_temporary(path.name):
            raise NotAllowed(f"“{_short(written)}” is a hidden or temporary file")
        root = self.root(path)
        if root is None:
            raise NotAllowed(
                f"“{_short(written)}” is outside of the folders that documents may come from; see `roots` in the "
                "configuration"
            )
        self._no_links(root, path, written)
        return path

    def dropped(self, path: Path) -> bool:
        """Whether it lies in the drop folder itself, so that it is claimed with its control file; what lies elsewhere
        is only read."""
        return path.parent == self._folder

    def _translated(self, plain: str) -> str:
        for prefix, target in self._mapped:
            if plain.lower().startswith(prefix):
                return f"{target.rstrip('/')}/{plain[len(prefix) :].lstrip('/')}"
        return plain

    def root(self, path: Path) -> Path | None:
        """The folder that `path` may be read from, because it lies below it."""
        return next((root for root in self._roots if path != root and path.is_relative_to(root)), None)

    def _no_links(self, root: Path, path: Path, written: str) -> None:
        """For a reason that people understand; `Files.copy_new` looks again while it opens (`within`)."""
        for place in (path, *path.parents):
            if place == root:
                return
            entry = self._files.stat(place)
            if entry is not None and entry.kind is Kind.LINK:
                raise NotAllowed(f"“{_short(written)}” leads over a symbolic link, and links are not followed")


def same_stem(name: str, others: Sequence[str]) -> list[str]:
    """Those of `others` that have the stem of `name`, in any letter case: its documents."""
    stem = name.rpartition(".")[0].lower()
    return sorted(other for other in others if other != name and other.rpartition(".")[0].lower() == stem)


def _plain(path: str) -> str:
    return path.replace("\\", "/")


def _short(path: str) -> str:
    """The last part only: paths name patients."""
    return _plain(path).rstrip("/").rpartition("/")[2][:80] or "…"
