"""`reconcile:` of the site: when the providers' lists are compared with the journal.

Promise   plain data, as `types` promises it.
Needs     nothing.
Crash     keeps nothing.
"""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from faxdaemon.options import Section

_PATTERN = r"^([01]?[0-9]|2[0-3]):[0-5][0-9]$"


def _hour(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 24 * 60:
        return time(value // 60, value % 60)  # to YAML, 13:30 is a number to the base of 60
    if isinstance(value, str):
        match = re.fullmatch(_PATTERN, value.strip())
        if not match:
            raise ValueError(f"“{value}” is no time of day; write hours and minutes, such as 03:30")
        hours, minutes = value.strip().split(":")
        return time(int(hours), int(minutes))
    return value


TimeOfDay = Annotated[time, BeforeValidator(_hour), WithJsonSchema({"type": "string", "pattern": _PATTERN})]


class Reconcile(Section):
    """The comparison of what the providers list with the journal; see docs/reconciliation.md."""

    at: TimeOfDay | None = time(3, 30)
    """When it is made, every day, in the site's `timezone`; `null` for never."""
    days: int = Field(default=3, ge=1, le=60)
    """How many days it looks back."""
