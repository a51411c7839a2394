"""The sandbox's accounts as a configuration: in the introduction, and in the demo for each provider."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from faxdaemon import plugins
from faxdaemon.cli import demo as demo_module
from faxdaemon.cli.service import _introduce
from faxdaemon.config.load import load
from faxdaemon.core.errors import UserError
from faxdaemon.sandbox import DEFAULT_ACCOUNTS, Sandbox, SandboxAccount
from faxdaemon.sandbox.settings import settings_of, title_of


@pytest.mark.parametrize("account", DEFAULT_ACCOUNTS, ids=lambda account: account.name)
def test_the_settings_are_those_of_the_provider(account: SandboxAccount) -> None:
    module = plugins.load("faxdaemon.providers", account.provider)
    options = module.Options(**settings_of(account, "http://127.0.0.1:1"))
    assert options.password.get_secret_value() == account.password
    assert title_of(account.provider).lower().replace(".", "") == account.provider


def test_every_provider_has_an_account_and_a_line_of_its_own() -> None:
    assert {account.provider for account in DEFAULT_ACCOUNTS} == set(plugins.names("faxdaemon.providers"))
    lines = [line for account in DEFAULT_ACCOUNTS for line in account.lines]
    assert len(lines) == len(set(lines))


def test_the_introduction_tells_each_account(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    _introduce(sandbox)
    told = capsys.readouterr().out
    for account in DEFAULT_ACCOUNTS:
        assert f"provider: {account.provider}   url: {sandbox.url_of(account.provider)}   " in told
        assert account.lines[0] in told


@pytest.mark.parametrize("provider", plugins.names("faxdaemon.providers"))
def test_the_demos_configuration_is_a_good_one(provider: str, tmp_path: Path) -> None:
    account = demo_module._account(provider)
    settings = load(demo_module._configure(tmp_path, account, "http://127.0.0.1:1/x"))
    (configured,) = settings.accounts.values()
    assert (configured.provider, configured.url) == (provider, "http://127.0.0.1:1/x")


def test_a_provider_that_nobody_plays_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot play pigeon; choose one of concord, faxage"):
        demo_module.demo(tmp_path, provider="pigeon")


#: What the ids of its jobs look like, and how its received faxes come.
JOBS = {"concord": r"br\d+", "faxage": r"\d+", "faxde": r"\d+", "opentext": r"xsi-\d+"}


@pytest.mark.timeout(180)
@pytest.mark.parametrize("provider", plugins.names("faxdaemon.providers"))
def test_the_demo_with_each_provider(provider: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "faxdaemon", "demo", "--provider", provider, "--seconds-per-page", "0.05"]
    ran = subprocess.run(
        [*command, "--directory", str(tmp_path / "demo")], capture_output=True, text=True, check=False, timeout=170
    )
    line = demo_module._account(provider).lines[0]
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"The sandbox plays {title_of(provider)}" in ran.stdout
    assert "counts 2 faxes handed over" in ran.stdout
    assert re.search(rf"state sent, number {re.escape(line)}, pages 3, provider_id {JOBS[provider]}\n", ran.stdout)
    received = [path.name for path in (tmp_path / "demo" / "in" / "front-desk").iterdir() if path.is_file()]
    assert sorted(Path(name).suffix for name in received) in (
        [".json", ".pdf"],
        [".json", ".tif"],
    ), "the fax to our own line came back, once, with its sidecar"
