"""The JSON Schema of the configuration, for editors: `faxdaemon config schema`.

Promise   generated from the types that validate the file, each provider's and sink's `Options` included, so the two
          cannot disagree.  A secret must look like a reference, times like times.
Needs     every provider and sink module (it imports them all; only this command and the reference do).
Crash     keeps nothing.
"""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import models_json_schema

from faxdaemon import plugins
from faxdaemon.config.kinds import FORMATS, PROVIDERS, SINKS, options
from faxdaemon.config.types import Settings
from faxdaemon.options import DURATION_PATTERN, Section, written

SECRET_PATTERN = r"\$\{(env|file|credential|keyring):[^{}]+\}"  # noqa: S105 - the form of a reference, not a secret


def json_schema() -> dict[str, Any]:
    """The schema of the whole file (draft 2020-12)."""
    parts = {
        **{f"account-{name}": options(PROVIDERS, name) for name in plugins.names(PROVIDERS)},
        **{f"sink-{name}": options(SINKS, name) for name in plugins.names(SINKS)},
    }
    models: list[type[Section]] = [Settings, *parts.values()]
    refs, top = models_json_schema([(model, "validation") for model in models], by_alias=True)
    definitions = top["$defs"]
    for name, model in parts.items():
        definitions[name] = definitions.pop(_name(refs[model, "validation"]))
    settings = definitions.pop("Settings")
    for name in plugins.names(PROVIDERS):
        definitions[f"account-{name}"]["properties"]["provider"]["const"] = name
    settings["properties"]["accounts"]["additionalProperties"] = {
        "oneOf": [{"$ref": f"#/$defs/account-{name}"} for name in plugins.names(PROVIDERS)]
    }
    definitions["DropFolder"]["properties"]["formats"]["items"]["enum"] = list(plugins.names(FORMATS))
    for part in ("Line", "Rule"):
        properties = definitions[part]["properties"]
        del properties["sinks"]
        properties |= {name: _one_or_more(f"#/$defs/sink-{name}") for name in plugins.names(SINKS)}
    for unused in ("Account", "Section"):
        definitions.pop(unused, None)
    whole = {**settings, "title": "faxdaemon configuration", "$defs": definitions}
    polish(whole)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **whole}


def _one_or_more(place: str) -> dict[str, Any]:
    return {"anyOf": [{"$ref": place}, {"type": "array", "minItems": 1, "items": {"$ref": place}}]}


def _name(ref: dict[str, Any]) -> str:
    return str(ref["$ref"]).removeprefix("#/$defs/")


def polish(node: Any) -> None:
    """Write defaults as people do, ask for references where secrets stand, and drop titles that repeat the key."""
    if isinstance(node, list):
        for item in node:
            polish(item)
    elif isinstance(node, dict):
        _polish_one(node)
        for field in node.get("properties", {}).values():
            field.pop("title", None)
        for name, value in node.items():
            polish(list(value.values()) if name == "properties" else value)


def _polish_one(node: dict[str, Any]) -> None:
    if node.get("format") == "password":
        node["pattern"] = SECRET_PATTERN
    if node.get("pattern") == DURATION_PATTERN:
        for limit in ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"):
            node.pop(limit, None)  # of the seconds, not of the text
        if isinstance(node.get("default"), (int, float)):
            node["default"] = written(node["default"])
