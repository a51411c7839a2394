"""hold, release, resend, cancel, sent, reprint: what a person decides about one fax.

Promise   the decision goes to the running daemon.  Where none runs it is written into the journal itself, whose lock
          proves that nobody else does, and that is said.
Needs     the daemon's socket, or the journal.
Crash     done wholly or not at all; `faxdaemon show` tells.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from faxdaemon.cli.common import Config, FaxId, journal_of, note, say, settings_of

_DONE = {
    "hold": "held; `faxdaemon release` lets it go on",
    "release": "goes on where it was held",
    "resend": "will be sent again",
    "cancel": "cancelled, or asked to be where the provider has it already",
    "sent": "recorded as sent",
}


def hold(
    fax: FaxId,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why, for the colleagues.")] = "held by a person",
    config: Config = None,
) -> None:
    """Keep a fax that is not on its way yet.

    It waits until somebody releases, resends or cancels it.

    \b
    Examples:
      faxdaemon hold 01jd6e
      faxdaemon hold 01jd6e --reason "number is being checked"
    """
    _decide(config, "hold", fax, reason)


def release(fax: FaxId, config: Config = None) -> None:
    """Let a held fax go on where it was.

    One whose fate is unclear is looked up at the provider again, never simply sent.  A received fax that is held is
    fetched, or offered to its destination, once more.

    \b
    Examples:
      faxdaemon release 01jd6e
    """
    _decide(config, "release", fax)


def resend(fax: FaxId, config: Config = None) -> None:
    """Send a fax once more that has ended or is held.

    For a held one this says: it did not arrive.  Of a fax to several recipients, only those are sent again whom it did
    not reach.

    \b
    Examples:
      faxdaemon resend 01jd6e
    """
    _decide(config, "resend", fax)


def cancel(fax: FaxId, config: Config = None) -> None:
    """Do not send a fax after all.

    Where the provider has it already, it is asked to stop.

    \b
    Examples:
      faxdaemon cancel 01jd6e
    """
    _decide(config, "cancel", fax)


def sent(fax: FaxId, config: Config = None) -> None:
    """Record that a held fax did arrive.

    For when somebody found out what the provider could not tell.

    \b
    Examples:
      faxdaemon sent 01jd6e
    """
    _decide(config, "sent", fax)


def reprint(
    fax: FaxId,
    printer: Annotated[str, typer.Option(metavar="NAME", help="The printer, by the name of its queue.")] = "",
    sink: Annotated[
        str, typer.Option("--destination", "--sink", metavar="KEY", help="A destination, as `show` names it.")
    ] = "",
    config: Config = None,
) -> None:
    """Print a received fax once more.

    On the printer that it was printed on; or on another one, as long as its document is kept here.  The daemon must be
    running.

    \b
    Examples:
      faxdaemon reprint 01jd6e
      faxdaemon reprint 01jd6e --printer front-desk
    """
    from faxdaemon.web.client import ControlClient  # noqa: PLC0415 - keeps --help quick

    settings = settings_of(config)
    with journal_of(settings) as journal:
        whole = journal.life(fax).fax_id
    with ControlClient(settings.state) as client:
        where = client.reprint(whole, printer, sink)
    say(f"{whole}: will be printed again ({where})")


def _decide(config: Path | None, action: str, fax: str, reason: str = "") -> None:
    from faxdaemon.web.actions import Action, decide  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.web.client import ControlClient, NoDaemon  # noqa: PLC0415 - keeps --help quick

    settings = settings_of(config)
    with journal_of(settings) as journal:  # also refuses where no daemon ever ran: nothing may be created here
        whole = journal.life(fax).fax_id
    try:
        with ControlClient(settings.state) as client:
            changed = client.decide(action, whole, reason)
    except NoDaemon:
        with journal_of(settings, read_only=False) as journal:
            changed = decide(journal, Action(action), whole, reason)
        note("no daemon is running; it is recorded in the journal and takes effect when one starts")
    say(f"{whole}: {_DONE[action]}" + (f" ({changed} recipients)" if changed > 1 else ""))
