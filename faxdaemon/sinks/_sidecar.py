"""What is told of a received fax beside its document: as JSON, XML, `key=value`, Retarus `.idx`, or a row of a table.

Promise   all forms say the same (`docs/received.md`), each is valid whatever the caller or the provider wrote, and the
          same facts give the same bytes.  A cell that a spreadsheet would calculate is made plain text.
Needs     nothing.
Crash     keeps nothing.

`SCHEMA` rises when a key changes its meaning; new keys may appear.  The keys of `.idx` are Retarus' own
(docs.retarus.com, "Fax-to-FTP: Metadata file"); each of their customers has a template, and this is the example's.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, tzinfo
from types import MappingProxyType
from typing import Any

from faxdaemon.core.markup import element
from faxdaemon.core.model import InboundFax
from faxdaemon.core.text import cell

SCHEMA = 1
_LETTERS = {"standard": "L", "fine": "H", "hyperfine": "H"}


@dataclass(frozen=True, slots=True)
class Delivered:
    """One file as it is delivered."""

    file: str
    media: str
    size: int
    sha256: str


def told(
    fax: InboundFax, files: Sequence[Delivered], *, service: str | None = None, lossless: bool | None = None
) -> dict[str, Any]:
    """All that is said, by its keys; `lossless` where the document was converted."""
    listed, stored = fax.listed, fax.document
    original = {"media": stored.media, "size": stored.size, "sha256": stored.sha256} if stored else None
    first = asdict(files[0]) if files else dict.fromkeys(("file", "media", "size", "sha256"))
    return {
        "schema": SCHEMA,
        "id": fax.fax_id,
        "account": fax.account,
        "service": service,
        "provider_id": listed.provider_id,
        "line": listed.called,
        "from": listed.caller,
        "name": listed.name,
        "csid": listed.csid,
        "station": listed.station,
        "received_at": _told(listed.received_at),
        "first_seen": _told(fax.first_seen),
        "duration_s": listed.duration_s,
        "pages": stored.pages if stored and stored.pages is not None else listed.pages,
        "announced": listed.pages,
        "resolution": listed.resolution,
        "speed": listed.speed,
        "partial": listed.partial,
        "warning": stored.warning if stored else None,
        **first,
        "files": [asdict(each) for each in files],
        "original": None if lossless is None else original,
        "lossless": lossless,
        "provider": dict(listed.metadata),
    }


def renamed(facts: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The same of the same files under other names."""
    files = [{**each, "file": name} for each, name in zip(facts["files"], names, strict=True)]
    return {**facts, "file": names[0] if names else None, "files": files}


def render(form: str, facts: Mapping[str, Any], zone: tzinfo) -> bytes:
    """One of `FORMS`; its suffix is the form's name."""
    return FORMS[form](facts, zone)


def _told(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None


def moment(facts: Mapping[str, Any], zone: tzinfo) -> datetime:
    """When it was received, as far as that is known, in a zone."""
    return datetime.fromisoformat(facts["received_at"] or facts["first_seen"]).astimezone(zone)


# -- the forms


def _json(facts: Mapping[str, Any], zone: tzinfo) -> bytes:
    del zone  # each time tells its own
    text = json.dumps(facts, indent=2, sort_keys=True, ensure_ascii=False, default=str)
    return (text + "\n").encode("utf-8", "backslashreplace")


def _xml(facts: Mapping[str, Any], zone: tzinfo) -> bytes:
    del zone
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<fax schema="{facts["schema"]}">']
    for key, value in facts.items():
        if key == "files":
            inside = [f"    {element('file', each['file'], **_attributes(each))}" for each in value]
        elif key == "provider":
            inside = [f"    {element('field', _plain(each), name=name)}" for name, each in value.items()]
        elif isinstance(value, dict):
            inside = [f"    {element(name, _plain(each))}" for name, each in value.items()]
        elif key != "schema":
            lines.append(f"  {element(key, _plain(value))}")
            continue
        else:
            continue
        lines += [f"  <{key}>", *inside, f"  </{key}>"]
    return "\n".join([*lines, "</fax>", ""]).encode("utf-8", "replace")


def _attributes(file: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in file.items() if name != "file"}


def _properties(facts: Mapping[str, Any], zone: tzinfo) -> bytes:
    """As `java.util.Properties` and many scripts read it: ASCII, `\\uXXXX` for the rest."""
    del zone
    lines = [f"{_escaped(key, '=: #!')}={_escaped(value, '')}" for key, value in _flat(facts)]
    return ("\n".join(lines) + "\n").encode("ascii")


def _flat(facts: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for key, value in facts.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")
        elif key == "files" and not before:
            for number, each in enumerate(value, 1):
                yield from _flat(each, f"files.{number}.")
        else:
            yield f"{before}{key}", _plain(value)


def _escaped(text: str, more: str) -> str:
    signs = "".join(_sign(char, more) for char in text)
    return f"\\{signs}" if signs.startswith(" ") else signs  # a reader skips blanks before a value


def _sign(char: str, more: str) -> str:
    if char == "\\" or char in more:
        return f"\\{char}"
    if " " <= char <= "~":
        return char
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def _idx(facts: Mapping[str, Any], zone: tzinfo) -> bytes:
    at = moment(facts, zone)
    letter = _LETTERS.get(facts["resolution"] or "", "")
    lines = {
        "RECEIPT.ID": facts["line"],
        "SENDER.FAXNO": re.sub(r"^\+", "00", facts["from"] or ""),
        "SENDER.ID": facts["csid"],
        "RECEIPT.DATE": f"{at:%Y-%m-%d}",
        "TIMESTAMP": f"{at:%Y-%m-%d-%H.%M.%S}",
        "RESOLUTION": letter * min(facts["pages"] or 0, 9999),
        "PAGES": facts["pages"],
        "STATUS": "PARTIAL" if facts["partial"] else "OK",
    }
    return "".join(f"{key}={_line(_plain(value))}\n" for key, value in lines.items()).encode("utf-8", "replace")


FORMS: Mapping[str, Callable[[Mapping[str, Any], tzinfo], bytes]] = MappingProxyType(
    {"json": _json, "xml": _xml, "properties": _properties, "idx": _idx}
)
"""By the words of the configuration."""


# -- a table

COLUMNS = (
    "id",
    "received_at",
    "first_seen",
    "line",
    "from",
    "name",
    "csid",
    "station",
    "duration_s",
    "pages",
    "announced",
    "resolution",
    "speed",
    "partial",
    "warning",
    "file",
    "media",
    "size",
    "sha256",
    "lossless",
    "account",
    "service",
    "provider_id",
)
"""Of a table, as in the other forms; what is a list there is left out."""


def header() -> bytes:
    """The first line of a table."""
    return _row(list(COLUMNS))


def row(facts: Mapping[str, Any]) -> bytes:
    """One fax in a table; its first cell is our id."""
    return _row([cell(_line(_plain(facts[key]))) for key in COLUMNS])


def _row(cells: list[str]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerow(cells)
    return out.getvalue().encode("utf-8", "backslashreplace")


def _line(text: str) -> str:
    """In one line: who reads lines must not be given two."""
    return " ".join(text.split()) if not text.isprintable() else text


def _plain(value: Any) -> str:
    """A value as text: nothing for None, JSON for what is not plain."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
