"""Showing staged files in a folder that others read: each under its name, in an order, over nothing.

Promise   what is shown is whole; nothing of anybody is overwritten.  The last file in the order appears last, except
          for the row in the day's table, which comes after everything: a table that somebody holds open must not keep a
          fax from its readers.  Where a name was taken since it was chosen, our id is put into all names that are still
          to be shown, and the sidecars tell the names that came of it.
Needs     a hidden folder of ours in the folder, with a mark; the files staged in it.
Crash     called again with the same plan: what is still staged is shown; once the last temporary is gone, all of it
          was, even if a reader has taken the files since.

That absence proves something only in the very folder where we staged: an unmounted share leaves an empty local folder
under the same path.  So the plan names the mark, and without it nothing is concluded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Any

import structlog

from faxdaemon.contracts.files import Access, Entry, Files
from faxdaemon.core.errors import FilesError, FolderOffline
from faxdaemon.core.places import HIDDEN
from faxdaemon.sinks import _index, _sidecar

log = structlog.get_logger()

DOCUMENT = "document"
TABLE = "csv"
MARK = "mark-"


@dataclass(frozen=True, slots=True)
class Item:
    """One file: where it is staged, where it is to be shown, and what it is."""

    source: Path
    target: Path
    kind: str
    """`DOCUMENT`, `TABLE`, or a sidecar's form."""


