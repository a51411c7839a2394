"""The engines: every difference between SQLite and PostgreSQL is on this page.

Promise   one read-write connection to a SQLite journal in one process, guarded by a lock of the operating system; every
          other connection is opened `mode=ro`.  A commit is on disk when it returns (`synchronous=FULL`).
Needs     SQLite: a local disk.  PostgreSQL: synchronous replication, where it is replicated at all.
Crash     SQLite recovers from its write-ahead log at the next open.

Why so strict: in SQLite before 3.51.3 two connections that write or checkpoint at the same instant can lose committed
data (the WAL-reset defect, https://www.sqlite.org/wal.html), and every common Python carries such a version.
"""

from __future__ import annotations

import ctypes
import functools
import os
import sqlite3
import sys
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError

from faxdaemon.contracts.clock import Clock
from faxdaemon.core.errors import UserError
from faxdaemon.journal.lock import FileLock
from faxdaemon.journal.types import to_ms

FILE = "journal.sqlite3"
LOCK = "journal.lock"
READERS = 8
_BUSY_MS = 10_000
_REMOTE = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "9p", "ceph", "fuse.sshfs", "glusterfs"})
_PG_NOW = sa.text("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")


@functools.cache
def insert_new(table: sa.Table, dialect: str) -> Any:
    """An INSERT that leaves alone what exists already (each dialect words this in a module of its own)."""
    module = sqlite if dialect == "sqlite" else postgresql
    return module.insert(table).on_conflict_do_nothing()


@functools.cache
def upsert(table: sa.Table, dialect: str) -> Any:
    """An INSERT that replaces the row of the same primary key."""
    module = sqlite if dialect == "sqlite" else postgresql
    statement = module.insert(table)
    rest = {c.name: statement.excluded[c.name] for c in table.c if not c.primary_key}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=rest)


class Database:
    """One opened database: where to write, where to read, whose clock counts."""

    def __init__(self, writer: Engine | None, reader: Engine, clock: Clock, lock: FileLock | None) -> None:
        self.writer = writer
        self.reader = reader
        self.is_sqlite = reader.dialect.name == "sqlite"
        self._clock = clock
        self._lock = lock

    def now(self, connection: Connection) -> int:
        """Milliseconds since 1970: the database's clock where several nodes share it, else ours."""
        if self.is_sqlite:
            return to_ms(self._clock.now())
        return int(connection.execute(_PG_NOW).scalar_one())

    def close(self) -> None:
        """Give up all connections, then the lock."""
        self.reader.dispose()
        if self.writer is not None:
            self.writer.dispose()
        if self._lock is not None:
            self._lock.release()


def connect(url: str, state: Path, clock: Clock, *, read_only: bool) -> Database:
    """Open the engines for `sqlite` or a `postgresql://` address.  `UserError` when it cannot be; `JournalBusy`."""
    if url == "sqlite":
        return _sqlite(state, clock, read_only=read_only)
    return _postgresql(url, clock, read_only=read_only)


def _sqlite(state: Path, clock: Clock, *, read_only: bool) -> Database:
    path = state.absolute() / FILE
    if read_only:
        if not path.exists():
            raise UserError(f"{path}: there is no journal here. Is `state` right, and has the daemon ever run?")
        return Database(None, _sqlite_engine(path, read_only=True), clock, None)
    try:
        state.mkdir(mode=0o750, parents=True, exist_ok=True)
        _refuse_network(state.absolute())
        lock = FileLock(state / LOCK)
    except OSError as error:
        raise UserError(
            f"{state}: the journal cannot be kept here: {error.strerror}. Create the folder for the daemon's user, or "
            "name another one as `state`."
        ) from error
    return Database(_sqlite_engine(path, read_only=False), _sqlite_engine(path, read_only=True), clock, lock)


