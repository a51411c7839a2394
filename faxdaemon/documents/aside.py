"""PDFs of strangers, read in processes of their own: a few KiB of PDF can take gigabytes, minutes, or PDFium's life.

Promise   each question is answered, or is `CannotRead`/`CannotMake`, within its time; what a document does to the
          process that reads it is not felt here.  The next document gets a new one.
Needs     this Python, and memory for one process more.
Crash     the process ends when nobody asks it any more.

There are two, started when they are first wanted and kept: one looks (pages, text), so that what takes long in the
other (making) delays only what must be made.  To ask costs about 0.2 ms, to start one about 0.2 s.
"""

from __future__ import annotations

import atexit
import errno
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import faxdaemon
from faxdaemon.contracts.documents import CannotMake, CannotRead, Converted, Made, Page
from faxdaemon.documents import reader
from faxdaemon.documents.merge import Part
from faxdaemon.documents.pdf import Pages

LOOKING = 10.0
"""Seconds to count pages or to read text; an ordinary document takes a thousandth of one."""
MAKING = 120.0
"""Seconds to put documents together."""
MEMORY = 1024**3
"""Bytes of address space to look at a document."""
MEMORY_MAKING = 2 * 1024**3
"""To make one: what is made is held as a whole, twice."""
TOO_MUCH = "takes more time or memory to be read than any ordinary PDF; print it into a new PDF and drop that"

Contents = list[bytes]


class _Aside:
    """One process; any thread may ask, one at a time."""

    def __init__(self, memory: int) -> None:
        self._memory = memory
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, told: Mapping[str, Any], contents: Sequence[bytes] = ()) -> tuple[dict[str, Any], Contents]:
        """The answer.  Raises `CannotRead` when it did not come, OSError when there is nobody to ask."""
        with self._lock:
            process = self._running()
            assert process.stdin is not None
            assert process.stdout is not None
            answer = None
            with suppress(BrokenPipeError):
                reader.write(process.stdin, told, contents)
                answer = reader.read(process.stdout)
            if answer is None:
                self._end()
                raise CannotRead(TOO_MUCH)
            return answer

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._end()
        self._process = process = subprocess.Popen(  # noqa: S603 - this Python, and our own module
            [sys.executable, "-m", reader.__name__, str(self._memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            start_new_session=True,
        )
        assert process.stdout is not None
        if reader.read(process.stdout) is None:
            self._end()
            raise OSError(errno.ENOMEM, "the process that reads PDFs cannot be started; is there memory for it?")
        return process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            end(process)

    def close(self) -> None:
        """When this process ends."""
        self._end()


def _environment() -> dict[str, str]:
    """What Python needs to find itself and us, and nothing of what else the daemon was told."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT") if name in os.environ}
    places = (str(Path(faxdaemon.__file__).parent.parent), os.environ.get("PYTHONPATH"))
    return {**kept, "PYTHONPATH": os.pathsep.join(filter(None, places))}


def end(process: subprocess.Popen[bytes]) -> None:
    """End it, and wait until it is gone."""
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(OSError):
                stream.close()


_LOOKS = _Aside(MEMORY)
_MAKES = _Aside(MEMORY_MAKING)
atexit.register(_LOOKS.close)
atexit.register(_MAKES.close)


def count(path: Path) -> Pages:
    """The pages of the PDF at `path`.  Raises `CannotRead`, OSError."""
    answer, _ = _LOOKS.ask({"do": "count", "path": str(path.absolute()), "seconds": LOOKING})
    return Pages(answer["pages"], answer["problem"])


def text(source: Path | bytes) -> tuple[Page, ...]:
    """The text of the first and the last page of a PDF.  Raises `CannotRead`, OSError."""
    path, contents = (None, [source]) if isinstance(source, bytes) else (str(source.absolute()), [])
    answer, _ = _LOOKS.ask({"do": "text", "path": path, "seconds": LOOKING}, contents)
    return tuple(Page(**page) for page in answer["pages"])


def tiff(content: bytes, *, each: bool) -> Converted:
    """The pages of a PDF as TIFF.  Raises `CannotRead`, OSError."""
    answer, made = _MAKES.ask({"do": "tiff", "each": each, "seconds": MAKING}, [content])
    if "cannot" in answer:
        raise CannotRead(answer["cannot"])
    files, at = [], 0
    for size in answer["sizes"]:
        files.append(made[0][at : at + size])
        at += size
    return Converted(tuple(files), answer["lossless"])


def merge(parts: Sequence[Part]) -> Made:
    """One PDF of all.  Raises `CannotMake`, OSError."""
    told = [
        {
            "name": part.name,
            "path": None if isinstance(part.content, bytes) else str(part.content.absolute()),
            "removals": [asdict(removal) for removal in part.removals],
        }
        for part in parts
    ]
    contents = [part.content for part in parts if isinstance(part.content, bytes)]
    try:
        answer, made = _MAKES.ask({"do": "merge", "parts": told, "seconds": MAKING}, contents)
    except CannotRead as error:
        raise CannotMake(f"{parts[0].name} {error}") from error
    if "cannot" in answer:
        raise CannotMake(answer["cannot"])
    return Made(made[0], answer["pages"])
