"""Call-backs: when a job ends, its status is posted to the address that came with it, once, and never again.

Promise   a call-back is lost when its receiver is not there; the provider's document sends people to polling
          for that.
Needs     threads of its own, so that a slow receiver holds up nobody.
Crash     what was not posted is lost.
"""

from __future__ import annotations

import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import structlog

from faxdaemon.sandbox.faults import Faults, Play

_TIMEOUT = 10.0
log = structlog.get_logger()


class Callbacks:
    """Posts forms, playing the faults of the operation `notify`."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._posts = ThreadPoolExecutor(4, "sandbox-notify")
        self._stopped = threading.Event()
        self._kept_back: list[tuple[str, Mapping[str, str]]] = []
        self._lock = threading.Lock()

    def close(self) -> None:
        """Post nothing any more."""
        self._stopped.set()
        self._posts.shutdown(cancel_futures=True)

    def send(self, url: str, fields: Mapping[str, str], account: str, *, wait: bool = False) -> None:
        """Post `fields` to `url` some time soon, or before this returns (`wait`)."""
        fault = self._faults.match("notify", account, fields.get("destnum"))
        play = fault.play if fault else None
        if play is Play.NOTIFY_LOST:
            return
        if play is Play.NOTIFY_AFTER_NEXT:
            with self._lock:
                self._kept_back.append((url, fields))
            return
        with self._lock:
            due = [(url, fields)] * (2 if play is Play.NOTIFY_TWICE else 1) + self._kept_back
            self._kept_back = []
        done = self._posts.submit(self._post_all, due, fault.seconds if fault else 0.0)
        if wait:
            done.result()

    def _post_all(self, due: list[tuple[str, Mapping[str, str]]], delay: float) -> None:
        if delay and self._stopped.wait(delay):
            return
        for url, fields in due:
            _post(url, fields)


def _post(url: str, fields: Mapping[str, str]) -> None:
    if not url.startswith(("http://", "https://")):
        return
    body = urllib.parse.urlencode(fields).encode()
    try:
        with urllib.request.urlopen(url, body, timeout=_TIMEOUT) as answer:  # noqa: S310 - the scheme is checked above
            answer.read()
    except (OSError, ValueError, urllib.error.URLError) as error:
        log.info("sandbox.notify.lost", why=type(error).__name__)
