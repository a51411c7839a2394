"""What a right file becomes, and what reading one must not do."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from faxdaemon.config.inbound import InboundAccount, Line
from faxdaemon.config.load import load
from faxdaemon.config.safety import Kinds, effective
from faxdaemon.config.types import DropFolder, Settings
from faxdaemon.core.errors import ConfigError
from faxdaemon.core.numbers import Kind

pytestmark = pytest.mark.usefixtures("parts")

GOOD = """\
state: /var/lib/faxdaemon
region: DE
node: left
accounts:
  main: &main
    provider: courier
    username: clinic
    company: "007"
    password: ${env:PASSWORD}
    poll: 2m
  backup: *main
outbound:
  - folder: /srv/out/a
    accounts: [main, backup]
    formats: [json, filename]
    resolution: fine
    expire: 7d
  - {folder: /srv/out/b, accounts: [backup], filename: "{name}", to: 030 12345678, settle: 500ms}
inbound:
  - account: main
    acknowledge: stored
    lines:
      +49 30 12345678: {name: Front desk, shelf: {path: /srv/in/front, as: received}}
      other: {shelf: {path: /srv/in/rest}}
web: {listen: "[::1]:8480"}
log: {level: debug, format: json}
"""


@pytest.fixture
def good(loaded: Callable[..., Settings]) -> Settings:
    return loaded(GOOD, PASSWORD="s3cret")


def test_everything_arrives(good: Settings) -> None:
    assert (good.state, good.journal, good.region, good.node) == (Path("/var/lib/faxdaemon"), "sqlite", "DE", "left")
    assert list(good.accounts) == ["main", "backup"]
    first, second = good.outbound
    assert first.accounts == ["main", "backup"]
    assert first.formats == ["json", "filename"]
    assert (first.resolution, first.expire, first.settle, first.scan) == ("fine", 604800.0, 5.0, 30.0)
    assert first.filename == "{number}[_{name}][_{reference}]"
    assert (second.to, second.settle) == ("+493012345678", 0.5)
    assert good.folder_paths == (Path("/srv/out/a"), Path("/srv/out/b"))
    assert good.inbound[0].acknowledge == "stored"
    assert (good.web.listen, good.log.level, good.log.format) == ("[::1]:8480", "debug", "json")


def test_an_account_has_its_providers_own_options(good: Settings) -> None:
    account = good.accounts["main"]
    assert type(account).__module__ == "faxdaemon.providers.courier"
    assert account.poll == 120.0
    assert account.model_dump()["company"] == "007"
    assert account.password.get_secret_value() == "s3cret"  # type: ignore[attr-defined]  # the stand-in has it


def test_lines_are_normal_numbers_with_their_sinks_own_options(good: Settings) -> None:
    inbound = good.inbound[0]
    assert list(inbound.lines) == ["+493012345678", "other"]
    found = inbound.line("+493012345678")
    assert found is not None
    key, line = found
    assert (key, line.name) == ("+493012345678", "Front desk")
    (shelf,) = line.sinks["shelf"]
    assert type(shelf).__module__ == "faxdaemon.sinks.shelf"
    assert shelf.model_dump(include={"path", "as_"}) == {"path": Path("/srv/in/front"), "as_": "received"}


def test_other_takes_what_no_line_takes(good: Settings) -> None:
    inbound = good.inbound[0]
    assert inbound.line("+493099999999") == ("other", inbound.lines["other"])
    assert inbound.line(None) == ("other", inbound.lines["other"])
    alone = InboundAccount(account="main", lines={"+493012345678": Line()})
    assert alone.line("+493099999999") is None
    assert alone.line(None) is None


def test_the_source_is_known(write: Callable[[str], Path]) -> None:
    path = write(GOOD)
    assert load(path, env={"PASSWORD": "s3cret"}).source == path


def test_nothing_shows_a_secret(loaded: Callable[..., Settings]) -> None:
    text = GOOD.replace("region: DE", "region: DE\njournal: postgresql://fax:${env:PASSWORD}@db/fax")
    settings = loaded(text, PASSWORD="s3cret/@")
    assert settings.journal == "postgresql://fax:s3cret%2F%40@db/fax"
    assert "s3cret" not in repr(settings)
    assert "s3cret" not in str(settings)


def test_only_named_parts_are_imported(good: Settings) -> None:
    # The stand-ins called `broken` raise when they are imported.
    assert good.accounts
    assert {name for name in sys.modules if name.startswith(("faxdaemon.providers.", "faxdaemon.sinks."))} == {
        "faxdaemon.providers.courier",
        "faxdaemon.sinks.shelf",
    }


def test_defaults(loaded: Callable[..., Settings]) -> None:
    settings = loaded(
        "state: /s\n"
        "accounts: {a: {provider: courier, username: u, company: c, password: '${env:P}'}}\n"
        "outbound: [{folder: /o, accounts: [a]}]\n",
        P="p",
    )
    assert (settings.journal, settings.region, settings.web.listen) == ("sqlite", "US", None)
    assert (settings.log.level, settings.log.format, settings.inbound) == ("info", "text", [])
    folder = settings.outbound[0]
    assert (folder.to, folder.formats, folder.resolution) == (None, ["filename"], None)
    assert (folder.settle, folder.scan, folder.expire) == (5.0, 30.0, 86400.0)


def test_the_node_is_the_hosts_name_made_safe(loaded: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "fax box/1.example.")
    assert loaded(GOOD.replace("node: left\n", ""), PASSWORD="x").node == "fax-box-1.example"
    monkeypatch.setattr("socket.gethostname", lambda: "///")
    assert loaded(GOOD.replace("node: left\n", ""), PASSWORD="x").node == "node"


def test_what_yaml_would_read_oddly_stays_as_written(loaded: Callable[..., Settings]) -> None:
    for odd in ("0123", "1:30", "no", "2026-11-20", "1_000", "0x1f", "!!str 42", "1e3"):
        settings = loaded(GOOD.replace('"007"', odd), PASSWORD="x")
        assert settings.accounts["main"].model_dump()["company"] == odd.removeprefix("!!str ")


def test_a_missing_file_is_one_problem(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"nowhere\.yaml: there is no such file; write one from config\.example\.yaml"
    ):
        load(tmp_path / "nowhere.yaml")


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path)


def test_a_byte_order_mark_is_fine(write: Callable[[str], Path]) -> None:
    assert load(write("\ufeff" + GOOD), env={"PASSWORD": "x"}).region == "DE"


def test_no_drop_folder_is_looked_at(loaded: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = os.stat
    monkeypatch.setattr(os, "stat", lambda path, *a, **k: (asked.append(str(path)), real(path, *a, **k))[1])
    loaded(GOOD, PASSWORD="x")
    assert not [path for path in asked if path.startswith(("/srv", "/var/lib/faxdaemon"))]


def test_settings_do_not_change(good: Settings) -> None:
    with pytest.raises(ValueError, match="frozen"):
        good.region = "US"  # type: ignore[misc]  # that is the point


def test_a_program_writes_seconds_and_whole_numbers() -> None:
    folder = DropFolder(folder=Path("/srv/out"), accounts=["a"], to="+13035550100", settle=0.25)
    assert (folder.settle, folder.to) == (0.25, "+13035550100")
    with pytest.raises(ValueError, match="not a fax number"):
        DropFolder(folder=Path("/srv/out"), accounts=["a"], to="303 555 0100")


KEEPING = """
state: /s
accounts:
  main: {provider: courier, username: u, company: "1", password: "${env:P}"}
