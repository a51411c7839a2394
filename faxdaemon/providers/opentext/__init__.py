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

from typing import Literal

from pydantic import Field, SecretStr, model_validator

from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.provider import Provider
from faxdaemon.contracts.push import NotUnderstood, Push, Understood
from faxdaemon.http import Http
from faxdaemon.options import Account, Duration
from faxdaemon.providers._oauth import Grant, Tokens
from faxdaemon.providers.opentext import push
from faxdaemon.providers.opentext.account import CAPABILITIES, Basic, Opentext, capabilities_for
from faxdaemon.providers.opentext.held import Shelf
from faxdaemon.providers.opentext.request import Sending

__all__ = ["CAPABILITIES", "Options", "open_account", "understand"]

BASE = "https://api.us.cloudmessaging.opentext.com"


class Options(Account):
    """An OpenText Fax2Mail account."""

    auth: Literal["basic", "client_credentials", "password"] = "basic"
    """How we identify: HTTP Basic with user id and password, or one of these OAuth 2.0 grants."""
    username: str | None = None
    """The user id that OpenText assigned (`basic`, `password`)."""
    password: SecretStr | None = None
    """Its password (`basic`, `password`)."""
    token_url: str | None = None
    """Where OAuth tokens come from, e.g. `https://us.api.opentext.com/tenants/<tenant>/oauth2/token`."""
    client_id: str | None = None
    """The OAuth client's id."""
    client_secret: SecretStr | None = None
    """The OAuth client's secret."""
    scope: str | None = None
    """The OAuth scope to ask for, if OpenText named one."""
    trust_message_id: bool = False
    """Whether a repeated message id gives the first job instead of a second fax.  Not documented: turn it on only when
    it is proven with this account; off, a fax whose answer was lost waits for a person."""
    number_form: Literal["us", "digits", "plus"] = "us"
    """How numbers are written: `us` ten digits for +1 and `011…` for the rest, `digits` with country code, `plus` with
    `+`."""
    resolution: Literal["standard", "fine"] | None = None
    """Used where the drop folder asks for none; the account's own setting when empty."""
    orientation: Literal["portrait", "landscape"] | None = None
    """Page orientation; the account's own setting when empty."""
    pilot_line: str | None = None
    """The text of the line at the head of each page; the account's own setting when empty."""
    cover: str | None = None
    """The name of a cover sheet at OpenText (e.g. `f2m_default`); none is sent when empty."""
    cover_from: str | None = None
    """The sender on the cover sheet."""
    cover_subject: str | None = None
    """The subject on the cover sheet."""
    customer_reference: str | None = None
    """Shown in OpenText's portal and bills; our own reference when empty, by which a fax can be found there."""
    billing_code: str | None = None
    """Shown in OpenText's bills."""
    stop_after: Duration | None = Field(default=None, gt=0)
    """How long after its acceptance here OpenText may still try to deliver a fax; its own limit when empty."""
    reports: str | None = None
    """The type of delivery report that OpenText mails, e.g. `conditional`; none when empty."""
    report_to: tuple[str, ...] = ()
    """The mail addresses of these reports."""
    report_form: Literal["flat", "nested"] = "flat"
    """Where a report is asked for: in `reports`, or in `reports.delivery_report`; the published examples disagree."""
    hold: Duration = Field(default=900.0, ge=5, le=3600)
    """How long a received fax is reserved for us while it is stored and delivered."""
    domain: str | None = None
    """Receive from this messaging domain only, e.g. `xsi`."""
    group: str | None = None
    """Receive for this group number; for group administrators."""
    customer: bool = False
    """Whether to receive for the whole customer account; needs that permission."""

    @model_validator(mode="after")
    def _identified(self) -> Options:
        needed = {
            "basic": ("username", "password"),
            "client_credentials": ("token_url", "client_id", "client_secret"),
            "password": ("token_url", "username", "password"),
        }[self.auth]
        missing = [name for name in needed if not getattr(self, name)]
        if missing:
            raise ValueError(f"with auth: {self.auth} there must be {', '.join(needed)}; add {', '.join(missing)}")
        if self.reports and not self.report_to:
            raise ValueError("reports need somebody to go to; add report_to with mail addresses")
        return self


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
        _sending(options),
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


def _sending(options: Options) -> Sending:
    return Sending(
        number_form=options.number_form,
        resolution=options.resolution,
        orientation=options.orientation,
        pilot_line=options.pilot_line,
        cover=options.cover,
        cover_from=options.cover_from,
        cover_subject=options.cover_subject,
        customer_reference=options.customer_reference,
        billing_code=options.billing_code,
        stop_after=options.stop_after,
        reports=options.reports,
        report_to=options.report_to,
        report_form=options.report_form,
    )


def understand(options: Options, request: Push) -> Understood | NotUnderstood:  # noqa: ARG001 - the form of all providers
    """A web-hook."""
    return push.understand(request)
