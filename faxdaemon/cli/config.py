"""config: about the configuration file itself.

Promise   looks at the file and at the secrets that it names, at nothing else.
Needs     the file; `schema` not even that.
Crash     keeps nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from faxdaemon.cli import destinations
from faxdaemon.cli.common import Config, note, print_json, say, settings_of
from faxdaemon.cli.sample import sample

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
app.command("routes")(destinations.routes)


@app.callback()
def config() -> None:
    """Look at the configuration file.

    \b
    Examples:
      faxdaemon config check
      faxdaemon config routes --line +13035550100
      faxdaemon config schema > faxdaemon.schema.json
      faxdaemon config schema --request > request.schema.json
      faxdaemon config sample gfi_xml
    """


@app.command()
def schema(
    request: Annotated[
        bool, typer.Option("--request", help="Of a request file (invoice.json beside invoice.pdf) instead.")
    ] = False,
) -> None:
    """Print the JSON Schema of the configuration, or of a request file.

    Editors complete and check the file by it; so can the application that writes request files.

    \b
    Examples:
      faxdaemon config schema > faxdaemon.schema.json
      then begin the file with:  # yaml-language-server: $schema=faxdaemon.schema.json
      faxdaemon config schema --request > request.schema.json
    """
    if request:
        from faxdaemon.formats.request import json_schema  # noqa: PLC0415 - keeps --help quick
    else:
        from faxdaemon.config.schema import json_schema  # noqa: PLC0415 - likewise

    print_json(json_schema())


app.command()(sample)


@app.command("check")
def check_file(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="The file; else the usual place.")] = None,
    config: Config = None,
) -> None:
    """Report every mistake in a configuration file.

    Each with its line; nothing else is looked at.

    \b
    Examples:
      faxdaemon config check
      faxdaemon config check new.yaml
    """
    settings = settings_of(file or config)
    for line in settings.notes:
        note(line)
    folders, accounts = len(settings.outbound), len(settings.accounts)
    say(f"{settings.source}: in order ({accounts} accounts, {folders} drop folders, {len(settings.inbound)} inboxes)")
