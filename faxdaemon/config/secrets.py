"""Secrets by reference: `${env:NAME}`, `${file:/path}`, `${credential:name}`, `${keyring:service/name}`.

Promise   `References.resolve` replaces every reference in a text; an error names the reference, never what it gives.
          A file that everybody may read is refused, for then it is no secret.  `$${` stands for a plain `${`.
          Within an address (`postgresql://user:${env:PW}@db/fax`) what is put in is percent-encoded.
Needs     the environment; the folder of the configuration, for relative paths; for `keyring` the package of that name.
Crash     keeps nothing; secrets are read again at every start.
"""

from __future__ import annotations

import importlib
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

REFERENCE = re.compile(r"\$\$\{|\$\{([^{}]*)\}")
ADVICE = "write ${file:/path/of/the/secret}, ${env:NAME}, ${credential:name} or ${keyring:service/name}"
SERVICE = Path("/run/credentials/faxdaemon.service")
LIMIT = 65536
"""Bytes: no secret is larger, and a wrong path may name anything."""


@dataclass(frozen=True)
class References:
    """Where references lead."""

    folder: Path
    """The folder of the configuration file."""
    env: Mapping[str, str]

    def resolve(self, text: str) -> str:
        """`text` with its references replaced; `ValueError` for the first one that leads nowhere."""
        result, end = "", 0
        for match in REFERENCE.finditer(text):
            result += self._literal(text[end : match.start()])
            if match[1] is None:
                result += "${"
            else:
                value = self._look_up(match[0], match[1])
                result += quote(value, safe="") if "://" in text[: match.start()] else value
            end = match.end()
        return result + self._literal(text[end:])

    def _literal(self, text: str) -> str:
        if "${" in text:
            raise ValueError("a “${” is not closed; " + ADVICE + " (a plain “${” is written “$${”)")
        return text

    def _look_up(self, reference: str, inside: str) -> str:
        kind, _, name = inside.partition(":")
        ways = {"env": self._env, "file": self._file, "credential": self._credential, "keyring": _keyring}
        if kind not in ways or not name:
            raise ValueError(f"{reference} is not a reference; {ADVICE}")
        value = ways[kind](reference, name)
        if not value:
            raise ValueError(f"{reference} is empty; put the secret there")
        return value

    def _env(self, reference: str, name: str) -> str:
        if name not in self.env:
            raise ValueError(
                f"{reference}: the environment has no {name}; set it where the service is started, or use a file"
            )
        return self.env[name]

    def _file(self, reference: str, name: str) -> str:
        return _read(reference, self.folder / name)

    def _credential(self, reference: str, name: str) -> str:
        folder = self.env.get("CREDENTIALS_DIRECTORY") or _of_the_service()
        if not folder:
            raise ValueError(
                f"{reference}: the service manager passes no credentials; "
                f"add LoadCredential={name}:/path to the systemd unit, or for a command, start the service first"
            )
        if Path(name).name != name:
            raise ValueError(f"{reference}: a credential is a name, not a path; use ${{file:...}} for a path")
        return _read(reference, Path(folder) / name)


def _of_the_service() -> str | None:
    """For commands: what systemd has given the running service; only root and the service's user can read there."""
    return str(SERVICE) if os.access(SERVICE, os.R_OK | os.X_OK) else None


def _read(reference: str, path: Path) -> str:
    """The content of a secret file, without its trailing newline."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ValueError(f"{reference} is not a file; name the file that holds the secret")
        if os.name == "posix" and status.st_mode & stat.S_IROTH:
            raise ValueError(f"{reference} can be read by everybody on this machine; run: chmod o= {path}")
        if status.st_size > LIMIT:
            raise ValueError(f"{reference} is larger than {LIMIT} bytes; that is not a secret")
        return path.read_bytes().decode("utf-8").rstrip("\r\n")
    except FileNotFoundError:
        raise ValueError(f"{reference}: there is no such file; create it, readable by the service only") from None
    except UnicodeDecodeError:
        raise ValueError(f"{reference} is not text in UTF-8; write the secret as plain text") from None
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise ValueError(f"{reference} cannot be read ({why}); let the service's user read it") from None


def _keyring(reference: str, name: str) -> str:
    service, _, user = name.rpartition("/")
    if not service or not user:
        raise ValueError(f"{reference}: a keyring entry has two parts; write ${{keyring:service/name}}")
    try:
        keyring = importlib.import_module("keyring")
    except ImportError:
        raise ValueError(
            f"{reference}: the keyring package is not installed; "
            "install it beside faxdaemon (pip install keyring), or use ${file:...}"
        ) from None
    try:
        value = keyring.get_password(service, user)
    except Exception as error:  # noqa: BLE001 - each keyring backend has errors of its own, any of which is this one
        raise ValueError(f"{reference}: the keyring does not answer ({type(error).__name__})") from None
    if value is None:
        raise ValueError(f"{reference}: the keyring has no such entry; run: keyring set {service} {user}")
    return str(value)
