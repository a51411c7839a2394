"""`inbound:` of the configuration: lines, rules, and the destinations of both.

Promise   plain data, as `types` promises it.  A destination stands under its kind beside the name; one of a kind as a
          set of keys, several as a list of them, each but one with an `id` of its own (`checks` sees to that).
Needs     each sink's own `Options`, found by its place.
Crash     keeps nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainValidator,
    SerializeAsAny,
    ValidationInfo,
    WithJsonSchema,
    create_model,
    model_validator,
)

from faxdaemon import plugins
from faxdaemon.config.kinds import SINKS, options
from faxdaemon.config.safety import e164, number_pattern
from faxdaemon.core.errors import UserError
from faxdaemon.core.lines import DAYS, OTHER, WITHHELD, parse_hours
from faxdaemon.options import Destination, Duration, Reading, Section, ShortName


def _line_key(value: str, info: ValidationInfo) -> str:
    return value if value == OTHER else e164(value, info, f"write a number such as +13035550100, or “{OTHER}”")


def _caller(value: str) -> str:
    return value if value == WITHHELD else number_pattern(value)


def _hours(value: str) -> str:
    parse_hours(value)
    return value


def _rule_name(value: str) -> str:
    if value == OTHER:
        raise ValueError(f"“{OTHER}” is a line; give the rule another name")
    return value


def _as_list(value: Any) -> Any:
    return value if value is None else _listed(value)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


_TEXT = {"type": "string", "minLength": 1}
_DAY = {"type": "string", "enum": list(DAYS)}
_TEXTS = WithJsonSchema({"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]})
_DAYS = WithJsonSchema({"anyOf": [_DAY, {"type": "array", "items": _DAY}]})


def _sinks(value: Any, info: ValidationInfo) -> Any:
    """Each destination is validated with the options of the sink that its key names, all in one go."""
    given = [one for found in value.values() for one in _listed(found)]
    if given and all(isinstance(one, Section) for one in given):
        return {kind: _listed(found) for kind, found in value.items()}
    fields: dict[str, Any] = {kind: (_sink(kind, isinstance(found, list)), ...) for kind, found in value.items()}
    whole = create_model("Sinks", **fields).model_validate(value, context=info.context)
    return {kind: _listed(getattr(whole, kind)) for kind in value}


def _sink(kind: str, several: bool) -> Any:
    try:
        found: Any = options(SINKS, kind)
    except UserError as error:
        message = str(error)
    else:
        return Annotated[list[found], Field(min_length=1)] if several else found

    def refuse(value: Any) -> Any:  # noqa: ARG001 - what is configured there does not matter
        raise ValueError(message)

    return Annotated[Any, BeforeValidator(refuse)]


@dataclass(frozen=True, slots=True)
class Placed:
    """One destination."""

    key: str
    """What it is known by: `<account>:<line or rule>:<kind>[:<id>]`."""
    kind: str
    options: Section

    @property
    def required(self) -> bool:
        """Whether a fax counts as delivered only when it is here."""
        return not isinstance(self.options, Destination) or self.options.required


class _Receiving(Section):
    """What has destinations beside its other keys."""

    sinks: Annotated[dict[str, list[SerializeAsAny[Section]]], PlainValidator(_sinks)] = Field(default_factory=dict)
    """The destinations by their kind; in the file each stands under its own key beside the name."""

    @classmethod
    def known_keys(cls) -> tuple[str, ...]:
        """In the file the sinks stand beside the name."""
        return (*(key for key in super().known_keys() if key != "sinks"), *plugins.names(SINKS))

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, data: Any, info: ValidationInfo) -> Any:
        if not isinstance(data, dict) or not isinstance(info.context, Reading):
            return data
        info.context.judged.append((cls, data))
        known = plugins.names(SINKS)
        rest = {key: value for key, value in data.items() if key not in known}
        return {**rest, "sinks": {key: value for key, value in data.items() if key in known}}

    def placed(self, account: str, owner: str) -> tuple[Placed, ...]:
        """The destinations with their keys, in the order of the file."""
        found = []
        for kind, several in self.sinks.items():
            for one in several:
                name = one.id if isinstance(one, Destination) else None
                found.append(Placed(":".join((account, owner, kind, *((name,) if name else ()))), kind, one))
        return tuple(found)


LineKey = Annotated[str, AfterValidator(_line_key)]
# One, or a list of them.
_LineKeys = Annotated[list[LineKey], BeforeValidator(_as_list), _TEXTS]
_Callers = Annotated[list[Annotated[str, AfterValidator(_caller)]], BeforeValidator(_as_list), _TEXTS]
_Csids = Annotated[list[Annotated[str, Field(min_length=1)]], BeforeValidator(_as_list), _TEXTS]
_Hours = Annotated[list[Annotated[str, AfterValidator(_hours)]], BeforeValidator(_as_list), _TEXTS]
_Weekdays = Annotated[list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]], BeforeValidator(_as_list), _DAYS]


class Line(_Receiving):
    """A number faxes are received on, with the destinations of what arrives there: each under its kind; several of a
    kind as a list."""

    name: str | None = None
    """What people call this line."""


class Rule(_Receiving):
    """Destinations for received faxes of some kind; see docs/receiving.md.  All that is named must fit, of a list one;
    every rule that fits counts."""

    name: Annotated[ShortName, AfterValidator(_rule_name)]
    """What it is known by; letters, digits, `-` and `_`.  Faxes that wait for its destinations are known by it: a
    new name is a new destination."""
    line: _LineKeys = Field(default=[])
    """The lines called, as they stand in `lines`."""
    caller: _Callers = Field(default=[])
    """Callers' numbers: `+13035550177`, `+1303555????`, `+49*`; `withheld` where none is told."""
    csid: _Csids = Field(default=[])
    """What the sending machine says of itself: `LAB*`; `*` stands for any signs, `?` for one; case does not matter."""
    hours: _Hours = Field(default=[])
    """Times of the day at which it was received, `18:00-08:00`, in the site's `timezone`; the end is not part of it."""
    days: _Weekdays = Field(default=[])
    """Days on which it was received; after midnight it is the next one."""
    min_pages: int | None = Field(default=None, ge=1)
    """So many pages, or more."""
    max_pages: int | None = Field(default=None, ge=1)
    """So many pages, or fewer."""
    instead: bool = False
    """Whether the line's own destinations are left out."""


