"""What may never be in a log: credentials, whole numbers, bytes of documents.  Looked for in every log event of every
test of the providers (`tests/providers/conftest.py`)."""

from __future__ import annotations

import base64
import logging
import re
from collections.abc import Iterable, Mapping
from typing import Any

#: Every password, token and secret that the tests of the providers use.
SECRETS = (
    "sandbox-password",
    "wrong-password",
    "the-password",
    "secret-word",
    "secret-of-line",
    *(base64.b64encode(f"{user}:".encode()).decode()[:10] for user in ("opentext", "mbx1234567890", "clinic")),
)
NUMBER = re.compile(r"\+\d{8,}|(?<!\d)1?(?:303|202|212|415|800)555\d{4}(?!\d)|(?<!\d)4940555\d+")
DOCUMENT = re.compile(r"%PDF|JVBERi|II\*\\?\0|SUkqA")


class Kept(logging.Handler):
    """What libraries log."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


def leaks(events: Iterable[Mapping[str, Any] | str]) -> list[str]:
    """The events that show what they must not; they are shown themselves, to be found."""
    return [text for text in map(_text, events) if _shows(text)]


def _text(event: Mapping[str, Any] | str) -> str:
    return event if isinstance(event, str) else " ".join(f"{key}={value}" for key, value in event.items())


def _shows(text: str) -> bool:
    return any(secret in text for secret in SECRETS) or bool(NUMBER.search(text) or DOCUMENT.search(text))
