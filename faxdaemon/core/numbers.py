"""Numbers: from what people write to E.164, what kind of number it is, and back to what a page may show.

Promise   `to_e164` accepts only what is surely a telephone number and says in plain words why anything else is not.
Needs     phonenumbers (data and parsing only, no I/O): the one third-party package `core` may use, see
          `docs/decisions/0003-phonenumbers-in-core.md`.
"""

from __future__ import annotations

import re
from enum import StrEnum

import phonenumbers
from phonenumbers import PhoneNumberType

_PUNCTUATION = re.compile(r"[\s().\-/\u00a0\u2010-\u2015]")
_WRITTEN = re.compile(r"\+?[0-9]+")
#: In E.164, or ten digits and more in a file name: what is before its suffix, in one part of a path.
_SHOWN = re.compile(
    r"\+[1-9][0-9]{7,14}"
    r"|(?<![0-9A-Za-z])[0-9]{10,15}(?![0-9A-Za-z])(?=[^/\n\"=]{0,200}?\.[A-Za-z]{2,5}\b)"
)


class Kind(StrEnum):
    """What a number is besides a subscriber's fixed line: many of these cost the caller more."""

    PREMIUM = "premium"
    SHARED_COST = "shared_cost"
    PERSONAL = "personal"
    PAGER = "pager"
    VOICEMAIL = "voicemail"
    SATELLITE = "satellite"
    COMPANY = "company"
    VOIP = "voip"
    MOBILE = "mobile"
    TOLL_FREE = "toll_free"


_KINDS = {
    PhoneNumberType.PREMIUM_RATE: Kind.PREMIUM,
    PhoneNumberType.SHARED_COST: Kind.SHARED_COST,
    PhoneNumberType.PERSONAL_NUMBER: Kind.PERSONAL,
    PhoneNumberType.PAGER: Kind.PAGER,
    PhoneNumberType.VOICEMAIL: Kind.VOICEMAIL,
    PhoneNumberType.UAN: Kind.COMPANY,
    PhoneNumberType.VOIP: Kind.VOIP,
    PhoneNumberType.MOBILE: Kind.MOBILE,
    PhoneNumberType.TOLL_FREE: Kind.TOLL_FREE,
}
_IN_NO_COUNTRY = frozenset({870, 881, 882, 883})
"""Country codes of satellites and of networks that belong to no country."""


_BRITAIN = 44
_SERVICES = ("84", "87")
"""Ofcom's service numbers: a charge of some pence, on which many offices receive their faxes.  To phonenumbers they are
the same as 09, which is premium rate there."""


class NotANumber(ValueError):
    """The text is not a number that can be dialled; the message says why."""


def to_e164(text: str, region: str) -> str:
    """Normalise a number as written for people in `region` (ISO 3166 code) to E.164.

    Letters are refused rather than read as a vanity number: on a fax they are a mistake, and a guess would send a
    patient's result to a stranger.
    """
    compact = _PUNCTUATION.sub("", text)
    if not compact:
        raise NotANumber("the number is empty")
    if not _WRITTEN.fullmatch(compact):
        odd = next((c for i, c in enumerate(compact) if not (c in "0123456789" or (c == "+" and i == 0))), None)
        raise NotANumber(f"“{text}” is not a fax number: it " + (f"contains “{odd}”" if odd else "has no digits"))
    try:
        parsed = phonenumbers.parse(compact, region)
    except phonenumbers.NumberParseException as error:
        abroad = error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE
        why = "its country code does not exist" if abroad else "it is not a number"
        raise NotANumber(f"“{text}” is not a fax number as written in region {region}: {why}") from error
    reason = phonenumbers.is_possible_number_with_reason(parsed)
    if reason != phonenumbers.ValidationResult.IS_POSSIBLE:
        why = {
            phonenumbers.ValidationResult.TOO_SHORT: "it is too short",
            phonenumbers.ValidationResult.TOO_LONG: "it is too long",
            phonenumbers.ValidationResult.INVALID_COUNTRY_CODE: "its country code does not exist",
            phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "the area code is missing",
        }.get(reason, "no number there has this length")
        raise NotANumber(f"“{text}” is not a fax number as written in region {region}: {why}")
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def kind_of(number: str) -> Kind | None:
    """What kind of number an E.164 number is; None for a fixed line, or for what nobody knows anything of."""
    parsed = phonenumbers.parse(number, None)
    if parsed.country_code in _IN_NO_COUNTRY:
        return Kind.SATELLITE
    if parsed.country_code == _BRITAIN and str(parsed.national_number).startswith(_SERVICES):
        return Kind.SHARED_COST
    return _KINDS.get(phonenumbers.number_type(parsed))


def is_emergency(text: str, region: str) -> bool:
    """Whether a number, as written in `region`, calls for help: 911, and 911 with more digits behind it.  Where such a
    longer number exists (11 2631 9852 in Delhi), it is that."""
    compact = _PUNCTUATION.sub("", text)
    if not _WRITTEN.fullmatch(compact):
        return False
    if phonenumbers.is_emergency_number(compact, region):
        return True
    return phonenumbers.connects_to_emergency_number(compact, region) and valid(text, region) is None


def valid(text: str, region: str) -> str | None:
    """In E.164, when a number like this may exist; None for all that only looks like one (an order number, say)."""
    try:
        number = to_e164(text, region)
    except NotANumber:
        return None
    return number if phonenumbers.is_valid_number(phonenumbers.parse(number, None)) else None


def masked(number: str | None) -> str:
    """The form for logs and pages: country or area start and the last two digits, e.g. `+1303•••••00`; of an address
    the first letter and the domain, e.g. `d•••@example.org`."""
    if not number:
        return "-"
    name, at, domain = number.rpartition("@")
    if at:
        return f"{name[:1]}•••@{domain}"
    if len(number) < 8:
        return "•" * len(number)
    return number[:5] + "•" * (len(number) - 7) + number[-2:]


def masked_within(text: str) -> str:
    """`text` with every number masked that is in E.164 or part of a file name: lines, sinks and files are named so."""
    return _SHOWN.sub(lambda match: masked(match[0]), text)
