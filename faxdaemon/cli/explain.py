"""explain: what would become of a file, and why.

Promise   sends nothing, moves nothing, writes nothing down.
Needs     the files; a configuration, if there is one.
Crash     keeps nothing.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faxdaemon.cli.common import Config, Json, journal_of, print_json, quiet, say, settings_of
from faxdaemon.core.errors import ConfigError, JournalError, UserError

if TYPE_CHECKING:
    from faxdaemon.config.types import Settings
    from faxdaemon.explain import Ground, Told

JOURNAL = (
    "The journal cannot be read ({}): a first number, a look-alike of an earlier fax and a full hour are only seen "
    "when it is really dropped."
)


def explain(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="The files of one drop.", show_default=False)],
    folder: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="As if they were dropped there; without it, where they lie.")
    ] = None,
    region: Annotated[
        str, typer.Option(metavar="CC", help="Without a configuration: the country in whose way numbers are read.")
    ] = "US",
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Tell what would become of files if they were dropped, and why; nothing is sent.

    It names the dialect that matched and where, each number as written and as it would be dialled, every rule that was
    applied, the accounts and options chosen, the pages, or precisely why it would be refused.  Without a configuration
    every dialect is tried.  Exit status 1 when anything would be held or refused.

    \b
    Examples:
      faxdaemon explain 3035550123_invoice.pdf
      faxdaemon explain job.xml scan.tif --folder /srv/fax/out/billing
      faxdaemon explain letter.pdf --region DE --json
    """
    quiet()
    missing = [path for path in files if not path.is_file()]
    if missing:
        raise UserError(f"{missing[0]} is not a file; name the files that would be dropped together")
    from faxdaemon import explain as explaining  # noqa: PLC0415 - keeps --help quick

    settings = settings_of(config) if config is not None or _there_is_one() else None
    if settings is None:
        where, ground = "without a configuration: every dialect is tried", explaining.unconfigured(region, files)
    else:
        chosen, ground = explaining.configured(settings, folder, files)
        where = f"as if dropped into {chosen.folder}"
    told, silent = _told(settings, files, ground)
    if as_json:
        print_json({"where": where, "faxes": [asdict(each) for each in told], "journal": silent})
    else:
        say(where)
        for each in told:
            _print(each)
        if silent is not None:
            say(silent)
    if any(each.outcome != "sent" for each in told):
        raise typer.Exit(1)


def _told(settings: Settings | None, files: list[Path], ground: Ground) -> tuple[list[Told], str | None]:
    """With what the journal says, if it can be read; else why not."""
    from faxdaemon import explain as explaining  # noqa: PLC0415 - keeps --help quick

    if settings is None or not ground.others_matter:
        return explaining.explain(files, ground), None
    try:
        with journal_of(settings) as journal:
            return explaining.explain(files, replace(ground, journal=journal)), None
    except (JournalError, UserError) as error:
        return explaining.explain(files, ground), JOURNAL.format(error)


def _there_is_one() -> bool:
    from faxdaemon.config.paths import find  # noqa: PLC0415 - keeps --help quick

    try:
        find(None)
    except ConfigError:
        return False
    return True


def _print(told: Told) -> None:
    verdict = {"sent": "would be sent", "held": "would be HELD", "refused": "would be REFUSED"}[told.outcome]
    say("")
    say(f"{', '.join(told.files)}: {verdict}" + (f": {told.why}" if told.why else ""))
    for what, words in told.steps:
        say(f"  {what}: {words}")
    for one in told.recipients:
        name = f" ({one['name']})" if one["name"] else ""
        say(
            f"  to {one['number']}{name}, written “{one['written']}”, through {', then '.join(_words(one['accounts']))}"
        )
        for label, value in (
            ("asks for", one["options"]),
            ("gives back", one["fields"]),
            ("left out", one["left_out"]),
        ):
            if isinstance(value, dict) and value:
                say(f"    {label}: " + ", ".join(f"{word}: {each}" for word, each in value.items()))
        if one["not_before"]:
            say(f"    not before {one['not_before']}")
    if told.recipients:
        pages = "as many pages as the provider counts" if told.pages is None else f"{told.pages} pages"
        say(f"  {pages}" + (", as one PDF that is made of it" if told.made else ""))


def _words(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []
