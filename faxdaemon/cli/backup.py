"""backup, restore: the journal and our copies, out of a running site and into an empty one.

Promise   a backup is consistent while the daemon runs.  A restored site sends nothing by itself that may have been sent
          since.  What PostgreSQL has for its database is used for that.
Needs     to read the state folder; for `restore`, no daemon and no journal.
Crash     see `faxdaemon.backup`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faxdaemon.cli.common import Config, Json, note, print_json, quiet, say, settings_of
from faxdaemon.core.errors import UserError

if TYPE_CHECKING:
    from faxdaemon.config.types import Settings
    from faxdaemon.contracts.journal import Journal

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the backup is to be, or is.", show_default=False)]


def backup(folder: Folder, as_json: Json = False, config: Config = None) -> None:
    """Copy journal and documents into a new folder, while the daemon runs.

    The configuration and its secrets are not in it; keep them elsewhere.  The journal on PostgreSQL is not either:
    run pg_dump just before.

    \b
    Examples:
      faxdaemon backup /backup/fax-2026-11-20
    """
    from faxdaemon.backup import Backup  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.clock import SystemClock  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.core.places import Spool  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.files import open_files  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.journal.copying import copy_journal  # noqa: PLC0415 - keeps --help quick

    settings = settings_of(config)
    quiet()
    target = folder.absolute()
    work = Backup(target, Spool(settings.state), files=open_files(), clock=SystemClock())
    embedded = settings.journal == "sqlite"
    place = work.prepare(journal=embedded)
    if embedded:
        copy_journal(settings.state, place)
        journal = _opened(settings, target, read_only=True)
    else:
        note("the database is not in this backup; run pg_dump before each `faxdaemon backup`")
        journal = _opened(settings, settings.state, read_only=True)
    try:
        made = work.documents(journal, settings.node)
    finally:
        journal.close()
    if as_json:
        print_json(made.plain())
    else:
        say(f"{made.documents} documents, {made.size / 2**20:.1f} MiB, and the journal as of {made.at}: {target}")
        for name in made.missing:
            note(f"missing: {name} (cleared away meanwhile, or lost)")
    if made.damaged:
        raise UserError(f"damaged in the spool: {', '.join(made.damaged[:5])}; look at the disk")


def restore(folder: Folder, as_json: Json = False, config: Config = None) -> None:
    """Put a backup into an empty state folder.

    What was waiting to be sent or delivered is held, for it may have been since the backup was made; so are documents
    that were taken from the drop folders after it.  Look through `faxdaemon list --held` before and after the start.

    \b
    Examples:
      faxdaemon restore /backup/fax-2026-11-20
    """
    from faxdaemon.backup import Restore  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.core.places import DropPlaces, Spool  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.files import open_files  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.web import outbox  # noqa: PLC0415 - keeps --help quick

    settings = settings_of(config)
    if settings.journal != "sqlite":
        raise UserError(
            "the journal is on PostgreSQL: restore it with pg_restore, and copy spool/ and folders/ by hand"
        )
    quiet()
    work = Restore(folder.absolute(), Spool(settings.state), files=open_files())
    found = work.check()
    work.documents()
    reason = f"restored from a backup of {found['at']}: it may have been done since; find out before you let it go on"
    journal = _opened(settings, work.work, read_only=False)
    try:
        held = dict(journal.hold_restored(reason))
        places = (*settings.folder_paths, settings.state / outbox.FOLDER)
        moved = work.claims(journal, [DropPlaces(place, settings.node) for place in places])
    finally:
        journal.close()
    work.finish()
    if as_json:
        print_json({"at": found["at"], "held": held, "moved": [str(path) for path in moved]})
        return
    say(f"restored as of {found['at']}; held: {held['to send']} to send, {held['to deliver']} to deliver")
    for path in moved:
        say(f"taken after the backup, perhaps sent: {path}")
    say(
        "look through `faxdaemon list --held`, then start the daemon; `faxdaemon reconcile` compares with the providers"
    )


def _opened(settings: Settings, state: Path, *, read_only: bool) -> Journal:
    from faxdaemon.clock import SystemClock  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.journal import open_journal  # noqa: PLC0415 - keeps --help quick
    from faxdaemon.supervise import SignalHub  # noqa: PLC0415 - keeps --help quick

    return open_journal(
        settings.journal, state=state, clock=SystemClock(), signals=SignalHub(), node=settings.node, read_only=read_only
    )
