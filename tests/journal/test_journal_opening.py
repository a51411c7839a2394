"""Opening: the lock, the schema versions, the places where a journal must not be kept."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from support.clock import FakeClock

from faxdaemon.contracts.journal import Settled
from faxdaemon.contracts.provider import Progress
from faxdaemon.core.errors import JournalBusy, JournalError, UserError
from faxdaemon.core.model import Picture
from faxdaemon.journal import database, open_journal, schema, tables
from faxdaemon.journal.migrations import configuration

FIRST_TABLES = ("fax", "document", "recipient", "event", "inbound", "delivery", "account", "duty", "node")
"""Those of the first version; a migration adds to them and changes none."""
LATER_COLUMNS = {
    "fax": {"part", "format"},
    "document": {"role", "original"},
    "recipient": {"keep", "fields", "settings"},
    "inbound": {"untold", "facts"},
    "delivery": {"optional", "since"},
}


class Nobody:
    def notify(self, *topics: str) -> None: ...


def opened(url: str, state: Path, **more: Any) -> Any:
    return open_journal(url, state=state, clock=FakeClock(), signals=Nobody(), node="one", **more)


# -- schema


def test_migrations_and_tables_say_the_same(world: Any) -> None:
    def differences(tx: Any) -> tuple[list[Any], set[str]]:
        context = MigrationContext.configure(tx.connection, opts={"compare_type": True})
        inspector = sa.inspect(tx.connection)
        checks = {str(c["name"]) for t in tables.metadata.tables for c in inspector.get_check_constraints(t)}
        return compare_metadata(context, tables.metadata), checks

    found, checks = world.journal._write(differences)
    assert [d for d in found if not (isinstance(d, tuple) and "alembic_version" in str(d))] == []
    wanted = {
        str(c.name) for t in tables.metadata.tables.values() for c in t.constraints if isinstance(c, sa.CheckConstraint)
    }
    assert checks == wanted


def test_the_texts_of_sqlite_tables_are_the_same_either_way(sqlite_world: Any) -> None:
    """Conditions of CHECKs and partial indexes, which the comparison above does not look into."""

    def texts(connection: Any) -> dict[str, Any]:
        inspector = sa.inspect(connection)
        found: dict[str, Any] = {}
        for table in tables.metadata.tables:
            found |= {f"{table}.{c['name']}": c["sqltext"] for c in inspector.get_check_constraints(table)}
        rows = connection.exec_driver_sql("SELECT name, type, sql FROM sqlite_master WHERE sql IS NOT NULL")
        for name, kind, sql in rows:
            found[name] = sql if kind == "index" else "WITHOUT ROWID" in sql
        del found["alembic_version"]
        return found

    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        tables.metadata.create_all(connection)
        connection.exec_driver_sql("CREATE TABLE alembic_version (a)")
        made = texts(connection)
    engine.dispose()
    assert sqlite_world.journal._write(lambda tx: texts(tx.connection)) == made


def test_the_list_of_versions_is_the_chain_of_migrations() -> None:
    script = ScriptDirectory.from_config(configuration())
    chain = [revision.revision for revision in script.walk_revisions()]
    assert tuple(reversed(chain)) == tables.REVISIONS


def test_an_empty_place_becomes_a_journal(tmp_path: Path) -> None:
    state = tmp_path / "not" / "yet" / "there"
    opened("sqlite", state).close()
    assert (state / "journal.sqlite3").exists()
    again = opened("sqlite", state)
    assert set(again.counts().values()) == {0}
    again.close()


def test_an_empty_database_becomes_a_journal(postgres: Any, tmp_path: Path) -> None:
    name = postgres.create()
    with pytest.raises(UserError, match="no journal yet"):
        opened(postgres.url(name), tmp_path, read_only=True)
    opened(postgres.url(name), tmp_path).close()
    reader = opened(postgres.url(name), tmp_path, read_only=True)
    assert set(reader.counts().values()) == {0}
    reader.close()
    postgres.drop(name)


def test_a_newer_journal_is_refused_and_left_as_it_is(world: Any) -> None:
    world.sql("UPDATE alembic_version SET version_num = '9999'")
    world.journal.close()
    for read_only in (False, True):
        with pytest.raises(UserError, match="of version 9999, newer than this program knows"):
            world.open(read_only=read_only)
    engine = database.connect(world.url, world.state, world.clock, read_only=True)
    with engine.reader.connect() as connection:
        assert connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() == "9999"
    engine.close()


def test_an_older_journal_is_not_read_beside_a_running_daemon(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "REVISIONS", (*tables.REVISIONS, "9001"))
    with pytest.raises(UserError, match="older than this program's 9001"):
        world.open(read_only=True)


def test_an_older_journal_is_copied_before_it_is_brought_up(sqlite_world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fax_id = sqlite_world.ready()
    sqlite_world.journal.close()
    monkeypatch.setattr(schema, "REVISIONS", (*tables.REVISIONS, "9001"))
    monkeypatch.setattr("faxdaemon.journal.migrations.upgrade", lambda connection: None)
    sqlite_world.open().close()
    copy = sqlite_world.state / f"journal.sqlite3.before-9001-was-{tables.REVISIONS[-1]}"
    monkeypatch.undo()
    (sqlite_world.state / "copy").mkdir()
    copy.rename(sqlite_world.state / "copy" / "journal.sqlite3")
    journal = opened("sqlite", sqlite_world.state / "copy")
    assert journal.known([fax_id]) == {fax_id}
    journal.close()


def contents(connection: Any) -> dict[str, list[dict[str, Any]]]:
    """Every row of the first version's tables, with the columns that it had; events are numbered by the database."""
    found = {}
    for table in FIRST_TABLES:
        left_out = LATER_COLUMNS.get(table, set()) | ({"id"} if table == "event" else set())
        rows = connection.execute(sa.text(f"SELECT * FROM {table} ORDER BY 1, 2")).mappings()
        found[table] = [{key: value for key, value in row.items() if key not in left_out} for row in rows]
    return found


