"""What a provider remembers over a restart and could do without: a description that it fetched, say."""

from __future__ import annotations

from typing import Protocol


class Cache(Protocol):
    """Small contents by name.  Losing one costs a request; it must never cost a fax, so nothing is raised."""

    def get(self, name: str) -> bytes | None:
        """What was put there last; None when there is nothing, or it cannot be read."""
        ...

    def put(self, name: str, content: bytes) -> None:
        """Keep it, durably, in place of what was there.  What cannot be written is not kept."""
        ...


class NoCache:
    """Remembers nothing: for commands and tests."""

    def get(self, name: str) -> bytes | None:  # noqa: ARG002 - the contract's form
        """Nothing."""
        return None

    def put(self, name: str, content: bytes) -> None:
        """Forgotten at once."""
