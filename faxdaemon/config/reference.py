"""The tables of docs/configuration.md, made from the types.

Promise   `refresh` puts the tables between their two marks in a page and changes nothing else; a test compares the page
          with its own refreshed form, so a key cannot be added without its line in the reference.
Needs     the JSON Schema.
Crash     keeps nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from faxdaemon import plugins
from faxdaemon.config.kinds import PROVIDERS, SINKS
from faxdaemon.config.schema import json_schema, polish
from faxdaemon.options import DURATION_PATTERN, Account

BEGIN = "<!-- reference: generated from the types; see faxdaemon/config/reference.py -->"
END = "<!-- end of the reference -->"


def refresh(page: str) -> str:
    """`page` with the tables as they should be; `ValueError` when it lacks the marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page must contain “{BEGIN}” and “{END}”")
    return f"{before}{BEGIN}\n\n{reference()}\n{END}{after}"


def reference() -> str:
    """Every key, section by section."""
    schema = json_schema()
    parts = schema["$defs"]
    common = Account.model_json_schema()
    polish(common)
    common["properties"]["provider"]["enum"] = list(plugins.names(PROVIDERS))
    text = [_table("Top level", schema, parts), _table("`accounts.<name>`, every provider", common, parts)]
    for key, inner in _inner(common, parts):
        text.append(_table(f"`accounts.<name>.{key}`, every provider", inner, parts))
    for name in plugins.names(PROVIDERS):
        part = _own(parts[f"account-{name}"], common)
        text.append(_table(f"`accounts.<name>` with `provider: {name}`", part, parts))
        for key, inner in _inner(part, parts):
            text.append(_table(f"`accounts.<name>.{key}` with `provider: {name}`", inner, parts))
    text.append(_table("`outbound[]`", parts["DropFolder"], parts))
    text += [
        _table(f"`outbound[].{key}`", inner, parts)
        for key, inner in _inner(parts["DropFolder"], parts)
        if key == "notices"
    ]
    text.append(_table("`safety`, and without its last key `outbound[].safety`", parts["SiteSafety"], parts))
    text.append(_table("`inbound[]`", parts["InboundAccount"], parts))
    text.append(_table("`inbound[].lines.<number>`", parts["Line"], parts))
    text.append(_table("`inbound[].rules[]`", parts["Rule"], parts))
    text += [
        _table(f"`{name}`, as a destination in `lines` and `rules`", parts[f"sink-{name}"], parts)
        for name in plugins.names(SINKS)
    ]
    text.append(_table("`mail`", parts["MailServer"], parts))
    text.append(_table("`alerts`", parts["Alerting"], parts))
    text += [_table(f"`alerts.{key}[]`", inner, parts) for key, inner in _inner(parts["Alerting"], parts)]
    text.append(_table("`web`", parts["Web"], parts))
    text.append(_table("`log`", parts["Log"], parts))
    return "\n".join(text)


def _own(part: Mapping[str, Any], common: Mapping[str, Any]) -> dict[str, Any]:
    """A provider's own keys, and the common ones that it has another default for."""
    usual = common["properties"]
    own = {
        key: field
        for key, field in part["properties"].items()
        if key not in usual or (key != "provider" and field.get("default") != usual[key].get("default"))
    }
    return {**part, "properties": own}


def _inner(part: Mapping[str, Any], parts: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The keys of a part that are sections themselves."""
    for key, field in part["properties"].items():
        for kind in (field, field.get("items", {}), *field.get("anyOf", ())):
            inner = parts.get(str(kind.get("$ref", "")).removeprefix("#/$defs/"), {})
            if "properties" in inner:
                yield key, inner


def _table(title: str, part: Mapping[str, Any], parts: Mapping[str, Any]) -> str:
    rows = [f"### {title}", "", "| key | type | default | meaning |", "|---|---|---|---|"]
    required = part.get("required", ())
    for key, field in part["properties"].items():
        default = "required" if key in required else _default(field)
        words = " ".join(str(field.get("description") or _described(field, parts)).split())
        rows.append(" | ".join((f"| `{key}`", " or ".join(_kinds(field)), default, words.replace("|", "\\|") + " |")))
    return "\n".join((*rows, ""))


def _described(field: Mapping[str, Any], parts: Mapping[str, Any]) -> str:
    ref = str(field.get("$ref", "")).removeprefix("#/$defs/")
    return str(parts.get(ref, {}).get("description", ""))


def _default(field: Mapping[str, Any]) -> str:
    value = field.get("default")
    if value is None or value == "" or isinstance(value, dict):
        return ""
    if isinstance(value, list):
        return f"`[{', '.join(map(str, value))}]`"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{' '.join(text.split())}`"  # a row of a table is one line


def _kinds(field: Mapping[str, Any]) -> Iterator[str]:
    """What may be written, in a word or two."""
    for kind in field.get("anyOf", ()):
        if kind.get("type") != "null":
            yield from _kinds(kind)
    if "const" in field:
        yield f"`{field['const']}`"
    elif "enum" in field:
        yield ", ".join(f"`{value}`" for value in field["enum"])
    elif field.get("pattern") == DURATION_PATTERN:
        yield "time"
    elif field.get("format") in {"path", "password"}:
        yield {"path": "path", "password": "secret"}[field["format"]]
    elif field.get("type") == "array":
        yield f"list of {' or '.join(_kinds(field['items']))}"
    elif "$ref" in field or field.get("type") == "object":
        yield "keys"
    elif "anyOf" not in field:
        limits = f" {field['minimum']} to {field['maximum']}" if "minimum" in field and "maximum" in field else ""
        words = {"string": "text", "integer": "whole number", "number": "number", "boolean": "`true`, `false`"}
        yield words.get(str(field.get("type")), "anything") + limits
