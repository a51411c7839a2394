"""A service manager's side of the notify protocol: a real datagram socket."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from types import TracebackType
from typing import Self

PATIENCE = 60.0


class Manager:
    """Hears what a daemon tells.  `with Manager(path) as manager: ... manager.hear("READY=1")`."""

    def __init__(self, path: Path) -> None:
        self.address = str(path)
        self.heard: list[dict[str, str]] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._socket.close()

    def next(self, patience: float = PATIENCE) -> dict[str, str]:
        """The next message; `TimeoutError`."""
        self._socket.settimeout(max(0.001, patience))
        text = self._socket.recv(65536).decode("utf-8")
        message = dict(line.split("=", 1) for line in text.split("\n"))
        self.heard.append(message)
        return message

    def hear(self, wanted: str, patience: float = PATIENCE) -> dict[str, str]:
        """The next message with the line `wanted`; those before it are kept in `heard`."""
        deadline = time.monotonic() + patience
        key, _, value = wanted.partition("=")
        while True:
            try:
                message = self.next(deadline - time.monotonic())
            except (TimeoutError, BlockingIOError) as error:
                raise AssertionError(f"never heard {wanted}; heard {self.heard}") from error
            if message.get(key) == value or (not value and key in message):
                return message

    def drain(self) -> list[dict[str, str]]:
        """What is there now."""
        found = []
        while True:
            try:
                found.append(self.next(0.001))
            except (TimeoutError, BlockingIOError):
                return found
