"""As much of JSON Schema as our schemas use; an unknown keyword fails rather than passes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_TYPES = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}
_SAY_NOTHING = {"$defs", "$schema", "default", "description", "format", "title", "writeOnly"}


def violations(value: Any, schema: dict[str, Any], root: dict[str, Any], at: str = "") -> Iterator[str]:
    """Where `value` does not fit, and by which keyword."""
    for keyword, wanted in schema.items():
        if keyword in _SAY_NOTHING:
            continue
        yield from _CHECKS[keyword](value, wanted, schema, root, at)


def _ref(value: Any, wanted: Any, schema: Any, root: Any, at: str) -> Iterator[str]:
    yield from violations(value, root["$defs"][wanted.removeprefix("#/$defs/")], root, at)


def _type(value: Any, wanted: Any, schema: Any, root: Any, at: str) -> Iterator[str]:
    if not isinstance(value, _TYPES[wanted]) or (isinstance(value, bool) and wanted != "boolean"):
        yield f"{at}: type {wanted}"


def _properties(value: Any, wanted: Any, schema: Any, root: Any, at: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key in value.keys() & wanted.keys():
            yield from violations(value[key], wanted[key], root, f"{at}.{key}")


def _additional(value: Any, wanted: Any, schema: Any, root: Any, at: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key in value.keys() - schema.get("properties", {}).keys():
            if wanted is False:
                yield f"{at}.{key}: additionalProperties"
            elif wanted is not True:
                yield from violations(value[key], wanted, root, f"{at}.{key}")


def _names(value: Any, wanted: Any, schema: Any, root: Any, at: str) -> Iterator[str]:
    for key in value if isinstance(value, dict) else ():
        yield from violations(key, wanted, root, f"{at}.{key}")


def _items(value: Any, wanted: Any, schema: Any, root: Any, at: str) -> Iterator[str]:
    if isinstance(value, list):
        for i, item in enumerate(value):
            yield from violations(item, wanted, root, f"{at}[{i}]")


def _any_of(value: Any, wanted: Any, schema: Any, root: Any, at: str) -> Iterator[str]:
    if all(list(violations(value, one, root, at)) for one in wanted):
        yield f"{at}: anyOf"


def _one_of(value: Any, wanted: Any, schema: Any, root: Any, at: str) -> Iterator[str]:
    results = [list(violations(value, one, root, at)) for one in wanted]
    if results.count([]) != 1:
        yield f"{at}: oneOf"
        yield from min(results, key=len)


def _required(value: Any, wanted: Any, schema: Any, root: Any, at: str) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (f"{at}: required {key}" for key in wanted if key not in value)


def _test(name: str, holds: Any) -> Any:
    def check(value: Any, wanted: Any, schema: Any, root: Any, at: str) -> Iterator[str]:
        if not holds(value, wanted):
            yield f"{at}: {name}"

    return check


_CHECKS = {
    "$ref": _ref,
    "type": _type,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "required": _required,
    "enum": _test("enum", lambda value, wanted: value in wanted),
    "const": _test("const", lambda value, wanted: value == wanted),
    "pattern": _test("pattern", lambda value, wanted: not isinstance(value, str) or re.search(wanted, value)),
    "minLength": _test("minLength", lambda value, wanted: not isinstance(value, str) or len(value) >= wanted),
    "maxLength": _test("maxLength", lambda value, wanted: not isinstance(value, str) or len(value) <= wanted),
    "minItems": _test("minItems", lambda value, wanted: not isinstance(value, list) or len(value) >= wanted),
    "maxItems": _test("maxItems", lambda value, wanted: not isinstance(value, list) or len(value) <= wanted),
    "maxProperties": _test("maxProperties", lambda value, wanted: not isinstance(value, dict) or len(value) <= wanted),
    "propertyNames": _names,
    "minProperties": _test("minProperties", lambda value, wanted: not isinstance(value, dict) or len(value) >= wanted),
    "minimum": _test("minimum", lambda value, wanted: not isinstance(value, (int, float)) or value >= wanted),
    "maximum": _test("maximum", lambda value, wanted: not isinstance(value, (int, float)) or value <= wanted),
    "exclusiveMinimum": _test(
        "exclusiveMinimum", lambda value, wanted: not isinstance(value, (int, float)) or value > wanted
    ),
}
