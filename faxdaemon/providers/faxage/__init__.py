"""FAXAGE Internet Fax API (EC Data Systems, revision of 28 March 2014; later ones differ by additions).

Promise   a submission is `Accepted` only by a whole reply with a job id; refused only by one of the service's own
          refusals, by an HTTP status that cannot come after the work, or because no byte left.  All else is `Unknown`.
Needs     the account's three credentials; that nobody clears the status records of a fax before its end is known.
Crash     nothing is kept; a submission is found again by its token.

The service has no client reference and sends whatever comes twice, so the reference travels as a token in the
recipient's name (`recipname`, 32 characters), which `status` gives back as `destname`: `Dr. Smith [k3v9q2m7x0ab]`.

`find` matches time window, user and token.  *Found* is certain: 60 bits do not meet by chance.  *Not there* is not,
and so the capability is `BY_MATCH`: records vanish when any client of the company clears them, and the document does
not say when a job first shows in the list.  After settling twice the fax is held for a person (or sent again where
the site chose `on_unknown: resend`).

It redials by itself (`Resolution and Retries` in the site's outgoing fax settings), so a failed job has no second
submission.  Times come without a zone: `timezone` says which.
"""

from __future__ import annotations

import re
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import SecretStr, field_validator

from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.provider import Provider
from faxdaemon.contracts.push import NotUnderstood, Push, Understood
from faxdaemon.http import Http
from faxdaemon.options import Account, Zone
from faxdaemon.providers.faxage import form, push
from faxdaemon.providers.faxage.account import CAPABILITIES, Faxage, Identity, Sending

__all__ = ["CAPABILITIES", "Options", "open_account", "understand"]

BASE = "https://api.faxage.com"


class Options(Account):
    """A FAXAGE account."""

    username: str
    """The user name that FAXAGE assigned."""
    company: str
    """The company credential that FAXAGE assigned: a number, to be written in quotes."""
    password: SecretStr
    """The password that FAXAGE assigned."""
    tagname: str | None = None
    """The name after "From:" at the head of each page; the company's own setting when empty."""
    tagnumber: str | None = None
    """The number after the name at the head of each page; the company's own setting when empty."""
    resolution: Literal["fine", "hyperfine"] | None = None
    """Used where the drop folder asks for none; the company's own setting when empty."""
    priority: Literal["high", "low"] | None = None
    """`low` lets the company's other faxes overtake."""
    contrast: Literal["normal", "darker"] | None = None
    """`darker` for light scans."""
    timezone: Zone = "America/Denver"
    """The zone of the times that FAXAGE tells, which it does not name itself."""
    useronly: bool = False
    """Whether to receive only the faxes that this user may see in FAXAGE's web site."""

    url_notify: SecretStr | None = None
    """The address that FAXAGE calls when a job has ended: the public form of `/push/<account>/<secret>/status`."""

    @field_validator("url_notify")
    @classmethod
    def _url_notify(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not re.fullmatch(r"https?://[!-~]+", value.get_secret_value()):
            raise ValueError("is no address; write one such as https://fax.example.org/push/main/${file:secret}/status")
        return value

    @field_validator("tagnumber")
    @classmethod
    def _tagnumber(cls, value: str | None) -> str | None:
        if value is None:
            return None
        written = form.tagnumber(value)
        if written is None:
            raise ValueError(f"“{value}” is not a US or Canadian number; write it as 1.303.555.0100")
        return written


def open_account(options: Options, http: Http, clock: Clock) -> Provider:
    """One FAXAGE account."""
    return Faxage(
        f"{(options.url or BASE).rstrip('/')}/httpsfax.php",
        Identity(options.username, options.company, options.password),
        Sending(
            options.tagname,
            options.tagnumber,
            options.resolution,
            options.priority,
            options.contrast,
            notify=options.url_notify,
        ),
        zone=ZoneInfo(options.timezone),
        useronly=options.useronly,
        http=http,
        clock=clock,
    )


def understand(options: Options, request: Push) -> Understood | NotUnderstood:  # noqa: ARG001 - the form of all providers
    """The call-back of `url_notify`, or the push of a received fax."""
    return push.understand(request)
