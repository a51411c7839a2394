"""`faxdaemon doctor`: each thing is broken, and named."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from faxdaemon import cli, doctor
from faxdaemon.cli import doctor as command
from faxdaemon.config.load import load
from faxdaemon.core.errors import UserError
from faxdaemon.doctor import Level, Result, machine, network, places, trial
from faxdaemon.sandbox import DEFAULT_ACCOUNTS, Sandbox
from faxdaemon.sandbox.settings import settings_of


class Site:
    """A site that is well."""

    def __init__(self, place: Path, account: dict[str, Any]) -> None:
        self.place, self.out, self.desk, self.state = place, place / "out", place / "desk", place / "state"
        for folder in (self.out, self.desk, self.state):
            folder.mkdir(mode=0o750)
        self.secret = place / "password"
        self.secret.touch(mode=0o600)
        self.secret.write_text(account["password"], "utf-8")
        self.account = {**account, "password": "${file:password}"}
        self.config = place / "config.yaml"
        self.write()

    def write(self, **account: Any) -> None:
        whole = {
            "state": str(self.state),
            "accounts": {"main": {**self.account, **account}},
            "outbound": [{"folder": str(self.out), "accounts": ["main"]}],
            "inbound": [{"account": "main", "lines": {"other": {"folder": {"path": str(self.desk)}}}}],
        }
        self.config.write_text(yaml.safe_dump(whole), "utf-8")

    def examine(self, *checks: str) -> list[Result]:
        """What these checks say."""
        settings = load(self.config)
        return [result for name, check in doctor.CHECKS if name in checks for result in check(settings)]


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(seconds_per_page=0.01) as made:
        yield made


@pytest.fixture
def site(tmp_path: Path, box: Sandbox) -> Site:
    account = next(one for one in DEFAULT_ACCOUNTS if one.provider == "faxage")
    return Site(tmp_path, settings_of(account, box.url_of("faxage")))


def bad(results: list[Result], level: Level = Level.TROUBLE) -> Result:
    """The one result that is not well."""
    (found,) = [result for result in results if result.level is not Level.OK]
    assert found.level is level, found
    assert found.advice, "it says what to do"
    return found


def test_a_site_that_is_well(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_synchronised", lambda: True)
    results = list(doctor.examine(load(site.config)))
    assert [result for result in results if result.level is not Level.OK] == []
    order = list(dict.fromkeys(result.check for result in results))
    assert order == ["configuration", *(name for name, _ in doctor.CHECKS if name in order)]
    assert {"clock", "state", "disk", "journal", "folders", "events", "destinations", "credentials", "sandbox"} <= set(
        order
    )
    assert not list(site.out.glob(".*doctor*")), "the canary is gone"


def test_a_check_that_fails_itself_is_a_result(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_settings: Any) -> Iterator[Result]:
        raise ZeroDivisionError

    monkeypatch.setattr(doctor, "CHECKS", (("clock", broken), ("limits", machine.limits)))
    results = list(doctor.examine(load(site.config)))
    assert "ZeroDivisionError" in bad(results).text
    assert results[-1].check == "limits"


# -- the machine


def test_a_clock_that_is_wrong(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "BUILT", datetime.now(UTC) + timedelta(days=1))
    assert "before this program was made" in bad(site.examine("clock")).text


def test_a_clock_that_nothing_keeps_right(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_synchronised", lambda: False)
    assert "nothing keeps it right" in bad(site.examine("clock"), Level.WARNING).text


def test_too_few_open_files(site: Site) -> None:
    """In a process of its own, whose limit is really low."""
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100)); "
        "from pathlib import Path; from faxdaemon.config.load import load; from faxdaemon.doctor import machine; "
        "print([r.text for r in machine.limits(load(Path(sys.argv[1]))) if r.level == 1])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(site.config)], capture_output=True, text=True, check=False)
    assert "100 allowed, up to" in done.stdout, done.stderr


def test_too_few_watches(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "max_user_watches").write_text("1\n", "ascii")
    (tmp_path / "max_user_instances").write_text("128\n", "ascii")
    monkeypatch.setattr(machine, "PROC", tmp_path)
    found = bad(site.examine("limits"), Level.WARNING)
    assert found.topic == "inotify max_user_watches" and "sysctl" in found.advice


@pytest.mark.parametrize(
    ("script", "words"), [("exit 127", "status 127"), ("kill -9 $$", "status -9"), (None, "started")]
)
def test_a_converter_that_does_not_run(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, words: str
) -> None:
    program = tmp_path / "gs"
    program.write_text(f"#!/bin/sh\n{script}\n" if script else "#!/no/such/shell\n", "ascii")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = bad(site.examine("converters"), Level.WARNING)
    assert found.topic == "Ghostscript" and words in found.text


# -- folders


def test_a_state_folder_on_a_share(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "is_remote", lambda _path: True)
    assert "network file system" in bad(site.examine("state")).text


def test_a_state_folder_for_everybody(site: Site) -> None:
    site.state.chmod(0o755)
    assert "chmod o=" in bad(site.examine("state")).advice


def test_a_disk_that_fills(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for free, level in ((100 * 2**20, Level.WARNING), (10 * 2**20, Level.TROUBLE)):
        monkeypatch.setattr("faxdaemon.files.common.CommonFiles.free_space", lambda _self, _path, free=free: free)
        assert "MiB free" in bad(site.examine("disk"), level).text


def test_a_journal_that_is_none(site: Site) -> None:
    (site.state / "journal.sqlite3").write_bytes(b"this is no database" * 100)
    assert bad(site.examine("journal")).topic == "journal (SQLite)"


def test_a_drop_folder_that_is_gone(site: Site) -> None:
    site.out.rmdir()
    assert "does not exist" in bad(site.examine("folders", "events")).text


@pytest.mark.skipif(os.geteuid() != 0, reason="platform: only root may mount, and become another user")
class TestAsRoot:
    """What takes another user, or a mount."""

    def test_the_hidden_folder_on_another_file_system(self, site: Site) -> None:
        hidden = site.out / ".faxdaemon"
        hidden.mkdir()
        with mounted(hidden):
            assert "on another file system" in bad(site.examine("folders")).text

    def test_an_outcome_folder_on_another_file_system(self, site: Site) -> None:
        sent = site.out / "sent"
        sent.mkdir()
        with mounted(sent):
            assert bad(site.examine("folders"), Level.WARNING).topic == str(sent)

    def test_rights_are_those_of_the_services_user(self, site: Site) -> None:
        """In a child that has imported everything: the user may not be able to read this Python."""
        settings = load(site.config)
        reads, writes = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                command._become("nobody")
                told = [(result.topic, int(result.level)) for result in places.folders(settings)]
                os.write(writes, json.dumps(told).encode())
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        assert json.loads(os.read(reads, 65536)) == [[f"drop folder {site.out}", 2]]
        assert [r.level for r in site.examine("folders")] == [Level.OK], "root itself sees nothing wrong"
        os.close(reads)
        os.close(writes)

    def test_a_user_that_is_not_there(self) -> None:
        with pytest.raises(UserError, match="there is no user nobody-at-all"):
            command._become("nobody-at-all")


class mounted:  # noqa: N801 - reads as what it does
    """An empty tmpfs in place of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> None:
        done = subprocess.run(["mount", "-t", "tmpfs", "none", str(self.folder)], check=False, capture_output=True)
        if done.returncode != 0:
            pytest.skip("platform: this container may not mount")

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", str(self.folder)], check=True)


