"""status: is the daemon running, what is under way, what is wrong.

Promise   a daemon that runs tells for itself, alerts included; without one the journal tells what waits.
Needs     the daemon's socket, or to read the journal.
Crash     keeps nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import typer

from faxdaemon.cli.common import Config, Json, journal_of, note, print_json, say, settings_of
from faxdaemon.core.errors import UserError
from faxdaemon.core.text import printable

NOT_RUNNING = 3
"""Exit status, as `systemctl status` has it."""


def status(config: Config = None, as_json: Json = False) -> None:
    """Tell whether the daemon runs and what is wrong.

    Also how many faxes are under way, and which accounts are paused.

    Exit status 0 when it runs, 3 when it does not.

    \b
    Examples:
      faxdaemon status
      faxdaemon status --json | jq .alerts
    """
    from faxdaemon.web.client import ControlClient, NoDaemon  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.web.status import survey  # noqa: PLC0415 - keeps --help quick

    settings = settings_of(config)
    found: dict[str, Any]
    try:
        with ControlClient(settings.state) as client:
            found = client.status()
    except NoDaemon:
        found = {"running": False, "alerts": {}, "counts": {}, "paused": {}, "quiet": {}}
        try:
            with journal_of(settings) as journal:
                found |= survey(journal, settings.accounts)
        except UserError as error:  # it never ran here, perhaps
            found["journal"] = str(error)
    if as_json:
        print_json(found)
    else:
        _tell(found, {one.key for inbox in settings.inbound for one in inbox.placed})
    if not found["running"]:
        raise typer.Exit(NOT_RUNNING)


def _tell(found: dict[str, Any], known: Collection[str]) -> None:
    if found["running"]:
        facts = ", ".join(f"{key} {found[key]}" for key in ("version", "node", "pid"))
        say(f"running since {found['started_at']} ({facts})")
    else:
        say("not running; start it with `faxdaemon run`, or through the service manager")
    if "journal" in found:
        note(found["journal"])
        return
    live = {name: count for name, count in found["counts"].items() if count}
    say("under way: " + (", ".join(f"{count} {name}" for name, count in live.items()) or "nothing"))
    held = sum(count for name, count in live.items() if name.endswith(".held"))
    if held:
        say(f"{held} waiting for a person: faxdaemon list --held")
    for account, pause in found["paused"].items():
        say(f"account {account} is paused for another {pause['seconds']} s: {pause['reason']}")
    for account, pause in found["quiet"].items():
        say(f"account {account} is not asked for another {pause['seconds']} s: {pause['reason']}")
    if trouble := found.get("configuration", {}).get("trouble"):
        typer.secho(printable(f"configuration: the new one is not in force: {trouble}"), fg="red")
    for key, one in found.get("destinations", {}).items():
        say(_destination(key, one, key in known))
    for key, message in found["alerts"].items():
        typer.secho(printable(f"alert {key}: {message}"), fg="red")
    if found["running"] and not found["alerts"]:
        say("no alerts")


def _destination(key: str, one: dict[str, Any], known: bool) -> str:
    faxes = f"{one['waiting']} received faxes under way, {one['held']} held, the oldest {one['oldest']}"
    why = f"; it takes nothing, tried again in {one['seconds']} s: {one['reason']}" if "reason" in one else ""
    gone = "" if known else "; it is not in the configuration: put it back, or `faxdaemon redirect`"
    return f"destination {key}: {faxes}{why}{gone}"
