"""The body of a request: form fields, and documents as base64 inside of them, made while they leave.

Promise   the length is exact and memory does not grow with a document.  A large one is read twice: percent-encoding
          makes the length depend on the content (`+` and `/` become three characters).
Needs     documents that do not change; one that does breaks the exchange instead of being sent wrongly.
Crash     keeps nothing.

Documents travel under neutral names (`1.pdf`): the service goes by the suffix, and a file name may name a patient.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlencode

from faxdaemon.contracts.provider import Content
from faxdaemon.http import SizedStream
from faxdaemon.providers._documents import encoded, suffix

SMALL = 1 << 18
"""Bytes of documents up to which a body is made once, in memory."""


def fields(values: Sequence[tuple[str, str]]) -> bytes:
    """Form fields in UTF-8."""
    return urlencode(values).encode("ascii")


def with_documents(values: Sequence[tuple[str, str]], contents: Sequence[Content]) -> SizedStream:
    """Form fields and documents.  Reads each document once, to learn the length or to keep it; raises what opening it
    raises."""
    parts: list[bytes | Content] = [fields(values)]
    for number, content in enumerate(contents, 1):
        name = f"{number}{suffix(content.name)}"
        parts += [b"&", fields([("faxfilenames[]", name), ("faxfiledata[]", "")]), content]

    def chunks() -> Iterator[bytes]:
        for part in parts:
            if isinstance(part, bytes):
                yield part
            else:
                yield from _encoded(part)

    if sum(content.size for content in contents) <= SMALL:
        whole = b"".join(chunks())
        return SizedStream(len(whole), lambda: iter((whole,)))
    return SizedStream(sum(map(len, chunks())), chunks)


def tagnumber(number: str) -> str | None:
    """A US or Canadian number as `tagnumber` has it, 1.303.555.0100; None for any other."""
    digits = re.fullmatch(r"1?(\d{3})(\d{3})(\d{4})", re.sub(r"[\s()+./-]", "", number))
    return f"1.{digits[1]}.{digits[2]}.{digits[3]}" if digits else None


def _encoded(content: Content) -> Iterator[bytes]:
    with content.open() as stream:
        for piece in encoded(stream):
            yield piece.replace(b"+", b"%2B").replace(b"/", b"%2F").replace(b"=", b"%3D")
