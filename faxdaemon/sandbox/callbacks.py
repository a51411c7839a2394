"""Call-backs: when a job ends or a fax arrives.

Promise   a provider that calls back once does so once: the call-back is lost when its receiver is not there, and the
          provider's document sends people to polling for that.  Others try again as the push says.
Needs     threads of its own, so that a slow receiver holds up nobody.
Crash     what was not posted is lost.
"""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import structlog

from faxdaemon.sandbox.dialect import Push
from faxdaemon.sandbox.faults import Faults, Play, Role

_TIMEOUT = 10.0
log = structlog.get_logger()


class Callbacks:
    """Sends them, playing the faults of the operation `notify`."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._posts = ThreadPoolExecutor(4, "sandbox-notify")
        self._stopped = threading.Event()
        self._kept_back: list[Push] = []
        self._lock = threading.Lock()

    def close(self) -> None:
        """Post nothing any more."""
        self._stopped.set()
        self._posts.shutdown(cancel_futures=True)

    def send(self, push: Push, account: str, *, wait: bool = False) -> None:
        """Send it some time soon, or before this returns (`wait`)."""
        if self._stopped.is_set():
            return
        fault = self._faults.match("notify", Role.NOTIFY, account, push.number)
        play = fault.play if fault else None
        if play is Play.NOTIFY_LOST:
            return
        if play is Play.NOTIFY_AFTER_NEXT:
            with self._lock:
                self._kept_back.append(push)
            return
        with self._lock:
            due = [push] * (2 if play is Play.NOTIFY_TWICE else 1) + self._kept_back
            self._kept_back = []
        done = self._posts.submit(self._post_all, due, fault.seconds if fault else 0.0)
        if wait:
            done.result()

    def _post_all(self, due: list[Push], delay: float) -> None:
        if delay and self._stopped.wait(delay):
            return
        for push in due:
            waits = iter(push.again)
            while not _send(push):
                wait = next(waits, None)
                if wait is None or self._stopped.wait(wait):
                    break


def _send(push: Push) -> bool:
    """Whether it was taken."""
    if not push.url.startswith(("http://", "https://")):
        return False
    try:
        headers = {"content-type": push.content_type, **dict(push.headers)} if push.body else dict(push.headers)
        request = urllib.request.Request(push.url, push.body or None, headers, method=push.method)  # noqa: S310 - the scheme is checked above
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310 - the scheme is checked above
            answer.read()
    except (OSError, ValueError, urllib.error.URLError) as error:
        log.info("sandbox.notify.lost", why=type(error).__name__)
        return False
    push.taken()
    return True
