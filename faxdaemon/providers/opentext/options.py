"""The settings of an OpenText account; the docstrings of the fields are their reference for people."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr, model_validator

from faxdaemon.options import Account, Duration


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
