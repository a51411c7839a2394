"""A searchable copy beside a received fax: `<stem>.ocr.pdf`, with the text that ocrmypdf reads on the pages.

Promise   a destination of its own, so it delays no other; unless the site says otherwise, a fax counts as delivered
          without it.  Nothing is overwritten or replaced.  What cannot be read is told and given up.
Needs     ocrmypdf with Tesseract's data for the language; the folder to exist.
Crash     read again, over the same temporary; or published by the recorded plan.

The name is that of the fax in the same folder, as its JSON sidecar tells; without one it is made by the same template.
"""

from __future__ import annotations

from pathlib import Path
from shutil import which
from typing import Any

from pydantic import Field

from faxdaemon.contracts.documents import CannotMake
from faxdaemon.contracts.sink import SinkTools
from faxdaemon.core.errors import SinkOffline, Undeliverable
from faxdaemon.core.model import InboundFax
from faxdaemon.options import Duration
from faxdaemon.sinks import _names
from faxdaemon.sinks._form import content_of, document_of
from faxdaemon.sinks._publish import DOCUMENT, Publisher
from faxdaemon.sinks._shelf import Shelf, endings, named

ENDING = ".ocr.pdf"
_MISSING = "ocrmypdf is not installed; install it (Debian: ocrmypdf), or leave `searchable` out"
_SIDECAR = 1 << 20
"""Bytes of a sidecar that are looked through for our id."""


class Options(Shelf):
    """A folder that gets searchable copies of received faxes, made by ocrmypdf; mostly that of `folder`."""

    required: bool = False
    """Whether a fax counts as delivered only when its copy is here; `false`: it is tried, and told of when it fails."""
    language: str = Field(default="eng", pattern=r"^[A-Za-z_]{3,20}(\+[A-Za-z_]{3,20}){0,5}$")
    """What the faxes are written in, by Tesseract's names: `eng`, `deu+eng`."""
    timeout: Duration = Field(default=120.0, ge=10, le=240)
    """How long ocrmypdf may take for one fax."""


def open_sink(key: str, options: Options, tools: SinkTools) -> SearchableSink:
    """The sink that the configuration describes, known to the journal as `key`."""
    return SearchableSink(key, options, tools)


def check(options: Options) -> str:
    """Whether copies can be made, for `faxdaemon check`.  Raises `SinkOffline`."""
    del options
    if which("ocrmypdf") is None:
        raise SinkOffline(_MISSING)
    return "ocrmypdf is installed"


class SearchableSink:
    """See the module; `Sink` for one folder, used by one thread."""

    def __init__(self, key: str, options: Options, tools: SinkTools) -> None:
        self._key = key
        self._options = options
        self._tools = tools
        self._files = tools.files
        self._publisher = Publisher(options.path, tools.files, options.access, tools.zone)
        self.publish = self._publisher.publish
        """See `Sink` (step I7)."""

    @property
    def key(self) -> str:
        """The sink's identity in the journal."""
        return self._key

    def stage(self, fax: InboundFax, document: Path) -> dict[str, Any]:
        """Read the document, and lay the copy beside its place (step I5)."""
        with self._files.scan(self._options.path):
            pass  # it exists and can be read; else `FolderOffline`
        made = self._made(fax, document)
        mark = self._publisher.mark(fax.fax_id)
        temporary = self._publisher.hidden / f"{fax.fax_id}-ocr"
        self._files.write_new(temporary, [made])
        self._files.grant(temporary, self._options.access)
        self._files.sync([self._publisher.hidden])
        target = self._target(fax)
        facts = {"file": target.name, "files": [{"file": target.name}]}
        files = [[str(temporary), str(target), DOCUMENT]]
        return {"id": fax.fax_id, "mark": mark, "facts": facts, "files": files}

    def _made(self, fax: InboundFax, document: Path) -> bytes:
        stored, documents = document_of(fax), self._tools.documents
        if not documents.searches():
            raise SinkOffline(_MISSING)
        content = content_of(stored, document, self._files)
        try:
            return documents.searchable(content, stored.media, self._options.language, self._options.timeout)
        except CannotMake as error:
            raise Undeliverable(f"the fax {error}; it is delivered without a searchable copy") from error

    def _target(self, fax: InboundFax) -> Path:
        """Beside the fax, where its sidecar tells where that is; else where nobody's fax is."""
        values = _names.values(fax, self._tools.zone, self._tools.services.get(fax.account))
        place = _names.place(self._options.name, values, self._options.longest)
        stem = self._options.path.joinpath(*place.folders, place.stem)
        free: Path | None = None
        for more in endings(fax.fax_id):
            sidecar, target = named(stem, more, ".json"), named(stem, more, ENDING)
            if self._tells_of(sidecar, fax.fax_id):
                return target
            if free is None and self._files.stat(sidecar) is None and self._files.stat(target) is None:
                free = target
        return free or target

    def _tells_of(self, sidecar: Path, fax_id: str) -> bool:
        if self._files.stat(sidecar) is None:
            return False
        with self._files.read(sidecar) as stream:
            return fax_id.encode() in stream.read(_SIDECAR)
