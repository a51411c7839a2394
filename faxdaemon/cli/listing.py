"""list: faxes, newest first.

Promise   what is listed is what the journal says now.  Numbers are masked, in file names too, unless asked for.  What
          was left out because of the limit is said.
Needs     to read the journal.
Crash     keeps nothing.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from faxdaemon.cli.common import SHORT_ID, Config, Json, journal_of, local_time, note, print_json, settings_of, table
from faxdaemon.core.states import Inbound, Outbound

if TYPE_CHECKING:
    from faxdaemon.contracts.journal import Row

STATES = tuple(dict.fromkeys(state.value for kind in (Outbound, Inbound) for state in kind))
_AGO = re.compile(r"([0-9]+)\s*([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_PUNCTUATION = re.compile(r"[^0-9+]")
_DIGITS = re.compile(r"\+?[0-9]{7,}")


def past(text: str | None) -> datetime | None:
    """`2h`, `30m`, `7d` ago, or a date or time on this machine's clock."""
    if text is None:
        return None
    ago = _AGO.fullmatch(text.strip())
    try:
        if ago:
            return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        return datetime.fromisoformat(text.strip()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"“{text}” is no time; write 2h, 30m, 7d, 2026-11-20 or 2026-11-20T09:30") from None


def _states(given: Sequence[str] | None) -> tuple[str, ...]:
    for state in given or ():
        if state not in STATES:
            raise typer.BadParameter(f"there is no state “{state}”; there are: {', '.join(STATES)}")
    return tuple(given or ())


def list_(
    *,
    state: Annotated[list[str] | None, typer.Option(metavar="STATE", help="In this state; may be repeated.")] = None,
    out: Annotated[
        bool | None, typer.Option("--out/--in", help="Sent or received ones only.", show_default=False)
    ] = None,
    number: Annotated[
        str | None, typer.Option(metavar="DIGITS", help="The other side's number, or a part of it.")
    ] = None,
    folder: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Dropped into this folder.")] = None,
    account: Annotated[str | None, typer.Option(metavar="NAME", help="Through this account.")] = None,
    name: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Part of the file name, or of the line called.")
    ] = None,
    since: Annotated[str | None, typer.Option(metavar="WHEN", help="Not older than: 2h, 7d, 2026-11-20.")] = None,
    held: Annotated[bool, typer.Option("--held", help="What waits for a person.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many, the newest.")] = 50,
    full: Annotated[bool, typer.Option("--full", help="Numbers in full, for nobody looks over your shoulder.")] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List faxes, newest first.

    A fax to several recipients has a line for each.  Works with or without a running daemon.

    \b
    Examples:
      faxdaemon list --held
      faxdaemon list --out --since 2h --state failed --state held
      faxdaemon list --in --number 5550100 --json
    """
    wanted = _states(state)
    start = past(since)
    settings = settings_of(config)
    from faxdaemon.contracts.journal import Filter  # noqa: PLC0415 - keeps --help quick

    query = Filter(
        direction=None if out is None else "out" if out else "in",
        states=(*wanted, "held") if held else wanted,
        destinations=held,
        number=_PUNCTUATION.sub("", number) if number else None,
        folder=str(folder.absolute()) if folder else None,
        account=account,
        name=name,
        since=start,
        limit=limit,
    )
    with journal_of(settings) as journal:
        rows = journal.find(query)
    if as_json:
        print_json([_plain(row, full=full) for row in rows])
    else:
        _print(rows, full=full)
        if len(rows) == limit:
            note(f"only the newest {limit} are shown; ask for more with --limit")


def _hidden(text: str, number: str | None) -> str:
    """`text` with the fax's own number masked: file names carry it."""
    from faxdaemon.core.numbers import masked  # noqa: PLC0415 - keeps --help quick

    if not number:
        return text
    last = number[-7:]
    return _DIGITS.sub(lambda match: masked(match[0]) if last in match[0] else match[0], text)


def _plain(row: Row, *, full: bool) -> dict[str, Any]:
    from faxdaemon.core.numbers import masked  # noqa: PLC0415 - keeps --help quick

    facts: dict[str, Any] = asdict(row)
    facts["at"], facts["updated"] = row.at.isoformat(), row.updated.isoformat()
    if not full:
        facts["number"] = masked(row.number) if row.number else None
        facts["name"] = _hidden(row.name, row.number)
    return facts


def _print(rows: Sequence[Row], *, full: bool) -> None:
    if not rows:
        note("there are none")
        return
    width = SHORT_ID if sys.stdout.isatty() else None
    lines = []
    for row in rows:
        facts = _plain(row, full=full)
        pages = "" if row.pages is None else str(row.pages)
        fax = row.fax_id[:width] + (f" #{row.recipient}" if row.recipient > 1 else "")
        line = (fax, row.direction, local_time(row.at), row.state, facts["number"] or "", facts["name"], pages)
        lines.append((*line, row.reason or ""))
    table(("ID", "", "TAKEN", "STATE", "NUMBER", "NAME", "PAGES", "REASON"), lines)
