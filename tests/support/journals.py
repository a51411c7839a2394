"""A journal that is migrated already, to be copied: making one takes longer than most tests."""

from __future__ import annotations

import functools
import tempfile
import threading
from pathlib import Path

from support.clock import FakeClock

from faxdaemon.journal import open_journal
from faxdaemon.journal.database import FILE

_ONE_AT_A_TIME = threading.Lock()  # Alembic is not made for two threads


class _Nobody:
    def notify(self, *topics: str) -> None:
        """Nobody waits."""


@functools.cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory(prefix="migrated-") as place:
        open_journal("sqlite", state=Path(place), clock=FakeClock(), signals=_Nobody(), node="one").close()
        return (Path(place) / FILE).read_bytes()


def put_journal(state: Path) -> None:
    """An empty, migrated SQLite journal in the folder `state`, unless there is one."""
    if not (state / FILE).exists():
        with _ONE_AT_A_TIME:
            content = _migrated()
        (state / FILE).write_bytes(content)
