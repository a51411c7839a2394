"""`web:` and `log:` of the site: what is served, and what is told.

Promise   plain data, as `types` promises it.
Needs     nothing.
Crash     keeps nothing.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from faxdaemon.options import Section

_LISTEN = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})")


def _listen(value: str) -> str:
    match = _LISTEN.fullmatch(value)
    if not match or not 0 < int(match[1]) < 65536:
        raise ValueError(f"“{value}” is not host:port; write 127.0.0.1:8480, or 0.0.0.0:8480 for every address")
    return value


class Web(Section):
    """The status pages and the HTTP API."""

    listen: Annotated[str, AfterValidator(_listen)] | None = None
    """`host:port` to listen on; nothing is listened on without it."""
    largest: int = Field(default=64, ge=1, le=1024)
    """The largest request in MiB: a pushed fax with its document."""


class Log(Section):
    """What is logged, and how."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least important kind of message to log."""
    format: Literal["text", "json"] = "text"
    """Lines for people, or one JSON object a line for a log collector."""
    to: Literal["auto", "journal", "stderr", "file"] = "auto"
    """Where to: `auto` means systemd's journal, with fields such as `FAX` and `ACCOUNT`, in a service that systemd
    started, and stderr elsewhere."""
    file: Path | None = None
    """The file to log to, for `to: file`; a new one is begun after 10 MiB.  An absolute path."""
    keep: int = Field(default=7, ge=1, le=1000)
    """How many old files to keep."""

    @model_validator(mode="after")
    def _both(self) -> Log:
        if (self.to == "file") != (self.file is not None):
            raise ValueError("`to: file` and `file` belong together; write both, or neither")
        return self
