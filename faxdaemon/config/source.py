"""The YAML file as plain data that remembers where each part stands.

Promise   `parse` gives dicts, lists and scalars, the line of every key and item, and every problem of form at once:
          keys written twice, tags, keys that are not text.  What cannot be read at all is one problem with its line.
          Only `true` and `false` are booleans, only decimal digits are numbers; `0123`, `1:30`, `no` and dates stay
          the text that stands there, for YAML's own reading of them surprises.
          No message repeats what the file says at a place where a password may stand.
Needs     PyYAML's composer (its nodes carry marks); nothing is constructed by YAML.
Crash     keeps nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

Path = tuple[str | int, ...]
"""A place in the file: keys and positions from the top."""

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_BROKEN = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})\.[0-9]{1,17}")


class Resolved(str):
    """Text that came out of a `${...}` reference: used, but never shown."""

    source: str
    """As written in the file."""


class Failed(Resolved):
    """A reference that could not be resolved; the problem is already reported."""


class Integer(int):
    """A whole number that remembers how it was written."""

    source: str


class Decimal(float):
    """A decimal number that remembers how it was written."""

    source: str


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where, and what is wrong and what would be right."""

    line: int
    path: Path
    message: str

    def text(self, file: str) -> str:
        """`config.yaml:41: outbound[2].account: message`."""
        place = f"{shown(self.path)}: " if self.path else ""
        return f"{file}:{self.line}: {place}{self.message}"


def shown(path: Path) -> str:
    """A place as people write it: `outbound[2].account`, `lines["+13035550100"].name`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_NAME.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f'["{part}"]'
    return text


@dataclass
class Source:
    """A parsed file."""

    data: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    """What is right and perhaps not meant."""
    resolved: list[Resolved] = field(default_factory=list)

    def nearest(self, path: Path) -> Path:
        """The deepest place on the way to `path` that the file has."""
        while path not in self.lines and path:
            path = path[:-1]
        return path

    def line(self, path: Path) -> int:
        """The line (from 1) of the deepest place on the way to `path`."""
        return self.lines.get(self.nearest(path), 1)

    def at(self, path: Path) -> Any:
        """What stands at `path`; None when nothing does."""
        value = self.data
        for part in path:
            if isinstance(value, dict):
                value = value.get(part)
            elif isinstance(value, list) and isinstance(part, int) and part < len(value):
                value = value[part]
            else:
                return None
        return value

    def add(self, path: Path, message: str) -> None:
        """Report a problem at `path`.  What a reference gave is not shown even if a section's own words contain it."""
        self.problems.append(self._problem(path, message))

    def note(self, path: Path, message: str) -> None:
        """Tell what is right and perhaps not meant."""
        self.notes.append(self._problem(path, message))

    def _problem(self, path: Path, message: str) -> Problem:
        for value in self.resolved:
            if len(value) >= 4:  # shorter ones cannot be told from the words around them
                message = message.replace(value, value.source)
        return Problem(self.line(path), path, message)


def parse(text: str, resolve: Callable[[str], str]) -> Source:
    """Read YAML; `resolve` replaces the references in a text and raises `ValueError` with what is wrong with one."""
    source = Source()
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        source.problems.append(_syntax(error, text))
        return source
    if node is not None:
        source.data = _Reader(source, resolve).value(node, ())
    return source


class _Reader:
    """Turns nodes into data."""

    def __init__(self, source: Source, resolve: Callable[[str], str]) -> None:
        self._source = source
        self._resolve = resolve
        self._open: list[yaml.Node] = []

    def value(self, node: yaml.Node, path: Path) -> Any:
        self._source.lines.setdefault(path, node.start_mark.line + 1)
        if not node.tag.startswith("tag:yaml.org,2002:"):
            self._source.add(path, "begins with “!”, which YAML takes for a tag; put the text in quotes")
            return Failed()
        if any(node is outer for outer in self._open):
            self._source.add(path, "contains itself through an alias (*…); write it out")
            return Failed()
        self._open.append(node)
        try:
            if isinstance(node, yaml.MappingNode):
                return dict(self._entries(node, path))
            if isinstance(node, yaml.SequenceNode):
                return [self.value(item, (*path, i)) for i, item in enumerate(node.value)]
            assert isinstance(node, yaml.ScalarNode)
            return self._scalar(node, path)
        finally:
            self._open.pop()

    def _entries(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, Any]]:
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                self._source.problems.append(Problem(line, path, "a key must be text, not a list or a set of keys"))
                continue
            name = str(key.value)
            if name in seen:
                message = f"stands here a second time (first in line {seen[name]}); keep one of them"
                self._source.problems.append(Problem(line, (*path, name), message))
                continue
            seen[name] = line
            self._source.lines[(*path, name)] = line
            yield name, self.value(value, (*path, name))

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Any:
        text: str = node.value
        if node.style is None and not node.tag.endswith(":str"):
            plain = _plain(text)
            if not isinstance(plain, str):
                return plain
        if "${" not in text:
            return text
        result: Resolved
        try:
            result = Resolved(self._resolve(text))
            self._source.resolved.append(result)
        except ValueError as error:
            self._source.add(path, str(error))
            result = Failed()
        result.source = text
        return result


