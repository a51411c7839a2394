"""OpenText: what its requests, answers and errors look like, whatever they are about.

The bodies of errors are not published; `{"error": {"code": ..., "message": ...}}` is our choice.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from faxdaemon.sandbox.dialect import Around
from faxdaemon.sandbox.faults import Fault
from faxdaemon.sandbox.model import SandboxAccount
from faxdaemon.sandbox.wire import Reply

JSON = "application/json"

#: In the words of the choice above; `code` is the HTTP status but where the vendor's own number is known.
ERRORS: Mapping[int, str] = {
    400: "The request is not valid",
    401: "Authentication failed",
    403: "The user is not entitled to this function",
    404: "Not found",
    405: "Method not allowed",
    413: "The request is too large",
    415: "The content type is not supported",
    429: "Too many requests",
    500: "Internal error",
    503: "Service unavailable",
}
NO_DATA = 2060
"""The vendor's number for "no data for that job" (of its older SOAP interface)."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request to one of the resources."""

    operation: str
    path: tuple[str, ...]
    """What is variable in the path, percent-decoded."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Lower-case names."""
    body: Any = None
    """The JSON; `BAD` when it is none."""
    form: Mapping[str, str] = field(default_factory=dict)


BAD = object()


@dataclass(frozen=True, slots=True)
class Ask:
    """A call whose credentials were right."""

    around: Around
    account: SandboxAccount
    call: Call
    fault: Fault | None

    def switch(self, name: str, usual: Any) -> Any:
        """A switch of the sandbox."""
        return self.around.switches.get(f"opentext.{name}", usual)


class Refusal(Exception):
    """The request is answered with an error."""

    def __init__(self, status: int, message: str = "", code: int | None = None, **headers: str) -> None:
        super().__init__(message)
        self.reply = error(status, message, code, **headers)


def answer(value: object, status: int = 200, **headers: str) -> Reply:
    """A JSON answer; header names are written with `_` for `-`."""
    named = tuple((name.replace("_", "-"), text) for name, text in headers.items())
    return Reply(json.dumps(value).encode(), status, JSON, named)


def error(status: int, message: str = "", code: int | None = None, **headers: str) -> Reply:
    """An error."""
    body = {"error": {"code": code or status, "message": message or ERRORS[status]}}
    return answer(body, status, **headers)


def stamp(moment: datetime | None) -> str | None:
    """A time as the wire has it."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def base64_text(text: str) -> str:
    """Text as the `..._base64` fields have it."""
    return base64.b64encode(text.encode()).decode()


def present(**fields: Any) -> dict[str, Any]:
    """Fields that do not apply are absent."""
    return {name: value for name, value in fields.items() if value is not None}
