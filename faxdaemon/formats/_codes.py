"""Codes in the text of a document: what all such dialects do with those that they find.

Promise   every code that is read is taken out of what is sent; one that nobody knows, or codes that contradict each
          other, have the fax held.  Without a number there is no order.
Needs     a dialect's own way to find its codes.
Crash     keeps nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from faxdaemon.contracts.documents import Page, Removal
from faxdaemon.contracts.format import NotMine, Order
from faxdaemon.core.model import Request
from faxdaemon.core.wishes import VOCABULARY
from faxdaemon.formats._write import plain, reversed_

NUMBER, NAME, REFERENCE = "number", "name", "reference"
IGNORED = ""
"""The meaning of a code that is known, and asks for nothing that a fax has."""


@dataclass(frozen=True, slots=True)
class Code:
    """One code as it was found."""

    text: str
    """Exactly as it stands on the page."""
    key: str
    value: str


def codes_for(order: Order, meanings: Mapping[str, str], form: Callable[[str, str], str]) -> str:
    """Lines with codes that ask for it, as far as there are such; what is common to all recipients is said by the
    first."""
    known = reversed_(meanings)
    first = order.requests[0]
    told = {
        NAME: first.name,
        REFERENCE: first.reference,
        **{w: plain(v) for w, v in first.options.items()},
        **first.fields,
    }
    values = [(NUMBER, request.number) for request in order.requests]
    values += [(meaning, value) for meaning, value in told.items() if value and meaning in known]
    return "".join(f"{form(known[meaning], value)}\n" for meaning, value in values)


def order_of(
    pages: Sequence[Page], find: Callable[[str], Iterable[Code]], meanings: Mapping[str, str], dialect: str
) -> list[Order] | NotMine:
    """What the codes ask for.  `meanings` maps each known key to `number`, `name`, `reference`, a word of the
    vocabulary, `IGNORED`, or a free field's name."""
    found = [(page.number, code) for page in pages for code in find(page.text)]
    known = [(page, code) for page, code in found if code.key in meanings]
    if not any(meanings[code.key] == NUMBER for _, code in known):
        return NotMine()
    strange = sorted({code.key for _, code in found if code.key not in meanings})
    hold = None
    if strange:
        hold = f"{dialect} has no code {', '.join(strange[:5])} that we know; see that it is not read on the fax"
    numbered: dict[int, set[str]] = {}
    for page, code in known:
        if meanings[code.key] == NUMBER:
            numbered.setdefault(page, set()).add(code.value.strip())
    if len(set(map(frozenset, numbered.values()))) > 1:
        hold = hold or "its first page and its last one have different numbers: perhaps it is several letters in one"
    said: dict[str, dict[str, None]] = {}
    for _, code in known:
        if code.value.strip():
            said.setdefault(meanings[code.key], {})[code.value.strip()] = None
    once = {meaning: list(values) for meaning, values in said.items() if meaning not in {NUMBER, IGNORED}}
    twice = sorted(meaning for meaning, values in once.items() if len(values) > 1 and meaning != "cover_text")
    if twice:
        hold = hold or f"its codes say different things about {', '.join(twice)}"
    told = {meaning: "\n".join(values) for meaning, values in once.items()}
    options = {meaning: value for meaning, value in told.items() if meaning in VOCABULARY}
    fields = {m: value for m, value in told.items() if m not in VOCABULARY and m not in {NAME, REFERENCE}}
    requests = tuple(
        Request(number, told.get(NAME), told.get(REFERENCE), fields, options) for number in said.get(NUMBER, ())
    )
    removals = tuple(dict.fromkeys(Removal(page, code.text) for page, code in found))
    return [Order(requests, removals=removals, hold=hold)] if requests else NotMine()
