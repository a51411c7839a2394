"""The same in JSON, with OAuth 2.0."""

from __future__ import annotations

from typing import Any

from support.provider_rigs.concord import ACCOUNT, ERRORS, LINE, OPERATIONS, _known, by_status

from faxdaemon.providers.concord import Options
from faxdaemon.sandbox import Sandbox

__all__ = ["ACCOUNT", "LINE", "OPERATIONS", "SECRETS", "options", "refusals", "wrong"]

SECRETS = ("sandbox-password", "wrong-password", "token-", "refresh-")


def options(box: Sandbox, *, secret: str = "sandbox-password", **changes: Any) -> Options:
    """A configured account at the sandbox."""
    values: dict[str, Any] = {
        "provider": "concord",
        "url": box.url_of("concord"),
        "user_id": "mbx1234567890",
        "protocol": "json",
        "errors": ERRORS,
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


def refusals() -> dict[str, tuple[int, str, str]]:
    """Why a fax may not be taken: HTTP status and text of the answer, and the class that it has."""
    answer = '{"SendFaxExResponse": {"return": false, "WSError": {"ErrorCode": {}, "ErrorString": "words"}}}'
    return {**_known(answer), **by_status()}
