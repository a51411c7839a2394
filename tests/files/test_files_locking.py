"""One holder at a time, over processes; the system lets go when the holder dies."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from faxdaemon.contracts.files import Files
from faxdaemon.core.errors import FilesError

HOLD = """
import sys
from pathlib import Path
from faxdaemon.files import open_files
lock = open_files().lock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path / "lock"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_lock_held_elsewhere_is_refused_naming_the_holder(
    files: Files, tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    with pytest.raises(FilesError, match=f"locked by process {holder.pid};"):
        files.lock(tmp_path / "lock")


def test_a_killed_holder_holds_nothing(files: Files, tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait()
    lock = files.lock(tmp_path / "lock")
    assert (tmp_path / "lock").read_text() == str(os.getpid())
    lock.release()


def test_a_released_lock_can_be_taken_again(files: Files, tmp_path: Path) -> None:
    lock = files.lock(tmp_path / "lock")
    with pytest.raises(FilesError, match=f"process {os.getpid()}"):
        files.lock(tmp_path / "lock")
    lock.release()
    lock.release()
    files.lock(tmp_path / "lock").release()


def test_a_lock_in_a_missing_folder_is_told(files: Files, tmp_path: Path) -> None:
    with pytest.raises(FilesError, match="cannot open the lock"):
        files.lock(tmp_path / "none" / "lock")
