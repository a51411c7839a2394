"""The journal on SQLite and PostgreSQL: one table design, one code path.

Promise   `faxdaemon.contracts.journal`: each method is one durable commit, conditional on what the row says now.
Needs     SQLite: a local disk, for one process alone.  PostgreSQL: any number of nodes.
Crash     see each part; `states.AFTER_CRASH` has the whole.

Read `transitions` first (the one function that changes a state), then `writer` (many callers, one commit), then the
parts in the order a fax travels: intake, routing, sending, resolving, tracking, reports, keeping; fetching, queues,
delivering, sinks, redirecting, relisting; pushing; auditing, clearing,
copying.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.journal import Journal
from faxdaemon.contracts.stage import Signals
from faxdaemon.journal.accounts import Accounts
from faxdaemon.journal.clearing import Clearing
from faxdaemon.journal.copying import Copying
from faxdaemon.journal.database import connect
from faxdaemon.journal.decisions import Operator
from faxdaemon.journal.delivering import Delivering
from faxdaemon.journal.foreseeing import Foreseeing
from faxdaemon.journal.guarding import learn_reached
from faxdaemon.journal.history import History
from faxdaemon.journal.hours import Pace
from faxdaemon.journal.intake import Intake
from faxdaemon.journal.keeping import Keeping
from faxdaemon.journal.pushing import Pushing
from faxdaemon.journal.queues import Queues
from faxdaemon.journal.redirecting import Redirecting
from faxdaemon.journal.relisting import Relisting
from faxdaemon.journal.reports import Reports, update_reports
from faxdaemon.journal.resolving import Resolving
from faxdaemon.journal.routing import Routing
from faxdaemon.journal.schema import prepare
from faxdaemon.journal.sending import Sending
from faxdaemon.journal.sinks import Sinks
from faxdaemon.journal.tracking import Tracking
from faxdaemon.journal.watching import Watching

__all__ = ["SqlJournal", "open_journal"]


class SqlJournal(
    Intake,
    Routing,
    Sending,
    Resolving,
    Tracking,
    Reports,
    Keeping,
    Pushing,
    Queues,
    Delivering,
    Sinks,
    Redirecting,
    Relisting,
    Accounts,
    Operator,
    Pace,
    History,
    Foreseeing,
    Clearing,
    Watching,
    Copying,
):
    """The whole journal; made by `open_journal`."""


def open_journal(
    url: str,
    *,
    state: Path,
    clock: Clock,
    signals: Signals,
    node: str,
    read_only: bool = False,
    telling: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Journal:
    """Open the journal `url`: `sqlite` (the file `journal.sqlite3` in `state`) or `postgresql://user@host/database`.

    `read_only` is for looking at it beside a running daemon: no lock, no migration; methods that write raise
    `JournalError`.  `telling` surrounds the log lines of one commit.  `UserError` when it cannot be opened as asked,
    `JournalBusy` when another process has it.
    """
    database = connect(url, state, clock, read_only=read_only)
    try:
        prepare(database, state)
        return SqlJournal(
            database,
            clock=clock,
            signals=signals,
            node=node,
            finishers=[update_reports, learn_reached],
            read_only=read_only,
            telling=telling,
        )
    except BaseException:
        database.close()
        raise
