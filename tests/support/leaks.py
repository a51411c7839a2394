"""What may never be in a log: credentials, whole numbers, bytes and text of documents.

Looked for in every log event of every test (`tests/conftest.py`), lines of libraries and tracebacks included, and in
everything that the daemons of a `World` wrote.
"""

from __future__ import annotations

import base64
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import structlog
from structlog._base import BoundLoggerBase

from faxdaemon.core.numbers import masked_within

#: Every password, token and secret that the tests use.
SECRETS = (
    "sandbox-password",
    "wrong-password",
    "the-password",
    "secret-word",
    "secret-of-line",
    "push-password",
    "k3v9q2m7x0ab",
    "pass:word",
    *(base64.b64encode(f"{user}:".encode()).decode()[:10] for user in ("opentext", "mbx1234567890", "clinic", "hook")),
)
NUMBER = re.compile(r"\+\d{8,}|(?<!\d)1?(?:303|202|212|415|800)555\d{4}(?!\d)|(?<!\d)4940555\d+")
DOCUMENT = re.compile(r"%PDF|JVBERi|II\*\\?\0|SUkqA|Faxed by a test|\(page \d+ of \d+\) Tj")


class Watch(logging.Handler):
    """Everything that is logged, however the log is configured meanwhile, and whoever captures it."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[str] = []
        """As the daemon's log shows them: `faxdaemon.logs` masks some numbers, and nothing else."""
        self._looking = True

    def emit(self, record: logging.LogRecord) -> None:
        """A library's line."""
        if self._looking:
            self.events.append(masked_within(self.format(record)))

    @contextmanager
    def running(self) -> Iterator[Watch]:
        """While this lasts."""
        real = BoundLoggerBase._process_event  # documented for wrapper classes; the one way of every event
        look = self._look

        def seen(logger: Any, method: str, event: str | None, values: dict[str, Any]) -> Any:
            look(method, {**logger._context, **values, "event": event})
            return real(logger, method, event, values)

        BoundLoggerBase._process_event = seen  # type: ignore[method-assign] # for the time of one test
        logging.getLogger().addHandler(self)
        try:
            yield self
        finally:
            logging.getLogger().removeHandler(self)
            BoundLoggerBase._process_event = real  # type: ignore[method-assign] # as it was

    @contextmanager
    def elsewhere(self) -> Iterator[None]:
        """What is logged in here is leaked on purpose."""
        self._looking = False
        try:
            yield
        finally:
            self._looking = True

    def _look(self, method: str, event: dict[str, Any]) -> None:
        if self._looking:
            if method == "exception":
                event.setdefault("exc_info", True)
            self.events.append(masked_within(_text(structlog.processors.format_exc_info(None, method, event))))


def leaks(events: Iterable[Mapping[str, Any] | str]) -> list[str]:
    """The events that show what they must not; they are shown themselves, to be found."""
    return [text for text in map(_text, events) if _shows(text)]


def _text(event: Mapping[str, Any] | str) -> str:
    return event if isinstance(event, str) else " ".join(f"{key}={value}" for key, value in event.items())


def _shows(text: str) -> bool:
    return any(secret in text for secret in SECRETS) or bool(NUMBER.search(text) or DOCUMENT.search(text))
