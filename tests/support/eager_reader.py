"""A reader in a process of its own: opens each awaited file the moment it appears, and takes it away.

    python eager_reader.py <folder> <suffix that it waits for> <how many>

It says `ready` once it looks, and in the end a line of JSON: how many were right, and what was wrong.  Linux (inotify).
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

_MOVED_TO = 0x80
_OVERFLOW = 0x4000


def moved_to(folder: Path) -> Iterator[str]:
    """The names that appear by a rename."""
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.inotify_init1(os.O_CLOEXEC)
    if libc.inotify_add_watch(watch, os.fsencode(folder), _MOVED_TO) < 0:
        raise OSError(ctypes.get_errno(), "inotify_add_watch")
    print("ready", flush=True)
    while True:
        events = os.read(watch, 1 << 16)
        at = 0
        while at < len(events):
            _, mask, _, length = struct.unpack_from("iIII", events, at)
            name = events[at + 16 : at + 16 + length].rstrip(b"\0")
            at += 16 + length
            if mask & _OVERFLOW:
                raise OverflowError("events were lost")
            yield os.fsdecode(name)


def wrong_with(place: Path) -> str | None:
    """What is not as it should be about the fax of which this file appeared."""
    try:
        told = json.loads(place.with_suffix(".json").read_bytes())
        content = place.with_suffix(".pdf").read_bytes()
    except (OSError, ValueError) as error:
        return f"{place.name}: {type(error).__name__}"
    if (told["size"], told["sha256"]) != (len(content), hashlib.sha256(content).hexdigest()):
        return f"{place.name}: not whole"
    return None if told["file"] == place.with_suffix(".pdf").name else f"{place.name}: names another file"


def main(folder: Path, suffix: str, count: int) -> None:
    """Read so many."""
    right, wrong = 0, []
    for name in moved_to(folder):
        if not name.endswith(suffix):
            continue
        place = folder / name
        problem = wrong_with(place)
        if problem:
            wrong.append(problem)
        else:
            right += 1
        for end in (".pdf", ".json"):
            place.with_suffix(end).unlink(missing_ok=True)
        if right + len(wrong) >= count:
            break
    print(json.dumps({"right": right, "wrong": wrong[:20]}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
