"""Writes the generated parts of the pages under docs/ again: `make docs`.  `test_docs.py` compares.

Promise   changes what lies between a page's marks and nothing else.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from faxdaemon.config import reference
from faxdaemon.core import states

DOCS = Path(__file__).parents[2] / "docs"
sys.path.append(str(Path(__file__).parents[1]))
from support import format_pages, provider_codes, wish_table  # noqa: E402 - they are found by the line above

BEGIN = "<!-- states:begin -->"
END = "<!-- states:end -->"

MACHINES: tuple[tuple[str, str, type[StrEnum], tuple[states.Move[Any], ...]], ...] = (
    ("A recipient of an outbound fax", "the unit of sending", states.Outbound, states.OUTBOUND),
    ("A fax's report into its drop folder", "once per fax", states.Reporting, states.REPORTING),
    ("A picture of what was sent", "one kept beside the answer", states.Kept, states.KEPT),
    ("A received fax", "once per fax", states.Inbound, states.INBOUND),
    ("A delivery", "one received fax on its way to one sink", states.Delivery, states.DELIVERY),
)


def state_tables() -> str:
    """Every state with what a restart does about it, and every event that leaves it."""
    parts = []
    for title, what, enum, moves in MACHINES:
        rows = [f"### {title} ({what})", "", "| state | after a crash | event | told by | leads to | meaning |"]
        rows.append("|---|---|---|---|---|---|")
        for state in enum:
            leaving = [move for move in moves if move.source == state]
            first = f"| **{state}** | {states.AFTER_CRASH[state]} "
            if not leaving:
                rows.append(first + "| | | | |")
            for move in leaving:
                rows.append(f"{first}| {move.event} | {move.stage} | {move.target} | {move.meaning} |")
                first = "| | "
        parts.append("\n".join(rows))
    return "\n\n".join(parts)


def with_state_tables(page: str) -> str:
    """`page` with the tables as they should be; `ValueError` when it lacks the marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page must contain “{BEGIN}” and “{END}”")
    return f"{before}{BEGIN}\n\n{state_tables()}\n\n{END}{after}"


PAGES: Mapping[str, Callable[[str], str]] = {
    "durability.md": with_state_tables,
    "configuration.md": reference.refresh,
    "providers.md": provider_codes.refresh,
    "wishes.md": wish_table.refresh,
    "formats.md": format_pages.refresh,
}


def main() -> None:
    """Refresh every page."""
    for name, refresh in PAGES.items():
        page = DOCS / name
        old = page.read_text("utf-8")
        new = refresh(old)
        if new != old:
            page.write_text(new, "utf-8")
        print(f"docs/{name}: {'written' if new != old else 'up to date'}")


if __name__ == "__main__":
    main()
