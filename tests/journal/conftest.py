"""A journal on each database, on virtual time, and short ways to bring a fax into any state."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import structlog
from support.clock import FakeClock
from support.journals import put_journal
from support.postgres import NoPostgres, Postgres, running_postgres

from faxdaemon.contracts.journal import ReportWork, Routed, Settled
from faxdaemon.contracts.provider import JobStatus, Progress
from faxdaemon.core.ids import FaxId, new_fax_id
from faxdaemon.core.model import Document, Drop, InboundFax, Listed, Origin, Route, StoredDocument, Submission
from faxdaemon.core.states import Outbound
from faxdaemon.journal import SqlJournal, open_journal
from faxdaemon.journal.types import to_ms

FOLDER = "/srv/fax/out/billing"
NUMBER = "+13035550100"


class Bell:
    """Remembers which topics were signalled."""

    def __init__(self) -> None:
        self.rung: list[str] = []

    def notify(self, *topics: str) -> None:
        self.rung += topics

    def heard(self) -> set[str]:
        """What was signalled since the last time."""
        rung, self.rung = set(self.rung), []
        return rung


class World:
    """One site with one journal, and what a test needs to tell stories with it."""

    def __init__(self, url: str, state: Path) -> None:
        self.url = url
        self.state = state
        self.clock = FakeClock()
        self.bell = Bell()
        self.others: list[SqlJournal] = []
        self.journal = self.open()

    def open(self, node: str = "one", **options: Any) -> SqlJournal:
        """Another opening of the same journal; PostgreSQL is put on virtual time, too."""
        journal = open_journal(self.url, state=self.state, clock=self.clock, signals=self.bell, node=node, **options)
        assert isinstance(journal, SqlJournal)
        journal._database.now = lambda _: to_ms(self.clock.now())  # type: ignore[method-assign] # virtual time
        self.others.append(journal)
        return journal

    def restart(self) -> None:
        """The process ends and another begins."""
        self.journal.close()
        self.journal = self.open()

    def close(self) -> None:
        for journal in self.others:
            journal.close()

    # -- outbound

    def fax_id(self) -> FaxId:
        self.clock.advance(0.001)
        return new_fax_id(to_ms(self.clock.now()), self.clock.entropy(10))

    def make(self, name: str = "invoice.pdf", folder: str = FOLDER, problem: str | None = None, **more: Any) -> Drop:
        """A drop that nobody has recorded yet."""
        fax_id = self.fax_id()
        sha256 = more.pop("sha256", "0" * 64)
        documents = more.pop("documents", (Document(name, f"out/{fax_id}-1.pdf", 4711, sha256),))
        return Drop(fax_id, Origin(folder, name, 4711, 17, 42), documents, problem)

    def received(self, **more: Any) -> FaxId:
        drop = self.make(**more)
        self.journal.accept([drop])
        return drop.fax_id

    def route_to(self, *accounts: str, number: str = NUMBER) -> Route:
        return Route(number, "Dr. Gray", accounts or ("main",), {"resolution": "fine"})

    def ready(self, *routes: Route, expire: float = 24 * 3600.0, **more: Any) -> FaxId:
        fax_id = self.received(**more)
        self.journal.route([Routed(fax_id, routes or (self.route_to(),), (2,), expire)])
        return fax_id

    def submitting(self, *routes: Route, **more: Any) -> Submission:
        fax_id = self.ready(*routes, **more)
        return self.claim(fax_id)

    def claim(self, fax_id: FaxId, account: str = "main") -> Submission:
        return self.only(fax_id, self.journal.claim_ready(account, 100, 60))

    def only(self, fax_id: FaxId, claimed: list[Submission]) -> Submission:
        (found,) = [s for s in claimed if s.fax_id == fax_id]
        return found

    def uncertain(self, *routes: Route, **more: Any) -> Submission:
        submission = self.submitting(*routes, **more)
        assert self.journal.lost(submission, "connection reset", 0)
        return self.only(submission.fax_id, self.journal.claim_uncertain("main", 100, 60))

    def accepted(self, *routes: Route, **more: Any) -> Submission:
        submission = self.submitting(*routes, **more)
        assert self.journal.accepted(submission, f"job-{submission.reference}", 0)
        return self.only(submission.fax_id, self.journal.claim_accepted("main", 100, 60))

    def ended(self, progress: Progress = Progress.SENT, *routes: Route, **more: Any) -> Submission:
        submission = self.accepted(*routes, **more)
        assert self.journal.settle([Settled(submission, self.status(submission, progress))]) == 1
        return submission

    def held(self, **more: Any) -> Submission:
        submission = self.uncertain(**more)
        assert self.journal.given_up(submission, "nothing can tell")
        return submission

    def status(self, submission: Submission, progress: Progress, text: str = "said so", **more: Any) -> JobStatus:
        return JobStatus(submission.provider_id or "", progress, text, **more)

    def bring_to(self, state: Outbound) -> Submission:
        """A fax in `state`; the submission has the row's own epoch."""
        if state in {Outbound.RECEIVED, Outbound.READY}:
            template = self.ended()
            fax_id = self.received() if state is Outbound.RECEIVED else self.ready()
            submission = dataclasses.replace(template, fax_id=fax_id, reference=f"{fax_id}-1-1")
        else:
            submission = {
                Outbound.SUBMITTING: self.submitting,
                Outbound.UNCERTAIN: self.uncertain,
                Outbound.ACCEPTED: self.accepted,
                Outbound.SENT: self.ended,
                Outbound.FAILED: lambda: self.ended(Progress.FAILED),
                Outbound.CANCELLED: lambda: self.ended(Progress.CANCELLED),
                Outbound.HELD: self.held,
            }[state]()
        row = self.row(submission.fax_id)
        assert row["state"] == state
        return dataclasses.replace(submission, epoch=row["epoch"])

    def row(self, fax_id: FaxId, recipient: int = 1) -> Mapping[str, Any]:
        """What the journal has on one recipient."""
        found: Mapping[str, Any] = self.journal.life(fax_id).facts["recipients"][recipient - 1]
        return found

    def state_of(self, fax_id: FaxId, recipient: int = 1) -> str:
        return str(self.row(fax_id, recipient)["state"])

    def report_of(self, fax_id: FaxId) -> str:
        return str(self.journal.life(fax_id).facts["report"])

    def events(self, fax_id: FaxId) -> list[tuple[str, str, str | None, str]]:
        return [(e.subject, e.event, e.source, e.target) for e in self.journal.life(fax_id).events]

    def report(self, plan: Mapping[str, Any] | None = None, folder: str = FOLDER) -> list[ReportWork]:
        """Report whatever is due in the folder."""
        works = self.journal.claim_reports(folder, 100)
        staged = [w for w in works if w.plan is not None]
        staged += self.journal.staged([(w, plan or {"moves": []}) for w in works if w.plan is None])
        self.journal.reported(staged)
        return works

    # -- inbound

    def listed(self, provider_id: str = "77", called: str | None = "+13035550177", **more: Any) -> Listed:
        facts: dict[str, Any] = {
            "caller": NUMBER,
            "csid": "GRAY",
            "received_at": None,
            "pages": 2,
            "metadata": {"a": 1},
        }
        return Listed(provider_id, called, **(facts | more))

    def seen(self, provider_id: str = "77", account: str = "main", **more: Any) -> InboundFax:
        assert self.journal.seen(account, [self.listed(provider_id, **more)]) == 1
        (fax,) = [f for f in self.journal.claim_seen(account, 100, 60) if f.listed.provider_id == provider_id]
        return fax

    def spooled(self, **more: Any) -> StoredDocument:
        facts: dict[str, Any] = {"size": 9, "sha256": "1" * 64, "media": "application/pdf", "pages": 2}
        return StoredDocument("in/x-1.pdf", **(facts | more))

    def stored(self, *sinks: str, provider_id: str = "77", account: str = "main") -> InboundFax:
        fax = self.seen(provider_id, account)
        assert self.journal.stored(fax, self.spooled(), sinks or ("desk",))
        return fax

    # -- the database itself

    def sql(self, statement: str, **parameters: Any) -> list[Any]:
        """One statement, past all the rules of the journal but not past the database's."""

        def work(tx: Any) -> list[Any]:
            result = tx.connection.execute(sa.text(statement), parameters)
            return list(result) if result.returns_rows else []

        found: list[Any] = self.journal._write(work)
        return found


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Log lines are captured where a test looks at them, and thrown away elsewhere."""
    with structlog.testing.capture_logs():
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server of our own, with one database that is migrated already."""
    try:
        with running_postgres() as server:
            server.execute("CREATE DATABASE migrated")
            options: dict[str, Any] = {"state": Path(), "clock": FakeClock(), "signals": Bell(), "node": "one"}
            open_journal(server.url("migrated"), **options).close()
            yield server
    except NoPostgres as error:
        pytest.skip(str(error))


@pytest.fixture
def database(postgres: Postgres) -> Iterator[str]:
    """The address of a fresh, migrated database."""
    name = postgres.create("migrated")
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite journal, to be copied."""
    state = tmp_path_factory.mktemp("migrated")
    put_journal(state)
    return state / "journal.sqlite3"


@pytest.fixture
def sqlite_world(tmp_path: Path, migrated: Path) -> Iterator[World]:
    (tmp_path / "state").mkdir()
    shutil.copy(migrated, tmp_path / "state")
    world = World("sqlite", tmp_path / "state")
    yield world
    world.close()


@pytest.fixture
def postgres_world(database: str, tmp_path: Path) -> Iterator[World]:
    world = World(database, tmp_path)
    yield world
    world.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest) -> World:
    """The same story on both databases."""
    found: World = request.getfixturevalue("sqlite_world" if request.param == "sqlite" else "postgres_world")
    return found
