"""Into the spool: what came of a received fax, durable under its final name (steps I2 and I3).

Promise   a whole document, or the reason why it is none.  What must be kept although it is none is kept byte for byte,
          with a warning, for people to look at; of nothing at all nothing is kept.
Needs     a name that is the same for the same fax.
Crash     written again, over whatever a dead process left.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from faxdaemon.contracts.documents import Documents
from faxdaemon.contracts.files import Files
from faxdaemon.core.errors import FilesError
from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import Listed, StoredDocument
from faxdaemon.core.places import Spool

MEDIA = {"application/pdf": ".pdf", "image/tiff": ".tif"}
ANY = ".bin"
_AS_IT_CAME = "kept as it came, for it is not a whole document: "


@dataclass(frozen=True, slots=True)
class Spooling:
    """Writes received faxes into the spool."""

    spool: Spool
    files: Files
    documents: Documents

    def put(
        self, name: FaxId, listed: Listed, pieces: Iterable[bytes], *, anyway: bool = False
    ) -> StoredDocument | str:
        """The document, or why what came is none; `anyway`: it is kept as it came.  Raises `FilesError`, and what
        `pieces` raises."""
        raw = self.spool.path(self.spool.name("in", name, 0, ".part"))
        self.files.make_dirs([raw.parent])
        written = self.files.write_new(raw, pieces)
        inspection = self.documents.inspect(raw, "the received document")
        odd = inspection.problem or (None if inspection.media in MEDIA else inspection.media)
        if odd and not (anyway and written.size):
            with suppress(FilesError):
                self.files.remove([raw])
            return f"not a whole document: {odd}"
        places = {suffix: self.spool.name("in", name, 1, suffix) for suffix in (*MEDIA.values(), ANY)}
        place = places[MEDIA.get(inspection.media, ANY)]
        # of a life that ended between the rename and the commit
        self.files.remove([self.spool.path(one) for one in places.values()])
        self.files.move([(raw, self.spool.path(place))])
        warning = f"{_AS_IT_CAME}{odd}" if odd else _warning(listed, inspection.pages)
        return StoredDocument(place, written.size, written.sha256, inspection.media, inspection.pages, warning)


def as_it_came(document: StoredDocument) -> bool:
    """Whether it is none that people can simply read; its `warning` says so."""
    return (document.warning or "").startswith(_AS_IT_CAME)


def pages_of(listed: Listed, document: StoredDocument) -> int | None:
    """How many pages there are; as announced, where they cannot be counted."""
    return listed.pages if document.pages is None else document.pages


def _warning(listed: Listed, pages: int | None) -> str | None:
    """What is odd about a document of so many pages."""
    if listed.pages is None or pages is None or pages == listed.pages:
        return None
    return f"{pages} pages came, {listed.pages} were announced"
