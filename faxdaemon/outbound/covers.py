"""Cover pages of the site's own: which fax has one, and what stands on it.

Promise   a cover page that the configuration names is made here, whatever the accounts know; it goes before everything
          else, and shows one recipient nothing of the others.  Its date is that of the drop, so that it is the same
          page whenever it is made.
Needs     the fax's wishes, as `core.wishes.parse` gives them.
Crash     keeps nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from faxdaemon.core.model import Cover, Document, Role, Route

NAME = "cover.pdf"
Covers = Mapping[str, Path | None]
"""The site's templates by their names in lower case; None for the built-in one."""

_OPTIONS = {
    "title": "recipient_title",
    "company": "recipient_company",
    "from": "sender_name",
    "sender_company": "sender_company",
    "phone": "sender_phone",
    "fax": "sender_fax",
    "email": "sender_email",
    "subject": "subject",
}


def taken(asked: dict[str, Any], covers: Covers) -> Cover | None:
    """The cover page that is made here, if one is asked for; then nobody else is asked for it."""
    name = str(asked.get("cover", "")).casefold()
    if name not in covers:
        return None
    del asked["cover"]
    return Cover(name, str(asked.pop("cover_text", "")))


def stand_in() -> Document:
    """Stands for the page while it is not made yet."""
    return Document(NAME, "", 0, "", 1, Role.MADE)


def fields(route: Route, received: datetime, zone: tzinfo | None) -> dict[str, str]:
    """What stands on the page of this recipient."""
    there = received.astimezone(zone)
    known = {field: str(route.options.get(wish, "")) for field, wish in _OPTIONS.items()}
    return known | {
        "to": route.name or "",
        "number": route.number,
        "text": route.cover.text if route.cover else "",
        "reference": route.fields.get("reference", ""),
        "date": there.date().isoformat(),
        "time": there.strftime("%H:%M"),
    }
