"""Users and groups that a configuration names.

Promise   `ValueError` for one that this machine does not know.
Needs     POSIX; Windows has other ways to share a folder.
Crash     keeps nothing.
"""

from __future__ import annotations

import sys


def check(what: str, name: str) -> None:
    """Whether there is such an `owner` or `group`, by name or number."""
    if sys.platform == "win32":
        raise ValueError("is for Linux; on Windows the folder's own permissions say who may read")
    else:  # noqa: RET506 - mypy takes the other branch for the only one on its platform
        import grp  # noqa: PLC0415 - POSIX only
        import pwd  # noqa: PLC0415 - likewise

        try:
            _ = name.isdecimal() or (grp.getgrnam(name) if what == "group" else pwd.getpwnam(name))
        except KeyError:
            kind, advice = ("group", "groupadd") if what == "group" else ("user", "useradd")
            raise ValueError(
                f"there is no {kind} “{name}” on this machine; make it ({advice}) or write another"
            ) from None
