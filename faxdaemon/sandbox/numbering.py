"""The numbering plan of the sandbox: what becomes of a call is told by the last four digits, in any area.

Promise   the same number always ends in the same way, except `0116`, which answers from the second job on.
Needs     nothing.
Crash     keeps nothing.

    0110  busy                              0115  breaks off after the first page
    0111  no answer                         0116  busy for its first job, then a fax machine answers
    0112  a person answers                  0117  the documents cannot be converted
    0113  not in service                    0118  stays in the queue for ever (for stopping it)
    0114  a fax machine, 20 times as slow   else  a fax machine answers and takes every page

The lines of the sandbox's own accounts receive.  All fictional numbers of the sandbox are 555 numbers, which
the real FAXAGE refuses; the sandbox does not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

CSID = "SANDBOX FAX"
"""What the fax machines of the network call themselves."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call goes: its result, the provider's words, and how many pages get through (None: all)."""

    result: Literal["success", "failure"]
    text: str
    pages: int | None = None
    pace: float = 1.0
    """Times as slow as usual."""
    tries: int = 1
    first_only: bool = False
    """Only the first job to that number ends so."""
    for_ever: bool = False


ANSWERS = Ending("success", "Success")
UNCONVERTED = Ending("failure", "Failed Conversion - Code 1", pages=0)
BUSY = Ending("failure", "Busy", pages=0, tries=3)
INTERRUPTED = Ending("failure", "Service interrupted", pages=0)
"""What became of calls under way when the sandbox itself was killed."""
ENDINGS = {
    "0110": BUSY,
    "0111": Ending("failure", "No Answer", pages=0, tries=3),
    "0112": Ending("failure", "No Fax Device: voice answered", pages=0),
    "0113": Ending("failure", "Number not in service", pages=0),
    "0114": Ending("success", "Success", pace=20.0),
    "0115": Ending("failure", "Communication failure after page 1", pages=1, tries=3),
    "0116": Ending("failure", "Busy", pages=0, tries=3, first_only=True),
    "0117": UNCONVERTED,
    "0118": Ending("success", "Success", for_ever=True),
}

_TEN_DIGITS = re.compile(r"[0-9]{10}")
# In the +1 zone, but neither in the United States nor in Canada.
_CARIBBEAN = "242 246 264 268 284 340 345 441 473 649 658 664 721 758 767 784 787 809 829 849 868 869 876 939"
_PACIFIC = "670 671 684"
_ABROAD = frozenset(f"{_CARIBBEAN} {_PACIFIC}".split(" "))
_PAID = frozenset({"900"})


def ending_of(destination: str, earlier_jobs: int) -> Ending:
    """How a call to `destination` (E.164) ends when `earlier_jobs` went there before."""
    ending = ENDINGS.get(destination[-4:], ANSWERS)
    return ANSWERS if ending.first_only and earlier_jobs else ending


def ten_digits(text: str) -> bool:
    """Whether `text` is a number in the form that FAXAGE takes."""
    return _TEN_DIGITS.fullmatch(text) is not None


def blocked(digits: str) -> bool:
    """Whether FAXAGE would not dial these ten digits (911 and the like, paid services, abroad)."""
    area, exchange = digits[:3], digits[3:6]
    if area[0] in "01" or exchange[0] in "01":
        return True
    return area[1:] == "11" or exchange[1:] == "11" or exchange == "976" or area in _ABROAD | _PAID
