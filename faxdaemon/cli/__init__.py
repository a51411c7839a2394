"""The command line: parse, call, print.  One module a group of commands, listed here in the order of `--help`.

Promise   a mistake of the person who types is told in one line on stderr, never as a traceback.  Exit status: 0 done, 1
          it could not be done, 2 a mistake in the command or the configuration, 3 no daemon is running (`status`),
          130 interrupted.
Needs     typer.  Everything else is imported by the command that needs it, so that `--help` is quick.
Crash     keeps nothing.

Help and mistakes are plain text rather than typer's boxes: they are grepped, and read in logs of service managers.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from faxdaemon.cli import (
    account,
    backup,
    config,
    cover,
    decide,
    destinations,
    doctor,
    explain,
    import_,
    init,
    listing,
    prune,
    reconcile,
    send,
    service,
    show,
    status,
)
from faxdaemon.core.errors import ConfigError, FaxdaemonError

FAILED = 1
WRONG = 2


class Commands(TyperGroup):
    """The group of all commands: the one place where errors become words and exit statuses."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            for problem in error.problems:
                typer.echo(problem, err=True)
            raise typer.Exit(WRONG) from None
        except FaxdaemonError as error:
            typer.echo(f"faxdaemon: {error}", err=True)
            raise typer.Exit(FAILED) from None
        except PermissionError as error:
            where = f": {error.filename}" if error.filename else ""
            typer.echo(f"faxdaemon: permission denied{where}; run this as the daemon's user or as root", err=True)
            raise typer.Exit(FAILED) from None


def _version(asked: bool) -> None:
    if asked:
        from faxdaemon import __version__  # noqa: PLC0415 - only here

        typer.echo(f"faxdaemon {__version__}")
        raise typer.Exit


def _all(
    _version_asked: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Drop a document into a folder, it is faxed; a received fax appears in its folder.

    \b
    Examples:
      faxdaemon demo                              see it work, without an account
      faxdaemon init                              write a first configuration
      faxdaemon doctor                            is everything in order, and what to do if not?
      faxdaemon run                               the daemon, in the foreground
      faxdaemon explain 3035550123_x.pdf          what would become of this file?
      faxdaemon send invoice.pdf +13035550100     fax a document
      faxdaemon list --held                       what waits for a person
      faxdaemon show 01jd6e                       the whole story of one fax
    """


app = typer.Typer(
    cls=Commands,
    name="faxdaemon",
    callback=_all,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(service.run)
app.command()(service.reload)
app.command()(service.migrate)
app.command()(service.check)
app.command()(doctor.doctor)
app.command()(init.init)
app.command()(explain.explain)
app.command()(service.demo)
app.command()(service.sandbox)
app.command()(send.send)
app.command()(cover.cover)
app.command("list")(listing.list_)
app.command()(show.show)
app.command()(decide.hold)
app.command()(decide.release)
app.command()(decide.resend)
app.command()(decide.cancel)
app.command()(decide.sent)
app.command()(decide.reprint)
app.command("give-up")(destinations.give_up)
app.command()(destinations.redirect)
app.command()(status.status)
app.command()(reconcile.reconcile)
app.command()(prune.prune)
app.command()(backup.backup)
app.command()(backup.restore)
app.add_typer(account.app, name="account")
app.add_typer(config.app, name="config")
app.add_typer(import_.app, name="import")


def main() -> None:
    """The program; ends the process."""
    app(prog_name="faxdaemon")
