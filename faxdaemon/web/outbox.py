"""The outbox: a document handed over through the API becomes a drop like any other.

Promise   what `drop` returned is durable in the outbox, whole, under a name that no other drop of this process had;
          intake takes it from there, so there is one way into the journal and not two.  The document is never whole in
          memory.  A number that cannot be dialled is refused before anything is written.
Needs     a drop folder of its own, `<state>/outbox`, watched with the pattern `PATTERN`.
Crash     before the move: an upload in the hidden folder that nobody was told of, removed by the next `prepare`.
          After it: a drop; the asker who got no answer looks with `faxdaemon list` before sending again.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

from faxdaemon.contracts.files import Files
from faxdaemon.core import numbers
from faxdaemon.core.errors import UserError
from faxdaemon.core.naming import fit, is_temporary, safe_name, stem_suffix
from faxdaemon.core.places import DropPlaces

FOLDER = "outbox"
PATTERN = "{number}_{document}"
"""How intake reads the names that `drop` gives."""
UPLOAD = "upload-"
REMEMBERED = 4096
"""Names not given again, so that who follows a drop by its name finds that one."""
_NAME_MAX = 200
_SUFFIX_MAX = 16


class Outbox:
    """`drop` may be called from any thread."""

    def __init__(self, places: DropPlaces, *, files: Files, region: str, entropy: Callable[[int], bytes]) -> None:
        self._places = places
        self._files = files
        self._region = region
        self._entropy = entropy
        self._given: deque[str] = deque(maxlen=REMEMBERED)
        self._naming = threading.Lock()

    @property
    def folder(self) -> Path:
        """The drop folder."""
        return self._places.folder

    def prepare(self) -> None:
        """Create what is missing and remove uploads of an earlier life; before the first `drop`."""
        self._files.make_dirs(self._places.needed())
        with self._files.scan(self._places.staging) as entries:
            left = [entry.path for entry in entries if entry.path.name.startswith(UPLOAD)]
        self._files.remove(left)

    def drop(self, number: str, name: str, chunks: Iterable[bytes]) -> str:
        """Take one document for one number; returns the drop's name.

        `UserError` for a wrong number or an empty document, `FilesError` when it cannot be written; what `chunks`
        raises passes through, and then nothing is left.
        """
        e164 = self._dialled(number)
        if is_temporary(f"x_{safe_name(name)}"):  # intake would leave it lying for ever
            raise UserError(f"{name} is called like something unfinished; rename it and send it again")
        upload = self._places.staging / f"{UPLOAD}{self._entropy(8).hex()}"
        written = self._files.write_new(upload, chunks)
        if not written.size:
            self._files.remove([upload])
            raise UserError(f"{name} is empty; nothing was sent")
        with self._naming:  # held over the move, so that a name found free stays free
            dropped = self._free(e164, name)
            self._files.move([(upload, self.folder / dropped)])
            self._given.append(dropped)
        return dropped

    def _dialled(self, number: str) -> str:
        try:
            return numbers.to_e164(number, self._region)
        except numbers.NotANumber as error:
            raise UserError(f"{error}; write it with its country code, such as +13035550100") from error

    def _free(self, number: str, name: str) -> str:
        stem, suffix = stem_suffix(safe_name(name))
        if len(suffix) > _SUFFIX_MAX:  # no suffix then; and the number must never be cut to make room
            stem, suffix = stem + suffix, ""
        for count in range(1, REMEMBERED + 2):
            tail = suffix if count == 1 else f"-{count}{suffix}"
            dropped = fit(f"{number}_{stem}", tail, _NAME_MAX)
            if dropped not in self._given and self._files.stat(self.folder / dropped) is None:
                return dropped
        raise UserError(f"too many documents called {name} are on their way; try again later, or rename it")
