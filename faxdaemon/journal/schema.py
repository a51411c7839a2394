"""Schema versions: bringing an older journal up, refusing a newer one.

Promise   a journal is read and written only at the version of this program.  Each migration is one transaction, made
          once even when several nodes start together; a SQLite journal is copied beside itself before it is changed.
Needs     the lock (SQLite), the right to create tables (PostgreSQL).
Crash     a migration that was cut off did not happen.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from faxdaemon.core.errors import UserError
from faxdaemon.journal.database import FILE, Database
from faxdaemon.journal.tables import REVISIONS
from faxdaemon.journal.writer import failure

VERSION_TABLE = "alembic_version"
_MIGRATION_LOCK = 0x66617864  # "faxd": any number that nobody else uses in this database
_log = structlog.get_logger()


def prepare(database: Database, state: Path) -> None:
    """Make the schema ours: create it, migrate it, or refuse it."""
    try:
        if database.writer is None:
            with database.reader.connect() as connection:
                _check_readable(_version(connection))
            return
        with database.writer.connect() as connection:
            if _version(connection) == REVISIONS[-1]:
                return
        with database.writer.begin() as connection:
            _bring_up(connection, state if database.is_sqlite else None)
    except OperationalError as error:
        raise UserError(f"journal: the database cannot be opened: {failure(error)}") from None
    except SQLAlchemyError as error:
        raise failure(error) from None


def _version(connection: Connection) -> str | None:
    with connection.begin_nested() if connection.in_transaction() else connection.begin():
        if not sa.inspect(connection).has_table(VERSION_TABLE):
            return None
        row = connection.execute(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 - a constant
        return None if row is None else str(row)


def _check_readable(found: str | None) -> None:
    if found is None:
        raise UserError("this database holds no journal yet; start the daemon once")
    _check_known(found)
    if found != REVISIONS[-1]:
        raise UserError(
            f"this journal is of version {found}, older than this program's {REVISIONS[-1]}; start the daemon of this "
            "version once, it brings the journal up"
        )


def _check_known(found: str) -> None:
    if found not in REVISIONS:
        raise UserError(
            f"this journal is of version {found}, newer than this program knows ({REVISIONS[-1]}); install the version "
            "of faxdaemon that wrote it, or a newer one"
        )


def _bring_up(connection: Connection, state: Path | None) -> None:
    if state is None:
        connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
        connection.execute(sa.text("SET LOCAL lock_timeout = 0"))
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
    found = _version(connection)  # once more: another node may have been faster
    if found is not None:
        _check_known(found)
    if found == REVISIONS[-1]:
        return
    if found is not None and state is not None:
        _copy(state.absolute() / FILE, found)
    _log.info("journal migration", source=found, target=REVISIONS[-1])
    # Only now: Alembic takes longer to import than a start without a migration takes altogether.
    from faxdaemon.journal.migrations import upgrade  # noqa: PLC0415 - see the line above

    upgrade(connection)


def _copy(path: Path, version: str) -> None:
    """A copy of the journal as it was, beside it."""
    target = path.with_name(f"{path.name}.before-{REVISIONS[-1]}-was-{version}")
    target.unlink(missing_ok=True)
    with (
        closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        copy.execute("PRAGMA synchronous=FULL")
        source.backup(copy)
    _log.info("journal copied", path=str(target))
