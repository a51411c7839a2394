"""How many faxes a second the journal carries: `python tests/bench/bench_journal.py [--history 1000000] [URL]`.

A life is accept, route, claim, accepted, settle, staged, reported; each step records 50 faxes.  `accepted` takes one
fax a call, as in the daemon, from as many threads, so that it shows the group commit.  Log lines are switched off; with
`--log` they are rendered as JSON and thrown away.
"""

from __future__ import annotations

import argparse
import io
import logging
import sqlite3
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import structlog

sys.path.insert(0, str(Path(__file__).parents[1]))

from faxdaemon.clock import SystemClock
from faxdaemon.contracts.journal import Journal, Routed, Settled
from faxdaemon.contracts.provider import JobStatus, Progress
from faxdaemon.core.ids import new_fax_id
from faxdaemon.core.model import Document, Drop, Origin, Route
from faxdaemon.journal import open_journal

BATCH = 50
THREADS = 50
CLOCK = SystemClock()


class Nobody:
    """Listens to no wake-up."""

    def notify(self, *topics: str) -> None:
        """Nothing to do."""


def fresh(count: int) -> list[Drop]:
    """Drops with new ids."""
    now = int(CLOCK.now().timestamp() * 1000)
    return [
        Drop(
            fax_id := new_fax_id(now, CLOCK.entropy(10)),
            Origin("/srv/fax/out/billing", f"invoice_{fax_id}.pdf", 40_000, 1_700_000_000_000_000_000, 4711),
            (Document("invoice.pdf", f"out/{fax_id[:6]}/{fax_id}-1.pdf", 40_000, "0" * 64),),
        )
        for _ in range(count)
    ]


def lives(journal: Journal, pool: ThreadPoolExecutor, spent: dict[str, float]) -> None:
    """`BATCH` faxes from the drop folder to the answer."""
    drops = fresh(BATCH)
    marks = [time.perf_counter()]

    def mark() -> None:
        marks.append(time.perf_counter())

    journal.accept(drops)
    mark()
    route = Route("+13035550100", None, ("main",), {"resolution": "fine"})
    journal.route([Routed(drop.fax_id, (route,), (2,)) for drop in drops])
    mark()
    claimed = journal.claim_ready("main", BATCH, 120)
    assert len(claimed) == BATCH
    mark()
    assert all(pool.map(lambda s: journal.accepted(s, f"job-{s.reference}", 0), claimed))
    mark()
    claimed = journal.claim_accepted("main", BATCH, 60)
    done = [Settled(s, JobStatus(s.provider_id or "", Progress.SENT, "ok", 2)) for s in claimed]
    assert journal.settle(done) == BATCH
    mark()
    works = journal.claim_reports("/srv/fax/out/billing", BATCH)
    staged = journal.staged([(work, {"moves": [["a", "b"]]}) for work in works])
    mark()
    assert len(staged) == BATCH
    journal.reported(staged)
    mark()
    names = ("accept", "route", "claim", "accepted", "settle", "stage", "report")
    for name, start, end in zip(names, marks, marks[1:], strict=False):
        spent[name] = spent.get(name, 0.0) + end - start


