"""What every dialect has unless it says otherwise: no control file, our own answer, nothing left in the drop folder.

Promise   a dialect says only what is its own.
Needs     what the drop folder says of itself.
Crash     keeps nothing.
"""

from __future__ import annotations

from faxdaemon.contracts.format import (
    AnswerFile,
    BadRequest,
    FolderAsks,
    Looks,
    NotMine,
    Order,
    Papers,
    ReportFacts,
)
from faxdaemon.formats._result import result


class Dialect:
    """See `faxdaemon.contracts.format.Format`."""

    looks_at = Looks.NAME
    answers: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    """Endings of its control files, lower case with dot."""

    def __init__(self, folder: FolderAsks) -> None:
        self.folder = folder

    def is_control(self, name: str) -> bool:
        """By its ending; in any letter case, for DOS knew only one."""
        return self.looks_at is Looks.CONTROL and name.lower().endswith(self.endings)

    def read(self, papers: Papers) -> list[Order] | BadRequest | NotMine:
        """Every dialect's own."""
        raise NotImplementedError

    def answer(self, facts: ReportFacts) -> list[AnswerFile]:
        """`<stem>.result.json`."""
        return [result(facts)]