def _plain(text: str) -> Any:
    """What an unquoted scalar means."""
    if text in {"", "~", "null", "Null", "NULL"}:
        return None
    if text in {"true", "True", "TRUE", "false", "False", "FALSE"}:
        return text.lower() == "true"
    number: Integer | Decimal
    if _WHOLE.fullmatch(text):
        number = Integer(text)
    elif _BROKEN.fullmatch(text):
        number = Decimal(text)
    else:
        return text
    number.source = text
    return number


_SYNTAX = (
    ("undefined alias", "a value that begins with “*” is an alias to YAML, and none has that name; put it in quotes"),
    ("unknown escape", "in double quotes a backslash begins an escape; use single quotes, as in 'C:\\Fax\\Out'"),
    ("expected a single document", "a second document begins here (“---”); the configuration is one document"),
    ("cannot start any token", "a value cannot begin with this character; put the value in quotes"),
    (
        "mapping values are not",
        "a “:” cannot stand here; indent like the lines around, or put a value with “: ” in quotes",
    ),
    ("could not find expected ':'", "this is no “key: value”; write a “:” and a space after the key"),
    ("expected <block end>", "this does not fit the lines above; indent it like them, and close quotes and brackets"),
    ("unexpected end of stream", "the quote that is opened here is never closed; close it"),
    ("expected ',' or", "the bracket that is opened here is not closed, or lacks a comma; close it"),
    ("duplicate anchor", "the same anchor (&…) is defined twice; use each name once"),
    ("special characters", "a control character stands here; remove it"),
)
_BEGAN = ("unexpected end of stream", "could not find expected ':'", "expected ',' or")
"""Mistakes that stand where the thing began, not where the parser gave up."""


def _syntax(error: yaml.YAMLError, text: str) -> Problem:
    """PyYAML's words for what people do wrong, in ours.  Its snippets are left out: they may hold a password."""
    detail = " ".join(str(getattr(error, part, None) or "") for part in ("context", "problem", "reason"))
    mark = getattr(error, "problem_mark", None)
    if any(words in detail for words in _BEGAN):
        mark = getattr(error, "context_mark", None) or mark
    position = getattr(error, "position", None)
    before = position if isinstance(position, int) else 0
    line = mark.line + 1 if mark is not None else text.count("\n", 0, before) + 1
    tabbed = _tab(text.splitlines(), line)
    if tabbed:
        return Problem(tabbed, (), "a tab stands in the indentation; YAML wants spaces")
    for words, ours in _SYNTAX:
        if words in detail:
            return Problem(line, (), ours)
    return Problem(line, (), "this is not YAML; see that indentation, quotes and brackets fit the lines around it")


def _tab(rows: list[str], line: int) -> int | None:
    """The line at or just before `line` that is indented with a tab."""
    for number in (line, line - 1):
        if 1 <= number <= len(rows):
            row = rows[number - 1]
            if "\t" in row[: len(row) - len(row.lstrip())]:
                return number
    return None


def items(source: Source, *path: str | int) -> list[tuple[Path, Any]]:
    """The parts of a list or a set of keys, with their places; none when it is something else."""
    value = source.at(path)
    if isinstance(value, list):
        return [((*path, i), one) for i, one in enumerate(value)]
    if isinstance(value, dict):
        return [((*path, key), one) for key, one in value.items()]
    return []


def text_at(source: Source, path: Path) -> str | None:
    """The text at a place; None when there is none, or a reference in it could not be resolved."""
    value = source.at(path)
    return value if isinstance(value, str) and not isinstance(value, Failed) else None


def there(source: Source, path: Path) -> str:
    """How another place is named: `outbound[0].folder (line 12)`."""
    return f"{shown(path)} (line {source.line(path)})"
