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
        "errors": ERRORS,
    }
    return Options(**{**values, **changes})


def wrong(box: Sandbox, **changes: Any) -> Options:
    """The same with credentials that are not accepted."""
    return options(box, password="wrong-password", **changes)


_ANSWER = (
    '<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
    '<FaxSendExResponse xmlns="urn:FaxWS"><return>false</return><FaxJobIds/><TTFP>0</TTFP><WSError><ErrorCode>{}'
    "</ErrorCode><ErrorString>words</ErrorString></WSError></FaxSendExResponse></e:Body></e:Envelope>"
)
_FAULT = (
    '<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><e:Fault>'
    "<faultcode>e:{}</faultcode><faultstring>words</faultstring></e:Fault></e:Body></e:Envelope>"
)
ERRORS = {-5001: "credentials", -5999: "later", -5011: "refused", -5998: "unclear"}
"""What a site may have put into `errors`; the numbers are the sandbox's."""
STATUSES = {
    "AccountRefused": (301, 401, 403, 404, 405, 407, 410),
    "Refused": (400, 411, 413, 414, 415, 431),
    "NotNow": (408, 421, 425, 429),
    "Unknown": (302, 502, 503, 504),
}


def refusals() -> dict[str, tuple[int, str, str]]:
    """Why a fax may not be taken: HTTP status and text of the answer, and the class that it has."""
    known = {**_known(_ANSWER), "fault Client": (500, _FAULT.format("Client"), "AccountRefused")}
    return {**known, "fault Server": (500, _FAULT.format("Server"), "Unknown"), **by_status()}


def _known(answer: str) -> dict[str, tuple[int, str, str]]:
    kinds = {-5001: "AccountRefused", -5999: "NotNow", -5011: "Refused", -5998: "Unknown", -5019: "Refused"}
    kinds[-5555] = "Refused"  # of no known meaning, while the account is well
    return {str(code): (200, answer.replace("{}", str(code)), kind) for code, kind in kinds.items()}


def by_status() -> dict[str, tuple[int, str, str]]:
    """By HTTP status alone."""
    return {f"HTTP {status}": (status, "words", kind) for kind, statuses in STATUSES.items() for status in statuses}
