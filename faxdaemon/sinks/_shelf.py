"""What destinations that are folders have in common: where, under which names, and for whom.

Promise   mistakes are told when the configuration is read.
Needs     the users and groups that are named, on this machine.
Crash     keeps nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from faxdaemon.contracts.files import Access
from faxdaemon.options import Destination
from faxdaemon.sinks import _names, _people

_MODE = re.compile(r"0?[0-7]{3}")
_NUMBERED = 20


class Shelf(Destination):
    """A folder into which files are put."""

    path: Path
    """The folder; an absolute path.  It may be a network share."""
    name: str = "{received:%Y-%m-%d_%H%M}_from_{from}_{pages}p"
    """The file name without its suffix, with fields in braces, and `/` for folders; see docs/received.md."""
    longest: int = Field(default=180, ge=40, le=200)
    """Bytes that a name made so may have, without its suffix, and each folder in it."""
    mode: str | None = None
    """The permissions of the files, such as `"0640"`, in quotes; when empty, the umask's or the folder's own."""
    owner: str | None = None
    """The user that they are given to, which only root may do."""
    group: str | None = None
    """The group that they are given to, one that faxdaemon's user is in."""

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        problems = _names.check(value)
        if problems:
            raise ValueError("; ".join(problems))
        return value

    @field_validator("mode", mode="before")
    @classmethod
    def _mode(cls, value: Any) -> Any:
        if value is not None and not (isinstance(value, str) and _MODE.fullmatch(value)):
            raise ValueError(f'“{value}” is no mode; write three octal digits in quotes, such as "0640"')
        return value

    @field_validator("owner", "group")
    @classmethod
    def _people(cls, value: str | None, info: Any) -> str | None:
        if value is not None:
            _people.check(info.field_name, value)
        return value

    @property
    def access(self) -> Access:
        """Who may use the files."""
        return Access(int(self.mode, 8) if self.mode else None, self.owner, self.group)


def endings(fax_id: str) -> Iterator[str]:
    """What is put behind a name that is taken; the last one nobody else can have."""
    yield ""
    yield from (f"_{number}" for number in range(2, _NUMBERED))
    yield f"_{fax_id}"


def named(stem: Path, more: str, ending: str) -> Path:
    """A whole name."""
    return stem.with_name(f"{stem.name}{more}{ending}")
