"""A folder of small files that may be lost.

Promise   `get` gives a content as it was put, whole, or nothing; neither method raises.
Needs     a folder of its own; one process.
Crash     a content is there as it was, or as it is to be, or not at all.
"""

from __future__ import annotations

import re
from pathlib import Path

import structlog

from faxdaemon.contracts.files import Files
from faxdaemon.core.errors import FilesError

LARGEST = 16 * 2**20
"""Bytes; nothing longer is kept."""
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")

log = structlog.get_logger()


class FileCache:
    """See the module; `faxdaemon.contracts.cache.Cache`."""

    def __init__(self, folder: Path, files: Files) -> None:
        self._folder = folder
        self._files = files

    def get(self, name: str) -> bytes | None:
        """What was put there last."""
        path = self._path(name)
        try:
            if self._files.stat(path) is None:
                return None
            with self._files.read(path) as stream:
                content = stream.read(LARGEST + 1)
        except (FilesError, OSError) as error:
            log.warning("cache.unreadable", name=name, error=type(error).__name__)
            return None
        return content if 0 < len(content) <= LARGEST else None

    def put(self, name: str, content: bytes) -> None:
        """In place of what was there."""
        path = self._path(name)
        if not 0 < len(content) <= LARGEST or self.get(name) == content:
            return
        draft = path.with_name(f"{name}.new")
        try:
            self._files.make_dirs([self._folder])
            self._files.write_new(draft, [content])
            self._files.remove([path])  # a move never overwrites
            self._files.move([(draft, path)])
        except (FilesError, OSError) as error:
            log.warning("cache.not_kept", name=name, error=type(error).__name__)

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name) or name.endswith(".new"):
            raise ValueError(f"“{name}” is no name for a cached content")
        return self._folder / name
