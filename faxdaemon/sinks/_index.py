"""The day's table: a row for each fax of a folder.

Promise   a fax has one row, however often it is added; readers see the table whole, without the row or with it.
Needs     a file system with locks, where several destinations or machines share the folder.
Crash     the old table, or the new one; then `add` is called again.

The table is written anew for each row: what is appended to can be cut, and readers would see it half-written.
"""

from __future__ import annotations

from pathlib import Path

from faxdaemon.contracts.files import Access, Files
from faxdaemon.core.errors import FilesError
from faxdaemon.sinks._sidecar import header

PATIENCE = 10.0
"""Seconds for which another one's row is waited for."""
LARGEST = 64 * 1024 * 1024
"""Bytes; no day has so many faxes."""


def add(  # noqa: PLR0917 - in the order in which they are needed
    files: Files, table: Path, fax_id: str, row: bytes, hidden: Path, access: Access
) -> None:
    """Add `row`, which begins with the fax id, to `table`, unless it is there."""
    lock = files.lock(hidden / "table.lock", PATIENCE)
    try:
        content = _content(files, table)
        if fax_id.encode() in content:
            return
        between = b"" if content.endswith(b"\n") else b"\r\n"
        temporary = hidden / f"{fax_id}-table"
        files.write_new(temporary, [content, between, row])
        files.grant(temporary, access)
        files.replace(temporary, table)
    finally:
        lock.release()


def _content(files: Files, table: Path) -> bytes:
    if files.stat(table) is None:
        return header()
    with files.read(table) as stream:
        content = stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise FilesError(f"{table} is larger than any day's table; move it away")
    return content or header()
