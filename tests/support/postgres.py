"""A private PostgreSQL for the tests: made, started and thrown away by the test run itself.

It listens on a Unix socket in its own folder only, and does not flush to disk: what is tested is our SQL, not its disk.
Each test gets a database of its own, copied from a template that is migrated once.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg

_PLACES = ("/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt", "/usr/local/opt")
_OPTIONS = "-c listen_addresses='' -c fsync=off -c full_page_writes=off -c max_connections=100 -c timezone=UTC"


class NoPostgres(Exception):
    """There is none on this machine; the message says what was looked for."""


def binaries() -> Path:
    """The folder with `initdb` and `pg_ctl`, the newest version first."""
    found = [path for place in _PLACES for path in Path(place).glob("*/bin/initdb")]
    if found:
        return max(
            found, key=lambda path: [int(n) for n in path.parts[-3].split("-")[-1].split(".") if n.isdigit()]
        ).parent
    on_path = shutil.which("initdb")
    if on_path is None:
        raise NoPostgres(f"no PostgreSQL server: no initdb below {', '.join(_PLACES)} nor in PATH")
    return Path(on_path).resolve().parent


class Postgres:
    """One running server."""

    def __init__(self, folder: Path) -> None:
        self._bin = binaries()
        self._folder = folder
        self._data = folder / "data"
        # PostgreSQL refuses to run as root.
        self._as = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self._as:
            shutil.chown(folder, "postgres", "postgres")
        self._run("initdb", "-D", str(self._data), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync")
        self.start()
        self._databases = 0

    def _run(self, program: str, *arguments: str) -> None:
        command: Sequence[str] = [*self._as, str(self._bin / program), *arguments]
        done = subprocess.run(command, cwd=self._folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stdout.decode(errors='replace')}")

    def start(self) -> None:
        """Start the server and wait until it answers."""
        log = self._folder / "log"
        options = f"{_OPTIONS} -c unix_socket_directories='{self._folder}'"
        command = [*self._as, str(self._bin / "pg_ctl"), "-D", str(self._data), "-l", str(log), "-w", "-o", options]
        # Not through a pipe: the server would inherit and never close it.
        subprocess.run([*command, "start"], cwd=self._folder, stdout=subprocess.DEVNULL, check=True)

    def stop(self, mode: str = "immediate") -> None:
        """Stop it; `immediate` is a crash."""
        self._run("pg_ctl", "-D", str(self._data), "-m", mode, "-w", "stop")

    def url(self, database: str) -> str:
        """The address of a database, as it stands in a configuration."""
        return f"postgresql://postgres@/{database}?host={self._folder}"

    def execute(self, statement: str, database: str = "postgres") -> None:
        """One statement as the superuser, outside any transaction."""
        with psycopg.connect(f"host={self._folder} user=postgres dbname={database}", autocommit=True) as connection:
            connection.execute(statement.encode())

    def create(self, template: str = "template1") -> str:
        """A new database; returns its name."""
        self._databases += 1
        name = f"test{self._databases}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, database: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self.execute(f"DROP DATABASE {database} WITH (FORCE)")


@contextlib.contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A server for as long as the block lasts; `NoPostgres` where there is none."""
    binaries()
    # Not pytest's own folder: the path of a Unix socket must be short, and the user `postgres` must be able to enter.
    with tempfile.TemporaryDirectory(prefix="faxpg-", ignore_cleanup_errors=True) as name:
        server = Postgres(Path(name))
        try:
            yield server
        finally:
            server.stop()
