"""Concord Folder Fax, by the name of the document: `fax={13035550123}email={desk@example.org}job42.tif`.

Promise   the tokens may stand anywhere in the name, in any letter case; the number in the name comes before the
          folder's own (`to`), which takes every name without one.
Needs     nothing.
Crash     keeps nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from faxdaemon.contracts.format import AnswerFile, BadRequest, FolderAsks, NotMine, Order, Papers, ReportFacts
from faxdaemon.core.model import Request
from faxdaemon.formats._about import About
from faxdaemon.formats._concord import answers, tokens
from faxdaemon.formats._control import Refused, filled
from faxdaemon.formats._dialect import Dialect
from faxdaemon.formats._write import plain, single

ABOUT = About(
    title="Concord Folder Fax, file names",
    says="The tokens `fax={...}` and `email={...}` anywhere in the name of the document. Without the first, the "
    "folder's `to` is meant.",
    files={"fax={13035550123}email={desk@example.org}job42.pdf": ""},
    numbers=("+13035550123",),
    carries=("notify", "notify_to"),
    answers="`<stem>.job.log` and `<stem>.history.csv` (one line a recipient; the files of a day, put together, are "
    "its history) beside the document, and `<stem>.result.json`.",
    source="developer.concordfax.com, Folder Fax: Service Description, Fax File Override Naming Convention (A); what "
    "stands in its logs is not published",
    answer_files=(
        "sent/{stem}.job.log",
        "sent/{stem}.history.csv",
        "sent/{stem}.result.json",
    ),
)


def open_format(folder: FolderAsks) -> ConcordName:
    """The dialect as one drop folder speaks it."""
    return ConcordName(folder)


class ConcordName(Dialect):
    """See the module."""

    def read(self, papers: Papers) -> list[Order] | BadRequest | NotMine:
        """One recipient, from the name's stem."""
        try:
            found = tokens(PurePath(papers.name).stem)
        except Refused as error:
            return BadRequest(str(error))
        number = found.get("fax") or self.folder.to
        if number is None:
            return NotMine(
                "its name has no fax={...}, so it is not known where to send it: rename it, with the fax number in "
                "it, and drop it again"
            )
        email = found.get("email")
        return [Order((Request(number, options=filled(notify="email" if email else None, notify_to=email)),))]

    def compose(self, orders: Sequence[Order]) -> str:
        """The tokens alone."""
        request = single(orders)
        email = plain(request.options.get("notify_to") or "")
        return f"fax={{{request.number}}}" + (f"email={{{email}}}" if email else "")

    def answer(self, facts: ReportFacts) -> list[AnswerFile]:
        """As Folder Fax tells of its jobs."""
        return answers(facts)
