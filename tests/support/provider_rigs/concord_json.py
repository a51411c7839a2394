"""The same in JSON, with OAuth 2.0."""

from __future__ import annotations

from typing import Any

from support.provider_rigs.concord import ACCOUNT, LINE, OPERATIONS

from faxdaemon.providers.concord import Options
from faxdaemon.sandbox import Sandbox

__all__ = ["ACCOUNT", "LINE", "OPERATIONS", "SECRETS", "options", "wrong"]

SECRETS = ("sandbox-password", "wrong-password", "token-", "refresh-")


def options(box: Sandbox, *, secret: str = "sandbox-password", **changes: Any) -> Options:
    """A configured account at the sandbox."""
    values: dict[str, Any] = {
        "provider": "concord",
        "url": box.url_of("concord"),
        "user_id": "mbx1234567890",
        "protocol": "json",
        "oauth": {
            "token_url": f"{box.url_of('concord')}/oauth/token",
            "client_id": "mbx1234567890",
            "client_secret": secret,
        },
    }
    return Options(**{**values, **changes})


def wrong(box: Sandbox, **changes: Any) -> Options:
    """The same with credentials that are not accepted."""
    return options(box, secret="wrong-password", **changes)
