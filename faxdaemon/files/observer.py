"""Events where there is no inotify (Windows, macOS), through watchdog's observer.

Promise   a rename within the folder is complete; what was created, or moved in from elsewhere, may still be written.
Needs     watchdog; one or two threads a folder.
Crash     keeps nothing.
"""

from __future__ import annotations

import os
from pathlib import Path

from watchdog.events import FileClosedEvent, FileCreatedEvent, FileMovedEvent, FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch

from faxdaemon.files.watch import Hint

_KINDS: list[type[FileSystemEvent]] = [FileClosedEvent, FileMovedEvent, FileCreatedEvent]
_JOIN = 5.0


class _Handler(FileSystemEventHandler):
    def __init__(self, folder: Path, hint: Hint) -> None:
        self._folder = folder
        self._hint = hint

    def dispatch(self, event: FileSystemEvent) -> None:
        moved = isinstance(event, FileMovedEvent)
        path = Path(os.fsdecode(event.dest_path if moved else event.src_path))
        if path.name and path.parent == self._folder:
            self._hint(path.name, moved or isinstance(event, FileClosedEvent))


class _Subscription:
    def __init__(self, observer: BaseObserver, watch: ObservedWatch) -> None:
        self._observer = observer
        self._watch = watch

    @property
    def alive(self) -> bool:
        return any(emitter.watch == self._watch and emitter.is_alive() for emitter in self._observer.emitters)

    def cancel(self) -> None:
        self._observer.unschedule(self._watch)


class ObserverEvents:
    """All folders on one observer."""

    def __init__(self) -> None:
        self._observer: BaseObserver = Observer()
        self._observer.start()

    def subscribe(self, folder: Path, hint: Hint) -> _Subscription:
        """Begin to watch; `OSError` when that is refused."""
        watch = self._observer.schedule(_Handler(folder, hint), str(folder), event_filter=_KINDS)
        return _Subscription(self._observer, watch)

    def close(self) -> None:
        """Stop all threads."""
        self._observer.stop()
        self._observer.join(_JOIN)
