"""Dying at the n-th of many calls, so that a test can try each of them in turn."""

from __future__ import annotations

from typing import Any

from support.scripted import Faulty


class Dying:
    """Counts the calls, and at one of them raises: before it is done, or after."""

    def __init__(self, at: int, fault: type[BaseException], *, done: bool) -> None:
        self._at, self._fault, self._done = at, fault, done
        self.calls = 0

    def of(self, part: Any, *names: str) -> Any:
        return Faulty(part, **{name: [self._call] * 60 for name in names})

    def _call(self, real: Any, *args: Any, **kwargs: Any) -> Any:
        self.calls += 1
        if self.calls != self._at:
            return real(*args, **kwargs)
        if self._done:
            real(*args, **kwargs)
        raise self._fault("the moment has come")
