"""Users and groups of the system, by name or number.

Promise   -1, which changes nothing, for nobody; `FilesError` for a name that the system does not know (any more).
Needs     POSIX.
Crash     keeps nothing.
"""

from __future__ import annotations

import sys

from faxdaemon.core.errors import FilesError

assert sys.platform != "win32"

import grp  # noqa: E402 - below the assertion, so that mypy does not look for it on Windows
import pwd  # noqa: E402 - likewise


def user_id(name: str | None) -> int:
    """A user's number."""
    if name is None or name.isdecimal():
        return int(name or -1)
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        raise FilesError(f"there is no user “{name}” on this machine") from None


def group_id(name: str | None) -> int:
    """A group's number."""
    if name is None or name.isdecimal():
        return int(name or -1)
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise FilesError(f"there is no group “{name}” on this machine") from None
