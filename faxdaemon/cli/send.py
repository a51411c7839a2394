"""send: hand a document to the running daemon, and wait for its outcome if wanted.

Promise   once it says that the document is handed over, the daemon has it durably.  `--wait` ends with status 0 only
          when the provider reports that the fax was sent.
Needs     a running daemon.
Crash     of this command: before the hand-over nothing is sent; after it, the fax goes its way without us.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from faxdaemon.cli.common import Config, Json, journal_of, note, print_json, say, settings_of
from faxdaemon.core.errors import UserError
from faxdaemon.core.states import AT_REST, Outbound
from faxdaemon.core.text import printable

if TYPE_CHECKING:
    from faxdaemon.config.types import Settings
    from faxdaemon.contracts.journal import HistoryJournal, Row

PIECE = 1 << 18
LARGE = 4 << 20
"""Bytes from which on a progress bar is worth its flicker."""
LOOK = 0.3
"""Seconds between two looks at the journal."""
AHEAD = timedelta(seconds=2)
"""What a database's clock may be behind ours."""

_WORDS = {
    None: "waiting to be taken in",
    Outbound.RECEIVED: "taken in",
    Outbound.READY: "ready to be sent",
    Outbound.SUBMITTING: "being handed to the provider",
    Outbound.UNCERTAIN: "the provider's answer got lost; it is being asked",
    Outbound.ACCEPTED: "the provider has it and is sending",
    Outbound.SENT: "sent",
    Outbound.FAILED: "failed",
    Outbound.CANCELLED: "cancelled",
    Outbound.HELD: "held: a person must decide",
}


def send(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The document.", show_default=False)],
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="The fax number.", show_default=False)],
    wait: Annotated[bool, typer.Option("--wait", "-w", help="Wait for the outcome; status 0 only when sent.")] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Fax a document through the running daemon.

    \b
    Examples:
      faxdaemon send invoice.pdf +13035550100
      faxdaemon send invoice.pdf "(303) 555-0100" --wait
    """
    settings = settings_of(config)
    _dialled(number, settings.region)
    from faxdaemon.web.client import ControlClient  # noqa: PLC0415 - keeps --help quick

    started = datetime.now(UTC)
    with _opened(file) as (document, size), ControlClient(settings.state) as client:
        dropped, folder = client.send(number, file.name, _pieces(document, size))
    if not wait:
        _handed_over(dropped, folder, as_json=as_json)
        return
    row = _followed(settings, dropped, folder, started, silent=as_json)
    if as_json:
        print_json({"id": row.fax_id, "name": dropped, "state": row.state, "reason": row.reason, "pages": row.pages})
    elif row.state == Outbound.HELD:
        note(f"decide with: faxdaemon show {row.fax_id}")
    if row.state != Outbound.SENT:
        raise typer.Exit(1)


def _dialled(number: str, region: str) -> None:
    from faxdaemon.core.numbers import NotANumber, to_e164  # noqa: PLC0415 - keeps --help quick

    try:
        to_e164(number, region)
    except NotANumber as error:
        raise UserError(f"{error}; write it with its country code, such as +13035550100") from error


@contextmanager
def _opened(file: Path) -> Iterator[tuple[BinaryIO, int]]:
    """The document and its size in bytes; `UserError` when it cannot be read."""
    if not file.is_file():
        what = "is not a file" if file.exists() else "does not exist"
        raise UserError(f"{file} {what}; name the document to be faxed")
    try:
        document = file.open("rb")
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}") from error
    with document:
        size = file.stat().st_size
        if not size:
            raise UserError(f"{file} is empty; there is nothing to fax")
        yield document, size


def _pieces(document: BinaryIO, size: int) -> Iterator[bytes]:
    if size < LARGE or not sys.stderr.isatty():
        while piece := document.read(PIECE):
            yield piece
        return
    from rich.console import Console  # noqa: PLC0415 - keeps --help quick
    from rich.progress import wrap_file  # noqa: PLC0415 - keeps --help quick

    with wrap_file(document, size, description="handing over", console=Console(stderr=True), transient=True) as watched:
        while piece := watched.read(PIECE):
            yield piece


def _handed_over(dropped: str, folder: Path, *, as_json: bool) -> None:
    if as_json:
        print_json({"name": dropped, "folder": str(folder)})
        return
    say(f"handed over as {dropped}")
    note(f"follow it with: faxdaemon list --out --folder {folder} --name '{dropped}'")


def _followed(settings: Settings, dropped: str, folder: Path, started: datetime, *, silent: bool) -> Row:
    """Its last line in the journal, once nothing more happens by itself."""
    with journal_of(settings) as journal, _told(silent=silent) as tell:
        row: Row | None = None
        try:
            while row is None or row.state not in AT_REST:
                tell(row)
                time.sleep(LOOK)
                row = _row(journal, dropped, folder, started)
        except KeyboardInterrupt:
            note(f"\nnot waiting any longer; the fax goes its way: faxdaemon list --out --name '{dropped}'")
            raise
        tell(row)
        return row


def _row(journal: HistoryJournal, dropped: str, folder: Path, started: datetime) -> Row | None:
    from faxdaemon.contracts.journal import Filter  # noqa: PLC0415 - keeps --help quick

    query = Filter(direction="out", folder=str(folder), name=dropped, since=started - AHEAD)
    return next((row for row in journal.find(query) if row.name == dropped), None)


class _Teller:
    """Shows each new state once."""

    def __init__(self, show: object) -> None:
        self._show = show
        self._last: str | None = None

    def __call__(self, row: Row | None) -> None:
        text = _WORDS[None if row is None else Outbound(row.state)]
        if row is not None and row.reason:
            text += f" ({row.reason})"
        if text != self._last:
            self._last = text
            if callable(self._show):
                self._show(printable(text))


@contextmanager
def _told(*, silent: bool) -> Iterator[_Teller]:
    """A spinner with the state on a terminal; elsewhere a line for each state."""
    if silent:
        yield _Teller(None)
        return
    if not sys.stdout.isatty():
        yield _Teller(say)
        return
    from rich.text import Text  # noqa: PLC0415 - keeps --help quick

    from faxdaemon.cli.common import console  # noqa: PLC0415 - keeps --help quick

    screen = console()
    with screen.status(Text(_WORDS[None])) as spinner:

        def show(text: str) -> None:
            screen.print(Text(f"{datetime.now().astimezone():%H:%M:%S}  {text}"))
            spinner.update(Text(text))

        yield _Teller(show)
