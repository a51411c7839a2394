"""The JSON Schema takes what the loader takes, and the example is such a file."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.schemas import violations

from faxdaemon import plugins
from faxdaemon.config.kinds import FORMATS, PROVIDERS, SINKS
from faxdaemon.config.load import load
from faxdaemon.config.schema import json_schema

EXAMPLE = Path(__file__).parents[2] / "config.example.yaml"
PASSWORD_FILE = "/etc/faxdaemon/faxage.password"


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return json_schema()


@pytest.fixture
def example() -> Any:
    return yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))


def complaints(data: Any, schema: dict[str, Any]) -> list[str]:
    return list(violations(data, schema, schema))


def test_the_example_loads(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("s3cret\n", encoding="utf-8")
    secret.chmod(0o600)
    text = EXAMPLE.read_text(encoding="utf-8")
    assert PASSWORD_FILE in text
    path = tmp_path / "config.yaml"
    path.write_text(re.sub(r"\$\{file:[^}]+\}", f"${{file:{secret}}}", text), encoding="utf-8")
    settings = load(path, env={})
    assert settings.accounts["main"].provider == "faxage"
    assert [folder.to for folder in settings.outbound] == [None, "+13035550199", None]
    assert settings.outbound[2].paths == {r"\\erp\print": "/srv/erp/print"}
    assert list(settings.inbound[0].lines) == ["+13035550100", "other"]


def test_the_schema_takes_the_example(example: Any, schema: dict[str, Any]) -> None:
    assert complaints(example, schema) == []


def change(place: str, value: Any) -> Callable[[Any], None]:
    def apply(data: Any) -> None:
        *way, last = [int(part) if part.isdigit() else part for part in place.split("/")]
        for part in way:
            data = data[part]
        data[last] = value

    return apply


@pytest.mark.parametrize(
    ("mistake", "complaint"),
    [
        (change("stat", "/x"), ".stat: additionalProperties"),
        (change("accounts/main/provider", "nobody"), ".accounts.main.provider: const"),
        (change("accounts/main/password", "hunter2"), ".accounts.main.password: pattern"),
        (change("accounts/main/company", 12345), ".accounts.main.company: type string"),
        (change("accounts/main/poll", 30), ".accounts.main.poll: type string"),
        (change("accounts/main/poll", "30"), ".accounts.main.poll: pattern"),
        (change("accounts/main/retries", 21), ".accounts.main.retries: maximum"),
        (change("outbound/0/accounts", []), ".outbound[0].accounts: minItems"),
        (change("outbound/0/formats", ["nothing"]), ".outbound[0].formats[0]: enum"),
        (change("outbound/0/resolution", "finest"), ".outbound[0].resolution: anyOf"),
        (change("inbound/0/lines/other/sinks", {}), ".inbound[0].lines.other.sinks: additionalProperties"),
        (change("inbound/0/lines/other/folder/as", "pfd"), ".inbound[0].lines.other.folder: anyOf"),
        (change("log", {"level": "loud"}), ".log.level: enum"),
    ],
)
def test_the_schema_refuses(
    mistake: Callable[[Any], None], complaint: str, example: Any, schema: dict[str, Any]
) -> None:
    mistake(example)
    assert complaint in complaints(example, schema)


def test_what_is_required(example: Any, schema: dict[str, Any]) -> None:
    del example["state"]
    del example["outbound"][0]["folder"]
    assert sorted(complaints(example, schema)) == [".outbound[0]: required folder", ": required state"]


def test_every_part_is_in_it(schema: dict[str, Any]) -> None:
    for name in plugins.names(PROVIDERS):
        assert schema["$defs"][f"account-{name}"]["properties"]["provider"]["const"] == name
    for name in plugins.names(SINKS):
        one = {"$ref": f"#/$defs/sink-{name}"}
        for part in ("Line", "Rule"):
            either = schema["$defs"][part]["properties"][name]["anyOf"]
            assert either == [one, {"type": "array", "minItems": 1, "items": one}]
    formats = schema["$defs"]["DropFolder"]["properties"]["formats"]
    assert formats["items"]["enum"] == list(plugins.names(FORMATS))


def test_it_speaks_the_files_language(schema: dict[str, Any]) -> None:
    assert schema["$defs"]["DropFolder"]["properties"]["expire"]["default"] == "24h"
    assert schema["$defs"]["DropFolder"]["properties"]["folder"]["description"].startswith("The drop folder")
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
