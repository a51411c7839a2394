"""Telling the service manager: systemd's notify protocol.

Promise   each call is one datagram, sent before it returns; without a service manager nothing happens.  One that cannot
          be sent is logged, once, and stops nothing.  What the manager gave us is taken out of the environment, so that
          no program that we start speaks in our name.
Needs     a Unix datagram socket in NOTIFY_SOCKET.
Crash     keeps nothing; the manager sees the process end.

The protocol: sd_notify(3), sd_watchdog_enabled(3) and, for RELOADING with MONOTONIC_USEC, systemd.service(5) on
`Type=notify-reload` (systemd 253 and later; earlier ones ignore what they do not know).
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import MutableMapping
from typing import Self

import structlog

from faxdaemon.core.text import printable

log = structlog.get_logger()

PATIENCE = 5.0
"""Seconds for one datagram: the manager's queue may be full for a moment."""


class Notifier:
    """The service manager, or nobody."""

    def __init__(self, address: str | None = None, watchdog: float | None = None) -> None:
        self._address = None if address is None else _path(address)
        self.watchdog = watchdog if address is not None else None
        """Seconds within which the manager wants to hear `alive`; None where it does not."""
        self._told_trouble = False

    @classmethod
    def from_environment(cls, environment: MutableMapping[str, str] | None = None) -> Self:
        """Whom the process's environment names; its variables are removed."""
        variables = os.environ if environment is None else environment
        address = variables.pop("NOTIFY_SOCKET", None)
        every, process = variables.pop("WATCHDOG_USEC", ""), variables.pop("WATCHDOG_PID", "")
        ours = every.isdecimal() and int(every) > 0 and process in {"", str(os.getpid())}
        return cls(address or None, int(every) / 1e6 if ours else None)

    @property
    def present(self) -> bool:
        """Whether anybody listens."""
        return self._address is not None

    def ready(self, status: str) -> None:
        """Everything is up: after the start, and after a reload."""
        self._send("READY=1", _status(status))

    def status(self, status: str) -> None:
        """What the daemon does, in words."""
        self._send(_status(status))

    def alive(self) -> None:
        """The watchdog's food."""
        if self.watchdog is not None:
            self._send("WATCHDOG=1")

    def reloading(self) -> None:
        """A reload begins; `ready` ends it.  The time tells the manager that it began after its request."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}", _status("reading the configuration"))

    def stopping(self) -> None:
        """An orderly stop begins."""
        self._send("STOPPING=1", _status("finishing what is in hand"))

    def _send(self, *lines: str) -> None:
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
                out.settimeout(PATIENCE)
                out.sendto("\n".join(lines).encode("utf-8"), self._address)
        except (OSError, AttributeError) as error:  # AttributeError: a platform without Unix sockets
            if not self._told_trouble:
                log.warning("the service manager cannot be told", reason=str(error))
            self._told_trouble = True


def _path(address: str) -> str:
    """The socket's address as the kernel takes it: a leading “@” means a name that is no file."""
    return f"\0{address[1:]}" if address.startswith("@") else address


def _status(text: str) -> str:
    return f"STATUS={printable(text)}"