class InboundAccount(Section):
    """An account that faxes are received through."""

    account: str
    """One of the accounts."""
    poll: Duration = Field(default=60.0, gt=0)
    """How often the provider's inbox is looked at."""
    acknowledge: Literal["delivered", "stored"] | None = None
    """When the provider may forget a fax: once every required destination has it (`delivered`), or once it is stored
    here (`stored`).  When empty: `stored` where a fax that is not acknowledged keeps the next ones from being shown
    (faxde, opentext), else `delivered`."""
    lines: dict[LineKey, Line] = Field(min_length=1)
    """The numbers received on, each with its destinations; `other` takes what was sent to any other number."""
    rules: list[Rule] = Field(default_factory=list)
    """More destinations for some of the faxes, or others instead of the line's."""

    def line(self, called: str | None) -> tuple[str, Line] | None:
        """The line for a called number (E.164), with its key; None when there is neither it nor `other`."""
        key = called if called in self.lines else OTHER
        return (key, self.lines[key]) if key is not None and key in self.lines else None

    @property
    def owners(self) -> tuple[tuple[str, Line | Rule], ...]:
        """The lines and rules, each with what its destinations are known by."""
        return (*self.lines.items(), *((rule.name, rule) for rule in self.rules))

    @property
    def placed(self) -> tuple[Placed, ...]:
        """Every destination."""
        return tuple(one for owner, part in self.owners for one in part.placed(self.account, owner))
