"""Numbers: from what people write to E.164, and back to what a page may show.

Promise   `to_e164` accepts only what is surely a telephone number and says in plain words why anything else is not.
Needs     phonenumbers (data and parsing only, no I/O): the one third-party package `core` may use, see
          `docs/decisions/0003-phonenumbers-in-core.md`.
"""

from __future__ import annotations

import re

import phonenumbers

_PUNCTUATION = re.compile(r"[\s().\-/\u00a0\u2010-\u2015]")
_WRITTEN = re.compile(r"\+?[0-9]+")


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
