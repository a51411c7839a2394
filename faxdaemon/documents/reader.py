"""The process aside: reads one PDF after the other, for as long as it is asked (`aside` asks).

Promise   whatever a document does to it, it answers within the time that it was given, or is gone: what it may take of
          memory was set before it read a byte of anybody's, and a clock that no document can stop ends it.
Needs     standard input and output; `resource` for the bound on memory (not on Windows).
Crash     keeps nothing.  When its asker is gone it ends by itself.

A message is a line of JSON, and then as many bytes as `bytes` in it tells: the parts of it that are no text.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import pypdfium2

from faxdaemon.contracts.documents import CannotMake, Removal
from faxdaemon.documents.merge import Part, merge
from faxdaemon.documents.pdf import PDFIUM, count_pages, text_of_pdf

Answer = tuple[dict[str, Any], bytes]


def write(stream: IO[bytes], told: Mapping[str, Any], contents: Sequence[bytes] = ()) -> None:
    """One message.  Raises OSError."""
    stream.write(json.dumps({**told, "bytes": [len(content) for content in contents]}).encode() + b"\n")
    stream.writelines(contents)
    stream.flush()


def read(stream: IO[bytes]) -> tuple[dict[str, Any], list[bytes]] | None:
    """One message; None where there is no (whole) one."""
    line = stream.readline()
    if not line.endswith(b"\n"):
        return None
    told = json.loads(line)
    sizes = told.pop("bytes")
    contents = [stream.read(size) for size in sizes]
    return (told, contents) if [len(content) for content in contents] == sizes else None


def _count(told: Mapping[str, Any], contents: Sequence[bytes]) -> Answer:
    del contents
    pages, problem = count_pages(Path(told["path"]))
    return {"pages": pages, "problem": problem}, b""


def _text(told: Mapping[str, Any], contents: Sequence[bytes]) -> Answer:
    source = contents[0] if contents else Path(told["path"])
    return {"pages": [asdict(page) for page in text_of_pdf(source)]}, b""


def _merge(told: Mapping[str, Any], contents: Sequence[bytes]) -> Answer:
    waiting = iter(contents)
    parts = [
        Part(
            part["name"],
            next(waiting) if part["path"] is None else Path(part["path"]),
            tuple(Removal(**removal) for removal in part["removals"]),
        )
        for part in told["parts"]
    ]
    try:
        made = merge(parts)
    except CannotMake as error:
        return {"cannot": str(error)}, b""
    return {"pages": made.pages}, made.content


def _tiff(told: Mapping[str, Any], contents: Sequence[bytes]) -> Answer:
    from faxdaemon.documents.faxpages import tiff_of_pdf  # noqa: PLC0415 - most processes aside never draw

    try:
        made = tiff_of_pdf(contents[0], each=told["each"])
    except pypdfium2.PdfiumError:
        return {"cannot": "is damaged: no PDF reader can open it"}, b""
    return {"lossless": made.lossless, "sizes": [len(file) for file in made.files]}, b"".join(made.files)


_ACTS: Mapping[str, Callable[[Mapping[str, Any], Sequence[bytes]], Answer]] = {
    "count": _count,
    "text": _text,
    "merge": _merge,
    "tiff": _tiff,
}


def main(memory: int) -> None:
    """Serve until nobody asks any more."""
    for each in (signal.SIGINT, signal.SIGTERM):  # the asker's to heed; it may still want an answer
        signal.signal(each, signal.SIG_IGN)
    _limit(memory)
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    write(answers, {"ready": True})
    with PDFIUM:
        while (request := read(requests)) is not None:
            told, contents = request
            faulthandler.dump_traceback_later(told["seconds"], exit=True)
            answer, content = _ACTS[told["do"]](told, contents)
            faulthandler.cancel_dump_traceback_later()
            del request, contents
            write(answers, answer, [content] if content else [])
            del content


def _limit(memory: int) -> None:
    if os.name != "posix":
        return
    import resource  # noqa: PLC0415 - not on Windows

    _, most = resource.getrlimit(resource.RLIMIT_AS)
    memory = memory if most == resource.RLIM_INFINITY else min(memory, most)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main(int(sys.argv[1]))
