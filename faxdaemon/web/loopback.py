"""Where commands and the daemon meet on Windows, which has no Unix sockets that Python can use: a loopback port.

Promise   only who can read `<state>/control.json` (mode 0600; on Windows the state folder's access list) knows the
          token without which nothing is answered.  The port is the system's choice.
Needs     127.0.0.1.
Crash     the file stays; whoever follows it finds nobody, or another program that does not know the token.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
from contextlib import suppress
from pathlib import Path

import httpx

from faxdaemon.core.errors import UserError

NAME = "control.json"
PROBE = 5.0
"""Seconds for a connection."""


def place(state: Path) -> Path:
    """Where port and token are written."""
    return state / NAME


class Door:
    """The daemon's side: a bound socket, not yet listening."""

    def __init__(self, state: Path) -> None:
        self._path = place(state)
        self.token: str | None = secrets.token_urlsafe(32)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            self.socket.bind(("127.0.0.1", 0))
            self._write({"port": self.socket.getsockname()[1], "token": self.token})
        except OSError as error:
            self.socket.close()
            raise UserError(f"cannot open the control port named in {self._path}: {error.strerror}") from error

    def _write(self, facts: dict[str, object]) -> None:
        part = self._path.with_name(f".{NAME}")
        part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="ascii") as file:  # noqa: PTH123 - the descriptor carries the mode
            json.dump(facts, file)
        part.replace(self._path)

    def close(self) -> None:
        """Take the file away, unless it is somebody else's by now."""
        self.socket.close()
        with suppress(OSError, ValueError):
            if json.loads(self._path.read_text("ascii"))["token"] == self.token:
                self._path.unlink()


def open_client(state: Path, timeout: httpx.Timeout) -> httpx.Client | None:
    """A client for the daemon of this state folder; None when nobody listens there."""
    try:
        facts = json.loads(place(state).read_text("ascii"))
        port, token = int(facts["port"]), str(facts["token"])
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise UserError(f"{place(state)} may not be read; run this as the daemon's user or an administrator") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{place(state)} cannot be understood; restart the daemon, which writes it anew") from error
    try:
        socket.create_connection(("127.0.0.1", port), timeout=PROBE).close()
    except ConnectionRefusedError:
        return None
    except OSError as error:
        raise UserError(f"port {port} of {place(state)} cannot be used: {error.strerror or error}") from error
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=timeout, trust_env=False)
