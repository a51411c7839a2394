"""Our own answer, `<stem>.result.json`: for every asker whose dialect has none (`docs/answers.md`).

Promise   the same facts give the same bytes, whenever they are written.
Needs     nothing.
Crash     keeps nothing.
"""

from __future__ import annotations

import json
from typing import Any

from faxdaemon.contracts.format import AnswerFile, ReportFacts
from faxdaemon.core.model import Outcome
from faxdaemon.core.states import Outbound

SCHEMA = 1

_ADVICE = {
    "failed": "Put right what the reason says, then move the document back into the drop folder to send it again.",
    "held": "Nobody but a person can decide this one. Find out whether it arrived. Moving the document back into the "
    "drop folder sends it again; `faxdaemon show` tells its whole story.",
    "cancelled": "Nothing more will be sent. Move the document back into the drop folder to send it after all.",
}


def result(facts: ReportFacts) -> AnswerFile:
    """The answer's file."""
    return AnswerFile(".result.json", render(facts))


def render(facts: ReportFacts) -> bytes:
    """The answer's bytes: the same for the same facts, whenever it is written."""
    return (json.dumps(told(facts), indent=2, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")


def told(facts: ReportFacts) -> dict[str, Any]:
    """All that an answer says, by its keys."""
    reasons = [outcome.reason for outcome in facts.outcomes if outcome.reason]
    return {
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
        "fields": dict(outcome.fields),
    }


def _printable(name: str) -> str:
    """A name that is not UTF-8 with its odd bytes spelt out, for JSON must be UTF-8."""
    try:
        raw = name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a character, as Windows allows in names
        raw = name.encode("utf-8", "backslashreplace")
    return raw.decode("utf-8", "backslashreplace")