def test_events_that_do_not_arrive(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "PATIENCE", 0.05)
    monkeypatch.setattr("faxdaemon.files.watch.Watcher.watch", lambda *_: True)  # as a share: no error, no event
    found = bad(site.examine("events"), Level.WARNING)
    assert "do not arrive" in found.text and "30 s" in found.text


def test_a_share_is_told_of(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "is_remote", lambda _path: True)
    monkeypatch.setattr(places, "kind_of", lambda _path: "cifs")
    (found,) = site.examine("events")
    assert found.level is Level.OK and "cifs" in found.text


def test_a_destination_that_is_gone(site: Site) -> None:
    site.desk.rmdir()
    assert str(site.desk) in bad(site.examine("destinations")).topic


# -- the way to the providers


def test_a_name_that_nobody_knows(site: Site) -> None:
    site.write(url="https://fax.invalid/httpsfax.php")
    found = bad(site.examine("dns"))
    assert found.topic == "fax.invalid" and "main" in found.text


def test_an_address_where_nobody_is(site: Site) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        site.write(url=f"https://127.0.0.1:{free.getsockname()[1]}/")
        assert "no connection" in bad(site.examine("tls")).text


def test_an_account_without_encryption(site: Site) -> None:
    site.write(url="http://fax.invalid/")
    assert "without encryption" in bad(site.examine("tls"), Level.WARNING).text


