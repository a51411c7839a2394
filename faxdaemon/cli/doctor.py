"""doctor: what usually goes wrong, and what to do about it.

Promise   see `faxdaemon.doctor`; a configuration with a mistake is a result like any other.
Needs     a configuration; root, where it is to look with the rights of another user.
Crash     keeps nothing that matters.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faxdaemon.cli.common import Config, Json, print_json, say, settings_of
from faxdaemon.core.errors import ConfigError, UserError
from faxdaemon.core.text import printable

if TYPE_CHECKING:
    from faxdaemon.doctor import Result

SERVICE = "faxdaemon"
"""The user that the package makes."""
WORDS = ("ok", "WARNING", "TROUBLE")
COLOURS = ("green", "yellow", "red")


def doctor(
    config: Config = None,
    as_json: Json = False,
    user: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Look with this user's rights; the service's own when you are root."),
    ] = None,
) -> None:
    """Find what usually goes wrong.

    In the order that matters: clock, folders and their file systems, database, disk, events, printers, limits,
    converters, names, certificates, credentials, and a fax to a sandbox.  Each with what to do.

    Exit status 0 when all is well, 1 with warnings, 2 when something is in trouble: as monitoring expects it.

    \b
    Examples:
      faxdaemon doctor
      faxdaemon doctor --json
      sudo faxdaemon doctor --user faxdaemon
    """
    from faxdaemon.cli.common import quiet  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.doctor import Level, worst  # noqa: PLC0415 - keeps --help quick

    quiet()
    _become(user)
    results: list[Result] = []
    for result in _found(config):
        results.append(result)
        if not as_json:
            _tell(result)
    bad = worst(results)
    if as_json:
        rows = [
            {"check": r.check, "topic": r.topic, "level": WORDS[r.level].lower(), "text": r.text, "advice": r.advice}
            for r in results
        ]
        print_json({"level": WORDS[bad].lower(), "results": rows})
    elif bad is Level.OK:
        say("all is well")
    if bad is not Level.OK:
        raise typer.Exit(int(bad))


def _found(config: Path | None) -> Iterator[Result]:
    from faxdaemon.doctor import examine, trouble  # noqa: PLC0415 - keeps --help quick

    try:
        settings = settings_of(config)
    except ConfigError as error:
        for problem in error.problems:
            yield trouble("configuration", "configuration", problem, "put it right; nothing else was looked at")
        return
    yield from examine(settings)


def _tell(result: Result) -> None:
    typer.secho(f"{WORDS[result.level]:<8}", fg=COLOURS[result.level], nl=False)
    say(f"{result.topic}: {result.text}")
    if result.advice:
        typer.echo(f"{'':<8}-> {printable(result.advice)}")


def _become(user: str | None) -> None:
    """Give up root for good: the rights are the point."""
    if sys.platform == "win32" or os.geteuid() != 0:
        if user is not None:
            raise UserError("only root can look with another user's rights; leave --user out")
        return
    import pwd  # noqa: PLC0415 - not on Windows

    try:
        found = pwd.getpwnam(user or SERVICE)
    except KeyError:
        if user is not None:
            raise UserError(f"there is no user {user} on this machine") from None
        return
    os.initgroups(found.pw_name, found.pw_gid)
    os.setgid(found.pw_gid)
    os.setuid(found.pw_uid)
    os.environ["HOME"] = found.pw_dir
