"""Preparing: what is sent in place of the documents, where they cannot be sent as they are.

Promise   one PDF of all documents, in order, without the codes that were in them, and each recipient's cover page,
          durable in the spool before the decision that names them is recorded.  Where every document can go as it is,
          and nothing must be taken out, no PDF is made of them: what a provider draws of the original is best.
Needs     the documents in the spool; `Documents.make`.
Crash     made again, over what was made before: no row names it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePath

from faxdaemon.contracts.documents import Documents, Inspection, Made, Removal, Source
from faxdaemon.contracts.files import Files
from faxdaemon.core.ids import FaxId
from faxdaemon.core.model import COVERS_FROM, Document, Role
from faxdaemon.core.places import Spool
from faxdaemon.outbound.covers import NAME

MADE = 100_001
"""The number of what is made, among the spooled files of a fax."""


class Preparing:
    """Makes what is sent."""

    def __init__(self, spool: Spool, *, documents: Documents, files: Files) -> None:
        self._spool = spool
        self._documents = documents
        self._files = files

    def possible(self, inspections: Sequence[Inspection]) -> bool:
        """Whether one PDF can be made of documents of these kinds."""
        return all(self._documents.makes(each.media) for each in inspections)

    def advice(self, inspections: Sequence[Inspection]) -> str:
        """What to install so that it were possible, as the rest of a sentence."""
        return next(filter(None, (self._documents.advice(each.media) for each in inspections)), "")

    def make(self, fax_id: FaxId, documents: Sequence[Document], removals: Sequence[Removal]) -> Document:
        """The PDF; what is to be removed is on the first document.  Raises `CannotMake`, OSError, `FilesError`."""
        sources = [
            Source(self._spool.path(document.spool), document.name, tuple(removals) if n == 0 else ())
            for n, document in enumerate(documents)
        ]
        name = PurePath(documents[0].name).stem + ".pdf"
        return self._kept(self._documents.make(sources), name, fax_id, MADE)

    def cover(
        self, fax_id: FaxId, recipient: int, template: Path | None, known: Mapping[str, str], following: int | None
    ) -> Document:
        """The cover page of one recipient (counted from 1), for a fax of that many pages besides it.  Raises
        `CannotMake`, OSError, `FilesError`."""
        made = self._documents.cover(template, known, following)
        return replace(self._kept(made, NAME, fax_id, COVERS_FROM + recipient), recipient=recipient)

    def _kept(self, made: Made, name: str, fax_id: FaxId, number: int) -> Document:
        spool = self._spool.name("out", fax_id, number, ".pdf")
        target = self._spool.path(spool)
        self._files.make_dirs([target.parent])
        written = self._files.write_new(target, [made.content])
        self._files.sync([target.parent])
        return Document(name, spool, written.size, written.sha256, made.pages, Role.MADE)


def as_pdf(documents: Sequence[Document]) -> list[Document]:
    """Stands for what would be made, while nothing is made yet."""
    first = documents[0]
    return [Document(PurePath(first.name).stem + ".pdf", first.spool, first.size, first.sha256, None, Role.MADE)]