def test_a_certificate_of_nobody(site: Site, tmp_path: Path) -> None:
    certificate = made_certificate(tmp_path, days=365)
    with served(certificate) as port:
        site.write(url=f"https://localhost:{port}/")
        assert "not believed" in bad(site.examine("tls")).text


def test_a_certificate_that_ends_soon(site: Site, tmp_path: Path) -> None:
    certificate = made_certificate(tmp_path, days=3)
    with served(certificate) as port:
        site.write(url=f"https://localhost:{port}/", ca=str(certificate))
        assert "ends in 2 days" in bad(site.examine("tls"), Level.WARNING).text


def made_certificate(place: Path, days: int) -> Path:
    path = place / "server.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", str(days), "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(place / "key.pem"), "-out", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    path.write_text(path.read_text("ascii") + (place / "key.pem").read_text("ascii"), "ascii")
    return path


class served:  # noqa: N801 - reads as what it does
    """Something that shakes hands once."""

    def __init__(self, certificate: Path) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._once)

    def _once(self) -> None:
        try:
            connection, _ = self._socket.accept()
        except OSError:
            return
        with connection:
            try:
                self._context.wrap_socket(connection, server_side=True).close()
            except OSError:
                return

    def __enter__(self) -> int:
        self._thread.start()
        return int(self._socket.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self._thread.join(10)
        self._socket.close()


def test_credentials_that_are_refused(site: Site) -> None:
    site.secret.write_text("wrong", "utf-8")
    assert "refuses the credentials" in bad(site.examine("credentials")).text


def test_a_fax_that_does_not_get_through(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "_NAME", "no-number-at-all")
    found = bad(site.examine("sandbox"))
    assert "held" in found.text or "failed" in found.text


# -- the command


def run(site: Site, *words: str) -> Any:
    return CliRunner().invoke(cli.app, ["doctor", *words, "--config", str(site.config)])


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command with its quick checks only, in this process and with its rights."""
    quick = tuple(one for one in doctor.CHECKS if one[0] in {"state", "folders", "destinations"})
    monkeypatch.setattr(doctor, "CHECKS", quick)
    monkeypatch.setattr("faxdaemon.cli.doctor._become", lambda _user: None)
    monkeypatch.setattr("faxdaemon.cli.common.quiet", lambda: None)


@pytest.mark.usefixtures("few")
def test_the_command_and_its_status(site: Site) -> None:
    done = run(site)
    assert done.exit_code == 0 and done.stdout.splitlines()[-1] == "all is well"
    site.desk.rmdir()
    done = run(site, "--json")
    assert done.exit_code == 2
    found = json.loads(done.stdout)
    assert found["level"] == "trouble"
    assert [r["check"] for r in found["results"] if r["level"] != "ok"] == ["destinations"]
    assert "-> " in run(site).stdout


@pytest.mark.usefixtures("few")
def test_a_secret_that_everybody_can_read(site: Site) -> None:
    site.secret.chmod(0o644)
    done = run(site, "--json")
    assert done.exit_code == 2
    (found,) = json.loads(done.stdout)["results"]
    assert found["check"] == "configuration" and "read by everybody" in found["text"]


def test_names_and_certificates_are_asked_of_the_providers_own_address(site: Site) -> None:
    site.account.pop("url")
    site.write()
    (peer,) = network._peers(load(site.config))
    assert peer[2].hostname == "api.faxage.com"
