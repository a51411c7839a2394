"""Faxbot's folder connector: `scan1.pdf` and `scan1.json` with `{"to": "+13035550123"}`.

Promise   that one key is followed; any other is refused, for Faxbot has none, and whoever writes one means something.
Needs     nothing.
Crash     keeps nothing.

For more than a number there is `request`, which reads these files too.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from faxdaemon.contracts.format import BadRequest, FolderAsks, NotMine, Order, Papers
from faxdaemon.core.model import Request
from faxdaemon.formats._about import About
from faxdaemon.formats._lines import LinesDialect, Wrong, short
from faxdaemon.formats._text import Text
from faxdaemon.formats._write import single

ABOUT = About(
    title="Faxbot, folder connector",
    says="A `.json` with the name of the document and one key, `to`. The dialect `request` reads this, and more.",
    files={"scan1.pdf": "", "scan1.json": '{"to": "+13035550123"}\n'},
    numbers=("+13035550123",),
    carries=(),
    answers="`<stem>.result.json` beside the document; in `sent` and `failed` where Faxbot has `done` and `failed`.",
    source="A: Faxbot's documentation, “Email and folders”",
)


def open_format(folder: FolderAsks) -> Faxbot:
    """The dialect as one drop folder speaks it."""
    return Faxbot(folder)


class Faxbot(LinesDialect):
    """See the module."""

    endings = (".json",)

    def is_control(self, name: str) -> bool:
        """Our own answers are not asked with."""
        return super().is_control(name) and not name.lower().endswith(".result.json")

    def read(self, papers: Papers) -> list[Order] | BadRequest | NotMine:
        """What has more words may be a request of our own."""
        found = super().read(papers)
        return replace(found, rather="request") if isinstance(found, BadRequest) else found

    def follow(self, text: Text) -> list[Order]:
        """One recipient."""
        try:
            asked = json.loads(text.text)
        except (ValueError, RecursionError):
            raise Wrong(None, "it is not JSON") from None
        if not isinstance(asked, dict) or "to" not in asked:
            raise Wrong(None, 'it is not {"to": "…"}')
        more = next((key for key in asked if key != "to"), None)
        if more is not None:
            raise Wrong(None, f"{short(more)}: is not known here; the dialect “request” has more words than “to”")
        if not isinstance(asked["to"], str) or not asked["to"].strip():
            raise Wrong(None, "to: must be one fax number, in quotes")
        return [Order((Request(asked["to"].strip()),))]

    def compose(self, orders: Sequence[Order]) -> str:
        """One key."""
        return json.dumps({"to": single(orders).number}) + "\n"
