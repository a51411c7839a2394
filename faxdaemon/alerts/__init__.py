"""What is wrong now, and who was told of it: each problem once until it changes, and once more when it is over.

Promise   raising and clearing never wait for a disk or a network.  What each channel was told is remembered over
          restarts, so nothing that is known is told anew and nothing that is open is forgotten; what is not confirmed
          for `UNSEEN` seconds after a start is over.  A channel that is down loses nothing: what it is to be told is
          the difference between what is and what it knows, which grows with the number of problems and no further.
Needs     a folder of its own on a local disk.
Crash     between a channel's yes and `save` it is told once more.  What was raised and not saved is raised again by
          whoever meets it, or found by `watch` (held and failed faxes).

    <state>/alerts/<number>.json    the newest whole one counts
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from faxdaemon.contracts import topics
from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.files import Files
from faxdaemon.contracts.stage import Signals
from faxdaemon.core.errors import FilesError

log = structlog.get_logger()

UNSEEN = 3600.0
"""Seconds after a start by which whoever meets a problem has met it again."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong."""

    message: str
    since: datetime
    once: bool = False
    """It is told once and then forgotten: it happened, and nobody can put an end to it."""
    seen: bool = True
    """Whether it was met since the start."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a channel was told of a problem, and when."""

    message: str
    at: datetime
    once: bool


class Alerts:
    """`faxdaemon.contracts.alert.Alert`; raised from every worker."""

    def __init__(self, folder: Path, *, files: Files, clock: Clock, signals: Signals) -> None:
        """What was remembered is taken up."""
        self._folder = folder
        self._files = files
        self._clock = clock
        self._signals = signals
        self._lock = threading.Lock()
        self._saving = threading.Lock()
        self._open: dict[str, Problem] = {}
        self._known: dict[str, dict[str, Known]] = {}
        self._wants: dict[str, Callable[[str], bool]] = {}
        self.marks: dict[str, int] = {}
        """How far whoever reads the journal for people has come; saved together with what it raised."""
        self._number, self._changed = 0, False
        self._load()

    # -- the contract

    def raise_(self, key: str, message: str) -> None:
        """Tell that the problem exists; silent while it is known with the same message."""
        self._raise(key, message, once=False)

    def happened(self, key: str, message: str) -> None:
        """Tell of what happened, once."""
        self._raise(key, message, once=True)

    def _raise(self, key: str, message: str, *, once: bool) -> None:
        with self._lock:
            before = self._open.get(key)
            if before is not None and before.message == message:
                if not before.seen:
                    self._open[key] = replace(before, seen=True)
                return
            self._open[key] = Problem(message, before.since if before else self._clock.now(), once)
            self._changed = True
        log.error("alert", key=key, message=message)
        self._signals.notify(topics.alerts())

    def clear(self, key: str) -> None:
        """Tell that it is over."""
        if key not in self._open:  # the hot path: nothing is wrong
            return
        with self._lock:
            problem = self._open.pop(key, None)
            self._changed = True
        if problem is not None:
            log.info("alert over", key=key)
            self._signals.notify(topics.alerts())

    # -- what there is

    def open_alerts(self) -> dict[str, str]:
        """What is wrong now, by key."""
        return {key: problem.message for key, problem in self.problems().items() if not problem.once}

    def problems(self) -> dict[str, Problem]:
        """What is wrong now, and what happened and is not told to everybody yet."""
        with self._lock:
            return dict(self._open)

    def seen(self, keys: Collection[str]) -> None:
        """These are as they were."""
        with self._lock:
            for key in keys:
                if key in self._open:
                    self._open[key] = replace(self._open[key], seen=True)

    def end_unseen(self) -> None:
        """What nobody has met since the start is over."""
        for key in [key for key, problem in self.problems().items() if not problem.seen and not problem.once]:
            self.clear(key)

    # -- channels

    def join(self, channel: str, wants: Callable[[str], bool]) -> None:
        """A channel that is told from now on."""
        with self._lock:
            self._wants[channel] = wants
            self._known.setdefault(channel, {})

    def known(self, channel: str) -> dict[str, Known]:
        """What the channel was told of what is not over for it."""
        with self._lock:
            return dict(self._known[channel])

    def told(self, channel: str, now_known: Mapping[str, Known], over: Collection[str]) -> None:
        """The channel knows of these now, and that those are over."""
        with self._lock:
            known = self._known[channel]
            known.update(now_known)
            for key in over:
                known.pop(key, None)
            self._changed = True

    def _tidy(self) -> None:
        """What happened is forgotten when all who want to know of it do; so are channels that are no more."""
        self._known = {name: known for name, known in self._known.items() if name in self._wants}
        for key in [key for key, problem in self._open.items() if problem.once]:
            if all(key in self._known[name] for name, wants in self._wants.items() if wants(key)):
                del self._open[key]
                for known in self._known.values():
                    known.pop(key, None)

    # -- remembering

    def save(self, *, always: bool = False) -> None:
        """Remember what has changed; a disk that is full or gone is logged and tried again the next time."""
        with self._saving:
            with self._lock:
                if not self._changed and not always:
                    return
                self._tidy()
                content = json.dumps(self._written(), sort_keys=True).encode("utf-8", "backslashreplace")
                self._changed = False
                self._number += 1
            try:
                self._files.make_dirs([self._folder])
                self._files.write_new(self._path(self._number), [content])
                self._files.sync([self._folder])
                self._files.remove([path for number, path in self._saved() if number < self._number])
            except FilesError as error:
                self._changed = True
                log.warning("alerts cannot be remembered", reason=error.reason)

    def _path(self, number: int) -> Path:
        return self._folder / f"{number}.json"

    def _saved(self) -> list[tuple[int, Path]]:
        if self._files.stat(self._folder) is None:
            return []
        with self._files.scan(self._folder) as entries:
            paths = [entry.path for entry in entries if entry.path.suffix == ".json" and entry.path.stem.isdigit()]
        return sorted((int(path.stem), path) for path in paths)

    def _written(self) -> dict[str, Any]:
        return {
            "problems": {
                key: {"message": one.message, "since": one.since.isoformat(), "once": one.once}
                for key, one in self._open.items()
            },
            "known": {
                name: {
                    key: {"message": one.message, "at": one.at.isoformat(), "once": one.once}
                    for key, one in known.items()
                }
                for name, known in self._known.items()
            },
            "marks": self.marks,
        }

    def _load(self) -> None:
        try:
            saved = self._saved()
        except FilesError as error:
            log.warning("alerts of before cannot be read", reason=error.reason)
            return
        for number, path in reversed(saved):
            self._number = max(self._number, number)
            try:
                with self._files.read(path) as stream:
                    self._take(json.loads(stream.read()))
            except (FilesError, ValueError, KeyError, TypeError, AttributeError) as error:
                log.warning("alerts of before cannot be read", file=path.name, kind=type(error).__name__)
            else:
                return

    def _take(self, found: Mapping[str, Any]) -> None:
        problems = {
            key: Problem(one["message"], datetime.fromisoformat(one["since"]), one["once"], seen=False)
            for key, one in found["problems"].items()
        }
        known = {
            name: {
                key: Known(one["message"], datetime.fromisoformat(one["at"]), one["once"]) for key, one in each.items()
            }
            for name, each in found["known"].items()
        }
        self.marks = {name: int(mark) for name, mark in found["marks"].items()}
        self._open, self._known = problems, known
        if problems:
            log.info("alerts of before are still open", keys=sorted(problems))
