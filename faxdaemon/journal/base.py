"""What every part of the journal is built on: how to write, how to read.

Promise   `_write` returns after the commit; `_read` sees every commit that returned before it began.
Needs     an opened database whose schema is ours.
Crash     see `writer`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from faxdaemon.contracts.clock import Clock
from faxdaemon.contracts.stage import Signals
from faxdaemon.core.errors import JournalError
from faxdaemon.journal.database import Database
from faxdaemon.journal.transaction import Tx
from faxdaemon.journal.writer import Handler, Writer, failure

Item = TypeVar("Item")
T = TypeVar("T")


def _each(tx: Tx, works: list[Callable[[Tx], T]]) -> list[T]:
    return [work(tx) for work in works]


class Part:
    """One opened journal; the public methods are in the subclasses, a pipeline each."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        signals: Signals,
        node: str,
        finishers: Sequence[Callable[[Tx], None]],
        read_only: bool,
        telling: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._database = database
        self._clock = clock
        self._signals = signals
        self._node = node
        # A new name at each opening: what an earlier process of this node left behind is not ours.
        self._owner = f"{node}:{clock.entropy(8).hex()}"
        self._finishers = tuple(finishers)
        self._telling = telling
        self._writer = None if read_only else Writer(database, self._begin, self._committed, self._tell)

    def close(self) -> None:
        """Finish what is queued and give up the database."""
        if self._writer is not None:
            self._writer.close()
        self._database.close()

    def _begin(self, connection: Connection, now: int) -> Tx:
        return Tx(connection, now, self._node, self._owner, self._finishers)

    def _committed(self, tx: Tx) -> None:
        if tx.topics:
            self._signals.notify(*tx.topics)

    def _tell(self, tx: Tx) -> None:
        with self._telling():
            tx.log()

    def _write(self, work: Callable[[Tx], T]) -> T:
        if self._writer is None:
            raise JournalError("the journal was opened for reading only")
        return self._writer.run(_each, work)

    def _write_together(self, handler: Handler[Item, T], item: Item) -> T:
        """As `_write`, for what many callers do at the same time: `handler` gets the items of all of them."""
        if self._writer is None:
            raise JournalError("the journal was opened for reading only")
        return self._writer.run(handler, item)

    def _read(self, work: Callable[[Connection], T]) -> T:
        try:
            with self._database.reader.begin() as connection:
                return work(connection)
        except SQLAlchemyError as error:
            raise failure(error) from None  # the cause would repeat the parameters: numbers and names
