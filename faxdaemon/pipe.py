"""Turning a callback into a stream: a provider pushes the bytes that it downloads, a file layer pulls what it writes.

Promise   at most a few pieces are held in memory; an error on either side ends the other.
Needs     nothing.
Crash     keeps nothing.

The alternative, both sides in one thread, would need every adapter to be a generator; a download is the one place where
the two meet, so the knot is tied here once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from tempfile import SpooledTemporaryFile

IN_MEMORY = 8 * 1024 * 1024
"""Bytes kept in memory; a received fax is nearly always smaller, a larger one goes through an unnamed temporary
file."""


@contextmanager
def chunks_of(download: Callable[[Callable[[bytes], object]], None]) -> Iterator[Iterator[bytes]]:
    """Run `download`, then give what it wrote piece by piece."""
    with SpooledTemporaryFile(max_size=IN_MEMORY) as buffer:
        download(buffer.write)
        buffer.seek(0)
        yield iter(lambda: buffer.read(1024 * 1024), b"")
