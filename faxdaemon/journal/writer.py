"""The writer: one thread, one connection, many callers, one commit.

Promise   `run` returns after the commit that holds its work, never before.  Whatever waits when the thread is free is
          committed together, so many callers share one flush of the disk.  A caller whose work raises gets its own
          error; the others are not touched by it.
Needs     work that can be run again: it may be rolled back because of a neighbour and repeated on its own.
Crash     a group is in the database wholly or not at all.
Errors    `JournalError` when the database failed.  After a failed commit on SQLite nobody can know what is on the disk,
          so every further call fails too: the process must end, and recovery starts from what the disk really holds.

A PostgreSQL that went away is tried again for `PATIENCE` seconds.  The lost commit may have come through; then the
repeat finds the epoch raised or the row there already, and changes nothing.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar, cast

import structlog
from sqlalchemy.engine import Connection, RootTransaction
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from faxdaemon.core.errors import JournalError
from faxdaemon.journal.database import Database
from faxdaemon.journal.transaction import Tx

Item = TypeVar("Item")
T = TypeVar("T")
Handler = Callable[[Tx, list[Item]], list[T]]
GROUP = 500
PATIENCE = 60.0
_RETRIES = 5
#: Deadlock, serialisation failure: the database rolled us back so that somebody else could go on.
_LOST_RACE = frozenset({"40P01", "40001", "55P03"})
_log = structlog.get_logger()


class _Job(Generic[Item, T]):
    """One caller's item, the handler that does all items of its kind at once, and where the answer goes."""

    __slots__ = ("_answered", "error", "handler", "item", "result", "settled")

    def __init__(self, handler: Handler[Item, T], item: Item) -> None:
        self.handler = handler
        self.item = item
        self.result: T | None = None
        self.error: BaseException | None = None
        self.settled = False
        self._answered = threading.Lock()
        self._answered.acquire()

    def settle(self, result: T | None = None, error: BaseException | None = None) -> None:
        """Let the caller go on; once only."""
        self.result, self.error, self.settled = result, error, True
        self._answered.release()

    def wait(self) -> T:
        self._answered.acquire()
        if self.error is not None:
            raise self.error
        return cast(T, self.result)


def _results(tx: Tx, group: Sequence[_Job[Any, Any]]) -> list[Any]:
    """Do the group's items, those of one handler together; the callers came at the same time, so no order is broken."""
    kinds: dict[Handler[Any, Any], list[int]] = {}
    for place, job in enumerate(group):
        kinds.setdefault(job.handler, []).append(place)
    results: list[Any] = [None] * len(group)
    for handler, places in kinds.items():
        done = handler(tx, [group[place].item for place in places])
        for place, result in zip(places, done, strict=True):
            results[place] = result
    return results


