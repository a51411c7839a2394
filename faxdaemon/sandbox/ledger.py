"""The ledger on disk: `ledger.jsonl`, one line for every change, so that a test can read it whatever was
killed since.

Promise   a fax is in the file before its provider answers; the last line of a fax is its present state.
Needs     a directory of its own.
Crash     a last line that is not whole is left out when reading.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from faxdaemon.sandbox.model import LedgerEntry

NAME = "ledger.jsonl"
_TIMES = ("accepted_at", "ended_at", "deleted_at")
_LISTS = ("documents", "names")


class LedgerFile:
    """Appends entries; each reaches the operating system before `append` returns."""

    def __init__(self, directory: Path) -> None:
        self._file = (directory / NAME).open("ab", buffering=0)

    def append(self, entry: LedgerEntry) -> None:
        """Write the present state of one fax."""
        self._file.write(json.dumps(as_json(entry)).encode() + b"\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def as_json(entry: LedgerEntry) -> dict[str, Any]:
    """Plain values; times as ISO 8601."""
    plain = {f.name: getattr(entry, f.name) for f in dataclasses.fields(entry)}
    for name in _TIMES:
        if plain[name] is not None:
            plain[name] = plain[name].isoformat()
    return plain


def from_json(plain: Mapping[str, Any]) -> LedgerEntry:
    """The inverse of `as_json`."""
    values = dict(plain)
    for name in _TIMES:
        if values.get(name) is not None:
            values[name] = datetime.fromisoformat(values[name])
    for name in _LISTS:
        values[name] = tuple(values.get(name, ()))
    return LedgerEntry(**values)


def read_ledger(directory: Path) -> list[LedgerEntry]:
    """Every fax in `ledger.jsonl` in its last state, in the order in which they came; empty when there is no
    file."""
    entries: dict[tuple[str, str], LedgerEntry] = {}
    path = directory / NAME
    if not path.exists():
        return []
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                entry = from_json(cast("dict[str, Any]", json.loads(line)))
                entries[entry.direction, entry.job] = entry
    return list(entries.values())
