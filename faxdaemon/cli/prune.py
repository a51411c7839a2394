"""prune: clear away what is old enough by the settings in `retention`, now; or tell what would go.

Promise   a dry run changes nothing.  Else the running daemon begins at once; where none runs it is done here, under the
          journal's lock, which proves that nobody else does.
Needs     the daemon's socket, or the journal.
Crash     `faxdaemon prune` again goes on where it was.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from faxdaemon.cli.common import Config, Json, journal_of, local_time, note, print_json, say, settings_of, table
from faxdaemon.core.errors import UserError

if TYPE_CHECKING:
    from faxdaemon.config.types import Settings
    from faxdaemon.contracts.journal.retention import AtRest

_WHAT = {"shown": "documents and answers in its drop folder", "spool": "our copies", "rows": "the journal's entries"}


def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would go.")] = False,
    compact: Annotated[
        bool, typer.Option("--compact", help="Give the disk back what is free in the SQLite journal; without a daemon.")
    ] = False,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Clear away old faxes now, as the daemon does every night.

    What goes, and when, stands in `retention` of the configuration; without it nothing ever goes.  What is held, in
    doubt or under way never does.

    \b
    Examples:
      faxdaemon prune --dry-run
      faxdaemon prune
      faxdaemon prune --compact
    """
    settings = settings_of(config)
    if compact:
        _compact(settings, as_json=as_json)
        return
    if dry_run:
        _tell(settings, as_json=as_json)
        return
    from faxdaemon.contracts.journal.retention import What  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.nightly import policy_of  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.web.client import ControlClient, NoDaemon  # noqa: PLC0415 - keeps --help quick

    if all(policy_of(settings).shortest(what) is None for what in What):
        raise UserError("nothing is to go by the configuration; see `retention` in docs/configuration.md")
    try:
        with ControlClient(settings.state) as client:
            client.prune()
    except NoDaemon:
        note("no daemon is running, so it is done here")
        went = _done(settings)
        if as_json:
            print_json(dict(went))
        else:
            for what, count in went.items():
                say(f"of {count} faxes went {_WHAT[what]}")
            if not went:
                say("nothing is old enough")
        return
    if as_json:
        print_json({"begun": True})
    else:
        say("the daemon begins now; its log tells what went")


def _compact(settings: Settings, *, as_json: bool) -> None:
    from faxdaemon.journal.copying import compact  # noqa: PLC0415 - keeps --help quick

    if settings.journal != "sqlite":
        raise UserError("PostgreSQL sees to its own space (autovacuum)")
    before, after = compact(settings.state)
    if as_json:
        print_json({"before": before, "after": after})
    else:
        say(f"the journal had {before / 2**20:.1f} MiB and has {after / 2**20:.1f} MiB")


def _tell(settings: Settings, *, as_json: bool) -> None:
    from faxdaemon.clock import SystemClock  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.contracts.journal.retention import What  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.nightly import policy_of  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.retention import Due  # noqa: PLC0415 - keeps --help quick

    with journal_of(settings) as journal:
        due = Due(policy_of(settings), journal=journal, clock=SystemClock())
        found = [(what, item) for what in What for items in due.found(what) for item in items]
    if as_json:
        print_json([_plain(what.value, item) for what, item in found])
        return
    rows = [(item.fax_id, item.direction, local_time(item.ended), _WHAT[what.value]) for what, item in found]
    if rows:
        table(("fax", "", "ended", "what would go"), rows)
    size = sum(item.size for what, item in found if what is What.SPOOL)
    counts = Counter(what.value for what, _ in found)
    told = ", ".join(f"{_WHAT[what]} of {count}" for what, count in counts.items())
    say(f"would go: {told or 'nothing'}" + (f"; {size / 2**20:.1f} MiB of the spool" if size else ""))


def _plain(what: str, item: AtRest) -> dict[str, Any]:
    files = list(item.spooled) if what == "spool" else []
    return {
        "what": what,
        "fax_id": item.fax_id,
        "direction": item.direction,
        "ended": item.ended.isoformat(),
        "folder": item.folder,
        "files": files,
        "bytes": item.size if files else 0,
    }


def _done(settings: Settings) -> Counter[str]:
    from faxdaemon.alerts import Alerts  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.clock import SystemClock  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.core.places import Spool  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.files import open_files  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.nightly import policy_of  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.parts import ALERTS  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.retention import Clearing, Due, run  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.supervise import SignalHub  # noqa: PLC0415 - keeps --help quick

    clock, files = SystemClock(), open_files()
    alert = Alerts(settings.state / ALERTS, files=files, clock=clock, signals=SignalHub())  # into the log
    went: Counter[str] = Counter()
    with journal_of(settings, read_only=False) as journal:
        clearing = Clearing(
            Spool(settings.state), settings.node, files=files, journal=journal, clock=clock, alert=alert
        )
        for _ in run(Due(policy_of(settings), journal=journal, clock=clock), clearing, journal, went):
            pass
    return went
