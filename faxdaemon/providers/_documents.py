"""Documents inside of a request, as base64, made while they leave.

Promise   the length is exact, memory does not grow with a document, the same parts give the same bytes.  Every document
          is open before the first byte is made, so that one which is missing is found before anything is sent; one
          that is longer or shorter than it was said to be, by a byte, breaks the exchange.
Needs     the size of each document.
Crash     keeps nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import PurePath
from typing import BinaryIO

from faxdaemon.contracts.provider import Content
from faxdaemon.http import SizedStream

_BLOCK = 48 * 1024  # a multiple of 3, so that the base64 of the blocks joins without padding


def between(frame: Sequence[bytes], documents: Sequence[Content]) -> SizedStream:
    """The first text, the first document, the second text, ...: one text more than there are documents."""
    size = sum(map(len, frame)) + sum((content.size + 2) // 3 * 4 for content in documents)
    return SizedStream(size, lambda: _made(frame, documents))


def encoded(stream: BinaryIO) -> Iterator[bytes]:
    """What a stream holds as base64, in blocks."""
    while block := stream.read(_BLOCK):
        while len(block) % 3 and (more := stream.read(3 - len(block) % 3)):  # an unbuffered file reads short
            block += more
        yield base64.b64encode(block)


def suffix(name: str) -> str:
    """The file name's suffix, lower case with dot."""
    return PurePath(name).suffix.lower()


def _made(frame: Sequence[bytes], documents: Sequence[Content]) -> Iterator[bytes]:
    with ExitStack() as stack:
        streams = [stack.enter_context(content.open()) for content in documents]
        yield frame[0]
        for content, stream, text in zip(documents, streams, frame[1:], strict=True):
            left = content.size
            for piece in encoded(stream):
                left -= len(piece) // 4 * 3 - piece[-2:].count(b"=")
                if left < 0:
                    break
                yield piece
            if left:
                raise OSError("a document changed its size while it was sent")
            yield text
