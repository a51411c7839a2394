"""A folder as destination: each received fax appears in it once, whole, with its sidecar already there.

Promise   nothing is ever overwritten; document and sidecar share a stem; the sidecar appears first, the document last.
          A folder that is away is offline, never "delivered".
Needs     the folder itself to exist (it may be a share); `.faxdaemon` in it is ours.
Crash     before the plan is recorded: staged again, over the same temporaries.  After it: what is still staged is
          published; once the document's temporary is gone, all of it was, even if a reader has taken the files since.

That absence proves something only in the very folder where we staged: an unmounted share leaves an empty local folder
under the same path.  So the work folder carries a mark, the plan names it, and without that mark nothing is concluded.

The sidecar, `<stem>.json` (UTF-8, keys sorted, the same bytes whenever it is written):

    schema        1; raised when a field changes its meaning
    id            our fax id                           account, provider_id   where it came from, and its name there
    file          the document's file name             media, size, sha256    of that file (bytes, hex)
    line          the number called                    from, csid             who called, and what the station says
    received_at, first_seen                            ISO 8601 with zone; by the provider, and by us
    pages, warning                                     pages counted, and what is odd about the document, if anything
    original      media, size, sha256 as received, when the document was converted; else null
    provider      every field that the provider gave, under the provider's own names
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import structlog
from pydantic import Field, field_validator

from faxdaemon.contracts.files import Entry, Written
from faxdaemon.contracts.sink import SinkTools
from faxdaemon.core.errors import FilesError, FolderOffline
from faxdaemon.core.model import InboundFax, StoredDocument
from faxdaemon.core.naming import check_template, expand, safe_name
from faxdaemon.core.places import HIDDEN
from faxdaemon.options import Destination

log = structlog.get_logger()

SCHEMA = 1
FIELDS = frozenset({"received", "line", "from", "csid", "pages", "id", "account", "provider_id"})
"""What a name template may use."""
_MARK = "mark-"
_PDF, _TIFF = "application/pdf", "image/tiff"
_SUFFIXES = {_PDF: ".pdf", _TIFF: ".tif"}
_NUMBERED = 20


class Options(Destination):
    """A folder that received faxes are put into."""

    path: Path
    """The folder; an absolute path.  It may be a network share."""
    as_: Literal["received", "pdf"] = Field(default="received", alias="as")
    """`received` leaves the document as the provider gave it; `pdf` wraps a TIFF into a PDF without loss."""
    name: str = "{received:%Y-%m-%d_%H%M}_from_{from}_{pages}p"
    """The file name without its suffix, with fields in braces: received, line, from, csid, pages, id, account,
    provider_id.  Times are this machine's."""
    sidecar: Literal["json", "none"] = "json"
    """Whether a file with everything known about the fax is put beside it."""

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        problems = check_template(value, FIELDS)
        if problems:
            raise ValueError("; ".join(problems))
        return value


def open_sink(key: str, options: Options, tools: SinkTools) -> FolderSink:
    """The sink that the configuration describes, known to the journal as `key`."""
    return FolderSink(key, options, tools)


