"""Which printer a received fax is to be printed on once more.

Promise   what a person names, or what can only be meant; else a `UserError` that lists what there is.
Needs     the journal; the printers of the running daemon.
Crash     recorded wholly or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from faxdaemon.contracts.journal import Life
from faxdaemon.core.errors import UserError


class Reprinted(Protocol):
    """What of the journal is needed."""

    def life(self, fax: str) -> Life:
        """Everything about one fax."""
        ...

    def deliver_again(self, fax: str, sink: str) -> int:
        """Deliver a received fax once more."""
        ...


class Reprint:
    """Prints received faxes again; `printers` are queues by destination, `kept` tells whether the spool has a place."""

    def __init__(self, journal: Reprinted, printers: Mapping[str, str], kept: Callable[[str], bool]) -> None:
        self._journal = journal
        self._printers = printers
        self._kept = kept

    def __call__(self, fax: str, printer: str = "", sink: str = "") -> str:
        """The destination that it is printed on."""
        life = self._journal.life(fax)
        if life.direction == "in":
            place = life.facts.get("spool")
            if not place or not self._kept(str(place)):
                raise UserError(f"the document of {life.fax_id} is not kept here (any more), so it cannot be printed")
        chosen = self._chosen(life.facts, printer, sink)
        self._journal.deliver_again(life.fax_id, chosen)
        return chosen

    def _chosen(self, facts: Mapping[str, Any], printer: str, sink: str) -> str:
        if not self._printers:
            raise UserError("no printer is configured; see docs/printing.md")
        named = [key for key, queue in self._printers.items() if sink in {"", key} and printer in {"", queue}]
        went = [one["sink"] for one in facts.get("deliveries", ()) if one["sink"] in named]
        if len(went) == 1:
            return str(went[0])
        same_printer = len({self._printers[key] for key in named}) == 1
        if named and (len(named) == 1 or (printer and same_printer)):
            return (went or named)[0]
        there = ", ".join(f"{queue} ({key})" for key, queue in self._printers.items())
        wrong = "there is no such printer" if not named else "name one: --printer NAME or --destination KEY"
        raise UserError(f"{wrong}; there are: {there}")
