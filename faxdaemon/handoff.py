"""The one algorithm for acts that cannot be undone: record the intent, act, record the answer.

Promise   the act happens only under a recorded intent that is still ours; whatever it answers is recorded; an exception
          that nobody expected is an answer too, namely "unknown".
Needs     an intent that is durable before it is handed in.
Crash     between the intent and the recorded answer: the next start finds the intent and looks up before acting again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import structlog

from faxdaemon.core.errors import JournalError

log = structlog.get_logger()

T = TypeVar("T")
A = TypeVar("A")


def hand_off(
    intent: T,
    act: Callable[[T], A],
    record: Callable[[T, A], object],
    *,
    unknown: Callable[[str], A],
) -> A:
    """Act under `intent` and record the answer; anything raised by `act` is recorded as `unknown(reason)`.

    A `JournalError` passes through: when recording fails, the process must stop, and the intent speaks for itself.
    """
    try:
        answer = act(intent)
    except JournalError:
        raise
    except Exception as error:
        log.error("unexpected error during a hand-off", kind=type(error).__name__, exc_info=True)
        answer = unknown(f"an unexpected {type(error).__name__} during the hand-over")
    record(intent, answer)
    return answer
