"""What the sandbox keeps on disk: the documents sent to it and the faxes it received, named by their content.

Promise   a document is on disk, whole and hashed, before its job exists.  The same content is kept once.
Needs     a directory of its own; `faxdaemon.documents` to count pages and to draw fax images.
Crash     files without a job may stay behind; they are never read.
"""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from faxdaemon.documents import open_documents
from faxdaemon.documents.faxtiff import RESOLUTIONS, FaxTiff
from faxdaemon.documents.paper import text_pdf
from faxdaemon.documents.render import CannotRender, add_document, tiff_to_pdf
from faxdaemon.sandbox.model import Paper

NO_IMAGE = "The sandbox cannot draw this kind of document.\nIts provider could.\n\n"


class Papers:
    """The files of one sandbox; used by several threads at once."""

    def __init__(self, directory: Path) -> None:
        self._documents = directory / "documents"
        self._inbox = directory / "inbox"
        for folder in (self._documents, self._inbox):
            folder.mkdir(parents=True, exist_ok=True)
        self._reader = open_documents()
        self._numbers = itertools.count(1)

    def keep(self, name: str, blocks: Iterable[bytes]) -> Paper:
        """Store one document that arrives in `blocks`."""
        digest = hashlib.sha256()
        size = 0
        part = self._part(self._documents)
        with part.open("wb") as file:
            for block in blocks:
                digest.update(block)
                size += len(block)
                file.write(block)
        sha256 = digest.hexdigest()
        path = self._documents / sha256
        part.replace(path)
        seen = self._reader.inspect(path, name)
        return Paper(name, path, size, sha256, seen.pages, seen.problem)

    def image(self, papers: Sequence[Path], resolution: Literal["standard", "fine"]) -> tuple[Path, int]:
        """The fax image of `papers` as a new TIFF file, and its pages; what cannot be drawn is a page saying so."""
        out = self._part(self._inbox)
        with out.open("wb") as file, FaxTiff(file, RESOLUTIONS[resolution]) as fax:
            for path in papers:
                try:
                    add_document(fax, path)
                except CannotRender as error:
                    self._add_text(fax, f"{NO_IMAGE}It {error}.\n")
            return out, fax.pages

    def _add_text(self, fax: FaxTiff, words: str) -> None:
        sheet = self._part(self._inbox)
        sheet.write_bytes(text_pdf(words))
        add_document(fax, sheet)
        sheet.unlink()

    def blank(self, caller: str | None, pages: int) -> tuple[Path, int]:
        """A fax image of `pages` pages that nobody wrote; each one differs."""
        number = next(self._numbers)
        words = "\f".join(f"Fax {number} from {caller or 'unknown'}\n\npage {n + 1} of {pages}" for n in range(pages))
        out = self._part(self._inbox)
        with out.open("wb") as file, FaxTiff(file, RESOLUTIONS["standard"]) as fax:
            self._add_text(fax, words)
            return out, fax.pages

    def delivered(self, image: Path, form: Literal["pdf", "tiff"]) -> Path:
        """Turn a fax image into the file that a customer is given."""
        if form == "pdf":
            part = self._part(self._inbox)
            part.write_bytes(tiff_to_pdf(image))
            image.unlink()
            return part
        return image

    def received(self, number: int, part: Path, form: Literal["pdf", "tiff"]) -> Path:
        """Give a delivered file its name in the inbox."""
        path = self.received_path(number, form)
        part.replace(path)
        return path

    def received_path(self, number: int, form: Literal["pdf", "tiff"]) -> Path:
        """Where the received fax `number` lies."""
        return self._inbox / f"fax{number}.{'pdf' if form == 'pdf' else 'tif'}"

    @staticmethod
    def sheet(text: str) -> bytes:
        """A PDF of plain text."""
        return text_pdf(text)

    def _part(self, folder: Path) -> Path:
        return folder / f".{os.getpid()}-{next(self._numbers)}.part"
