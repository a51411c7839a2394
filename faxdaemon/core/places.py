"""Where everything lies on disk: path arithmetic, nothing else.

    <drop folder>/                       people and applications drop here
      .faxdaemon/claimed/<node>/<FaxId>=<name>   a claimed drop, until its outcome is published
                                <FaxId>/<name>   the same, for several files, or a name that is too long otherwise
      .faxdaemon/staged/<FaxId>-<n>              an answer or a restored document, until it is published
                        <FaxId>-<picture>-<recipient>-<submission>   a picture of what was sent, likewise
      sent/<date>/  failed/  held/               outcomes

    <state>/spool/<out|in>/<period>/<FaxId>-<n><suffix>   our own durable copy

A period is the beginning of the fax id, so one folder holds about 17 minutes: a batch of drops costs one directory
fsync, and no folder grows without bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from faxdaemon.core.ids import FaxId, is_fax_id
from faxdaemon.core.naming import NAME_MAX

HIDDEN = ".faxdaemon"
OUTCOMES = ("sent", "failed", "held")
MARK = "="
PERIOD = 6
"""Characters of a fax id that change every 2^20 ms."""


@dataclass(frozen=True, slots=True)
class DropPlaces:
    """The places of one drop folder, for one node."""

    folder: Path
    node: str

    @property
    def hidden(self) -> Path:
        """Our work folder, on the same file system as the drop folder."""
        return self.folder / HIDDEN

    @property
    def claims(self) -> Path:
        """This node's claims."""
        return self.hidden / "claimed" / self.node

    @property
    def staging(self) -> Path:
        """What is ready to be published."""
        return self.hidden / "staged"

    def claimed(self, fax_id: str, name: str) -> Path:
        """Where a dropped file is while it is ours.  Claims share one folder, so that a batch costs one fsync of it."""
        flat = f"{fax_id}{MARK}{name}"
        if len(flat.encode("utf-8", "surrogateescape")) <= NAME_MAX:
            return self.claims / flat
        return self.claims / fax_id / name

    def claimed_together(self, fax_id: str, names: Sequence[str]) -> list[Path]:
        """Where the files of one drop are while it is ours: several share a folder of their own."""
        if len(names) == 1:
            return [self.claimed(fax_id, names[0])]
        return [self.claims / fax_id / name for name in names]

    def staged(self, fax_id: str, number: int) -> Path:
        """The temporary number `number` of one fax."""
        return self.staging / f"{fax_id}-{number}"

    def picture(self, fax_id: str, what: str, recipient: int, submission: int) -> Path:
        """The temporary of a picture of what was sent."""
        return self.staging / f"{fax_id}-{what}-{recipient}-{submission}"

    def outcome(self, overall: str, day: str) -> Path:
        """The folder for an outcome; only `sent` is divided by day, for the others are meant to be emptied by
        people."""
        if overall == "sent":
            return self.folder / "sent" / day
        return self.folder / ("held" if overall == "held" else "failed")

    def needed(self) -> tuple[Path, ...]:
        """Folders that must exist before work begins."""
        return (self.claims, self.staging, *(self.folder / name for name in OUTCOMES))


def claimant(entry_name: str) -> FaxId | None:
    """The fax whose claim an entry of the claims' folder is; None for what is none."""
    fax_id, mark, _ = entry_name.partition(MARK)
    return FaxId(fax_id) if is_fax_id(fax_id) and (mark or entry_name == fax_id) else None


@dataclass(frozen=True, slots=True)
class Spool:
    """The spool below the state folder."""

    state: Path

    @property
    def root(self) -> Path:
        """The spool's top."""
        return self.state / "spool"

    def name(self, direction: str, fax_id: FaxId, number: int, suffix: str) -> str:
        """The relative name of document `number` (from 1), with `/`, as the journal keeps it."""
        return str(PurePosixPath(direction, fax_id[:PERIOD], f"{fax_id}-{number}{suffix.lower()}"))

    def path(self, name: str) -> Path:
        """Where a relative name is."""
        return self.root / name
