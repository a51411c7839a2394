"""Alerts into the log: each problem once until it changes, and once more when it is over."""

from __future__ import annotations

import threading

import structlog

log = structlog.get_logger()


class LogAlert:
    """`faxdaemon.contracts.alert.Alert` on the log; what is open can be asked for."""

    def __init__(self) -> None:
        self._open: dict[str, str] = {}
        self._lock = threading.Lock()

    def raise_(self, key: str, message: str) -> None:
        """Tell once."""
        with self._lock:
            if self._open.get(key) == message:
                return
            self._open[key] = message
        log.error("alert", key=key, message=message)

    def clear(self, key: str) -> None:
        """Tell that it is over."""
        if key not in self._open:  # the hot path: nothing is wrong
            return
        with self._lock:
            message = self._open.pop(key, None)
        if message is not None:
            log.info("alert over", key=key)

    def open_alerts(self) -> dict[str, str]:
        """What is wrong now, by key."""
        with self._lock:
            return dict(self._open)
