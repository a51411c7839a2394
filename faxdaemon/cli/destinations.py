"""give-up, redirect: what a person decides about received faxes that do not reach their destination.

Promise   as `decide`: it goes to the running daemon, or into the journal where none runs.  A destination that the
          configuration does not have is refused as a target.
Needs     the daemon's socket, or the journal.
Crash     done wholly or not at all, fax by fax; `faxdaemon show` tells.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faxdaemon.cli.common import Config, FaxId, journal_of, note, say, settings_of
from faxdaemon.core.errors import UserError

if TYPE_CHECKING:
    from faxdaemon.config.types import Settings
    from faxdaemon.contracts.journal import Journal
    from faxdaemon.web.client import ControlClient

NOWHERE = "nowhere"


def give_up(
    fax: FaxId,
    destination: Annotated[
        str | None, typer.Option(metavar="KEY", help="The one destination; else every one where it is held.")
    ] = None,
    config: Config = None,
) -> None:
    """Do not deliver a received fax any more.

    To every destination where it is held, or to one.  When no destination that it needs is left, it counts as
    delivered, and the provider is told that it may forget it.  Our copy stays.

    \b
    Examples:
      faxdaemon give-up 01jd6e
      faxdaemon give-up 01jd6e --destination main:other:folder
    """
    settings = settings_of(config)
    with journal_of(settings) as journal:
        whole = journal.life(fax).fax_id
    changed = _do(
        settings,
        lambda client: client.give_up(whole, destination),
        lambda journal: journal.give_up(whole, destination),
    )
    say(f"{whole}: given up for {changed} {_destinations(changed)}; `faxdaemon show` tells which")


def redirect(
    source: Annotated[str, typer.Argument(metavar="FROM", help="The destination, as `faxdaemon status` names it.")],
    target: Annotated[str, typer.Argument(metavar="TO", help=f"Another destination's key, or `{NOWHERE}`.")],
    config: Config = None,
) -> None:
    """Send all that waits for a destination elsewhere.

    For when a destination is gone, or will not come back soon.  To `nowhere`: what waits is given up.

    \b
    Examples:
      faxdaemon redirect main:+13035550101:folder main:other:folder
      faxdaemon redirect main:+13035550101:mail nowhere
    """
    settings = settings_of(config)
    elsewhere = None if target == NOWHERE else _known(settings, target)
    changed = _do(
        settings,
        lambda client: client.redirect(source, elsewhere),
        lambda journal: journal.redirect(source, elsewhere),
    )
    done = "given up" if elsewhere is None else f"sent to {elsewhere} instead"
    say(f"{source}: {changed} received faxes {done}")


def _known(settings: Settings, target: str) -> str:
    from faxdaemon.config.explain import unknown  # noqa: PLC0415 - keeps --help quick

    keys = [one.key for inbox in settings.inbound for one in inbox.placed]
    if target not in keys:
        raise UserError(f"there is no destination “{target}” in the configuration; {unknown(target, keys)}")
    return target


def _do(settings: Settings, tell: Callable[[ControlClient], int], write: Callable[[Journal], int]) -> int:
    from faxdaemon.web.client import ControlClient, NoDaemon  # noqa: PLC0415 - keeps --help quick

    with journal_of(settings):  # refuses where no daemon ever ran: nothing may be created here
        pass
    try:
        with ControlClient(settings.state) as client:
            return tell(client)
    except NoDaemon:
        with journal_of(settings, read_only=False) as journal:
            changed = write(journal)
        note("no daemon is running; it is recorded in the journal and takes effect when one starts")
        return changed


def _destinations(count: int) -> str:
    return "destination" if count == 1 else "destinations"


def routes(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="The file; else the usual place.")] = None,
    *,
    account: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The account that receives it, where several do."),
    ] = None,
    line: Annotated[str | None, typer.Option(metavar="NUMBER", help="The number called.")] = None,
    caller: Annotated[str | None, typer.Option(metavar="NUMBER", help="The caller; without it: withheld.")] = None,
    csid: Annotated[str | None, typer.Option(metavar="TEXT", help="What the sending machine says of itself.")] = None,
    pages: Annotated[int, typer.Option(min=1, help="How many pages.")] = 1,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="When it is received; without it: now.")] = None,
    config: Config = None,
) -> None:
    """Tell which destinations a received fax would get.

    By which line and which rules; nothing else is looked at.

    \b
    Examples:
      faxdaemon config routes --line +13035550100
      faxdaemon config routes --line +13035550100 --caller +13035550177 --pages 24 --at "2026-11-20 19:30"
    """
    from datetime import datetime  # noqa: PLC0415 - keeps --help quick
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - likewise

    from faxdaemon.core.model import Listed  # noqa: PLC0415 - likewise
    from faxdaemon.incoming import lines_of  # noqa: PLC0415 - likewise

    settings = settings_of(file or config)
    inboxes = {inbox.account: inbox for inbox in settings.inbound}
    chosen = account or (next(iter(inboxes)) if len(inboxes) == 1 else None)
    if chosen not in inboxes:
        raise UserError(f"no such account receives; name one with --account: {', '.join(inboxes) or 'there is none'}")
    zone = ZoneInfo(settings.timezone)
    try:
        when = datetime.fromisoformat(at) if at else datetime.now(zone)
    except ValueError:
        raise UserError(f"“{at}” is no time; write it such as 2026-11-20 19:30") from None
    when = when if when.tzinfo else when.replace(tzinfo=zone)
    called, told = (_number(text, settings.region) for text in (line, caller))
    fax = Listed("", called, told, csid, when, pages, {})
    lines = lines_of(settings, inboxes[chosen])
    choice = lines.choose(fax, pages, when)
    if not choice.sinks:
        raise UserError(f"nobody would get it, so it would stay at the provider: {lines.nobody(fax)}")
    say(f"received {when:%a %Y-%m-%d %H:%M %Z}; line: {choice.line or 'none'}; {choice.why or 'no rule fits'}")
    for sink in choice.sinks:
        say(f"  {sink}" + (" (optional)" if sink in choice.optional else ""))


def _number(text: str | None, region: str) -> str | None:
    from faxdaemon.core.numbers import NotANumber, to_e164  # noqa: PLC0415 - keeps --help quick

    try:
        return None if text is None else to_e164(text, region)
    except NotANumber as error:
        raise UserError(str(error)) from None
