"""References lead to secrets, and their errors name the reference, never the secret."""

from __future__ import annotations

import os
import sys
import types
from pathlib import Path

import pytest

from faxdaemon.config import secrets
from faxdaemon.config.secrets import LIMIT, References

posix = pytest.mark.skipif(os.name != "posix", reason="platform: POSIX permissions")


def resolve(text: str, folder: Path = Path("/nowhere"), **env: str) -> str:
    return References(folder, env).resolve(text)


def secret_file(path: Path, content: bytes = b"s3cret\n", mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_environment() -> None:
    assert resolve("${env:PW}", PW="s3cret") == "s3cret"
    assert resolve("a-${env:PW}-${env:B}", PW="s3cret", B="b") == "a-s3cret-b"


def test_the_plain_characters_can_be_written() -> None:
    assert resolve("$${env:PW} $$ {x}", PW="s3cret") == "${env:PW} $$ {x}"


def test_within_an_address_it_is_percent_encoded() -> None:
    assert resolve("postgresql://u:${env:PW}@db/x", PW="p@ss/w:rd") == "postgresql://u:p%40ss%2Fw%3Ard@db/x"
    assert resolve("${env:URL}", URL="postgresql://u:p%40@db/x") == "postgresql://u:p%40@db/x"


@pytest.mark.parametrize(
    ("content", "value"),
    [(b"s3cret", "s3cret"), (b"s3cret\n", "s3cret"), (b"s3cret\r\n", "s3cret"), (b" two\nlines \n", " two\nlines ")],
)
def test_a_file_without_its_trailing_newline(tmp_path: Path, content: bytes, value: str) -> None:
    path = secret_file(tmp_path / "pw", content)
    assert resolve(f"${{file:{path}}}") == value
    assert resolve("${file:pw}", tmp_path) == value


@posix
@pytest.mark.parametrize("mode", [0o604, 0o644, 0o666])
def test_a_file_for_everybody_is_refused(tmp_path: Path, mode: int) -> None:
    path = secret_file(tmp_path / "pw", mode=mode)
    with pytest.raises(ValueError, match=rf"can be read by everybody .*; run: chmod o= {path}"):
        resolve(f"${{file:{path}}}")


@posix
def test_a_file_for_the_group_is_fine(tmp_path: Path) -> None:
    assert resolve(f"${{file:{secret_file(tmp_path / 'pw', mode=0o640)}}}") == "s3cret"


def test_files_that_are_no_secret(tmp_path: Path) -> None:
    secret_file(tmp_path / "large", b"x" * (LIMIT + 1))
    secret_file(tmp_path / "binary", b"\xff\xfe\x00")
    secret_file(tmp_path / "empty", b"\n")
    for name, why in {
        "missing": "no such file; create it",
        ".": "is not a file",
        "large": "larger than",
        "binary": "not text in UTF-8",
        "empty": "is empty",
    }.items():
        with pytest.raises(ValueError, match=why) as caught:
            resolve(f"${{file:{name}}}", tmp_path)
        assert str(caught.value).startswith(f"${{file:{name}}}")


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret_file(tmp_path / "pw")

    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(ValueError, match=r"cannot be read \(Permission denied\); let the service's user read it"):
        resolve("${file:pw}", tmp_path)


def test_credential(tmp_path: Path) -> None:
    secret_file(tmp_path / "fax")
    assert resolve("${credential:fax}", CREDENTIALS_DIRECTORY=str(tmp_path)) == "s3cret"
    with pytest.raises(ValueError, match="LoadCredential=fax:"):
        resolve("${credential:fax}")
    with pytest.raises(ValueError, match="a credential is a name, not a path"):
        resolve("${credential:../fax}", CREDENTIALS_DIRECTORY=str(tmp_path))


def test_a_command_finds_what_the_service_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret_file(tmp_path / "fax")
    monkeypatch.setattr(secrets, "SERVICE", tmp_path)
    assert resolve("${credential:fax}") == "s3cret"
    monkeypatch.setattr(secrets, "SERVICE", tmp_path / "stopped")
    with pytest.raises(ValueError, match="start the service first"):
        resolve("${credential:fax}")


def test_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = {("fax/main", "clinic"): "s3cret"}
    ring = types.ModuleType("keyring")
    ring.get_password = lambda service, name: entries.get((service, name))  # type: ignore[attr-defined]  # a stand-in
    monkeypatch.setitem(sys.modules, "keyring", ring)
    assert resolve("${keyring:fax/main/clinic}") == "s3cret"
    with pytest.raises(ValueError, match="no such entry; run: keyring set fax nobody"):
        resolve("${keyring:fax/nobody}")
    with pytest.raises(ValueError, match="has two parts"):
        resolve("${keyring:fax}")


def test_keyring_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: str) -> str:
        raise RuntimeError("s3cret")

    ring = types.ModuleType("keyring")
    ring.get_password = fail  # type: ignore[attr-defined]  # a stand-in
    monkeypatch.setitem(sys.modules, "keyring", ring)
    with pytest.raises(ValueError, match=r"the keyring does not answer \(RuntimeError\)") as caught:
        resolve("${keyring:fax/clinic}")
    assert "s3cret" not in str(caught.value)


def test_keyring_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ValueError, match=r"pip install keyring"):
        resolve("${keyring:fax/clinic}")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("${env:NOPE}", "the environment has no NOPE"),
        ("${env:EMPTY}", "is empty"),
        ("${env:}", "is not a reference"),
        ("${env}", "is not a reference"),
        ("${vault:x}", "is not a reference"),
        ("s3cret${env:PW", "is not closed"),
        ("${env:${env:PW}}", "is not closed"),
    ],
)
def test_references_that_lead_nowhere(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        resolve(text, EMPTY="", PW="s3cret")
    assert "s3cret" not in str(caught.value)
