"""Watching folders: the system's events as hints.  The scan is the truth; a hint only makes it come sooner.

Promise   `hint(name, True)` when a file was renamed into the folder or closed after writing, `hint(name, False)` when
          one exists that may still be written, `hint(None, False)` when events were lost or the folder itself went
          away.  One thread and one inotify instance for all folders (Linux), asleep until something happens.
Needs     events of the system; network shares give none for what other machines do, and nothing tells which do.
Crash     keeps nothing; the scan at the next start finds what was missed.

`complete` is as sure as the system can tell: a program that writes in several sittings closes the file more than once.
Windows tells neither "closed" nor a rename from another folder apart, so there only a rename within the folder is
complete, and every other drop waits for its settling time.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import structlog

log = structlog.get_logger()

Hint = Callable[[str | None, bool], None]
"""Called with (file name, complete) from the watcher's thread; must be quick and take no lock that is held for long."""

_ADVICE = {
    errno.ENOSPC: "no inotify watch is left: raise fs.inotify.max_user_watches",
    errno.EMFILE: "no inotify instance is left: raise fs.inotify.max_user_instances",
    errno.EACCES: "we may not read the folder",
}


class Subscription(Protocol):
    """One folder's events."""

    @property
    def alive(self) -> bool:
        """Whether events still come: False once the folder was removed or unmounted."""
        ...

    def cancel(self) -> None:
        """No more hints."""
        ...


class Events(Protocol):
    """The system's events."""

    def subscribe(self, folder: Path, hint: Hint) -> Subscription:
        """Begin; raises `OSError` when there are none to be had."""
        ...

    def close(self) -> None:
        """End all."""
        ...


@dataclass(slots=True)
class _Watched:
    identity: tuple[int, int]
    subscription: Subscription


class Watcher:
    """Watches any number of folders.  `watch` may be called by several threads, each for its own folder."""

    def __init__(self, events: Events | None = None) -> None:
        self._events = events
        self._without: OSError | None = None
        if events is None:
            try:
                self._events = _system_events()
            except OSError as error:
                self._without = error
        self._watched: dict[Path, _Watched] = {}
        self._told: dict[Path, str] = {}

    def watch(self, folder: Path, hint: Hint) -> bool:
        """See that `folder` is watched; False when it cannot be, with one log line a reason.

        Costs one stat when it is watched already, so it can be called before every scan: a folder that was replaced,
        mounted over, or came back is then watched again.
        """
        try:
            if self._events is None:
                raise self._without or OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
            info = folder.stat()
            identity = (info.st_dev, info.st_ino)
            known = self._watched.get(folder)
            if known is not None:
                if known.identity == identity and known.subscription.alive:
                    return True
                del self._watched[folder]
                known.subscription.cancel()
            self._watched[folder] = _Watched(identity, self._events.subscribe(folder, _guarded(folder, hint)))
        except OSError as error:
            self._tell(folder, error)
            return False
        self._told.pop(folder, None)
        return True

    def _tell(self, folder: Path, error: OSError) -> None:
        reason = _ADVICE.get(error.errno or 0) or error.strerror or type(error).__name__
        if self._told.get(folder) != reason:
            self._told[folder] = reason
            log.warning("folder is not watched, only scanned", folder=str(folder), reason=reason)

    def close(self) -> None:
        """No hint is given after this returns."""
        self._watched.clear()
        if self._events is not None:
            self._events.close()


def _guarded(folder: Path, hint: Hint) -> Hint:
    """One folder's mistake must not silence the others."""

    def guarded(name: str | None, complete: bool) -> None:
        try:
            hint(name, complete)
        except Exception:  # the thread serves every folder, and a lost hint costs only a delay
            log.exception("a hint failed", folder=str(folder))

    return guarded


def _system_events() -> Events:
    if sys.platform == "linux":
        from faxdaemon.files.inotify import InotifyEvents  # noqa: PLC0415 - Linux only

        return InotifyEvents()
    else:  # noqa: RET505 - mypy reads each platform's branch by itself
        from faxdaemon.files.observer import ObserverEvents  # noqa: PLC0415 - only where inotify is not

        return ObserverEvents()
