"""Where commands and the daemon meet: a Unix socket in the state folder.

Promise   whoever may not enter the state folder or is not of the socket's group cannot talk to the daemon: the socket
          has mode 0660 before anybody can connect.  What a dead daemon left is replaced; a living one's is an error.
Needs     a path of at most 107 bytes (the kernel's limit), on a local disk.
Crash     the socket file stays; nobody listens on it, and the next start replaces it.
"""

from __future__ import annotations

import socket
import stat
import sys
from contextlib import suppress
from pathlib import Path

import httpx

from faxdaemon.core.errors import UserError

assert sys.platform != "win32"  # tells mypy, too: `loopback` is its counterpart there

NAME = "control.sock"
MODE = 0o660
PROBE = 5.0
"""Seconds for a connection: the kernel makes it, unless the daemon has stopped taking any."""
_LONGEST = 107


def place(state: Path) -> Path:
    """Where the socket is."""
    return state / NAME


class Door:
    """The daemon's side: a bound socket, not yet listening."""

    token: str | None = None
    """The file's permissions are the key."""

    def __init__(self, state: Path) -> None:
        self._path = place(state)
        check_length(self._path)
        if self._path.exists() or self._path.is_symlink():
            self._replace()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.socket.bind(str(self._path))
            self._path.chmod(MODE)  # before listening: until then every connection is refused
            self._inode = self._path.lstat().st_ino
        except OSError as error:
            self.socket.close()
            raise UserError(f"cannot open the control socket {self._path}: {error.strerror}") from error

    def _replace(self) -> None:
        if not stat.S_ISSOCK(self._path.lstat().st_mode):
            raise UserError(f"{self._path} is not a socket; move it away, it is the name of the control socket")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(PROBE)
            try:
                probe.connect(str(self._path))
            except ConnectionRefusedError:
                self._path.unlink(missing_ok=True)
                return
            except OSError as error:
                raise UserError(f"cannot tell who listens on {self._path}: {error.strerror or error}") from error
        raise UserError(
            f"{self._path}: another faxdaemon is listening here; stop it first, or use another state folder"
        )

    def close(self) -> None:
        """Take the socket away, unless it is somebody else's by now."""
        self.socket.close()
        with suppress(OSError):
            if self._path.lstat().st_ino == self._inode:
                self._path.unlink()


def check_length(path: Path) -> None:
    """`UserError` when the kernel has no room for the path."""
    if len(str(path).encode("utf-8", "surrogateescape")) > _LONGEST:
        raise UserError(f"{path}: a socket's path has at most {_LONGEST} bytes; choose a shorter `state`")


def open_client(state: Path, timeout: httpx.Timeout) -> httpx.Client | None:
    """A client for the daemon of this state folder; None when nobody listens there."""
    path = place(state)
    check_length(path)
    # Tried with a socket of our own: from it the system's reason is plain, and httpx would leave its socket open.
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(PROBE)
        try:
            probe.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        except PermissionError as error:
            raise UserError(f"you may not use {path}; run this as root or as the daemon's user") from error
        except OSError as error:
            raise UserError(f"{path} cannot be used: {error.strerror or error}; is the daemon stuck?") from error
    return httpx.Client(transport=httpx.HTTPTransport(uds=str(path)), base_url="http://faxdaemon", timeout=timeout)
