"""FAX.de XMLWS (the vendor's description of the interface IntfXMLWS with its five calls).

Promise   a submission is `Accepted` only with a job id that FAX.de gave; what it means when FAX.de calls a request a
          double is told below.  A repeated submission is the same request, byte for byte.
Needs     the customer id and its password; further job types need an activation by FAX.de.  One daemon only may read
          an account's inbox: it shows one fax at a time.
Crash     nothing is kept; a submission without an answer is offered again and FAX.de drops the double.

FAX.de has no look-up by reference, but it refuses a job that is identical to an earlier one (result -77), mostly with
the earlier job's id.  So a submission whose answer was lost is sent once more, unchanged: nothing in the request may
depend on the time of day or on a setting that changes meanwhile.

-77 means two things.  While an earlier attempt is in doubt, it was that attempt: its job id is ours.  When nothing was
ever sent under this reference, FAX.de has mistaken it for another fax, and has not taken it.  Without a job id nobody
can follow the job: the fax is held for a person.  How long FAX.de remembers a job, it does not say: after
`duplicate_window` a submission in doubt is held instead of being sent again.

It redials by itself (option FAXRETRY).  The service that a request wants is the option `service`: `fax` (the default),
`sms`, `email`, `letter`, `letter-color`, `qsign`.  All times on its wire are UTC, except those of the call-back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.provider import Provider
from faxdaemon.contracts.push import NotUnderstood, Push, Understood
from faxdaemon.http import Http
from faxdaemon.options import Account, Duration, digest
from faxdaemon.providers.faxde import orders, push
from faxdaemon.providers.faxde.account import CAPABILITIES, FaxDe
from faxdaemon.providers.faxde.wire import Wire

__all__ = ["CAPABILITIES", "Options", "open_account", "understand"]

BASE = "https://ccs.fax.de/xmlws.exe"
ENDPOINT = "/soap/IntfXMLWS"


class Options(Account):
    """A FAX.de account."""

    customer: str = Field(min_length=1)
    """The customer id that FAX.de assigned; write a number in quotes."""
    password: SecretStr
    """The password of that customer."""
    namespace: str = "urn:XMLWSIntf-IntfXMLWS"
    """The name space of the requests, as FAX.de's WSDL (`<url>/wsdl/IntfXMLWS`) has it in `soap:body`."""
    callerid: str | None = None
    """The number that is signalled to the recipient; FAX.de's own setting when empty."""
    stationid: str | None = None
    """The name at the head of each page, 20 characters at most; the customer's name when empty."""
    faxheader: str | None = None
    """Free text at the head of each page, 30 characters at most; the fax number when empty."""
    faxretry: int | None = Field(default=None, ge=0, le=99)
    """How often FAX.de dials again; FAX.de's own setting when empty."""
    mailfrom: str | None = None
    """The sender's address of e-mails."""
    smsfrom: str | None = None
    """The sender of text messages: 16 digits or 11 letters and digits at most."""
    staturl: SecretStr | None = None
    """The address that FAX.de calls when a job has ended; job id, reference and result are put behind it."""
    duplicate_window: Duration = Field(default=3600.0, ge=0)
    """How long after the first attempt FAX.de surely recognises a double.  It names no time: ask it for more."""

    def fingerprint(self) -> str:
        """All that is in a request besides the submission: FAX.de takes two for doubles only if they are the same."""
        about = {"form": orders.FORM, "endpoint": self.endpoint, "namespace": self.namespace, "customer": self.customer}
        return digest({**about, **self.wishes})

    @property
    def endpoint(self) -> str:
        """Where the requests go."""
        url = (self.url or BASE).rstrip("/")
        return url if "/soap/" in url else url + ENDPOINT

    @property
    def wishes(self) -> Mapping[str, str]:
        """The sending options of the account, by our names."""
        given = {name: getattr(self, name) for name in orders.OPTIONS if name != "staturl"}
        if self.staturl:
            given["staturl"] = push.address(self.staturl.get_secret_value())
        return {name: str(value) for name, value in given.items() if value is not None}

    @field_validator("callerid", "stationid", "faxheader", "mailfrom", "smsfrom", "faxretry")
    @classmethod
    def _option(cls, value: str | int | None, info: object) -> str | int | None:
        name = getattr(info, "field_name", "")
        if value is not None and (problem := orders.problem_of(name, str(value))):
            raise ValueError(problem)
        return value

    @field_validator("staturl")
    @classmethod
    def _staturl(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        parts = urlsplit(value.get_secret_value())
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.fragment:
            raise ValueError("is not an address; write one such as https://fax.example.org/push/…")
        if orders.problem_of("staturl", push.address(value.get_secret_value())):
            raise ValueError(f"cannot be used; it must have {orders.OPTIONS['staturl'][2]}")
        return value

    @field_validator("namespace")
    @classmethod
    def _namespace(cls, value: str) -> str:
        if not re.fullmatch(r"[!-~]+", value) or re.search(r'["<>{}]', value):
            raise ValueError(f"“{value}” is not a name space; write one such as urn:XMLWSIntf-IntfXMLWS")
        return value


def open_account(options: Options, http: Http, clock: Clock) -> Provider:
    """One FAX.de account."""
    return FaxDe(
        Wire(options.endpoint, options.namespace, options.customer, options.password, http),
        options.wishes,
        window=options.duplicate_window,
        clock=clock,
    )


def understand(options: Options, request: Push) -> Understood | NotUnderstood:  # noqa: ARG001 - the form of all providers
    """STATURL: a job has ended."""
    return push.understand(request)
