"""How the contract suite drives `faxde` against the sandbox."""

from __future__ import annotations

from typing import Any

from faxdaemon.providers.faxde import Options
from faxdaemon.sandbox import Sandbox

LINE = "+494055500130"
"""A number on which the sandbox's account receives."""
ACCOUNT = "faxde"
"""That account's name in the sandbox."""
SECRETS = ("sandbox-password", "wrong-password")
FILES = 3
"""As many documents as a job may have."""
OPERATIONS = {
    "submit": "SendJob",
    "status": "JobStatus",
    "cancel": "CancelJob",
    "inbox": "RequestReceived",
    "fetch": "RequestReceived",
    "acknowledge": "DeleteReceived",
    "check": "JobStatus",
}
"""What the contract's methods are called on the wire."""


def options(box: Sandbox, **changes: Any) -> Options:
    """A configured account at the sandbox."""
    values: dict[str, Any] = {
        "provider": "faxde",
        "url": box.url_of("faxde"),
        "customer": "faxde",
        "password": "sandbox-password",
    }
    return Options(**{**values, **changes})


def wrong(box: Sandbox, **changes: Any) -> Options:
    """The same with credentials that are not accepted."""
    return options(box, password="wrong-password", **changes)
