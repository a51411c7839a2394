"""The log into a file that begins anew when it is large.

Promise   `keep` old files beside the one being written, `<file>.1` the newest; each for the owner and the group only.
Needs     a folder that we may write.
Crash     see `faxdaemon.logs`.
"""

from __future__ import annotations

import logging
import os
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

from faxdaemon.core.errors import UserError

LARGE = 10 * 2**20
"""Bytes after which a new file is begun."""
MODE = 0o640


class _Handler(RotatingFileHandler):
    """The standard library's, for lines that are ready."""

    terminator = ""

    def _open(self) -> TextIOWrapper:
        def opener(path: str, flags: int) -> int:
            return os.open(path, flags, MODE)

        return open(self.baseFilename, "a", encoding="utf-8", errors="backslashreplace", opener=opener)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        """A full disk must not stop a fax, nor fill stderr."""


class RotatingFile:
    """An `Out` of lines."""

    encoding = "utf-8"

    def __init__(self, path: Path, keep: int) -> None:
        """`UserError` when the file cannot be had."""
        try:
            self._handler = _Handler(path, maxBytes=LARGE, backupCount=keep)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise UserError(f"log.file: {path} cannot be written ({why}); let the service's user write it") from error

    def write(self, text: str, /) -> None:
        """Whole lines; the handler's lock keeps those of several threads apart."""
        self._handler.handle(logging.LogRecord("faxdaemon", logging.INFO, "", 0, text, None, None))

    def flush(self) -> None:
        """Each line is flushed already."""

    def close(self) -> None:
        """Nothing is written any more."""
        self._handler.close()
