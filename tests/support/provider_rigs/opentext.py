"""How the contract suite drives `opentext` against the sandbox."""

from __future__ import annotations

from typing import Any

from faxdaemon.providers.opentext import Options, held
from faxdaemon.sandbox import Sandbox

LINE = "+13035550140"
"""A number on which the sandbox's account receives."""
ACCOUNT = "opentext"
"""That account's name in the sandbox."""
SECRETS = ("sandbox-password", "wrong-password", "b3BlbnRleHQ6")
"""The last one is the beginning of the Basic header."""
BUSY = "Error: OpenText's failure number 3001 (gamma code; the list is with OpenText)"
OPERATIONS = {
    "submit": "submit",
    "find": "status",
    "status": "status",
    "cancel": "status",
    "inbox": "next",
    "fetch": "next",
    "acknowledge": "delete",
    "check": "status",
}
"""What the contract's methods are called on the wire."""


SHOWN = held.ROOM
"""Received faxes that it shows at once."""


def received_id(number: str) -> str:
    """A received fax's name, from its number in the sandbox."""
    return f"xsi-{700_000 + int(number)}:fax1-{int(number):09}-1"


def options(box: Sandbox, **changes: Any) -> Options:
    """A configured account at the sandbox."""
    values: dict[str, Any] = {
        "provider": "opentext",
        "url": box.url_of("opentext"),
        "username": "opentext",
        "password": "sandbox-password",
        "hold": 5,
    }
    return Options(**{**values, **changes})


def wrong(box: Sandbox, **changes: Any) -> Options:
    """The same with credentials that are not accepted."""
    return options(box, password="wrong-password", **changes)


_ADDRESS = (301, 307, 308, 401, 403, 404, 405, 407, 410, 451)


def refusals() -> dict[str, tuple[int, str, str]]:
    """Why a fax may not be taken: HTTP status and text of the answer, and the class that it has."""
    said = {
        "AccountRefused": _ADDRESS,
        "Refused": (400, 411, 413, 414, 415, 422, 431),
        "NotNow": (408, 421, 425, 429),
        "Unknown": (302, 500, 502, 503, 504),
    }
    return {str(status): (status, '{"error": {}}', kind) for kind, statuses in said.items() for status in statuses}
