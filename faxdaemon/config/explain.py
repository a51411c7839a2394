"""Mistakes in people's words: what is wrong at a place of the file, and what would be right.

Promise   `judge` turns what pydantic found into problems at the nearest line, and adds what pydantic cannot see: keys
          that are not known (with the nearest that is), secrets written out, relative paths, `true` for a number.
          A value that came from a `${...}` reference, or that stands where a secret belongs, is never repeated.
Needs     the parsed source; the sections that judged it (`faxdaemon.options.Reading`).
Crash     keeps nothing.
"""

from __future__ import annotations

import difflib
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo

from faxdaemon.config import source as yaml
from faxdaemon.config.secrets import ADVICE
from faxdaemon.options import Reading, Section

_HIDDEN_PARTS = {"sinks"}
"""Attributes that are no level of the file."""


def judge(source: yaml.Source, error: ValidationError | None, reading: Reading) -> None:
    """Add every problem of validation to `source`; one a place, the most telling first."""
    told = {problem.path for problem in source.problems}
    meant: set[yaml.Path] = set()
    sections = {id(data): cls for cls, data in reading.judged}
    for path, cls, data in _sections(source.data, (), sections):
        for where, message in _section(path, cls, data):
            if where not in told:
                told.add(where)
                source.add(where, message)
            meant.update((*path, key) for key in difflib.get_close_matches(str(where[-1]), cls.known_keys(), 1))
    for item in error.errors(include_url=False) if error else ():
        path = place(source, item["loc"])
        value = source.at(path)
        if path in told or isinstance(value, yaml.Failed) or item["type"] == "extra_forbidden":
            continue
        if item["type"] == "missing" and path in meant:
            continue  # it is there, misspelt, and that is reported
        told.add(path)
        source.add(path, _words(item, value, sections.get(id(source.at(path[:-1]))), path))


def place(source: yaml.Source, location: Sequence[str | int]) -> yaml.Path:
    """Pydantic's location as a place in the file; a key that is missing there stays as the last part."""
    path: yaml.Path = ()
    for part in location:
        here = source.at(path)
        if (*path, part) in source.lines:
            path = (*path, part)
        elif part in _HIDDEN_PARTS and isinstance(here, dict):
            continue
        elif isinstance(here, dict) and part != "[key]":
            return (*path, part)
        else:
            return path
    return path


def unknown(name: str, allowed: Sequence[str]) -> str:
    """`did you mean ...?` with all that is allowed."""
    near = difflib.get_close_matches(name, allowed, 1)
    listed = ", ".join(allowed)
    return f"did you mean “{near[0]}”? (known: {listed})" if near else f"known: {listed}"


def _sections(
    value: Any, path: yaml.Path, sections: Mapping[int, type[Section]]
) -> Iterator[tuple[yaml.Path, type[Section], dict[str, Any]]]:
    """Every part of the data that a section judged."""
    if isinstance(value, dict):
        if id(value) in sections:
            yield path, sections[id(value)], value
        for key, inner in value.items():
            yield from _sections(inner, (*path, key), sections)
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _sections(inner, (*path, i), sections)


def _section(path: yaml.Path, cls: type[Section], data: dict[str, Any]) -> Iterator[tuple[yaml.Path, str]]:
    """What only the file shows: pydantic would take these or name them badly."""
    allowed = cls.known_keys()
    for key, value in data.items():
        if key not in allowed:
            yield (*path, key), f"is not known here; {unknown(key, allowed)}"
            continue
        field = _field(cls, key)
        if field is None or isinstance(value, yaml.Failed):
            continue
        kinds = set(_kinds(field.annotation))
        if SecretStr in kinds and value is not None and not isinstance(value, yaml.Resolved):
            yield (*path, key), f"a secret is not written here; {ADVICE}"
        elif value is True or value is False:
            if bool not in kinds and typing.Any not in kinds:
                yield (*path, key), f"is {str(value).lower()}, which means nothing here; {_wanted(key, field)}"
        elif Path in kinds and isinstance(value, str) and not value.isprintable():
            yield (*path, key), "contains a control character; write backslashes in single quotes, as in 'C:\\Fax\\Out'"
        elif Path in kinds and isinstance(value, str) and not Path(value).is_absolute():
            yield (*path, key), f"{_quoted(value)} is not an absolute path; write it from the root, such as /srv/fax"


