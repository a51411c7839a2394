"""What dialects have in common whose control file is text in lines.

Promise   how it was decoded is recorded with each order; a line that cannot be followed is told by its number.
Needs     the bytes of the control file.
Crash     keeps nothing.

`sorted_out` is for dialects whose keys are free (CSV, key=value): words that mean number, name, reference, account or a
wish are that; what is nearly such a word is refused, for it would get lost; all others are the asker's own fields.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from faxdaemon.contracts.format import NotMine, Order
from faxdaemon.core.model import Request
from faxdaemon.core.wishes import VOCABULARY
from faxdaemon.formats._control import ControlDialect, Refused
from faxdaemon.formats._text import Text, decode

_PHONE = re.compile(r"\+?[0-9 ().\-/\[\]]+")
_DIGIT = re.compile(r"[0-9]")


class Wrong(Refused):
    """What cannot be followed, with its line (counted from 1) where there is one."""

    def __init__(self, line: int | None, words: str) -> None:
        super().__init__(words if line is None else f"line {line}: {words}")


class LinesDialect(ControlDialect):
    """A dialect whose control file is text: `follow` says how."""

    def understand(self, name: str, control: bytes) -> list[Order] | NotMine:  # noqa: ARG002 - the text says it all
        """What `follow` makes of the text."""
        text = decode(control, self.folder.encoding)
        orders = self.follow(text)
        if isinstance(orders, NotMine):
            return orders
        return [replace(order, encoding=text.encoding) for order in orders]

    def follow(self, text: Text) -> list[Order] | NotMine:
        """Every dialect's own.  Raises `Refused`."""
        raise NotImplementedError


def short(text: str) -> str:
    """A word of the file, fit for a message: printable, and no longer than a person reads."""
    return "".join(c if c.isprintable() else " " for c in text[:40]).strip()


def looks_like_number(text: str) -> bool:
    """Whether it can be a fax number and nothing else: digits, and what people put between them."""
    return bool(_PHONE.fullmatch(text)) and 5 <= len(_DIGIT.findall(text)) <= 20


def unquoted(value: str) -> str:
    """Without the quotes around it and the blanks around these."""
    value = value.strip()
    return value[1:-1].strip() if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


# -- free keys

_MEANINGS: Mapping[str, tuple[str, ...]] = {
    "number": ("number", "to", "fax", "faxnumber", "fax_number", "faxno", "fax_no", "recipient_fax"),
    "name": ("name", "recipient", "recipient_name", "recipientname", "to_name"),
    "reference": ("reference", "ref"),
    "account": ("account",),
}
_WORDS = {word: meaning for meaning, words in _MEANINGS.items() for word in words}
_NEAR = 0.85
"""Of `difflib`: `resolutoin` is near `resolution`, `user` is near nothing."""


@dataclass
class Asked:
    """What was said of one recipient, or of all."""

    number: str | None = None
    name: str | None = None
    reference: str | None = None
    account: str | None = None
    options: dict[str, str] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)

    def request(self, line: int | None) -> Request:
        """One recipient.  Raises `Wrong` without a number."""
        if not self.number:
            raise Wrong(line, "it has no fax number")
        return Request(self.number, self.name, self.reference, self.fields, self.options, self.account)


def meaning(key: str, line: int | None, others: Iterable[str] = ()) -> str:
    """What a free key means: `number`, `name`, `reference`, `account`, one of `others`, a wish, or itself, a field.
    Raises `Wrong` for one that is nearly a word."""
    word = "_".join(re.split(r"[\s.\-]+", key.strip().lower()))
    known = {**_WORDS, **{other: other for other in others}, **{wish: wish for wish in VOCABULARY}}
    if word in known:
        return known[word]
    near = difflib.get_close_matches(word, known, 1, _NEAR)
    if near:
        raise Wrong(line, f"“{short(key)}” is not known here; did you mean {near[0]}?")
    return key.strip()


def sorted_out(pairs: Iterable[tuple[str, str]]) -> Asked:
    """Meanings, with their values, in their places; empty values say nothing."""
    asked = Asked()
    for what, value in pairs:
        if not value:
            continue
        if what in _MEANINGS:
            setattr(asked, what, value)
        elif what in VOCABULARY:
            asked.options[what] = value
        else:
            asked.fields[what] = value
    return asked
