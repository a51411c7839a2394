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