def first_version(url: str, state: Path, rows: dict[str, list[dict[str, Any]]]) -> None:
    """A journal as the first version of the schema made it, with these rows."""
    engine = database.connect(url, state, FakeClock(), read_only=False)
    assert engine.writer is not None
    with engine.writer.begin() as connection:
        command.upgrade(configuration(connection), "0001")
        for table, each in rows.items():
            for row in each:
                values = ", ".join(f":{key}" for key in row)
                connection.execute(sa.text(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values})"), row)
    engine.close()


def test_a_journal_of_the_first_version_is_brought_up_with_all_it_holds(
    world: Any, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    world.ended(Progress.FAILED)
    world.held()
    world.stored()
    world.report()
    accepted = world.accepted()
    world.received()
    held = world.journal._read(contents)
    world.journal.close()
    url, state = "sqlite", tmp_path / "first"
    if world.url != "sqlite":
        postgres = request.getfixturevalue("postgres")
        url = postgres.url(postgres.create())
    first_version(url, state, held)

    world.url, world.state = url, state
    world.restart()
    assert world.journal._read(contents) == held
    assert [len(rows) for rows in held.values() if rows] == [4, 4, 4, len(held["event"]), 1, 1]
    assert world.sql("SELECT version_num FROM alembic_version") == [(tables.REVISIONS[-1],)]
    jobs = [(row["provider_id"],) for row in held["recipient"] if row["provider_id"]]
    assert sorted(world.sql("SELECT provider_id FROM job")) == sorted(jobs)
    sent = world.status(accepted, Progress.SENT)
    assert world.journal.settle([Settled(accepted, sent, keep=(Picture("image"),))]) == 1
    assert world.journal.claim_kept("/srv/fax/out/billing", 60).fax_id == accepted.fax_id


def test_numbers_that_were_reached_before_are_known_after_it(
    world: Any, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    for _ in range(2):
        world.ended()
    world.ended(Progress.FAILED, world.route_to(number="+13035550188"))
    held = world.journal._read(contents)
    world.journal.close()
    url, state = "sqlite", tmp_path / "first"
    if world.url != "sqlite":
        postgres = request.getfixturevalue("postgres")
        url = postgres.url(postgres.create())
    first_version(url, state, held)
    world.url, world.state = url, state
    world.restart()
    assert world.sql("SELECT number FROM known_number") == [("+13035550100",)]


def test_a_migration_that_fails_did_not_happen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(connection: Any) -> None:
        connection.execute(sa.text("CREATE TABLE half (a INTEGER)"))
        raise RuntimeError("power cut")

    with monkeypatch.context() as patched:
        patched.setattr("faxdaemon.journal.migrations.upgrade", half)
        with pytest.raises(RuntimeError):
            opened("sqlite", tmp_path)
    journal = opened("sqlite", tmp_path)
    assert journal._write(lambda tx: sa.inspect(tx.connection).has_table("half")) is False
    journal.close()


# -- the lock


def test_a_second_opener_is_told_who_has_it(sqlite_world: Any) -> None:
    with pytest.raises(JournalBusy, match=r"another faxdaemon \(process \d+\) is using this journal"):
        sqlite_world.open()
    assert sqlite_world.state_of(sqlite_world.ready()) == "ready"
    sqlite_world.journal.close()
    sqlite_world.open().close()


def test_another_process_is_kept_out_and_let_in_when_the_first_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from faxdaemon.clock import SystemClock;"
        "from faxdaemon.journal import open_journal;"
        "S = type('S', (), {'notify': lambda self, *t: None});"
        f"open_journal('sqlite', state=Path({str(tmp_path)!r}), clock=SystemClock(), signals=S(), node='x');"
        "print('open', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        while "open" not in holder.stdout.readline():
            assert holder.poll() is None
        with pytest.raises(JournalBusy):
            opened("sqlite", tmp_path)
        holder.kill()
        holder.wait()
    opened("sqlite", tmp_path).close()


def test_a_stale_lock_file_means_nothing(tmp_path: Path) -> None:
    (tmp_path / "journal.lock").write_text("12345\n", encoding="ascii")
    opened("sqlite", tmp_path).close()


# -- how SQLite is used


def test_sqlite_flushes_every_commit_and_readers_cannot_write(sqlite_world: Any) -> None:
    pragmas = {p: sqlite_world.sql(f"PRAGMA {p}")[0][0] for p in ("journal_mode", "synchronous", "foreign_keys")}
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    with pytest.raises(JournalError, match="readonly"):
        sqlite_world.journal._read(lambda c: c.execute(sa.text("DELETE FROM fax")))


def test_there_is_one_read_write_connection(sqlite_world: Any) -> None:
    assert sqlite_world.journal._database.writer.pool.size() == 1
    assert sqlite_world.journal._database.writer.pool._max_overflow == 0
    assert sqlite_world.journal._database.writer.pool.checkedout() == 0 or sqlite_world.ready()


# -- places and addresses


def test_reading_needs_a_journal_that_is_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no journal here"):
        opened("sqlite", tmp_path, read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UserError, match="cannot be kept here"):
        opened("sqlite", tmp_path / "file" / "state")


def test_a_file_that_is_no_database_is_explained(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite3").write_bytes(b"this is not a database" * 100)
    with pytest.raises((JournalError, UserError), match="not a database"):
        opened("sqlite", tmp_path)


MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
//server/share /srv/fax cifs rw 0 0
/dev/sdb1 /srv/fax/local\\040disk ext4 rw 0 0
server:/export /srv/f nfs4 rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/faxdaemon", "ext4"),
        ("/srv/fax", "cifs"),
        ("/srv/fax/state", "cifs"),
        ("/srv/fax/local disk/state", "ext4"),
        ("/srv/f/state", "nfs4"),
        ("/srv/faxes", "ext4"),
    ],
)
def test_the_file_system_of_a_place_is_that_of_the_nearest_mount(path: str, kind: str) -> None:
    assert database.file_system(path, MOUNTS) == kind


def test_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "file_system", lambda path, mounts: "nfs4")
    with pytest.raises(UserError, match="network file system"):
        opened("sqlite", tmp_path)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://root@db/fax", "mysql is not supported"),
        ("nonsense", "not an address"),
        ("sqlite:///x", "not supported"),
    ],
)
def test_an_address_of_another_kind_is_explained(url: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=said):
        opened(url, tmp_path)


def test_a_server_that_is_not_there_is_explained_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be opened") as caught:
        opened(f"postgresql://fax:hunter2@/fax?host={tmp_path}", tmp_path)
    assert "hunter2" not in str(caught.value)
