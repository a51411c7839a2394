"""Reprint: what people put into a printer's `reprint` folder is printed on it, as if it had been received.

Promise   each PDF, TIFF or sidecar (`.json`) is printed once, and then lies in `done/`; a sidecar stands for the fax
          that it describes, as long as the spool has it.  What cannot be printed lies in `failed/`, and an alert says
          so.
Needs     the folder itself to exist (it may be a share).
Crash     a file is claimed by a rename under an id; that id is its name in the journal, so that it is recorded once.
          What is claimed is in the spool and in the journal before it goes to `done/`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import structlog

from faxdaemon.contracts.alert import Alert
from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.documents import Documents
from faxdaemon.contracts.files import Entry, Files, Kind
from faxdaemon.contracts.journal import Journal
from faxdaemon.contracts.stage import Wake
from faxdaemon.core.errors import FilesError, UserError
from faxdaemon.core.ids import FaxId, new_fax_id
from faxdaemon.core.model import Listed
from faxdaemon.core.places import DropPlaces, Spool, claimant
from faxdaemon.inbound.spooling import Spooling

log = structlog.get_logger()

SETTLE = 2.0
"""Seconds for which a file must stay as it is before it is taken."""
CUT = 60.0
"""Likewise for one that looks as if its end were missing."""
AGAIN = 5.0
"""Seconds between two looks into the folder."""
_SIDECAR = ".json"
_KINDS = frozenset({".pdf", ".tif", ".tiff", _SIDECAR})
_LARGEST_SIDECAR = 4 * 2**20
_PIECE = 2**20


class ReprintStage:
    """The `reprint` folder of one destination."""

    def __init__(
        self,
        folder: Path,
        sink: str,
        spool: Spool,
        *,
        node: str,
        files: Files,
        documents: Documents,
        journal: Journal,
        clock: Clock,
        alert: Alert,
    ) -> None:
        self._folder = folder
        self._places = DropPlaces(folder, node)
        self._sink = sink
        self._account = f"reprint:{sink}"
        self._spool = spool
        self._spooling = Spooling(spool, files, documents)
        self._files = files
        self._documents = documents
        self._journal = journal
        self._clock = clock
        self._alert = alert
        self._sightings: dict[Path, tuple[Entry, float]] = {}

    def step(self) -> Wake:
        """Look once; take what is complete, and go on with what was taken."""
        for fax in self._journal.claim_delivered(self._account, 100, 60.0, stored=False):
            self._journal.acknowledged(fax)  # nobody else is to be told
        try:
            self._look()
        except FilesError as error:
            self._alert.raise_(self._account, f"nothing can be reprinted from {self._folder}: {error.reason}")
        return AGAIN

    def _look(self) -> None:
        with self._files.scan(self._folder) as entries:
            there = [one for one in entries if one.kind is Kind.FILE and not one.path.name.startswith((".", "~"))]
        wanted = [entry for entry in there if entry.path.suffix.lower() in _KINDS]
        self._files.make_dirs([self._places.claims, self._folder / "done", self._folder / "failed"])
        for entry in self._settled(wanted):
            fax_id = new_fax_id(int(self._clock.now().timestamp() * 1000), self._clock.entropy(10))
            claim = self._places.claimed(fax_id, entry.path.name)
            self._files.make_dirs([claim.parent])
            self._files.move([(entry.path, claim)])
            self._sightings.pop(entry.path, None)
        for fax_id, claim in list(self._claims()):
            self._take(fax_id, claim)
        self._tell(len(there) - len(wanted))

    def _settled(self, entries: list[Entry]) -> list[Entry]:
        """Those that stayed as they are, nobody writes, and nothing is missing of."""
        now = self._clock.monotonic()
        before, self._sightings = self._sightings, {}
        ready = []
        for entry in entries:
            seen = before.get(entry.path)
            since = seen[1] if seen and seen[0] == entry else now
            self._sightings[entry.path] = (entry, since)
            cut = entry.path.suffix.lower() != _SIDECAR and self._documents.looks_cut(entry.path)
            if now - since >= (CUT if cut else SETTLE) and not self._files.being_written(entry.path):
                ready.append(entry)
        return ready

    def _claims(self) -> Iterator[tuple[FaxId, Path]]:
        with self._files.scan(self._places.claims) as entries:
            found = list(entries)
        for entry in sorted(found, key=lambda one: one.path.name):
            fax_id = claimant(entry.path.name)
            if fax_id is None:
                continue
            if entry.kind is Kind.FILE:
                yield fax_id, entry.path
            elif entry.kind is Kind.FOLDER:  # a name that is too long beside the id
                with self._files.scan(entry.path) as inside:
                    yield from [(fax_id, one.path) for one in inside if one.kind is Kind.FILE]

    def _take(self, fax_id: FaxId, claim: Path) -> None:
        """Into spool and journal, under the claim's id; then out of the way."""
        name = claim.name.removeprefix(f"{fax_id}=")
        known = self._journal.received_as(self._account, fax_id)
        if known is None or known.document is None:
            source = self._meant(claim) if claim.suffix.lower() == _SIDECAR else claim
            listed = Listed(fax_id, None, None, None, None, None, {})
            document: Any = "it describes no fax that is kept here"
            if source:
                document = self._spooling.put(fax_id, listed, self._pieces(source))
            if isinstance(document, str):
                log.warning("cannot be reprinted", sink=self._sink, claim=fax_id, reason=document)
                self._aside(claim, "failed", fax_id, name)
                return
            self._journal.arrived(self._account, listed, document, [self._sink], why="put into the reprint folder")
            log.info("to be reprinted", sink=self._sink, claim=fax_id)
        self._aside(claim, "done", fax_id, name)

    def _meant(self, sidecar: Path) -> Path | None:
        """The spooled document of the fax that a sidecar describes; None when there is none."""
        with self._files.read(sidecar) as stream:
            content = stream.read(_LARGEST_SIDECAR)
        try:
            told = json.loads(content)
            fax = told.get("id") if isinstance(told, dict) else None
            place = self._journal.life(fax).facts.get("spool") if isinstance(fax, str) else None
        except (ValueError, UserError):
            return None
        path = self._spool.path(place) if isinstance(place, str) else None
        return path if path and self._files.stat(path) else None

    def _pieces(self, path: Path) -> Iterator[bytes]:
        with self._files.read(path) as stream:
            while piece := stream.read(_PIECE):
                yield piece

    def _aside(self, claim: Path, where: str, fax_id: FaxId, name: str) -> None:
        target = self._folder / where / name
        if self._files.stat(target) is not None:
            target = target.with_name(f"{fax_id}{target.suffix}")
        self._files.move([(claim, target)])

    def _tell(self, strange: int) -> None:
        with self._files.scan(self._folder / "failed") as entries:
            failed = sum(1 for entry in entries if entry.kind is Kind.FILE)
        words = []
        if failed:
            words.append(f"{failed} files lie in failed/ because they cannot be printed; look at them and remove them")
        if strange:
            words.append(f"{strange} files are neither PDF, TIFF nor a sidecar and stay where they are")
        if words:
            self._alert.raise_(self._account, f"reprint folder {self._folder}: {'; '.join(words)}")
        else:
            self._alert.clear(self._account)
