"""What dialects with control files have in common.

Promise   a control file that cannot be followed is refused with its reason, whatever is wrong with it, and never
          crashes its dialect; so is one for nobody, or for more recipients than anybody means.
Needs     nothing.
Crash     keeps nothing.
"""

from __future__ import annotations

from faxdaemon.contracts.format import BadRequest, Looks, NotMine, Order, Papers
from faxdaemon.formats._dialect import Dialect
from faxdaemon.formats._text import Undecided

RECIPIENTS = 10_000
"""Of one control file."""


class Refused(ValueError):
    """The control file cannot be followed; the reason is for the person who dropped it."""


class ControlDialect(Dialect):
    """A dialect that reads control files: `understand` says how."""

    looks_at = Looks.CONTROL

    def read(self, papers: Papers) -> list[Order] | BadRequest | NotMine:
        """The orders of the control file."""
        if papers.control is None:
            return NotMine()
        try:
            orders = self.understand(papers.name, papers.control)
        except (Undecided, Refused) as error:
            words = "".join(c if c.isprintable() else " " for c in str(error))
            return BadRequest(words, hold=isinstance(error, Undecided))
        if isinstance(orders, NotMine):
            return orders
        recipients = sum(len(order.requests) for order in orders)
        if recipients == 0:
            return BadRequest("it names no recipient")
        if recipients > RECIPIENTS:
            return BadRequest(f"it names {recipients} recipients; split it, {RECIPIENTS} are possible")
        return orders

    def understand(self, name: str, control: bytes) -> list[Order] | NotMine:
        """Every dialect's own.  Raises `Refused` and `Undecided`."""
        raise NotImplementedError


def chosen(told: str, value: str, meanings: dict[str, str]) -> str:
    """What is meant by one of several words, in any letter case.  Raises `Refused`."""
    meaning = meanings.get(value.strip().lower())
    if meaning is None:
        raise Refused(f"{told} is “{value.strip()[:40]}”; write {' or '.join(meanings)}")
    return meaning


def filled(**values: str | None) -> dict[str, str]:
    """Those that say something."""
    return {name: value for name, value in values.items() if value}
