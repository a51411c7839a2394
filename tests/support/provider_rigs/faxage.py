"""How the contract suite drives `faxage` against the sandbox."""

from __future__ import annotations

from typing import Any

from faxdaemon.providers.faxage import Options
from faxdaemon.sandbox import Sandbox

LINE = "+13035550100"
"""A number on which the sandbox's account receives."""
ACCOUNT = "clinic"
"""That account's name in the sandbox."""
SECRETS = ("sandbox-password", "wrong-password")
OPERATIONS = {
    "submit": "sendfax",
    "find": "status",
    "status": "status",
    "cancel": "stopfax",
    "inbox": "listfax",
    "fetch": "getfax",
    "acknowledge": "delfax",
    "check": "status",
}
"""What the contract's methods are called on the wire."""


def options(box: Sandbox, **changes: Any) -> Options:
    """A configured account at the sandbox."""
    values: dict[str, Any] = {
        "provider": "faxage",
        "url": box.faxage_url,
        "username": "clinic",
        "company": "12345",
        "password": "sandbox-password",
    }
    return Options(**{**values, **changes})


def wrong(box: Sandbox, **changes: Any) -> Options:
    """The same with credentials that are not accepted."""
    return options(box, password="wrong-password", **changes)


def refusals() -> dict[str, tuple[int, str, str]]:
    """The document's reasons for not taking a fax: HTTP status and text of the answer, and the class that it has."""
    codes = {2: "AccountRefused", **dict.fromkeys((3, 4, 5, 8), "Refused"), **dict.fromkeys((1, 15), "Unknown")}
    return {f"ERR{code:02}": (200, f"ERR{code:02}: words", kind) for code, kind in codes.items()}
