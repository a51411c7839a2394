"""Writing what is otherwise read: a control file, or a name, that asks for given faxes in one dialect.

Promise   what is written is read again before it is given away: it asks for exactly that, or there is nothing but
          `CannotSay`, which tells what the dialect has no words for.
Needs     a dialect with a `compose`.
Crash     keeps nothing.

For people who set up an application (`faxdaemon config sample`), and for the tests of reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from faxdaemon.contracts.documents import Page
from faxdaemon.contracts.format import CannotSay, FolderAsks, Looks, Order, Papers, Writes
from faxdaemon.core.markup import element
from faxdaemon.core.model import Request
from faxdaemon.core.wishes import BadWish, parse, value_of


def written(dialect: Writes, name: str, orders: Sequence[Order], folder: FolderAsks) -> str:
    """The control file called `name`, the text with codes, or the stem of the document's name.  Raises `CannotSay`."""
    text = dialect.compose(orders)
    if dialect.looks_at is Looks.CONTROL:
        papers = Papers(name, text.encode("utf-8", "replace"))
    elif dialect.looks_at is Looks.NAME:
        papers = Papers(f"{text}.pdf")
    else:
        papers = Papers(name, pages=lambda: (Page(1, text),))
    found = dialect.read(papers)
    if not isinstance(found, list):
        raise CannotSay(getattr(found, "reason", None) or "it cannot be written in this dialect")
    lost = _lost(orders, found, ZoneInfo(folder.timezone))
    if lost:
        raise CannotSay(f"this dialect has no words for it, or not in this combination: {', '.join(sorted(set(lost)))}")
    return text


def _lost(asked: Sequence[Order], found: Sequence[Order], zone: ZoneInfo) -> list[str]:
    """What is not, or not the same, in what was read."""
    if len(asked) != len(found):
        return ["several jobs"]
    lost = []
    for one, other in zip(asked, found, strict=True):
        if (one.documents or ()) != (other.documents or ()):
            lost.append("documents")  # none named are those that come with it, as each dialect has it
        if one.text != other.text:
            lost.append("text")
        if other.hold:
            lost.append("not to be held")
        if len(one.requests) != len(other.requests):
            lost.append("several recipients")
        for wanted, read in zip(one.requests, other.requests, strict=False):
            lost += [word for word in _ATTRIBUTES if getattr(wanted, word) != getattr(read, word)]
            lost += _different(wanted.fields, read.fields)
            lost += _different(_wishes(wanted, zone), _wishes(read, zone))
    return lost


_ATTRIBUTES = ("number", "name", "reference", "account")


def _wishes(request: Request, zone: ZoneInfo) -> Mapping[str, Any]:
    try:
        return parse(request.options, zone)
    except BadWish as error:
        raise CannotSay(str(error)) from None


def _different(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    return [key for key in {**one, **other} if one.get(key) != other.get(key)]


# -- for those who compose


def only(orders: Sequence[Order]) -> Order:
    """The one order.  Raises `CannotSay`."""
    if len(orders) != 1:
        raise CannotSay("one file of this dialect asks for one job")
    return orders[0]


def single(orders: Sequence[Order]) -> Request:
    """The one recipient of the one order.  Raises `CannotSay`."""
    order = only(orders)
    if len(order.requests) != 1:
        raise CannotSay("one file of this dialect asks for one recipient")
    return order.requests[0]


def said(request: Request, words: Mapping[str, str]) -> dict[str, str]:
    """What is wished, under the dialect's own words (`word: wish`); empty wishes say nothing."""
    values = {wish: plain(value) for wish, value in request.options.items()}
    return {word: values[wish] for word, wish in words.items() if values.get(wish)}


def plain(value: Any) -> str:
    """A wish as text."""
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def reversed_(meanings: Mapping[str, str]) -> dict[str, str]:
    """The first word for each meaning."""
    return {meaning: word for word, meaning in reversed(list(meanings.items()))}


def moment(request: Request, wish: str, folder: FolderAsks, form: str = "%Y-%m-%d %H:%M:%S") -> str | None:
    """A time that is wished, in the folder's zone, as dialects write it that know no zones.  Raises `CannotSay`."""
    zone = ZoneInfo(folder.timezone)
    value = request.options.get(wish)
    if not value:
        return None
    try:
        return datetime.fromisoformat(value_of(wish, value, zone)).astimezone(zone).strftime(form)
    except BadWish as error:
        raise CannotSay(str(error)) from None


def lines(pairs: Iterable[tuple[str, str | None]], form: Callable[[str, str], str]) -> list[str]:
    """A line for each that says something."""
    return [form(key, value) for key, value in pairs if value]


def tags(pairs: Iterable[tuple[str, str | None]]) -> list[str]:
    """XML elements for those that say something."""
    return lines(pairs, element)


def nested(name: str, inside: Sequence[str]) -> list[str]:
    """An element around others, two blanks deeper."""
    return [f"<{name}>", *(f"  {line}" for line in inside), f"</{name}>"]


def xml(root: Sequence[str]) -> str:
    """A whole file of XML."""
    return "".join(f"{line}\r\n" for line in ('<?xml version="1.0" encoding="utf-8"?>', *root))