class FolderSink:
    """See the module; `Sink` for one folder, used by one thread."""

    def __init__(self, key: str, options: Options, tools: SinkTools) -> None:
        self._key = key
        self._options = options
        self._files = tools.files
        self._documents = tools.documents
        self._folder = options.path
        self._hidden = options.path / HIDDEN

    @property
    def key(self) -> str:
        """The sink's identity in the journal."""
        return self._key

    # -- staging (I5)

    def stage(self, fax: InboundFax, document: Path) -> dict[str, Any]:
        """Write document and sidecar as temporaries and choose their names; `{"moves": [[from, to], …], …}`."""
        stored = fax.document
        if stored is None:
            raise FilesError(f"fax {fax.fax_id} has no document to deliver")
        with self._files.scan(self._folder):
            pass  # it exists and can be read; else `FolderOffline`, for creating it would hide a missing mount
        mark = self._mark(fax.fax_id)
        temporary = self._temporary(fax.fax_id, 1)
        written, media = self._document(stored, document, temporary)
        suffix = _SUFFIXES.get(media, ".bin")
        name = self._free_stem(fax) + suffix
        plan: dict[str, Any] = {"id": fax.fax_id, "mark": mark, "sidecar": None}
        moves = [(temporary, self._folder / name)]
        if self._options.sidecar == "json":
            plan["sidecar"] = _sidecar(fax, stored, name, written, media)
            beside = self._temporary(fax.fax_id, 2)
            self._files.write_new(beside, [_render(plan["sidecar"])])
            moves.insert(0, (beside, _beside(self._folder / name)))
        self._files.sync([self._hidden])
        return {**plan, "moves": [[str(source), str(target)] for source, target in moves]}

    def _temporary(self, fax_id: str, number: int) -> Path:
        return self._hidden / f"{fax_id}-{number}"

    def _mark(self, fax_id: str) -> str:
        """The name of the work folder's mark; made once, with the folder."""
        self._files.make_dirs([self._hidden])
        with self._files.scan(self._hidden) as entries:
            marks = sorted(entry.path.name for entry in entries if entry.path.name.startswith(_MARK))
        if marks:
            return marks[0]
        mark = f"{_MARK}{fax_id}"
        self._files.write_new(self._hidden / mark, [])
        return mark

    def _document(self, stored: StoredDocument, source: Path, target: Path) -> tuple[Written, str]:
        if self._options.as_ == "pdf" and stored.media == _TIFF:
            with self._files.read(source) as stream:
                content = stream.read()
            _same(hashlib.sha256(content).hexdigest(), stored, source)
            converted = self._documents.as_pdf(content, stored.media)
            if converted is not None:
                return self._files.write_new(target, [converted]), _PDF
            log.warning("fax cannot be made a PDF and is delivered as received", document=stored.spool)
        written = self._files.copy_new(source, target)
        _same(written.sha256, stored, source)
        return written, stored.media

    def _free_stem(self, fax: InboundFax) -> str:
        stem = safe_name(expand(self._options.name, _values(fax)))
        numbered = (f"{stem}_{number}" for number in range(2, _NUMBERED))
        for candidate in (stem, *numbered):
            names = [candidate + suffix for suffix in (".json", ".bin", *_SUFFIXES.values())]
            if all(self._files.stat(self._folder / name) is None for name in names):
                return candidate
        return f"{stem}_{fax.fax_id}"

    # -- publishing (I7)

    def publish(self, plan: Mapping[str, Any]) -> None:
        """Show what is staged; `FolderOffline` where the folder is not the one it was staged in."""
        mark = self._hidden / plan["mark"]
        if self._files.stat(mark) is None:
            raise FolderOffline(
                f"{self._hidden} is not the folder in which this fax was staged: its share is not mounted, or it was "
                f"replaced.  Mount it again; or, if the fax is in {self._folder}, create the empty file {mark}"
            )
        moves = [(Path(source), Path(target)) for source, target in plan["moves"]]
        left = [(source, target) for source, target in moves if self._files.stat(source) is not None]
        if moves[-1] not in left:
            # Published by a process that may have died before it could sync, and perhaps before it could tidy up.
            self._files.remove([source for source, _ in left])
            self._files.sync([self._folder, self._hidden])
        elif any(self._taken(source, target) for source, target in left):
            self._publish_aside(plan, moves)
        else:
            self._files.move(left)

    def _taken(self, source: Path, target: Path) -> bool:
        """Whether somebody else's file has the name; a rename that was cut in the middle shows the same file twice."""
        there, ours = self._files.stat(target), self._files.stat(source)
        return there is not None and (ours is None or _identity(there) != _identity(ours))

    def _publish_aside(self, plan: Mapping[str, Any], moves: list[tuple[Path, Path]]) -> None:
        """Under a name with the fax id in it, which nobody else can have; the sidecar must then name that file.

        The old sidecar is removed last: the document's temporary decides what a repetition does.
        """
        document, wanted = moves[-1]
        aside = wanted.with_name(f"{wanted.stem}_{plan['id']}{wanted.suffix}")
        log.info("name taken meanwhile", fax=plan["id"], folder=str(self._folder))
        steps = [(document, aside)]
        if plan["sidecar"] is not None and self._files.stat(_beside(aside)) is None:
            temporary = self._temporary(plan["id"], 3)
            self._files.write_new(temporary, [_render({**plan["sidecar"], "file": aside.name})])
            steps.insert(0, (temporary, _beside(aside)))
        self._files.move(steps)
        for source, target in moves[:-1]:
            self._files.remove([source])
            if self._holds(target, _render(plan["sidecar"])):
                self._files.remove([target])  # shown before the document's name was lost to somebody else

    def _holds(self, path: Path, content: bytes) -> bool:
        if self._files.stat(path) is None:
            return False
        with self._files.read(path) as stream:
            return stream.read(len(content) + 1) == content


def _identity(entry: Entry) -> tuple[int, int]:
    return entry.device, entry.inode


def _beside(document: Path) -> Path:
    return document.with_name(document.stem + ".json")


def _same(sha256: str, stored: StoredDocument, source: Path) -> None:
    if sha256 != stored.sha256:
        raise FilesError(f"{source} is not what was received: its content has changed in the spool; look at the disk")


def _values(fax: InboundFax) -> dict[str, str | int | datetime | None]:
    listed = fax.listed
    received = listed.received_at or fax.first_seen
    pages = fax.document.pages if fax.document and fax.document.pages is not None else listed.pages
    return {
        "received": received.astimezone(),
        "line": listed.called,
        "from": listed.caller,
        "csid": listed.csid,
        "pages": pages,
        "id": fax.fax_id,
        "account": fax.account,
        "provider_id": listed.provider_id,
    }


def _sidecar(fax: InboundFax, stored: StoredDocument, name: str, written: Written, media: str) -> dict[str, Any]:
    listed = fax.listed
    original = {"media": stored.media, "size": stored.size, "sha256": stored.sha256}
    return {
        "schema": SCHEMA,
        "id": fax.fax_id,
        "account": fax.account,
        "provider_id": listed.provider_id,
        "line": listed.called,
        "from": listed.caller,
        "csid": listed.csid,
        "received_at": listed.received_at.isoformat(timespec="seconds") if listed.received_at else None,
        "first_seen": fax.first_seen.isoformat(timespec="seconds"),
        "pages": stored.pages if stored.pages is not None else listed.pages,
        "warning": stored.warning,
        "file": name,
        "media": media,
        "size": written.size,
        "sha256": written.sha256,
        "original": None if media == stored.media else original,
        "provider": dict(listed.metadata),
    }


def _render(sidecar: Mapping[str, Any]) -> bytes:
    text = json.dumps(sidecar, indent=2, sort_keys=True, ensure_ascii=False, default=str)
    return (text + "\n").encode("utf-8", "backslashreplace")
