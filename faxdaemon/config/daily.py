"""`reconcile:` and `retention:`: what is done once a day.

Promise   plain data, as `types` promises it.
Needs     nothing.
Crash     keeps nothing.
"""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema

from faxdaemon.config.safety import e164
from faxdaemon.options import Duration, Section

_PATTERN = r"^([01]?[0-9]|2[0-3]):[0-5][0-9]$"


def _hour(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 24 * 60:
        return time(value // 60, value % 60)  # to YAML, 13:30 is a number to the base of 60
    if value is None or isinstance(value, time):
        return value
    if not isinstance(value, str) or not re.fullmatch(_PATTERN, value.strip()):
        raise ValueError(f"“{value}” is no time of day; write hours and minutes, such as 03:30")
    hours, minutes = value.strip().split(":")
    return time(int(hours), int(minutes))


TimeOfDay = Annotated[time, BeforeValidator(_hour), WithJsonSchema({"type": "string", "pattern": _PATTERN})]


class Reconcile(Section):
    """The comparison of what the providers list with the journal; see docs/reconciliation.md."""

    at: TimeOfDay | None = time(3, 30)
    """When it is made, every day, in the site's `timezone`; `null` for never."""
    days: int = Field(default=3, ge=1, le=60)
    """How many days it looks back."""


def _called(value: str, info: ValidationInfo) -> str:
    return e164(value, info, "write a number such as +13035550100")


Called = Annotated[str, AfterValidator(_called)]


class Retention(Section):
    """How long things are kept after the end of a fax; see docs/retention.md.  What is empty is kept for ever."""

    sent: Duration | None = Field(default=None, ge=0)
    """Documents, answers and pictures in `sent` of a drop folder, as long as they are as we put them there."""
    failed: Duration | None = Field(default=None, ge=0)
    """Likewise in `failed`.  What is held is never cleared away."""
    spool: Duration | None = Field(default=None, ge=0)
    """Our own copies of the documents; after that a fax cannot be sent again by `resend`."""
    journal: Duration | None = Field(default=None, ge=0)
    """What the journal tells of a fax; our copies go before."""


class LineRetention(Section):
    """How long received faxes of one line are kept here, once every destination has them and the provider was told."""

    spool: Duration | None = Field(default=None, ge=0)
    """Our own copies of the documents."""
    journal: Duration | None = Field(default=None, ge=0)
    """What the journal tells of a fax; our copies go before."""


class SiteRetention(Retention):
    """What holds for all drop folders and lines that do not say otherwise."""

    at: TimeOfDay = time(4, 0)
    """When it is looked what is to go, every day, in the site's `timezone`."""
    lines: dict[Called, LineRetention] = Field(default_factory=dict)
    """What holds for received faxes, by the number called; a key that is not here is as the site's."""


def kept(site: Retention, own: Section) -> dict[str, float | None]:
    """What holds for one folder or line, key by key."""
    names = ("sent", "failed", "spool", "journal")
    return {name: getattr(own if name in own.model_fields_set else site, name) for name in names}
