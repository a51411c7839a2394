"""Grouping: which complete files of a drop folder belong together.

Promise   a control file and its documents are taken together, whichever came first.  A document waits for its control
          file, and a control file for its documents, no longer than the folder's deadline; then it is taken alone, and
          what is missing is named.  A file is never in two groups.
Needs     complete files, from `readiness`; the folder's formats.
Crash     keeps only how long each file has been waiting: after a restart the wait begins anew.  A group of which only a
          part was claimed is completed from the drop folder (`gather`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.documents import Documents
from faxdaemon.contracts.files import Entry, Files, Kind
from faxdaemon.contracts.format import BadRequest, NotMine
from faxdaemon.core.errors import FilesError
from faxdaemon.outbound.attachments import Attachments, NotAllowed, same_stem
from faxdaemon.outbound.dialects import Asked, Dialects

CONTROL_LIMIT = 16 * 1024 * 1024
"""Bytes of a control file: room for some hundred thousand recipients."""
AGAIN = 1.0
"""Seconds until something that is waited for is looked at again where no event can tell of it."""

Group = tuple[Path, ...]
"""Files of the drop folder that are claimed together; the first one gives the drop its name."""


@dataclass(slots=True)
class _Waiting:
    entry: Entry
    since: float


@dataclass(frozen=True, slots=True)
class Read:
    """A control file and what was understood of it."""

    name: str
    path: Path
    asked: Asked | BadRequest


class Grouping:
    """Groups the files of one drop folder."""

    def __init__(
        self,
        dialects: Dialects,
        attachments: Attachments,
        deadline: float,
        *,
        files: Files,
        documents: Documents,
        clock: Clock,
    ) -> None:
        self._dialects = dialects
        self._attachments = attachments
        self._deadline = deadline
        self._files = files
        self._documents = documents
        self._clock = clock
        self._waiting: dict[str, _Waiting] = {}
        self._read: dict[str, tuple[tuple[int, int, int], Asked | BadRequest | NotMine]] = {}

    def groups(self, entries: Sequence[Entry]) -> list[Group]:
        """The groups that are complete, or have waited long enough, now that `entries` are complete as well."""
        if not self._dialects.paired:
            return [(entry.path,) for entry in entries]
        now = self._clock.monotonic()
        found: list[Group] = [(entry.path,) for entry in entries if entry.kind is not Kind.FILE]
        for entry in entries:
            if entry.kind is Kind.FILE:
                known = self._waiting.get(entry.path.name)
                self._waiting[entry.path.name] = _Waiting(entry, known.since if known else now)
        self._drop_vanished()
        led = (self._led_by(name, now) for name in sorted(self._waiting) if name in self._waiting)
        found += [group for group in led if group]
        alone = [name for name in self._waiting if self._goes_alone(name, now)]
        return found + [(self._waiting.pop(name).entry.path,) for name in alone]

    def wait(self) -> float | None:
        """Seconds until a wait may be over; None when nothing waits."""
        if not self._waiting:
            return None
        now = self._clock.monotonic()
        over = min(each.since for each in self._waiting.values()) + self._deadline - now
        return max(0.0, min(over, AGAIN) if self._elsewhere() else over)

    def control(self, claimed: Mapping[str, Path]) -> Read | None:
        """The control file among the files of one claim, by the names that they were dropped under, understood; None
        when there is none.  Raises `FilesError`."""
        for name, path in claimed.items():
            entry = self._files.stat(path) if self._dialects.may_control(name) else None
            if entry is not None and entry.kind is Kind.FILE:
                asked = self._content(name, entry)
                if not isinstance(asked, NotMine):
                    return Read(name, path, asked)
        return None

    def wanted(self, name: str, asked: Asked) -> list[str]:
        """Names in the drop folder that the control file `name` wants, written as `Order.documents` has them; what is
        forbidden is left for `spooling` to refuse."""
        wanted: dict[str, None] = {}
        for order in asked.orders:
            for written in order.documents or ():
                try:
                    place = self._attachments.place(written)
                except NotAllowed:
                    continue
                if self._attachments.dropped(place) and place.name != name:
                    wanted[place.name] = None
        return list(wanted)

    def gather(self, read: Read, claimed: Sequence[str], folder: Path) -> list[Path]:
        """Files that belong to a claimed control file, and a crash has left in the drop folder."""
        asked = read.asked
        names = [] if isinstance(asked, BadRequest) else self.wanted(read.name, asked)
        if (isinstance(asked, BadRequest) or needs_stem(asked)) and not same_stem(read.name, claimed):
            with self._files.scan(folder) as entries:
                names += self._own(read.name, [entry.path.name for entry in entries if entry.kind is Kind.FILE])
        left = [name for name in dict.fromkeys(names) if name not in claimed]
        return [folder / name for name in left if self._files.stat(folder / name) is not None]

    # -- deciding

    def _led_by(self, name: str, now: float) -> Group | None:
        """The group of the control file `name`, if it is one and the group is complete or late."""
        if not self._dialects.may_control(name):
            return None
        waiting = self._waiting[name]
        try:
            asked = self._understood(waiting.entry.path)
        except FilesError:
            return None  # it goes alone in the end, and intake says why it cannot be read
        if isinstance(asked, NotMine):
            return None
        own = self._own(name, self._waiting)
        if isinstance(asked, BadRequest):
            names, complete = own, True
        elif needs_stem(asked):
            names, complete = [*own, *self._there(self.wanted(name, asked))], bool(own) and self._complete(name, asked)
        else:
            names, complete = self._there(self.wanted(name, asked)), self._complete(name, asked)
        if not complete and now - waiting.since < self._deadline:
            return None
        return tuple(self._waiting.pop(each).entry.path for each in dict.fromkeys([name, *names]))

    def _own(self, name: str, others: Sequence[str] | dict[str, _Waiting]) -> list[str]:
        """The documents with the stem of the control file `name`."""
        return [each for each in same_stem(name, list(others)) if not self._dialects.is_answer(each)]

    def _there(self, names: Sequence[str]) -> list[str]:
        return [name for name in names if name in self._waiting]

    def _complete(self, name: str, asked: Asked) -> bool:
        """Whether every document that is named is there, whole."""
        for order in asked.orders:
            for written in order.documents or ():
                try:
                    place = self._attachments.place(written)
                except NotAllowed:
                    continue  # waiting would not help
                if self._attachments.dropped(place):
                    if place.name not in self._waiting and place.name != name:
                        return False
                elif not self._whole(place):
                    return False
        return True

    def _whole(self, path: Path) -> bool:
        try:
            entry = self._files.stat(path)
            if entry is None or entry.kind is not Kind.FILE:
                return False
            return not self._files.being_written(path) and not self._documents.looks_cut(path)
        except (FilesError, OSError):
            return False

    def _goes_alone(self, name: str, now: float) -> bool:
        late = now - self._waiting[name].since >= self._deadline
        return late or (not self._is_control(name) and self._dialects.at_once(name))

    def _is_control(self, name: str) -> bool:
        found = self._read.get(name)
        return found is not None and not isinstance(found[1], NotMine)

    def _elsewhere(self) -> bool:
        """Whether something is waited for outside of the drop folder, where no event tells."""
        return any(self._is_control(name) for name in self._waiting)

    # -- looking

    def _drop_vanished(self) -> None:
        for name, waiting in list(self._waiting.items()):
            if self._files.stat(waiting.entry.path) is None:
                del self._waiting[name]
        self._read = {name: read for name, read in self._read.items() if name in self._waiting}

    def _understood(self, path: Path) -> Asked | BadRequest | NotMine:
        entry = self._files.stat(path)
        if entry is None or entry.kind is not Kind.FILE:
            return NotMine()
        facts = (entry.size, entry.modified_ns, entry.inode)
        known = self._read.get(path.name)
        if known is not None and known[0] == facts:
            return known[1]
        asked = self._content(path.name, entry)
        self._read[path.name] = facts, asked
        return asked

    def _content(self, name: str, entry: Entry) -> Asked | BadRequest | NotMine:
        if entry.size > CONTROL_LIMIT:
            return NotMine()
        with self._files.read(entry.path) as stream:
            return self._dialects.control(name, stream.read(CONTROL_LIMIT))


def needs_stem(asked: Asked) -> bool:
    """Whether one of the orders is for the document with the control file's own stem."""
    return any(order.documents is None and order.text is None for order in asked.orders)
