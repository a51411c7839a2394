"""Accounts and nodes: who rests, who lives, whose turn it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

TURN = "turn:"
"""How the names of duties begin that end with the act (`end_duty`), or with the life of whoever took them."""


@dataclass(frozen=True, slots=True)
class Pause:
    """An account that is not used for now."""

    reason: str
    seconds: float
    """Until it is tried again."""


class AccountJournal(Protocol):
    """What is remembered of accounts, over restarts and for all nodes."""

    def begin(self) -> None:
        """A new life: where only one process has the journal, what an earlier one had claimed is due at once."""
        ...

    def take_duty(self, name: str, every: float) -> float:
        """0 when the caller may now do the periodic duty `name` (`poll:main`, ...), which is then not given again for
        `every` seconds to anyone, this process restarted included; else the seconds to wait."""
        ...

    def end_duty(self, name: str) -> None:
        """The duty is done before its time: it may be given again at once."""
        ...

    def pause(self, account: str, reason: str, delay: float) -> None:
        """Submit nothing through `account` for `delay` seconds, on any node, and then one fax at a time until
        `resume`."""
        ...

    def resume(self, account: str) -> bool:
        """Use the account again; True when it was paused."""
        ...

    def paused(self, account: str) -> Pause | None:
        """Whether and why the account is paused."""
        ...

    def probe(self, account: str) -> None:
        """If the account is paused, try it now, with one fax."""
        ...

    def quiet(self, account: str, reason: str, delay: float) -> None:
        """Ask `account` nothing (status, look-up, inbox) for `delay` seconds, on any node.  Sending goes on."""
        ...

    def quieted(self, account: str) -> Pause | None:
        """Whether and why the account is to be asked nothing."""
        ...

    def heartbeat(self, lease: float) -> None:
        """This node is alive for another `lease` seconds."""
        ...
