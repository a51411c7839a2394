"""What commands share: options, opening the journal, printing.

Promise   what is printed holds no character that a terminal would act on.  Without a terminal there are no colours, no
          boxes, and nothing is cut to a width.
Needs     a configuration.
Crash     keeps nothing.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from faxdaemon.core.text import printable

if TYPE_CHECKING:
    from rich.console import Console

    from faxdaemon.config.types import Settings
    from faxdaemon.contracts.journal import Journal

SHORT_ID = 16
"""Characters of an id shown on a terminal: the time to the millisecond, and 24 bits against doubles."""

Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help="The configuration; without it FAXDAEMON_CONFIG, else the platform's usual place.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
FaxId = Annotated[
    str, typer.Argument(metavar="ID", help="The fax; the beginning of its id is enough.", show_default=False)
]


def settings_of(config: Path | None) -> Settings:
    """The configuration; `ConfigError`."""
    from faxdaemon.config.load import load  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.config.paths import find  # noqa: PLC0415 - keeps --help quick

    return load(find(config))


@contextmanager
def journal_of(settings: Settings, *, read_only: bool = True) -> Iterator[Journal]:
    """The journal; read-only beside a daemon, writable only without one (`JournalBusy`)."""
    from faxdaemon.clock import SystemClock  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.journal import open_journal  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.supervise import SignalHub  # noqa: PLC0415 - keeps --help quick

    quiet()
    journal = open_journal(
        settings.journal,
        state=settings.state,
        clock=SystemClock(),
        signals=SignalHub(),
        node=settings.node,
        read_only=read_only,
    )
    try:
        yield journal
    finally:
        journal.close()


def quiet() -> None:
    """Only what is wrong is logged, to stderr: the command itself says the rest."""
    from faxdaemon import logs  # noqa: PLC0415 - keeps --help quick

    logs.configure("warning")


def console() -> Console:
    """stdout for people."""
    from rich.console import Console as Rich  # noqa: PLC0415 - keeps --help quick

    return Rich(markup=False, emoji=False, highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """One line for people."""
    typer.echo(printable(text))


def note(text: str) -> None:
    """One line on stderr, so that stdout stays what was asked for."""
    typer.echo(printable(text), err=True)


def print_json(value: Any) -> None:
    """One JSON document."""
    typer.echo(json.dumps(value, indent=2, default=str))


STYLES = {
    "sent": "green",
    "acknowledged": "green",
    "delivered": "green",
    "ok": "green",
    "failed": "red",
    "trouble": "red",
    "held": "bold yellow",
    "uncertain": "yellow",
    "cancelled": "dim",
}


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns: coloured and folded on a terminal, aligned plain text elsewhere."""
    clean = [[printable(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        widths = [max(map(len, column)) for column in zip(headers, *clean, strict=True)]
        for row in [list(headers), *clean] if any(headers) else clean:
            typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        return
    from rich.table import Table  # noqa: PLC0415 - keeps --help quick
    from rich.text import Text  # noqa: PLC0415 - keeps --help quick

    shown = Table(box=None, pad_edge=False, header_style="bold", show_header=any(headers))
    for header in headers:
        shown.add_column(header, overflow="fold")
    for row in clean:
        shown.add_row(*(Text(cell, style=STYLES.get(cell, "")) for cell in row))
    console().print(shown, soft_wrap=False)


def local_time(moment: datetime) -> str:
    """The time on this machine's clock, to the second."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")
