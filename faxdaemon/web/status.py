"""What the daemon tells of itself, and what the journal alone tells of it.

Promise   plain values, ready for JSON; no number, no name of a document.
Needs     the journal.
Crash     keeps nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

from faxdaemon import __version__
from faxdaemon.contracts.journal import Pause, SinkStanding


class Surveyed(Protocol):
    """What of the journal is asked."""

    def counts(self) -> Mapping[str, int]:
        """Live items by state."""
        ...

    def paused(self, account: str) -> Pause | None:
        """Whether and why the account is paused."""
        ...

    def quieted(self, account: str) -> Pause | None:
        """Whether and why the account is to be asked nothing."""
        ...

    def sinks(self) -> list[SinkStanding]:
        """Every destination that something waits for."""
        ...


def survey(journal: Surveyed, accounts: Iterable[str]) -> dict[str, Any]:
    """`counts` by state (`out.ready`, ...), accounts that are `paused` (nothing is sent through them) and `quiet` (they
    are asked nothing): `{"main": {"reason": ..., "seconds": ...}}`; and `destinations` that received faxes wait for."""
    names = tuple(accounts)
    return {
        "counts": dict(journal.counts()),
        "paused": _told({name: journal.paused(name) for name in names}),
        "quiet": _told({name: journal.quieted(name) for name in names}),
        "destinations": {one.sink: _standing(one) for one in journal.sinks()},
    }


def _told(found: Mapping[str, Pause | None]) -> dict[str, Any]:
    return {name: {"reason": p.reason, "seconds": round(p.seconds)} for name, p in found.items() if p is not None}


def _standing(one: SinkStanding) -> dict[str, Any]:
    facts = {"waiting": one.waiting, "held": one.held, "oldest": one.oldest}
    return facts if one.reason is None else {**facts, "reason": one.reason, "seconds": round(one.again)}


class Status:
    """The status of the running daemon; called anew for each answer."""

    def __init__(
        self,
        *,
        node: str,
        accounts: Iterable[str],
        journal: Surveyed,
        alerts: Callable[[], Mapping[str, str]],
        started: datetime,
    ) -> None:
        self._node = node
        self._accounts = tuple(accounts)
        self._journal = journal
        self._alerts = alerts
        self._started = started
        self.more: Callable[[], Mapping[str, Any]] = dict
        """What whoever runs the daemon adds."""

    def __call__(self) -> dict[str, Any]:
        """`running`, `version`, `node`, `pid`, `started_at`, `alerts` by key, what `survey` tells, and `more`."""
        return {
            "running": True,
            "version": __version__,
            "node": self._node,
            "pid": os.getpid(),
            "started_at": self._started.isoformat(timespec="seconds"),
            "alerts": dict(self._alerts()),
            **self.more(),
            **survey(self._journal, self._accounts),
        }
