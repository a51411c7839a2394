"""Reads a JSON answer that holds a document, without holding the document.

Promise   memory stays small whatever comes: the one long string of an answer is decoded from base64 into a temporary
          file while it arrives.  What is no JSON is `ProviderTrouble`; a document that is no base64 is kept as it
          stands, from where it is none: a received fax that nobody can read must not be lost, nor come for ever.
Needs     room for temporary files.  They have no name, or are kept in memory when small: nothing is left behind.
Crash     the file is gone.
"""

from __future__ import annotations

import base64
import binascii
import re
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast

from faxdaemon.core.errors import ProviderTrouble
from faxdaemon.providers._json import BadJson, parse

_LONG = 64 * 1024
"""A string of more bytes than this goes to the file."""
_LEAN = 1024 * 1024
"""The longest answer without its long string, in bytes."""
_MEMORY = 512 * 1024
"""The largest document that is kept in memory, in bytes."""
_PLACE = "(the long string)"
_END = re.compile(rb'["\\]')
_ESCAPE = re.compile(rb"\\(u[0-9a-fA-F]{4}|[^u])")
_BLANK = b" \t\r\n"
_NOT_READ = "OpenText's answer could not be read"


class Base64File:
    """Takes base64 as it stands in a JSON string, in pieces, and keeps what it says."""

    def __init__(self) -> None:
        self.file = cast("BinaryIO", SpooledTemporaryFile(max_size=_MEMORY))  # noqa: SIM115 - it outlives this call
        self._rest = b""
        self._ended = False
        self._as_it_stands = False

    def feed(self, piece: bytes) -> None:
        """More of it."""
        text = self._rest + piece
        held = _cut_escape(text)
        self._decode(_plain(text[: len(text) - held]), text[len(text) - held :])

    def finish(self) -> BinaryIO:
        """The document, at its beginning."""
        self.file.write(self._rest)  # of a document that is not whole
        self.file.seek(0)
        return self.file

    def _decode(self, text: bytes, held: bytes) -> None:
        whole = len(text) - len(text) % 4
        content = None if self._as_it_stands or (whole and self._ended) else _decoded(text[:whole])
        if content is None:
            self._as_it_stands = True
            self.file.write(text)
            self._rest = held
            return
        self.file.write(content)
        self._ended = self._ended or text[:whole].endswith(b"=")
        self._rest = text[whole:] + held


class LeanReader:
    """Give it an answer in pieces, then `finish`."""

    def __init__(self) -> None:
        self._lean = bytearray()
        self._inside = False
        self._escaped = False
        self._start = 0
        self._long: Base64File | None = None
        self._diverts = False

    def __call__(self, piece: bytes) -> None:
        """More of it; raises `ProviderTrouble`, or OSError when there is no room."""
        at = 0
        while at < len(piece):
            at = self._string(piece, at) if self._inside else self._outside(piece, at)
            if len(self._lean) > _LEAN:
                raise ProviderTrouble(f"{_NOT_READ}: it is too long")

    def _outside(self, piece: bytes, at: int) -> int:
        end = piece.find(b'"', at) + 1 or len(piece)
        self._lean += piece[at:end]
        self._inside = piece[end - 1 : end] == b'"'
        self._start = len(self._lean)
        return end

    def _string(self, piece: bytes, at: int) -> int:
        if self._escaped:
            self._escaped = False
            self._text(piece[at : at + 1])
            return at + 1
        mark = _END.search(piece, at)
        end = mark.start() if mark else len(piece)
        self._text(piece[at:end])
        if mark is None:
            return end
        if mark[0] == b"\\":
            self._escaped = True
            self._text(b"\\")
        else:
            self._inside = self._diverts = False
            self._lean += b'"'
        return end + 1

    def _text(self, text: bytes) -> None:
        if self._diverts and self._long:
            self._long.feed(text)
            return
        self._lean += text
        if len(self._lean) - self._start <= _LONG:
            return
        if self._long:
            raise ProviderTrouble(f"{_NOT_READ}: it holds more than one document")
        self._long, self._diverts = Base64File(), True
        self._long.feed(bytes(self._lean[self._start :]))
        self._lean[self._start :] = _PLACE.encode()

    def finish(self) -> tuple[Any, BinaryIO | None]:
        """The answer, and the document if there was one: where `is_long` says so, it is this string."""
        try:
            answer = parse(self._lean)
        except BadJson:
            raise ProviderTrouble(_NOT_READ) from None
        return answer, self._long.finish() if self._long else None

    def close(self) -> None:
        """Give up the file, when nobody took it."""
        if self._long:
            self._long.file.close()


def _decoded(text: bytes) -> bytes | None:
    """None when it is no base64."""
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return None


def is_long(value: object) -> bool:
    """Whether a value of the answer stands for the document."""
    return value == _PLACE


def decoded(text: str) -> BinaryIO:
    """A short document."""
    taker = Base64File()
    taker.feed(text.encode("ascii", "replace"))
    return taker.finish()


def _plain(text: bytes) -> bytes:
    """Without JSON's escapes and without blanks."""
    if b"\\" in text:
        text = _ESCAPE.sub(_unescaped, text)
    return text.translate(None, _BLANK)


def _unescaped(match: re.Match[bytes]) -> bytes:
    escape = match[1]
    if escape[:1] == b"u":
        code = int(escape[1:], 16)
        return bytes([code]) if code < 128 else b"?"
    return b"" if escape in b"bfnrt" else escape


def _cut_escape(text: bytes) -> int:
    """How many bytes at the end are the beginning of an escape."""
    at = text.rfind(b"\\", max(0, len(text) - 6))
    if at < 0 or _ESCAPE.match(text, at):
        return 0
    return len(text) - at
