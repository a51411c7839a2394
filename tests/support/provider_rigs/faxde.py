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


_ACCOUNT = (-1, -2, 1, 2, 3, 6, 7, 54, 61)
_NEVER = (-3, -5, -6, -7, -8, -14, -1309, 4, 8, 9, 10, 11, 15, 45, 46, 47, 58, 75)
_ANSWER = (
    '<?xml version="1.0"?><SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/">'
    '<SOAP-ENV:Body><NS1:SendJobResponse xmlns:NS1="urn:XMLWSIntf-IntfXMLWS"><return>{}</return><JobId>0</JobId>'
    "<RecipientsCount>0</RecipientsCount><PageCount>0</PageCount></NS1:SendJobResponse></SOAP-ENV:Body>"
    "</SOAP-ENV:Envelope>"
)


def refusals() -> dict[str, tuple[int, str, str]]:
    """The document's reasons for not taking a job: HTTP status and text of the answer, and the class that it has."""
    codes = {**dict.fromkeys(_ACCOUNT, "AccountRefused"), **dict.fromkeys(_NEVER, "Refused"), -4: "Unknown"}
    return {str(code): (200, _ANSWER.format(code), kind) for code, kind in codes.items()}
