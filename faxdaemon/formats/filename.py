"""The file name asks; a JSON file answers.

Promise   a name is read by the folder's pattern (fields in braces, optional parts in brackets); a folder with a fixed
          number takes any name.  A field called like a word of `core.wishes` is a wish.  The answer,
          `<stem>.result.json`, has one documented form (`docs/answers.md`).
Needs     the pattern, or the fixed number.
Crash     keeps nothing.
"""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import Any

from faxdaemon.contracts.format import AnswerFile, BadRequest, FolderAsks, NotMine, ReportFacts
from faxdaemon.core.model import Outcome, Request
from faxdaemon.core.naming import compile_pattern
from faxdaemon.core.states import Outbound
from faxdaemon.core.wishes import VOCABULARY

SCHEMA = 1
_KNOWN = ("number", "name", "reference")

_ADVICE = {
    "failed": "Put right what the reason says, then move the document back into the drop folder to send it again.",
    "held": "Nobody but a person can decide this one. Find out whether it arrived. Moving the document back into the "
    "drop folder sends it again; `faxdaemon show` tells its whole story.",
    "cancelled": "Nothing more will be sent. Move the document back into the drop folder to send it after all.",
}


def open_format(folder: FolderAsks) -> Filename:
    """The dialect as one drop folder speaks it."""
    return Filename(folder)


class Filename:
    """See the module."""

    def __init__(self, folder: FolderAsks) -> None:
        self._folder = folder
        self._pattern = compile_pattern(folder.filename)

    def read(self, name: str) -> list[Request] | BadRequest | NotMine:
        """One recipient, from the name's stem."""
        found = self._pattern.match(PurePath(name).stem) or {}
        number = self._folder.to or found.get("number") or found.get("address")
        if not number:
            return BadRequest(
                f"the name does not follow this folder's pattern {self._folder.filename}, so it is not known where to "
                "send it: rename it, with the fax number in it, and drop it again"
            )
        fields = {key: value for key, value in found.items() if key not in _KNOWN}
        options = {key: value for key, value in fields.items() if key in VOCABULARY}
        return [Request(number, found.get("name"), found.get("reference"), fields, options)]

    def answer(self, facts: ReportFacts) -> list[AnswerFile]:
        """`<stem>.result.json`."""
        return [AnswerFile(".result.json", render(facts))]


def render(facts: ReportFacts) -> bytes:
    """The answer's bytes: the same for the same facts, whenever it is written."""
    reasons = [outcome.reason for outcome in facts.outcomes if outcome.reason]
    body: dict[str, Any] = {
        "schema": SCHEMA,
        "id": facts.fax_id,
        "state": facts.overall,
        "reason": reasons[0] if reasons and facts.overall != "sent" else None,
        "what_to_do": _ADVICE.get(facts.overall),
        "name": _printable(facts.name),
        "received_at": facts.received_at,
        "fields": dict(facts.fields),
        "documents": [{**document, "name": _printable(document["name"])} for document in facts.documents],
        "recipients": [_recipient(outcome) for outcome in facts.outcomes],
    }
    return (json.dumps(body, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")


def _recipient(outcome: Outcome) -> dict[str, Any]:
    return {
        "number": outcome.number,
        "name": outcome.name,
        "state": outcome.state.value,
        "reason": outcome.reason,
        "account": outcome.account,
        "provider_id": outcome.provider_id,
        "reference": outcome.reference,
        "submissions": outcome.submissions,
        "pages": outcome.pages if outcome.state is Outbound.SENT else outcome.pages or None,
        "ended_at": outcome.ended_at.isoformat(timespec="milliseconds") if outcome.ended_at else None,
        "duration_s": outcome.duration_s,
        "csid": outcome.remote_csid,
    }


def _printable(name: str) -> str:
    """A name that is not UTF-8 with its odd bytes spelt out, for JSON must be UTF-8."""
    try:
        raw = name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a character, as Windows allows in names
        raw = name.encode("utf-8", "backslashreplace")
    return raw.decode("utf-8", "backslashreplace")