@dataclass(frozen=True, slots=True)
class Publisher:
    """Shows what is staged in one folder."""

    folder: Path
    files: Files
    access: Access
    zone: tzinfo

    @property
    def hidden(self) -> Path:
        """Ours."""
        return self.folder / HIDDEN

    def mark(self, fax_id: str) -> str:
        """The name of the hidden folder's mark; made once, with the folder."""
        self.files.make_dirs([self.hidden])
        with self.files.scan(self.hidden) as entries:
            marks = sorted(entry.path.name for entry in entries if entry.path.name.startswith(MARK))
        if marks:
            return marks[0]
        mark = f"{MARK}{fax_id}"
        self.files.write_new(self.hidden / mark, [])
        return mark

    def publish(self, plan: Mapping[str, Any]) -> None:
        """Show it; `FolderOffline` where the folder is not the one it was staged in."""
        mark = self.hidden / plan["mark"]
        if self.files.stat(mark) is None:
            raise FolderOffline(
                f"{self.hidden} is not the folder in which this fax was staged: its share is not mounted, or it was "
                f"replaced.  Mount it again; or, if the fax is in {self.folder}, create the empty file {mark}"
            )
        items = [Item(Path(source), Path(target), kind) for source, target, kind in plan["files"]]
        left = [item for item in items if self.files.stat(item.source) is not None]
        if items[-1] not in left:
            # Published by a process that may have died before it could sync, and perhaps before it could tidy up.
            self.files.remove([item.source for item in left])
            self.files.sync([self.folder, self.hidden])
            return
        shown = [item for item in items if item.kind != TABLE]
        self._make_folders(shown)
        waiting = [item for item in left if item.kind != TABLE]
        if any(map(self._taken, waiting)) or any(self._there(aside(item, plan["id"])) for item in shown):
            self._aside(plan, shown)
        else:
            self._show(plan, shown, waiting)
        for item in left:
            if item.kind == TABLE:
                row = _sidecar.row(self._named(plan, shown))
                _index.add(self.files, item.target, plan["id"], row, self.hidden, self.access)
                self.files.remove([item.source])

    def _show(self, plan: Mapping[str, Any], shown: Sequence[Item], waiting: Sequence[Item]) -> None:
        try:
            self.files.move([(item.source, item.target) for item in waiting])
        except FilesError:
            if not any(self._there(item.source) and self._taken(item) for item in waiting):
                raise
            self._aside(plan, shown)  # somebody was faster by a moment

    def _make_folders(self, items: Sequence[Item]) -> None:
        """Those below ours in which they are to lie; given to their readers before they can be seen."""
        missing: dict[Path, None] = {}
        for item in items:
            above = [one for one in item.target.parents if self.folder in one.parents]
            missing |= {one: None for one in reversed(above) if one not in missing and not self._there(one)}
        for number, folder in enumerate(missing):
            temporary = self.hidden / f"{items[0].source.name}-folder-{number}"
            self.files.make_dirs([temporary])
            self.files.grant(temporary, self.access)
            if self._there(folder):  # somebody was faster
                self.files.remove([temporary])
            else:
                self.files.move([(temporary, folder)])

    def _aside(self, plan: Mapping[str, Any], items: Sequence[Item]) -> None:
        """Under names with the fax id in them, which nobody else can have."""
        log.info("name taken meanwhile", fax=plan["id"], folder=str(self.folder))
        documents = [item for item in items if item.kind == DOCUMENT]
        sidecars = [item for item in items if item.kind != DOCUMENT]
        pages = [(each.source, aside(each, plan["id"])) for each in documents if self._there(each.source)]
        facts = self._named(plan, items)
        if items[-1].kind == DOCUMENT:
            self._sidecars_aside(plan, facts, sidecars)
            self.files.move(pages)
        else:
            self.files.move(pages)
            self._sidecars_aside(plan, facts, sidecars)

    def _sidecars_aside(self, plan: Mapping[str, Any], facts: Mapping[str, Any], sidecars: Sequence[Item]) -> None:
        """New ones, and then the old ones away: those staged, and those shown before a document lost its name."""
        steps = []
        for item in sidecars:
            target = aside(item, plan["id"])
            if not self._there(target):
                temporary = item.source.with_name(f"{item.source.name}-aside")
                self._write(temporary, _sidecar.render(item.kind, facts, self.zone))
                steps.append((temporary, target))
        self.files.move(steps)
        for item in sidecars:
            if not self._there(item.source) and self._holds(item.target, item.kind, plan):
                self.files.remove([item.target])
        self.files.remove([item.source for item in sidecars])  # the last one of all last: it decides a repetition

    def _named(self, plan: Mapping[str, Any], items: Sequence[Item]) -> dict[str, Any]:
        """What is told, with the names that the documents have, or will have: those still staged go aside."""
        names = []
        for item in (item for item in items if item.kind == DOCUMENT):
            other = aside(item, plan["id"])
            names.append((other if self._there(item.source) or self._there(other) else item.target).name)
        return _sidecar.renamed(plan["facts"], names)

    def _write(self, path: Path, content: bytes) -> None:
        self.files.write_new(path, [content])
        self.files.grant(path, self.access)

    def _taken(self, item: Item) -> bool:
        """Whether somebody else's file has the name; a rename that was cut in the middle shows the same file twice."""
        there, ours = self.files.stat(item.target), self.files.stat(item.source)
        return there is not None and (ours is None or _identity(there) != _identity(ours))

    def _holds(self, path: Path, form: str, plan: Mapping[str, Any]) -> bool:
        if not self._there(path):
            return False
        content = _sidecar.render(form, plan["facts"], self.zone)
        with self.files.read(path) as stream:
            return stream.read(len(content) + 1) == content

    def _there(self, path: Path) -> bool:
        return self.files.stat(path) is not None


def aside(item: Item, fax_id: str) -> Path:
    """The name that nobody else can have."""
    return item.target.with_name(f"{item.target.stem}_{fax_id}{item.target.suffix}")


def in_order(documents: Sequence[Item], sidecars: Sequence[Item], first: str) -> Iterator[Item]:
    """Documents and sidecars as a site wants them to appear; a table after all."""
    beside = [item for item in sidecars if item.kind != TABLE]
    yield from (*beside, *documents) if first == "sidecar" else (*documents, *beside)
    yield from (item for item in sidecars if item.kind == TABLE)


def _identity(entry: Entry) -> tuple[int, int]:
    return entry.device, entry.inode
