"""show: the whole life of one fax.

Promise   every event that the journal holds, in order; `--json` has every fact, too.  Numbers are shown in full: who
          looks at one fax needs them.
Needs     to read the journal.
Crash     keeps nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from faxdaemon.cli.common import Config, FaxId, Json, journal_of, local_time, print_json, say, settings_of, table

if TYPE_CHECKING:
    from faxdaemon.contracts.journal import Life

_TITLES = {"documents": "document", "recipients": "recipient", "deliveries": "delivery", "kept": "kept"}
#: Bookkeeping of the journal; `--json` has all of it.
_INNER = frozenset(
    {
        "fax_id",
        "n",
        "sink",
        "epoch",
        "report_epoch",
        "report_owner",
        "report_again",
        "inode",
        "modified_ns",
        "allowance",
    }
    | {"what", "plan", "published", "owner", "asked", "spool"}
)


def show(fax: FaxId, config: Config = None, as_json: Json = False) -> None:
    """Show the whole life of one fax.

    What it is, where it stands, and everything that happened to it.  Works with or without a running daemon.

    \b
    Examples:
      faxdaemon show 01jd6e
      faxdaemon show 01jd6e --json
    """
    settings = settings_of(config)
    with journal_of(settings) as journal:
        life = journal.life(fax)
    if as_json:
        events = [{**asdict(event), "at": event.at.isoformat()} for event in life.events]
        print_json({"id": life.fax_id, "direction": life.direction, "facts": dict(life.facts), "events": events})
        return
    say(f"{life.fax_id}: {'dropped here, to be sent' if life.direction == 'out' else 'received'}")
    _facts(life.facts)
    _events(life)


def _facts(facts: Mapping[str, Any]) -> None:
    parts = {key: value for key, value in facts.items() if key in _TITLES}
    _lines({key: value for key, value in facts.items() if key not in parts and key != "id"})
    for key, rows in parts.items():
        for number, row in enumerate(rows, 1):
            which = row.get("sink", row.get("n", number))
            say(f"{row['what']} of recipient {which}" if key == "kept" else f"{_TITLES[key]} {which}")
            _lines(row)


def _lines(facts: Mapping[str, Any]) -> None:
    for key, value in facts.items():
        if value is None or value == "" or value is False or key in _INNER:
            continue
        say(f"  {key.replace('_', ' '):<14} {_value(key, value)}")


def _value(key: str, value: Any) -> str:
    if isinstance(value, str):
        return _moment(value) if key.endswith("_at") or key in {"due", "deadline", "first_seen", "since"} else value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return json.dumps(value, default=str, ensure_ascii=False)


def _moment(text: str) -> str:
    try:
        return local_time(datetime.fromisoformat(text))
    except ValueError:
        return text


def _events(life: Life) -> None:
    if not life.events:
        return
    say("what happened")
    rows = []
    for event in life.events:
        moved = event.target if event.source in {None, event.target} else f"{event.source} -> {event.target}"
        rows.append((f"  {local_time(event.at)}", event.subject, event.event, moved, event.node, event.note or ""))
    table(("  WHEN", "WHAT", "EVENT", "STATE", "NODE", "NOTE"), rows)
