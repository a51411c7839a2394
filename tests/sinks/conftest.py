"""A folder of received faxes, and a document in the spool."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.desk import CONTENT


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    desk = tmp_path / "desk"
    desk.mkdir()
    return desk


@pytest.fixture
def spooled(tmp_path: Path) -> Path:
    path = tmp_path / "spooled"
    path.write_bytes(CONTENT)
    return path
