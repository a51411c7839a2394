"""JSON from services: the only place where JSON of others is read.

Promise   a document that is deeper or fuller than it may be is `BadJson`, found before its values are made: a few bytes
          of text become a hundred of memory.  No message quotes the document.
Needs     the document in memory; whoever read it has limited its length.
Crash     keeps nothing.
"""

from __future__ import annotations

import json
from typing import Any

MAX_VALUES = 250_000
"""Values in one document, counted by what separates and opens them; a thousand jobs have some twenty thousand."""


class BadJson(ValueError):
    """It is not JSON that we read; the reason is for people and quotes nothing."""


def parse(document: bytes | bytearray) -> Any:
    """The value.  Raises `BadJson`."""
    if sum(map(document.count, (b",", b"[", b"{"))) > MAX_VALUES:
        raise BadJson(f"it holds more than {MAX_VALUES} values")
    try:
        return json.loads(document)
    except (ValueError, RecursionError):
        pass
    raise BadJson("it is no JSON")


def an_object(document: bytes | bytearray) -> dict[str, Any] | None:
    """The value if it is an object; None for whatever else, and for what cannot be read."""
    try:
        value = parse(document)
    except BadJson:
        return None
    return value if isinstance(value, dict) else None
