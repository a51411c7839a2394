"""A daemon that kills itself at a step: SIGKILL, as the kernel or a power supply would.

A step is the moment before or after a commit that changes a state, a call of the provider, something done to a
printer's queue, or a durable file operation.
What outlives a process is the same right after one of them and right before the next (a transaction that is not
committed leaves nothing: the journal is in WAL mode), so a sweep takes the moments after.  Nothing in the product knows
of this: the composition root is subclassed and its parts are wrapped.

    launcher.py --config FILE [--at STEP] [--forget-intents]

A step is named by what is done and how many times it was done before: `2 files.move after`, `1 journal.commit accept
after` for the commit of the first event of that name.  So the name means the same in every life, however threads take
turns and however often a daemon looks for something to do.  `--forget-intents` plays a daemon whose intents are not
committed: what the journal says is being submitted is put back to "ready" before it starts.
Steps are written to stderr, so a failing test tells where it was.
"""

from __future__ import annotations

import argparse
import os
import signal
import sqlite3
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

from faxdaemon.config.load import load
from faxdaemon.contracts.files import Files
from faxdaemon.contracts.provider import Provider
from faxdaemon.daemon import Daemon
from faxdaemon.journal import writer
from faxdaemon.journal.transaction import Tx
from faxdaemon.logs import configure
from faxdaemon.options import Account
from faxdaemon.service import Service
from faxdaemon.sinks import printer

PROVIDER = ("submit", "find", "status", "inbox", "fetch", "acknowledge")
SPOOLER = ("begin", "fill", "discard")
FILES = ("write_new", "copy_new", "move", "remove", "make_dirs", "sync")
NOTHING = "nothing"
"""The event of a commit that has none: it takes a duty, say."""


class Steps:
    """Counts them by name, and pulls the plug."""

    def __init__(self, at: str) -> None:
        self._at = at
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def step(self, name: str) -> None:
        with self._lock:
            self._counts[name] += 1
            step = f"{self._counts[name]} {name}"
            print(f"step {step}", file=sys.stderr, flush=True)
            if step == self._at:
                os.kill(os.getpid(), signal.SIGKILL)


class Wrapped:
    """Any object, with some of its methods counted."""

    def __init__(self, inner: Any, names: tuple[str, ...], label: str, steps: Steps) -> None:
        self._inner = inner
        self._names = names
        self._label = label
        self._steps = steps

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in self._names:
            return found

        def counted(*args: Any, **kwargs: Any) -> Any:
            self._steps.step(f"{self._label}.{name} before")
            try:
                return found(*args, **kwargs)
            finally:
                self._steps.step(f"{self._label}.{name} after")

        return counted


class Doomed(Daemon):
    """The production daemon with counted parts."""

    steps: Steps

    def make_files(self) -> Files:
        wrapped: Any = Wrapped(super().make_files(), FILES, "files", self.steps)
        return wrapped  # type: ignore[no-any-return] # the wrapper stands in for the protocol

    def make_provider(self, options: Account) -> Provider:
        wrapped: Any = Wrapped(super().make_provider(options), PROVIDER, "provider", self.steps)
        return wrapped  # type: ignore[no-any-return] # likewise


def count_printing(steps: Steps) -> None:
    """Before and after what is done to the queue of a printer."""
    real = printer.open_spooler

    def opened(*args: Any) -> Any:
        return Wrapped(real(*args), SPOOLER, "spooler", steps)

    printer.open_spooler = opened  # type: ignore[assignment] # the wrapper stands in for the protocol


def count_commits(steps: Steps) -> None:
    """Before and after each commit of the journal's only writer, for each event in it."""
    finish, commit = Tx.finish, writer.Writer._make_durable
    events: list[str] = []

    def finished(self: Tx) -> None:
        finish(self)
        events[:] = [moment.event for moment in self.moments] or [NOTHING]

    def counted(self: writer.Writer, transaction: Any) -> None:
        for event in events:
            steps.step(f"journal.commit {event} before")
        commit(self, transaction)
        for event in events:
            steps.step(f"journal.commit {event} after")

    Tx.finish = finished  # type: ignore[method-assign] # what is in it
    writer.Writer._make_durable = counted  # type: ignore[method-assign] # the very moment is the test's subject


def forget_intents(state: Path) -> None:
    """What a crash would leave if the intent had never been committed."""
    path = state / "journal.sqlite3"
    if path.exists():
        with sqlite3.connect(path) as connection:
            connection.execute(
                "UPDATE recipient SET state = 'ready', owner = NULL, deadline = NULL WHERE state = 'submitting'"
            )
        connection.close()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--at", default="")
    parser.add_argument("--forget-intents", action="store_true")
    arguments = parser.parse_args()
    settings = load(arguments.config)
    configure("info", "text", sys.stderr)
    if arguments.forget_intents:
        forget_intents(settings.state)
    Doomed.steps = Steps(arguments.at)
    count_commits(Doomed.steps)
    count_printing(Doomed.steps)
    return Service(settings, make=Doomed).run()


if __name__ == "__main__":
    sys.exit(main())
