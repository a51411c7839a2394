"""Names made of what is known of a received fax: for files, and for whatever else a site words by a template.

Promise   `place` gives a name, and folders above it, that Windows and Linux take and that cannot lead anywhere else,
          whatever the provider or the caller wrote.  The same fax gives the same name.
Needs     a template that `check` finds nothing wrong with.
Crash     keeps nothing.

Besides our own fields there are the fifteen of Concord Fax Assist, so that a site can go on with the template that it
has (developer.concordfax.com, Fax Assist, "File Format").  The examples there have numbers without `+`, times such as
`02262009 800 AM`, an offset such as `-0700` as time zone, and 1 as a resolution, which we take for fine, 0 for
standard; that is what `{resolution}` gives in a template with a field that only Fax Assist has.  `{randomId}` is the
end of our id: random, but the same whenever the fax is delivered anew.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from faxdaemon.core.model import InboundFax
from faxdaemon.core.naming import cut, fit, is_temporary, safe_name
from faxdaemon.core.templates import At, Value, check_template, expand

FIELDS: Mapping[str, str] = {
    "received": "when the provider received it, else when it was first seen here",
    "first_seen": "when it was first seen here",
    "line": "the number that was called",
    "from": "the caller's number",
    "name": "the caller's name",
    "csid": "what the sending machine calls itself",
    "station": "what the receiving machine calls itself",
    "pages": "how many there are",
    "page": "which one this file has, where each page is a file",
    "duration": "seconds of the call",
    "resolution": "standard, fine, hyperfine",
    "speed": "bit/s",
    "partial": "partial or complete, as the provider says",
    "id": "our fax id",
    "account": "the account that it came through",
    "provider": "the kind of that account's service",
    "provider_id": "the provider's name for it",
}
FAX_ASSIST: Mapping[str, str] = {
    "calledNumber": "the number that was called, without `+`",
    "callerNumber": "the caller's number, without `+`",
    "completedTime": "when the call ended",
    "currentPage": "as `page`",
    "downloadedTime": "as `first_seen`",
    "duration": "as above",
    "account": "as above",
    "messageId": "as `provider_id`",
    "randomId": "ten signs of our id",
    "receivedTime": "as `received`",
    "resolution": "0 for standard, 1 for fine",
    "senderCSID": "as `csid`",
    "speed": "as above",
    "timeZone": "the offset of the site's zone",
    "totalPages": "as `pages`",
}
PER_PAGE = ("{page}", "{page:", "{currentPage}", "{currentPage:")
"""What a template has that tells the pages of a fax apart."""
_THEIRS = re.compile(r"\{(?:" + "|".join(sorted(FAX_ASSIST.keys() - FIELDS.keys())) + r")[:}]")
_NUMBERS: Mapping[str, Value] = {"standard": "0", "fine": "1"}
_VALUE = 64
"""Bytes of one value: a station's name has 20, and a name that fills everything hides the rest."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is to lie, below a folder."""

    folders: tuple[str, ...]
    stem: str
    """A name without its suffix."""


def check(template: str, *, folders: bool = True) -> list[str]:
    """What is wrong with a template, one sentence each."""
    return check_template(template, FIELDS.keys() | FAX_ASSIST.keys(), folders=folders)


def place(template: str, values: Mapping[str, Value], longest: int) -> Place:
    """The name, of at most `longest` bytes in each part, and the folders above it, of a template with `/`."""
    short = {name: _short(value) if isinstance(value, str) else value for name, value in values.items()}
    if _THEIRS.search(template):
        short["resolution"] = _NUMBERS.get(str(values.get("resolution")), short.get("resolution"))
    *folders, stem = (_safe(expand(part, short), longest) for part in template.split("/"))
    return Place(tuple(folders), stem)


def _short(value: str) -> str:
    return cut(value.encode("utf-8", "ignore").decode("utf-8"), _VALUE)  # half a character has no length


def _safe(text: str, longest: int) -> str:
    name = safe_name(fit(safe_name(text, len(text) * 4 + 16), "", longest), longest)
    return cut(f"_{name}", longest) if is_temporary(f"{name}.pdf") else name


def values(fax: InboundFax, zone: tzinfo, provider: str | None, page: int = 1) -> dict[str, Value]:
    """What each field stands for; times in the site's zone."""
    listed = fax.listed
    seen = fax.first_seen.astimezone(zone)
    received = listed.received_at.astimezone(zone) if listed.received_at else seen
    pages = fax.document.pages if fax.document and fax.document.pages is not None else listed.pages
    ours: dict[str, Value] = {
        "received": received,
        "first_seen": seen,
        "line": listed.called,
        "from": listed.caller,
        "name": listed.name,
        "csid": listed.csid,
        "station": listed.station,
        "pages": pages,
        "page": page,
        "duration": listed.duration_s,
        "resolution": listed.resolution,
        "speed": listed.speed,
        "partial": {True: "partial", False: "complete"}.get(listed.partial) if listed.partial is not None else None,
        "id": fax.fax_id,
        "account": fax.account,
        "provider": provider,
        "provider_id": listed.provider_id,
    }
    ended = received + timedelta(seconds=listed.duration_s or 0)
    theirs: dict[str, Value] = {
        "calledNumber": (listed.called or "").removeprefix("+"),
        "callerNumber": (listed.caller or "").removeprefix("+"),
        "completedTime": _american(ended),
        "currentPage": page,
        "downloadedTime": _american(seen),
        "messageId": listed.provider_id,
        "randomId": fax.fax_id[-10:].upper(),
        "receivedTime": _american(received),
        "senderCSID": listed.csid,
        "timeZone": f"{received:%z}",
        "totalPages": pages,
    }
    return {**theirs, **ours}


def _american(moment: datetime) -> At:
    half = "AM" if moment.hour < 12 else "PM"
    return At(moment, f"{moment:%m%d%Y} {moment.hour % 12 or 12}{moment:%M} {half}")
