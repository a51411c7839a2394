"""Where a provider pushes to, as it would be set up in its web site or by its support.

Switch `<provider>.push.<account>`, a mapping of

    status        address for the end of a job
    fax           address for received faxes
    status_form   how: see the dialect's push module
    fax_form      likewise
    login         `user:password` for HTTP Basic
    again         seconds after which a push that was not answered with 2xx is sent once more, each time
    keep          for received faxes: whether they stay in the inbox when the push was taken

Promise   nothing is pushed where nothing is set up.
Needs     nothing.
Crash     keeps nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

AGAIN = (60.0, 300.0, 900.0)


@dataclass(frozen=True, slots=True)
class Setup:
    """One account's."""

    status: str | None = None
    fax: str | None = None
    status_form: str = ""
    fax_form: str = ""
    login: str | None = None
    again: tuple[float, ...] = AGAIN
    keep: bool = False

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The credentials, where there are any."""
        if self.login is None:
            return ()
        return (("authorization", "Basic " + base64.b64encode(self.login.encode()).decode()),)


def setup(switches: Mapping[str, Any], provider: str, account: str) -> Setup:
    """What is set up for that account."""
    said = dict(switches.get(f"{provider}.push.{account}") or {})
    if "again" in said:
        said["again"] = tuple(float(wait) for wait in said["again"])
    return Setup(**said)
