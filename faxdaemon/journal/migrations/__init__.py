"""The steps from one schema version to the next, by Alembic.

Promise   all steps that are missing are made in the caller's transaction.
Needs     Alembic; no file besides this package.
Crash     the transaction did not happen.

To add one: copy the last file in `versions`, give it the next number, add that to `tables.REVISIONS`, change `tables`,
and let the tests tell whether both say the same.  Only expand (add tables, columns, indexes): with several nodes an
older version still works on the same tables until its node is restarted.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.engine import Connection


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's configuration for this package."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection) -> None:
    """Bring the schema to this program's version, inside the transaction that `connection` is in."""
    command.upgrade(configuration(connection), "head")
