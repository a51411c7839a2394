"""The forms in which a received document is delivered: as received, PDF, TIFF, TIFF a page.

Promise   what is staged is the document that was received, or made of it: the spool's file is compared with its hash.
          What cannot be made is delivered as received.
Needs     the spool readable; memory for the document, where it is converted.
Crash     staged again, over the same temporaries.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from faxdaemon.contracts.documents import Converted, Documents
from faxdaemon.contracts.files import Files, Written
from faxdaemon.core.errors import FilesError
from faxdaemon.core.model import InboundFax, StoredDocument

log = structlog.get_logger()

PDF, TIFF = "application/pdf", "image/tiff"
SUFFIXES = {PDF: ".pdf", TIFF: ".tif"}
OTHER = ".bin"


@dataclass(frozen=True, slots=True)
class Made:
    """The document as it is staged."""

    media: str
    written: tuple[Written, ...]
    """Each file."""
    lossless: bool | None
    """None when it is as received."""

    @property
    def suffix(self) -> str:
        """Of each file."""
        return SUFFIXES.get(self.media, OTHER)


def document_of(fax: InboundFax) -> StoredDocument:
    """Its stored document.  Raises `FilesError`."""
    if fax.document is None:
        raise FilesError(f"fax {fax.fax_id} has no document to deliver")
    return fax.document


def content_of(stored: StoredDocument, source: Path, files: Files) -> bytes:
    """The document at `source`, whole.  Raises `FilesError`, also when it is not what was received."""
    with files.read(source) as stream:
        content = stream.read()
    _same(hashlib.sha256(content).hexdigest(), stored, source)
    return content


def make(  # noqa: PLR0917 - in the order in which they are needed
    form: str, stored: StoredDocument, source: Path, files: Files, documents: Documents, staged: Callable[[int], Path]
) -> Made:
    """Write the document in a form to `staged(1)` and so on.  Raises `FilesError`."""
    wanted = {"pdf": PDF, "tiff": TIFF, "pages": TIFF}.get(form)
    if wanted and stored.media in SUFFIXES and (wanted != stored.media or form == "pages"):
        content = content_of(stored, source, files)
        converted = _converted(form, content, stored.media, documents)
        if converted is not None:
            made = tuple(files.write_new(staged(n), [each]) for n, each in enumerate(converted.files, 1))
            return Made(wanted, made, converted.lossless)
        log.warning("fax cannot be converted and is delivered as received", form=form, document=stored.spool)
    written = files.copy_new(source, staged(1))
    _same(written.sha256, stored, source)
    return Made(stored.media, (written,), None)


def _converted(form: str, content: bytes, media: str, documents: Documents) -> Converted | None:
    if form == "pdf":
        made = documents.as_pdf(content, media)
        return None if made is None else Converted((made,), lossless=True)
    return documents.as_tiff(content, media, each=form == "pages")


def _same(sha256: str, stored: StoredDocument, source: Path) -> None:
    if sha256 != stored.sha256:
        raise FilesError(f"{source} is not what was received: its content has changed in the spool; look at the disk")
