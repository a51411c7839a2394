"""A configuration read while the daemon runs: may it take the old one's place?

Promise   `Reloading.read` changes nothing: it gives settings that the daemon can be built of, or raises with what is
          wrong.  What cannot change while running keeps its old value and is named.
Needs     the settings in force.
Crash     keeps nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from faxdaemon.clock import SystemClock
from faxdaemon.config.types import Settings
from faxdaemon.core.errors import FaxdaemonError, UserError
from faxdaemon.parts import open_account, rules_of

FIXED = ("state", "journal", "node")
"""Where everything is remembered, and under whose name: another journal knows nothing of the faxes in this one."""


@dataclass(frozen=True, slots=True)
class Reread:
    """What may be applied."""

    settings: Settings
    notes: tuple[str, ...]
    """What a person should know: what changed, and what needs a restart."""


def compare(old: Settings, new: Settings) -> Reread:
    """`new` with the fixed keys of `old`."""
    fixed = [key for key in FIXED if getattr(new, key) != getattr(old, key)]
    changed = [key for key in Settings.model_fields if key not in FIXED and getattr(new, key) != getattr(old, key)]
    notes = [f"changed: {', '.join(changed)}" if changed else "nothing else in the file has changed"]
    notes += [f"{key}: not applied; it takes effect with a restart" for key in fixed]
    kept = {key: getattr(old, key) for key in FIXED}
    return Reread(new.model_copy(update=kept), tuple(notes))


def attempt(settings: Settings) -> None:
    """Build what can be built beside a running daemon; `UserError` when the whole could not be."""
    for name, options in settings.accounts.items():
        try:
            open_account(options, SystemClock()).close()
        except (FaxdaemonError, OSError) as error:
            raise UserError(f"accounts.{name}: {error}; put it right, or leave the account out") from error
    for folder in settings.outbound:
        try:
            rules_of(settings, folder)
        except (FaxdaemonError, OSError) as error:
            raise UserError(f"outbound: {folder.folder}: {error}; put it right, or leave the folder out") from error


def read(old: Settings, load: Callable[[], Settings]) -> Reread:
    """The file as it is now; `ConfigError` or `UserError` when it cannot be used."""
    reread = compare(old, load())
    attempt(reread.settings)
    return reread