def _sqlite_engine(path: Path, *, read_only: bool) -> Engine:
    mode = "ro" if read_only else "rwc"
    uri = f"{path.as_uri()}?mode={mode}"

    def open_() -> sqlite3.Connection:
        # isolation_level None: we say BEGIN ourselves, Python's sqlite3 must not.
        connection = sqlite3.connect(
            uri, uri=True, timeout=_BUSY_MS / 1000, isolation_level=None, check_same_thread=False
        )
        pragmas = ["foreign_keys=ON", "cache_size=-16000", "temp_store=MEMORY"]
        if not read_only:
            pragmas += ["journal_mode=WAL", "synchronous=FULL", "fullfsync=ON", "checkpoint_fullfsync=ON"]
            # Pages that change again and again (the ends of the indexes) are copied back less often.
            pragmas += ["wal_autocheckpoint=4000", "journal_size_limit=67108864"]
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
        return connection

    engine = sa.create_engine(
        "sqlite://",
        creator=open_,
        poolclass=sa.QueuePool,
        pool_size=READERS if read_only else 1,
        max_overflow=0,
        pool_timeout=60,
    )
    # IMMEDIATE: a writer that began as a reader could find that another has written meanwhile.
    begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"
    sa.event.listen(engine, "begin", lambda connection: connection.connection.dbapi_connection.execute(begin))
    return engine


def _postgresql(url: str, clock: Clock, *, read_only: bool) -> Database:
    engine = _postgresql_engine(_postgresql_url(url), read_only=read_only)
    return Database(None if read_only else engine, engine, clock, None)


def _postgresql_url(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise UserError(
            "journal: this is not an address; write `sqlite`, or postgresql://user@host/database"
        ) from error
    if parsed.drivername not in {"postgresql", "postgres", "postgresql+psycopg"}:
        raise UserError(
            f"journal: {parsed.drivername} is not supported; write `sqlite`, or postgresql://user@host/database"
        )
    return parsed.set(drivername="postgresql+psycopg")


def _postgresql_engine(url: URL, *, read_only: bool) -> Engine:
    options = "-c synchronous_commit=on -c statement_timeout=60s -c lock_timeout=30s -c timezone=UTC"
    if read_only:
        options += " -c default_transaction_read_only=on"
    try:
        return sa.create_engine(
            url,
            paramstyle="format",  # by position, as in SQLite: see `prepared`
            connect_args={"options": options, "connect_timeout": 10, "application_name": "faxdaemon"},
            pool_size=READERS,
            max_overflow=8,
            pool_timeout=60,
            pool_pre_ping=True,
        )
    except ImportError as error:
        raise UserError(
            "journal: PostgreSQL needs psycopg; install it with: pip install 'faxdaemon[postgresql]'"
        ) from error


def _refuse_network(folder: Path) -> None:
    """WAL needs memory shared by all openers, so one machine; a network file system cannot give that."""
    if is_remote(folder):
        raise UserError(
            f"{folder}: this is a network file system, where SQLite can lose data. Name a folder on a local disk as "
            "`state`, or use PostgreSQL as `journal`."
        )


def is_remote(folder: Path) -> bool:
    """Whether a folder lies on a network file system, as far as that can be known."""
    if sys.platform == "win32":
        drive = folder.drive
        return drive.startswith("\\\\") or ctypes.windll.kernel32.GetDriveTypeW(f"{drive}\\") == 4  # DRIVE_REMOTE
    try:
        mounts = Path("/proc/self/mounts").read_text("utf-8", "surrogateescape")
    except OSError:
        return False  # macOS and the like: not to be known
    return file_system(os.path.realpath(folder), mounts) in _REMOTE


def file_system(path: str, mounts: str) -> str:
    """The type of the mounted file system that holds `path`, from the text of /proc/self/mounts."""
    best, kind = "", ""
    for line in mounts.splitlines():
        _, point, type_, *_ = line.split(" ")
        point = point.replace("\\040", " ")
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, type_
    return kind
