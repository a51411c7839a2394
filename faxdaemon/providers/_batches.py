"""A batch of jobs that the service refuses as a whole, because it does not know one of them.

Promise   which one it is gets found in few requests, by halves; no request is made after `PATIENCE`, so that the claim
          under which they are made does not end before its work is recorded: what was not asked for is left out.
Needs     a service that tells a batch it refuses from one it answers.
Crash     keeps nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.provider import JobStatus
from faxdaemon.core.errors import NotSent, OutcomeUnknown, ProviderTrouble

PATIENCE = 20.0
"""Seconds after which no further request is made: the claim lasts for one request and half a minute."""

Ask = Callable[[Sequence[str]], "list[JobStatus] | None"]


def statuses(jobs: Sequence[str], ask: Ask, gone: Callable[[str], JobStatus], clock: Clock) -> list[JobStatus]:
    """The statuses of `jobs`; `ask` gives None when it was refused for a job that is not known, `gone` what is said of
    that one.  Raises what `ask` raises as long as nothing is known; later, what is known is returned."""
    until = clock.monotonic() + PATIENCE
    found: list[JobStatus] = []
    waiting = [list(jobs)]
    while waiting:
        batch = waiting.pop()
        try:
            told = ask(batch)
        except (ProviderTrouble, NotSent, OutcomeUnknown):
            if not found:
                raise
            break
        if told is not None:
            found += told
        elif len(batch) == 1:
            found.append(gone(batch[0]))
        else:
            waiting += [batch[len(batch) // 2 :], batch[: len(batch) // 2]]
        if clock.monotonic() >= until:
            break
    return found
