"""`faxdaemon explain`: what would become of files, by the code that decides in the daemon; nothing is touched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.dialects import NAMES, about, sample
from support.papers import pdf_bytes
from typer.testing import CliRunner

from faxdaemon import cli


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without a configuration."""
    monkeypatch.delenv("FAXDAEMON_CONFIG", raising=False)
    monkeypatch.setattr("faxdaemon.config.paths.candidates", lambda **_: (tmp_path / "none.yaml",))
    return tmp_path


def asked(*words: str) -> tuple[int, dict[str, Any]]:
    result = CliRunner().invoke(cli.app, ["explain", *words, "--json"])
    return result.exit_code, json.loads(result.stdout) if result.stdout else {"error": result.stderr}


@pytest.mark.parametrize("name", [name for name in NAMES if not about(name).folder])
def test_without_a_configuration_every_dialect_is_tried(nowhere: Path, name: str) -> None:
    made = sample(name)
    for file, content in made.files.items():
        (nowhere / file).write_bytes(content)
    before = {path.name: path.read_bytes() for path in nowhere.iterdir()}
    _, told = asked(*(str(nowhere / file) for file in made.files))
    found = [one["number"] for fax in told["faxes"] for one in fax["recipients"]]
    assert set(about(name).numbers) <= set(found), told
    assert any(step[1].startswith("matches") for fax in told["faxes"] for step in fax["steps"])
    assert {path.name: path.read_bytes() for path in nowhere.iterdir()} == before


def test_numbers_are_read_for_the_region(nowhere: Path) -> None:
    (nowhere / "030 901820_x.pdf").write_bytes(pdf_bytes(pages=3))
    status, told = asked(str(nowhere / "030 901820_x.pdf"), "--region", "DE")
    (fax,) = told["faxes"]
    assert (status, fax["outcome"], fax["pages"]) == (0, "sent", 3)
    assert fax["recipients"][0]["number"] == "+4930901820"
    assert fax["recipients"][0]["written"] == "030 901820"


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("12_x.pdf", pdf_bytes(), "too short"),
        ("3035550123_x.pdf", b"", "is empty"),
        ("3035550123_x.pdf", pdf_bytes()[:300], "cut"),
        ("a.json", b'{"to": "3035550123"}', "no document called a.pdf"),
        ("a.json", b'{"too": 1}', "too: is not known here"),
    ],
)
def test_precisely_why_it_would_be_refused(nowhere: Path, name: str, content: bytes, why: str) -> None:
    (nowhere / name).write_bytes(content)
    status, told = asked(str(nowhere / name))
    assert (status, told["faxes"][0]["outcome"]) == (1, "refused")
    assert why in told["faxes"][0]["why"]


def test_a_file_that_is_not_there_is_a_mistake_of_the_person(nowhere: Path) -> None:
    result = CliRunner().invoke(cli.app, ["explain", str(nowhere / "x.pdf")])
    assert (result.exit_code, "is not a file" in result.stderr) == (1, True)


def change(site: Any, **folder: Any) -> None:
    whole = yaml.safe_load(site.config.read_text("utf-8"))
    whole["outbound"][0] |= folder
    site.config.write_text(yaml.safe_dump(whole), encoding="utf-8")


def test_the_folder_decides_as_it_would_in_the_daemon(site: Any) -> None:
    change(site, filename="to {number}", options={"billing_code": "K-12"}, resolution="fine")
    path = site.place / "to 303 555 0123.pdf"
    path.write_bytes(pdf_bytes())
    before = sorted(each.name for each in site.state.iterdir())
    told = site.json("explain", str(path), "--folder", str(site.out))
    (fax,) = told["faxes"]
    assert told["where"] == f"as if dropped into {site.out}"
    assert fax["recipients"][0]["accounts"] == ["main"]
    assert fax["recipients"][0]["options"]["resolution"] == "fine"
    assert fax["recipients"][0]["left_out"] == {"main": ["billing_code"]}
    assert path.exists()
    assert sorted(each.name for each in site.state.iterdir()) == before


def test_what_is_held_is_told_with_its_reason(site: Any) -> None:
    change(site, formats=["request", "filename"])
    (site.place / "3035550188_x.pdf").write_bytes(pdf_bytes())
    (site.place / "3035550188_x.json").write_text('{"to": "3035550123"}')
    result = site.run("explain", str(site.place / "3035550188_x.json"), str(site.place / "3035550188_x.pdf"))
    assert result.exit_code == 1
    assert "would be HELD: its parts do not agree" in result.stdout
    assert "rule agree" in result.stdout
    assert "journal" not in result.stdout, "it could be read"


def test_a_folder_that_is_none_of_the_configured(site: Any) -> None:
    path = site.place / "x.pdf"
    path.write_bytes(pdf_bytes())
    result = site.run("explain", str(path), "--folder", str(site.place))
    assert (result.exit_code, "is no drop folder" in result.stderr, str(site.out) in result.stderr) == (1, True, True)


def test_a_broken_configuration_is_not_passed_over(site: Any) -> None:
    site.config.write_text("outbound: 5\n")
    path = site.place / "x.pdf"
    path.write_bytes(pdf_bytes())
    assert site.run("explain", str(path)).exit_code == 2


def test_the_journal_is_asked_for_what_other_faxes_tell(site: Any) -> None:
    change(site, safety={"first_time": "hold"})
    path = site.place / "3035550123_x.pdf"
    path.write_bytes(pdf_bytes())
    result = site.run("explain", str(path), "--folder", str(site.out))
    assert "would be HELD: nothing was ever sent to +1303•••••23" in result.stdout
    assert "the journal: nothing was ever sent" in result.stdout


def test_where_no_journal_can_be_read_it_is_said(empty: Any) -> None:
    change(empty, safety={"lookalike": "1d"})
    path = empty.place / "3035550123_x.pdf"
    path.write_bytes(pdf_bytes())
    told = empty.json("explain", str(path), "--folder", str(empty.out))
    assert "only seen when it is really dropped" in told["journal"]
    assert told["faxes"][0]["outcome"] == "sent"
