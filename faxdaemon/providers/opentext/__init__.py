"""OpenText Core/Fax2Mail messaging, Fax REST API (`/mra/v1`).

Promise   a submission is `Accepted` only by a whole reply with a job id; refused only by an HTTP status that cannot
          come after the work, or because no byte left.  All else is `Unknown`, every 5xx included.
Needs     user id and password (HTTP Basic), or the credentials of an OAuth 2.0 grant; status collected within the 3 to
          7 days for which the service remembers a job.
Crash     of a submission: held for a person, or sent again under the same `message_id` where that is trusted.  Of a
          reception: the document comes back when its reservation ends.

There is no list of jobs by time, number or reference, so a submission without an answer cannot be looked up.  Our
reference travels as `options.message_id` and `destinations[0].ref`, always the same for the same submission.  In the
vendor's older interface a repeated message id returns the first job's id; that the REST API does so, too, is not
documented.  Prove it with your account (or ask the vendor), then set `trust_message_id`: a repeat is then safe, and
resolving sends it again (`Duplicates.REFUSES`).  Until then such a fax is held (`Find.NOT`); a person finds it in the
vendor's portal by `customer_reference`, which is our reference unless you configure another.

Status is decided by the delivery's last attempt, not by the job's words: a job that is complete, or cancelled, may have
been delivered all the same.  A failed attempt counts only when the job is over, because the service redials.

The inbox hands out whole documents: `next` gives one and reserves it for `hold`; until its delete nobody else gets it.
So `inbox` takes in what waits, a few documents at a time, keeps each in an unnamed temporary file (in memory when it is
small), and lists them; `fetch` copies from there; `acknowledge` deletes at the service.  The name of a fax is its
`job_id` with its `internal_fax_id`, because `doc_id` may be another at each hand-out; the delete uses the latest.  A
delete that is answered "not found" while the reservation lasts means that it is gone.  Afterwards it may wait under
another `doc_id`: what waits is taken in again, and what was acknowledged before is deleted at once.  After a crash,
and on another node than the one that was handed the document, `fetch` has to wait for the end of the reservation.
"""

from __future__ import annotations

from pydantic import SecretStr

from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.provider import Provider
from faxdaemon.contracts.push import NotUnderstood, Push, Understood
from faxdaemon.http import Http
from faxdaemon.providers._oauth import Grant, Tokens
from faxdaemon.providers.opentext import push
from faxdaemon.providers.opentext.account import CAPABILITIES, Basic, Opentext, capabilities_for
from faxdaemon.providers.opentext.held import Shelf
from faxdaemon.providers.opentext.options import Options

__all__ = ["CAPABILITIES", "Options", "open_account", "understand"]

BASE = "https://api.us.cloudmessaging.opentext.com"


def open_account(options: Options, http: Http, clock: Clock) -> Provider:
    """One OpenText account."""
    inbound = {
        "hold_sec": str(round(options.hold)),
        "domain": options.domain,
        "group_no": options.group,
        "customer": "true" if options.customer else None,
    }
    return Opentext(
        f"{(options.url or BASE).rstrip('/')}/mra/v1",
        _identity(options, http, clock),
        options,
        capabilities_for(trusted=options.trust_message_id),
        inbound={name: value for name, value in inbound.items() if value},
        hold=options.hold,
        http=http,
        clock=clock,
        shelf=Shelf(clock),
    )


def _identity(options: Options, http: Http, clock: Clock) -> Basic | Tokens:
    if options.auth == "basic":
        return Basic(options.username or "", options.password or SecretStr(""))
    grant = Grant(
        url=options.token_url or "",
        kind=options.auth,
        client_id=options.client_id,
        client_secret=options.client_secret,
        username=options.username,
        password=options.password,
        scope=options.scope,
    )
    return Tokens(grant, http, clock)


def understand(options: Options, request: Push) -> Understood | NotUnderstood:  # noqa: ARG001 - the form of all providers
    """A web-hook."""
    return push.understand(request)
