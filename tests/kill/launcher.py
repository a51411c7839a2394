"""A daemon that kills itself at the n-th step: SIGKILL, as the kernel or a power supply would.

A step is the moment before and after each commit that changes a state, each call of the provider, and each durable file
operation.  Nothing in the product knows of this: the composition root is subclassed and its parts are wrapped.

    launcher.py --config FILE --at N [--only PREFIX] [--forget-intents]

`--at 0` never kills.  `--only` counts only the steps whose name begins so.  `--forget-intents` plays a daemon whose
intents are not committed: what the journal says is being submitted is put back to "ready" before it starts.
Steps are written to stderr, so a failing test tells where it was.
"""

from __future__ import annotations

import argparse
import os
import signal
import sqlite3
import sys
import threading
from pathlib import Path
from typing import Any

from faxdaemon.config.load import load
from faxdaemon.contracts.files import Files
from faxdaemon.contracts.provider import Provider
from faxdaemon.daemon import Daemon
from faxdaemon.journal import writer
from faxdaemon.logs import configure
from faxdaemon.options import Account
from faxdaemon.service import Service

PROVIDER = ("submit", "find", "status", "inbox", "fetch", "acknowledge")
FILES = ("write_new", "copy_new", "move", "remove", "make_dirs", "sync")


class Counter:
    """Counts steps and pulls the plug."""

    def __init__(self, at: int, only: str) -> None:
        self._at = at
        self._only = only
        self._count = 0
        self._lock = threading.Lock()

    def step(self, name: str) -> None:
        if not name.startswith(self._only):
            return
        with self._lock:
            self._count += 1
            print(f"step {self._count} {name}", file=sys.stderr, flush=True)
            if self._count == self._at:
                os.kill(os.getpid(), signal.SIGKILL)


class Wrapped:
    """Any object, with some of its methods counted."""

    def __init__(self, inner: Any, names: tuple[str, ...], label: str, counter: Counter) -> None:
        self._inner = inner
        self._names = names
        self._label = label
        self._counter = counter

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in self._names:
            return found

        def counted(*args: Any, **kwargs: Any) -> Any:
            self._counter.step(f"{self._label}.{name} before")
            try:
                return found(*args, **kwargs)
            finally:
                self._counter.step(f"{self._label}.{name} after")

        return counted


class Doomed(Daemon):
    """The production daemon with counted parts."""

    counter: Counter

    def make_files(self) -> Files:
        wrapped: Any = Wrapped(super().make_files(), FILES, "files", self.counter)
        return wrapped  # type: ignore[no-any-return] # the wrapper stands in for the protocol

    def make_provider(self, options: Account) -> Provider:
        wrapped: Any = Wrapped(super().make_provider(options), PROVIDER, "provider", self.counter)
        return wrapped  # type: ignore[no-any-return] # likewise


def count_commits(counter: Counter) -> None:
    """Before and after each commit of the journal's only writer."""
    commit = writer.Writer._make_durable

    def counted(self: writer.Writer, transaction: Any) -> None:
        counter.step("journal.commit before")
        commit(self, transaction)
        counter.step("journal.commit after")

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
    parser.add_argument("--at", type=int, default=0)
    parser.add_argument("--only", default="")
    parser.add_argument("--forget-intents", action="store_true")
    arguments = parser.parse_args()
    settings = load(arguments.config)
    configure("info", "text", sys.stderr)
    if arguments.forget_intents:
        forget_intents(settings.state)
    Doomed.counter = Counter(arguments.at, arguments.only)
    count_commits(Doomed.counter)
    return Service(settings, make=Doomed).run()


if __name__ == "__main__":
    sys.exit(main())
