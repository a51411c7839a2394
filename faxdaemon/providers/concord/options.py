"""The settings of a Concord account; the docstrings of the fields are their reference for people."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from faxdaemon.options import Account, Duration, Section, Zone
from faxdaemon.providers.concord.inbound import NAMES as INBOUND_NAMES
from faxdaemon.providers.concord.reports import NAMES as REPORT_NAMES

StatusMethod = Literal[
    "GetRealTimeFaxStatusEx3",
    "GetRealTimeFaxStatusEx2",
    "GetRealTimeFaxStatusEx",
    "GetRealTimeFaxStatus",
    "GetFaxStatus",
]
ErrorKind = Literal["credentials", "later", "refused", "unknown-job", "unclear"]


class OAuth(Section):
    """How an access token is got."""

    token_url: str
    """The token endpoint that Concord assigned."""
    grant: Literal["client_credentials", "password"] = "client_credentials"
    """The kind of grant that Concord set up."""
    client_id: str
    """The client's id."""
    client_secret: SecretStr
    """The client's secret."""
    username: str | None = None
    """With the grant `password`: the user."""
    password: SecretStr | None = None
    """With the grant `password`: the user's password."""
    scope: str = "FaxWS offline_access"
    """What the token is to be good for."""

    @model_validator(mode="after")
    def _whole(self) -> OAuth:
        if self.grant == "password" and not (self.username and self.password):
            raise ValueError("the grant `password` needs `username` and `password`")
        return self


class Cover(Section):
    """A cover page of the account."""

    name: str = ""
    """Its name at Concord; the account's own setting when empty."""
    subject: str = ""
    """The subject on it."""
    text: str = ""
    """The text on it."""


class Sender(Section):
    """Who sends, for the cover page and the head of each page."""

    name: str = ""
    """The sender's name."""
    company: str = ""
    """The sender's company."""
    phone: str = ""
    """The sender's telephone number."""
    fax: str = ""
    """The sender's fax number."""
    csid: str = ""
    """What the sending station calls itself, up to 20 characters; the account's own setting when empty."""


class Notify(Section):
    """Concord's own notice at the end of a fax."""

    how: Literal["none", "email", "get", "post"] = "none"
    """By e-mail, or by a request to an address."""
    to: str = Field(default="", repr=False)
    """The e-mail address, or the URL; for a push to the daemon its address, see docs/push.md."""
    image: bool = False
    """Whether the notice carries what was sent."""
    user: str = ""
    """For the URL, where it wants credentials."""
    password: SecretStr = SecretStr("")
    """Likewise."""


class Inbound(Section):
    """The inbound web service.  Its address and names are not public: these are guesses, put right from its WSDL."""

    url: str | None = None
    """Its address; `/faxreceive/v5` behind the account's `url` when empty."""
    namespace: str = "urn:FaxReceiveWS"
    """The namespace of its messages."""
    names: Mapping[str, str] = Field(default_factory=dict)
    """Names that differ from ours, e.g. `item_id: InboundItemId`."""
    most: int = Field(default=1000, ge=1)
    """The most items to ask for in one list."""

    @field_validator("names")
    @classmethod
    def _known(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        return _names(value, INBOUND_NAMES)


class Reports(Section):
    """The reporting service (AccountManagementReportingWebservice), for activity reports."""

    url: str
    """Its address."""
    namespace: str = "urn:AccountManagementReporting"
    """The namespace of its messages."""
    username: str
    """Its user."""
    password: SecretStr
    """Its password."""
    customer_id: str = ""
    """The customer whose activity is listed."""
    names: Mapping[str, str] = Field(default_factory=dict)
    """Names that differ from ours, e.g. `entry: OutboundActivity`."""

    @field_validator("names")
    @classmethod
    def _known(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        return _names(value, REPORT_NAMES)


def _names(value: Mapping[str, str], known: Mapping[str, str]) -> Mapping[str, str]:
    strange = sorted(set(value) - set(known))
    if strange:
        raise ValueError(f"there is no name `{strange[0]}`; there are: {', '.join(sorted(known))}")
    return value


class Options(Account):
    """A Concord account."""

    user_id: str
    """The API user id, such as mbx1234567890."""
    password: SecretStr | None = None
    """The PIN (`strPIN`); leave it out with `oauth`, as Concord advises."""
    oauth: OAuth | None = None
    """OAuth 2.0 instead of the PIN."""
    protocol: Literal["soap", "json"] = "soap"
    """How to talk to the outbound service; the inbound one is always asked in SOAP."""
    media: Literal["application/soap+xml", "text/xml"] = "application/soap+xml"
    """The content type of SOAP requests: what Concord documents, or what older clients send."""
    wsdl: str | None = None
    """The description of the outbound service: a file, or another address than the service's own to fetch it from at
    the first request.  Where no address can be had, the one fetched last is used, or else the one that comes along."""
    status: StatusMethod = "GetRealTimeFaxStatusEx3"
    """How to ask for the status; the later ones in this list tell less."""
    numbers: Literal["e164", "digits", "national"] = "e164"
    """How fax numbers are written: +13035550100, 13035550100, or 3035550100 with 011… abroad."""
    resolution: Literal["standard", "fine"] | None = None
    """Used where the drop folder asks for none; Concord's own setting when empty."""
    cover: Cover = Cover()
    """The cover page; none of the fields is needed."""
    sender: Sender = Sender()
    """Who sends; none of the fields is needed."""
    notify: Notify = Notify()
    """Concord's own notice at the end of a fax; the daemon does not need it."""
    expiry: Duration | None = Field(default=None, gt=0)
    """How long Concord may try; its own setting when empty."""
    user_fields: Mapping[int, str] = Field(default_factory=dict)
    """`UserField1` to `UserField12` for Concord's reports, by number."""
    timezone: Zone = "UTC"
    """The zone of times that Concord tells without naming one, and of those that it is told."""
    errors: Mapping[int, ErrorKind] = Field(default_factory=dict)
    """What Concord's error numbers mean, from its list: `credentials`, `later` (not taken, offer again), `refused`
    (not taken, never will be), `unknown-job`, or `unclear` (it may have been taken).  Goes before what is built in."""
    inbound: Inbound = Inbound()
    """The inbound service."""
    reports: Reports | None = None
    """The reporting service, if the account may use it."""

    @field_validator("user_fields")
    @classmethod
    def _fields(cls, value: Mapping[int, str]) -> Mapping[int, str]:
        if strange := sorted(set(value) - set(range(1, 13))):
            raise ValueError(f"there is no UserField{strange[0]}; they are numbered 1 to 12")
        return value

    @field_validator("wsdl")
    @classmethod
    def _wsdl(cls, value: str | None) -> str | None:
        if value and not value.startswith(("https://", "http://")) and not Path(value).is_file():
            raise ValueError(f"there is no file “{value}”; write a WSDL file's path, or an address with https://")
        return value

    @model_validator(mode="after")
    def _identity(self) -> Options:
        if self.password is None and self.oauth is None:
            raise ValueError("a Concord account needs `password` (the PIN) or `oauth`")
        return self
