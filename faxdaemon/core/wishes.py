"""What one fax may ask for besides its number and its documents: the whole vocabulary, as data.

Promise   one word an idea, whatever a provider calls it; a value that `parse` gave is JSON, normalised, and means the
          same to every adapter.  What cannot be understood is `BadWish`, with a message for people.
Needs     the zone in which times without one are meant; without it the machine's own.
Crash     keeps nothing.

An adapter names in `Capabilities.wishes` those that it heeds.  What becomes of the others stands in `Need`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import Enum
from types import MappingProxyType
from typing import Any


class Kind(Enum):
    """What a value looks like."""

    LINE = "a line of text"
    TEXT = "text, of several lines if need be"
    PHONE = "a telephone number, as it is to be shown"
    ADDRESS = "an e-mail address"
    TIME = "a time, ISO 8601"
    NUMBER = "a number"
    FLAG = "yes or no"
    CHOICE = "one of"


class Need(Enum):
    """What becomes of a wish that an account does not take."""

    MUST = "must"
    """Without it the fax would be another one: the account does not get it."""
    MAY = "may"
    """The fax is sent without it."""
    OURS = "ours"
    """The daemon sees to it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One word of the vocabulary."""

    name: str
    kind: Kind
    need: Need
    meaning: str
    example: Any
    """As `parse` gives it."""
    choices: tuple[str, ...] = ()
    """For `CHOICE`."""
    most: int = 255
    """The longest text in characters; the largest number."""

    def schema(self) -> dict[str, Any]:
        """As JSON Schema, for editors."""
        form: dict[str, Any] = {"description": self.meaning, **_FORMS.get(self.kind, {"type": "string"})}
        if self.choices:
            form["enum"] = list(self.choices)
        if self.kind is not Kind.FLAG:
            form["maximum" if self.kind is Kind.NUMBER else "maxLength"] = self.most
        return form


_FORMS: Mapping[Kind, Mapping[str, Any]] = {
    Kind.NUMBER: {"type": "integer", "minimum": 0},
    Kind.FLAG: {"type": "boolean"},
    Kind.ADDRESS: {"type": "string", "format": "email"},
}


class BadWish(ValueError):
    """Somebody asks for what there is not; the message names the wish and says what to write."""

    def __init__(self, name: str, words: str) -> None:
        super().__init__(f"{name[:40]}: {words}")
        self.words = words


ADDRESSED = frozenset({"email", "qsign"})
"""The services that reach an `address` instead of a number."""

_SERVICES = ("fax", "sms", "email", "letter", "letter-color", "qsign")
_MUST, _MAY, _OURS = Need.MUST, Need.MAY, Need.OURS
_LINE, _CHOICE = Kind.LINE, Kind.CHOICE

_ALL = (
    Wish("service", _CHOICE, _MUST, "What it is to be, where a provider does more than fax.", "email", _SERVICES),
    Wish("address", Kind.ADDRESS, _MUST, "The recipient of a service that has no number.", "desk@example.org"),
    Wish("resolution", _CHOICE, _MAY, "How fine the pages are.", "fine", ("standard", "fine", "hyperfine")),
    Wish("orientation", _CHOICE, _MAY, "How the pages lie.", "landscape", ("portrait", "landscape")),
    Wish("contrast", _CHOICE, _MAY, "`darker` helps light scans.", "darker", ("normal", "darker")),
    Wish("header", _LINE, _MAY, "The text at the head of each page.", "North Clinic"),
    Wish("cover", _LINE, _MUST, "A cover page, by its name at the provider.", "Standard"),
    Wish("subject", _LINE, _MAY, "The subject on the cover page.", "Your order"),
    Wish("cover_text", Kind.TEXT, _MUST, "The text on the cover page.", "Please call back.", most=10_000),
    Wish("sender_name", _LINE, _MAY, "Who sends it.", "Dr. Gray"),
    Wish("sender_company", _LINE, _MAY, "Whose fax it is.", "North Clinic"),
    Wish("sender_phone", Kind.PHONE, _MAY, "The sender's telephone number.", "+13035550111"),
    Wish("sender_fax", Kind.PHONE, _MAY, "The sender's fax number, as the recipient is to see it.", "+13035550112"),
    Wish("sender_csid", _LINE, _MAY, "What the sending station calls itself.", "NORTH CLINIC", most=20),
    Wish("sender_email", Kind.ADDRESS, _MAY, "The sender of an e-mail.", "clinic@example.org"),
    Wish("sender_sms", _LINE, _MAY, "The sender of a text message: a number, or letters.", "Clinic", most=16),
    Wish("flash", Kind.FLAG, _MAY, "Whether a text message shows at once and is not kept.", True),
    Wish("recipient_company", _LINE, _MAY, "The recipient's company, for the cover page.", "South Clinic"),
    Wish("recipient_title", _LINE, _MAY, "The recipient's title, for the cover page.", "Head of Cardiology"),
    Wish("customer_reference", _LINE, _MAY, "The asker's own reference, shown in the provider's lists.", "4711"),
    Wish("billing_code", _LINE, _MAY, "Shown in the provider's bills.", "K-12"),
    Wish("notify", _CHOICE, _MAY, "The provider's own notice at the end.", "email", ("none", "email", "get", "post")),
    Wish("notify_to", _LINE, _MAY, "Where that notice goes: an e-mail address, or a URL.", "it@example.org", most=1000),
    Wish("notify_image", Kind.FLAG, _MAY, "Whether that notice brings what was sent.", True),
    Wish("send_at", Kind.TIME, _OURS, "Not before this time.", "2036-11-30T07:15:00+00:00"),
    Wish("expire_at", Kind.TIME, _OURS, "Not after this time.", "2036-12-01T07:15:00+00:00"),
    Wish(
        "priority",
        _CHOICE,
        _OURS,
        "`high` goes before others that wait here; `low` lets others go first, where the provider can.",
        "low",
        ("low", "normal", "high"),
    ),
    Wish("retries", Kind.NUMBER, _OURS, "New attempts after a failed call.", 2, most=20),
    *(Wish(f"user_field{n}", _LINE, _MAY, "Free, for the provider's reports.", f"free {n}") for n in range(1, 13)),
)

VOCABULARY: Mapping[str, Wish] = MappingProxyType({wish.name: wish for wish in _ALL})
"""Every wish by its name."""

_ADDRESS = re.compile(r"[^\s@;,<>\[\]]+@[^\s@;,<>\[\]]+")
_PHONE = re.compile(r"\+?[ (]*[0-9][0-9 ().\-/]*")
_YES, _NO = frozenset({"yes", "true", "on", "1"}), frozenset({"no", "false", "off", "0"})


def parse(wishes: Mapping[str, Any], zone: tzinfo | None = None) -> dict[str, Any]:
    """All of them, normalised; empty ones are left out.  Raises `BadWish` at the first that is wrong."""
    read = {name: value_of(name, value, zone) for name, value in wishes.items() if value is not None and value != ""}
    return {name: value for name, value in read.items() if value != ""}


def value_of(name: str, value: Any, zone: tzinfo | None = None) -> Any:
    """One value, normalised: text, a whole number, True or False; times as ISO 8601 in UTC.  Raises `BadWish`."""
    wish = VOCABULARY.get(name)
    if wish is None:
        near = difflib.get_close_matches(name, VOCABULARY, 1)
        rest = f"did you mean {near[0]}?" if near else f"there are: {', '.join(VOCABULARY)}"
        raise BadWish(name, f"nobody can ask for that; {rest}")
    if wish.kind is Kind.NUMBER:
        return _number(wish, value)
    if wish.kind is Kind.FLAG:
        return _flag(wish, value)
    if wish.kind is Kind.TIME:
        return _time(wish, value, zone)
    if not isinstance(value, str):
        raise BadWish(name, "must be text; write it in quotes")
    return _text(wish, value)


def to_address(wishes: Mapping[str, Any]) -> bool:
    """Whether a fax with these wishes goes to an `address` instead of a number."""
    return wishes.get("service") in ADDRESSED


def moment(wishes: Mapping[str, Any], name: str) -> datetime | None:
    """A time among parsed wishes, aware; None when nobody asks for it."""
    value = wishes.get(name)
    return datetime.fromisoformat(value) if value else None


def _text(wish: Wish, value: str) -> str:
    lines = [" ".join("".join(c if c.isprintable() else " " for c in one).split()) for one in value.splitlines()]
    whole = "\n".join(lines).strip("\n") if wish.kind is Kind.TEXT else " ".join(filter(None, lines))
    if len(whole) > wish.most:
        raise BadWish(wish.name, f"is {len(whole)} characters long; write {wish.most} at most")
    if wish.kind is Kind.CHOICE:
        whole = whole.lower()
        if whole not in wish.choices:
            raise BadWish(wish.name, f"“{whole[:40]}” is not possible; write one of {', '.join(wish.choices)}")
    elif wish.kind is Kind.PHONE and not _PHONE.fullmatch(whole):
        raise BadWish(wish.name, "is no telephone number; write it like +13035550100")
    elif wish.kind is Kind.ADDRESS and not _ADDRESS.fullmatch(whole):
        raise BadWish(wish.name, "is no e-mail address; write it like desk@example.org")
    return whole


def _number(wish: Wish, value: Any) -> int:
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 10:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= wish.most:
        raise BadWish(wish.name, f"is no such number; write a whole one from 0 to {wish.most}")
    return value


def _flag(wish: Wish, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word not in _YES | _NO:
        raise BadWish(wish.name, "is neither yes nor no; write true or false")
    return word in _YES


def _time(wish: Wish, value: Any, zone: tzinfo | None) -> str:
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(_with_hour(str(value).strip()))
        if found.tzinfo is None and zone is not None:
            found = found.replace(tzinfo=zone)
        return found.astimezone(UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError):
        raise BadWish(wish.name, "is not a time; write it like 2026-11-30 08:15:00") from None


def _with_hour(text: str) -> str:
    """A day alone is no time: nobody can tell whether its begin or its end is meant."""
    return text if len(text) > len("2026-11-30") else ""