outbound:
  - folder: /out
    accounts: [main]
    keep:
      - image
"""


@pytest.mark.usefixtures("parts")
def test_an_account_without_the_pictures_that_are_to_be_kept_is_noted(write: Callable[[str], Path]) -> None:
    assert load(write(KEEPING), env={"P": "x"}).notes == ()
    settings = load(write(KEEPING + "      - transmittal\n"), env={"P": "x"})
    assert settings.outbound[0].keep == ["image", "transmittal"]
    (note,) = settings.notes
    assert note.startswith(f"{settings.source}:10: outbound[0].keep[1]: account “main” (courier) has none")


@pytest.mark.usefixtures("parts")
def test_what_is_to_be_kept_is_one_of_two(mistakes: Callable[..., list[str]]) -> None:
    (problem,) = mistakes(KEEPING.replace("- image", "- picture"), P="x")
    assert problem.startswith("9: outbound[0].keep[0]: ")
    assert "transmittal" in problem


SAFE = """
state: /var/lib/faxdaemon
accounts: {main: {provider: courier, username: clinic, company: "1", password: "${env:PASSWORD}"}}
safety: {deny: ["+1900*"], lookalike: 24h, test_number: 303 555 0199}
outbound:
  - {folder: /srv/a, accounts: [main], safety: {deny: ["+1 (809) 555-????"], refuse: [], first_time: hold}}
  - {folder: /srv/b, accounts: [main]}
"""


def test_what_a_folder_is_careful_of_takes_the_place_of_what_the_site_is(loaded: Callable[..., Settings]) -> None:
    settings = loaded(SAFE, PASSWORD="x")
    one, other = (effective(settings.safety, folder.safety) for folder in settings.outbound)
    assert (one.deny, other.deny) == (["+1900*", "+1809555????"], ["+1900*"])
    assert (one.refuse, other.refuse[0]) == ([], "premium")
    assert (one.first_time, other.first_time) == ("hold", "send")
    assert (one.lookalike, other.lookalike) == (86400.0, 86400.0)
    assert one.test_number == other.test_number == "+13035550199"


def test_every_kind_of_number_can_be_refused() -> None:
    assert set(get_args(Kinds)) == set(Kind)
