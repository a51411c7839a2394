"""Pushes as text: `METHOD target`, headers, an empty line, the body; written by hand from the providers' documents."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from faxdaemon.contracts.push import Push


def read(path: Path, kind: str) -> Push:
    """The push that a file tells.  Lines end in CRLF where the form wants it."""
    head, _, body = path.read_text(encoding="utf-8").partition("\n\n")
    body = body.removesuffix("\n")
    first, *lines = head.splitlines()
    method, target = first.split(" ", 1)
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    if "multipart" in headers.get("content-type", ""):
        body = body.replace("\n", "\r\n")
    elif "urlencoded" in headers.get("content-type", ""):
        body = body.replace("\n", "")
    query = dict(parse_qsl(urlsplit(target).query, keep_blank_values=True))
    return Push(kind, method, query, headers, body.encode())


def push(kind: str, body: bytes = b"", media: str = "", method: str = "POST", **query: str) -> Push:
    """One made on the spot."""
    return Push(kind, method, query, {"content-type": media} if media else {}, body)
