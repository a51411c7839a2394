"""What FAX.de tells of a job: JobStatus' results and its StatusFile.

Promise   a job counts as sent only when every recipient's result is OK; a word that is not documented is never guessed.
Needs     nothing.
Crash     keeps nothing.

The StatusFile is CSV with all fields quoted and a first line of names; neither charset nor line end is documented.
Columns are found by name.
"""

from __future__ import annotations

import base64
import binascii
import csv
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from faxdaemon.contracts.provider import JobStatus, Progress
from faxdaemon.contracts.services import Table
from faxdaemon.providers._words import shown
from faxdaemon.providers.faxde.wire import Told, moment

#: By the letters of the word: what it means, and whether dialling again is pointless.
RESULTS: Mapping[str, tuple[Progress, bool]] = MappingProxyType(
    {
        "ok": (Progress.SENT, False),
        "busy": (Progress.FAILED, False),
        "noanswer": (Progress.FAILED, False),
        "sendfail": (Progress.FAILED, False),
        "voice": (Progress.FAILED, True),
        "noservice": (Progress.FAILED, True),
        "callfailed": (Progress.FAILED, True),
        "blacklist": (Progress.FAILED, True),
    }
)
_MULTI = "multi"

Row = Mapping[str, str]


def finished(job: str, told: Told) -> JobStatus:
    """The status of a job that has ended."""
    rows = rows_of(told)
    word = _plain(told.text("SendResult"))
    if _letters(word) == _MULTI or (len(rows) > 1 and _letters(word) not in RESULTS):
        progress, text, permanent = _several(rows)
    elif _letters(word) in RESULTS:
        progress, permanent = RESULTS[_letters(word)]
        text = word
    else:  # neither "sent" nor "failed" may be said of it: a person must look
        progress, text, permanent = Progress.UNKNOWN_JOB, f"FAX.de calls its result “{word}”", False
    row = rows[0] if len(rows) == 1 else {}
    return JobStatus(
        provider_id=job,
        progress=progress,
        text=text,
        pages=_sum(rows, "PAGES"),
        ended_at=moment(told.text("SendDateTime")) or _latest(rows),
        duration_s=_seconds(row.get("DURATION", "")),
        remote_csid=_plain(told.text("RemoteId")) or _plain(row.get("REMOTEID", "")) or None,
        permanent=permanent,
    )


def rows_of(told: Told) -> list[Row]:
    """The StatusFile's recipients; empty when there is none that can be read."""
    try:
        raw = base64.b64decode("".join(told.text("StatusFile").split()), validate=True)
    except (binascii.Error, ValueError):
        return []
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
    try:
        table = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error:
        return []
    names = [name.strip().upper() for name in table[0]] if table else []
    return [dict(zip(names, row, strict=False)) for row in table[1:] if row] if "RESULT" in names else []


def table_of(told: Told) -> Table | None:
    """The StatusFile for people; None when it cannot be read."""
    rows = rows_of(told)
    if not rows:
        return None
    columns = tuple(rows[0])
    return Table(columns, tuple(tuple(_plain(row.get(name, "")) for name in columns) for row in rows))


def references(told: Told) -> set[str]:
    """The reference ids in the StatusFile."""
    return {row.get("REFID", "").strip() for row in rows_of(told)} - {""}


def _several(rows: Sequence[Row]) -> tuple[Progress, str, bool]:
    words = Counter(_plain(row.get("RESULT", "")) for row in rows)
    text = ", ".join(f"{count} × {word}" for word, count in words.items())
    known = [RESULTS.get(_letters(word)) for word in words]
    if not known or None in known:
        return Progress.UNKNOWN_JOB, f"FAX.de's results of several recipients: {text or 'none'}", False
    sent = all(result and result[0] is Progress.SENT for result in known)
    return (Progress.SENT if sent else Progress.FAILED), text, False


def _sum(rows: Sequence[Row], name: str) -> int | None:
    counts = [row.get(name, "").strip() for row in rows]
    return sum(map(int, counts)) if counts and all(re.fullmatch(r"[0-9]{1,6}", count) for count in counts) else None


def _latest(rows: Sequence[Row]) -> datetime | None:
    return max((at for row in rows if (at := moment(row.get("SENDDATETIME", "")))), default=None)


def _seconds(text: str) -> int | None:
    """`19`, `1:19` or `0:01:19`."""
    if not re.fullmatch(r"([0-9]{1,6}:){0,2}[0-9]{1,6}", text.strip()):
        return None
    seconds = 0
    for part in text.strip().split(":"):
        seconds = seconds * 60 + int(part)
    return seconds


def _letters(word: str) -> str:
    return re.sub(r"[^a-z0-9]", "", word.lower())


def _plain(text: str) -> str:
    """A word of FAX.de's as it may be shown."""
    return shown(text, 60)