def _field(cls: type[Section], key: str) -> FieldInfo | None:
    """The field behind a key of the file."""
    return next((field for name, field in cls.model_fields.items() if (field.alias or name) == key), None)


def _kinds(annotation: Any) -> Iterator[Any]:
    """The types that an annotation is made of."""
    yield annotation
    for inner in typing.get_args(annotation):
        yield from _kinds(inner)


def _words(item: Any, value: Any, cls: type[Section] | None, path: yaml.Path) -> str:
    kind: str = item["type"]
    field = _field(cls, str(path[-1])) if cls and path else None
    wanted = _wanted(str(path[-1]) if path else "key", field)
    if kind == "missing":
        return f"is missing; {wanted}"
    if isinstance(value, yaml.Resolved):
        return f"what {value.source} gives does not fit here; {wanted}"
    if kind in {"value_error", "part"}:
        error = item.get("ctx", {}).get("error")
        return str(error) if error else str(item["msg"])
    if value is None:
        return f"is empty; {_KEYS_BELOW if kind in _NEEDS_KEYS else wanted}, or remove it"
    words = next((words for kinds, words in _WORDS if kind in kinds), None)
    return words(item.get("ctx", {}), value) if words else f"{item['msg'][:1].lower()}{item['msg'][1:]}; {wanted}"


def _wanted(key: str, field: FieldInfo | None) -> str:
    """What would be right, from the field's own description."""
    if field is None or not field.description:
        return f"write “{key}: …” as docs/configuration.md says"
    words = " ".join(field.description.split()).rstrip(".")
    return f"write “{key}: …” ({words[:1].lower()}{words[1:]})"


def _quoted(value: Any) -> str:
    return f"what {value.source} gives" if isinstance(value, yaml.Resolved) else f"“{value}”"


def _not_text(_: Mapping[str, Any], value: Any) -> str:
    if isinstance(value, (yaml.Integer, yaml.Decimal)):
        return f'{value.source} is a number to YAML and text is wanted; put it in quotes: "{value.source}"'
    return f"must be text, not {_shape(value)}; write it on one line behind the key"


def _shape(value: Any) -> str:
    if isinstance(value, dict):
        return "a set of keys"
    if isinstance(value, list):
        return "a list"
    return f"“{value}”"


def _not_listed(context: Mapping[str, Any], value: Any) -> str:
    expected = str(context.get("expected", "")).replace("'", "").replace(" or ", ", ")
    allowed = expected.split(", ")
    near = difflib.get_close_matches(str(value), allowed, 1)
    hint = f"did you mean “{near[0]}”? (possible: {expected})" if near else f"write one of {expected}"
    return f"“{value}” is not possible here; {hint}" if isinstance(value, str) else f"write one of {expected}"


def _limit(words: str, key: str) -> Callable[[Mapping[str, Any], Any], str]:
    def say(context: Mapping[str, Any], value: Any) -> str:
        return f"{value} is too {words} {context[key]:g}"

    return say


_KEYS_BELOW = "write “key: value” lines, indented below it"
_NEEDS_KEYS = {"dict_type", "model_type", "model_attributes_type"}
_WORDS: tuple[tuple[set[str], Callable[[Mapping[str, Any], Any], str]], ...] = (
    ({"string_type"}, _not_text),
    ({"path_type"}, _not_text),
    ({"literal_error", "enum"}, _not_listed),
    (
        {"int_type", "int_parsing", "int_from_float"},
        lambda _, value: f"must be a whole number, not {_shape(value)}; write digits only, such as 4",
    ),
    ({"float_type", "float_parsing"}, lambda _, value: f"must be a number, not {_shape(value)}"),
    (
        {"bool_type", "bool_parsing"},
        lambda _, value: f"must be true or false, not {_shape(value)}; write one of the two",
    ),
    (
        {"list_type", "tuple_type"},
        lambda _, value: f"must be a list, not {_shape(value)}; write [one, two], or a line “- one” for each",
    ),
    (
        _NEEDS_KEYS,
        lambda _, value: f"must be a set of keys, not {_shape(value)}; {_KEYS_BELOW}",
    ),
    ({"too_short"}, lambda _, __: "is empty; write at least one"),
    ({"greater_than_equal"}, _limit("small; write at least", "ge")),
    ({"greater_than"}, _limit("small; write more than", "gt")),
    ({"less_than_equal"}, _limit("large; write at most", "le")),
    ({"less_than"}, _limit("large; write less than", "lt")),
)
