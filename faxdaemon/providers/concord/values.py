"""What Concord's values mean: truths, numbers, lists, times, telephone numbers, files.

Promise   a value that is not certainly what it should be is None; nothing is guessed.
Needs     the zone of times that name none.
Crash     keeps nothing.

SOAP gives texts, zeep its own types, JSON others again; a list may be an array or an element full of `item`.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from types import MappingProxyType
from typing import Any, BinaryIO

from faxdaemon.contracts.provider import Content
from faxdaemon.providers._documents import suffix

#: Formats in use at Concord, as far as known (documents of the inbound push, clients); ISO 8601 besides.
_TIMES = ("%Y/%m/%d %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S")

#: `FaxResolution`: the words are those of Folder Fax, the digits a guess (a Fax Assist example has a 1).
RESOLUTIONS: Mapping[str, str] = MappingProxyType(
    {"low": "standard", "0": "standard", "standard": "standard", "high": "fine", "1": "fine", "fine": "fine"}
)
#: `FileTypeId` by suffix (public clients of the service).  A TIFF's depends on its compression.
FILE_TYPES: Mapping[str, int] = MappingProxyType(
    {
        ".pdf": 101,
        ".tif": 2,
        ".tiff": 2,
        ".doc": 100,
        ".docx": 100,
        ".rtf": 102,
        ".xls": 103,
        ".xlsx": 103,
        ".ppt": 104,
        ".pptx": 104,
        ".txt": 105,
        ".vsd": 106,
        ".gif": 107,
        ".jpg": 108,
        ".jpeg": 108,
        ".htm": 111,
        ".html": 111,
        ".mhtml": 111,
        ".mht": 112,
        ".png": 120,
    }
)
_TIFF_G3, _TIFF_G4, _TIFF_COLOUR = 1, 2, 109
_TIFFS = MappingProxyType({2: _TIFF_G3, 3: _TIFF_G3, 4: _TIFF_G4})
"""By the TIFF's own number of its compression."""


def truth(value: Any) -> bool | None:
    """A boolean of XML Schema or of JSON."""
    return {"true": True, "1": True, "false": False, "0": False}.get(str(value).strip().lower())


def whole(value: Any) -> int | None:
    """A whole number."""
    text = str(value).strip()
    return int(text) if re.fullmatch(r"-?[0-9]{1,12}", text) else None


def count(value: Any) -> int | None:
    """A whole number of seconds, bits and the like."""
    number = whole(value)
    return number if number is not None and number >= 0 else None


def said(value: Any) -> str:
    """A text; empty when there is none."""
    if value is None or isinstance(value, Mapping | list):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value).strip()


def items(value: Any) -> list[Mapping[str, Any]]:
    """The members of a list."""
    if isinstance(value, Mapping):
        value = value.get("item")
    found = value if isinstance(value, list) else [value]
    return [entry for entry in found if isinstance(entry, Mapping)]


def moment(value: Any, zone: tzinfo) -> datetime | None:
    """A time."""
    text = said(value)
    for form in _TIMES:
        try:
            return datetime.strptime(text, form).replace(tzinfo=zone).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def told(at: datetime, zone: tzinfo) -> str:
    """A time as we write it: like the tokens of Concord's inbound push."""
    return at.astimezone(zone).strftime(_TIMES[0])


def number(value: Any) -> str | None:
    """A telephone number as E.164; None when withheld; else the text."""
    text = said(value)
    digits = re.sub(r"[\s().-]", "", text)
    if re.fullmatch(r"\+[1-9][0-9]{6,14}", digits):
        return digits
    if re.fullmatch(r"1?[2-9][0-9]{9}", digits):
        return f"+1{digits[-10:]}"
    return None if not re.search("[0-9]", digits) else text


def resolution(value: Any) -> str | None:
    """Our word for a resolution where it is one that we know; else the text."""
    text = said(value)
    return RESOLUTIONS.get(text.lower(), text) or None


def dialled(e164: str, form: str) -> str:
    """A number in the form that the account wants."""
    if form == "e164":
        return e164
    if form == "digits":
        return e164.removeprefix("+")
    return e164[2:] if e164.startswith("+1") else f"011{e164.removeprefix('+')}"


def same_number(shown: Any, e164: str) -> bool:
    """Whether the service shows the number that we gave; true when it shows none."""
    digits = re.sub(r"\D", "", said(shown))
    return not digits or digits[-9:] == e164[-9:]


def file_type(content: Content) -> int:
    """`FileTypeId`.  Raises what opening a TIFF raises."""
    known = FILE_TYPES[suffix(content.name)]
    if known != _TIFF_G4:
        return known
    with content.open() as stream:
        try:
            compression = _compression(stream)
        except struct.error:  # cut off, or none at all: the service will say so
            return known
    return known if compression is None else _TIFFS.get(compression, _TIFF_COLOUR)


def _compression(stream: BinaryIO) -> int | None:
    """The compression (tag 259) of a TIFF's first page (TIFF 6.0, section 2)."""
    order = {b"II": "<", b"MM": ">"}.get(stream.read(2))
    if order is None:
        return None
    (offset,) = struct.unpack(f"{order}2xI", stream.read(6))
    stream.seek(offset)
    (entries,) = struct.unpack(f"{order}H", stream.read(2))
    for _ in range(entries):
        tag, value = struct.unpack(f"{order}H6xH2x", stream.read(12))
        if tag == 259:
            return int(value)
    return None
