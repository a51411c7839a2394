"""One event, one line: how it looks, and how it is written.

Promise   see `faxdaemon.logs`: no value begins a line of its own, every number is masked.
Needs     a stream.
Crash     a line that was written is flushed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, Protocol

from faxdaemon.core.numbers import masked_within
from faxdaemon.core.text import printable

_PLAIN = re.compile("[-a-zA-Z0-9_.:/+@•,]+")


class Out(Protocol):
    """What lines go into: a stream, or a file that is changed now and then."""

    @property
    def encoding(self) -> str | None:
        """What bytes are written in."""
        ...

    def write(self, text: str, /) -> object:
        """Write whole lines."""
        ...

    def flush(self) -> None:
        """See that they are on their way."""
        ...


_held: ContextVar[dict[Lines, list[str]] | None] = ContextVar("held", default=None)
"""What this thread has logged and not written yet; None while it writes each line at once."""


@contextmanager
def together() -> Iterator[None]:
    """Write what this thread logs meanwhile in one go at the end: a commit of many faxes leaves many lines."""
    held: dict[Lines, list[str]] = {}
    token = _held.set(held)
    try:
        yield
    finally:
        _held.reset(token)
        for out, lines in held.items():
            out.write("".join(lines))


class Lines:
    """Writes whole lines; the one write keeps lines of several threads apart."""

    def __init__(self, stream: Out) -> None:
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


def as_text(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    time, level, stack = event.pop("time"), event.pop("level"), event.pop("exception", None)
    return masked_within(f"{time} {level:<8} {message(event, stack)}")


def message(event: MutableMapping[str, Any], stack: object) -> str:
    """Event and values; below them, indented, the stack of a bug."""
    words = [printable(str(event.pop("event")))]
    words += [f"{key}={_value(value)}" for key, value in event.items() if value is not None]
    text = " ".join(words)
    return text if stack is None else "\n    ".join([text, *map(printable, str(stack).splitlines())])


def as_json(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    first = {key: event.pop(key) for key in ("time", "level", "event")}
    return masked_within(json.dumps({**first, **event}, default=str))


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
    return text if _PLAIN.fullmatch(text) else printable(json.dumps(text, ensure_ascii=False))
