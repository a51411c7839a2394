"""The log into systemd's journal, with a field for each value: `journalctl FAX=01jd…`.

Promise   an event becomes one entry: MESSAGE as the text form has it (without the time, which the journal keeps),
          PRIORITY, EVENT, and a field for each value in capitals (FAX, ACCOUNT, FOLDER, ...), numbers masked in each.
          Where systemd-python is not installed the same text goes to stderr, with the priority in front of each line
          (sd-daemon(3)), and the journal sorts it by that.
Needs     journald.  Without it systemd-python would lose every entry and say nothing, so its absence is looked for.
Crash     an entry that was sent is the journal's.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from faxdaemon.core.errors import UserError
from faxdaemon.core.numbers import masked_within
from faxdaemon.logs.lines import message

SOCKET = Path("/run/systemd/journal/socket")
NAME = "faxdaemon"
PRIORITY = {"critical": 2, "error": 3, "warning": 4, "info": 6, "debug": 7}
_OTHERS = frozenset({"MESSAGE", "MESSAGE_ID", "PRIORITY", "ERRNO", "SYSLOG_IDENTIFIER", "EVENT"})
Send = Callable[..., object]


def is_stderr(environment: Mapping[str, str] | None = None) -> bool:
    """Whether stderr leads to the journal, as in a unit of systemd (systemd.exec(5), JOURNAL_STREAM)."""
    told = (os.environ if environment is None else environment).get("JOURNAL_STREAM", "")
    try:
        status = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError, AttributeError):  # a service of Windows has no stderr
        return False
    return told == f"{status.st_dev}:{status.st_ino}"


def sender() -> Send | None:
    """`systemd.journal.send`, where the package is installed and somebody listens."""
    try:
        module = importlib.import_module("systemd.journal")
    except ImportError:
        return None
    found: Send = module.send
    return found if SOCKET.exists() else None


def wanted() -> Send:
    """Likewise; `UserError` when it cannot be."""
    send = sender()
    if send is None:
        why = "install the Python package systemd-python" if SOCKET.exists() else "there is no journal here"
        raise UserError(f"log.to: the journal cannot be written; {why}, or write auto")
    return send


class Entries:
    """What structlog hands events to."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def msg(self, **fields: Any) -> None:
        with suppress(OSError, ValueError):  # a journal that is restarting must not stop a fax
            self._send(fields.pop("MESSAGE"), **fields)

    debug = info = warning = error = critical = msg


def as_fields(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    """The last processor: `Entries.msg` gets what this returns."""
    event.pop("time", None)
    level, stack = event.pop("level"), event.pop("exception", None)
    fields: dict[str, Any] = {"EVENT": str(event["event"]), "PRIORITY": PRIORITY[level], "SYSLOG_IDENTIFIER": NAME}
    for key, value in event.items():
        if key != "event" and value is not None:
            fields[_field(key)] = masked_within(str(value))
    fields["MESSAGE"] = masked_within(message(event, stack))
    return fields


def _field(key: str) -> str:
    name = re.sub("[^A-Z0-9_]", "_", key.upper()).strip("_") or "VALUE"
    return f"FAXDAEMON_{name}" if name in _OTHERS or name.startswith("CODE_") or name[0].isdecimal() else name


def as_prefixed(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    """The text form behind its priority, each line of it."""
    event.pop("time", None)
    level, stack = event.pop("level"), event.pop("exception", None)
    front = f"<{PRIORITY[level]}>"
    return front + masked_within(message(event, stack)).replace("\n", f"\n{front}")
