"""Reading file names by a regular expression with named groups: `regex:(?P<number>[0-9]+)-(?P<name>.+)`.

Promise   matching takes time proportional to expression times name, whatever both are: Python's own matcher can take
          for ever on a name of fifty characters.  It gives the groups that Python's would.
Needs     nothing.
Crash     keeps nothing.

For that promise some of Python's language is left out, and refused by name: backreferences, looking ahead and behind,
atomic groups, possessive quantifiers, `\\b` and its like.  The whole name must match, without its suffix, so that `^`
and `$` say nothing more; they are taken at the ends only.  `(?i)` at the beginning ignores letter case.
"""

from __future__ import annotations

import re
import unicodedata
import warnings
from typing import NoReturn

from faxdaemon.core.patterns import Pattern, Step

STEPS = 2000
"""Of one compiled expression: room for a hundred characters and some repetitions."""

_WORK = 20 * STEPS
"""Of compiling: what is repeated within what is repeated is read many times."""
_CLASSES = frozenset("dDsSwW")
_COUNT = re.compile(r"\{(\d*)(?:(,)(\d*))?\}")
_GROUP = re.compile(r"\((?:\?P<(?P<name>\w+)>|(?P<plain>\?:))?")


def compile_regular(expression: str) -> Pattern:
    """Compile; `ValueError` says what is wrong and where (characters are counted from 1)."""
    expression = unicodedata.normalize("NFC", expression)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            fields = tuple(re.compile(expression).groupindex)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        raise ValueError(f"is no regular expression: {error}") from None
    parser = _Parser(expression)
    parser.alternatives()
    if parser.at < len(expression):
        _wrong("“)” without its beginning", parser.at)
    parser.program.append(Step("end"))
    return Pattern(f"regex:{expression}", fields, tuple(parser.program))


class _Parser:
    """Emits while it reads; what is repeated is read again for each copy."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 4 if text.startswith("(?i)") else 0
        self.flags = re.IGNORECASE if self.at else re.NOFLAG
        self.program: list[Step] = []
        self.emitted = 0
        if text.startswith("^", self.at):
            self.at += 1

    def alternatives(self) -> None:
        """One or more, up to `)` or the end."""
        ends: list[int] = []
        while True:
            fork = self._emit(Step("fork"))
            self._sequence()
            if not self.text.startswith("|", self.at):
                self.program[fork] = Step("fork", ways=(fork + 1, fork + 1))
                break
            self.at += 1
            ends.append(self._emit(Step("fork")))
            self.program[fork] = Step("fork", ways=(fork + 1, len(self.program)))
        for end in ends:
            self.program[end] = Step("fork", ways=(len(self.program), len(self.program)))

    def _sequence(self) -> None:
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            if self.text[self.at] == "$" and self.at == len(self.text) - 1:
                self.at += 1
                return
            self._repeated()

    def _repeated(self) -> None:
        """An atom with what says how often."""
        start, begin = self.at, len(self.program)
        self._atom()
        found = self._quantifier()
        if found is None:
            return
        least, most, lazy = found
        after = self.at
        del self.program[begin:]
        for _ in range(least):
            self._again(start)
        if most is None:
            fork = self._emit(Step("fork"))
            self._again(start)
            self._emit(Step("fork", ways=(fork, fork)))
            self._split(fork, lazy)
        else:
            forks = []
            for _ in range(most - least):
                forks.append(self._emit(Step("fork")))
                self._again(start)
            for fork in forks:
                self._split(fork, lazy)
        self.at = after

    def _again(self, start: int) -> None:
        self.at = start
        self._atom()

    def _split(self, fork: int, lazy: bool) -> None:
        inside, outside = fork + 1, len(self.program)
        self.program[fork] = Step("fork", ways=(outside, inside) if lazy else (inside, outside))

    def _quantifier(self) -> tuple[int, int | None, bool] | None:
        """At least, at most, and whether as few as possible; None where the atom stands once."""
        sign = self.text[self.at : self.at + 1]
        count = _COUNT.match(self.text, self.at)
        if sign and sign in "*+?":
            least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
            self.at += 1
        elif count and count[0] not in {"{}", "{,}"}:
            least = int(count[1] or 0)
            most = least if not count[2] else int(count[3]) if count[3] else None
            self.at = count.end()
        else:
            return None
        lazy = self.text.startswith("?", self.at)
        self.at += lazy
        if not lazy and self.text.startswith("+", self.at):
            _wrong("a possessive quantifier is not possible here", self.at)
        return least, most, lazy

    def _atom(self) -> None:
        start, char = self.at, self.text[self.at]
        if char == "(":
            self._group()
        elif char == "[":
            self.at = self._class_end()
            self._one(self.text[start : self.at])
        elif char == "\\":
            self.at += 2
            self._one(self._escaped(start))
        elif char in "^$":
            _wrong(f"“{char}” is possible at the {'beginning' if char == '^' else 'end'} only", start)
        else:
            self.at += 1
            self._one("." if char == "." else re.escape(char))

    def _group(self) -> None:
        start = self.at
        found = _GROUP.match(self.text, start)
        if found is None or (found[0] == "(" and self.text.startswith("?", start + 1)):
            _wrong(f"“{self.text[start : start + 4]}” is not possible here", start)
        self.at = found.end()
        name = found["name"]
        if name:
            self._emit(Step("open", name))
        self.alternatives()
        self.at += 1  # the end of the group, which Python has seen to be there
        if name:
            self._emit(Step("close", name))

    def _class_end(self) -> int:
        """Behind the `]` that ends the class."""
        at = self.at + 1
        at += self.text.startswith("^", at)
        at += self.text.startswith("]", at)
        while self.text[at] != "]":
            at += 2 if self.text[at] == "\\" else 1
        return at + 1

    def _escaped(self, start: int) -> str:
        char = self.text[start + 1]
        if char.isalnum() and char not in _CLASSES:
            _wrong(f"“\\{char}” is not possible here", start)
        return "\\" + char

    def _one(self, kind: str) -> None:
        self._emit(Step("kind", kind=re.compile(kind, self.flags | re.DOTALL)))

    def _emit(self, step: Step) -> int:
        self.emitted += 1
        if len(self.program) >= STEPS or self.emitted >= _WORK:
            _wrong("the expression is too large, perhaps by its repetitions; write + or * in place of numbers", self.at)
        self.program.append(step)
        return len(self.program) - 1


def _wrong(what: str, index: int) -> NoReturn:
    raise ValueError(f"{what} (character {index + 1} of the expression)")