def with_history(state: Path, count: int) -> None:
    """Put `count` finished faxes with eight events each into a SQLite journal, straight into the file."""
    open_journal("sqlite", state=state, clock=CLOCK, signals=Nobody(), node="bench").close()
    db = sqlite3.connect(state / "journal.sqlite3")
    db.execute("PRAGMA synchronous=OFF")
    start = int(CLOCK.now().timestamp() * 1000) - count * 100
    ids = [(new_fax_id(start + n * 100, n.to_bytes(10, "big")),) for n in range(count)]
    with db:
        db.execute("CREATE TEMP TABLE ids (id TEXT)")
        db.executemany("INSERT INTO ids VALUES (?)", ids)
        db.execute(
            "INSERT INTO fax (id, folder, name, size, modified_ns, inode, node, received_at, report, report_epoch,"
            " report_again, plan) SELECT id, '/srv/fax/out/billing', 'invoice.pdf', 40000, '1', '2', 'bench', 0,"
            " 'reported', 1, 0, '{}' FROM ids"
        )
        db.execute(
            "INSERT INTO document SELECT id, 1, 'invoice.pdf', 'out/' || id, 40000, printf('%064d', 0), 2 FROM ids"
        )
        db.execute(
            "INSERT INTO recipient (fax_id, n, state, epoch, number, account, accounts, options, submission, reference,"
            " attempts, asked, due, allowance, expires_at, intended_at, provider_id, doubt, cancel_wanted, pages,"
            " ended_at, updated_at) SELECT id, 1, 'sent', 2, '+13035550100', 'main', '[\"main\"]', '{}', 1,"
            " id || '-1-1', 0, 0, 0, 1, 1, 1, 'job-' || id, 0, 0, 2, 1, 1 FROM ids"
        )
        db.execute(
            "INSERT INTO event (fax_id, subject, event, source, target, at, node, note) SELECT id, 'recipient 1',"
            " 'accept', 'submitting', 'accepted', 0, 'bench', 'provider id 1' FROM ids, generate_series(1, 8)"
            if _has_series(db)
            else "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 8) INSERT INTO event"
            " (fax_id, subject, event, source, target, at, node, note) SELECT id, 'recipient 1', 'accept',"
            " 'submitting', 'accepted', 0, 'bench', 'provider id 1' FROM ids, s"
        )
    db.close()


def _has_series(db: sqlite3.Connection) -> bool:
    try:
        db.execute("SELECT 1 FROM generate_series(1, 1)")
    except sqlite3.OperationalError:
        return False
    return True


def run(url: str, state: Path, seconds: float) -> None:
    """Open, carry lives for `seconds`, print."""
    start = time.perf_counter()
    journal = open_journal(url, state=state, clock=CLOCK, signals=Nobody(), node="bench")
    print(f"open      {time.perf_counter() - start:8.3f} s")
    spent: dict[str, float] = {}
    with ThreadPoolExecutor(THREADS) as pool:
        for _ in range(5):
            lives(journal, pool, {})
        start, busy, count = time.perf_counter(), time.process_time(), 0
        while time.perf_counter() - start < seconds:
            lives(journal, pool, spent)
            count += BATCH
        took, busy = time.perf_counter() - start, time.process_time() - busy
    print(f"lives     {count / took:8.0f} /s, {busy / count * 1e6:.0f} us of processor time each")
    for name, value in spent.items():
        print(f"  {name:8}{value / count * 1e6:8.0f} us a fax")
    one = fresh(200)
    start = time.perf_counter()
    for drop in one:
        journal.accept([drop])
    print(f"accept, one a commit {(time.perf_counter() - start) / len(one) * 1e6:8.0f} us")
    start = time.perf_counter()
    for _ in range(200):
        journal.claim_ready("idle", 1, 60)
        journal.next_due("ready", "idle")
    print(f"idle claim and look  {(time.perf_counter() - start) / 200 * 1e6:8.0f} us")
    start = time.perf_counter()
    journal.counts()
    print(f"counts               {(time.perf_counter() - start) * 1e6:8.0f} us")
    journal.close()


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", nargs="?", default="sqlite")
    parser.add_argument("--history", type=int, default=0, help="finished faxes in a SQLite journal beforehand")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--log", action="store_true")
    parser.add_argument("--state", type=Path, help="a folder on the disk to measure; default: a temporary one")
    arguments = parser.parse_args()
    level = logging.INFO if arguments.log else logging.WARNING
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(io.StringIO()),
        cache_logger_on_first_use=True,
    )
    with tempfile.TemporaryDirectory(dir=arguments.state) as name:
        state = Path(name)
        if arguments.history:
            start = time.perf_counter()
            with_history(state, arguments.history)
            print(f"history of {arguments.history} made in {time.perf_counter() - start:.0f} s")
        run(arguments.url, state, arguments.seconds)


if __name__ == "__main__":
    main()
