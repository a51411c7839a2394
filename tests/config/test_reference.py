"""docs/configuration.md says what there is.  `UPDATE=1 pytest tests/config/test_reference.py` brings it up to date."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from faxdaemon import plugins
from faxdaemon.config import reference
from faxdaemon.config.inbound import InboundAccount
from faxdaemon.config.kinds import PROVIDERS, SINKS, options
from faxdaemon.config.types import DropFolder, Log, Settings, Web

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_the_page_is_up_to_date() -> None:
    page = PAGE.read_text(encoding="utf-8")
    if os.environ.get("UPDATE"):
        PAGE.write_text(reference.refresh(page), encoding="utf-8")
        page = PAGE.read_text(encoding="utf-8")
    assert page == reference.refresh(page), "run UPDATE=1 pytest tests/config/test_reference.py and read the difference"


def test_every_key_has_a_row_that_says_something() -> None:
    sections = [Settings, DropFolder, InboundAccount, Web, Log]
    sections += [options(PROVIDERS, name) for name in plugins.names(PROVIDERS)]
    sections += [options(SINKS, name) for name in plugins.names(SINKS)]
    rows = [line.split(" | ") for line in reference.reference().splitlines() if line.startswith("| `")]
    described = {row[0].removeprefix("| ") for row in rows if len(row) == 4 and len(row[3]) > 10}
    for section in sections:
        for key in section.known_keys():
            assert f"`{key}`" in described, f"{section.__module__}.{section.__name__}.{key} has no docstring"


@pytest.mark.usefixtures("parts")
def test_a_table_shows_type_default_and_meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {PROVIDERS: ("courier",), SINKS: ("shelf",), "faxdaemon.formats": ("filename", "json")}
    monkeypatch.setattr(plugins, "names", names.__getitem__)
    text = reference.reference()
    own = text.partition("### `accounts.<name>` with `provider: courier`")[2].partition("###")[0]
    assert [line for line in own.splitlines() if line.startswith("| `")] == [
        "| `poll` | time | `45s` | Another default than usual. |",
        "| `username` | text | required | The login. |",
        "| `company` | text | required | The customer number. |",
        "| `password` | secret | required | The login's password. |",
        "| `extra` | keys |  | More. |",
    ]
    assert "| `as` | `received`, `pdf` | `pdf` | In which form. |" in text
    assert "| `formats` | list of `filename`, `json` | `[filename]` |" in text
    assert "| `concurrency` | whole number 1 to 64 | `4` |" in text


def test_only_what_lies_between_the_marks_changes() -> None:
    page = f"before\n{reference.BEGIN}\nold\n{reference.END}\nafter\n"
    new = reference.refresh(page)
    assert new.startswith(f"before\n{reference.BEGIN}\n\n### Top level")
    assert new.endswith(f"{reference.END}\nafter\n")
    assert reference.refresh(new) == new
    with pytest.raises(ValueError, match="the page must contain"):
        reference.refresh("no marks")
