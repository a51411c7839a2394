"""A stage: take at most one unit of work (or one batch) from the journal, act, record, say when to come back."""

from __future__ import annotations

from typing import Protocol

Wake = float
"""Seconds until the stage wants to be called again if nothing wakes it before; 0 means at once (there may be more)."""

NOTHING_DUE: Wake = 60.0
"""What a stage returns that only a signal or a stray row could give work: a lost signal costs at most this."""


class Stage(Protocol):
    """Stages never call each other and remember nothing that a restart would need."""

    def step(self) -> Wake:
        """Do one unit of work.  Raising is for bugs and a broken journal; everything expected is recorded instead."""
        ...


class Signals(Protocol):
    """Wake-ups inside the process.  A hint only: losing one costs a delay, never work."""

    def notify(self, *topics: str) -> None:
        """Wake every worker that listens to one of `topics` (see `faxdaemon.contracts.topics`)."""
        ...
