"""`safety:` of the site and of a drop folder: which numbers are not sent to, and what a person must look at first.

Promise   plain data, as `types` promises it.  What a folder says replaces what the site says, key by key; only what is
          denied adds up.
Needs     nothing.
Crash     keeps nothing.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo

from faxdaemon.core import numbers
from faxdaemon.options import Duration, Reading, Section, written

_PUNCTUATION = re.compile(r"[\s().\-/]")
_NUMBER = re.compile(r"\+?[0-9*?]+")
_ADDRESS = re.compile(r"[^\s\[\]@]+@[^\s\[\]@]+")
Kinds = Literal[
    "premium",
    "shared_cost",
    "personal",
    "pager",
    "voicemail",
    "satellite",
    "company",
    "voip",
    "mobile",
    "toll_free",
]
LONGEST = 30 * 86400.0
"""Seconds that look-alikes are remembered for at most."""


def e164(value: str, info: ValidationInfo, advice: str) -> str:
    """A number in the file.  In a program there is no region, so numbers begin with `+` there."""
    region = info.context.region if isinstance(info.context, Reading) else "ZZ"
    if not region and not value.lstrip().startswith("+"):
        return value  # the region itself is wrong, and reported
    try:
        return numbers.to_e164(value, region or "ZZ")
    except numbers.NotANumber as error:
        raise ValueError(f"{error}; {advice}") from None


def _number(value: str, info: ValidationInfo) -> str:
    return e164(value, info, "write it with its country code, such as +13035550100")


def number_pattern(value: str) -> str:
    """`+1900*`, `+1303555????`, an address, or one whole number.  Raises ValueError."""
    if _ADDRESS.fullmatch(value):
        return value
    compact = _PUNCTUATION.sub("", value)
    if not _NUMBER.fullmatch(compact) or not compact.startswith(("+", "*")):
        raise ValueError(f"“{value}” is no pattern; write +1900*, +1303555????, *@example.org or a number with its +")
    if not set("*?") & set(compact):
        try:
            return numbers.to_e164(compact, "ZZ")
        except numbers.NotANumber as error:
            raise ValueError(f"{error}; for all numbers that begin so, write {compact}*") from None
    return compact


def _remembered(value: float) -> float:
    if value > LONGEST:
        raise ValueError(f"so much is not remembered; write {written(LONGEST)} at most")
    return value


Number = Annotated[str, AfterValidator(_number)]
Pattern = Annotated[str, AfterValidator(number_pattern)]


class Safety(Section):
    """What a drop folder is careful of; see docs/safety.md."""

    refuse: list[Kinds] = Field(default=["premium", "shared_cost", "personal", "pager", "voicemail", "satellite"])
    """The kinds of numbers that are never sent to."""
    deny: list[Pattern] = Field(default=[])
    """Numbers that are never sent to: `+1900*`, `+1303555????`.  A folder's are added to the site's."""
    allow: list[Pattern] = Field(default=[])
    """Numbers that may be sent to although they are refused or denied."""
    disagreement: Literal["hold", "ignore"] = "hold"
    """What becomes of a fax whose file name, control file and codes give different numbers, as far as `formats` names
    them: wait for a person, or go by the first of the formats."""
    first_time: Literal["send", "hold"] = "send"
    """What becomes of a fax to a number that was never sent to successfully: `hold` waits for a person."""
    lookalike: Annotated[Duration, AfterValidator(_remembered)] = Field(default=0.0, ge=0)
    """Hold what has the same content and the same number as a fax of this time, from any folder; 0s for never."""
    per_hour: int | None = Field(default=None, ge=1)
    """Faxes that leave the folder in an hour of the clock, counted by recipients; what is over waits."""


class SiteSafety(Safety):
    """What all drop folders are careful of, where they do not say otherwise; see docs/safety.md."""

    test_number: Number | None = None
    """Every fax of every folder goes to this number instead of its own, with an alert while that is so."""


def effective(site: SiteSafety, folder: Safety) -> SiteSafety:
    """What holds for one folder."""
    own = {key: getattr(folder, key) for key in folder.model_fields_set}
    if "deny" in own:
        own["deny"] = [*site.deny, *folder.deny]
    return site.model_copy(update=own)
