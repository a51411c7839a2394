"""The log: one line an event, for people or for a collector.

Promise   a line holds the time (UTC), the level, the event and its values; no value, whatever is in it, begins a line
          of its own or colours a terminal.  Only the stack of a bug follows its `text` line, indented.  A number is
          masked, wherever in a line it stands, in E.164 or in the name of a file: lines, sinks and drops are named by
          numbers.  Libraries that use `logging` come through here too, from warnings on.  A log that cannot be written
          stops nothing.  `configure` may be called again at any time: every logger follows.
Needs     a stream, a file (`rotating`), or systemd's journal (`journald`).
Crash     a line that was written is flushed; of those that are to be written `together` all may be missing.

    2026-11-20T09:31:05.123456Z info     accepted fax=01jd… account=main
    {"time": "2026-11-20T09:31:05.123456Z", "level": "info", "event": "accepted", "fax": "01jd…", "account": "main"}
"""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, TextIO

import structlog

from faxdaemon.logs import journald
from faxdaemon.logs.lines import Lines, as_json, as_text, together
from faxdaemon.logs.rotating import RotatingFile

__all__ = ["configure", "together"]

Format = Literal["text", "json"]
To = Literal["auto", "journal", "stderr", "file"]
LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
_open: list[RotatingFile] = []
"""The file in use; at most one."""


def configure(
    level: str = "info",
    format: Format = "text",  # noqa: A002 - the word of the configuration
    stream: TextIO | None = None,
    *,
    to: To = "stderr",
    file: Path | None = None,
    keep: int = 7,
) -> None:
    """Send every log line of the process, from `level` on, where `to` says; `stream` takes the place of stderr.
    `UserError` when that cannot be."""
    last, out = _target(format, stream, to, file, keep)
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.format_exc_info,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=lambda *_: out,
        cache_logger_on_first_use=False,  # a reload may send the log elsewhere
    )
    root = logging.getLogger()
    for handler in [h for h in root.handlers if isinstance(h, _Bridge)]:
        root.removeHandler(handler)
    root.addHandler(_Bridge())
    root.setLevel(max(LEVELS[level], logging.WARNING))
    logging.captureWarnings(True)


def _target(format_: Format, stream: TextIO | None, to: To, file: Path | None, keep: int) -> tuple[Any, Any]:
    """What makes an event ready, and who takes it."""
    stderr = Lines(sys.stderr if stream is None else stream)
    if to == "journal" or (to == "auto" and journald.is_stderr()):
        send = journald.wanted() if to == "journal" else journald.sender()
        return (journald.as_fields, journald.Entries(send)) if send else (journald.as_prefixed, stderr)
    opened = [RotatingFile(file, keep)] if to == "file" and file is not None else []
    while _open:
        _open.pop().close()
    _open.extend(opened)
    return (as_json if format_ == "json" else as_text), Lines(opened[0]) if opened else stderr


class _Bridge(logging.Handler):
    """What libraries log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._log = structlog.get_logger()

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(Exception):  # a library's broken format string is its own trouble
            values: dict[str, Any] = {"logger": record.name}
            if record.exc_info and record.exc_info[0] is not None:
                values["exc_info"] = record.exc_info
            level = next((n for n in (50, 40, 30) if record.levelno >= n), 30)
            self._log.log(level, record.getMessage(), **values)
