"""The log: one line an event, for people or for a collector.

Promise   a line holds the time (UTC), the level, the event and its values; no value, whatever is in it, begins a line
          of its own or colours a terminal.  Only the stack of a bug follows its `text` line, indented.  A number is
          masked, wherever in a line it stands, in E.164 or in the name of a file: lines, sinks and drops are named by
          numbers.  Libraries that use `logging` come through here too, from warnings on.  A log that cannot be written
          stops nothing.
Needs     a stream.
Crash     a line that was written is flushed; of those that are to be written `together` all may be missing.

    2026-11-20T09:31:05.123456Z info     accepted fax=01jd… account=main
    {"time": "2026-11-20T09:31:05.123456Z", "level": "info", "event": "accepted", "fax": "01jd…", "account": "main"}
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, Literal, TextIO

import structlog

from faxdaemon.core.numbers import masked_within
from faxdaemon.core.text import printable

Format = Literal["text", "json"]
LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
_PLAIN = re.compile("[-a-zA-Z0-9_.:/+@•,]+")


def configure(level: str = "info", format: Format = "text", stream: TextIO | None = None) -> None:  # noqa: A002 - the word of the configuration
    """Send every log line of the process to `stream` (stderr when None), from `level` on."""
    out = sys.stderr if stream is None else stream
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.format_exc_info,
            _json if format == "json" else _text,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=lambda *_: _Lines(out),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    for handler in [h for h in root.handlers if isinstance(h, _Bridge)]:
        root.removeHandler(handler)
    root.addHandler(_Bridge())
    root.setLevel(max(LEVELS[level], logging.WARNING))
    logging.captureWarnings(True)


_held: ContextVar[dict[_Lines, list[str]] | None] = ContextVar("held", default=None)
"""What this thread has logged and not written yet; None while it writes each line at once."""


@contextmanager
def together() -> Iterator[None]:
    """Write what this thread logs meanwhile in one go at the end: a commit of many faxes leaves many lines."""
    held: dict[_Lines, list[str]] = {}
    token = _held.set(held)
    try:
        yield
    finally:
        _held.reset(token)
        for out, lines in held.items():
            out.write("".join(lines))


class _Lines:
    """Writes whole lines; the one write keeps lines of several threads apart."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._encoding = stream.encoding or "utf-8"

    def msg(self, line: str) -> None:
        if not line.isascii():  # a file name may hold bytes that no encoding takes
            line = line.encode(self._encoding, "backslashreplace").decode(self._encoding)
        held = _held.get()
        if held is None:
            self.write(line + "\n")
        else:
            held.setdefault(self, []).append(line + "\n")

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):  # a full disk or a closed pipe must not stop a fax
            self._stream.write(text)
            self._stream.flush()

    debug = info = warning = error = critical = msg


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


def _text(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    time, level, stack = event.pop("time"), event.pop("level"), event.pop("exception", None)
    words = [f"{time} {level:<8} {printable(str(event.pop('event')))}"]
    words += [f"{key}={_value(value)}" for key, value in event.items() if value is not None]
    text = " ".join(words)
    return masked_within(text if stack is None else "\n    ".join([text, *map(printable, str(stack).splitlines())]))


def _json(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    first = {key: event.pop(key) for key in ("time", "level", "event")}
    return masked_within(json.dumps({**first, **event}, default=str))


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
    return text if _PLAIN.fullmatch(text) else printable(json.dumps(text, ensure_ascii=False))
