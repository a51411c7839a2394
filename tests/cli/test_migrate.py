"""`faxdaemon migrate`."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from faxdaemon.journal.tables import REVISIONS


def test_a_journal_of_this_version_is_left_as_it_is(site):
    path = site.state / "journal.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        (before,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    assert before == REVISIONS[-1]
    done = site.run("migrate")
    assert done.exit_code == 0, done.stderr
    assert "items under way" in done.stdout and not done.stdout.startswith("the journal is of this version; 0 ")


def test_a_journal_of_a_newer_version_is_refused_in_a_line(site):
    path = site.state / "journal.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    done = site.run("migrate")
    assert done.exit_code == 1 and done.stderr.count("\n") == 1
    assert "newer than this program knows" in done.stderr


def test_beside_a_daemon_it_is_refused(site):
    journal = site.journal()
    try:
        done = site.run("migrate")
    finally:
        journal.close()
    assert done.exit_code == 1 and "another faxdaemon" in done.stderr
