"""Concord Fax Web Services (outbound `fax/v5`; getting-started guide and developer portal as of 2024).

Promise   a submission is `Accepted` only by a whole answer with one job id; refused only by `return` false, by a SOAP
          fault that blames the message, or by an HTTP status that cannot come after the work.  All else is `Unknown`.
Needs     an API user id (Fax Online or Fax Pro account) with its PIN or OAuth client; a reference under which nobody
          else submits.
Crash     nothing is kept; a submission is found again by `JRI-<reference>`.

The service takes our reference (`ReferenceId` of `SendFaxEx`), gives it back, and looks a job up by it, so "not there"
is believed after settling, twice.  It drops no doubles.  It redials by itself.  It answers status requests out of a
cache within 30 seconds, so `poll` should not be shorter.

Unknown job (-5019) and failed fax look alike: both have status 2.  The error's number is read first.

Of its error numbers only -5019 is public.  A number that nobody knows on a submission is a definite no: the fax is
refused, with the number, so that a person sees it; but if the account's settings are refused in the same way, it is
the account, and its faxes wait.  `errors` gives numbers their meaning.

`protocol: soap` makes messages with zeep from a WSDL; `json` is the newer variant.  Either goes with PIN or OAuth.

    options    settings            voice, soap, json_voice   how to ask
    account    the contract        talk, errors              what a no means
    message    a fax               values                    numbers, times, file types
    inbound    receiving           services, reports         everything else
    push       what it tells by itself                       listing    what was sent, for reconciliation
"""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

from faxdaemon.contracts.cache import Cache, NoCache
from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.provider import Provider
from faxdaemon.http import Http
from faxdaemon.providers._oauth import Grant, Tokens
from faxdaemon.providers.concord.account import CAPABILITIES, Concord
from faxdaemon.providers.concord.errors import Errors
from faxdaemon.providers.concord.inbound import Inbox
from faxdaemon.providers.concord.json_voice import Json
from faxdaemon.providers.concord.options import Options
from faxdaemon.providers.concord.push import understand
from faxdaemon.providers.concord.reports import Reporting
from faxdaemon.providers.concord.talk import Talk
from faxdaemon.providers.concord.voice import Door, Voice

__all__ = ["CAPABILITIES", "Options", "open_account", "open_with_cache", "understand"]

BASE = "https://ws.concordfax.com"
OUTBOUND = "/fax/v5"
INBOUND = "/faxreceive/v5"
WSDL = "/faxws.wsdl"


def open_account(options: Options, http: Http, clock: Clock) -> Provider:
    """One Concord account that remembers nothing over a restart."""
    return open_with_cache(options, http, clock, NoCache())


def open_with_cache(options: Options, http: Http, clock: Clock, cache: Cache) -> Provider:
    """One Concord account.  The services have their places behind `url`."""
    base = (options.url or BASE).rstrip("/").removesuffix(OUTBOUND)
    door = Door(http, _tokens(options, http, clock))
    talk = Talk(_voice(options, base + OUTBOUND, door, cache), _identity(options), Errors(options.errors))
    inbound = options.inbound
    received = Inbox(
        url=inbound.url or base + INBOUND,
        namespace=inbound.namespace,
        names=inbound.names,
        most=inbound.most,
        media=options.media,
        door=door,
        talk=talk,
        zone=ZoneInfo(options.timezone),
        by_message=options.push is not None,
    )
    reporting = _reporting(options, http)
    able = replace(CAPABILITIES, lists_sent=reporting is not None)
    return Concord(options, talk, received, reporting, http, clock, able)


def _reporting(options: Options, http: Http) -> Reporting | None:
    reports = options.reports
    if reports is None:
        return None
    return Reporting(
        url=reports.url,
        namespace=reports.namespace,
        names=reports.names,
        username=reports.username,
        password=reports.password,
        customer=reports.customer_id,
        media=options.media,
        door=Door(http, None),
    )


def _voice(options: Options, url: str, door: Door, cache: Cache) -> Voice:
    if options.protocol == "json":
        return Json(url, door)
    from faxdaemon.providers.concord.soap import Soap  # noqa: PLC0415 - zeep takes long to load

    return Soap(url, door, options.wsdl or url + WSDL, options.media, cache)


def _tokens(options: Options, http: Http, clock: Clock) -> Tokens | None:
    oauth = options.oauth
    if oauth is None:
        return None
    grant = Grant(
        url=oauth.token_url,
        kind=oauth.grant,
        client_id=oauth.client_id,
        client_secret=oauth.client_secret,
        username=oauth.username,
        password=oauth.password,
        scope=oauth.scope,
    )
    return Tokens(grant, http, clock)


def _identity(options: Options) -> dict[str, str]:
    """What goes into every request.  With OAuth the PIN stays empty, and in JSON out."""
    who = {"UserID": options.user_id}
    if options.password is not None:
        return {**who, "strPIN": options.password.get_secret_value()}
    return who if options.protocol == "json" else {**who, "strPIN": ""}
