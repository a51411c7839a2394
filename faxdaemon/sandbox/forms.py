"""Reading a posted form without copying what is large in it.

Promise   linear in the size of the body; a document is decoded in blocks and never exists a second time in
          memory. Names are compared in lower case (the provider's document writes `Username`, clients write
          `username`). Arrays as PHP reads them: `name[]` counts on from the last index, `name[3]` says its
          own.
Needs     the whole body as one bytearray.
Crash     keeps nothing.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

_BLOCK = 1 << 20
_ARRAY = re.compile(r"(.+?)\[([0-9]*)\]")
_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))
_BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)
_DISPOSITION = re.compile(rb'content-disposition:[^\r\n]*?[; ]name="([^"]*)"', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Field:
    """One value: where it lies in the body."""

    body: bytearray
    start: int
    end: int
    quoted: bool
    """Whether it is percent-encoded."""

    def raw(self) -> Iterator[bytes]:
        """The value in blocks."""
        at = self.start
        while at < self.end:
            until = min(at + _BLOCK, self.end)
            if self.quoted and until < self.end:  # never between the characters of a %XX
                cut = self.body.rfind(b"%", until - 2, until)
                until = cut if cut > at else until
            block = bytes(self.body[at:until])
            yield _unquoted(block) if self.quoted else block
            at = until

    def text(self) -> str:
        """The value as text."""
        return b"".join(self.raw()).decode("utf-8", "replace")

    def base64(self) -> Iterator[bytes]:
        """The decoded value, skipping strange characters as PHP does."""
        rest = b""
        for block in self.raw():
            rest += block.translate(None, _NOT_BASE64)
            whole = len(rest) - len(rest) % 4
            if whole:
                yield base64.b64decode(rest[:whole])
            rest = rest[whole:]
        if len(rest) > 1:
            yield base64.b64decode(rest + b"=" * (4 - len(rest)))


class Form:
    """The fields of a request, in the order in which they came."""

    def __init__(self, fields: list[tuple[str, Field]]) -> None:
        self._single: dict[str, Field] = {}
        self._arrays: dict[str, dict[int, Field]] = {}
        for name, field in fields:
            self._add(name, field)

    def _add(self, name: str, field: Field) -> None:
        match = _ARRAY.fullmatch(name)
        if not match:
            self._single[name.lower()] = field
            return
        array = self._arrays.setdefault(match[1].lower(), {})
        array[int(match[2]) if match[2] else max(array, default=-1) + 1] = field

    def text(self, name: str) -> str:
        """A value without surrounding blanks; empty when there is none."""
        field = self._single.get(name)
        return field.text().strip() if field else ""

    def flag(self, name: str) -> bool:
        """Whether a value is `1`."""
        return self.text(name) == "1"

    def array(self, name: str) -> dict[int, Field]:
        """The values of an array by index."""
        return self._arrays.get(name, {})

    def echo(self) -> str:
        """Every field as text, documents shortened: what the provider shows of a bad request, passwords
        included."""
        shown = [(name, field) for name, field in self._single.items()]
        shown += [(f"{n}[{i}]", field) for n, values in self._arrays.items() for i, field in values.items()]
        return "".join(f"{name} => {field.text()[:200]}\n" for name, field in shown)


def parse(content_type: str, body: bytearray) -> Form:
    """Read a body: multipart where the content type says so, else urlencoded."""
    boundary = _BOUNDARY.search(content_type)
    if content_type.lower().startswith("multipart/form-data") and boundary:
        return Form(list(_parts(body, b"--" + boundary[1].encode("latin-1"))))
    return Form(list(_pairs(body)))


def _pairs(body: bytearray) -> Iterator[tuple[str, Field]]:
    at = 0
    while at < len(body):
        end = body.find(b"&", at)
        end = len(body) if end < 0 else end
        equals = body.find(b"=", at, end)
        equals = end if equals < 0 else equals
        name = _unquoted(bytes(body[at:equals])).decode("utf-8", "replace")
        if name:
            yield name, Field(body, min(equals + 1, end), end, quoted=True)
        at = end + 1


def _parts(body: bytearray, boundary: bytes) -> Iterator[tuple[str, Field]]:
    at = body.find(boundary)
    while at >= 0:
        start = at + len(boundary)
        if body[start : start + 2] == b"--":
            return
        following = body.find(b"\r\n" + boundary, start)
        headers = body.find(b"\r\n\r\n", start)
        if following < 0 or headers < 0 or headers > following:
            return
        name = _DISPOSITION.search(bytes(body[start:headers]))
        if name:
            yield name[1].decode("utf-8", "replace"), Field(body, headers + 4, following, quoted=False)
        at = following + 2


def _unquoted(block: bytes) -> bytes:
    """The bytes behind percent signs; base64 has only three of them, and those go fast."""
    block = block.replace(b"+", b" ")
    if b"%" not in block:
        return block
    block = block.replace(b"%2B", b"+").replace(b"%2F", b"/").replace(b"%3D", b"=")
    return unquote_to_bytes(block) if b"%" in block else block
