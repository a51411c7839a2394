"""What the tests of the file layer share: both platforms' rules, a record of every fsync, another process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from faxdaemon.contracts.files import Files
from faxdaemon.files.windows import WindowsFiles

WRITER = "import sys\nwith open(sys.argv[1], sys.argv[2]) as f: print('open', flush=True); sys.stdin.read()"


@pytest.fixture(params=["posix", "windows rules"])
def files(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Files:
    """The operations of this platform, and those of Windows on a system whose rename never overwrites."""
    if request.param == "posix":
        from faxdaemon.files.posix import PosixFiles

        return PosixFiles()
    rename = Path.rename

    def never_over(self: Path, target: Path) -> Path:
        if os.path.lexists(target):
            raise FileExistsError(17, "exists", str(target))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", never_over)
    return WindowsFiles()


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every path that is fsynced, in order."""
    paths: list[Path] = []
    fsync = os.fsync

    def record(descriptor: int) -> None:
        paths.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", record)
    return paths


@pytest.fixture
def opened() -> Iterator[Callable[[Path, str], subprocess.Popen[str]]]:
    """Start another process that holds a file open, with `a`, `r` and so on, until it is told to end."""
    with ExitStack() as stack:

        def start(path: Path, mode: str) -> subprocess.Popen[str]:
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", WRITER, path, mode],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            assert process.stdout is not None
            assert process.stdout.readline() == "open\n"
            return process

        yield start
