"""Telling a person.  A problem is named by its key: raising it twice tells once, clearing it tells that it is over."""

from __future__ import annotations

from typing import Protocol


class Alert(Protocol):
    """Where trouble becomes visible."""

    def raise_(self, key: str, message: str) -> None:
        """Tell that the problem `key` exists; silent while it is already known with the same message."""
        ...

    def clear(self, key: str) -> None:
        """Tell that the problem `key` is over; silent when it was not known."""
        ...
