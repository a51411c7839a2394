"""What the journal would say about a fax that is not dropped yet, for `faxdaemon explain`.

Promise   reads only; says what `guarding` and `hours` would do if the fax came now.
Needs     nothing more than the tables.
Crash     keeps nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from faxdaemon.contracts.journal import Foreseen, Guard
from faxdaemon.core.model import Document
from faxdaemon.journal.base import Part
from faxdaemon.journal.guarding import alike_words, content_of, harmless, new_words
from faxdaemon.journal.hours import HOUR
from faxdaemon.journal.remembered import hourly, known_number, lookalike


class Foreseeing(Part):
    """Reading, for one who asks beforehand."""

    def foresee(self, folder: str, numbers: Sequence[str], documents: Sequence[Document], guard: Guard) -> Foreseen:
        """See `contracts.journal.HistoryJournal`."""

        def work(connection: Connection) -> Foreseen:
            now = self._database.now(connection)
            holds = [
                *(_new(connection, numbers) if guard.first_time else ()),
                *(
                    _alike(connection, numbers, documents, now - round(guard.lookalike * 1000))
                    if guard.lookalike
                    else ()
                ),
            ]
            cap = guard.per_hour
            waits = cap is not None and _taken(connection, folder, now // HOUR) + len(numbers) > cap
            note = f"more than {cap} faxes want to leave {folder} in this hour: it waits for one with room"
            return Foreseen(tuple(holds), note if waits else None)

        return self._read(work)


def _new(connection: Connection, numbers: Sequence[str]) -> Iterator[str]:
    for number in numbers:
        if connection.execute(sa.select(known_number).where(known_number.c.number == number)).first() is None:
            yield new_words(number)


def _alike(connection: Connection, numbers: Sequence[str], documents: Sequence[Document], since: int) -> Iterator[str]:
    content = content_of(documents)
    for number in numbers:
        mine = (lookalike.c.content == content, lookalike.c.number == number, lookalike.c.at > since)
        row = connection.execute(sa.select(lookalike).where(*mine)).first()
        if row is not None and not harmless(connection, row):
            yield alike_words(row)


def _taken(connection: Connection, folder: str, hour: int) -> int:
    mine = (hourly.c.folder == folder, hourly.c.hour == hour)
    return int(connection.execute(sa.select(hourly.c.taken).where(*mine)).scalar() or 0)
