"""Settings that every provider account has, whatever the provider.

A provider module subclasses `Account` as its `Options`, a sink module `Section`; the docstrings of the fields
are the reference for people and end up in the JSON Schema.  Times are seconds once loaded; in YAML they are
written `30s`, `5m`, `24h`, `7d`.

`Reading` is what the loader hands down while it validates a file: a program may write `Options(poll=0.1)`, a
file may not leave out the unit.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

DURATION_PATTERN = r"^[0-9]+(\.[0-9]+)?\s*(ms|s|m|h|d)$"
"""How a time is written, in the JSON Schema's words."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h|d)")


@dataclass
class Reading:
    """One validation of a file: what sections may know of it, and which section judged which part."""

    region: str
    """ISO 3166 code: how numbers without `+` are read; empty when the file names none that exists."""
    judged: list[tuple[type[Section], Any]] = field(default_factory=list)
    """Each section with the very object that it was made from."""


def seconds(value: Any) -> Any:
    """`30s`, `5m`, `24h`, `7d` or `500ms` as seconds; what is not text is left to pydantic."""
    if isinstance(value, str):
        match = _DURATION.fullmatch(value.strip())
        if not match:
            raise ValueError(f"“{value}” is not a time; write a number with its unit, such as 30s, 5m, 24h or 7d")
        return float(match[1]) * _UNITS[match[2]]
    return value


def written(value: float) -> str:
    """Seconds as a person writes them: `30s`, `60s`, `5m`, `24h`."""
    for unit in ("d", "h", "m"):
        count = value / _UNITS[unit]
        if count >= 2 and count == int(count):
            return f"{int(count)}{unit}"
    return f"{value:g}s"


def _seconds(value: Any, info: ValidationInfo) -> Any:
    """A bare number is a time in a program; in a file nobody can tell what its writer meant."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if number and value != 0 and isinstance(info.context, Reading):
        raise ValueError(f"{value} has no unit; write {value}s, {value}m or {value}h")
    return seconds(value)


Duration = Annotated[
    float,
    BeforeValidator(_seconds),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN}),
]


def zone(value: str) -> str:
    """The name of a time zone.  Raises ValueError, also for what is a folder among the zones (`America`)."""
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"“{value}” is not a time zone; write one such as Europe/Berlin or America/Denver") from None
    return value


Zone = Annotated[str, AfterValidator(zone)]


class Section(BaseModel):
    """A part of the configuration: unknown keys are mistakes, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    @classmethod
    def known_keys(cls) -> tuple[str, ...]:
        """The keys that the file may have here."""
        return tuple(field.alias or name for name, field in cls.model_fields.items())

    @model_validator(mode="before")
    @classmethod
    def _judge(cls, data: Any, info: ValidationInfo) -> Any:
        if isinstance(info.context, Reading):
            info.context.judged.append((cls, data))
        return data


_SHORT = "^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$"


def _short(value: str) -> str:
    if not re.fullmatch(_SHORT, value):
        raise ValueError(f"“{value}” is no usable name; write up to 40 letters, digits, “-” and “_”")
    return value


ShortName = Annotated[str, AfterValidator(_short), WithJsonSchema({"type": "string", "pattern": _SHORT})]


class Destination(Section):
    """A destination of received faxes, of whatever kind."""

    id: ShortName | None = None
    """What tells it from the others where a line has several destinations of a kind; letters, digits, `-` and `_`.
    Faxes that wait for it are known by it: a new id is a new destination."""
    required: bool = True
    """Whether a fax counts as delivered only when it is here; `false`: it is tried, and told of when it fails."""
    try_for: Duration = Field(default=86400.0, gt=0)
    """How long it is tried where `required` is false, before it waits for a person."""


class Push(Section):
    """How the provider may tell by itself; the addresses are `/push/<account>/<secret>/status` and `.../fax` below the
    address in `web.listen`."""

    secret: SecretStr
    """What makes the address unguessable: 20 or more letters, digits, `-` and `_`."""
    username: str | None = None
    """Where the provider sends a user name (HTTP Basic) besides: that name."""
    password: SecretStr | None = None
    """Likewise: the password."""
    poll: Duration = Field(default=0.0, ge=0)
    """How often each job's status and the inbox are asked for all the same, in case that a push is lost; never more
    often than without pushes."""

    @field_validator("secret")
    @classmethod
    def _unguessable(cls, value: SecretStr) -> SecretStr:
        if not re.fullmatch(r"[A-Za-z0-9_-]{20,200}", value.get_secret_value()):
            raise ValueError("is too short or has other signs; write 20 or more letters, digits, “-” and “_”")
        return value

    @model_validator(mode="after")
    def _both(self) -> Push:
        if (self.username is None) != (self.password is None):
            raise ValueError("needs both `username` and `password`, or neither")
        return self


class Account(Section):
    """A configured use of a provider."""

    provider: str
    """The kind of service; one of the modules in `faxdaemon/providers`."""
    url: str | None = None
    """Another base address than the provider's own, e.g. the sandbox's."""
    poll: Duration = Field(default=30.0, ge=0)
    """The shortest time between two status requests.  Providers ask for 30s or more."""
    settle: Duration = Field(default=60.0, ge=0)
    """How long after a lost reply a provider's "not there" is believed."""
    concurrency: int = Field(default=4, ge=1, le=64)
    """Submissions at the same time."""
    rate: int | None = Field(default=None, ge=1, le=6000)
    """Submissions a minute at most, evenly spaced, over all workers and all nodes; no limit when empty."""
    on_unknown: Literal["hold", "resend"] = "hold"
    """When nothing can tell whether a fax was taken: wait for a person, or risk sending it twice."""
    retries: int = Field(default=3, ge=0, le=20)
    """New submissions after failed calls (busy, no answer), where the provider does not redial by itself."""
    timeout: Duration = Field(default=120.0, gt=0)
    """The total time for one request, document included."""
    ca: Path | None = None
    """Certificates to trust instead of the system's (PEM)."""
    push: Push | None = None
    """Lets the provider tell of statuses and received faxes by itself; see docs/push.md."""

    def fingerprint(self) -> str:
        """A digest of what the repeat of an unclear submission relies on: the same customer of the same service, asked
        for the same.  Secrets may be renewed, and how we ask (times, pace) may change."""
        own = {name: value for name, value in self if name not in Account.model_fields or name in _SERVICE}
        return digest({name: value for name, value in own.items() if not isinstance(value, SecretStr)})


_SERVICE = ("provider", "url")


def digest(values: Mapping[str, Any]) -> str:
    """The same for the same values, whatever their order."""
    text = json.dumps(values, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
