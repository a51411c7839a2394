"""Linux events, through watchdog's shared inotify reader.

Promise   the kernel's own words are kept apart: closed after writing and renamed in are complete, created is not.  One
          thread and one inotify instance whatever the number of folders.
Needs     watchdog 7.1 or later.  Its `Observer` would take a thread for each folder, hold every event back for half a
          second behind each file that we rename out of the folder, show a file moved in as one just created, and keep
          silent about an overflow; the reader below it does none of that.
Crash     keeps nothing.
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

from faxdaemon.files.watch import Hint

assert sys.platform == "linux"

from watchdog.observers.inotify_c import (  # noqa: E402 - below the assertion, so that mypy skips it elsewhere
    CallbackId,
    InotifyConstants,
    InotifyEvent,
    InotifyFD,
    Mask,
    WatchDescriptor,
)

# Not IN_MOVED_FROM, IN_DELETE or IN_MODIFY: our own claims and every write would wake us for nothing.
_MASK = Mask(
    InotifyConstants.IN_CLOSE_WRITE
    | InotifyConstants.IN_MOVED_TO
    | InotifyConstants.IN_CREATE
    | InotifyConstants.IN_DELETE_SELF
    | InotifyConstants.IN_MOVE_SELF
    | InotifyConstants.IN_ONLYDIR
)
_COMPLETE = InotifyConstants.IN_CLOSE_WRITE | InotifyConstants.IN_MOVED_TO
_JOIN = 5.0


class _Subscription:
    """One folder; called by the reader's thread, which does nothing slow here."""

    def __init__(self, reader: InotifyFD, hint: Hint) -> None:
        self._reader = reader
        self._hint = hint
        self._descriptor: WatchDescriptor | None = None
        self.alive = True

    def begin(self, folder: Path) -> None:
        descriptor = self._reader.add_callback(os.fsencode(folder), _MASK, self, CallbackId(id(self)))
        if descriptor == -1:  # watchdog passes over this one error in silence
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        self._descriptor = descriptor

    def cancel(self) -> None:
        self.alive = False
        if self._descriptor is not None:
            self._reader.remove_callbacks([(self._descriptor, CallbackId(id(self)))])

    def on_event(self, event: InotifyEvent) -> None:
        if not self.alive:
            return
        if not event.name:  # the folder itself was moved or removed
            self._hint(None, False)
        elif not event.mask & InotifyConstants.IN_ISDIR:
            self._hint(os.fsdecode(event.name), bool(event.mask & _COMPLETE))

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:  # noqa: ARG002 - watchdog's signature
        if self.alive:
            self.alive = False
            self._hint(None, False)

    def on_queue_overflow(self) -> None:
        if self.alive:
            self._hint(None, False)


class InotifyEvents:
    """All folders on one inotify instance."""

    def __init__(self) -> None:
        self._reader = InotifyFD()
        self._reader.start()
        self._subscriptions: list[_Subscription] = []

    def subscribe(self, folder: Path, hint: Hint) -> _Subscription:
        """Begin to watch; `OSError` when the kernel has no watch left or the folder cannot be read."""
        subscription = _Subscription(self._reader, hint)
        subscription.begin(folder)
        self._subscriptions = [each for each in self._subscriptions if each.alive] + [subscription]
        return subscription

    def close(self) -> None:
        """Stop the reader and give all watches back."""
        for subscription in self._subscriptions:
            subscription.alive = False
        self._reader.stop()
        self._reader.join(_JOIN)
