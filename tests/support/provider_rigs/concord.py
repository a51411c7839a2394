"""How the contract suite drives `concord` against the sandbox: SOAP, with the PIN."""

from __future__ import annotations

from typing import Any

from faxdaemon.providers.concord import Options
from faxdaemon.providers.concord.wsdl import BUNDLED
from faxdaemon.sandbox import Sandbox

LINE = "+13035550120"
"""A number on which the sandbox's account receives."""
ACCOUNT = "concord"
"""That account's name in the sandbox."""
SECRETS = ("sandbox-password", "wrong-password")
OPERATIONS = {
    "submit": "SendFaxEx",
    "find": "GetRealTimeFaxStatusEx3",
    "status": "GetRealTimeFaxStatusEx3",
    "cancel": "CancelFax",
    "inbox": "GetInboundList",
    "fetch": "GetInboundByID",
    "acknowledge": "RemoveInboundByID",
    "check": "GetFaxAccountSettings",
}
"""What the contract's methods are called on the wire."""


def options(box: Sandbox, **changes: Any) -> Options:
    """A configured account at the sandbox."""
    values: dict[str, Any] = {
        "provider": "concord",
        "url": box.url_of("concord"),
        "user_id": "mbx1234567890",
        "password": "sandbox-password",
        "wsdl": str(BUNDLED),
    }
    return Options(**{**values, **changes})


def wrong(box: Sandbox, **changes: Any) -> Options:
    """The same with credentials that are not accepted."""
    return options(box, password="wrong-password", **changes)
