"""Reading file names: `{number}[_{name}][_{reference}]`.

A field in braces takes one or more characters, as few as the rest allows; a part in brackets may be missing and may
hold further optional parts; all other text stands for itself.  `{{`, `}}`, `[[` and `]]` are the characters themselves
(where two optional parts end together, `]]` ends both).  The last field takes everything that is left.

Promise   matching takes time proportional to pattern length times name length, whatever the name.
Needs     nothing.
Crash     keeps nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn

_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class _Literal:
    char: str


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    position: int


@dataclass(frozen=True, slots=True)
class _Optional:
    items: tuple[_Item, ...]


_Item = _Literal | _Field | _Optional

# The program that an automaton of one thread a state runs.  `any` consumes one character of a field, `fork` tries its
# first way before its second; a (place, character) that failed once fails always, so none is tried twice.


@dataclass(frozen=True, slots=True)
class Step:
    act: str
    text: str = ""
    ways: tuple[int, int] = (0, 0)

    def takes(self, char: str) -> bool:
        """Whether it consumes this character."""
        return self.act == "any" or char == self.text


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern; `fields` in the order of their appearance."""

    text: str
    fields: tuple[str, ...]
    _program: tuple[Step, ...] = field(repr=False)
    _items: tuple[_Item, ...] = field(default=(), repr=False)

    def fill(self, values: Mapping[str, str]) -> str | None:
        """A name with these fields; None where one is missing, or the pattern cannot be written."""
        return _filled(self._items, values) or None

    def match(self, stem: str) -> dict[str, str] | None:
        """The fields that are present in `stem` (a name without its suffix), or None when it does not follow the
        pattern."""
        stem = unicodedata.normalize("NFC", stem)
        tried: set[tuple[int, int]] = set()
        # Each entry: where in the program, where in the name, and the marks (field, start, end) as a linked list.
        waiting: list[tuple[int, int, _Marks]] = [(0, 0, None)]
        while waiting:
            place, at, marks = waiting.pop()
            if (place, at) in tried:
                continue
            tried.add((place, at))
            step = self._program[place]
            if step.act == "end":
                if at == len(stem):
                    return _fields(stem, marks)
            elif step.act == "fork":
                waiting.append((step.ways[1], at, marks))
                waiting.append((step.ways[0], at, marks))
            elif step.act in {"open", "close"}:
                waiting.append((place + 1, at, (step.text, at, marks)))
            elif at < len(stem) and step.takes(stem[at]):
                waiting.append((place + 1, at + 1, marks))
        return None


_Marks = tuple[str, int, "_Marks"] | None


def _filled(items: tuple[_Item, ...], values: Mapping[str, str]) -> str | None:
    pieces: list[str] = []
    for item in items:
        if isinstance(item, _Field) and not values.get(item.name):
            return None
        if isinstance(item, _Field):
            pieces.append(values[item.name])
        else:
            pieces.append(item.char if isinstance(item, _Literal) else _filled(item.items, values) or "")
    return "".join(pieces)


def _fields(stem: str, marks: _Marks) -> dict[str, str]:
    ends: dict[str, int] = {}
    found: list[tuple[str, str]] = []
    while marks is not None:
        name, at, marks = marks
        if name in ends:
            found.append((name, stem[at : ends[name]]))
        else:
            ends[name] = at
    return dict(reversed(found))


def compile_pattern(pattern: str) -> Pattern:
    """Compile; `ValueError` says what is wrong and where (characters are counted from 1)."""
    parser = _Parser(unicodedata.normalize("NFC", pattern))
    items = parser.sequence(0)
    if not items:
        raise ValueError("the pattern is empty; write at least {number}")
    _separated(items, False)
    program: list[Step] = []
    _emit(items, program)
    program.append(Step("end"))
    return Pattern(pattern, tuple(parser.names), tuple(program), items)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.names: list[str] = []

    def sequence(self, depth: int) -> tuple[_Item, ...]:
        """Items up to the end, or up to the bracket that ends this optional part."""
        items: list[_Item] = []
        while self.at < len(self.text):
            char, pair = self.text[self.at], self.text[self.at : self.at + 2]
            if pair in {"{{", "}}", "[["} or (pair == "]]" and depth < 2):
                items.append(_Literal(char))
                self.at += 2
            elif char == "{":
                items.append(self.field())
            elif char == "[":
                items.append(self.optional(depth))
            elif char == "]" and depth:
                return tuple(items)
            elif char in "]}":
                _wrong(f"“{char}” without its beginning", self.at, f"write {char}{char} for the character itself")
            else:
                items.append(_Literal(char))
                self.at += 1
        return tuple(items)

    def field(self) -> _Field:
        start = self.at
        end = self.text.find("}", start)
        if end < 0:
            _wrong("a field is begun with “{” and never ended", start, "add “}”")
        name = self.text[start + 1 : end]
        if not name:
            _wrong("a field without a name", start, "write {name}")
        if not _FIELD.fullmatch(name):
            _wrong(f"“{name}” is no field name", start, "use letters, digits and “_”")
        if name in self.names:
            _wrong(f"the field {{{name}}} appears twice", start, "give one of them another name")
        self.names.append(name)
        self.at = end + 1
        return _Field(name, start)

    def optional(self, depth: int) -> _Optional:
        start = self.at
        self.at += 1
        items = self.sequence(depth + 1)
        if self.at >= len(self.text):
            _wrong("an optional part is begun with “[” and never ended", start, "add “]”")
        if not items:
            _wrong("an optional part with nothing in it", start, "remove it, or write [[ and ]] for brackets")
        self.at += 1
        return _Optional(items)


def _wrong(what: str, index: int, advice: str) -> NoReturn:
    raise ValueError(f"{what} at character {index + 1}; {advice}")


def _separated(items: tuple[_Item, ...], after_field: bool) -> bool:
    """Refuse two fields that may stand side by side: nobody could tell where the first ends.  Returns whether a field
    may be the last thing before what follows."""
    for item in items:
        if isinstance(item, _Optional):
            after_field = _separated(item.items, after_field) or after_field
        elif isinstance(item, _Field):
            if after_field:
                _wrong(f"nothing separates {{{item.name}}} from the field before it", item.position, "put “_” between")
            after_field = True
        else:
            after_field = False
    return after_field


def _emit(items: tuple[_Item, ...], program: list[Step]) -> None:
    for item in items:
        if isinstance(item, _Literal):
            program.append(Step("char", item.char))
        elif isinstance(item, _Field):
            first = len(program) + 1
            program += [Step("open", item.name), Step("any"), Step("fork", ways=(first + 2, first))]
            program.append(Step("close", item.name))
        else:
            fork = len(program)
            program.append(Step("fork"))
            _emit(item.items, program)
            program[fork] = Step("fork", ways=(fork + 1, len(program)))