class Writer:
    """Runs work on the only connection that writes."""

    def __init__(
        self,
        database: Database,
        begin: Callable[[Connection, int], Tx],
        done: Callable[[Tx], None],
        tell: Callable[[Tx], None],
    ) -> None:
        """`begin` makes the transaction object from a connection and the time; of each commit `done` is told before the
        callers are answered, `tell` after it."""
        self._database = database
        self._begin = begin
        self._done = done
        self._tell = tell
        self._queue: queue.SimpleQueue[_Job[Any, Any] | None] = queue.SimpleQueue()
        self._gate = threading.Lock()
        self._closed = False
        self._broken: str | None = None
        self._connection: Connection | None = None
        self._thread = threading.Thread(target=self._loop, name="journal", daemon=True)
        self._thread.start()

    def run(self, handler: Handler[Item, T], item: Item) -> T:
        """Have `handler` do `item`, and what else waits for that handler; returns the item's result once committed."""
        job = _Job(handler, item)
        with self._gate:
            if self._closed:
                raise JournalError("the journal is closed")
            self._queue.put(job)
        return job.wait()

    def close(self) -> None:
        """Finish what is queued, then end."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _loop(self) -> None:
        going = True
        while going:
            group: list[_Job[Any, Any]] = []
            job = self._queue.get()
            while job is not None:
                group.append(job)
                if len(group) == GROUP:
                    break
                try:
                    job = self._queue.get_nowait()
                except queue.Empty:
                    break
            going = job is not None
            try:
                self._serve(group)
            except BaseException as error:  # noqa: BLE001 - a bug here must not leave callers waiting for ever
                self._broken = f"the journal's writer failed: {type(error).__name__}"
                self._forget()
            for member in group:
                if not member.settled:
                    member.settle(error=JournalError(self._broken or "the journal's writer failed"))
        self._forget()

    def _serve(self, group: list[_Job[Any, Any]]) -> None:
        if len(group) > 1 and self._broken is None:
            try:
                self._commit(group)
            except Exception as error:  # noqa: BLE001 - whoever's it is, each gets its own below
                _log.debug("journal group split", size=len(group), error=type(error).__name__)
            else:
                return
        for job in group:
            self._alone(job)

    def _alone(self, job: _Job[Any, Any]) -> None:
        give_up = time.monotonic() + PATIENCE
        attempt = 0
        while self._broken is None:
            attempt += 1
            try:
                return self._commit([job])
            except DBAPIError as error:
                if not self._again(error, attempt, give_up):
                    return job.settle(error=failure(error))
                if self._broken is None:
                    time.sleep(min(0.05 * 2 ** min(attempt, 8), 5.0))
            except SQLAlchemyError as error:
                return job.settle(error=failure(error))
            except Exception as error:  # noqa: BLE001 - the caller's own; it is raised where it was called
                return job.settle(error=error)
        return job.settle(error=JournalError(self._broken))

    def _again(self, error: DBAPIError, attempt: int, give_up: float) -> bool:
        """Whether another try may help; a broken journal ends the tries by itself."""
        if self._database.is_sqlite:
            return self._broken is not None
        if error.connection_invalidated or self._connection is None:
            _log.warning("journal connection lost", error=type(error.orig).__name__, attempt=attempt)
            return time.monotonic() < give_up
        return getattr(error.orig, "sqlstate", None) in _LOST_RACE and attempt <= _RETRIES

    def _commit(self, group: list[_Job[Any, Any]]) -> None:
        """Run the group's work in one transaction; raises whatever its first failing member raised."""
        try:
            connection = self._connect()
            transaction = connection.begin()
            try:
                tx = self._begin(connection, self._database.now(connection))
                results = _results(tx, group)
                tx.finish()
            except BaseException:
                with contextlib.suppress(SQLAlchemyError):
                    transaction.rollback()
                raise
            self._make_durable(transaction)
        except DBAPIError as error:
            if error.connection_invalidated:
                self._forget()
            raise
        self._listen(self._done, tx)
        for job, result in zip(group, results, strict=True):
            job.settle(result)
        self._listen(self._tell, tx)  # log lines are written while the callers work

    def _listen(self, listener: Callable[[Tx], None], tx: Tx) -> None:
        try:
            listener(tx)
        except Exception as error:  # noqa: BLE001 - what is committed must not be repeated because of a wake-up
            with contextlib.suppress(Exception):
                _log.error("journal listeners failed", error=repr(error))

    def _make_durable(self, transaction: RootTransaction) -> None:
        try:
            transaction.commit()
        except SQLAlchemyError as error:
            if self._database.is_sqlite:
                self._broken = f"the journal could not be committed: {_text(error)}"
            raise

    def _connect(self) -> Connection:
        if self._connection is None:
            assert self._database.writer is not None
            self._connection = self._database.writer.connect()
        return self._connection

    def _forget(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def failure(error: SQLAlchemyError) -> JournalError:
    """What callers get to see of an error of the database."""
    return JournalError(f"the journal failed: {_text(error)}")


def _text(error: SQLAlchemyError) -> str:
    """What the database said, without our parameters and its "failing row": they hold numbers and names."""
    origin = getattr(error, "orig", None)
    said = getattr(getattr(origin, "diag", None), "message_primary", None) or origin
    return f"{type(origin).__name__}: {said}" if origin is not None else type(error).__name__
